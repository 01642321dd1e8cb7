"""Rectifiers: the line `x` on the right, joined at a point to a line, a parabola or an exponential on its left."""

import math

from keras import ops

from keras_acts import _backend
from keras_acts._bases import Elementwise
from keras_acts._core import Tensor, activation, exported, number
from keras_acts._numerics import at_most, bounded, one_between, over_root, times_logistic

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

    Examples:
        >>> np.asarray(keras_acts.linear([-1.0, 2.0]))
        array([-1., 2.], dtype=float32)
    """
    return x


class Linear(Elementwise, fn=linear):
    """Layer form of `linear`.

    Args:
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
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
    used_by=("ResNet", "VGG", "the original Transformer"),
    slope_of_output=lambda y: one_between(y, 0.0),
)
def relu(x: Tensor) -> Tensor:
    """Rectified linear unit: `x` where positive, 0 elsewhere.

    The slope at 0 is 0. A unit whose input is never positive gets no gradient at all: it is dead.

    Args:
        x: Tensor of any shape.

    Returns:
        Tensor of the same shape and floating-point dtype, in `[0, inf)`.

    Examples:
        >>> np.asarray(keras_acts.relu([-2.0, 0.0, 3.0]))
        array([0., 0., 3.], dtype=float32)
    """
    # Comparing with <= lets NaN through: `x > 0` would turn it into a plausible 0.
    return ops.where(x <= 0, ops.zeros_like(x), x)


class ReLU(Elementwise, fn=relu):
    """Layer form of `relu`. Unlike `keras.layers.ReLU` it takes no slope, ceiling or threshold.

    Args:
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.ReLU()(np.array([[-2.0, 3.0]])))
        array([[0., 3.]], dtype=float32)
    """


def _leaky_slope(y: Tensor, negative_slope: float) -> Tensor:
    return ops.where(y > 0, ops.ones_like(y), ops.full_like(y, negative_slope))


@activation(
    formula="where(x > 0, x, negative_slope * x)",
    source="Maas et al., Rectifier Nonlinearities Improve Neural Network Acoustic Models, ICML 2013",
    output_range=("-inf if negative_slope > 0 else 0", "inf"),
    kinks={"0": "negative_slope"},
    aliases=("lrelu",),
    limits={"negative_slope": (0.0, _INF)},
    presets={"keras": {"negative_slope": 0.3}},
    used_by=("YOLO up to version 3", "DCGAN (in the discriminator)"),
    distinct_from={"leaky_relu of Keras": "slope 0.2 as a function, 0.3 as a layer"},
    slope_of_output=_leaky_slope,
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

    Examples:
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

    Examples:
        >>> np.asarray(keras_acts.LeakyReLU(0.5)(np.array([[-2.0, 3.0]])))
        array([[-1., 3.]], dtype=float32)
    """

    def __init__(self, negative_slope: float = 0.01, **kwargs):
        super().__init__({"negative_slope": negative_slope}, **kwargs)


def _elu_slope(x: Tensor, alpha: float) -> Tensor:
    return ops.where(x > 0, ops.ones_like(x), alpha * ops.exp(at_most(x, 0.0)))


@activation(
    formula="where(x > 0, x, alpha * expm1(x))",
    source="Clevert et al., Fast and Accurate Deep Network Learning by Exponential Linear Units (ELUs), 2015, "
    "arXiv:1511.07289",
    output_range=("-alpha", "inf"),
    kinks={"0": "alpha"},
    limits={"alpha": (0.0, _INF)},
    equals=("celu(x, alpha=1)",),
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

    Examples:
        >>> np.asarray(keras_acts.elu([-1e9, 3.0], alpha=0.5))
        array([-0.5, 3. ], dtype=float32)
    """
    # exp(x) - 1 would lose every digit near 0; exp of a large positive x would overflow in the branch not taken.
    return ops.where(x > 0, x, alpha * _backend.expm1(at_most(x, 0.0)))


class ELU(Elementwise, fn=elu):
    """Layer form of `elu`.

    Args:
        alpha: Minus the value that large negative inputs approach, a number that is not negative.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
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
    return ops.where(x > 0, scale, (_SELU_SCALE * _SELU_ALPHA) * ops.exp(at_most(x, 0.0)))


@activation(
    formula="1.0507009873554805 * where(x > 0, x, 1.6732632423543772 * expm1(x))",
    source="Klambauer et al., Self-Normalizing Neural Networks, 2017, arXiv:1706.02515",
    output_range=("-1.7580993408473766", "inf"),
    kinks={"0": "1.0507009873554805 * 1.6732632423543772"},
    used_by=("self-normalizing networks",),
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

    Examples:
        >>> np.asarray(keras_acts.selu([-1e9, 1.0])).round(4)
        array([-1.7581, 1.0507], dtype=float32)
    """
    return _SELU_SCALE * ops.where(x > 0, x, _SELU_ALPHA * _backend.expm1(at_most(x, 0.0)))


class SELU(Elementwise, fn=selu):
    """Layer form of `selu`.

    Args:
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.SELU()(np.array([[1.0]]))).round(4)
        array([[1.0507]], dtype=float32)
    """


@activation(
    formula="minimum(maximum(x, 0), max_value)",
    source="Hannun et al., Deep Speech: Scaling up end-to-end speech recognition, 2014, arXiv:1412.5567",
    output_range=("0", "max_value"),
    kinks={"0": "0", "max_value": "0"},
    aliases=("bounded_relu", "capped_relu", "relu_n"),
    limits={"max_value": (0.0, _INF)},
    distinct_from={"clamped_relu": "CoreML's has a slope below 0 too"},
    slope_of_output=lambda y, max_value: one_between(y, 0.0, max_value),
)
def clipped_relu(x: Tensor, max_value: float = 20.0) -> Tensor:
    """Rectifier with a ceiling: `min(max(x, 0), max_value)`.

    The default is the paper's; CoreML and MATLAB have none, and `keras.layers.ReLU(max_value=...)` has no ceiling
    unless told. The slope at 0 and at `max_value` is 0.

    Args:
        x: Tensor of any shape.
        max_value: The ceiling, a number that is not negative.

    Returns:
        Tensor of the same shape and floating-point dtype, from 0 to `max_value`.

    Raises:
        TypeError: `max_value` is not a number.
        ValueError: `max_value` is negative, infinite or NaN.

    Examples:
        >>> np.asarray(keras_acts.clipped_relu([-1.0, 2.0, 7.0], max_value=5.0))
        array([0., 2., 5.], dtype=float32)
    """
    return ops.where(x <= 0, ops.zeros_like(x), ops.where(x >= max_value, ops.full_like(x, max_value), x))


class ClippedReLU(Elementwise, fn=clipped_relu):
    """Layer form of `clipped_relu`.

    Args:
        max_value: The ceiling, a number that is not negative.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.ClippedReLU(5.0)(np.array([[-1.0, 7.0]])))
        array([[0., 5.]], dtype=float32)
    """

    def __init__(self, max_value: float = 20.0, **kwargs):
        super().__init__({"max_value": max_value}, **kwargs)


@activation(
    formula="minimum(maximum(x, 0), 6)",
    source="Krizhevsky, Convolutional Deep Belief Networks on CIFAR-10, 2010",
    output_range=("0", "6"),
    kinks={"0": "0", "6": "0"},
    used_by=("MobileNet",),
    equals=("clipped_relu(x, max_value=6)",),
    slope_of_output=lambda y: one_between(y, 0.0, 6.0),
)
def relu6(x: Tensor) -> Tensor:
    """Rectifier with a ceiling of 6: `min(max(x, 0), 6)`.

    The ceiling keeps activations within the range of low-precision numbers. The slope at 0 and at 6 is 0.

    Args:
        x: Tensor of any shape.

    Returns:
        Tensor of the same shape and floating-point dtype, from 0 to 6.

    Examples:
        >>> np.asarray(keras_acts.relu6([-1.0, 2.0, 7.0]))
        array([0., 2., 6.], dtype=float32)
    """
    return clipped_relu(x, 6.0)


class ReLU6(Elementwise, fn=relu6):
    """Layer form of `relu6`.

    Args:
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.ReLU6()(np.array([[-1.0, 7.0]])))
        array([[0., 6.]], dtype=float32)
    """


@activation(
    formula="where(x > threshold, x, 0)",
    source="Konda et al., Zero-bias Autoencoders and the Benefits of Co-adapting Features, 2014, arXiv:1402.3337",
    output_range=("minimum(threshold, 0)", "inf"),
    kinks={"threshold": "0"},
    aliases=("trelu", "theta_relu", "fatrelu"),
    limits={"threshold": (-_INF, _INF)},
    equals=("threshold(x, threshold=1, default_value=0)",),
    distinct_from={"tailored_relu": "also abbreviated TReLU"},
)
def thresholded_relu(x: Tensor, threshold: float = 1.0) -> Tensor:
    """Thresholded rectifier: `x` where above `threshold`, 0 elsewhere.

    The value jumps at the threshold, where it is 0 and so is the slope. This is the layer `ThresholdedReLU(theta)` that
    Keras 3 removed, and ONNX's ThresholdedRelu.

    Args:
        x: Tensor of any shape.
        threshold: The input up to which the result is 0.

    Returns:
        Tensor of the same shape and floating-point dtype.

    Raises:
        TypeError: `threshold` is not a number.
        ValueError: `threshold` is infinite or NaN.

    Examples:
        >>> np.asarray(keras_acts.thresholded_relu([-1.0, 0.5, 2.0]))
        array([0., 0., 2.], dtype=float32)
    """
    return ops.where(x <= threshold, ops.zeros_like(x), x)


class ThresholdedReLU(Elementwise, fn=thresholded_relu):
    """Layer form of `thresholded_relu`.

    Args:
        threshold: The input up to which the result is 0.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.ThresholdedReLU(0.5)(np.array([[0.4, 2.0]])))
        array([[0., 2.]], dtype=float32)
    """

    def __init__(self, threshold: float = 1.0, **kwargs):
        super().__init__({"threshold": threshold}, **kwargs)


@activation(
    formula="where(x > threshold, x, default_value)",
    source="Torch's Threshold module",
    output_range=("minimum(threshold, default_value)", "inf"),
    kinks={"threshold": "0"},
    limits={"threshold": (-_INF, _INF), "default_value": (-_INF, _INF)},
)
def threshold(x: Tensor, threshold: float = 0.0, default_value: float = 0.0) -> Tensor:
    """Threshold: `x` where above `threshold`, `default_value` elsewhere.

    Keras and torch have no defaults; with the ones here this is `relu`. The slope at the threshold is 0. torch calls
    `default_value` `value`.

    Args:
        x: Tensor of any shape.
        threshold: The input up to which the result is `default_value`.
        default_value: The result there.

    Returns:
        Tensor of the same shape and floating-point dtype.

    Raises:
        TypeError: `threshold` or `default_value` is not a number.
        ValueError: `threshold` is infinite or NaN; or `default_value` is infinite or NaN.

    Examples:
        >>> np.asarray(keras_acts.threshold([-1.0, 0.5, 2.0], threshold=1.0, default_value=-3.0))
        array([-3., -3., 2.], dtype=float32)
    """
    return ops.where(x <= threshold, ops.full_like(x, default_value), x)


class Threshold(Elementwise, fn=threshold):
    """Layer form of `threshold`.

    Args:
        threshold: The input up to which the result is `default_value`.
        default_value: The result there.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.Threshold(1.0, -3.0)(np.array([[0.4, 2.0]])))
        array([[-3., 2.]], dtype=float32)
    """

    def __init__(self, threshold: float = 0.0, default_value: float = 0.0, **kwargs):
        super().__init__({"threshold": threshold, "default_value": default_value}, **kwargs)


@activation(
    formula="where(x > shift, x - shift, 0)",
    source="Mirzadeh et al., ReLU Strikes Back: Exploiting Activation Sparsity in Large Language Models, 2023, "
    "arXiv:2310.04564",
    output_range=("0", "inf"),
    kinks={"shift": "0"},
    aliases=("displaced_relu", "delay_relu"),
    limits={"shift": (-_INF, _INF)},
    distinct_from={"thresholded_relu": "jumps at its threshold instead of moving the line"},
)
def shifted_relu(x: Tensor, shift: float = 1.0) -> Tensor:
    """Shifted rectifier: `relu(x - shift)`.

    With a positive shift more units are exactly 0, which sparse inference turns into speed. The slope at `shift` is 0.

    Args:
        x: Tensor of any shape.
        shift: How far the rectifier is moved to the right.

    Returns:
        Tensor of the same shape and floating-point dtype, from 0 upwards.

    Raises:
        TypeError: `shift` is not a number.
        ValueError: `shift` is infinite or NaN.

    Examples:
        >>> np.asarray(keras_acts.shifted_relu([0.5, 1.0, 3.0]))
        array([0., 0., 2.], dtype=float32)
    """
    return relu(x - shift)


class ShiftedReLU(Elementwise, fn=shifted_relu):
    """Layer form of `shifted_relu`.

    Args:
        shift: How far the rectifier is moved to the right.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.ShiftedReLU(2.0)(np.array([[1.0, 5.0]])))
        array([[0., 3.]], dtype=float32)
    """

    def __init__(self, shift: float = 1.0, **kwargs):
        super().__init__({"shift": shift}, **kwargs)


@activation(
    formula="where(x > 0, x**2, 0)",
    source="So et al., Primer: Searching for Efficient Transformers for Language Modeling, 2021, arXiv:2109.08668",
    output_range=("0", "inf"),
    aliases=("squared_relu", "relu_squared", "requ"),
    used_by=("Nemotron", "BitNet", "Persimmon"),
    distinct_from={"star_relu": "scales and shifts it, with trained numbers"},
)
def relu2(x: Tensor) -> Tensor:
    """Squared rectifier: `relu(x)**2`.

    Its slope, `2 * relu(x)`, has no jump. In float16 the result is infinite from 256 on.

    Args:
        x: Tensor of any shape.

    Returns:
        Tensor of the same shape and floating-point dtype, from 0 upwards.

    Examples:
        >>> np.asarray(keras_acts.relu2([-1.0, 2.0, 3.0]))
        array([0., 4., 9.], dtype=float32)
    """
    positive = relu(x)
    return positive * positive


class ReLU2(Elementwise, fn=relu2):
    """Layer form of `relu2`.

    Args:
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.ReLU2()(np.array([[-1.0, 3.0]])))
        array([[0., 9.]], dtype=float32)
    """


def _celu_slope(x: Tensor, alpha: float) -> Tensor:
    return ops.exp(at_most(x, 0.0) / alpha)


@activation(
    formula="where(x > 0, x, alpha * expm1(x / alpha))",
    source="Barron, Continuously Differentiable Exponential Linear Units, 2017, arXiv:1704.07483",
    output_range=("-alpha", "inf"),
    limits={"alpha": (1e-6, _INF)},
    distinct_from={"elu": "has a corner at 0 unless alpha is 1; celu is smooth there for every alpha"},
    slope=_celu_slope,
)
def celu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """Continuously differentiable ELU: `x` where positive, `alpha * (exp(x / alpha) - 1)` elsewhere.

    The slope at 0 is 1 for every `alpha`, where that of `elu` jumps; with the defaults the two are the same.

    Args:
        x: Tensor of any shape.
        alpha: Minus the value that large negative inputs approach, a positive number.

    Returns:
        Tensor of the same shape and floating-point dtype, above `-alpha`.

    Raises:
        TypeError: `alpha` is not a number.
        ValueError: `alpha` is below 1e-6, infinite or NaN.

    Examples:
        >>> np.asarray(keras_acts.celu([-1e9, 3.0], alpha=0.5))
        array([-0.5, 3. ], dtype=float32)
    """
    # exp(x) - 1 would lose every digit near 0; exp of a large positive x would overflow in the branch not taken.
    return ops.where(x > 0, x, alpha * _backend.expm1(at_most(x, 0.0) / alpha))


class CELU(Elementwise, fn=celu):
    """Layer form of `celu`.

    Args:
        alpha: Minus the value that large negative inputs approach, a positive number.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.CELU(alpha=0.5)(np.array([[-1e9, 3.0]])))
        array([[-0.5, 3. ]], dtype=float32)
    """

    def __init__(self, alpha: float = 1.0, **kwargs):
        super().__init__({"alpha": alpha}, **kwargs)


def _isrlu_slope(x: Tensor, alpha: float) -> Tensor:
    inverse = over_root(x, alpha)[1]
    return ops.where(x > 0, ops.ones_like(x), inverse * inverse * inverse)


@activation(
    formula="where(x > 0, x, x / sqrt(1 + alpha * x**2))",
    source="Carlile et al., Improving Deep Learning by Inverse Square Root Linear Units (ISRLUs), 2017, "
    "arXiv:1710.09967",
    output_range=("-1 / sqrt(alpha)", "inf"),
    aliases=("inverse_square_root_linear_unit",),
    limits={"alpha": (1e-6, 1e6)},
    slope=_isrlu_slope,
)
def isrlu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """Inverse square root linear unit: `x` where positive, `x / sqrt(1 + alpha * x**2)` elsewhere.

    Close to `elu`, without an exponential; slope and curvature are continuous at 0.

    Args:
        x: Tensor of any shape.
        alpha: Large negative inputs approach `-1 / sqrt(alpha)`.

    Returns:
        Tensor of the same shape and floating-point dtype, above `-1 / sqrt(alpha)`.

    Raises:
        TypeError: `alpha` is not a number.
        ValueError: `alpha` is not from 1e-6 to 1e6.

    Examples:
        >>> np.asarray(keras_acts.isrlu([-1e9, 3.0], alpha=4.0))
        array([-0.5, 3. ], dtype=float32)
    """
    return ops.where(x > 0, x, over_root(x, alpha)[0])


class ISRLU(Elementwise, fn=isrlu):
    """Layer form of `isrlu`.

    Args:
        alpha: Large negative inputs approach `-1 / sqrt(alpha)`.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.ISRLU(alpha=4.0)(np.array([[-1e9, 3.0]])))
        array([[-0.5, 3. ]], dtype=float32)
    """

    def __init__(self, alpha: float = 1.0, **kwargs):
        super().__init__({"alpha": alpha}, **kwargs)


def _elish_slope(x: Tensor) -> Tensor:
    x = bounded(x)
    e = ops.exp(ops.where(x > 0, -x, x))
    # Each is the slope divided by the logistic function, and finite everywhere.
    left, right = (e * (e + 2.0) - 1.0) / (1.0 + e), 1.0 + x * e / (1.0 + e)
    return times_logistic(ops.where(x > 0, right, left), x)


@activation(
    formula="where(x > 0, x, expm1(x)) / (1 + exp(-x))",
    source="Basirat & Roth, The Quest for the Golden Activation Function, 2018, arXiv:1808.00783",
    output_range=("-0.17157287525380990", "inf"),
    aliases=("exponential_linear_sigmoid_squashing",),
    slope=_elish_slope,
)
def elish(x: Tensor) -> Tensor:
    """Exponential linear sigmoid squashing: `elu(x) * sigmoid(x)`.

    Where `x` is positive it is `silu`. The package activations-plus leaves the sigmoid out on the negative side.

    Args:
        x: Tensor of any shape.

    Returns:
        Tensor of the same shape and floating-point dtype, from -0.1716 upwards.

    Examples:
        >>> np.asarray(keras_acts.elish([-1000.0, 0.0, 1.0])).round(4)
        array([-0. , 0. , 0.7311], dtype=float32)
    """
    return times_logistic(elu(x), x)


class ELiSH(Elementwise, fn=elish):
    """Layer form of `elish`.

    Args:
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.ELiSH()(np.array([[1.0]]))).round(4)
        array([[0.7311]], dtype=float32)
    """


def _smelu_slope(x: Tensor, beta: float) -> Tensor:
    return ops.clip((x + beta) / (2.0 * beta), 0.0, 1.0)


@activation(
    formula="where(x <= -beta, 0, where(x < beta, (x + beta) ** 2 / (4 * beta), x))",
    source="Shamir & Lin, Real World Large Scale Recommendation Systems Reproducibility and Smooth Activations, 2022, "
    "arXiv:2202.06499",
    output_range=("0", "inf"),
    limits={"beta": (1e-6, _INF)},
    equals=("sparse_plus(x)",),
    distinct_from={"softplus": "also called smooth ReLU"},
    slope=_smelu_slope,
)
def smelu(x: Tensor, beta: float = 1.0) -> Tensor:
    """Smooth rectifier: 0 up to `-beta`, `x` from `beta`, and the parabola `(x + beta)**2 / (4 * beta)` between.

    Its slope, a clipped line, has no jump.

    Args:
        x: Tensor of any shape.
        beta: Half the width of the parabola between the two lines, a positive number.

    Returns:
        Tensor of the same shape and floating-point dtype, from 0 upwards.

    Raises:
        TypeError: `beta` is not a number.
        ValueError: `beta` is below 1e-6, infinite or NaN.

    Examples:
        >>> np.asarray(keras_acts.smelu([-3.0, 0.0, 3.0], beta=2.0))
        array([0. , 0.5, 3. ], dtype=float32)
    """
    parabola = (x + beta) * (x + beta) * (0.25 / beta)
    return ops.where(x <= -beta, ops.zeros_like(x), ops.where(x >= beta, x, parabola))


class SmeLU(Elementwise, fn=smelu):
    """Layer form of `smelu`.

    Args:
        beta: Half the width of the parabola between the two lines, a positive number.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.SmeLU(beta=2.0)(np.array([[-3.0, 0.0]])))
        array([[0. , 0.5]], dtype=float32)
    """

    def __init__(self, beta: float = 1.0, **kwargs):
        super().__init__({"beta": beta}, **kwargs)


@activation(
    formula="where(x <= -1, 0, where(x < 1, (x + 1) ** 2 / 4, x))",
    source="Blondel et al., Learning with Fenchel-Young Losses, 2019, arXiv:1901.02324",
    output_range=("0", "inf"),
    equals=("smelu(x, beta=1)",),
    slope=lambda x: _smelu_slope(x, 1.0),
)
def sparse_plus(x: Tensor) -> Tensor:
    """Sparse softplus: 0 up to -1, `x` from 1, and the parabola `(x + 1)**2 / 4` between.

    Its slope is `sparse_sigmoid`, as that of `softplus` is `sigmoid`.

    Args:
        x: Tensor of any shape.

    Returns:
        Tensor of the same shape and floating-point dtype, from 0 upwards.

    Examples:
        >>> np.asarray(keras_acts.sparse_plus([-2.0, 0.0, 2.0]))
        array([0. , 0.25, 2. ], dtype=float32)
    """
    return smelu(x)


class SparsePlus(Elementwise, fn=sparse_plus):
    """Layer form of `sparse_plus`.

    Args:
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.SparsePlus()(np.array([[-2.0, 0.0]])))
        array([[0. , 0.25]], dtype=float32)
    """


def _hard_silu_slope(x: Tensor) -> Tensor:
    # x + 1.5 is exact near the slope's own zero, where 2 * x / 6 + 0.5 would cancel.
    return ops.where(x <= -3, ops.zeros_like(x), ops.where(x >= 3, ops.ones_like(x), (x + 1.5) / 3.0))


@activation(
    formula="where(x <= -3, 0, where(x < 3, x * (x + 3) / 6, x))",
    source="Howard et al., Searching for MobileNetV3, 2019, arXiv:1905.02244",
    output_range=("-0.375", "inf"),
    kinks={"-3": "0", "3": "1"},
    aliases=("hard_swish", "h_swish"),
    used_by=("MobileNetV3",),
    slope=_hard_silu_slope,
)
def hard_silu(x: Tensor) -> Tensor:
    """Hard SiLU or hard swish: `x * relu6(x + 3) / 6`.

    A parabola between -3 and 3 stands for the curve of `silu`. The slope at -3 is 0 and at 3 is 1, as in Keras.

    Args:
        x: Tensor of any shape.

    Returns:
        Tensor of the same shape and floating-point dtype, from -0.375 upwards.

    Examples:
        >>> np.asarray(keras_acts.hard_silu([-4.0, 1.0, 4.0])).round(4)
        array([0. , 0.6667, 4. ], dtype=float32)
    """
    return ops.where(x <= -3, ops.zeros_like(x), ops.where(x >= 3, x, x * ((x + 3.0) / 6.0)))


class HardSiLU(Elementwise, fn=hard_silu):
    """Layer form of `hard_silu`.

    Args:
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.HardSiLU()(np.array([[-4.0, 1.0]]))).round(4)
        array([[0. , 0.6667]], dtype=float32)
    """


def _hard_mish_slope(x: Tensor) -> Tensor:
    return ops.where(x <= -2, ops.zeros_like(x), ops.where(x >= 0, ops.ones_like(x), x + 1.0))


@activation(
    formula="where(x <= -2, 0, where(x < 0, x * (x + 2) / 2, x))",
    source="Misra's H-Mish, known from the timm library",
    output_range=("-0.5", "inf"),
    kinks={"-2": "0"},
    aliases=("h_mish",),
    slope=_hard_mish_slope,
)
def hard_mish(x: Tensor) -> Tensor:
    """Hard Mish: `x / 2 * clip(x + 2, 0, 2)`.

    0 up to -2, `x` from 0, and a parabola between stand for the curve of `mish`. The slope at -2 is 0.

    Args:
        x: Tensor of any shape.

    Returns:
        Tensor of the same shape and floating-point dtype, from -0.5 upwards.

    Examples:
        >>> np.asarray(keras_acts.hard_mish([-3.0, -1.0, 3.0]))
        array([ 0. , -0.5, 3. ], dtype=float32)
    """
    return ops.where(x <= -2, ops.zeros_like(x), ops.where(x >= 0, x, 0.5 * x * (x + 2.0)))


class HardMish(Elementwise, fn=hard_mish):
    """Layer form of `hard_mish`.

    Args:
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.HardMish()(np.array([[-1.0, 3.0]])))
        array([[-0.5, 3. ]], dtype=float32)
    """


@activation(
    formula="sqrt(2 / (1 + negative_slope**2)) * where(x > 0, x, negative_slope * x)",
    source="Zhang et al., Deep Learning without Shortcuts: Shaping the Kernel with Tailored Rectifiers, 2022, "
    "arXiv:2203.08120",
    output_range=("-inf if negative_slope > 0 else 0", "inf"),
    kinks={"0": "sqrt(2 / (1 + negative_slope**2)) * negative_slope"},
    aliases=("tat_relu",),
    limits={"negative_slope": (0.0, 1.0)},
    distinct_from={"thresholded_relu": "also abbreviated TReLU"},
)
def tailored_relu(x: Tensor, negative_slope: float = 0.43) -> Tensor:
    """Tailored rectifier: `leaky_relu(x, negative_slope)` times `sqrt(2 / (1 + negative_slope**2))`.

    The factor keeps the second moment of a standard normal input at 1. The slope that suits a network follows from its
    depth: the default suits 50 layers, and `TailoredReLU.for_depth` finds it for another. The slope at 0 is that of the
    left side.

    Args:
        x: Tensor of any shape.
        negative_slope: Slope of the left side relative to the right one, from 0 to 1.

    Returns:
        Tensor of the same shape and floating-point dtype.

    Raises:
        TypeError: `negative_slope` is not a number.
        ValueError: `negative_slope` is not from 0 to 1.

    Examples:
        >>> np.asarray(keras_acts.tailored_relu([-2.0, 0.0, 2.0])).round(4)
        array([-1.1173, 0. , 2.5984], dtype=float32)
    """
    scale = math.sqrt(2.0 / (1.0 + negative_slope * negative_slope))
    # With slope 0 the product at -inf would be NaN, where the limit is 0.
    left = (scale * negative_slope) * x if negative_slope else ops.zeros_like(x)
    return ops.where(x <= 0, left, scale * x)


class TailoredReLU(Elementwise, fn=tailored_relu):
    """Layer form of `tailored_relu`.

    Args:
        negative_slope: Slope of the left side relative to the right one, from 0 to 1.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.TailoredReLU.for_depth(100)(np.array([[-2.0, 2.0]]))).round(4)
        array([[-1.4015, 2.4568]], dtype=float32)
    """

    def __init__(self, negative_slope: float = 0.43, **kwargs):
        super().__init__({"negative_slope": negative_slope}, **kwargs)

    @classmethod
    def for_depth(cls, depth: int, eta: float = 0.9, **kwargs):
        """The layer for a network in which `depth` of it follow each other without shortcuts.

        Its slope makes two inputs at right angles leave the network with a correlation of `eta`: with 0, as in ReLU,
        all inputs of a deep network end up alike. Where even slope 0 keeps them further apart, it is 0.

        Args:
            depth: How many of these layers follow each other.
            eta: The correlation, above 0 and below 1; the paper uses 0.9.
            **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

        Raises:
            TypeError: `depth` or `eta` is not a number.
            ValueError: `depth` is below 1, or `eta` is not between 0 and 1.

        Examples:
            >>> round(keras_acts.TailoredReLU.for_depth(50).negative_slope, 2)
            0.43
        """
        number("TailoredReLU", "depth", depth, 1, 1e6)
        number("TailoredReLU", "eta", eta, 1e-6, 1 - 1e-6)
        low, high = 0.0, 1.0
        while high - low > 1e-9:
            middle = 0.5 * (low + high)
            low, high = (middle, high) if _correlation_after(depth, middle) > eta else (low, middle)
        return cls(low, **kwargs)


def _correlation_after(depth: int, negative_slope: float) -> float:
    """What tailored rectifiers of a wide random network make of two inputs whose correlation is 0."""
    correlation, share = 0.0, (1.0 - negative_slope) ** 2 / (math.pi * (1.0 + negative_slope**2))
    for _ in range(int(depth)):
        angle = math.acos(min(correlation, 1.0))
        correlation += share * (math.sin(angle) - correlation * angle)
    return correlation


__all__ = exported(__name__)
