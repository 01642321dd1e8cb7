"""What an activation is like, computed from its formula: range, slopes, symmetry, gains, the right initializer.

Nothing here is typed in. The formula is evaluated together with its first two derivatives; moments are Gauss-Legendre
integrals against the standard normal density, split wherever the formula branches.
"""

import ast
import dataclasses
import functools
import math
import re
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from keras_acts._core import CATALOGUE, Facts, find
from keras_acts._derivative import derivative
from keras_acts._formula import Curve, Formula

_EDGE = 12.0  # the normal density beyond is below 1e-31
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)


@dataclasses.dataclass(frozen=True)
class Properties:
    """Everything known about one activation; what it cannot have is `None`.

    Attributes:
        name: Name of the function.
        kind: Kind of activation, such as `"elementwise"`.
        aliases: Other names that `keras_acts.get` knows it by.
        parameters: Parameters with the values that the computed properties hold for.
        formula: The formula in `x`.
        latex: The formula as LaTeX.
        derivative: The slope as a formula.
        derivative_latex: The slope as LaTeX.
        output_range: Lowest and highest value.
        monotone: `"increasing"`, `"non-decreasing"`, `"decreasing"`, `"non-increasing"` or `"no"`.
        smoothness: `"smooth"`, or how many derivatives are continuous: `"C2"`, `"C1"`, `"C0"`, `"discontinuous"`.
        symmetry: `"odd"`, `"even"` or `"none"`.
        kinks: Where the slope jumps, mapped to the slope that is used there.
        lipschitz: Steepest slope, in absolute value.
        saturates: Sides on which the value levels off: `"both"`, `"left"`, `"right"` or `"none"`.
        zero_slope_share: Share of standard normal inputs at which the slope is exactly 0.
        mean: Mean output for standard normal inputs.
        variance: Variance of the output for standard normal inputs.
        zero_centred: Whether that mean is 0.
        gain_second_moment: Weight gain that keeps the second moment: `1 / sqrt(E f(z)^2)`. He's sqrt(2) for ReLU.
        gain_variance: Weight gain that keeps the variance: `1 / std f(z)`.
        gain_backward: Weight gain that keeps the gradient's second moment: `1 / sqrt(E f'(z)^2)`.
        depth_stable: Whether the signal's scale, once off by a little, returns instead of running away with depth.
        source: The paper or place that introduced it.
        year: Year of the earliest source that is named.
        used_by: Models and libraries known for it.
        equals: Calls in this catalogue that compute the same.
        distinct_from: What goes by a similar name and is something else.
    """

    name: str
    kind: str
    aliases: tuple[str, ...]
    parameters: Mapping[str, Any]
    formula: str | None
    latex: str | None
    derivative: str | None
    derivative_latex: str | None
    output_range: tuple[float, float] | None
    monotone: str | None
    smoothness: str | None
    symmetry: str | None
    kinks: Mapping[float, float]
    lipschitz: float | None
    saturates: str | None
    zero_slope_share: float | None
    mean: float | None
    variance: float | None
    zero_centred: bool | None
    gain_second_moment: float | None
    gain_variance: float | None
    gain_backward: float | None
    depth_stable: bool | None
    source: str
    year: int | None
    used_by: tuple[str, ...]
    equals: tuple[str, ...]
    distinct_from: Mapping[str, str]

    def __str__(self) -> str:
        lines = [(field.name.replace("_", " "), getattr(self, field.name)) for field in dataclasses.fields(self)]
        return "\n".join(f"{name:<19} {_plain(value)}" for name, value in lines if value not in (None, (), {}))


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{_plain(key)}: {_plain(item)}" for key, item in value.items())
    if isinstance(value, tuple):
        return ", ".join(_plain(item) for item in value)
    return str(value)


def facts(name: str | None = None, **parameters: float) -> Any:
    """Look up what is known about an activation, or about all of them.

    Args:
        name: Name or alias; `None` for a list with all activations in alphabetical order.
        **parameters: Values of its parameters, where they should not be the defaults.

    Returns:
        `Properties`, whose fields are plain Python values and which prints as a table; or a list of them.

    Raises:
        ValueError: No activation has that name, or it has no parameter of that name.

    Examples:
        >>> relu = keras_acts.facts("relu")
        >>> relu.output_range, relu.zero_slope_share, round(relu.gain_second_moment, 6)
        ((0.0, inf), 0.5, 1.414214)
        >>> round(keras_acts.facts("leaky_relu", negative_slope=0.3).mean, 4)
        0.2793
    """
    if name is None:
        return [_facts(each, ()) for each in sorted(CATALOGUE)]
    found = find(name)
    unknown = parameters.keys() - found.defaults.keys()
    if unknown:
        raise ValueError(
            f"{found.name} has no parameter {', '.join(sorted(unknown))}; expected some of {sorted(found.defaults)}, "
            f"got {parameters}."
        )
    return _facts(found.name, tuple(sorted(found.validate(parameters).items())))


def initializer_for(name: str, seed: int | None = None, **parameters: float) -> keras.initializers.Initializer:
    """Initializer that keeps the signal's scale through layers with this activation.

    Zero-mean normal weights of variance `gain^2 / fan_in`, with `gain = 1 / sqrt(E f(z)^2)` for standard normal `z`:
    He's rule for ReLU, LeCun's for SELU, and the exact number for every other. It belongs to the layer that comes
    *after* the activation; in a network that uses one activation throughout, to every layer.

    Args:
        name: Name or alias of an activation that works on each element by itself.
        seed: Integer that makes the draw reproducible, or `None`.
        **parameters: Values of its parameters, where they should not be the defaults.

    Returns:
        A `keras.initializers.VarianceScaling`, which Keras saves with the layer.

    Raises:
        ValueError: No activation has that name, or it has no gain because it does not work on each element by itself.

    Examples:
        >>> initializer = keras_acts.initializer_for("relu", seed=0)
        >>> round(initializer.scale, 6)
        2.0
    """
    known = facts(name, **parameters)
    if known.gain_second_moment is None or not math.isfinite(known.gain_second_moment):
        raise ValueError(
            f"{known.name} has no gain, so no initializer follows from it: expected an activation with a formula and a "
            f"finite second moment, got one of kind {known.kind!r}; initialise as for the activation before it."
        )
    scale = known.gain_second_moment**2
    return keras.initializers.VarianceScaling(scale, mode="fan_in", distribution="untruncated_normal", seed=seed)


@functools.cache
def _facts(name: str, parameters: tuple[tuple[str, float], ...]) -> Properties:
    found = CATALOGUE[name]
    values = {**starting_values(found), **dict(parameters)}
    computed: dict[str, Any] = dict.fromkeys(field.name for field in dataclasses.fields(Properties))
    computed |= {
        "name": found.name,
        "kind": found.kind,
        "aliases": found.aliases,
        "parameters": values,
        "source": found.source,
        "year": min((int(year) for year in re.findall(r"\b(?:1[89]|20)\d\d\b(?!\.\d)", found.source)), default=None),
        "used_by": found.used_by,
        "equals": found.equals,
        "distinct_from": found.distinct_from,
        "output_range": found.output_range and tuple(Formula(end).number(values) for end in found.output_range),
        "kinks": {Formula(at).number(values): Formula(slope).number(values) for at, slope in found.kinks.items()},
    }
    if found.formula:
        computed |= _computed(Formula(found.formula), values)
    return Properties(**computed)


def starting_values(found: Facts) -> dict[str, Any]:
    """The numbers among an activation's parameters: the function's defaults, or what its layer starts training from."""
    values = {name: value for name, value in found.defaults.items() if isinstance(value, int | float)}
    missing = Formula(found.formula).names - {"x"} - values.keys() if found.formula else set()
    if missing:
        layer = found.layer()
        for name in missing:
            initializer = getattr(layer, f"{name}_initializer")
            if "seed" in (config := initializer.get_config()):
                initializer = type(initializer).from_config({**config, "seed": 0})
            values[name] = float(np.asarray(keras.ops.convert_to_numpy(initializer((1,), "float32"))).item())
    return values


def _evaluate(formula: Formula, x: np.ndarray, values: Mapping[str, Any]) -> Curve:
    return formula.evaluate(x, values, exact=False)


def _branches(formula: Formula, values: Mapping[str, Any]) -> list[float]:
    """Where the formula's comparisons change sides and its roundings jump, within the range that is integrated over."""
    grid = np.linspace(-_EDGE, _EDGE, 2401)
    found: set[float] = set()
    for node in ast.walk(formula.tree):
        gap = _gap(node)
        if gap is None or "x" not in gap.names:
            continue
        at = _evaluate(gap, grid, values).value
        found.update(grid[at == 0].tolist())
        for i in np.flatnonzero(at[:-1] * at[1:] < 0):
            low, high = grid[i], grid[i + 1]
            while high - low > 1e-14 * max(1.0, abs(low)):
                middle = 0.5 * (low + high)
                if middle in (low, high):
                    break
                here = _evaluate(gap, np.array([middle]), values).value[0]
                low, high = (middle, high) if here * at[i] > 0 else (low, middle)
            found.add(0.5 * (low + high))
    return sorted(round(point, 13) for point in found)


def _gap(node: ast.AST) -> Formula | None:
    """What changes its sign where a comparison changes sides or a rounding jumps."""
    if isinstance(node, ast.Compare):
        return Formula(f"({ast.unparse(node.left)}) - ({ast.unparse(node.comparators[0])})")
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "round":
        return Formula(f"cos(pi * ({ast.unparse(node.args[0])}))")
    return None


def _computed(formula: Formula, values: Mapping[str, Any]) -> dict[str, Any]:
    slope = derivative(formula.text)
    branches = _branches(formula, values)
    cuts = sorted({*np.arange(-_EDGE, _EDGE + 0.5), *branches})
    middles, halves = np.add(cuts[1:], cuts[:-1]) / 2, np.subtract(cuts[1:], cuts[:-1]) / 2
    x = (middles[:, None] + halves[:, None] * _NODES).ravel()
    weights = (halves[:, None] * _WEIGHTS).ravel() * np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    curve = _evaluate(formula, x, values)

    def expect(array: np.ndarray) -> float:
        return float(weights @ array)

    mean, second = expect(curve.value), expect(curve.value**2)
    variance = max(second - mean * mean, 0.0)
    backward = expect(curve.slope**2)
    # How fast a small relative error of the signal's scale grows from one layer to the next.
    growth = expect(curve.value**2 * (x * x - 1)) / (2 * second) if second else 0.0
    zero = np.abs(mean) < 1e-9
    smoothness = _smoothness(formula, values, branches)
    flat_share = expect((curve.slope == 0).astype(float))
    return {
        "formula": formula.text,
        "latex": formula.latex(),
        "derivative": slope,
        "derivative_latex": Formula(slope).latex(),
        "monotone": _monotone(curve, formula, values, branches, flat_share > 0),
        "smoothness": smoothness,
        "symmetry": _symmetry(formula, values, x),
        "lipschitz": math.inf if smoothness == "discontinuous" else _lipschitz(formula, values, branches),
        "saturates": _saturates(formula, values),
        "zero_slope_share": flat_share if flat_share > 1e-12 else 0.0,
        "mean": 0.0 if zero else mean,
        "variance": variance,
        "zero_centred": bool(zero),
        "gain_second_moment": 1 / math.sqrt(second) if second else math.inf,
        "gain_variance": 1 / math.sqrt(variance) if variance else math.inf,
        "gain_backward": 1 / math.sqrt(backward) if backward else math.inf,
        "depth_stable": growth < 1 + 1e-9,
    }


def _sides(formula: Formula, values: Mapping[str, Any], branches: list[float]) -> tuple[Curve, Curve]:
    points = np.array(branches)
    step = 1e-9 * np.maximum(1.0, np.abs(points))
    return _evaluate(formula, points - step, values), _evaluate(formula, points + step, values)


def _smoothness(formula: Formula, values: Mapping[str, Any], branches: list[float]) -> str:
    if not branches:
        return "smooth"
    left, right = _sides(formula, values, branches)
    for part, level in (("value", "discontinuous"), ("slope", "C0"), ("bend", "C1")):
        before, after = getattr(left, part), getattr(right, part)
        if np.any(np.abs(after - before) > 1e-6 * (1 + np.abs(before))):
            return level
    return "C2"


def _monotone(curve: Curve, formula: Formula, values: Mapping[str, Any], branches: list[float], flat: bool) -> str:
    steps = [curve.slope]
    if branches:
        left, right = _sides(formula, values, branches)
        jumps = right.value - left.value
        steps.append(np.where(np.abs(jumps) > 1e-6, jumps, 0.0))
    moves = np.concatenate(steps)
    if np.all(moves >= 0):
        return "non-decreasing" if flat else "increasing"
    if np.all(moves <= 0):
        return "non-increasing" if flat else "decreasing"
    return "no"


def _symmetry(formula: Formula, values: Mapping[str, Any], x: np.ndarray) -> str:
    at, mirrored = _evaluate(formula, x, values).value, _evaluate(formula, -x, values).value
    scale = 1e-9 * (1 + np.abs(at))
    if np.all(np.abs(at + mirrored) <= scale):
        return "odd"
    return "even" if np.all(np.abs(at - mirrored) <= scale) else "none"


def _lipschitz(formula: Formula, values: Mapping[str, Any], branches: list[float]) -> float:
    # Slopes that still grow far out have no bound.
    far = np.array([-1e4, -1e2, 1e2, 1e4])
    steep = np.abs(_evaluate(formula, far, values).slope)
    if not np.all(np.isfinite(steep)) or steep[0] > 2 * steep[1] + 1 or steep[3] > 2 * steep[2] + 1:
        return math.inf
    low, high, best = -40.0, 40.0, float(steep.max())
    for _ in range(4):  # each round looks a thousand times closer around the steepest point so far
        grid = np.linspace(low, high, 8001)
        steep = np.abs(_evaluate(formula, grid, values).slope)
        top = int(np.argmax(steep))
        best = max(best, float(steep[top]))
        low, high = grid[max(top - 2, 0)], grid[min(top + 2, 8000)]
    if branches:
        best = max(best, *(float(np.abs(side.slope).max()) for side in _sides(formula, values, branches)))
    return float(f"{best:.10g}")


def _saturates(formula: Formula, values: Mapping[str, Any]) -> str:
    with np.errstate(all="ignore"):
        far = _evaluate(formula, np.array([-1e8, -1e6, 1e6, 1e8]), values).value
        level = np.abs(far[[0, 3]] - far[[1, 2]]) < 1e-4
        # A wave comes back to the same values without levelling off.
        near = np.abs(_evaluate(formula, np.array([-1e6, 1e6]) + 1.0, values).value - far[1:3]) < 1e-4
    left, right = (level & near).tolist()
    return {(True, True): "both", (True, False): "left", (False, True): "right"}.get((left, right), "none")
