"""The monitor's memory: tidy rows, one per layer and epoch, kept bounded and written out as they come."""

import base64
import json
import os
import tempfile
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from keras_acts import _records

_VERSION = 1
_MOST_RANGES = 100


class History:
    """What the monitor found, epoch by epoch.

    Args:
        most_rows: Beyond this many rows every second epoch of the older half is dropped, so that a long run keeps
            its whole course, coarser the longer ago.
        most_bytes: The same for the file, and for what is kept of which units were dead.

    Attributes:
        rows: A list of dicts, one per layer and epoch. Epoch -1 is the first batch, before any training; there
            `"suspect"` counts the units that it did not wake. `"peak"` is the largest input of the activation, `None`
            where it is not known of any unit, see `Reading`.

    Examples:
        >>> monitor = keras_acts.DyingReLUMonitor(verbose=0)
        >>> hidden = keras.layers.Dense(3, "relu", kernel_initializer="ones")
        >>> model = keras.Sequential([keras.Input((2,)), hidden, keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> history = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=2, verbose=0, callbacks=[monitor])
        >>> [(row["epoch"], row["units"], row["samples"]) for row in monitor.history.rows]
        [(-1, 3, 4), (0, 3, 4), (1, 3, 4)]
    """

    def __init__(self, most_rows: int = 100_000, most_bytes: int = 5_000_000) -> None:
        self.rows: list[dict[str, Any]] = []
        self.most_rows, self.most_bytes = most_rows, most_bytes
        self.path: Path | None = None
        self._maps: dict[str, dict[int, bytes]] = {}  # layer: epoch: bits of the dead units, where they changed
        self._size = 0

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return f"History({len(self.rows)} rows of {len(self.epochs)} epochs)"

    @property
    def epochs(self) -> list[int]:
        """The epochs that have rows, in order."""
        return sorted({row["epoch"] for row in self.rows})

    def to_numpy(self) -> np.ndarray:
        """The rows as a structured array, one field per column."""
        names = list(dict.fromkeys(name for row in self.rows for name in row))
        cells = [[row.get(name) for row in self.rows] for name in names]
        columns = [np.array([np.nan if cell is None else cell for cell in column]) for column in cells]
        table = np.empty(len(self.rows), [(n, c.dtype) for n, c in zip(names, columns, strict=True)])
        for name, column in zip(names, columns, strict=True):
            table[name] = column
        return table

    def to_pandas(self) -> Any:
        """The rows as a data frame; needs pandas."""
        import pandas  # pyright: ignore[reportMissingImports]

        return pandas.DataFrame(self.rows)

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the rows as comma-separated values."""
        Path(path).write_text(_records.csv_text(self.rows), "utf-8")

    def dead_units(self, layer: str) -> tuple[np.ndarray, np.ndarray]:
        """Which units were dead when: the epochs, and a boolean array of shape `(epochs, units)`.

        Raises:
            KeyError: No layer of that name was observed.
        """
        rows = [row for row in self.rows if row["layer"] == layer and row["epoch"] >= 0]
        if not rows:
            raise KeyError(f"{layer!r} was not observed; expected one of {sorted(self._maps)}.")
        changes, table, bits = self._maps.get(layer, {}), [], np.zeros(rows[0]["units"], bool)
        for row in rows:
            if row["epoch"] in changes:
                bits = _unpack(changes[row["epoch"]], row["units"])
            table.append(bits)
        return np.array([row["epoch"] for row in rows]), np.array(table)

    # Growing

    def add(self, epoch: int, rows: list[dict[str, Any]], dead: dict[str, np.ndarray]) -> None:
        """Add one epoch: its rows, and for each layer the booleans of its dead units."""
        changed = {}
        for layer, bits in dead.items():
            packed, changes = _pack(bits), self._maps.setdefault(layer, {})
            if not changes or changes[max(changes)] != packed:
                changes[epoch] = changed[layer] = packed
        self.rows += rows
        self._append({"epoch": epoch, "rows": rows, "dead": _as_text(changed)})
        if len(self.rows) > self.most_rows or self._held > self.most_bytes:
            while len(self.epochs) > 4 and (len(self.rows) > self.most_rows or self._held > self.most_bytes // 2):
                self._thin()
            self._rewrite()

    def forget_from(self, epoch: int) -> None:
        """Drop what was found in that epoch and later, because training begins there again."""
        self.rows = [row for row in self.rows if row["epoch"] < epoch] if epoch > 0 else []
        for layer, changes in self._maps.items():
            self._maps[layer] = {e: bits for e, bits in changes.items() if e < epoch}

    @property
    def _held(self) -> int:
        return sum(len(bits) for changes in self._maps.values() for bits in changes.values())

    def _thin(self) -> None:
        epochs = self.epochs
        dropped = set(epochs[2 : len(epochs) // 2 : 2])
        self.rows = [row for row in self.rows if row["epoch"] not in dropped]
        kept = np.array(self.epochs)
        for layer, changes in self._maps.items():
            moved = {}  # a change in a dropped epoch shows in the next one that is kept
            for epoch, bits in sorted(changes.items()):
                later = kept[kept >= epoch]
                if later.size:
                    moved[int(later[0])] = bits
            self._maps[layer] = moved

    # The file

    def open(self, path: Path, epoch: int) -> None:
        """Write to a file from here on; what it holds of earlier epochs is read first, if there is nothing yet."""
        self.path = path
        if epoch > 0 and not self.rows:
            self._load(epoch)
        self._rewrite()

    def _load(self, epoch: int) -> None:
        try:
            lines = self.path.read_text("utf-8").splitlines() if self.path else []
        except (OSError, UnicodeDecodeError):
            return
        for line in lines:
            try:
                entry = json.loads(line)
                if entry["epoch"] < epoch:
                    self.rows += entry["rows"]
                    for layer, text in entry["dead"].items():
                        self._maps.setdefault(layer, {})[entry["epoch"]] = base64.b64decode(text)
            except (ValueError, KeyError, TypeError):  # the header, or a line that a kill cut short
                continue

    def _append(self, entry: dict[str, Any]) -> None:
        if self.path is None:
            return
        line = json.dumps(entry) + "\n"
        self._size += len(line)
        if self._size > self.most_bytes:
            while self._size > self.most_bytes // 2 and len(self.epochs) > 4:
                self._thin()
                self._size = sum(len(line) for line in self._lines())
            self._rewrite()
            return
        try:
            self._add_line(line)
        except OSError as error:
            self._give_up(error)

    def _add_line(self, line: str) -> None:
        with self.path.open("a", encoding="utf-8") as file:  # pyright: ignore[reportOptionalMemberAccess]
            file.write(line)

    def _lines(self) -> list[str]:
        lines = [json.dumps({"keras_acts.monitor": _VERSION}) + "\n"]
        by_epoch: dict[int, list[dict[str, Any]]] = {}
        for row in self.rows:
            by_epoch.setdefault(row["epoch"], []).append(row)
        for epoch, rows in sorted(by_epoch.items()):
            dead = {layer: changes[epoch] for layer, changes in self._maps.items() if epoch in changes}
            lines.append(json.dumps({"epoch": epoch, "rows": rows, "dead": _as_text(dead)}) + "\n")
        return lines

    def _rewrite(self) -> None:
        if self.path is None:
            return
        text = "".join(self._lines())
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._replace_file(text)
            self._size = len(text)
        except OSError as error:
            self._give_up(error)

    def _replace_file(self, text: str) -> None:
        write_whole(self.path, text)  # pyright: ignore[reportArgumentType]

    def _give_up(self, error: OSError) -> None:
        warnings.warn(
            f"The monitor cannot write to {self.path} ({error}); training goes on, and its results stay in memory.",
            stacklevel=2,
        )
        self.path = None


def write_whole(path: Path, text: str) -> None:
    """Write or replace a file in one step, so that at no time it holds half of anything."""
    temporary = None
    try:
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
            temporary = file.name
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError:
        if temporary and os.path.exists(temporary):
            os.unlink(temporary)
        raise


def ranges(units: np.ndarray) -> str:
    """Unit numbers as people write them: `0-3, 7`. A long list is cut, and says how many it left out."""
    if not units.size:
        return ""
    parts = np.split(units, np.flatnonzero(np.diff(units) != 1) + 1)
    text = ", ".join(str(p[0]) if p.size == 1 else f"{p[0]}-{p[-1]}" for p in parts[:_MOST_RANGES])
    left = sum(part.size for part in parts[_MOST_RANGES:])
    return f"{text} and {left} more" if left else text


def _pack(bits: np.ndarray) -> bytes:
    return zlib.compress(np.packbits(bits).tobytes())


def _unpack(packed: bytes, units: int) -> np.ndarray:
    return np.unpackbits(np.frombuffer(zlib.decompress(packed), "uint8"), count=units).astype(bool)


def _as_text(maps: dict[str, bytes]) -> dict[str, str]:
    return {layer: base64.b64encode(bits).decode() for layer, bits in maps.items()}
