"""Smooth relatives of the rectifier: curves that approach 0 on the left and `x` on the right."""

import math

from keras import ops

from keras_acts._backend import erfc
from keras_acts._bases import Elementwise
from keras_acts._core import Tensor, activation, exported
from keras_acts.activations.sigmoidal import logistic


def bounded(x: Tensor) -> Tensor:
    """`x` kept within +-1000, where every curve here has reached its limit; avoids `inf * 0`, which is NaN."""
    return ops.clip(x, -1000.0, 1000.0)


def _softplus_slope(x: Tensor) -> Tensor:
    return logistic(x)[0]


@activation(
    formula="log(1 + exp(x))",
    source="Dugas et al., Incorporating Second-Order Functional Knowledge for Better Option Pricing, NIPS 2000",
    output_range=("0", "inf"),
    aliases=("smooth_relu",),
    slope=_softplus_slope,
)
def softplus(x: Tensor) -> Tensor:
    """Softplus: `log(1 + exp(x))`, a smooth rectifier whose slope is the logistic sigmoid.

    Args:
        x: Tensor of any shape.

    Returns:
        Tensor of the same shape and floating-point dtype, above 0.

    Example:
        >>> np.asarray(keras_acts.softplus([-1000.0, 0.0, 1000.0])).round(4)
        array([0.000e+00, 6.931e-01, 1.000e+03], dtype=float32)
    """
    # exp of a large positive x overflows; log1p(exp(-|x|)) is the part that is left of a line, and never does.
    return ops.maximum(x, 0.0) + ops.log1p(ops.exp(-ops.abs(x)))


class Softplus(Elementwise, fn=softplus):
    """Layer form of `softplus`.

    Args:
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Example:
        >>> np.asarray(keras_acts.Softplus()(np.array([[0.0]]))).round(4)
        array([[0.6931]], dtype=float32)
    """


def _silu_slope(x: Tensor) -> Tensor:
    x = bounded(x)
    at, opposite = logistic(x)
    return at * (1.0 + x * opposite)


@activation(
    formula="x / (1 + exp(-x))",
    source="Hendrycks & Gimpel, Gaussian Error Linear Units (GELUs), 2016, arXiv:1606.08415; Elfwing et al., "
    "Sigmoid-Weighted Linear Units for Neural Network Function Approximation, 2017, arXiv:1702.03118",
    output_range=("-0.2784645427610738", "inf"),
    aliases=("swish", "swish_1", "sil"),
    slope=_silu_slope,
)
def silu(x: Tensor) -> Tensor:
    """Sigmoid linear unit: `x * sigmoid(x)`, also called swish.

    Args:
        x: Tensor of any shape.

    Returns:
        Tensor of the same shape and floating-point dtype, from -0.2785 upwards.

    Example:
        >>> np.asarray(keras_acts.silu([-1000.0, 0.0, 1.0])).round(4)
        array([-0. , 0. , 0.7311], dtype=float32)
    """
    return ops.maximum(x, -1000.0) * logistic(x)[0]


class SiLU(Elementwise, fn=silu):
    """Layer form of `silu`.

    Args:
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Example:
        >>> np.asarray(keras_acts.SiLU()(np.array([[1.0]]))).round(4)
        array([[0.7311]], dtype=float32)
    """


_SQRT_HALF = math.sqrt(0.5)
_DENSITY_AT_0 = 1.0 / math.sqrt(2.0 * math.pi)


def _normal_cdf(x: Tensor) -> Tensor:
    # 1 + erf cancels on the left, where erfc keeps its digits.
    return 0.5 * erfc(-_SQRT_HALF * x)


def _gelu_slope(x: Tensor) -> Tensor:
    x = bounded(x)
    return _normal_cdf(x) + x * (_DENSITY_AT_0 * ops.exp(-0.5 * x * x))


@activation(
    formula="x / 2 * erfc(-x / sqrt(2))",
    source="Hendrycks & Gimpel, Gaussian Error Linear Units (GELUs), 2016, arXiv:1606.08415",
    output_range=("-0.16997120747990369", "inf"),
    aliases=("gelu_erf", "gelu_python"),
    slope=_gelu_slope,
)
def gelu(x: Tensor) -> Tensor:
    """Gaussian error linear unit: `x * Phi(x)`, with `Phi` the normal distribution function.

    This is the exact form, as in `keras.activations.gelu` and torch; `keras.ops.gelu` and `jax.nn.gelu` default to
    the tanh approximation.

    Args:
        x: Tensor of any shape.

    Returns:
        Tensor of the same shape and floating-point dtype, from -0.1700 upwards.

    Example:
        >>> np.asarray(keras_acts.gelu([-1000.0, 0.0, 1.0])).round(4)
        array([-0. , 0. , 0.8413], dtype=float32)
    """
    return ops.maximum(x, -1000.0) * _normal_cdf(x)


class GELU(Elementwise, fn=gelu):
    """Layer form of `gelu`, the exact form.

    Args:
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Example:
        >>> np.asarray(keras_acts.GELU()(np.array([[1.0]]))).round(4)
        array([[0.8413]], dtype=float32)
    """


__all__ = exported(__name__)
