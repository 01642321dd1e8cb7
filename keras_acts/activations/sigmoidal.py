"""Sigmoidal functions: curves that level off, or grow ever more slowly, on both sides."""

import math

import keras
import numpy as np
from keras import ops

from keras_acts import _backend
from keras_acts._bases import Elementwise
from keras_acts._core import Tensor, activation, exported
from keras_acts._numerics import logistic, one_between, over_root, precise_erf, precise_tanh, reciprocal, tanh_slope

_INF = math.inf


def _sigmoid_slope(x: Tensor) -> Tensor:
    e = ops.exp(-ops.abs(x))
    return e / ops.square(1.0 + e)


@activation(
    formula="1 / (1 + exp(-x))",
    source="Verhulst, Notice sur la loi que la population suit dans son accroissement, 1838",
    output_range=("0", "1"),
    aliases=("logistic", "expit", "logsig"),
    used_by=("gates of LSTM and GRU cells", "outputs of binary classifiers"),
    slope=_sigmoid_slope,
)
def sigmoid(x: Tensor) -> Tensor:
    """Logistic sigmoid: `1 / (1 + exp(-x))`.

    Its slope is at most 1/4, so each layer of it shrinks the gradient at least fourfold, weights aside.

    Args:
        x: Tensor of any shape.

    Returns:
        Tensor of the same shape and floating-point dtype, from 0 to 1.

    Examples:
        >>> np.asarray(keras_acts.sigmoid([-1000.0, 0.0, 1000.0]))
        array([0. , 0.5, 1. ], dtype=float32)
    """
    return logistic(x)[0]


class Sigmoid(Elementwise, fn=sigmoid):
    """Layer form of `sigmoid`.

    Args:
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.Sigmoid()(np.array([[0.0]])))
        array([[0.5]], dtype=float32)
    """


@activation(
    formula="tanh(x)",
    source="LeCun et al., Efficient BackProp, 1998, which recommends it over the logistic function",
    output_range=("-1", "1"),
    aliases=("tansig",),
    used_by=("LSTM and GRU cells",),
    slope=tanh_slope,
)
def tanh(x: Tensor) -> Tensor:
    """Hyperbolic tangent: `tanh(x)`, a sigmoid that is centred on 0 and has slope 1 there.

    Args:
        x: Tensor of any shape.

    Returns:
        Tensor of the same shape and floating-point dtype, from -1 to 1.

    Examples:
        >>> np.asarray(keras_acts.tanh([-1000.0, 0.0, 1000.0]))
        array([-1., 0., 1.], dtype=float32)
    """
    return precise_tanh(x)


class Tanh(Elementwise, fn=tanh):
    """Layer form of `tanh`.

    Args:
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.Tanh()(np.array([[0.0]])))
        array([[0.]], dtype=float32)
    """


def _scaled_tanh_slope(x: Tensor, alpha: float, beta: float) -> Tensor:
    return (alpha * beta) * tanh_slope(beta * x)


@activation(
    formula="alpha * tanh(beta * x)",
    source="LeCun et al., Efficient BackProp, 1998",
    output_range=("-abs(alpha)", "abs(alpha)"),
    aliases=("stanh", "lecun_tanh"),
    limits={"alpha": (-_INF, _INF), "beta": (-_INF, _INF)},
    distinct_from={"softcap": "its slope at 0 is 1 whatever the cap"},
    slope=_scaled_tanh_slope,
)
def scaled_tanh(x: Tensor, alpha: float = 1.7159, beta: float = 2 / 3) -> Tensor:
    """Scaled hyperbolic tangent: `alpha * tanh(beta * x)`.

    With the defaults, the paper's, it maps 1 to 1 and -1 to -1. Paddle calls it stanh and has 0.67 for `beta`; CoreML
    has no defaults.

    Args:
        x: Tensor of any shape.
        alpha: The value that large inputs approach.
        beta: Factor of the input.

    Returns:
        Tensor of the same shape and floating-point dtype, from `-alpha` to `alpha`.

    Raises:
        TypeError: `alpha` or `beta` is not a number.
        ValueError: `alpha` is infinite or NaN; or `beta` is infinite or NaN.

    Examples:
        >>> np.asarray(keras_acts.scaled_tanh([-1.0, 0.0, 1000.0])).round(4)
        array([-1. , 0. , 1.7159], dtype=float32)
    """
    return alpha * precise_tanh(beta * x)


class ScaledTanh(Elementwise, fn=scaled_tanh):
    """Layer form of `scaled_tanh`.

    Args:
        alpha: The value that large inputs approach.
        beta: Factor of the input.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.ScaledTanh()(np.array([[1.0]]))).round(3)
        array([[1.]], dtype=float32)
    """

    def __init__(self, alpha: float = 1.7159, beta: float = 2 / 3, **kwargs):
        super().__init__({"alpha": alpha, "beta": beta}, **kwargs)


def _softcap_slope(x: Tensor, cap: float) -> Tensor:
    return tanh_slope(x / cap)


@activation(
    formula="cap * tanh(x / cap)",
    source="Bello et al., Neural Combinatorial Optimization with Reinforcement Learning, 2016, arXiv:1611.09940; Gemma "
    "Team, Gemma 2: Improving Open Language Models at a Practical Size, 2024, arXiv:2408.00118",
    output_range=("-cap", "cap"),
    aliases=("soft_clamp", "logit_softcapping"),
    limits={"cap": (1e-6, _INF)},
    used_by=("Gemma 2", "Gemma 3n"),
    slope=_softcap_slope,
)
def softcap(x: Tensor, cap: float = 50.0) -> Tensor:
    """Soft cap: `cap * tanh(x / cap)`, which leaves small inputs nearly as they are.

    It keeps attention scores (`cap=50` in Gemma 2) and output logits (`cap=30`) from growing without bound.

    Args:
        x: Tensor of any shape.
        cap: The value that large inputs approach, a positive number.

    Returns:
        Tensor of the same shape and floating-point dtype, from `-cap` to `cap`.

    Raises:
        TypeError: `cap` is not a number.
        ValueError: `cap` is below 1e-6, infinite or NaN.

    Examples:
        >>> np.asarray(keras_acts.softcap([-1000.0, 0.0, 30.0], cap=30.0)).round(4)
        array([-30. , 0. , 22.8478], dtype=float32)
    """
    return cap * precise_tanh(x / cap)


class Softcap(Elementwise, fn=softcap):
    """Layer form of `softcap`.

    Args:
        cap: The value that large inputs approach, a positive number.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.Softcap(cap=30.0)(np.array([[30.0]]))).round(4)
        array([[22.8478]], dtype=float32)
    """

    def __init__(self, cap: float = 50.0, **kwargs):
        super().__init__({"cap": cap}, **kwargs)


def _penalized_tanh_slope(x: Tensor, alpha: float) -> Tensor:
    return tanh_slope(x) * ops.where(x > 0, ops.ones_like(x), ops.full_like(x, alpha))


@activation(
    formula="where(x > 0, tanh(x), alpha * tanh(x))",
    source="Xu et al., Revise Saturated Activation Functions, 2016, arXiv:1602.05980",
    output_range=("minimum(-alpha, 0)", "maximum(-alpha, 1)"),
    kinks={"0": "alpha"},
    aliases=("ptanh",),
    limits={"alpha": (-_INF, _INF)},
    slope=_penalized_tanh_slope,
)
def penalized_tanh(x: Tensor, alpha: float = 0.25) -> Tensor:
    """Penalized tanh: `tanh(x)` where `x` is positive, `alpha * tanh(x)` elsewhere.

    To `tanh` what `leaky_relu` is to the identity. The slope at 0 is `alpha`.

    Args:
        x: Tensor of any shape.
        alpha: Factor of the negative side.

    Returns:
        Tensor of the same shape and floating-point dtype, from `-alpha` to 1.

    Raises:
        TypeError: `alpha` is not a number.
        ValueError: `alpha` is infinite or NaN.

    Examples:
        >>> np.asarray(keras_acts.penalized_tanh([-1000.0, 0.0, 1000.0]))
        array([-0.25, 0. , 1. ], dtype=float32)
    """
    y = precise_tanh(x)
    return ops.where(x > 0, y, alpha * y)


class PenalizedTanh(Elementwise, fn=penalized_tanh):
    """Layer form of `penalized_tanh`.

    Args:
        alpha: Factor of the negative side.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.PenalizedTanh()(np.array([[-1000.0, 0.0]])))
        array([[-0.25, 0. ]], dtype=float32)
    """

    def __init__(self, alpha: float = 0.25, **kwargs):
        super().__init__({"alpha": alpha}, **kwargs)


def _softsign_slope(x: Tensor) -> Tensor:
    return reciprocal(ops.square(1.0 + ops.abs(x)))


@activation(
    formula="x / (1 + abs(x))",
    source="Bergstra et al., Quadratic Polynomials Learn Better Image Features, 2009; Turian et al., Quadratic "
    "Features and Deep Architectures for Chunking, 2009",
    output_range=("-1", "1"),
    slope=_softsign_slope,
)
def softsign(x: Tensor) -> Tensor:
    """Softsign: `x / (1 + |x|)`.

    It approaches its limits like `1 / |x|`, far more slowly than `tanh`, so its slope never vanishes as fast.

    Args:
        x: Tensor of any shape.

    Returns:
        Tensor of the same shape and floating-point dtype, from -1 to 1.

    Examples:
        >>> np.asarray(keras_acts.softsign([-3.0, 0.0, 1.0]))
        array([-0.75, 0. , 0.5 ], dtype=float32)
    """
    x = ops.clip(x, -1e30, 1e30)  # inf / inf would be NaN
    return x / (1.0 + ops.abs(x))


class Softsign(Elementwise, fn=softsign):
    """Layer form of `softsign`.

    Args:
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.Softsign()(np.array([[-3.0, 1.0]])))
        array([[-0.75, 0.5 ]], dtype=float32)
    """


def _isru_slope(x: Tensor, alpha: float) -> Tensor:
    inverse = over_root(x, alpha)[1]
    return inverse * inverse * inverse


@activation(
    formula="x / sqrt(1 + alpha * x**2)",
    source="Carlile et al., Improving Deep Learning by Inverse Square Root Linear Units (ISRLUs), 2017, "
    "arXiv:1710.09967",
    output_range=("-1 / sqrt(alpha)", "1 / sqrt(alpha)"),
    aliases=("inverse_square_root_unit", "algebraic_sigmoid"),
    limits={"alpha": (1e-6, 1e6)},
    slope=_isru_slope,
)
def isru(x: Tensor, alpha: float = 1.0) -> Tensor:
    """Inverse square root unit: `x / sqrt(1 + alpha * x**2)`.

    A sigmoid without an exponential. `isrlu` is the same on the negative side and a line on the positive one.

    Args:
        x: Tensor of any shape.
        alpha: Large inputs approach `1 / sqrt(alpha)`.

    Returns:
        Tensor of the same shape and floating-point dtype, from `-1 / sqrt(alpha)` to `1 / sqrt(alpha)`.

    Raises:
        TypeError: `alpha` is not a number.
        ValueError: `alpha` is not from 1e-6 to 1e6.

    Examples:
        >>> np.asarray(keras_acts.isru([-1e9, 0.0, 1.0], alpha=4.0)).round(4)
        array([-0.5 , 0. , 0.4472], dtype=float32)
    """
    return over_root(x, alpha)[0]


class ISRU(Elementwise, fn=isru):
    """Layer form of `isru`.

    Args:
        alpha: Large inputs approach `1 / sqrt(alpha)`.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.ISRU()(np.array([[1.0]]))).round(4)
        array([[0.7071]], dtype=float32)
    """

    def __init__(self, alpha: float = 1.0, **kwargs):
        super().__init__({"alpha": alpha}, **kwargs)


def _arctan_slope(x: Tensor) -> Tensor:
    return reciprocal(1.0 + x * x)


@activation(
    formula="atan(x)",
    source="The inverse tangent",
    output_range=("-pi / 2", "pi / 2"),
    aliases=("atan", "inverse_tangent"),
    slope=_arctan_slope,
)
def arctan(x: Tensor) -> Tensor:
    """Inverse tangent: `arctan(x)`.

    Args:
        x: Tensor of any shape.

    Returns:
        Tensor of the same shape and floating-point dtype, from -1.5708 to 1.5708.

    Examples:
        >>> np.asarray(keras_acts.arctan([-1e9, 0.0, 1.0])).round(4)
        array([-1.5708, 0. , 0.7854], dtype=float32)
    """
    return _backend.arctan(x)


class Arctan(Elementwise, fn=arctan):
    """Layer form of `arctan`.

    Args:
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.Arctan()(np.array([[1.0]]))).round(4)
        array([[0.7854]], dtype=float32)
    """


def _erf_slope(x: Tensor) -> Tensor:
    return (2.0 / math.sqrt(math.pi)) * ops.exp(-x * x)


@activation(
    formula="erf(x)",
    source="The error function of Gauss",
    output_range=("-1", "1"),
    distinct_from={"derf": "scales and shifts it, with trained numbers"},
    slope=_erf_slope,
)
def erf(x: Tensor) -> Tensor:
    """Error function: `erf(x)`, which is `2 * Phi(sqrt(2) * x) - 1` with the normal distribution function `Phi`.

    Args:
        x: Tensor of any shape.

    Returns:
        Tensor of the same shape and floating-point dtype, from -1 to 1.

    Examples:
        >>> np.asarray(keras_acts.erf([-1000.0, 0.0, 1.0])).round(4)
        array([-1. , 0. , 0.8427], dtype=float32)
    """
    return precise_erf(x)


class Erf(Elementwise, fn=erf):
    """Layer form of `erf`.

    Args:
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.Erf()(np.array([[1.0]]))).round(4)
        array([[0.8427]], dtype=float32)
    """


def _laplace_argument(x: Tensor, mu: float, sigma: float) -> tuple[Tensor, Tensor]:
    """`(mu - x) / (sigma * sqrt(2))` as the sum of two tensors, the second being what rounding took from the first.

    In the left tail `erfc` makes many units in the last place of the result out of one of its argument.
    """
    scale = 1.0 / (sigma * math.sqrt(2.0))
    start = float(np.float32(mu * scale))
    rest = mu * scale - start
    shift = ops.clip(scale * x, start - 1000.0, start + 1000.0)  # further out the limits are reached
    main = (start - shift) + rest
    return main, ((start - main) - shift) + rest


def _laplace_near_0(x: Tensor, mu: float, sigma: float) -> tuple[Tensor, Tensor]:
    """Where |x| is small against `sigma` and `mu`, and the value there: that at 0, and the area from there to `x`."""
    scale = 1.0 / (sigma * math.sqrt(2.0))
    start, half = mu * scale, 0.5 * scale * x
    # The bell curve's Taylor series around the middle, integrated; its next term is below 1e-8.
    q, w = (start - half) * (start - half), half * half
    series = w * (((8.0 * q - 60.0) * q + 90.0) * q - 15.0) / 630.0 + ((4.0 * q - 12.0) * q + 3.0) / 30.0
    series = 1.0 + w * (w * series + (2.0 * q - 1.0) / 3.0)
    bell = math.exp(-start * start) * ops.exp((2.0 * start - half) * half)  # exp(-q), whose q would be rounded
    area = (2.0 / math.sqrt(math.pi)) * half * bell * series
    return ops.abs(half) < 0.15 / max(abs(start), 1.0), 0.5 * math.erfc(start) + area


def _laplace_slope(x: Tensor, mu: float, sigma: float) -> Tensor:
    main, rest = _laplace_argument(x, mu, sigma)
    return ops.exp(-main * main) * (1.0 - 2.0 * main * rest) / (sigma * math.sqrt(2.0 * math.pi))


@activation(
    formula="erfc((mu - x) / (sigma * sqrt(2))) / 2",
    source="Ma et al., Mega: Moving Average Equipped Gated Attention, 2022, arXiv:2209.10655",
    output_range=("0", "1"),
    aliases=("mega_laplace",),
    limits={"mu": (-_INF, _INF), "sigma": (1e-6, _INF)},
    used_by=("MEGA",),
    distinct_from={"lalu": "`x` times the distribution function of Laplace"},
    slope=_laplace_slope,
)
def laplace(x: Tensor, mu: float = 0.707107, sigma: float = 0.282095) -> Tensor:
    """Normal distribution function: `(1 + erf((x - mu) / (sigma * sqrt(2)))) / 2`.

    MEGA calls it the Laplace function and replaces the softmax of attention with it; the defaults make it close to
    `relu(x)**2` where that is below 1.

    Args:
        x: Tensor of any shape.
        mu: Input at which the result is 1/2.
        sigma: Standard deviation, a positive number.

    Returns:
        Tensor of the same shape and floating-point dtype, from 0 to 1.

    Raises:
        TypeError: `mu` or `sigma` is not a number.
        ValueError: `mu` is infinite or NaN; or `sigma` is below 1e-6, infinite or NaN.

    Examples:
        >>> np.asarray(keras_acts.laplace([-1000.0, 0.707107, 1.0])).round(4)
        array([0. , 0.5 , 0.8504], dtype=float32)
    """
    main, rest = _laplace_argument(x, mu, sigma)
    # 1 + erf cancels on the left, where erfc keeps its digits.
    y = 0.5 * _backend.erfc(main) - (rest / math.sqrt(math.pi)) * ops.exp(-main * main)
    if keras.backend.standardize_dtype(x.dtype) == "float64":
        return y
    # In float32 erfc is up to 8 units in the last place off, which shows where `x` adds no error of its own.
    is_near, near = _laplace_near_0(x, mu, sigma)
    return ops.where(is_near, near, y)


class Laplace(Elementwise, fn=laplace):
    """Layer form of `laplace`.

    Args:
        mu: Input at which the result is 1/2.
        sigma: Standard deviation, a positive number.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.Laplace()(np.array([[1.0]]))).round(4)
        array([[0.8504]], dtype=float32)
    """

    def __init__(self, mu: float = 0.707107, sigma: float = 0.282095, **kwargs):
        super().__init__({"mu": mu, "sigma": sigma}, **kwargs)


def _asinh_slope(x: Tensor) -> Tensor:
    return over_root(x)[1]


@activation(
    formula="asinh(x)",
    source="The inverse hyperbolic sine",
    aliases=("arcsinh", "inverse_hyperbolic_sine"),
    distinct_from={"symlog": "grows as slowly, with a slope that has a corner at 0"},
    slope=_asinh_slope,
)
def asinh(x: Tensor) -> Tensor:
    """Inverse hyperbolic sine: `arcsinh(x)`, a line near 0 and a logarithm far out on both sides.

    Args:
        x: Tensor of any shape.

    Returns:
        Tensor of the same shape and floating-point dtype.

    Examples:
        >>> np.asarray(keras_acts.asinh([-1000.0, 0.0, 1.0])).round(4)
        array([-7.6009, 0. , 0.8814], dtype=float32)
    """
    return ops.arcsinh(x)


class Asinh(Elementwise, fn=asinh):
    """Layer form of `asinh`.

    Args:
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.Asinh()(np.array([[1.0]]))).round(4)
        array([[0.8814]], dtype=float32)
    """


def _symlog_slope(x: Tensor) -> Tensor:
    return reciprocal(1.0 + ops.abs(x))


@activation(
    formula="where(x < 0, -log1p(-x), log1p(x))",
    source="Hafner et al., Mastering Diverse Domains through World Models, 2023, arXiv:2301.04104",
    aliases=("signed_log",),
    used_by=("DreamerV3",),
    slope=_symlog_slope,
)
def symlog(x: Tensor) -> Tensor:
    """Symmetric logarithm: `sign(x) * log(1 + |x|)`.

    It compresses inputs of any size and keeps their sign. Its slope, 1 at 0, is continuous.

    Args:
        x: Tensor of any shape.

    Returns:
        Tensor of the same shape and floating-point dtype.

    Examples:
        >>> np.asarray(keras_acts.symlog([-1000.0, 0.0, 1.0])).round(4)
        array([-6.9088, 0. , 0.6931], dtype=float32)
    """
    y = ops.log1p(ops.abs(x))
    return ops.where(x < 0, -y, y)


class Symlog(Elementwise, fn=symlog):
    """Layer form of `symlog`.

    Args:
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.Symlog()(np.array([[1.0]]))).round(4)
        array([[0.6931]], dtype=float32)
    """


@activation(
    formula="where(x <= -width / 2, 0, where(x < width / 2, x / width + 1 / 2, 1))",
    source="Courbariaux et al., BinaryConnect: Training Deep Neural Networks with binary weights during propagations, "
    "2015, arXiv:1511.00363; Howard et al., Searching for MobileNetV3, 2019, arXiv:1905.02244",
    output_range=("0", "1"),
    kinks={"-width / 2": "0", "width / 2": "0"},
    aliases=("h_sigmoid", "sigmoid_hard"),
    limits={"width": (2.0**-10, _INF)},
    used_by=("MobileNetV3",),
    presets={"onnx": {"width": 5.0}},
    distinct_from={"hard sigmoid of Keras 1 and 2 and of ONNX": "slope 0.2 instead of 1/6: `width=5`"},
)
def hard_sigmoid(x: Tensor, width: float = 6.0) -> Tensor:
    """Hard sigmoid: the line `x / width + 1 / 2`, held between 0 and 1.

    The default is the slope of 1/6 of Keras 3, torch, JAX and MobileNetV3. It was 0.2, `width=5`, in Keras 1 and 2 and
    is so in ONNX (`preset="onnx"`); with 1/2, `width=2`, it is `sparse_sigmoid`. The slope at both kinks is 0.

    Args:
        x: Tensor of any shape.
        width: Width of the line from 0 to 1; its slope is `1 / width`. A positive number.

    Returns:
        Tensor of the same shape and floating-point dtype, from 0 to 1.

    Raises:
        TypeError: `width` is not a number.
        ValueError: `width` is below 2**-10, infinite or NaN.

    Examples:
        >>> np.asarray(keras_acts.hard_sigmoid([-3.0, 0.0, 1.5]))
        array([0. , 0.5 , 0.75], dtype=float32)
    """
    # Measured from where the line leaves 0: x / width + 1 / 2 would cancel there.
    line = (x + width / 2) / width
    return ops.where(x <= -width / 2, ops.zeros_like(x), ops.where(x >= width / 2, ops.ones_like(x), line))


class HardSigmoid(Elementwise, fn=hard_sigmoid):
    """Layer form of `hard_sigmoid`.

    Args:
        width: Width of the line from 0 to 1; its slope is `1 / width`. A positive number.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.HardSigmoid(width=5.0)(np.array([[-1.25, 0.0]])))
        array([[0.25, 0.5 ]], dtype=float32)
    """

    def __init__(self, width: float = 6.0, **kwargs):
        super().__init__({"width": width}, **kwargs)


@activation(
    formula="where(x <= -1, 0, where(x < 1, (x + 1) / 2, 1))",
    source="Blondel et al., Learning with Fenchel-Young Losses, 2019, arXiv:1901.02324",
    output_range=("0", "1"),
    kinks={"-1": "0", "1": "0"},
    equals=("hard_sigmoid(x, width=2)",),
    distinct_from={"hard_sigmoid": "slope 1/6 instead of 1/2"},
)
def sparse_sigmoid(x: Tensor) -> Tensor:
    """Sparse sigmoid: the line `(x + 1) / 2`, held between 0 and 1.

    The two-class case of `sparsemax`, and the slope of `sparse_plus`. The slope at both kinks is 0.

    Args:
        x: Tensor of any shape.

    Returns:
        Tensor of the same shape and floating-point dtype, from 0 to 1.

    Examples:
        >>> np.asarray(keras_acts.sparse_sigmoid([-1.0, 0.0, 0.5]))
        array([0. , 0.5 , 0.75], dtype=float32)
    """
    return hard_sigmoid(x, 2.0)


class SparseSigmoid(Elementwise, fn=sparse_sigmoid):
    """Layer form of `sparse_sigmoid`.

    Args:
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.SparseSigmoid()(np.array([[0.0, 0.5]])))
        array([[0.5 , 0.75]], dtype=float32)
    """


def _check_order(min_value: float, max_value: float) -> None:
    if min_value > max_value:
        raise ValueError(
            f"hard_tanh: `min_value` must not exceed `max_value`, got min_value={min_value} and max_value={max_value}; "
            "swap them or make them equal."
        )


@activation(
    formula="clip(x, min_value, max_value)",
    source="Collobert, Large Scale Machine Learning (thesis), 2004",
    output_range=("min_value", "max_value"),
    kinks={"min_value": "0", "max_value": "0"},
    aliases=("satlins",),
    limits={"min_value": (-_INF, _INF), "max_value": (-_INF, _INF)},
    check=_check_order,
    slope_of_output=lambda y, min_value, max_value: one_between(y, min_value, max_value),
)
def hard_tanh(x: Tensor, min_value: float = -1.0, max_value: float = 1.0) -> Tensor:
    """Hard tanh: `x` held between `min_value` and `max_value`.

    torch calls the limits `min_val` and `max_val`; Keras and JAX fix them at -1 and 1. The slope at both kinks is 0.

    Args:
        x: Tensor of any shape.
        min_value: Lowest result.
        max_value: Highest result, at least `min_value`.

    Returns:
        Tensor of the same shape and floating-point dtype, from `min_value` to `max_value`.

    Raises:
        TypeError: `min_value` or `max_value` is not a number.
        ValueError: `min_value` is infinite or NaN; or `max_value` is infinite, NaN or below `min_value`.

    Examples:
        >>> np.asarray(keras_acts.hard_tanh([-3.0, 0.5, 3.0]))
        array([-1. , 0.5, 1. ], dtype=float32)
    """
    low, high = ops.full_like(x, min_value), ops.full_like(x, max_value)
    return ops.where(x <= min_value, low, ops.where(x >= max_value, high, x))


class HardTanh(Elementwise, fn=hard_tanh):
    """Layer form of `hard_tanh`.

    Args:
        min_value: Lowest result.
        max_value: Highest result, at least `min_value`.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.HardTanh(max_value=2.0)(np.array([[-3.0, 3.0]])))
        array([[-1., 2.]], dtype=float32)
    """

    def __init__(self, min_value: float = -1.0, max_value: float = 1.0, **kwargs):
        super().__init__({"min_value": min_value, "max_value": max_value}, **kwargs)


@activation(
    formula="where(x >= threshold, 1, 0)",
    source="McCulloch & Pitts, A Logical Calculus of the Ideas Immanent in Nervous Activity, 1943",
    output_range=("0", "1"),
    kinks={"threshold": "0"},
    aliases=("heaviside", "binary_step", "hard_limit", "hardlim"),
    limits={"threshold": (-_INF, _INF)},
    distinct_from={"spike_fast_sigmoid": "the same values, with a slope to learn from"},
)
def step(x: Tensor, threshold: float = 0.0) -> Tensor:
    """Step: 1 from `threshold` on, 0 below.

    Its slope is 0 everywhere, so nothing before it learns; `spike_fast_sigmoid` and `spike_arctan` have a surrogate
    slope.

    Args:
        x: Tensor of any shape.
        threshold: The input from which the result is 1.

    Returns:
        Tensor of the same shape and floating-point dtype, 0 or 1.

    Raises:
        TypeError: `threshold` is not a number.
        ValueError: `threshold` is infinite or NaN.

    Examples:
        >>> np.asarray(keras_acts.step([-3.0, 0.0, 3.0]))
        array([0., 1., 1.], dtype=float32)
    """
    # NaN fails both comparisons and comes through.
    return ops.where(x < threshold, ops.zeros_like(x), ops.where(x >= threshold, ops.ones_like(x), x))


class Step(Elementwise, fn=step):
    """Layer form of `step`.

    Args:
        threshold: The input from which the result is 1.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.Step(threshold=1.0)(np.array([[0.0, 1.0]])))
        array([[0., 1.]], dtype=float32)
    """

    def __init__(self, threshold: float = 0.0, **kwargs):
        super().__init__({"threshold": threshold}, **kwargs)


__all__ = exported(__name__)
