"""Records of results: gathered from one process per backend, and written as comma-separated values."""

import argparse
import csv
import dataclasses
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from keras_acts import _backend_choice

Row = TypeVar("Row")


def csv_text(records: Sequence[Mapping[str, Any]], columns: Sequence[str] | None = None) -> str:
    """CSV with a line of headings; a text that a spreadsheet would take for a formula is quoted for it.

    Args:
        records: One mapping per line. A column that a record lacks stays empty there.
        columns: The headings; every key of the records, in order of appearance, when left out.
    """
    sink = io.StringIO()
    names = list(dict.fromkeys(key for record in records for key in record)) if columns is None else columns
    writer = csv.DictWriter(sink, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _harmless(value) for key, value in record.items()} for record in records)
    return sink.getvalue()


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value[:1] in tuple("=+-@\t\r") else value


def rows_csv(rows: Sequence[Any], kind: type) -> str:
    """The same of instances of a data class; the headings stand there without any instance too."""
    return csv_text([dataclasses.asdict(row) for row in rows], [field.name for field in dataclasses.fields(kind)])


def installed_backends(text: str) -> list[str]:
    """Type of a command-line option: names of installed backends, separated by commas."""
    names = text.split(",")
    for name in names:
        if name not in _backend_choice.BACKENDS or not _backend_choice.is_installed(name):
            found = ", ".join(filter(_backend_choice.is_installed, _backend_choice.BACKENDS))
            raise argparse.ArgumentTypeError(f"{name!r} is no installed backend; expected some of {found}")
    return names


def rows_from(
    backends: Sequence[str],
    module: str,
    arguments: Sequence[str],
    kind: type[Row],
    environment: Mapping[str, str] | None = None,
) -> Iterator[Row]:
    """Run a module once per backend, because Keras fixes its backend when imported, and yield the rows it prints.

    Args:
        backends: The backends, one after the other.
        module: Name of a module that prints rows as lines of JSON when it is given `--lines`.
        arguments: Its other arguments.
        kind: The data class of a row.
        environment: Environment variables of the processes, beside those of this one.

    Raises:
        RuntimeError: A process failed. Its own message is on standard error by then.
    """
    for backend in backends:
        command = [sys.executable, "-m", module, *arguments, "--lines"]
        variables = {**os.environ, **(environment or {}), "KERAS_BACKEND": backend}
        with subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, text=True) as child:  # noqa: S603
            for line in child.stdout or ():
                yield kind(**json.loads(line))
        if child.returncode:
            raise RuntimeError(
                f"Measuring on {backend} ended with exit status {child.returncode}, expected 0; what it printed stands "
                "above."
            )
