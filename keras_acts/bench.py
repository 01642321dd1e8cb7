"""What the activations cost, as a multiple of what moving their bytes costs in the same run.

An elementwise activation has to read one tensor and write one, and with its gradient to read two and write two. How
long that takes alone is the floor, measured again in every round beside the activations. Ratios to it carry over from
one machine to the next; times do not.
"""

import argparse
import ast
import dataclasses
import functools
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_acts import _backend, _records
from keras_acts._core import CATALOGUE, Facts, find, list_activations
from keras_acts.accuracy import curve, keras_own, parameters_of

# One thread, whose CPU time counts, because the machine may be busy. Memory is kept by the process once it has it:
# otherwise every large result is a fresh mapping, and the page faults take longer than any activation.
ENVIRONMENT = {
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "100000000000",
    "MALLOC_TOP_PAD_": "536870912",
    "MALLOC_ARENA_MAX": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}
FORWARD, BOTH = "forward", "forward + backward"
_LEAST = 0.02  # seconds that one measurement takes at least
_STEADY = 1.25  # a floor that moves by more than this, up or down, resolves nothing


@dataclasses.dataclass(frozen=True)
class Row:
    """What one implementation of an activation cost.

    Attributes:
        name: The activation.
        by: `"keras_acts"`, `"keras"`, `"torch"`, or `"naive"`: its formula, written down in `keras.ops`.
        backend: The backend.
        way: How it ran there, such as `"jit"` or `"graph"`.
        passes: `"forward"`, or `"forward + backward"`.
        mib: Size of the tensor in MiB.
        ratio: Median over the rounds of its time over the floor's in the same round.
        low: The least of them.
        high: The greatest.
        resolved: Whether the floor itself held still enough for the ratio to mean something.
        first: Seconds that the first call took, compilation included.
    """

    name: str
    by: str
    backend: str
    way: str
    passes: str
    mib: float
    ratio: float
    low: float
    high: float
    resolved: bool
    first: float


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: getattr(ops, name) for name in ("abs", "exp", "expm1", "log", "log1p", "sqrt", "tanh", "sinh", "cosh")},
    **{name: getattr(ops, name) for name in ("sin", "cos", "tan", "erf", "sign", "floor", "round", "where", "clip")},
    **{name: getattr(ops, name) for name in ("minimum", "maximum", "sigmoid", "softplus", "relu")},
    "atan": ops.arctan,
    "asinh": ops.arcsinh,
    "erfc": lambda u: 1.0 - ops.erf(u),
    "min": ops.minimum,
    "max": ops.maximum,
}
_OPERATORS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: lambda a, b: a**b,
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
    ast.And: ops.logical_and,
    ast.Or: ops.logical_or,
}


def naive(formula: str, parameters: Mapping[str, Any]) -> Callable[[Any], Any]:
    """The formula as somebody would type it with `keras.ops`, without a thought for digits or speed."""
    tree = ast.parse(formula, mode="eval").body
    constants = {"pi": float(np.pi), "inf": float("inf"), **parameters}

    def value(node: Any, x: Any) -> Any:
        match node:
            case ast.Constant():
                return node.value
            case ast.Name():
                return x if node.id == "x" else constants[node.id]
            case ast.UnaryOp():
                return -value(node.operand, x) if isinstance(node.op, ast.USub) else value(node.operand, x)
            case ast.BinOp():
                return _OPERATORS[type(node.op)](value(node.left, x), value(node.right, x))
            case ast.BoolOp(op, [first, *rest]):
                found = value(first, x)
                for part in rest:
                    found = _OPERATORS[type(op)](found, value(part, x))
                return found
            case ast.Compare(left, operators, rights):
                parts = [value(part, x) for part in (left, *rights)]
                pairs = zip(operators, parts, parts[1:], strict=False)
                found = [_OPERATORS[type(operator)](a, b) for operator, a, b in pairs]
                return found[0] if len(found) == 1 else ops.logical_and(*found)
            case ast.IfExp(test, body, otherwise):
                return ops.where(value(test, x), value(body, x), value(otherwise, x))
            case ast.Call(ast.Name(name), arguments):
                found = (value(argument, x) for argument in arguments)
                return _FUNCTIONS[name](
                    *(ops.cast(each, "float32") if isinstance(each, float) else each for each in found)
                )
        raise NotImplementedError(f"a formula with {ast.dump(node)[:80]}")

    return lambda x: value(tree, x)


def _rivals(facts: Facts) -> dict[str, Callable[[Any], Any]]:
    parameters = parameters_of(facts)
    found = {
        "keras_acts": curve(facts, parameters),
        "keras": keras_own(facts, parameters),
        "torch": _backend.own(facts.name),
        "naive": naive(facts.formula, parameters) if facts.formula else None,
    }
    return {by: function for by, function in found.items() if function is not None}


# --- Measuring --------------------------------------------------------------------------------------------------------


def _seconds(call: Callable[[], Any], repeats: int) -> float:
    start = time.process_time()
    for _ in range(repeats):
        _backend.wait(call())
    return (time.process_time() - start) / repeats


def measure(names: Sequence[str], mib: float, rounds: int, by: Sequence[str] = ()) -> Iterator[Row]:
    """Measure activations on the active backend, all of them in every round, in another order each time.

    Args:
        names: The activations; each must have a formula.
        mib: Size of the tensor in MiB: a few fit into the processor's cache, 64 do not.
        rounds: How often; a ratio compares neighbours of one round.
        by: Which implementations; all that there are when left out.

    Yields:
        A row per activation, implementation, way of running and pass, when all rounds are over.
    """
    count = int(mib * 2**18)
    draws = np.random.default_rng(0).normal(size=(2, count)).astype("float32")
    x, upstream = (ops.convert_to_tensor(each) for each in draws)
    for way, compiled in _backend.compilers().items():
        floor, floor_of_both = compiled(lambda x: x + 1.0), compiled(lambda x, g: (x + 1.0, g * x))
        calls: dict[tuple[str, str, str], Callable[[], Any]] = {
            ("", "floor", FORWARD): functools.partial(floor, x),
            ("", "floor", BOTH): functools.partial(floor_of_both, x, upstream),
        }
        for name in names:
            for rival, function in _rivals(CATALOGUE[name]).items():
                if by and rival not in by:
                    continue
                both = _backend.with_gradients(function)
                calls[name, rival, FORWARD] = functools.partial(compiled(function), x)
                backward = compiled(lambda x, g, both=both: both(x, upstream=g))
                calls[name, rival, BOTH] = functools.partial(backward, x, upstream)
        yield from _rounds(calls, way, mib, rounds)


def _rounds(
    calls: Mapping[tuple[str, str, str], Callable[[], Any]], way: str, mib: float, rounds: int
) -> Iterator[Row]:
    first = {key: _seconds(call, 1) for key, call in calls.items()}
    repeats = {key: max(1, round(_LEAST / max(_seconds(call, 1), 1e-6))) for key, call in calls.items()}
    ratios: dict[tuple[str, str, str], list[float]] = {key: [] for key in calls}
    floors: dict[str, list[float]] = {FORWARD: [], BOTH: []}
    for done in range(rounds):
        print(f"\r{keras.backend.backend()} {way} round {done + 1} of {rounds}".ljust(60), end="", file=sys.stderr)
        # The floor is measured between the cases too, since the machine changes while they run.
        keys = [key for key in calls if key[0]]
        order = [keys[place] for place in np.random.default_rng(done).permutation(len(keys))]
        times: dict[tuple[str, str, str], float] = {}
        here: dict[str, list[float]] = {FORWARD: [], BOTH: []}
        for place, key in enumerate(order):
            if place % 8 == 0:
                for passes in here:
                    floor = ("", "floor", passes)
                    here[passes].append(_seconds(calls[floor], repeats[floor]))
            times[key] = _seconds(calls[key], repeats[key])
        for passes, found in here.items():
            floors[passes].append(statistics.median(found))
        for key, seconds in times.items():
            ratios[key].append(seconds / floors[key[2]][-1])
    print(file=sys.stderr)
    for (name, by, passes), values in ratios.items():
        if not name:
            continue
        middle = statistics.median(floors[passes])
        yield Row(
            name=name,
            by=by,
            backend=keras.backend.backend(),
            way=way,
            passes=passes,
            mib=mib,
            ratio=statistics.median(values),
            low=min(values),
            high=max(values),
            resolved=max(floors[passes]) < _STEADY * middle and min(floors[passes]) > middle / _STEADY,
            first=first[name, by, passes],
        )


# --- Showing ----------------------------------------------------------------------------------------------------------


def markdown(rows: Sequence[Row]) -> str:
    """The table for people: one line per activation, way of running and pass, the implementations side by side."""
    rivals = [by for by in ("keras_acts", "keras", "torch", "naive") if any(row.by == by for row in rows)]
    lines = [
        "| activation | runs as | pass | MiB | " + " | ".join(rivals) + " |",
        "|---|---|---|--:|" + "--:|" * len(rivals),
    ]
    groups: dict[tuple, dict[str, Row]] = {}
    for row in rows:
        groups.setdefault((row.name, f"{row.backend} {row.way}", row.passes, row.mib), {})[row.by] = row
    for (name, how, passes, mib), by in sorted(groups.items()):
        cells = [_cell(by.get(rival)) for rival in rivals]
        lines.append(f"| `{name}` | {how} | {passes} | {mib:g} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(row: Row | None) -> str:
    if row is None:
        return ""
    return f"{row.ratio:.2f} ({row.low:.2f}-{row.high:.2f})" if row.resolved else "not resolved"


def figure(rows: Sequence[Row]) -> Any:
    """Our multiple of the floor beside Keras's and the naive one's, forward and backward, for each way of running."""
    from matplotlib import pyplot as plt

    shown = [row for row in rows if row.passes == BOTH]
    hows = sorted({(row.backend, row.way, row.mib) for row in shown})
    names = sorted({row.name for row in shown}, reverse=True)
    size = (3.2 * max(len(hows), 1) + 1.5, 0.22 * len(names) + 1.6)
    drawn, axes = plt.subplots(1, max(len(hows), 1), figsize=size, sharey=True, squeeze=False, layout="constrained")
    marks = {"naive": ("x", "tab:gray"), "torch": ("s", "tab:green"), "keras": ("D", "tab:orange")}
    for axis, how in zip(axes[0], hows, strict=True):
        for by, (mark, colour) in {**marks, "keras_acts": ("o", "tab:blue")}.items():
            here = {row.name: row.ratio for row in shown if (row.backend, row.way, row.mib) == how and row.by == by}
            if here:
                places = [names.index(name) for name in here]
                axis.plot(list(here.values()), places, mark, color=colour, label=by, markersize=5, alpha=0.8)
        axis.axvline(1, color="0.5", linewidth=1)
        axis.set_xscale("log")
        axis.set_title("{} {}, {:g} MiB".format(*how), fontsize=9)
        axis.set_yticks(range(len(names)), names, fontsize=7)
        axis.grid(axis="x", alpha=0.3)
        axis.set_xlabel("times the floor")
    axes[0][-1].legend(fontsize=7)
    drawn.suptitle("Forward and backward, one thread")
    return drawn


def _positive(kind: type) -> Callable[[str], Any]:
    def number(text: str) -> Any:
        if kind(text) <= 0:
            raise argparse.ArgumentTypeError(f"expected a number above 0, not {text}")
        return kind(text)

    number.__name__ = kind.__name__  # which argparse names where `kind` itself refuses the text
    return number


def main(arguments: Sequence[str] | None = None) -> int:
    """`python -m keras_acts bench`: measure, print the table, and write table, rows and figure.

    Args:
        arguments: What stands after the command, `sys.argv` when left out.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser(prog="python -m keras_acts bench", description=__doc__)
    parser.add_argument("names", nargs="*", help="activations to measure (default: all that have a formula)")
    parser.add_argument(
        "--backends", type=_records.installed_backends, help="such as tensorflow,jax,torch (default: the active one)"
    )
    parser.add_argument("--mib", type=_positive(float), default=64, help="size of the tensor in MiB (default: 64)")
    parser.add_argument("--rounds", type=_positive(int), default=5, help="how often each is measured (default: 5)")
    parser.add_argument("--by", action="append", default=[], choices=("keras_acts", "keras", "torch", "naive"))
    parser.add_argument("--out", type=Path, default=Path("results"), help="folder for speed.md, .csv and .png")
    parser.add_argument("--lines", action="store_true", help="measure in this very process and print rows as JSON")
    options = parser.parse_args(arguments)
    names = [find(name).name for name in options.names]
    for name in names:
        if not CATALOGUE[name].formula:
            parser.error(f"{name} is not elementwise, so its floor is not that of one; expected names with a formula")
    names = names or [name for name in list_activations() if CATALOGUE[name].formula]
    if options.lines:
        for row in measure(names, options.mib, options.rounds, options.by):
            print(json.dumps(dataclasses.asdict(row)), flush=True)
        return 0
    passed = [*names, f"--mib={options.mib}", f"--rounds={options.rounds}", *(f"--by={by}" for by in options.by)]
    backends = options.backends or [keras.backend.backend()]
    rows = []
    for row in _records.rows_from(backends, "keras_acts.bench", passed, Row, ENVIRONMENT):
        rows.append(row)
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "speed.csv").write_text(_records.rows_csv(rows, Row), "utf-8")
    print(markdown(rows), end="")
    (options.out / "speed.md").write_text(markdown(rows), "utf-8")
    figure(rows).savefig(options.out / "speed.png", dpi=120)
    return 0


if __name__ == "__main__":
    sys.exit(main())
