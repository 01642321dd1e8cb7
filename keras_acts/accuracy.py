"""How far the activations are from the truth, in units in the last place.

The truth is the formula in the catalogue, evaluated and differentiated in interval arithmetic (`_formula`). An error
of 0.5 ulp is what rounding the true result costs; nothing can be better at every point.
"""

import argparse
import dataclasses
import functools
import hashlib
import inspect
import json
import math
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import ml_dtypes
import numpy as np
from keras import ops

from keras_acts import _backend, _formula, _records
from keras_acts._core import CATALOGUE, Facts, find

CACHE = "KERAS_ACTS_CACHE"  # environment variable: a folder that keeps what took long to compute


@dataclasses.dataclass(frozen=True)
class Format:
    """A floating-point format, and what is promised in it.

    Attributes:
        name: What Keras calls it.
        numpy: The NumPy dtype.
        digits: Bits of the significand, the hidden one included.
        lowest: Exponent of the smallest normal number.
        highest: Exponent of the largest number.
        floor: An absolute error up to this counts as none.
    """

    name: str
    numpy: Any
    digits: int
    lowest: int
    highest: int
    floor: float

    def ulps(self, got: np.ndarray, exact: np.ndarray, rest: Any = 0.0) -> np.ndarray:
        """The distance of `got` from `exact + rest` in units in the last place of `exact`; NaN is infinitely far."""
        # Overflow counts as the power of two after the largest number, on both sides.
        top = 2.0 ** (self.highest + 1) if self.highest < 1023 else math.inf
        with np.errstate(all="ignore"):
            got = np.clip(got.astype(np.float64), -top, top)
            exact = np.clip(exact, -top, top)
            error = np.where(got == exact, np.abs(rest), np.abs((got - exact) - rest))
            exponent = np.maximum(np.frexp(exact)[1] - 1, self.lowest)
            exponent = np.minimum(exponent, self.highest)
            far = error / np.ldexp(1.0, exponent - self.digits + 1)
        return np.where(np.isnan(error), np.inf, np.where(error <= self.floor, 0.0, far))


FORMATS = {
    "float16": Format("float16", np.float16, 11, -14, 15, 2.0**-24),
    "bfloat16": Format("bfloat16", ml_dtypes.bfloat16, 8, -126, 127, 2.0**-120),
    "float32": Format("float32", np.float32, 24, -126, 127, 2.0**-120),
    "float64": Format("float64", np.float64, 53, -1022, 1023, 2.0**-1000),
}


def formats() -> list[str]:
    """The formats in which the active backend computes: JAX leaves out float64 unless it is told otherwise."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        kept = ops.convert_to_tensor(np.zeros(1), dtype="float64")
    keeps = keras.backend.standardize_dtype(kept.dtype) == "float64"
    return [name for name in FORMATS if name != "float64" or keeps]


# --- Where to measure -------------------------------------------------------------------------------------------------


def _near(points: np.ndarray, dtype: Any, reach: int) -> np.ndarray:
    """The numbers of a dtype within `reach` steps of each point."""
    found = [points.astype(dtype)]
    up, down = found[0], found[0]
    for _ in range(reach):
        up, down = np.nextafter(up, dtype(np.inf)), np.nextafter(down, dtype(-np.inf))
        found += [up, down]
    return np.concatenate(found)


@functools.lru_cache(maxsize=4)
def _everywhere(name: str) -> np.ndarray:
    if name in ("float16", "bfloat16"):
        return np.arange(2**16, dtype=np.uint16).view(FORMATS[name].numpy)
    rng = np.random.default_rng(2025)
    if name == "float32":
        # Evenly spaced bit patterns are evenly spaced logarithms, subnormal numbers included.
        patterns = np.linspace(1, 0x7F7FFFFF, 9000).astype(np.uint32).view(np.float32)
        positive = np.concatenate([patterns, rng.uniform(0, 30, 1500).astype(np.float32)])
        special = _near(np.array([0, 0.5, 1, 2, 3, 6, 88.7, 104, 1e4]), np.float32, 3)
        positive = np.concatenate([positive, special, [np.finfo(np.float32).max, 2.0**-126]]).astype(np.float32)
    else:
        positive = np.concatenate(
            [2.0 ** rng.uniform(-80, 30, 300), rng.uniform(0, 30, 150), 10.0 ** np.arange(-300, 301, 20)]
        )
    return np.concatenate([positive, -positive, np.array([np.inf, -np.inf, np.nan], positive.dtype)])


def inputs(name: str, breaks: Sequence[float] = ()) -> np.ndarray:
    """The inputs at which a format is measured, both infinities and NaN among them.

    Args:
        name: `"float16"` or `"bfloat16"` gives all 65,536 numbers; `"float32"` about 21,000 with evenly spaced
            logarithms, subnormal ones included; `"float64"` about 1,000.
        breaks: Where the curve changes its rule; the neighbours of each are added.
    """
    found = _everywhere(name)
    if len(breaks) and name in ("float32", "float64"):
        found = np.concatenate([found, _near(np.asarray(breaks, np.float64), found.dtype.type, 20)])
    return found


# Odd, so that vectorised loops end in a tail; the same for all formats, so that programs compiled once serve them all.
_PLACES = 2**16 + 5


def spread(x: np.ndarray) -> np.ndarray:
    """The inputs, repeated until each stands at several places of a tensor, and some peculiar ones at its very end."""
    if x.dtype == np.float64:
        return x
    places = np.resize(x, _PLACES)
    places[-5:] = np.array([-0.0, np.nan, -np.inf, 0.0, 1.0], x.dtype)
    return places


def is_finite(x: np.ndarray) -> np.ndarray:
    """Which entries are finite; NumPy itself warns about NaN in bfloat16."""
    with np.errstate(invalid="ignore"):
        return np.isfinite(x.astype(np.float64))


# --- The truth --------------------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=512)
def formula(text: str) -> _formula.Formula:
    """The parsed formula."""
    return _formula.Formula(text)


def slope_formula(facts: Facts) -> str:
    """The formula whose derivative is the slope: another one for a surrogate."""
    return facts.surrogate or facts.formula


def breaks(facts: Facts, parameters: Mapping[str, Any]) -> tuple[float, ...]:
    """Where the formula, or the one that its slope is of, changes its rule."""
    found = (_breaks(text, numbers(parameters)) for text in {facts.formula, slope_formula(facts)})
    return tuple(sorted(set().union(*found)))


@functools.lru_cache(maxsize=512)
def _breaks(text: str, parameters: tuple[tuple[str, float], ...]) -> tuple[float, ...]:
    return tuple(formula(text).breaks(dict(parameters)))


def numbers(parameters: Mapping[str, Any]) -> tuple[tuple[str, float], ...]:
    """The parameters that are numbers, in a form that can be a key."""
    return tuple(
        (name, float(value))
        for name, value in sorted(parameters.items())
        if isinstance(value, int | float) and not isinstance(value, bool)
    )


def sides(facts: Facts, parameters: Mapping[str, Any]) -> dict[float, tuple[float, float]]:
    """The slopes just below and just above each place where the formula changes its rule."""
    return _sides(slope_formula(facts), numbers(parameters))


@functools.lru_cache(maxsize=512)
def _sides(text: str, parameters: tuple[tuple[str, float], ...]) -> dict[float, tuple[float, float]]:
    places = np.array(_breaks(text, parameters))
    step = np.maximum(np.abs(places) * 2.0**-50, 2.0**-200)
    around = np.stack([places - step, places + step])
    slopes = formula(text).evaluate(around, dict(parameters), order=1, floor=2.0**-150).slope
    return {float(place): (float(below), float(above)) for place, below, above in zip(places, *slopes, strict=True)}


@dataclasses.dataclass(frozen=True)
class Truth:
    """What an activation's formula gives at some inputs: arrays as in `_formula.Curve`, and condition numbers."""

    value: np.ndarray
    slope: np.ndarray
    value_rest: np.ndarray
    slope_rest: np.ndarray
    condition: np.ndarray
    slope_condition: np.ndarray
    straight: bool


def limits(facts: Facts, parameters: Mapping[str, Any]) -> dict[float, tuple[float | None, float | None]]:
    """The limits of value and slope at both infinities; `None` where there is none, as for a sine."""
    far = np.array([1e30, 1e60])
    found = {}
    for end in (math.inf, -math.inf):
        curve, sloped = (
            formula(text).evaluate(np.copysign(far, end), dict(numbers(parameters)), bits=56, order=1, floor=2.0**-200)
            for text in (facts.formula, slope_formula(facts))
        )
        found[end] = _limit(*curve.value.tolist()), _limit(*sloped.slope.tolist())
    return found


def _limit(near: float, far: float) -> float | None:
    """What a quantity tends to that is `near` at 10^30 and `far` at 10^60."""
    if abs(far) < 1e-20:
        return 0.0
    if abs(far) > 1e307 or (abs(far) > 50 and abs(far) > 1.5 * abs(near) and far * near > 0):
        return math.copysign(math.inf, far)
    return far if abs(far - near) <= 1e-9 * abs(far) else None


def truth(facts: Facts, parameters: Mapping[str, Any], x: np.ndarray) -> Truth:
    """The formula's value and slope at finite inputs, with the declared slope at each kink."""
    rest = tuple(facts.kinks.items()), numbers(parameters), x.dtype.name, x.tobytes()
    found, sloped = _truth(facts.formula, *rest), _truth(slope_formula(facts), *rest)
    names = ("slope", "slope_rest", "slope_condition")
    return dataclasses.replace(found, **{name: getattr(sloped, name) for name in names})


@functools.lru_cache(maxsize=24)
def _truth(text, kinks, parameters, name, raw) -> Truth:
    form = FORMATS[name]
    x = np.frombuffer(raw, form.numpy).astype(np.float64)
    order = 1 if name in ("float16", "bfloat16") else 2
    bits = 62 if name == "float64" else form.digits + 13  # so the truth is known to 0.0001 ulp
    curve = _stored(text, parameters, x, order, bits, form.floor * 2.0**-30)
    slope, slope_rest = curve.slope.copy(), curve.slope_rest.copy()
    for at, (below, above) in _sides(text, parameters).items():
        # `sign(x) * log1p(abs(x))` is smooth at 0, though the rule that holds at this one point says otherwise.
        if abs(above - below) <= 1e-9 * max(abs(above), abs(below)):
            slope[x == at], slope_rest[x == at] = above, 0.0
    for place, declared in kinks:
        at = x == formula(place).number(dict(parameters))
        slope[at], slope_rest[at] = formula(declared).number(dict(parameters)), 0.0
    with np.errstate(all="ignore"):
        condition = np.nan_to_num(np.abs(x * slope / curve.value), nan=0.0, posinf=0.0)
        slope_condition = np.nan_to_num(np.abs(x * curve.bend / slope), nan=0.0, posinf=0.0)
    return Truth(curve.value, slope, curve.value_rest, slope_rest, condition, slope_condition, curve.straight)


def _stored(text, parameters, x, order, bits, floor) -> _formula.Curve:
    """Evaluate the formula, or read what a former evaluation left in the folder that the environment names."""
    folder = os.environ.get(CACHE)
    recipe = (text, parameters, order, bits, floor, _formula_version())
    key = hashlib.sha256(repr(recipe).encode() + x.tobytes()).hexdigest()[:32]
    path = Path(folder, f"{key}.npz") if folder else None
    if path is not None and path.exists():
        with np.load(path) as kept:
            value, slope, bend, value_rest, slope_rest = kept["parts"]
            return _formula.Curve(value, slope, bend, value_rest, slope_rest, bool(kept["straight"]))
    started = time.perf_counter()
    curve = formula(text).evaluate(x, dict(parameters), bits=bits, floor=floor, order=order)
    if path is not None and time.perf_counter() - started > 0.5:  # the quick ones are quicker computed than read
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(f".{os.getpid()}.npz")
        parts = np.stack([curve.value, curve.slope, curve.bend, curve.value_rest, curve.slope_rest])
        np.savez(unfinished, parts=parts, straight=curve.straight)
        unfinished.replace(path)  # whole or not at all: other processes read it
    return curve


@functools.cache
def _formula_version() -> str:
    return hashlib.sha256(Path(_formula.__file__).read_bytes()).hexdigest()


# --- What comes out ---------------------------------------------------------------------------------------------------


def run(function: Callable[..., Any], arrays: Sequence[np.ndarray], way: str) -> list[np.ndarray]:
    """The value of a function of tensors, and the gradients of its sum, on the active backend.

    Args:
        function: Takes tensors and returns one.
        arrays: Its arguments.
        way: One of `_backend.compilers()`.
    """
    tensors = [ops.convert_to_tensor(array, dtype=array.dtype.name) for array in arrays]
    results = _backend.compilers()[way](_backend.with_gradients(function))(*tensors)
    return [to_numpy(result) for result in results]


def to_numpy(tensor: Any) -> np.ndarray:
    """The tensor as an array; `bfloat16` stays `bfloat16`."""
    if keras.backend.standardize_dtype(tensor.dtype) == "bfloat16":
        with np.errstate(invalid="ignore"):  # NumPy warns about NaN in bfloat16
            return np.asarray(ops.convert_to_numpy(ops.cast(tensor, "float32"))).astype(ml_dtypes.bfloat16)
    return np.asarray(ops.convert_to_numpy(tensor))


def parameters_of(facts: Facts) -> dict[str, Any]:
    """The default parameters of an activation; those that its layer trains with their first values."""
    found = dict(facts.defaults)
    if facts.holds == "weights":
        layer = facts.layer()
        layer.build((1, 1))
        found |= {weight.name: float(to_numpy(weight.value).ravel()[0]) for weight in layer.weights}
    return found


def parameter_truth(facts: Facts, parameters: Mapping[str, Any], name: str, x: np.ndarray) -> tuple[np.ndarray, ...]:
    """The derivative with respect to a trained parameter at finite inputs, and its condition number."""
    at, fixed, wide = formula(facts.formula), dict(numbers(parameters)), x.astype(np.float64)
    seeds = [(name,), ("x",), ("x", name)]
    alone, other, both = (at.evaluate(wide, fixed, bits=37, floor=2.0**-150, seeds=seed) for seed in seeds)
    # The second derivative along both at once is f_xx + 2 f_xp + f_pp.
    mixed = 0.5 * (both.bend - alone.bend - other.bend)
    with np.errstate(all="ignore"):
        condition = (np.abs(wide * mixed) + abs(fixed[name] * alone.bend)) / np.abs(alone.slope)
    return alone.slope, np.nan_to_num(condition, nan=0.0, posinf=0.0)


def trained(facts: Facts) -> list[str]:
    """The names of the parameters that the function takes as tensors."""
    return [name for name, default in facts.defaults.items() if default is inspect.Parameter.empty]


def curve(facts: Facts, parameters: Mapping[str, Any]) -> Callable[..., Any]:
    """The activation as a function of `x` alone."""
    tensors = set(trained(facts))

    def at(x: Any) -> Any:
        given = {name: ops.cast(value, "float32") if name in tensors else value for name, value in parameters.items()}
        return facts.function(x, **given)

    return at


class Sweep:
    """One activation in one format, run in one way, at many inputs, beside the truth.

    Args:
        facts: The activation.
        parameters: Its parameters.
        format: Name of a format.
        way: One of `_backend.compilers()`.
        function: What to measure in place of the activation itself, as a function of `x`.
    """

    def __init__(
        self,
        facts: Facts,
        parameters: Mapping[str, Any],
        format: str,
        way: str,
        function: Callable[..., Any] | None = None,
    ) -> None:
        self.facts, self.parameters, self.format, self.way = facts, dict(parameters), FORMATS[format], way
        self.function = function or curve(facts, parameters)

    @functools.cached_property
    def x(self) -> np.ndarray:
        """The inputs, each once."""
        return inputs(self.format.name, breaks(self.facts, self.parameters))

    @functools.cached_property
    def run(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The inputs spread over a tensor, the values there, and the slopes."""
        places = spread(self.x)
        value, slope = run(self.function, [places], self.way)
        return places, value, slope

    @functools.cached_property
    def finite(self) -> np.ndarray:
        """Which of the inputs are finite."""
        return is_finite(self.x)

    @functools.cached_property
    def at(self) -> np.ndarray:
        """The finite inputs."""
        return self.x[self.finite]

    @functools.cached_property
    def value(self) -> np.ndarray:
        """The values at the finite inputs."""
        return self.run[1][: self.x.size][self.finite]

    @functools.cached_property
    def slope(self) -> np.ndarray:
        """The slopes at the finite inputs."""
        return self.run[2][: self.x.size][self.finite]

    @functools.cached_property
    def truth(self) -> Truth:
        """What the formula gives at the finite inputs."""
        return truth(self.facts, self.parameters, self.at)

    @functools.cached_property
    def value_error(self) -> np.ndarray:
        """The distance of each value from the truth, in ulp."""
        return self._error(self.value, self.truth.value, self.truth.value_rest)

    @functools.cached_property
    def slope_error(self) -> np.ndarray:
        """The distance of each slope from the truth, in ulp."""
        return self._error(self.slope, self.truth.slope, self.truth.slope_rest)

    def _error(self, got: np.ndarray, exact: np.ndarray, rest: np.ndarray) -> np.ndarray:
        error = self.format.ulps(got, exact, rest)
        # Backends let the processor take subnormal inputs for 0, so the truth at 0 is right there too.
        least = {"float16": -126, "bfloat16": -126}.get(self.format.name, self.format.lowest)
        wide = self.at.astype(np.float64)
        small, zero = (wide != 0) & (np.abs(wide) < 2.0**least), np.flatnonzero(wide == 0)
        if zero.size:
            error[small] = np.minimum(error[small], self.format.ulps(got[small], exact[zero[:1]]))
        return error


# --- Rivals -----------------------------------------------------------------------------------------------------------

_KERAS_NAMES = {"gelu_tanh": ("gelu", {"approximate": True})}


def keras_own(facts: Facts, parameters: Mapping[str, Any]) -> Callable[..., Any] | None:
    """Keras's own function with these parameters where it takes them, or `None` where Keras has none."""
    name, extra = _KERAS_NAMES.get(facts.name, (facts.name, {}))
    function = getattr(keras.activations, name, None)
    if function is None or facts.kind not in ("elementwise", "trainable"):
        return None
    taken = inspect.signature(function).parameters
    return functools.partial(function, **{key: value for key, value in parameters.items() if key in taken}, **extra)


# --- The table --------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Row:
    """How one implementation of an activation did in one format and one way of running.

    Attributes:
        name: The activation.
        format: The format.
        by: `"keras_acts"`, `"keras"` or `"torch"`.
        backend: The backend.
        way: How it ran there.
        value: Largest error of the value in ulp.
        x: Where that is.
        got: What came out there.
        exact: What should have.
        value_share: Share of the inputs whose value is more than 1 ulp off.
        slope: Largest error of the slope in ulp.
        slope_share: Share of the inputs whose slope is more than 1 ulp off.
    """

    name: str
    format: str
    by: str
    backend: str
    way: str
    value: float
    x: float
    got: float
    exact: float
    value_share: float
    slope: float
    slope_share: float


def measure(names: Sequence[str] | None = None, formats_: Sequence[str] | None = None) -> Iterator[Row]:
    """Measure activations, and Keras's and PyTorch's own beside them, on the active backend.

    Args:
        names: Which activations; all that have a formula when left out.
        formats_: Which formats; all that the backend computes in when left out.

    Yields:
        A row for each implementation, format and way of running.
    """
    for name in names or [name for name, facts in CATALOGUE.items() if facts.formula]:
        facts = CATALOGUE[name]
        parameters = parameters_of(facts)
        functions = {"keras_acts": None, "keras": keras_own(facts, parameters), "torch": _backend.own(name)}
        for format_ in formats_ or formats():
            for way in _backend.compilers():
                for by, function in functions.items():
                    if function is not None or by == "keras_acts":
                        yield _row(Sweep(facts, parameters, format_, way, function), by)


def _row(sweep: Sweep, by: str) -> Row:
    at = int(np.argmax(sweep.value_error))
    return Row(
        name=sweep.facts.name,
        format=sweep.format.name,
        by=by,
        backend=keras.backend.backend(),
        way=sweep.way,
        value=float(sweep.value_error[at]),
        x=float(sweep.at[at]),
        got=float(sweep.value[at]),
        exact=float(sweep.truth.value[at]),
        value_share=float((sweep.value_error > 1).mean()),
        slope=float(sweep.slope_error.max()),
        slope_share=float((sweep.slope_error > 1).mean()),
    )


def _figure(error: float, share: float) -> str:
    """An error in ulp, with the share of inputs beyond 1 ulp where there are any."""
    number = "no number" if math.isinf(error) else f"{error:.2f}" if error < 100 else f"{error:.1e}"
    return number if share == 0 else f"{number} ({100 * share:.2g}%)"


def markdown(rows: Sequence[Row]) -> str:
    """The table for people: per activation and format the worst of all backends and ways of running, side by side."""
    lines = [
        "| activation | dtype | value | worst at | got | exact | slope | Keras value | slope | PyTorch value | slope |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    groups: dict[tuple[str, str], dict[str, list[Row]]] = {}
    for row in rows:
        groups.setdefault((row.name, row.format), {}).setdefault(row.by, []).append(row)
    for (name, format_), by in groups.items():
        cells = [f"`{name}`", format_]
        for who in ("keras_acts", "keras", "torch"):
            worst = max(by.get(who, []), key=lambda row: (row.value, row.value_share), default=None)
            sloped = max(by.get(who, []), key=lambda row: (row.slope, row.slope_share), default=None)
            if worst is None or sloped is None:
                cells += ["", ""]
                continue
            cells.append(_figure(worst.value, worst.value_share))
            if who == "keras_acts":
                cells += [f"{worst.x:.6g}", f"{worst.got:.9g}", f"{worst.exact:.12g}"]
            cells.append(_figure(sloped.slope, sloped.slope_share))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


# --- Every float32 ----------------------------------------------------------------------------------------------------

_CHUNK = 2**21


def sweep_all(name: str, out: Path, way: str = "eager", chunks: range | None = None) -> dict[str, Any]:
    """Measure one activation at all 2^32 float32 numbers, a chunk at a time; a second call goes on where one stopped.

    The truth comes from float64 intervals. Where they are too wide to tell 0.001 ulp, some points of each chunk are
    computed in Arb, and the rest is counted as undecided.

    Args:
        name: The activation, with its default parameters.
        out: Folder for the state, `full-<name>-<backend>-<way>.json`.
        way: One of `_backend.compilers()`.
        chunks: Which of the 2048 chunks; all when left out.

    Returns:
        Number of inputs measured and undecided, and the worst value and slope with their inputs.
    """
    facts = CATALOGUE[name]
    parameters = parameters_of(facts)
    path = out / f"full-{name}-{keras.backend.backend()}-{way}.json"
    state: dict[str, Any] = {"next": 0, "measured": 0, "undecided": 0, "value": [0.0, 0.0], "slope": [0.0, 0.0]}
    if chunks is None and path.exists():
        state = json.loads(path.read_text("utf-8"))
    total, started = 2**32 // _CHUNK, time.perf_counter()
    todo = chunks if chunks is not None else range(state["next"], total)
    for done, chunk in enumerate(todo, start=1):
        x = np.arange(chunk * _CHUNK, (chunk + 1) * _CHUNK, dtype=np.uint64).astype(np.uint32).view(np.float32)
        value, slope = run(curve(facts, parameters), [x], way)
        _judge(facts, parameters, x, value, slope, state)
        state["next"] = chunk + 1
        if chunks is None:
            out.mkdir(parents=True, exist_ok=True)
            fresh = path.with_suffix(".part")
            fresh.write_text(json.dumps(state), "utf-8")
            fresh.replace(path)  # whole or not at all: the next call relies on it
        left = (time.perf_counter() - started) / done * (len(todo) - done)
        print(
            f"\r{name} {way}: {chunk + 1}/{total} chunks, worst value {state['value'][0]:.3f} ulp, worst slope "
            f"{state['slope'][0]:.3f} ulp, {state['undecided']} undecided, {left / 60:.0f} min left",
            end="",
            file=sys.stderr,
            flush=True,
        )
    print(file=sys.stderr)
    return state


def _judge(facts, parameters, x, value, slope, state) -> None:
    form = FORMATS["float32"]
    keep = is_finite(x) & ((x == 0) | (np.abs(x) >= 2.0**-126))  # backends may take a subnormal input for 0
    x, got = x[keep], {"value": value[keep], "slope": slope[keep]}
    if not x.size:
        return
    state["measured"] += x.size
    wide, fixed = x.astype(np.float64), dict(numbers(parameters))
    settings: dict[str, Any] = {"bits": 34, "floor": form.floor * 2.0**-30, "order": 1}
    for of, text in (("value", facts.formula), ("slope", slope_formula(facts))):
        exact, certain = formula(text).quickly(wide, fixed, **settings)
        true = getattr(exact, of)
        doubtful = np.flatnonzero(~certain)
        for place, declared in facts.kinks.items() if of == "slope" else ():
            true[wide == formula(place).number(fixed)] = formula(declared).number(fixed)
        chosen = doubtful[:: max(1, doubtful.size // 200)]
        true[chosen] = getattr(formula(text).evaluate(wide[chosen], fixed, **settings), of)
        certain[chosen] = True
        state["undecided"] += int((~certain).sum()) if of == "value" else 0
        error = np.where(certain, form.ulps(got[of], true), 0.0)
        at = int(np.argmax(error))
        if error[at] > state[of][0]:
            state[of] = [float(error[at]), float(x[at])]


# --- The command ------------------------------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """`python -m keras_acts accuracy`: measure, print the table, and write it as Markdown and CSV.

    Args:
        arguments: What stands after the command, `sys.argv` when left out.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser(prog="python -m keras_acts accuracy", description=__doc__)
    parser.add_argument("names", nargs="*", help="activations to measure (default: all that have a formula)")
    parser.add_argument("--dtype", action="append", choices=FORMATS, help="a format to measure in (default: all)")
    parser.add_argument(
        "--backends", type=_records.installed_backends, help="such as tensorflow,jax,torch (default: the active one)"
    )
    parser.add_argument("--out", type=Path, help="folder for accuracy.md and accuracy.csv, or for the state of --full")
    parser.add_argument("--full", action="store_true", help="all 2^32 float32 inputs of each name; takes an hour or so")
    parser.add_argument("--lines", action="store_true", help="print rows as JSON instead of the table")
    options = parser.parse_args(arguments)
    names = [find(name).name for name in options.names]
    if options.full:
        for name in names:
            print(json.dumps({name: sweep_all(name, options.out or Path("results"))}))
        return 0
    passed = [*names, *(f"--dtype={name}" for name in options.dtype or [])]
    elsewhere = _records.rows_from(options.backends or [], "keras_acts.accuracy", passed, Row)
    found = elsewhere if options.backends else measure(names, options.dtype)
    rows = []
    for row in found:
        rows.append(row)
        if options.lines:
            print(json.dumps(dataclasses.asdict(row)), flush=True)
        else:
            print(f"\r{row.backend} {row.way} {row.name} {row.format}".ljust(79), end="", file=sys.stderr, flush=True)
    if not options.lines:
        print(file=sys.stderr)
        print(markdown(rows), end="")
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "accuracy.md").write_text(markdown(rows), "utf-8")
        (options.out / "accuracy.csv").write_text(_records.rows_csv(rows, Row), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
