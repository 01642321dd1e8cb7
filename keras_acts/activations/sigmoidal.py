"""Sigmoidal functions: bounded curves that flatten on both sides."""

from keras import ops

from keras_acts._bases import Elementwise
from keras_acts._core import Tensor, activation, exported


def logistic(x: Tensor) -> tuple[Tensor, Tensor]:
    """The logistic function of `x` and of `-x`, each with full relative precision.

    `exp(-|x|)` never overflows, and neither result is found as 1 minus the other, which would cancel.
    """
    e = ops.exp(-ops.abs(x))
    near, far = 1.0 / (1.0 + e), e / (1.0 + e)
    return ops.where(x < 0, far, near), ops.where(x < 0, near, far)


def _sigmoid_slope(x: Tensor) -> Tensor:
    at, opposite = logistic(x)
    return at * opposite


@activation(
    formula="1 / (1 + exp(-x))",
    source="Verhulst, Notice sur la loi que la population suit dans son accroissement, 1838",
    output_range=("0", "1"),
    aliases=("logistic", "expit", "logsig"),
    slope=_sigmoid_slope,
)
def sigmoid(x: Tensor) -> Tensor:
    """Logistic sigmoid: `1 / (1 + exp(-x))`.

    Its slope is at most 1/4, so each layer of it shrinks the gradient at least fourfold, weights aside.

    Args:
        x: Tensor of any shape.

    Returns:
        Tensor of the same shape and floating-point dtype, from 0 to 1.

    Example:
        >>> np.asarray(keras_acts.sigmoid([-1000.0, 0.0, 1000.0]))
        array([0. , 0.5, 1. ], dtype=float32)
    """
    return logistic(x)[0]


class Sigmoid(Elementwise, fn=sigmoid):
    """Layer form of `sigmoid`.

    Args:
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Example:
        >>> np.asarray(keras_acts.Sigmoid()(np.array([[0.0]])))
        array([[0.5]], dtype=float32)
    """


def _tanh_slope(x: Tensor) -> Tensor:
    # 1 - tanh(x)**2 is exactly 0 from |x| = 9 on in float32; in terms of e = exp(-2|x|) nothing cancels.
    e = ops.exp(-2.0 * ops.abs(x))
    return 4.0 * e / ((1.0 + e) * (1.0 + e))


@activation(
    formula="tanh(x)",
    source="LeCun et al., Efficient BackProp, 1998, which recommends it over the logistic function",
    output_range=("-1", "1"),
    aliases=("tansig",),
    slope=_tanh_slope,
)
def tanh(x: Tensor) -> Tensor:
    """Hyperbolic tangent: `tanh(x)`, a sigmoid that is centred on 0 and has slope 1 there.

    Args:
        x: Tensor of any shape.

    Returns:
        Tensor of the same shape and floating-point dtype, from -1 to 1.

    Example:
        >>> np.asarray(keras_acts.tanh([-1000.0, 0.0, 1000.0]))
        array([-1., 0., 1.], dtype=float32)
    """
    return ops.tanh(x)


class Tanh(Elementwise, fn=tanh):
    """Layer form of `tanh`.

    Args:
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Example:
        >>> np.asarray(keras_acts.Tanh()(np.array([[0.0]])))
        array([[0.]], dtype=float32)
    """


__all__ = exported(__name__)
