"""Runs the code of the lessons and how-to guides on both backends and writes what it gives into the same file.

A lesson is plain Markdown. Its ```python blocks share one namespace and run from top to bottom; after them may stand

    <!-- output --> <!-- /output -->        on two lines; between them this script puts what the block printed,
                                            as tabs where the backends differ
    <!-- check: 0.42 < error < 0.43 -->     must be true on both backends, or the run fails
    ![alt text](figures/NAME.svg)           the Matplotlib `figure` of that moment, saved under this name

`executed.json` keeps a key for each lesson, made from code, versions and package source: what did not change is not run
again. Blocks marked ```py are for reading only.
"""

import concurrent.futures
import dataclasses
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import textwrap
from importlib.metadata import version
from pathlib import Path

BACKENDS = {"jax": "JAX", "tensorflow": "TensorFlow"}
DOCS = Path(__file__).resolve().parents[1]
LESSONS = DOCS / "lessons"
GUIDES = DOCS / "howto"
RECORD = LESSONS / "executed.json"
CHILD = Path(__file__).with_name("child.py")

FENCE = re.compile(r"^( *)```python\n(.*?)^\1```$", re.M | re.S)
CHECK = re.compile(r"^ *<!-- check: (.*?) -->$", re.M)
FIGURE = re.compile(r"^ *!\[(.*?)\]\(figures/([\w-]+)\.svg\)", re.M)
OUTPUT = re.compile(r"^( *)<!-- output -->\n(?:.*\n)*? *<!-- /output -->$", re.M)


class LessonError(Exception):
    """A lesson that does not run, or whose numbers are not what its text says."""


@dataclasses.dataclass(frozen=True)
class Step:
    """One thing to do: run code, show what it printed, check an expression, or save a figure."""

    kind: str
    line: int
    text: str


def steps(text: str) -> list[Step]:
    """What a lesson asks for, in its order.

    Raises:
        LessonError: A figure has no alternative text.
    """

    def line(at: int) -> int:
        return text.count("\n", 0, at) + 1

    found = []
    for block in FENCE.finditer(text):
        found.append((block.start(), Step("code", line(block.start()) + 1, textwrap.dedent(block[2]))))
    for kind, pattern in (("check", CHECK), ("figure", FIGURE), ("output", OUTPUT)):
        for mark in pattern.finditer(text):
            if kind == "figure" and len(mark[1]) < 40:
                raise LessonError(f"{line(mark.start())}: a figure needs alternative text that says what it shows.")
            content = "" if kind == "output" else mark[2] if kind == "figure" else mark[1]
            found.append((mark.start(), Step(kind, line(mark.start()), content)))
    return [step for _, step in sorted(found, key=lambda pair: pair[0])]


def files() -> list[Path]:
    """What there is to run: lessons, then the guides that show outputs."""
    guides = [path for path in sorted(GUIDES.glob("*.md")) if OUTPUT.search(path.read_text("utf-8"))]
    return sorted(LESSONS.glob("[0-9]*.md")) + guides


def key(lesson: str) -> str:
    """Names what is run: the same for every edit that touches only the prose."""
    return _hash(*(f"{step.kind} {step.text}" for step in steps(lesson)))


def written(path: Path) -> str:
    """Names what stands there as result: outputs and figures."""
    text = path.read_text("utf-8")
    figures = [(path.parent / "figures" / f"{mark[2]}.svg").read_bytes() for mark in FIGURE.finditer(text)]
    return _hash(*(mark[0] for mark in OUTPUT.finditer(text)), *figures)


def environment(backend: str) -> dict[str, str]:
    """What besides a lesson's code decides on its output."""
    package = {"jax": "jax"}.get(backend, backend)
    try:
        number = version(package)
    except ImportError:
        number = version("tensorflow-cpu")
    source = sorted((DOCS.parent / "keras_acts").rglob("*.py"))
    course = DOCS.parent / "keras_acts" / "course"
    return {
        backend: number,
        "keras": version("keras"),
        "numpy": version("numpy"),
        "source": _hash(*(path.read_bytes() for path in source if course not in path.parents)),
    }


def _hash(*parts: str | bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update((part.encode() if isinstance(part, str) else part) + b"\0")
    return digest.hexdigest()[:16]


def execute(path: Path, backend: str) -> dict:
    """Run a lesson in a process of its own; returns its outputs, its figures and the CPU seconds.

    Raises:
        LessonError: The code raised, or a check was false: the message begins with `file:line`.
    """
    with tempfile.TemporaryDirectory() as folder:
        order = [dataclasses.asdict(step) for step in steps(path.read_text("utf-8"))]
        job = Path(folder, "job.json")
        job.write_text(json.dumps({"path": str(path), "steps": order}), "utf-8")
        child = subprocess.run(
            [sys.executable, str(CHILD), str(job)],
            env={
                **os.environ,
                "KERAS_BACKEND": backend,
                "MPLBACKEND": "Agg",
                "PYTHONPATH": str(DOCS.parent),
                "TF_CPP_MIN_LOG_LEVEL": "3",
            },
            cwd=folder,
            capture_output=True,
            text=True,
        )
        if child.returncode:
            raise LessonError(f"{child.stderr.strip().splitlines()[-1]} (on {backend})" if child.stderr else str(child))
        return json.loads(job.read_text("utf-8"))


def render(lesson: str, outputs: dict[str, list[str]]) -> str:
    """Put the outputs into the text of a lesson, as tabs where the backends differ."""
    left = {backend: iter(texts) for backend, texts in outputs.items()}

    def block(mark: re.Match) -> str:
        texts = {backend: next(each).rstrip() for backend, each in left.items()}
        lines = ["<!-- output -->"]
        if len(set(texts.values())) == 1:
            lines += ["```text", *next(iter(texts.values())).splitlines(), "```"]
        else:
            for backend, text in texts.items():
                lines += [f'=== "{BACKENDS[backend]}"', ""]
                lines += ["    " + line for line in ["```text", *text.splitlines(), "```", ""]]
        lines.append("<!-- /output -->")
        return "\n".join((mark[1] + line).rstrip() for line in lines)

    return OUTPUT.sub(block, lesson)


def stale(path: Path, record: dict, environments: dict[str, dict[str, str]]) -> bool:
    """Whether code, backend, versions or package source are other than when the lesson was run."""
    known = record.get(path.name, {})
    return known.get("code") != key(path.read_text("utf-8")) or known.get("environments") != environments


def _record() -> dict:
    return json.loads(RECORD.read_text("utf-8")) if RECORD.exists() else {}


def run(names: list[str], force: bool = False) -> int:
    """Bring lessons up to date; returns how many failed."""
    record = _record()
    environments = {backend: environment(backend) for backend in BACKENDS}
    failed = 0
    for path in files():
        if names and not any(path.name.startswith(name) for name in names):
            continue
        if not (force or stale(path, record, environments)):
            print(f"{path.name}: up to date")
            continue
        try:
            with concurrent.futures.ThreadPoolExecutor() as side_by_side:
                results = dict(zip(BACKENDS, side_by_side.map(execute, [path] * len(BACKENDS), BACKENDS), strict=True))
        except LessonError as error:
            print(error, file=sys.stderr)
            failed += 1
            continue
        for name, svg in results["jax"]["figures"].items():
            (path.parent / "figures").mkdir(exist_ok=True)
            (path.parent / "figures" / f"{name}.svg").write_text(svg, "utf-8")
        outputs = {backend: result["outputs"] for backend, result in results.items()}
        text = render(path.read_text("utf-8"), outputs)
        path.write_text(text, "utf-8")
        record = _record()  # as it is now: other lessons may have been run meanwhile
        record[path.name] = {
            "code": key(text),
            "written": written(path),
            "environments": environments,
            "cpu_seconds": {backend: round(result["seconds"], 1) for backend, result in results.items()},
            "import_seconds": {backend: round(result["import_seconds"], 1) for backend, result in results.items()},
        }
        RECORD.write_text(json.dumps(record, indent=2, sort_keys=True) + "\n", "utf-8")
        print(
            f"{path.name}: executed, CPU seconds {record[path.name]['cpu_seconds']}, "
            f"besides imports {record[path.name]['import_seconds']}"
        )
    return failed
