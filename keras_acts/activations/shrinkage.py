"""Shrinkage: functions that pull small inputs to exactly zero."""

import math

from keras import ops

from keras_acts._bases import Elementwise
from keras_acts._core import Tensor, activation, exported
from keras_acts._numerics import precise_tanh

_INF = math.inf


@activation(
    formula="where(abs(x) <= threshold, 0, where(x > 0, x - bias, x + bias))",
    source="ONNX's Shrink operator",
    kinks={"threshold": "0", "-threshold": "0"},
    limits={"threshold": (0.0, _INF), "bias": (-_INF, _INF)},
    distinct_from={"soft_shrink": "has `bias` equal to `threshold`, so it does not jump"},
    used_by=("ONNX (Shrink, whose default bias of 0 is hard_shrink)",),
)
def shrink(x: Tensor, threshold: float = 0.5, bias: float = 0.0) -> Tensor:
    """Shrink: 0 where `|x| <= threshold`, and `x` moved towards 0 by `bias` elsewhere.

    ONNX calls `threshold` lambd. Without a bias it is `hard_shrink`, with `bias` equal to `threshold` it is
    `soft_shrink`. The slope at both thresholds is 0.

    Args:
        x: Tensor of any shape.
        threshold: Inputs up to this size become 0; not negative.
        bias: How far the others are moved towards 0.

    Returns:
        Tensor of the same shape and floating-point dtype.

    Raises:
        TypeError: `threshold` or `bias` is not a number.
        ValueError: `threshold` is negative, infinite or NaN; or `bias` is infinite or NaN.

    Examples:
        >>> np.asarray(keras_acts.shrink([-2.0, 0.25, 2.0], bias=0.25))
        array([-1.75, 0. , 1.75], dtype=float32)
    """
    # Comparing with <= lets NaN through, which has no place within the threshold.
    outside = x if bias == 0 else ops.where(x > 0, x - bias, x + bias)
    return ops.where(ops.abs(x) <= threshold, ops.zeros_like(x), outside)


class Shrink(Elementwise, fn=shrink):
    """Layer form of `shrink`.

    Args:
        threshold: Inputs up to this size become 0; not negative.
        bias: How far the others are moved towards 0.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.Shrink(bias=0.25)(np.array([[0.25, 2.0]])))
        array([[0. , 1.75]], dtype=float32)
    """

    def __init__(self, threshold: float = 0.5, bias: float = 0.0, **kwargs):
        super().__init__({"threshold": threshold, "bias": bias}, **kwargs)


@activation(
    formula="where(abs(x) <= threshold, 0, x)",
    source="Donoho & Johnstone, Ideal Spatial Adaptation by Wavelet Shrinkage, 1994",
    kinks={"threshold": "0", "-threshold": "0"},
    aliases=("hard_threshold", "hard_thresholding"),
    limits={"threshold": (0.0, _INF)},
    equals=("shrink(x, threshold=0.5, bias=0)",),
    used_by=("TensorFlow Addons (hardshrink)",),
)
def hard_shrink(x: Tensor, threshold: float = 0.5) -> Tensor:
    """Hard shrinkage: 0 where `|x| <= threshold`, `x` elsewhere.

    torch calls the threshold `lambd`; TensorFlow Addons had two, `lower` and `upper`. The slope at both thresholds is
    0.

    Args:
        x: Tensor of any shape.
        threshold: Inputs up to this size become 0; not negative.

    Returns:
        Tensor of the same shape and floating-point dtype.

    Raises:
        TypeError: `threshold` is not a number.
        ValueError: `threshold` is negative, infinite or NaN.

    Examples:
        >>> np.asarray(keras_acts.hard_shrink([-2.0, 0.25, 2.0]))
        array([-2., 0., 2.], dtype=float32)
    """
    return shrink(x, threshold)


class HardShrink(Elementwise, fn=hard_shrink):
    """Layer form of `hard_shrink`.

    Args:
        threshold: Inputs up to this size become 0; not negative.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.HardShrink()(np.array([[0.25, 2.0]])))
        array([[0., 2.]], dtype=float32)
    """

    def __init__(self, threshold: float = 0.5, **kwargs):
        super().__init__({"threshold": threshold}, **kwargs)


@activation(
    formula="where(abs(x) <= threshold, 0, where(x > 0, x - threshold, x + threshold))",
    source="Donoho, De-noising by Soft-Thresholding, 1995",
    kinks={"threshold": "0", "-threshold": "0"},
    aliases=("soft_threshold", "soft_thresholding", "prox_l1"),
    limits={"threshold": (0.0, _INF)},
    equals=("shrink(x, threshold=0.5, bias=0.5)",),
    used_by=("TensorFlow Addons (softshrink)",),
)
def soft_shrink(x: Tensor, threshold: float = 0.5) -> Tensor:
    """Soft shrinkage: `sign(x) * max(|x| - threshold, 0)`.

    One step of it minimises a squared error with an L1 penalty. torch calls the threshold `lambd`; TensorFlow Addons
    had two, `lower` and `upper`. The slope at both thresholds is 0.

    Args:
        x: Tensor of any shape.
        threshold: How far every input is moved towards 0; not negative.

    Returns:
        Tensor of the same shape and floating-point dtype.

    Raises:
        TypeError: `threshold` is not a number.
        ValueError: `threshold` is negative, infinite or NaN.

    Examples:
        >>> np.asarray(keras_acts.soft_shrink([-2.0, 0.25, 2.0]))
        array([-1.5, 0. , 1.5], dtype=float32)
    """
    return shrink(x, threshold, threshold)


class SoftShrink(Elementwise, fn=soft_shrink):
    """Layer form of `soft_shrink`.

    Args:
        threshold: How far every input is moved towards 0; not negative.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.SoftShrink()(np.array([[0.25, 2.0]])))
        array([[0. , 1.5]], dtype=float32)
    """

    def __init__(self, threshold: float = 0.5, **kwargs):
        super().__init__({"threshold": threshold}, **kwargs)


# x * cosh(x) - sinh(x) is the sum of 2k / (2k + 1)! * x**(2k + 1) over k = 1, 2, ...; nine terms are enough up to 1.
_SERIES = [2 * k / math.factorial(2 * k + 1) for k in range(9, 0, -1)]


def _tanh_shrink_slope(x: Tensor) -> Tensor:
    y = precise_tanh(x)
    return y * y


@activation(
    formula="x - tanh(x)",
    source="Torch's TanhShrink module",
    used_by=("TensorFlow Addons (tanhshrink)",),
    slope=_tanh_shrink_slope,
)
def tanh_shrink(x: Tensor) -> Tensor:
    """Tanh shrinkage: `x - tanh(x)`, about `x**3 / 3` near 0.

    Args:
        x: Tensor of any shape.

    Returns:
        Tensor of the same shape and floating-point dtype.

    Examples:
        >>> np.asarray(keras_acts.tanh_shrink([-1000.0, 0.03, 1.0])).round(6)
        array([-9.99000e+02, 9.00000e-06, 2.38406e-01], dtype=float32)
    """
    # x - tanh(x) cancels. Up to 1 the power series of its numerator over cosh(x) has only positive terms; beyond, so
    # have |x| - 1 and 1 - tanh(|x|) = 2 * e / (1 + e).
    inside = ops.clip(x, -1.0, 1.0)
    square, series = inside * inside, 0.0
    for coefficient in _SERIES:
        series = series * square + coefficient
    near = inside * square * series / ops.cosh(inside)
    e = ops.exp(-2.0 * ops.abs(x))
    far = (ops.abs(x) - 1.0) + 2.0 * e / (1.0 + e)
    return ops.where(ops.abs(x) < 1, near, ops.where(x < 0, -far, far))


class TanhShrink(Elementwise, fn=tanh_shrink):
    """Layer form of `tanh_shrink`.

    Args:
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.TanhShrink()(np.array([[1.0]]))).round(4)
        array([[0.2384]], dtype=float32)
    """


__all__ = exported(__name__)
