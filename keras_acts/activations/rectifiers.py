"""Rectifiers: straight lines, or a line joined to an exponential, that meet at zero."""

import math

from keras import ops

from keras_acts._bases import Elementwise
from keras_acts._core import Tensor, activation, exported

_INF = math.inf


@activation(
    formula="x",
    source="The identity; the perceptron's weighted sum is its oldest use (Rosenblatt, 1958)",
    aliases=("identity",),
)
def linear(x: Tensor) -> Tensor:
    """Identity: `x`. Network layers that use nothing else collapse into one linear layer.

    Args:
        x: Tensor of any shape.

    Returns:
        `x`; integers become floats.

    Example:
        >>> np.asarray(keras_acts.linear([-1.0, 2.0]))
        array([-1., 2.], dtype=float32)
    """
    return x


class Linear(Elementwise, fn=linear):
    """Layer form of `linear`.

    Args:
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Example:
        >>> np.asarray(keras_acts.Linear()(np.array([-1.0, 2.0])))
        array([-1., 2.], dtype=float32)
    """


@activation(
    formula="where(x > 0, x, 0)",
    source="Fukushima, Visual Feature Extraction by a Multilayered Network of Analog Threshold Elements, IEEE TSSC "
    "1969; Nair & Hinton, Rectified Linear Units Improve Restricted Boltzmann Machines, ICML 2010",
    output_range=("0", "inf"),
    kinks={"0": "0"},
    aliases=("rectifier", "ramp"),
)
def relu(x: Tensor) -> Tensor:
    """Rectified linear unit: `x` where positive, 0 elsewhere.

    The slope at 0 is 0. A unit whose input is never positive gets no gradient at all: it is dead.

    Args:
        x: Tensor of any shape.

    Returns:
        Tensor of the same shape and floating-point dtype, in `[0, inf)`.

    Example:
        >>> np.asarray(keras_acts.relu([-2.0, 0.0, 3.0]))
        array([0., 0., 3.], dtype=float32)
    """
    # Comparing with <= lets NaN through: `x > 0` would turn it into a plausible 0.
    return ops.where(x <= 0, ops.zeros_like(x), x)


class ReLU(Elementwise, fn=relu):
    """Layer form of `relu`. Unlike `keras.layers.ReLU` it takes no slope, ceiling or threshold.

    Args:
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Example:
        >>> np.asarray(keras_acts.ReLU()(np.array([[-2.0, 3.0]])))
        array([[0., 3.]], dtype=float32)
    """


@activation(
    formula="where(x > 0, x, negative_slope * x)",
    source="Maas et al., Rectifier Nonlinearities Improve Neural Network Acoustic Models, ICML 2013",
    output_range=("-inf if negative_slope > 0 else 0", "inf"),
    kinks={"0": "negative_slope"},
    aliases=("lrelu",),
    limits={"negative_slope": (0.0, _INF)},
    presets={"keras": {"negative_slope": 0.3}},
)
def leaky_relu(x: Tensor, negative_slope: float = 0.01) -> Tensor:
    """Leaky rectifier: `x` where positive, `negative_slope * x` elsewhere.

    The slope at 0 is `negative_slope`. The default is the paper's and torch's; Keras has 0.2 in
    `keras.activations.leaky_relu` and 0.3 in `keras.layers.LeakyReLU`.

    Args:
        x: Tensor of any shape.
        negative_slope: Slope for negative inputs, a number that is not negative.

    Returns:
        Tensor of the same shape and floating-point dtype.

    Raises:
        TypeError: `negative_slope` is not a number.
        ValueError: `negative_slope` is negative, infinite or NaN.

    Example:
        >>> np.asarray(keras_acts.leaky_relu([-2.0, 3.0], negative_slope=0.5))
        array([-1., 3.], dtype=float32)
    """
    # With slope 0 the product at -inf would be NaN, where the limit is 0.
    return ops.where(x > 0, x, negative_slope * x) if negative_slope else ops.where(x <= 0, ops.zeros_like(x), x)


class LeakyReLU(Elementwise, fn=leaky_relu):
    """Layer form of `leaky_relu`. The default slope is 0.01, not 0.3 as in `keras.layers.LeakyReLU`.

    Args:
        negative_slope: Slope for negative inputs, a number that is not negative.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Example:
        >>> np.asarray(keras_acts.LeakyReLU(0.5)(np.array([[-2.0, 3.0]])))
        array([[-1., 3.]], dtype=float32)
    """

    def __init__(self, negative_slope: float = 0.01, **kwargs):
        super().__init__({"negative_slope": negative_slope}, **kwargs)


def _elu_slope(x: Tensor, alpha: float = 1.0) -> Tensor:
    return ops.where(x > 0, ops.ones_like(x), alpha * ops.exp(ops.minimum(x, 0.0)))


@activation(
    formula="where(x > 0, x, alpha * expm1(x))",
    source="Clevert et al., Fast and Accurate Deep Network Learning by Exponential Linear Units (ELUs), 2015, "
    "arXiv:1511.07289",
    output_range=("-alpha", "inf"),
    kinks={"0": "alpha"},
    limits={"alpha": (0.0, _INF)},
    slope=_elu_slope,
)
def elu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """Exponential linear unit: `x` where positive, `alpha * (exp(x) - 1)` elsewhere.

    The slope at 0 is `alpha`, so with the default the curve has no kink.

    Args:
        x: Tensor of any shape.
        alpha: Minus the value that large negative inputs approach, a number that is not negative.

    Returns:
        Tensor of the same shape and floating-point dtype, above `-alpha`.

    Raises:
        TypeError: `alpha` is not a number.
        ValueError: `alpha` is negative, infinite or NaN.

    Example:
        >>> np.asarray(keras_acts.elu([-1e9, 3.0], alpha=0.5))
        array([-0.5, 3. ], dtype=float32)
    """
    # exp(x) - 1 would lose every digit near 0; exp of a large positive x would overflow in the branch not taken.
    return ops.where(x > 0, x, alpha * ops.expm1(ops.minimum(x, 0.0)))


class ELU(Elementwise, fn=elu):
    """Layer form of `elu`.

    Args:
        alpha: Minus the value that large negative inputs approach, a number that is not negative.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Example:
        >>> np.asarray(keras_acts.ELU(alpha=0.5)(np.array([[-1e9, 3.0]])))
        array([[-0.5, 3. ]], dtype=float32)
    """

    def __init__(self, alpha: float = 1.0, **kwargs):
        super().__init__({"alpha": alpha}, **kwargs)


# Solutions of the paper's fixed-point equations: a unit input distribution stays at mean 0 and variance 1.
_SELU_ALPHA = 1.6732632423543772
_SELU_SCALE = 1.0507009873554805


def _selu_slope(x: Tensor) -> Tensor:
    scale = ops.full_like(x, _SELU_SCALE)
    return ops.where(x > 0, scale, (_SELU_SCALE * _SELU_ALPHA) * ops.exp(ops.minimum(x, 0.0)))


@activation(
    formula="1.0507009873554805 * where(x > 0, x, 1.6732632423543772 * expm1(x))",
    source="Klambauer et al., Self-Normalizing Neural Networks, 2017, arXiv:1706.02515",
    output_range=("-1.7580993408473766", "inf"),
    kinks={"0": "1.0507009873554805 * 1.6732632423543772"},
    slope=_selu_slope,
)
def selu(x: Tensor) -> Tensor:
    """Scaled exponential linear unit: `1.0507 * elu(x, alpha=1.6733)`.

    Inputs of mean 0 and variance 1 keep them. Use it with `kernel_initializer="lecun_normal"` and
    `keras.layers.AlphaDropout`. The slope at 0 is that of the negative side, 1.7581.

    Args:
        x: Tensor of any shape.

    Returns:
        Tensor of the same shape and floating-point dtype, above -1.7581.

    Example:
        >>> np.asarray(keras_acts.selu([-1e9, 1.0])).round(4)
        array([-1.7581, 1.0507], dtype=float32)
    """
    negative = (_SELU_SCALE * _SELU_ALPHA) * ops.expm1(ops.minimum(x, 0.0))
    return ops.where(x > 0, _SELU_SCALE * x, negative)


class SELU(Elementwise, fn=selu):
    """Layer form of `selu`.

    Args:
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Example:
        >>> np.asarray(keras_acts.SELU()(np.array([[1.0]]))).round(4)
        array([[1.0507]], dtype=float32)
    """


__all__ = exported(__name__)
