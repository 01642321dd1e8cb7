"""Where the slope of an activation is exactly zero, found by asking the function itself.

A table of activations would have to repeat what their formulas say, could not know a user's own function, and would
miss that a smooth curve's slope underflows: `gelu` has slope exactly 0 below about -14. So every function is evaluated
once on a grid, with the derivative that back-propagation uses, and the borders of the zero regions are bisected to the
last bit.
"""

import dataclasses
import math
from collections.abc import Callable

import numpy as np

_MAGNITUDES = np.geomspace(1e-8, 3e38, 512)
_GRID = np.unique(np.concatenate([-_MAGNITUDES, np.linspace(-16, 16, 1025), _MAGNITUDES])).astype("float32")
_ROUNDS = 33  # a bisection over all float32 numbers ends after 32
_SATURATED = 0.1  # of the steepest slope


@dataclasses.dataclass(frozen=True)
class Curve:
    """What the monitor must know of an elementwise function.

    Attributes:
        flat: Closed intervals on which the slope is exactly zero, from left to right.
        low: Below this input the slope is less than a tenth of the steepest, up to minus infinity; `None` where
            the curve keeps its slope.
        high: The same on the right.
        is_identity: Whether the function returns its input.
        image: The same regions in terms of the function's values, if it never falls.
    """

    flat: tuple[tuple[float, float], ...]
    low: float | None
    high: float | None
    is_identity: bool = False
    image: "Curve | None" = None

    @property
    def threshold(self) -> float | None:
        """The input above which the slope is not zero, where that one comparison says everything."""
        if len(self.flat) == 1 and self.flat[0][0] == -math.inf:
            return self.flat[0][1]
        return None


def examine(evaluate: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]) -> Curve | None:
    """Find the curve of a function, or `None` if an element of its result depends on other elements.

    Args:
        evaluate: Maps an array of shape `(2, n)` to the function's values and its slopes, all float32.
    """
    half = _GRID.size // 2
    values, slopes = (row[0] for row in evaluate(np.stack([_GRID, _GRID])))
    others = np.zeros((2, _GRID.size), "float32")
    others[0, :half] = _GRID[:half]
    if not np.array_equal(evaluate(others)[0][0, :half], values[:half], equal_nan=True):
        return None

    def at(points: np.ndarray | list[float]) -> tuple[np.ndarray, np.ndarray]:
        padded = np.zeros((2, _GRID.size), "float32")  # one shape, so that a compiler sees one function
        padded[0, : len(points)] = points
        value, slope = evaluate(padded)
        return value[0, : len(points)], slope[0, : len(points)]

    def slope(points: np.ndarray) -> np.ndarray:
        return at(points)[1]

    # Far out some derivatives are NaN (0 * inf inside); such an end belongs to the region beside it.
    steepest = np.abs(slopes[np.isfinite(slopes)]).max(initial=0.0)
    flat = _regions(lambda s: (s == 0) | np.isnan(s), slopes, slope)
    faint = _regions(lambda s: ~(np.abs(s) >= _SATURATED * steepest), slopes, slope)
    low = faint[0][1] if faint and faint[0][0] == -math.inf and faint[0][1] < math.inf else None
    high = faint[-1][0] if faint and faint[-1][1] == math.inf and faint[-1][0] > -math.inf else None
    curve = Curve(tuple(flat), low, high, bool(np.array_equal(values, _GRID)))
    if not np.all(values[1:] >= values[:-1]):
        return curve

    def image(x: float | None) -> float | None:
        return x if x is None or math.isinf(x) else float(at([x])[0][0])

    images = tuple((image(a), image(b)) for a, b in flat)
    return dataclasses.replace(curve, image=Curve(images, image(low), image(high)))  # pyright: ignore[reportArgumentType]


def _regions(
    holds: Callable[[np.ndarray], np.ndarray], slopes: np.ndarray, slope: Callable[[np.ndarray], np.ndarray]
) -> list[tuple[float, float]]:
    """The closed intervals of inputs on which `holds` is true of the slope."""
    inside = holds(slopes)
    if inside.all():
        return [(-math.inf, math.inf)]
    steps = np.flatnonzero(inside[1:] != inside[:-1])
    if not steps.size:
        return []
    low, high, rising = _order(_GRID[steps]), _order(_GRID[steps + 1]), inside[steps + 1]
    for _ in range(_ROUNDS):
        middle = (low + high) // 2
        is_right = holds(slope(_number(middle))) == rising  # the middle is already on the right-hand side
        high, low = np.where(is_right, middle, high), np.where(is_right, low, middle)
    # The border that lies inside the region: its first number on a rising step, its last one on a falling step.
    borders = _number(np.where(rising, high, low)).tolist()
    if inside[0]:
        borders.insert(0, -math.inf)
    if inside[-1]:
        borders.append(math.inf)
    return list(zip(borders[::2], borders[1::2], strict=True))


def _order(numbers: np.ndarray) -> np.ndarray:
    """Number the float32 numbers from left to right, so that halving an interval halves what is left to search."""
    bits = numbers.view("int32").astype("int64")
    return np.where(bits >= 0, bits, -(bits & 0x7FFFFFFF))


def _number(order: np.ndarray) -> np.ndarray:
    bits = np.where(order >= 0, order, -order | 0x80000000)
    return bits.astype("uint32").view("float32")
