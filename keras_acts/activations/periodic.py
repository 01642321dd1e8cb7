"""Periodic functions: curves built on sines, for signals that repeat."""

from keras import ops

from keras_acts._bases import Elementwise
from keras_acts._core import Tensor, activation, exported


def _phase(x: Tensor, w0: float) -> Tensor:
    # Where the product overflows, the sine of infinity, NaN, would come out of a finite input.
    return ops.clip(w0 * x, -1e38, 1e38) if abs(w0) > 1 else w0 * x


def _sine_slope(x: Tensor, w0: float = 1.0) -> Tensor:
    return w0 * ops.cos(_phase(x, w0))


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
    return ops.sin(_phase(x, w0))


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


__all__ = exported(__name__)
