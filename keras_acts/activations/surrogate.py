"""Functions whose stated slope is not their derivative, which is 0 almost everywhere or where it matters."""

import math

from keras import ops

from keras_acts._bases import Elementwise
from keras_acts._core import Tensor, activation, exported
from keras_acts._numerics import bounded, reciprocal, swish_slope
from keras_acts.activations.rectifiers import relu
from keras_acts.activations.sigmoidal import step


def _sugar_bsilu_slope(x: Tensor, alpha: float) -> Tensor:
    x = bounded(x)
    return swish_slope(x + alpha, x, 1.0)


@activation(
    kind="surrogate",
    formula="where(x > 0, x, 0)",
    surrogate="(x + alpha) / (1 + exp(-x)) - alpha / 2",
    source="Horuz et al., The Resurrection of the ReLU, 2025, arXiv:2505.22074",
    output_range=("0", "inf"),
    aliases=("sugar", "bsilu_relu"),
    limits={"alpha": (0.0, 1e6)},
    slope=_sugar_bsilu_slope,
)
def sugar_bsilu(x: Tensor, alpha: float = 1.67) -> Tensor:
    """ReLU with the slope of B-SiLU: `relu(x)` forward, the slope of `(x + alpha) * sigmoid(x)` backward.

    No unit dies: negative inputs give 0 and still get a gradient.

    Args:
        x: Tensor of any shape.
        alpha: How far the surrogate reaches to the left.

    Returns:
        Tensor of the same shape and floating-point dtype, from 0 upwards.

    Raises:
        TypeError: `alpha` is not a number.
        ValueError: `alpha` is not from 0 to 1e6.

    Examples:
        >>> np.asarray(keras_acts.sugar_bsilu([-2.0, 0.0, 3.0]))
        array([0., 0., 3.], dtype=float32)
    """
    return relu(x)


class SugarBSiLU(Elementwise, fn=sugar_bsilu):
    """Layer form of `sugar_bsilu`.

    Args:
        alpha: How far the surrogate reaches to the left.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.SugarBSiLU()(np.array([[-2.0, 3.0]])))
        array([[0., 3.]], dtype=float32)
    """

    def __init__(self, alpha: float = 1.67, **kwargs):
        super().__init__({"alpha": alpha}, **kwargs)


def _sign_ste_slope(x: Tensor) -> Tensor:
    return ops.where(ops.abs(x) <= 1, ops.ones_like(x), ops.zeros_like(x))


@activation(
    kind="surrogate",
    formula="where(x >= 0, 1, -1)",
    surrogate="clip(x, -1, 1)",
    source="Courbariaux et al., Binarized Neural Networks: Training Deep Neural Networks with Weights and Activations "
    "Constrained to +1 or -1, 2016, arXiv:1602.02830",
    output_range=("-1", "1"),
    kinks={"-1": "1", "1": "1"},
    aliases=("binarize", "ste_sign"),
    slope=_sign_ste_slope,
)
def sign_ste(x: Tensor) -> Tensor:
    """Sign with a straight-through slope: 1 from 0 on and -1 below; backward 1 where `|x| <= 1`, 0 elsewhere.

    The binary activation of binarized networks. At 0 it is 1, as in the paper, where `keras.ops.sign` is 0.

    Args:
        x: Tensor of any shape.

    Returns:
        Tensor of the same shape and floating-point dtype, -1 or 1.

    Examples:
        >>> np.asarray(keras_acts.sign_ste([-2.0, 0.0, 3.0]))
        array([-1., 1., 1.], dtype=float32)
    """
    # NaN fails both comparisons and comes through.
    return ops.where(x >= 0, ops.ones_like(x), ops.where(x < 0, -ops.ones_like(x), x))


class SignSTE(Elementwise, fn=sign_ste):
    """Layer form of `sign_ste`.

    Args:
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.SignSTE()(np.array([[-2.0, 3.0]])))
        array([[-1., 1.]], dtype=float32)
    """


def _round_ste_slope(x: Tensor) -> Tensor:
    return ops.ones_like(x)


@activation(
    kind="surrogate",
    formula="round(x)",
    surrogate="x",
    source="Bengio et al., Estimating or Propagating Gradients Through Stochastic Neurons for Conditional Computation, "
    "2013, arXiv:1308.3432",
    aliases=("straight_through_round", "ste_round"),
    slope=_round_ste_slope,
)
def round_ste(x: Tensor) -> Tensor:
    """Rounding with a straight-through slope: the nearest integer forward, slope 1 backward.

    Halves go to the even neighbour. Quantised networks train through it.

    Args:
        x: Tensor of any shape.

    Returns:
        Tensor of the same shape and floating-point dtype, whole numbers.

    Examples:
        >>> np.asarray(keras_acts.round_ste([-1.5, 0.5, 0.6]))
        array([-2., 0., 1.], dtype=float32)
    """
    return ops.round(x)


class RoundSTE(Elementwise, fn=round_ste):
    """Layer form of `round_ste`.

    Args:
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.RoundSTE()(np.array([[-1.5, 0.6]])))
        array([[-2., 1.]], dtype=float32)
    """


def _spike_fast_sigmoid_slope(x: Tensor, sharpness: float) -> Tensor:
    inverse = reciprocal(1.0 + sharpness * ops.abs(x))
    return inverse * inverse


@activation(
    kind="surrogate",
    formula="where(x >= 0, 1, 0)",
    surrogate="x / (1 + sharpness * abs(x))",
    source="Zenke & Ganguli, SuperSpike: Supervised Learning in Multilayer Spiking Neural Networks, 2017, "
    "arXiv:1705.11146",
    output_range=("0", "1"),
    aliases=("superspike", "fast_sigmoid"),
    limits={"sharpness": (1e-6, 1e6)},
    slope=_spike_fast_sigmoid_slope,
)
def spike_fast_sigmoid(x: Tensor, sharpness: float = 25.0) -> Tensor:
    """Spike with the slope of a fast sigmoid: 1 from 0 on, 0 below; backward `1 / (1 + sharpness * |x|)**2`.

    `x` is how far a neuron's potential exceeds its threshold. snnTorch has the same default and does not spike at 0
    itself; the paper uses 100.

    Args:
        x: Tensor of any shape.
        sharpness: How narrow the surrogate slope is around 0, a positive number.

    Returns:
        Tensor of the same shape and floating-point dtype, 0 or 1.

    Raises:
        TypeError: `sharpness` is not a number.
        ValueError: `sharpness` is not from 1e-6 to 1e6.

    Examples:
        >>> np.asarray(keras_acts.spike_fast_sigmoid([-2.0, 0.0, 3.0]))
        array([0., 1., 1.], dtype=float32)
    """
    return step(x)


class SpikeFastSigmoid(Elementwise, fn=spike_fast_sigmoid):
    """Layer form of `spike_fast_sigmoid`.

    Args:
        sharpness: How narrow the surrogate slope is around 0, a positive number.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.SpikeFastSigmoid()(np.array([[-2.0, 3.0]])))
        array([[0., 1.]], dtype=float32)
    """

    def __init__(self, sharpness: float = 25.0, **kwargs):
        super().__init__({"sharpness": sharpness}, **kwargs)


def _spike_arctan_slope(x: Tensor, alpha: float) -> Tensor:
    scaled = (0.5 * math.pi * alpha) * x
    return (0.5 * alpha) / (1.0 + scaled * scaled)


@activation(
    kind="surrogate",
    formula="where(x >= 0, 1, 0)",
    surrogate="atan(pi / 2 * alpha * x) / pi",
    source="Fang et al., Incorporating Learnable Membrane Time Constant to Enhance Learning of Spiking Neural "
    "Networks, 2020, arXiv:2007.05785",
    output_range=("0", "1"),
    aliases=("atan_spike", "spike_atan"),
    limits={"alpha": (1e-6, 1e6)},
    slope=_spike_arctan_slope,
)
def spike_arctan(x: Tensor, alpha: float = 2.0) -> Tensor:
    """Spike with an arctangent's slope: 1 from 0 on, 0 below; backward that of `atan(pi / 2 * alpha * x) / pi`.

    `x` is how far a neuron's potential exceeds its threshold. The default is SpikingJelly's.

    Args:
        x: Tensor of any shape.
        alpha: Twice the surrogate slope at 0, a positive number.

    Returns:
        Tensor of the same shape and floating-point dtype, 0 or 1.

    Raises:
        TypeError: `alpha` is not a number.
        ValueError: `alpha` is not from 1e-6 to 1e6.

    Examples:
        >>> np.asarray(keras_acts.spike_arctan([-2.0, 0.0, 3.0]))
        array([0., 1., 1.], dtype=float32)
    """
    return step(x)


class SpikeArctan(Elementwise, fn=spike_arctan):
    """Layer form of `spike_arctan`.

    Args:
        alpha: Twice the surrogate slope at 0, a positive number.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.SpikeArctan()(np.array([[-2.0, 3.0]])))
        array([[0., 1.]], dtype=float32)
    """

    def __init__(self, alpha: float = 2.0, **kwargs):
        super().__init__({"alpha": alpha}, **kwargs)


__all__ = exported(__name__)
