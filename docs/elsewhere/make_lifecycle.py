"""Writes lifecycle.md: every activation, put through what people do with an object of Keras.

    python docs/elsewhere/make_lifecycle.py [OPERATION ...]

The operations are those of tests/lifecycle.py. What measured/lifecycle.csv lacks is measured, and what is named on the
command line is measured anew. Each backend has a process of its own; it needs TensorFlow and JAX.
"""

import csv
import json
import os
import re
import subprocess
import sys
import time
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path

PAGE = Path(__file__).with_suffix("").with_name("lifecycle.md")
KEPT = PAGE.with_name("measured") / "lifecycle.csv"
ROOT = PAGE.parents[2]
BACKENDS = {"tensorflow": "TensorFlow", "jax": "JAX"}
MADE = "made at all"  # where an activation cannot be, there is nothing to do with it


def measure(done):
    """Do the operations that are not done with all activations on the active backend; each prints a line of JSON."""
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    import lifecycle

    names = [name for name in (MADE, *lifecycle.OPERATIONS) if name not in done]
    started = time.process_time()
    subjects, refused = [], {}
    for form in lifecycle.FORMS:
        for name in sorted(lifecycle.CATALOGUE):
            subject = lifecycle.Subject(name, form)
            try:
                subject.values  # noqa: B018  computed here, and kept
                subjects.append(subject)
            except Exception as error:
                refused[subject] = error
    for name in names:
        outcomes = (
            refused | dict.fromkeys(subjects, 0.0) if name == MADE else dict(lifecycle.OPERATIONS[name](subjects))
        )
        tolerance = lifecycle.TOLERANCES.get(name, 0.0)
        told = {"operation": name, "tolerance": tolerance, "seconds": time.process_time() - started}
        started = time.process_time()
        told["found"] = [
            [subject.form, subject.facts.kind, subject.name, in_words(outcome, tolerance)]
            for subject, outcome in outcomes.items()
        ]
        print(json.dumps(told), flush=True)


def in_words(outcome, tolerance):
    """How far off it is; or, where that is too far or there is no number, the reason."""
    if isinstance(outcome, Exception):
        return " ".join(f"{type(outcome).__name__}: {outcome}".split())[:500]
    return f"{outcome:.1e}" if outcome <= tolerance else f"differs by {outcome:.1e}, where {tolerance:.1e} is allowed"


def is_equal(outcome):
    return not outcome[:1].isalpha()


def count(outcomes):
    """A cell of the table: how many activations compute the same on every backend, of how many."""
    equal = sum(all(map(is_equal, each)) for each in outcomes.values())
    return "" if not outcomes else f"{equal}" if equal == len(outcomes) else f"**{equal} of {len(outcomes)}**"


def tables(rows):
    """One table per form; operations below each other, kinds side by side."""
    cells = defaultdict(lambda: defaultdict(list))
    for row in rows:
        cells[row["form"], row["operation"], row["kind"]][row["activation"]].append(row["outcome"])
    forms, operations, kinds = (list(dict.fromkeys(key[i] for key in cells)) for i in range(3))
    for form in forms:
        yield f"## {form[0].upper()}{form[1:]}\n"
        yield f"| | {' | '.join(kinds)} |\n|{'---|' * (len(kinds) + 1)}"
        for name in operations:
            yield f"| {name} | {' | '.join(count(cells[form, name, kind]) for kind in kinds)} |"
        yield ""


def exceptions(rows):
    """What does not compute the same, those with one reason together."""
    found = defaultdict(lambda: defaultdict(set))
    for row in rows:
        if not is_equal(row["outcome"]):
            # The same reason, but for the names of the activation, its layer and its weight.
            reason = re.sub(rf"\b{row['activation']}\b", "…", row["outcome"])
            reason = re.sub(r"keras_acts\.\w+\(", "keras_acts.…(", re.sub(r"…: `\w+`", "…: `…`", reason))
            found[row["operation"], row["form"], reason][row["activation"]].add(BACKENDS[row["backend"]])
    for (name, form, reason), activations in found.items():
        where = set.union(*activations.values())
        which = ", ".join(f"`{activation}`" for activation in activations)
        alone = "" if len(where) == len(BACKENDS) else f" ({', '.join(sorted(where))})"
        yield f"- **{name}, {form}**{alone}: {which}. {reason}"


def page(rows):
    tolerances = {row["operation"]: float(row["tolerance"]) for row in rows}
    inexact = defaultdict(list)
    for name, tolerance in tolerances.items():
        inexact[tolerance].append(name)
    told = "; ".join(
        f"{tolerance:.0e} ({', '.join(names)})" for tolerance, names in sorted(inexact.items()) if tolerance
    )
    seconds = sum({(row["backend"], row["operation"]): float(row["seconds"]) for row in rows}.values())
    versions = ", ".join(f"{name} {version(name)}" for name in ("keras", "tensorflow-cpu", "jax"))
    return (
        "# A model's life, measured\n\n"
        "What people do with a Keras model, done with every activation in three forms, on TensorFlow and on JAX. A\n"
        "number counts those that computed the same afterwards on both, with weights that no initializer gives\n"
        "and that had to survive. A bold number means that some did not; the reasons stand below.\n\n"
        f"The same is: to the last bit, but for {told}, as a share of the largest output.\n"
        "Files are loaded in a fresh process that imports `keras_acts` and nothing else, with `safe_mode` on.\n\n"
        f"Measured by `docs/elsewhere/make_lifecycle.py` with {versions}, in {seconds / 60:.0f} minutes of one core.\n"
        "Every single outcome is in [lifecycle.csv](measured/lifecycle.csv). With one activation of each kind\n"
        "`pytest tests/test_lifecycle.py` does the same.\n\n" + "\n".join(tables(rows)) + "\n"
        "## Why not\n\n" + ("\n".join(exceptions(rows)) or "There is none.") + "\n"
    )


def main(named):
    """Measure what is named or lacking on each backend, and write rows and page after each operation."""
    rows = []
    if KEPT.exists():
        with KEPT.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    for backend, label in BACKENDS.items():
        done = {row["operation"] for row in rows if row["backend"] == backend} - set(named)
        environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
        environment["JAX_DISABLE_MOST_OPTIMIZATIONS"] = "1"  # each shape runs once, after being compiled
        command = [sys.executable, __file__, "measure", *done]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as child:
            for line in child.stdout:
                told = json.loads(line)
                print(f"{label}, {told['operation']}: {told['seconds']:.0f} s", file=sys.stderr)
                same = {"backend": backend, "operation": told["operation"], "tolerance": told["tolerance"]}
                same["seconds"] = f"{told['seconds']:.1f}"
                rows = [row for row in rows if (row["backend"], row["operation"]) != (backend, told["operation"])]
                for form, kind, activation, outcome in told["found"]:
                    rows.append({"form": form, "kind": kind, "activation": activation, "outcome": outcome, **same})
                with KEPT.open("w", encoding="utf-8", newline="") as file:
                    writer = csv.DictWriter(file, list(rows[-1]), lineterminator="\n")
                    writer.writeheader()
                    writer.writerows(rows)
                PAGE.write_text(page(rows), "utf-8")
        if child.returncode:
            raise RuntimeError(f"{label}: exit status {child.returncode}; its messages stand above")


if __name__ == "__main__":
    measure(sys.argv[2:]) if sys.argv[1:2] == ["measure"] else main(sys.argv[1:])
