"""Smooth curves: relatives of the rectifier first, then curves of other shapes."""

import functools
import math

from keras import ops

from keras_acts import _backend
from keras_acts._backend import polynomials
from keras_acts._bases import Elementwise
from keras_acts._core import Tensor, activation, exported, find
from keras_acts._numerics import (
    at_least,
    at_most,
    bounded,
    logistic,
    over_root,
    precise_tanh,
    reciprocal,
    size,
    swish_slope,
    tanh_slope,
    times_exp,
    times_logistic,
)

_INF = math.inf


def _softplus_slope(x: Tensor, beta: float) -> Tensor:
    return logistic(beta * x)[0]


def _softplus_slope_of_output(y: Tensor, beta: float) -> Tensor:
    return -_backend.expm1(-beta * y)


@activation(
    formula="log1p(exp(beta * x)) / beta",
    source="Dugas et al., Incorporating Second-Order Functional Knowledge for Better Option Pricing, NIPS 2000",
    output_range=("0", "inf"),
    aliases=("smooth_relu",),
    limits={"beta": (2.0**-6, _INF)},
    distinct_from={"smelu": "the smooth ReLU of Shamir & Lin, made of a parabola"},
    slope=_softplus_slope,
    slope_of_output=_softplus_slope_of_output,
)
def softplus(x: Tensor, beta: float = 1.0) -> Tensor:
    """Softplus: `log(1 + exp(beta * x)) / beta`, a smooth rectifier whose slope is the logistic sigmoid.

    torch turns into a line above `beta * x = 20`, where the difference is below 3e-9; Keras and JAX have no `beta`.

    Args:
        x: Tensor of any shape.
        beta: Sharpness of the bend, a positive number; the larger, the closer to `relu`.

    Returns:
        Tensor of the same shape and floating-point dtype, above 0.

    Raises:
        TypeError: `beta` is not a number.
        ValueError: `beta` is below 1/64, infinite or NaN.

    Examples:
        >>> np.asarray(keras_acts.softplus([-1000.0, 0.0, 1000.0])).round(4)
        array([0.000e+00, 6.931e-01, 1.000e+03], dtype=float32)
    """
    # log1p(exp(x)) would overflow; what a line leaves of it never does.
    return at_least(x, 0.0) + _backend.softplus_tail(beta * x) / beta


class Softplus(Elementwise, fn=softplus):
    """Layer form of `softplus`.

    Args:
        beta: Sharpness of the bend, a positive number; the larger, the closer to `relu`.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.Softplus()(np.array([[0.0]]))).round(4)
        array([[0.6931]], dtype=float32)
    """

    def __init__(self, beta: float = 1.0, **kwargs):
        super().__init__({"beta": beta}, **kwargs)


def _silu_slope(x: Tensor) -> Tensor:
    x = bounded(x)
    return swish_slope(x, x, 1.0)


@activation(
    formula="x / (1 + exp(-x))",
    source="Hendrycks & Gimpel, Gaussian Error Linear Units (GELUs), 2016, arXiv:1606.08415; Elfwing et al., "
    "Sigmoid-Weighted Linear Units for Neural Network Function Approximation, 2017, arXiv:1702.03118",
    output_range=("-0.2784645427610738", "inf"),
    aliases=("swish", "swish_1", "sil"),
    used_by=("EfficientNet", "YOLOv5 and later", "Llama, Mistral and Qwen (as the gate of SwiGLU)"),
    slope=_silu_slope,
)
def silu(x: Tensor) -> Tensor:
    """Sigmoid linear unit: `x * sigmoid(x)`, also called swish.

    Args:
        x: Tensor of any shape.

    Returns:
        Tensor of the same shape and floating-point dtype, from -0.2785 upwards.

    Examples:
        >>> np.asarray(keras_acts.silu([-1000.0, 0.0, 1.0])).round(4)
        array([-0. , 0. , 0.7311], dtype=float32)
    """
    return times_logistic(at_least(x, -1000.0), x)


class SiLU(Elementwise, fn=silu):
    """Layer form of `silu`.

    Args:
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.SiLU()(np.array([[1.0]]))).round(4)
        array([[0.7311]], dtype=float32)
    """


_SQRT_HALF = math.sqrt(0.5)
_DENSITY_AT_0 = 1.0 / math.sqrt(2.0 * math.pi)


def _normal_cdf(x: Tensor) -> Tensor:
    # 1 + erf cancels on the left, where erfc keeps its digits.
    return 0.5 * _backend.erfc(-_SQRT_HALF * x)


def _gelu_slope(x: Tensor) -> Tensor:
    if _backend.is_fused(x):
        width = size(x)
        left = ops.exp(-0.5 * x * x) * (polynomials.mills(width) - _DENSITY_AT_0 * at_most(width, 15.0))
        return ops.where(x < 0, left, 1.0 - left)
    x = bounded(x)
    return _normal_cdf(x) + x * (_DENSITY_AT_0 * ops.exp(-0.5 * x * x))


@activation(
    formula="x / 2 * erfc(-x / sqrt(2))",
    source="Hendrycks & Gimpel, Gaussian Error Linear Units (GELUs), 2016, arXiv:1606.08415",
    output_range=("-0.16997120747990369", "inf"),
    aliases=("gelu_erf", "gelu_python"),
    used_by=("BERT", "ViT", "RoBERTa"),
    distinct_from={"jax.nn.gelu, keras.ops.gelu": "default to the tanh form, `gelu_tanh` here"},
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

    Examples:
        >>> np.asarray(keras_acts.gelu([-1000.0, 0.0, 1.0])).round(4)
        array([-0. , 0. , 0.8413], dtype=float32)
    """
    if _backend.is_fused(x):
        # x * Phi(x) is |x| * Phi(-|x|) away from 0 or from x; both vanish long before |x| = 15.
        width = size(x)
        away = at_most(width, 15.0) * (ops.exp(-0.5 * x * x) * polynomials.mills(width))
        return ops.where(x < 0, -away, x - away)
    return at_least(x, -1000.0) * _normal_cdf(x)


class GELU(Elementwise, fn=gelu):
    """Layer form of `gelu`, the exact form.

    Args:
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.GELU()(np.array([[1.0]]))).round(4)
        array([[0.8413]], dtype=float32)
    """


def _log_sigmoid_slope(x: Tensor) -> Tensor:
    return logistic(x)[1]


def _log_sigmoid_slope_of_output(y: Tensor) -> Tensor:
    return -_backend.expm1(y)


@activation(
    formula="-log1p(exp(-x))",
    source="The logarithm of the logistic function, as in the logistic regression of Cox, 1958",
    output_range=("-inf", "0"),
    slope=_log_sigmoid_slope,
    slope_of_output=_log_sigmoid_slope_of_output,
)
def log_sigmoid(x: Tensor) -> Tensor:
    """Logarithm of the sigmoid: `-log(1 + exp(-x))`, which is `-softplus(-x)`.

    It stays exact where `log(sigmoid(x))` would take the logarithm of 0.

    Args:
        x: Tensor of any shape.

    Returns:
        Tensor of the same shape and floating-point dtype, below 0.

    Examples:
        >>> np.asarray(keras_acts.log_sigmoid([-1000.0, 0.0, 1000.0])).round(4)
        array([-1.000e+03, -6.931e-01, 0.000e+00], dtype=float32)
    """
    # log1p(exp(-x)) would overflow; what a line leaves of it never does.
    return at_most(x, 0.0) - _backend.softplus_tail(x)


class LogSigmoid(Elementwise, fn=log_sigmoid):
    """Layer form of `log_sigmoid`.

    Args:
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.LogSigmoid()(np.array([[0.0]]))).round(4)
        array([[-0.6931]], dtype=float32)
    """


def _sqrt_softplus_slope(x: Tensor) -> Tensor:
    y = at_least(x, -40.0)
    return ops.where(x < -40, 0.5 * ops.exp(0.5 * x), logistic(y)[0] / (2.0 * ops.sqrt(softplus(y))))


@activation(
    formula="sqrt(log1p(exp(x)))",
    source="The router scores of DeepSeek-V4",
    output_range=("0", "inf"),
    used_by=("DeepSeek-V4",),
    slope=_sqrt_softplus_slope,
)
def sqrt_softplus(x: Tensor) -> Tensor:
    """Square root of softplus: `sqrt(log(1 + exp(x)))`.

    Positive everywhere, and growing like `sqrt(x)`.

    Args:
        x: Tensor of any shape.

    Returns:
        Tensor of the same shape and floating-point dtype, above 0.

    Examples:
        >>> np.asarray(keras_acts.sqrt_softplus([-1000.0, 0.0, 4.0])).round(4)
        array([0. , 0.8326, 2.0045], dtype=float32)
    """
    # Below -40 the softplus is exp(x) to the last bit, and underflows where its root does not.
    return ops.where(x < -40, ops.exp(0.5 * x), ops.sqrt(softplus(x)))


class SqrtSoftplus(Elementwise, fn=sqrt_softplus):
    """Layer form of `sqrt_softplus`.

    Args:
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.SqrtSoftplus()(np.array([[4.0]]))).round(4)
        array([[2.0045]], dtype=float32)
    """


def _squareplus_parts(x: Tensor, b: float) -> tuple[Tensor, Tensor, Tensor]:
    """`1 / m`, `sqrt(x**2 + b) / m` and `(|x| + sqrt(x**2 + b)) / m`, where `m` is the larger of |x| and 1.

    Divided by `m` nothing overflows.
    """
    inverse, part = reciprocal(at_least(size(x), 1.0)), at_most(size(x), 1.0)
    root = ops.sqrt(part * part + b * inverse * inverse)
    return inverse, root, part + root


def _squareplus_slope(x: Tensor, b: float) -> Tensor:
    inverse, root, total = _squareplus_parts(x, b)
    return ops.where(x < 0, b * inverse * inverse, total * total) / (2.0 * root * total)


def _squareplus_slope_of_output(y: Tensor, b: float) -> Tensor:
    return reciprocal(1.0 + (0.25 * b / y) / y)  # y * y would overflow and underflow


@activation(
    formula="(x + sqrt(x**2 + b)) / 2",
    source="Barron, Squareplus: A Softplus-Like Algebraic Rectifier, 2021, arXiv:2112.11687",
    output_range=("0", "inf"),
    limits={"b": (1e-6, 1e6)},
    slope=_squareplus_slope,
    slope_of_output=_squareplus_slope_of_output,
)
def squareplus(x: Tensor, b: float = 4.0) -> Tensor:
    """Squareplus: `(x + sqrt(x**2 + b)) / 2`, a smooth rectifier without an exponential.

    With the default its value at 0 is 1 and its slope there 1/2, as that of `softplus`.

    Args:
        x: Tensor of any shape.
        b: Width of the bend, a positive number; 0 would be `relu`.

    Returns:
        Tensor of the same shape and floating-point dtype, above 0.

    Raises:
        TypeError: `b` is not a number.
        ValueError: `b` is not from 1e-6 to 1e6.

    Examples:
        >>> np.asarray(keras_acts.squareplus([-1e4, 0.0, 1e4])).round(4)
        array([1.e-04, 1.e+00, 1.e+04], dtype=float32)
    """
    inverse, _, total = _squareplus_parts(x, b)
    # On the left x + sqrt(x**2 + b) would cancel; it equals b / (|x| + sqrt(x**2 + b)).
    return ops.where(x < 0, 0.5 * b * inverse / total, 0.5 * at_least(ops.abs(x), 1.0) * total)


class Squareplus(Elementwise, fn=squareplus):
    """Layer form of `squareplus`.

    Args:
        b: Width of the bend, a positive number; 0 would be `relu`.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.Squareplus()(np.array([[-1e4, 0.0]]))).round(4)
        array([[1.e-04, 1.e+00]], dtype=float32)
    """

    def __init__(self, b: float = 4.0, **kwargs):
        super().__init__({"b": b}, **kwargs)


def _quick_gelu_slope(x: Tensor) -> Tensor:
    x = bounded(x)
    return swish_slope(x, 1.702 * x, 1.702)


@activation(
    formula="x / (1 + exp(-1.702 * x))",
    source="Hendrycks & Gimpel, Gaussian Error Linear Units (GELUs), 2016, arXiv:1606.08415",
    output_range=("-0.16361018963635359", "inf"),
    aliases=("gelu_quick", "gelu_fast_approx"),
    used_by=("CLIP",),
    distinct_from={"gelu_sigmoid": "in the GELU paper this function, in NNlib gelu_tanh"},
    slope=_quick_gelu_slope,
)
def quick_gelu(x: Tensor) -> Tensor:
    """Quick GELU: `x * sigmoid(1.702 * x)`, the rougher approximation of `gelu`.

    It differs from `gelu` by up to 0.02, forty times as much as `gelu_tanh`.

    Args:
        x: Tensor of any shape.

    Returns:
        Tensor of the same shape and floating-point dtype, from -0.1636 upwards.

    Examples:
        >>> np.asarray(keras_acts.quick_gelu([-1000.0, 0.0, 1.0])).round(4)
        array([-0. , 0. , 0.8458], dtype=float32)
    """
    return times_logistic(at_least(x, -1000.0), 1.702 * x)


class QuickGELU(Elementwise, fn=quick_gelu):
    """Layer form of `quick_gelu`.

    Args:
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.QuickGELU()(np.array([[1.0]]))).round(4)
        array([[0.8458]], dtype=float32)
    """


_GELU_TANH = 2.0 * math.sqrt(2.0 / math.pi)


def _gelu_tanh_slope(x: Tensor) -> Tensor:
    x = bounded(x)
    square = 0.044715 * x * x
    return swish_slope(x, _GELU_TANH * x * (1.0 + square), _GELU_TANH * (1.0 + 3.0 * square))


@activation(
    formula="x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3)))",
    source="Hendrycks & Gimpel, Gaussian Error Linear Units (GELUs), 2016, arXiv:1606.08415",
    output_range=("-0.17004075057125405", "inf"),
    aliases=(
        "gelu_new",
        "gelu_fast",
        "gelu_accurate",
        "gelu_pytorch_tanh",
        "gelu_python_tanh",
        "gelu_approximate",
        "gelu_approx",
        "sielu",
    ),
    used_by=("GPT-2", "Gemma"),
    distinct_from={"gelu": "the exact form; `jax.nn.gelu` and `keras.ops.gelu` mean this one by that name"},
    slope=_gelu_tanh_slope,
)
def gelu_tanh(x: Tensor) -> Tensor:
    """Tanh approximation of GELU: `x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3)))`.

    It differs from `gelu` by up to 0.0005. Models trained with one of the two expect the same one.

    Args:
        x: Tensor of any shape.

    Returns:
        Tensor of the same shape and floating-point dtype, from -0.1700 upwards.

    Examples:
        >>> np.asarray(keras_acts.gelu_tanh([-1000.0, 0.0, 1.0])).round(4)
        array([-0. , 0. , 0.8412], dtype=float32)
    """
    x = at_least(x, -1000.0)
    # (1 + tanh(u)) / 2 is the logistic function of 2 * u, which does not cancel on the left.
    small = bounded(x)
    return times_logistic(x, _GELU_TANH * small * (1.0 + 0.044715 * small * small))


class GELUTanh(Elementwise, fn=gelu_tanh):
    """Layer form of `gelu_tanh`.

    Args:
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.GELUTanh()(np.array([[1.0]]))).round(4)
        array([[0.8412]], dtype=float32)
    """


def _clipped_gelu_slope(x: Tensor, max_value: float) -> Tensor:
    return ops.where(x >= max_value, ops.zeros_like(x), _gelu_slope(x))


@activation(
    formula="where(x < max_value, x / 2 * erfc(-x / sqrt(2)), max_value)",
    source="Wu et al., Integer Quantization for Deep Learning Inference: Principles and Empirical Evaluation, 2020, "
    "arXiv:2004.09602",
    output_range=("-0.16997120747990369", "max_value"),
    kinks={"max_value": "0"},
    aliases=("gelu_10",),
    limits={"max_value": (6.0, _INF)},
    distinct_from={"gelu": "unbounded above"},
    slope=_clipped_gelu_slope,
)
def clipped_gelu(x: Tensor, max_value: float = 10.0) -> Tensor:
    """GELU with a ceiling: `min(gelu(x), max_value)`, which makes it fit for 8-bit integers.

    Hugging Face also names a floor of -10, which `gelu` never reaches. The slope at the ceiling is 0.

    Args:
        x: Tensor of any shape.
        max_value: The ceiling, at least 6.

    Returns:
        Tensor of the same shape and floating-point dtype, from -0.1700 to `max_value`.

    Raises:
        TypeError: `max_value` is not a number.
        ValueError: `max_value` is below 6, infinite or NaN.

    Examples:
        >>> np.asarray(keras_acts.clipped_gelu([-1000.0, 1.0, 1000.0])).round(4)
        array([-0. , 0.8413, 10. ], dtype=float32)
    """
    # From 6 on gelu(x) is x to the last bit, so the ceiling is reached where x reaches it.
    return ops.where(x >= max_value, ops.full_like(x, max_value), gelu(x))


class ClippedGELU(Elementwise, fn=clipped_gelu):
    """Layer form of `clipped_gelu`.

    Args:
        max_value: The ceiling, at least 6.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.ClippedGELU(6.0)(np.array([[1.0, 7.0]]))).round(4)
        array([[0.8413, 6. ]], dtype=float32)
    """

    def __init__(self, max_value: float = 10.0, **kwargs):
        super().__init__({"max_value": max_value}, **kwargs)


def _exp_in_halves(x: Tensor) -> Tensor:
    """`exp(x)`, but below -40, where it may be too small for the dtype, its root; from 25 on it stays the same."""
    return ops.exp(ops.where(x < -40, 0.5 * x, at_most(x, 25.0)))


def _mish_slope(x: Tensor) -> Tensor:
    x = ops.clip(x, -1000.0, 25.0)
    e = _exp_in_halves(x)
    inverse = reciprocal(e * (e + 2.0) + 2.0)
    near = e * ((e + 2.0) + 4.0 * x * (1.0 + e) * inverse) * inverse
    return ops.where(x < -40, ((1.0 + x) * e) * e, near)


@activation(
    formula="x * tanh(log1p(exp(x)))",
    source="Misra, Mish: A Self Regularized Non-Monotonic Activation Function, 2019, arXiv:1908.08681",
    output_range=("-0.30884341301725041", "inf"),
    used_by=("YOLOv4",),
    slope=_mish_slope,
)
def mish(x: Tensor) -> Tensor:
    """Mish: `x * tanh(softplus(x))`.

    Args:
        x: Tensor of any shape.

    Returns:
        Tensor of the same shape and floating-point dtype, from -0.3088 upwards.

    Examples:
        >>> np.asarray(keras_acts.mish([-1000.0, 0.0, 1.0])).round(4)
        array([-0. , 0. , 0.8651], dtype=float32)
    """
    # With e = exp(x), tanh(softplus(x)) is e * (e + 2) / (e * (e + 2) + 2): one exponential, and nothing cancels. From
    # 25 on it is 1 to the last bit, and further out e would overflow.
    x = at_least(x, -1000.0)
    e = _exp_in_halves(x)
    top = e * (e + 2.0)
    return ops.where(x < -40, (x * e) * e, x * (top / (top + 2.0)))


class Mish(Elementwise, fn=mish):
    """Layer form of `mish`.

    Args:
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.Mish()(np.array([[1.0]]))).round(4)
        array([[0.8651]], dtype=float32)
    """


def _tanhexp_slope(x: Tensor) -> Tensor:
    # From 3.7 on the slope is 1 to the last bit, and the next derivative would be NaN where sinh overflows.
    x = ops.clip(x, -1000.0, 3.7)
    e = ops.exp(x)
    # tanh(e) + x * e * (1 - tanh(e)**2), with one rounding less where the two cancel.
    return ops.where(x < -20, times_exp(1.0 + x, x), precise_tanh(e) * (1.0 + x * (2.0 * e / ops.sinh(2.0 * e))))


@activation(
    formula="x * tanh(exp(x))",
    source="Liu & Di, TanhExp: A Smooth Activation Function with High Convergence Speed for Lightweight Neural "
    "Networks, 2020, arXiv:2003.09855",
    output_range=("-0.35328577784821127", "inf"),
    aliases=("telu", "tanh_exp"),
    slope=_tanhexp_slope,
)
def tanhexp(x: Tensor) -> Tensor:
    """TanhExp: `x * tanh(exp(x))`.

    Proposed again in 2024 as TeLU.

    Args:
        x: Tensor of any shape.

    Returns:
        Tensor of the same shape and floating-point dtype, from -0.3533 upwards.

    Examples:
        >>> np.asarray(keras_acts.tanhexp([-1000.0, 0.0, 1.0])).round(4)
        array([-0. , 0. , 0.9913], dtype=float32)
    """
    # Below -20 tanh(e) is e to the last bit; from 5 on it is 1, and further out e overflows.
    y = ops.clip(x, -1000.0, 5.0)
    left = ops.where(y < -20, times_exp(y, y), y * precise_tanh(ops.exp(y)))
    return ops.where(x > 5, x, left)


class TanhExp(Elementwise, fn=tanhexp):
    """Layer form of `tanhexp`.

    Args:
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.TanhExp()(np.array([[1.0]]))).round(4)
        array([[0.9913]], dtype=float32)
    """


def _golu_slope(x: Tensor) -> Tensor:
    x = ops.clip(x, -10.0, 1000.0)
    e = ops.exp(-x)
    return times_exp(1.0 + x * e, -e)


@activation(
    formula="x * exp(-exp(-x))",
    source="Das et al., Gompertz Linear Units: Leveraging Asymmetry for Enhanced Learning Dynamics, 2025, "
    "arXiv:2502.03654",
    output_range=("-0.09726013122763941", "inf"),
    aliases=("gompertz_linear_unit", "expexpish"),
    slope=_golu_slope,
)
def golu(x: Tensor) -> Tensor:
    """Gompertz linear unit: `x * exp(-exp(-x))`.

    `x` times the distribution function of Gumbel, where `gelu` has the normal and `silu` the logistic one.

    Args:
        x: Tensor of any shape.

    Returns:
        Tensor of the same shape and floating-point dtype, from -0.0973 upwards.

    Examples:
        >>> np.asarray(keras_acts.golu([-1000.0, 0.0, 1.0])).round(4)
        array([-0. , 0. , 0.6922], dtype=float32)
    """
    # Below -10 the result is 0 in every dtype, and further out exp(-x) overflows.
    y = at_least(x, -10.0)
    return times_exp(y, -ops.exp(-y))


class GoLU(Elementwise, fn=golu):
    """Layer form of `golu`.

    Args:
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.GoLU()(np.array([[1.0]]))).round(4)
        array([[0.6922]], dtype=float32)
    """


def _lisht_slope(x: Tensor) -> Tensor:
    return precise_tanh(x) + bounded(x) * tanh_slope(x)


@activation(
    formula="x * tanh(x)",
    source="Roy et al., LiSHT: Non-Parametric Linearly Scaled Hyperbolic Tangent Activation Function for Neural "
    "Networks, 2019, arXiv:1901.05894",
    output_range=("0", "inf"),
    used_by=("TensorFlow Addons (lisht)",),
    slope=_lisht_slope,
)
def lisht(x: Tensor) -> Tensor:
    """Linearly scaled hyperbolic tangent: `x * tanh(x)`, a smooth `|x|`.

    Args:
        x: Tensor of any shape.

    Returns:
        Tensor of the same shape and floating-point dtype, from 0 upwards.

    Examples:
        >>> np.asarray(keras_acts.lisht([-1000.0, 0.0, 1.0])).round(4)
        array([1.000e+03, 0.000e+00, 7.616e-01], dtype=float32)
    """
    return x * precise_tanh(x)


class LiSHT(Elementwise, fn=lisht):
    """Layer form of `lisht`.

    Args:
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.LiSHT()(np.array([[1.0]]))).round(4)
        array([[0.7616]], dtype=float32)
    """


def _bent_identity_slope(x: Tensor) -> Tensor:
    return 1.0 + 0.5 * over_root(x)[0]


@activation(
    formula="(sqrt(x**2 + 1) - 1) / 2 + x",
    source="Known from lists of activation functions; no paper introduces it",
    aliases=("bentid",),
    slope=_bent_identity_slope,
)
def bent_identity(x: Tensor) -> Tensor:
    """Bent identity: `(sqrt(x**2 + 1) - 1) / 2 + x`.

    Its slope grows from 1/2 on the left to 3/2 on the right.

    Args:
        x: Tensor of any shape.

    Returns:
        Tensor of the same shape and floating-point dtype.

    Examples:
        >>> np.asarray(keras_acts.bent_identity([-1000.0, 0.0, 1.0])).round(4)
        array([-500.4998, 0. , 1.2071], dtype=float32)
    """
    # sqrt(x**2 + 1) - 1 cancels; it equals x * x / (1 + sqrt(x**2 + 1)).
    ratio, inverse = over_root(x)
    return x * (1.0 + 0.5 * ratio / (1.0 + inverse))


class BentIdentity(Elementwise, fn=bent_identity):
    """Layer form of `bent_identity`.

    Args:
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.BentIdentity()(np.array([[1.0]]))).round(4)
        array([[1.2071]], dtype=float32)
    """


@activation(
    formula="exp(x)",
    source="The exponential function",
    output_range=("0", "inf"),
    aliases=("exp",),
)
def exponential(x: Tensor) -> Tensor:
    """Exponential: `exp(x)`, for outputs that are rates or scales.

    float32 overflows from 88.7 on, float16 from 11.1 on.

    Args:
        x: Tensor of any shape.

    Returns:
        Tensor of the same shape and floating-point dtype, above 0.

    Examples:
        >>> np.asarray(keras_acts.exponential([-1000.0, 0.0, 1.0])).round(4)
        array([0. , 1. , 2.7183], dtype=float32)
    """
    return ops.exp(x)


class Exponential(Elementwise, fn=exponential):
    """Layer form of `exponential`.

    Args:
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.Exponential()(np.array([[1.0]]))).round(4)
        array([[2.7183]], dtype=float32)
    """


def _gaussian_slope(x: Tensor, sigma: float) -> Tensor:
    z = bounded(x / sigma)
    return times_exp(z / -sigma, -0.5 * z * z)


@activation(
    formula="exp(-((x / sigma) ** 2) / 2)",
    source="Ramasinghe & Lucey, Beyond Periodicity: Towards a Unifying Framework for Activations in Coordinate-MLPs, "
    "2021, arXiv:2111.15135",
    output_range=("0", "1"),
    aliases=("radbas", "rbf"),
    limits={"sigma": (1e-6, _INF)},
    slope=_gaussian_slope,
)
def gaussian(x: Tensor, sigma: float = 1.0) -> Tensor:
    """Gaussian bell: `exp(-x**2 / (2 * sigma**2))`.

    Coordinate networks use widths near 0.1. MATLAB's radbas is `exp(-x**2)`, so `sigma=0.7071`.

    Args:
        x: Tensor of any shape.
        sigma: Width of the bell, a positive number.

    Returns:
        Tensor of the same shape and floating-point dtype, from 0 to 1.

    Raises:
        TypeError: `sigma` is not a number.
        ValueError: `sigma` is below 1e-6, infinite or NaN.

    Examples:
        >>> np.asarray(keras_acts.gaussian([-1000.0, 0.0, 1.0])).round(4)
        array([0. , 1. , 0.6065], dtype=float32)
    """
    z = x / sigma
    return ops.exp(-0.5 * z * z)


class Gaussian(Elementwise, fn=gaussian):
    """Layer form of `gaussian`.

    Args:
        sigma: Width of the bell, a positive number.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.Gaussian()(np.array([[1.0]]))).round(4)
        array([[0.6065]], dtype=float32)
    """

    def __init__(self, sigma: float = 1.0, **kwargs):
        super().__init__({"sigma": sigma}, **kwargs)


@activation(
    formula="x**2",
    source="Gilad-Bachrach et al., CryptoNets: Applying Neural Networks to Encrypted Data with High Throughput and "
    "Accuracy, ICML 2016",
    output_range=("0", "inf"),
    aliases=("quadratic",),
    distinct_from={"relu2": "0 on the negative side"},
)
def square(x: Tensor) -> Tensor:
    """Square: `x**2`, one of the few curves that homomorphic encryption can compute.

    float16 overflows from 256 on.

    Args:
        x: Tensor of any shape.

    Returns:
        Tensor of the same shape and floating-point dtype, from 0 upwards.

    Examples:
        >>> np.asarray(keras_acts.square([-3.0, 0.0, 2.0]))
        array([9., 0., 4.], dtype=float32)
    """
    return x * x


class Square(Elementwise, fn=square):
    """Layer form of `square`.

    Args:
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.Square()(np.array([[-3.0]])))
        array([[9.]], dtype=float32)
    """


def _check_base(activation: str) -> None:
    if not isinstance(activation, str):
        raise TypeError(
            f"variance_preserving: `activation` must be the name of an activation, got {activation!r} of type "
            f'{type(activation).__name__}; pass a name such as "silu".'
        )
    base = find(activation)
    if base.kind != "elementwise" or not base.formula:
        raise ValueError(
            f"variance_preserving scales activations that are fixed curves, got {activation!r} of kind {base.kind!r}; "
            'pass the name of one such as "silu".'
        )


@functools.cache
def _gain(activation: str) -> float:
    """The factor that gives the activation of a standard normal input variance 1."""
    from keras_acts.properties import facts  # it reads the whole catalogue, to which this module belongs

    return facts(activation).gain_variance


@activation(
    source="Brock et al., Characterizing signal propagation to close the performance gap in unnormalized ResNets, "
    "2021, arXiv:2101.08692; Brock et al., High-Performance Large-Scale Image Recognition Without Normalization, 2021, "
    "arXiv:2102.06171",
    output_range=None,
    aliases=("gamma_act", "scaled_activation"),
    used_by=("NFNet",),
    check=_check_base,
)
def variance_preserving(x: Tensor, activation: str = "relu") -> Tensor:
    """Variance-preserving curve: another activation divided by its standard deviation for standard normal inputs.

    NFNets do without normalisation thanks to it. Their published factors come from random samples and differ from
    the exact ones here in the fourth digit; the layer is GammaAct in timm.

    Args:
        x: Tensor of any shape.
        activation: Name of the activation to scale, one that works on each element and has no trained parameters.

    Returns:
        Tensor of the same shape and floating-point dtype.

    Raises:
        TypeError: `activation` is not a name.
        ValueError: No activation has that name, or it is of another kind.

    Examples:
        >>> np.asarray(keras_acts.variance_preserving([-1.0, 1.0], "relu")).round(4)
        array([0. , 1.7129], dtype=float32)
    """
    return _gain(activation) * find(activation).function(x)


class VariancePreserving(Elementwise, fn=variance_preserving):
    """Layer form of `variance_preserving`.

    Args:
        activation: Name of the activation to scale, one that works on each element and has no trained parameters.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> np.asarray(keras_acts.VariancePreserving("silu")(np.array([[-1.0, 1.0]]))).round(4)
        array([[-0.4806, 1.3065]], dtype=float32)
    """

    def __init__(self, activation: str = "relu", **kwargs):
        super().__init__({"activation": activation}, **kwargs)


__all__ = exported(__name__)
