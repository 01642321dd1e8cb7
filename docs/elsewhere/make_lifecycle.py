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
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path

PAGE = Path(__file__).with_suffix("").with_name("lifecycle.md")
KEPT = PAGE.with_name("measured") / "lifecycle.csv"
ROOT = PAGE.parents[2]
BACKENDS = {"tensorflow": "TensorFlow", "jax": "JAX"}
KEYS = ("backend", "form", "kind", "activation")
TOLERANCE, SECONDS = "tolerance", "seconds of a processor"  # rows of their own, beside those of the forms
MADE = "made at all"  # where an activation cannot be, there is nothing to do with it


def seconds():
    """Of a processor, in this process and in those that load files for it."""
    return sum(os.times()[:4])


def measure(done):
    """Do the operations that are not done with all activations on the active backend; each prints a line of JSON."""
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    import lifecycle

    names = [name for name in (MADE, *lifecycle.OPERATIONS) if name not in done]
    started = seconds()
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
        told = {"operation": name, "tolerance": tolerance, "seconds": seconds() - started}
        started = seconds()
        told["found"] = [
            [subject.form, subject.facts.kind, subject.name, in_words(outcome, tolerance)]
            for subject, outcome in outcomes.items()
        ]
        print(json.dumps(told), flush=True)


def in_words(outcome, tolerance):
    """How far off it is; or, where that is too far or there is no number, the reason."""
    if isinstance(outcome, Exception):
        return " ".join(f"{type(outcome).__name__}: {outcome}".split())[:500]
    return (
        f"{outcome:.1e}".replace("0.0e+00", "0")
        if outcome <= tolerance
        else f"differs by {outcome:.1e}, where {tolerance:.1e} is allowed"
    )


def is_equal(outcome):
    return not outcome[:1].isalpha()


def count(outcomes):
    """A cell of the table: how many activations compute the same on every backend, of how many."""
    equal = sum(all(map(is_equal, each)) for each in outcomes.values())
    return "" if not outcomes else f"{equal}" if equal == len(outcomes) else f"**{equal} of {len(outcomes)}**"


def outcomes_of(rows):
    """Every outcome that is there, with its operation and the rest of its row."""
    for row in rows:
        for name, outcome in row.items():
            if name not in KEYS and row["activation"] and outcome:
                yield row, name, outcome


def tables(rows):
    """One table per form; operations below each other, kinds side by side."""
    cells = defaultdict(lambda: defaultdict(list))
    for row, name, outcome in outcomes_of(rows):
        cells[row["form"], name, row["kind"]][row["activation"]].append(outcome)
    forms, operations, kinds = (list(dict.fromkeys(key[i] for key in cells)) for i in range(3))
    for form in forms:
        yield f"## {form[0].upper()}{form[1:]}\n"
        yield f"| operation | {' | '.join(kinds)} |\n|{'---|' * (len(kinds) + 1)}"
        for name in operations:
            yield f"| {name} | {' | '.join(count(cells[form, name, kind]) for kind in kinds)} |"
        yield ""


def exceptions(rows):
    """What does not compute the same, those with one reason together."""
    found = defaultdict(lambda: defaultdict(set))
    for row, name, outcome in outcomes_of(rows):
        if not is_equal(outcome):
            # The same reason, but for the names of the activation, its layer and its weight.
            reason = re.sub(rf"\b{row['activation']}\b", "…", outcome)
            reason = re.sub(r"keras_acts\.\w+\(", "keras_acts.…(", re.sub(r"…: `\w+`", "…: `…`", reason))
            found[name, row["form"], reason][row["activation"]].add(BACKENDS[row["backend"]])
    for (name, form, reason), activations in found.items():
        where = set.union(*activations.values())
        which = ", ".join(f"`{activation}`" for activation in activations)
        alone = "" if len(where) == len(BACKENDS) else f" ({', '.join(sorted(where))})"
        yield f"- **{name}, {form}**{alone}: {which}. {reason}"


def page(rows):
    names = [name for name in rows[0] if name not in KEYS]
    allowed = {name: float(row[name]) for row in rows if row["form"] == TOLERANCE for name in names}
    together = defaultdict(list)
    for name, tolerance in allowed.items():
        together[tolerance].append(name)
    told = "; ".join(
        f"{tolerance:.0e} ({', '.join(each)})" for tolerance, each in sorted(together.items()) if tolerance
    )
    took = sum(float(row[name]) for row in rows if row["form"] == SECONDS for name in names)
    versions = ", ".join(f"{name} {version(name)}" for name in ("keras", "tensorflow-cpu", "jax"))
    return (
        "# A model's life, measured\n\n"
        "What people do with a Keras model, done with every activation in three forms, on TensorFlow and on JAX. A\n"
        "number counts those that computed the same afterwards on both, with weights that no initializer gives\n"
        "and that had to survive. A bold number means that some did not; the reasons stand below.\n\n"
        f"The same is: to the last bit, but for {told}, as a share of the largest output.\n"
        "Files are loaded in a fresh process that imports `keras_acts` and nothing else, with `safe_mode` on.\n\n"
        f"Measured by `docs/elsewhere/make_lifecycle.py` with {versions}, in {took / 60:.0f} minutes of one core.\n"
        "Every single outcome is in [lifecycle.csv](measured/lifecycle.csv). With one activation of each kind\n"
        "`pytest tests/test_lifecycle.py` does the same.\n\n" + "\n".join(tables(rows)) + "\n"
        "## Why not\n\n" + ("\n".join(exceptions(rows)) or "There is none.") + "\n"
    )


def main(named):
    """Measure what is named or lacking on each backend, and write the rows after each operation, and the page."""
    rows = {}
    if KEPT.exists():
        with KEPT.open(encoding="utf-8", newline="") as file:
            rows = {tuple(row[key] for key in KEYS): row for row in csv.DictReader(file)}
    for backend, label in BACKENDS.items():
        done = {name for key, row in rows.items() if key[0] == backend for name in row if row[name]}
        environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
        environment["JAX_DISABLE_MOST_OPTIMIZATIONS"] = "1"  # each shape runs once, after being compiled
        command = [sys.executable, __file__, "measure", *done.difference(named)]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as child:
            for line in child.stdout:
                told = json.loads(line)
                name = told["operation"]
                print(f"{label}, {name}: {told['seconds']:.0f} s", file=sys.stderr)
                summary = [(TOLERANCE, "", "", told["tolerance"]), (SECONDS, "", "", round(told["seconds"], 1))]
                for *key, outcome in [*told["found"], *summary]:
                    row = rows.setdefault((backend, *key), dict(zip(KEYS, (backend, *key), strict=True)))
                    row[name] = outcome
                columns = dict.fromkeys(name for row in rows.values() for name in row)
                with KEPT.open("w", encoding="utf-8", newline="") as file:
                    writer = csv.DictWriter(file, columns, lineterminator="\n")
                    writer.writeheader()
                    writer.writerows(rows.values())
        if child.returncode:
            raise RuntimeError(f"{label}: exit status {child.returncode}; its messages stand above")
    PAGE.write_text(page(list(rows.values())), "utf-8")


if __name__ == "__main__":
    measure(sys.argv[2:]) if sys.argv[1:2] == ["measure"] else main(sys.argv[1:])
