"""A study on disk: one file per finished run, written at once, in a folder that several processes can share.

    study.json                 what the study is; another one is not mixed in
    runs/relu-1a2b3c4d/7.json  the run of `relu` with seed 7
    claims/relu-1a2b3c4d.json  somebody is at work on `relu`; gone when they are done

A claim is a file that only one process can create. Its owner touches it while it lives, so that a claim that nobody
touched for a minute belongs to nobody and is taken over.
"""

import contextlib
import hashlib
import json
import os
import re
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from keras_acts.study._variants import Variant

_HEARTBEAT = 5.0  # seconds between two touches of a claim
_STALE = 60.0  # seconds after which an untouched claim is nobody's


def write_json(path: Path, content: Any) -> None:
    """Write a file that is there completely or not at all, whenever the process is killed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{socket.gethostname()}.{os.getpid()}.{threading.get_ident()}")
    try:
        with draft.open("w", encoding="utf-8") as sink:
            json.dump(content, sink, indent=1, allow_nan=True)
            sink.flush()
            os.fsync(sink.fileno())
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None


class Folder:
    """The runs of one study, on disk, or in memory where there is no path.

    Args:
        path: The folder; it is made if it is not there.
    """

    def __init__(self, path: str | os.PathLike | None) -> None:
        self.path = None if path is None else Path(path)
        self._memory: dict[tuple[str, int], dict[str, Any]] = {}

    def open(self, study: Mapping[str, Any]) -> None:
        """Make this the folder of a study, or check that it is.

        Raises:
            ValueError: The folder holds a study that differs.
        """
        if self.path is None:
            return
        known = _read(self.path / "study.json")
        if known is None:
            write_json(self.path / "study.json", study)
            return
        differing = [key for key in study if known.get(key) != study[key]]
        if differing:
            key = differing[0]
            raise ValueError(
                f"The folder {str(self.path)!r} holds a study with other {', '.join(differing)} ({key}: "
                f"{known.get(key)!r} there, {study[key]!r} here); expected the same study to go on with: pass another "
                "`directory`, or the arguments that the study was begun with."
            )

    def place(self, variant: Variant) -> str:
        """Name of the folder of a variant: readable, safe in every file system, and different for every variant."""
        settings = json.dumps(variant.settings(), sort_keys=True)
        readable = re.sub(r"[^A-Za-z0-9_.=-]+", "_", variant.label)[:60].strip("._-") or "activation"
        return f"{readable}-{hashlib.sha256(settings.encode()).hexdigest()[:8]}"

    def save(self, variant: Variant, record: dict[str, Any]) -> None:
        """Keep a finished run."""
        if self.path is None:
            self._memory[self.place(variant), record["seed"]] = record
        else:
            write_json(self.path / "runs" / self.place(variant) / f"{record['seed']}.json", record)

    def run(self, variant: Variant, seed: int) -> dict[str, Any] | None:
        """The record of a finished run, or `None`."""
        if self.path is None:
            return self._memory.get((self.place(variant), seed))
        return _read(self.path / "runs" / self.place(variant) / f"{seed}.json")

    def records(self) -> list[dict[str, Any]]:
        """All runs in the folder, by activation and seed."""
        if self.path is None:
            return list(self._memory.values())
        found = [_read(path) for path in (self.path / "runs").glob("*/*.json") if not path.name.startswith(".")]
        return sorted((each for each in found if each), key=lambda each: (each["label"], each["seed"]))

    @contextlib.contextmanager
    def claim(self, variant: Variant) -> Iterator[bool]:
        """Hold a variant for as long as the `with` block lasts; gives `False` where another process holds it."""
        if self.path is None:
            yield True
            return
        path = self.path / "claims" / f"{self.place(variant)}.json"
        if not _take(path):
            yield False
            return
        over = threading.Event()
        beat = threading.Thread(target=_keep_alive, args=(path, over), daemon=True)
        beat.start()
        try:
            yield True
        finally:
            over.set()
            beat.join()
            path.unlink(missing_ok=True)


def _take(path: Path) -> bool:
    path.parent.mkdir(parents=True, exist_ok=True)
    for is_last in (False, True):
        try:
            with path.open("x", encoding="utf-8") as sink:
                json.dump({"host": socket.gethostname(), "process": os.getpid()}, sink)
            return True
        except FileExistsError:
            if is_last or not _abandoned(path):  # who takes one away tries to put its own there
                return False
            # Of several processes that find it abandoned, one manages to rename it. Should a slow one rename the
            # new owner's claim, two do the same work and write the same records.
            grave = path.with_name(f".{path.name}.{socket.gethostname()}.{os.getpid()}")
            with contextlib.suppress(FileNotFoundError):
                os.replace(path, grave)
                grave.unlink()
    return False


def _abandoned(path: Path) -> bool:
    try:
        age = time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return True
    owner = _read(path)
    here = owner and owner.get("host") == socket.gethostname() and owner.get("process") != os.getpid()
    if here and os.name == "posix":  # elsewhere signal 0 is a signal
        try:
            os.kill(owner["process"], 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            pass
    return age > _STALE


def _keep_alive(path: Path, over: threading.Event) -> None:
    while not over.wait(_HEARTBEAT):
        with contextlib.suppress(FileNotFoundError):
            os.utime(path)
