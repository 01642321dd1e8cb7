"""Building blocks of the curves: forms that keep their digits where textbook forms cancel, overflow or underflow."""

import math

from keras import ops

from keras_acts import _backend
from keras_acts._core import Tensor


def at_least(x: Tensor, low: float) -> Tensor:
    """The larger of `x` and a number. `keras.ops.maximum` does the same, but turns torch's float64 into float32."""
    return ops.clip(x, low, math.inf)


def at_most(x: Tensor, high: float) -> Tensor:
    """The smaller of `x` and a number, in the dtype of `x`."""
    return ops.clip(x, -math.inf, high)


def bounded(x: Tensor) -> Tensor:
    """`x` kept within +-1000, where curves made of exponentials have long reached their limits.

    Without it `inf * 0`, which is NaN, would stand where a limit belongs.
    """
    return ops.clip(x, -1000.0, 1000.0)


def reciprocal(x: Tensor) -> Tensor:
    """`1 / x`. So written, TensorFlow's graphs would compute it with a kernel that answers 1 with 0.9999999."""
    return -1.0 / -x


def size(x: Tensor) -> Tensor:
    """|x|, whose slope at 0 is 1 and not 0, as TensorFlow's is: so the slopes of curves made of it are right at 0."""
    return ops.where(x < 0, -x, x)


def one_between(y: Tensor, low: float, high: float | None = None) -> Tensor:
    """1 where `y` lies between the bounds, 0 on and beyond them: the slope of a clipped line, from its output."""
    is_out = y <= low if high is None else (y <= low) | (y >= high)
    return ops.where(is_out, ops.zeros_like(y), ops.ones_like(y))


def logistic(x: Tensor) -> tuple[Tensor, Tensor]:
    """The logistic function of `x` and of `-x`, each with full relative precision.

    `exp(-|x|)` never overflows, and neither result is found as 1 minus the other, which would cancel.
    """
    e = ops.exp(-size(x))
    one = ops.ones_like(x)
    return ops.where(x < 0, e, one) / (1.0 + e), ops.where(x < 0, one, e) / (1.0 + e)


def times_exp(factor: Tensor, x: Tensor) -> Tensor:
    """`factor * exp(x)`, where `exp(x)` alone may be too small for the dtype: half of it is multiplied in twice."""
    half = ops.exp(0.5 * x)
    return (factor * half) * half


def times_logistic(factor: Tensor, x: Tensor) -> Tensor:
    """`factor` times the logistic function of `x`, which alone may be too small for the dtype.

    Far left it is `exp(x)`, of which half is multiplied in twice; elsewhere one division is most exact.
    """
    is_far = x < -80.0
    e = ops.exp(ops.where(is_far, 0.5 * x, -x))
    return ops.where(is_far, (factor * e) * e, factor / (1.0 + e))


def swish_slope(x: Tensor, y: Tensor, rate: Tensor | float) -> Tensor:
    """The slope of `x * logistic(y)`, where `rate` is the slope of `y`.

    Over one denominator it takes one exponential, and where the slope of `silu` is 0, the 1 in it is added exactly.
    """
    is_far = y < -80.0  # where exp(y) alone may be too small
    e, start = ops.exp(ops.where(is_far, 0.5 * y, -size(y))), 1.0 + x * rate
    top = ops.where(y < 0, e * (start + e), 1.0 + e * start)
    return ops.where(is_far, (start * e) * e, top / ops.square(1.0 + e))


def tanh_slope(x: Tensor) -> Tensor:
    """`1 - tanh(x)**2`, which so written is exactly 0 from |x| = 9 on in float32; with exp(-2|x|) nothing cancels."""
    e = ops.exp(-2.0 * size(x))
    return 4.0 * e / ((1.0 + e) * (1.0 + e))


def precise_tanh(x: Tensor) -> Tensor:
    """The hyperbolic tangent; the backends' own is up to 5 units in the last place off far from 0."""
    if _backend.is_fused(x):  # outside XLA expm1 has the same fault
        part, one = _backend.expm1(2.0 * at_most(size(x), 10.0)), ops.ones_like(x)
        return ops.where(x < 0, -one, one) * (part / (2.0 + part))
    e = ops.exp(-2.0 * ops.abs(x))
    far = (1.0 - e) / (1.0 + e)
    return ops.where(ops.abs(x) < 0.5, ops.tanh(x), ops.where(x < 0, -far, far))


def precise_erf(x: Tensor) -> Tensor:
    """The error function; the backends' own is up to 6 units in the last place off around |x| = 3.5."""
    far = 1.0 - _backend.erfc(ops.abs(x))
    return ops.where(ops.abs(x) < 1, ops.erf(x), ops.where(x < 0, -far, far))


def over_root(x: Tensor, scale: float = 1.0) -> tuple[Tensor, Tensor]:
    """`x / sqrt(1 + scale * x**2)` and `1 / sqrt(1 + scale * x**2)`.

    `x**2` overflows, and `inf / inf` is NaN; after dividing everything by |x| where that is above 1, neither arises.
    """
    u, v = ops.clip(x, -1.0, 1.0), reciprocal(at_least(ops.abs(x), 1.0))
    root = ops.sqrt(v * v + scale * u * u)
    return u / root, v / root
