"""Periodic functions: curves built on sines, for signals that repeat."""

from keras import ops

from keras_acts import _backend
from keras_acts._bases import Elementwise
from keras_acts._core import Tensor, activation, exported


def _phase(x: Tensor, w0: float) -> Tensor:
    # Where the product overflows, the sine of infinity, NaN, would come out of a finite input.
    return ops.clip(w0 * x, -1e38, 1e38) if abs(w0) > 1 else w0 * x


def _sine_slope(x: Tensor, w0: float) -> Tensor:
    return w0 * _backend.cos(_phase(x, w0))


@activation(
    formula="sin(w0 * x)",
    source="Sitzmann et al., Implicit Neural Representations with Periodic Activation Functions, 2020, "
    "arXiv:2006.09661",
    output_range=("-1", "1"),
    aliases=("sin",),
    used_by=("SIREN",),
    limits={"w0": (-1e4, 1e4)},
    slope=_sine_slope,
)
def sine(x: Tensor, w0: float = 1.0) -> Tensor:
    """Sine: `sin(w0 * x)`.

    SIREN networks set `w0=30` and draw their weights from narrow uniform distributions, without which they do not
    train.

    Args:
        x: Tensor of any shape.
        w0: Frequency: how many radians an input of 1 is.

    Returns:
        Tensor of the same shape and floating-point dtype, from -1 to 1.

    Raises:
        TypeError: `w0` is not a number.
        ValueError: `w0` is not from -1e4 to 1e4.

    Examples:
        >>> np.asarray(keras_acts.sine([0.0, 0.05], w0=30.0)).round(4)
        array([0. , 0.9975], dtype=float32)
    """
    return _backend.sin(_phase(x, w0))


class Sine(Elementwise, fn=sine):
    """Layer form of `sine`.

    Args:
        w0: Frequency: how many radians an input of 1 is.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.Sine(w0=30.0)(np.array([[0.05]]))).round(4)
        array([[0.9975]], dtype=float32)
    """

    def __init__(self, w0: float = 1.0, **kwargs):
        super().__init__({"w0": w0}, **kwargs)


def _both(x: Tensor) -> tuple[Tensor, Tensor]:
    """`sin(x) - cos(x)` and `sin(x) + cos(x)`.

    Where one of them cancels, the other does not, and their product is `-cos(2 * x)`, which cancels nowhere.
    """
    (sin, cos), product = _backend.sin_cos(x), -_backend.cos(2.0 * ops.clip(x, -1e38, 1e38))
    is_huge, one = ops.abs(x) > 1e38, ops.ones_like(x)  # beyond, 2 * x overflows
    alike, unlike = sin * cos > 0, sin * cos <= 0
    less_by_product = ops.logical_and(alike, ops.logical_not(is_huge))
    more_by_product = ops.logical_and(unlike, ops.logical_not(is_huge))
    less = ops.where(less_by_product, product / ops.where(less_by_product, sin + cos, one), sin - cos)
    return less, ops.where(more_by_product, product / ops.where(more_by_product, sin - cos, one), sin + cos)


def _sine_relu_slope(x: Tensor, epsilon: float) -> Tensor:
    return ops.where(x > 0, ops.ones_like(x), epsilon * _both(x)[1])


@activation(
    formula="where(x > 0, x, epsilon * (sin(x) - cos(x)))",
    source="Rodrigues, SineReLU: An Alternative to the ReLU Activation Function, 2018",
    output_range=("-1.4142135623730951 * epsilon", "inf"),
    kinks={"0": "epsilon"},
    aliases=("sinusoid_relu",),
    limits={"epsilon": (1e-6, 1.0)},
    used_by=("keras-contrib (SineReLU)",),
    distinct_from={
        "SineReLU of keras-contrib": "takes the larger of both curves, which differs from -epsilon to 0 alone"
    },
    slope=_sine_relu_slope,
)
def sine_relu(x: Tensor, epsilon: float = 0.0025) -> Tensor:
    """Sinusoidal rectifier: `x` where positive, `epsilon * (sin(x) - cos(x))` elsewhere.

    The small wave on the left keeps units from dying. At 0 the curve jumps by `epsilon`; the slope there is `epsilon`.

    Args:
        x: Tensor of any shape.
        epsilon: Size of the wave, above 0.

    Returns:
        Tensor of the same shape and floating-point dtype.

    Raises:
        TypeError: `epsilon` is not a number.
        ValueError: `epsilon` is not from 1e-6 to 1.

    Examples:
        >>> np.asarray(keras_acts.sine_relu([-1.0, 2.0], epsilon=0.5)).round(4)
        array([-0.6909,  2.    ], dtype=float32)
    """
    return ops.where(x > 0, x, epsilon * _both(x)[0])


class SineReLU(Elementwise, fn=sine_relu):
    """Layer form of `sine_relu`.

    Args:
        epsilon: Size of the wave, above 0.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.SineReLU(epsilon=0.5)(np.array([[-1.0, 2.0]]))).round(4)
        array([[-0.6909,  2.    ]], dtype=float32)
    """

    def __init__(self, epsilon: float = 0.0025, **kwargs):
        super().__init__({"epsilon": epsilon}, **kwargs)


__all__ = exported(__name__)
