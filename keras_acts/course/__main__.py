"""The course's command line: `python -m keras_acts.course start | check | solution NUMBER`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from keras_acts.course import checks

HERE = Path(__file__).parent


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns 0 if all is well, 1 if an answer is not right yet, 2 if something is missing."""
    parser = argparse.ArgumentParser(prog="python -m keras_acts.course", description="The course's exercises.")
    commands = parser.add_subparsers(required=True, dest="command", metavar="command")
    for name, about in (
        ("start", "write the exercise's starter into this folder"),
        ("check", "check your answer"),
        ("solution", "print a solution"),
    ):
        command = commands.add_parser(name, help=about)
        command.add_argument("lesson", type=int, help="number of the lesson")
        if name == "check":
            command.add_argument("file", type=Path, nargs="?", help="your file (default: lesson_NN.py in this folder)")
    options = parser.parse_args(arguments)
    file = f"lesson_{options.lesson:02}.py"
    if options.lesson not in checks.CHECKS:
        known = ", ".join(map(str, checks.CHECKS))
        print(f"Lesson {options.lesson} has no exercise: expected one of {known}.", file=sys.stderr)
        return 2
    if options.command == "solution":
        print((HERE / "solutions" / file).read_text("utf-8"), end="")
        return 0
    if options.command == "start":
        return _start(Path(file))
    return _check(options.lesson, options.file or Path(file))


def _start(path: Path) -> int:
    if path.exists():
        print(f"{path} is there already and was left as it is: move it away to begin again.", file=sys.stderr)
        return 2
    path.write_text((HERE / "starters" / path.name).read_text("utf-8"), "utf-8")
    print(f"{path} is written. Fill it in, then run: python -m keras_acts.course check {int(path.stem[-2:])}")
    return 0


def _check(lesson: int, path: Path) -> int:
    if not path.exists():
        print(f"There is no {path}: write it with `python -m keras_acts.course start {lesson}`.", file=sys.stderr)
        return 2
    try:
        passed = checks.check(lesson, path)
    except checks.WrongError as error:
        print(f"Not yet: {error}")
        return 1
    for line in passed:
        print(f"  ok: {line}")
    print(f"Exercise {lesson} is solved.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
