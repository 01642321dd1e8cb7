"""Curves whose parameters are trained with the rest of the network."""

import math
from typing import Any

import keras
from keras import ops

from keras_acts import _backend
from keras_acts._bases import Trainable
from keras_acts._core import Tensor, activation, exported, number, register
from keras_acts._numerics import (
    bounded,
    logistic,
    precise_erf,
    precise_tanh,
    reciprocal,
    swish_slope,
    tanh_slope,
    times_exp,
    times_logistic,
)

_ANY = (-math.inf, math.inf)


def _scaled(factor: Tensor, x: Tensor) -> Tensor:
    """`factor * x`, where 0 times an infinite `x` is 0, the limit of the curve, and not NaN."""
    lost = ops.logical_and(ops.equal(factor, 0.0), ops.isinf(x))
    return ops.where(lost, ops.zeros_like(x), factor * x)


def _prelu_slope(x: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
    return ops.where(x > 0, ops.ones_like(x), alpha * ops.ones_like(x)), ops.where(x > 0, ops.zeros_like(x), x)


@activation(
    kind="trainable",
    formula="where(x > 0, x, alpha * x)",
    source="He et al., Delving Deep into Rectifiers: Surpassing Human-Level Performance on ImageNet Classification, "
    "2015, arXiv:1502.01852",
    output_range=("-inf", "inf"),
    kinks={"0": "alpha"},
    aliases=("parametric_relu",),
    limits={"alpha": _ANY},
    used_by=("the ImageNet networks of He et al. 2015",),
    presets={"keras": {"alpha_initializer": 0.0, "shared_axes": None}, "torch": {"shared_axes": "all"}},
    slope=_prelu_slope,
)
def prelu(x: Tensor, alpha: Tensor) -> Tensor:
    """Parametric rectifier: `x` where positive, `alpha * x` elsewhere, with `alpha` trained.

    The slope at 0 is `alpha`.

    Args:
        x: Tensor of any shape.
        alpha: Number, or tensor that broadcasts against `x`.

    Returns:
        Tensor of the shape and floating-point dtype of `x`.

    Examples:
        >>> np.asarray(keras_acts.prelu([-2.0, 3.0], 0.25))
        array([-0.5, 3. ], dtype=float32)
    """
    return ops.where(x > 0, x, _scaled(alpha, x))


class PReLU(Trainable, fn=prelu):
    """Layer form of `prelu`: it trains `alpha`, by default one per channel.

    Differs from `keras.layers.PReLU` in three defaults, all as in the paper: `alpha` starts at 0.25 and not at 0; it
    is shared over space and not kept per position; and it is not regularised (nor is it in Keras).

    Args:
        alpha_initializer: Number, or any Keras initializer.
        alpha_regularizer: Any Keras regularizer, or `None`. Weight decay would pull the layer towards ReLU.
        alpha_constraint: Any Keras constraint, or `None`.
        shared_axes: `"spatial"` (one `alpha` per channel), `"all"` (one for the layer), `None` (one per element), or
            a list of the axes to share, as in Keras; negative axes count from the end.
        data_format: Where the channel axis is, `"channels_last"` or `"channels_first"`; defaults to
            `keras.config.image_data_format()`.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Input shape:
        `(batch, ..., channels)`, or `(batch, channels, ...)` with `data_format="channels_first"`.

    Output shape:
        Same as the input shape.

    Raises:
        ValueError: `shared_axes` or `data_format` is none of the above, or an axis of unknown size is not shared.

    Examples:
        >>> layer = keras_acts.PReLU()
        >>> keras.ops.convert_to_numpy(layer(np.array([[-2.0, 3.0]])))
        array([[-0.5, 3. ]], dtype=float32)
        >>> tuple(layer.alpha.shape)
        (2,)
    """

    alpha: Tensor

    def __init__(
        self,
        alpha_initializer: Any = 0.25,
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: Any = "spatial",
        data_format: str | None = None,
        **kwargs,
    ):
        super().__init__(
            {"alpha": alpha_initializer},
            shared_axes,
            data_format,
            alpha_regularizer=alpha_regularizer,
            alpha_constraint=alpha_constraint,
            **kwargs,
        )


def _within(x: Tensor, u: Tensor) -> Tensor:
    """`x`, or 0 where an exponential of `-|u|` has long vanished: the square of `x` may overflow there."""
    return ops.where(ops.abs(u) > 800.0, ops.zeros_like(x), x)


def _times_bell(x: Tensor, u: Tensor) -> Tensor:
    """`x**2` times the slope of the logistic function at `u`, which alone may be too small for the dtype."""
    near, e = _within(x, u), ops.exp(-ops.abs(u))
    return times_exp(near * near / ((1.0 + e) * (1.0 + e)), -ops.abs(u))


def _swish_beta_slope(x: Tensor, beta: Tensor) -> tuple[Tensor, Tensor]:
    u = beta * x
    return swish_slope(bounded(u), u, 1.0), _times_bell(x, u)


@activation(
    kind="trainable",
    formula="x * sigmoid(beta * x)",
    source="Ramachandran et al., Searching for Activation Functions, 2017, arXiv:1710.05941",
    output_range=(
        "-0.2784645427610738 / beta if beta > 0 else -inf",
        "-0.2784645427610738 / beta if beta < 0 else inf",
    ),
    aliases=("parametric_swish", "trainable_swish"),
    limits={"beta": _ANY},
    used_by=("keras-contrib (Swish)", "TensorFlow (tf.nn.silu with beta)", "ONNX (Swish with alpha)"),
    equals=("silu(x)",),
    distinct_from={"swish": "without a trained beta; in Keras, torch and JAX that name means silu"},
    presets={"keras_contrib": {"shared_axes": "all"}},
    slope=_swish_beta_slope,
)
def swish_beta(x: Tensor, beta: Tensor) -> Tensor:
    """Swish with a trained sharpness: `x * sigmoid(beta * x)`.

    `beta = 1` is `silu`, `beta = 0` is `x / 2`, and the larger `beta`, the nearer the curve is to `relu`.

    Args:
        x: Tensor of any shape.
        beta: Number, or tensor that broadcasts against `x`.

    Returns:
        Tensor of the shape and floating-point dtype of `x`.

    Examples:
        >>> np.asarray(keras_acts.swish_beta([-1.0, 1.0], 2.0)).round(4)
        array([-0.1192,  0.8808], dtype=float32)
    """
    # The limit at an infinite x is 0 on the side that the logistic function closes.
    u = _scaled(beta, x)
    return ops.where(bounded(u) < -800.0, ops.zeros_like(x), times_logistic(x, u))


class SwishBeta(Trainable, fn=swish_beta):
    """Layer form of `swish_beta`: it trains `beta`, by default one per channel that starts at 1.

    Args:
        beta_initializer: Number, or any Keras initializer.
        shared_axes: `"spatial"` (one per channel), `"all"` (one for the layer, as in keras-contrib), `None` (one per
            element), or a list of the axes to share; negative axes count from the end.
        **kwargs: `beta_regularizer`, `beta_constraint`, `data_format`, and `name`, `dtype`, `trainable` as in every
            Keras layer.

    Examples:
        >>> keras.ops.convert_to_numpy(keras_acts.SwishBeta(2.0)(np.array([[-1.0, 1.0]]))).round(4)
        array([[-0.1192,  0.8808]], dtype=float32)
    """

    beta: Tensor

    def __init__(self, beta_initializer: Any = 1.0, shared_axes: Any = "spatial", **kwargs):
        super().__init__({"beta": beta_initializer}, shared_axes, **kwargs)


def _phase(frequency: Tensor, x: Tensor) -> Tensor:
    # Where the product overflows no digit of the phase is left, and the sine of infinity would be NaN.
    phase = frequency * x
    return ops.where(ops.isinf(phase), ops.zeros_like(x), phase)


def _over_frequency(sin: Tensor, phase: Tensor, x: Tensor, frequency: Tensor) -> Tensor:
    """`sin(phase) / frequency`, which is `x` where the phase vanishes."""
    is_flat = ops.abs(phase) < 1e-9
    return ops.where(is_flat, x, sin / ops.where(is_flat, ops.ones_like(x), frequency * ops.ones_like(x)))


def _snake_slope(x: Tensor, frequency: Tensor) -> tuple[Tensor, Tensor]:
    phase = _phase(frequency, x)
    sin, cos = _backend.sin_cos(phase)
    ratio = _over_frequency(sin, phase, x, frequency)
    return (sin + cos) * (sin + cos), ratio * (2.0 * cos * x - ratio)


@activation(
    kind="trainable",
    formula="x + where(frequency == 0, 0, sin(frequency * x) ** 2 / where(frequency == 0, 1, frequency))",
    source="Ziyin et al., Neural Networks Fail to Learn Periodic Functions and How to Fix It, 2020, arXiv:2006.08195",
    aliases=("snake_a",),
    limits={"frequency": _ANY},
    used_by=("DAC", "TensorFlow Addons (Snake)"),
    presets={"tensorflow_addons": {"shared_axes": "all"}},
    distinct_from={"snake_beta": "has a second parameter and keeps both as logarithms"},
    slope=_snake_slope,
)
def snake(x: Tensor, frequency: Tensor) -> Tensor:
    """Snake: `x + sin(frequency * x) ** 2 / frequency`, a rising curve with a ripple.

    At `frequency = 0` it is `x`, its limit. The slope is never negative.

    Args:
        x: Tensor of any shape.
        frequency: Number, or tensor that broadcasts against `x`.

    Returns:
        Tensor of the shape and floating-point dtype of `x`.

    Examples:
        >>> np.asarray(keras_acts.snake([-1.0, 0.0, 1.0], 1.0)).round(4)
        array([-0.2919,  0.    ,  1.7081], dtype=float32)
        >>> np.asarray(keras_acts.snake([-1.0, 0.0, 1.0], 0.0))
        array([-1.,  0.,  1.], dtype=float32)
    """
    phase = _phase(frequency, x)
    sin = _backend.sin(phase)
    return ops.where(ops.isinf(x), x, x + _over_frequency(sin, phase, x, frequency) * sin)


class Snake(Trainable, fn=snake):
    """Layer form of `snake`: it trains `frequency`, by default one per channel that starts at 1.

    Args:
        frequency_initializer: Number, or any Keras initializer.
        shared_axes: `"spatial"` (one per channel, as in DAC), `"all"` (one for the layer, as in TensorFlow Addons),
            `None` (one per element), or a list of the axes to share; negative axes count from the end.
        **kwargs: `frequency_regularizer`, `frequency_constraint`, `data_format`, and `name`, `dtype`, `trainable` as in
            every Keras layer.

    Examples:
        >>> keras.ops.convert_to_numpy(keras_acts.Snake()(np.array([[-1.0, 1.0]]))).round(4)
        array([[-0.2919,  1.7081]], dtype=float32)
    """

    frequency: Tensor

    def __init__(self, frequency_initializer: Any = 1.0, shared_axes: Any = "spatial", **kwargs):
        super().__init__({"frequency": frequency_initializer}, shared_axes, **kwargs)


def _snake_beta_slope(x: Tensor, alpha: Tensor, beta: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    frequency, height = ops.exp(alpha), ops.exp(beta)
    phase, divisor = _phase(frequency, x), height + 1e-9
    sin, cos = _backend.sin_cos(phase)
    # 1 + frequency / divisor * sin(2 * phase), which would cancel where both are equal and it touches 0.
    slope = ((height - frequency + 1e-9) + frequency * ((sin + cos) * (sin + cos))) / divisor
    return slope, 2.0 * sin * cos * (phase / divisor), -(sin / divisor) * (sin * (height / divisor))


@activation(
    kind="trainable",
    formula="x + sin(exp(alpha) * x) ** 2 / (exp(beta) + 1e-9)",
    source="Lee et al., BigVGAN: A Universal Neural Vocoder with Large-Scale Training, 2022, arXiv:2206.04658",
    limits={"alpha": _ANY, "beta": _ANY},
    used_by=("BigVGAN", "Qwen2.5-Omni", "Qwen3-Omni"),
    slope=_snake_beta_slope,
)
def snake_beta(x: Tensor, alpha: Tensor, beta: Tensor) -> Tensor:
    """Snake with separate frequency and height: `x + sin(exp(alpha) * x) ** 2 / (exp(beta) + 1e-9)`.

    Both parameters are logarithms, as in BigVGAN's checkpoints, so frequency and height stay positive.

    Args:
        x: Tensor of any shape.
        alpha: Logarithm of the frequency: number, or tensor that broadcasts against `x`.
        beta: Logarithm of what the ripple is divided by: number, or tensor that broadcasts against `x`.

    Returns:
        Tensor of the shape and floating-point dtype of `x`.

    Examples:
        >>> np.asarray(keras_acts.snake_beta([-1.0, 1.0], 0.0, 0.0)).round(4)
        array([-0.2919,  1.7081], dtype=float32)
    """
    sin = _backend.sin(_phase(ops.exp(alpha), x))
    return ops.where(ops.isinf(x), x, x + sin / (ops.exp(beta) + 1e-9) * sin)


class SnakeBeta(Trainable, fn=snake_beta):
    """Layer form of `snake_beta`: it trains `alpha` and `beta`, by default one each per channel, starting at 0.

    Args:
        alpha_initializer: Number, or any Keras initializer.
        beta_initializer: Number, or any Keras initializer.
        shared_axes: `"spatial"` (one per channel), `"all"` (one for the layer), `None` (one per element), or a list of
            the axes to share; negative axes count from the end.
        **kwargs: `alpha_regularizer`, `alpha_constraint` and the same for `beta`, `data_format`, and `name`, `dtype`,
            `trainable` as in every Keras layer.

    Examples:
        >>> keras.ops.convert_to_numpy(keras_acts.SnakeBeta()(np.array([[-1.0, 1.0]]))).round(4)
        array([[-0.2919,  1.7081]], dtype=float32)
    """

    alpha: Tensor
    beta: Tensor

    def __init__(
        self, alpha_initializer: Any = 0.0, beta_initializer: Any = 0.0, shared_axes: Any = "spatial", **kwargs
    ):
        super().__init__({"alpha": alpha_initializer, "beta": beta_initializer}, shared_axes, **kwargs)


def _softplus(x: Tensor) -> Tensor:
    # log1p(exp(x)) would overflow; what a line leaves of it never does.
    return ops.maximum(x, 0.0) + _backend.softplus_tail(x)


def _expm1_less_x(x: Tensor) -> Tensor:
    """`exp(x) - 1 - x` for `x <= 0`, with full relative precision."""
    # Near 0 the two terms cancel all but x**2 / 2; the series has enough terms for float64 down to -1.
    near = ops.maximum(x, -1.0)
    series = ops.ones_like(x)
    for n in range(20, 2, -1):
        series = 1.0 + near / n * series
    return ops.where(x > -1.0, 0.5 * near * near * series, _backend.expm1(ops.minimum(x, 0.0)) - x)


# Inverse softplus of the paper's initial curvature 0.8, and of 0.8 - beta.
_XIELU_POSITIVE = math.log(math.expm1(0.8))
_XIELU_NEGATIVE = math.log(math.expm1(0.3))


def _xielu_slope(
    x: Tensor, alpha_p: Tensor, alpha_n: Tensor, beta: float = 0.5
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    right = _softplus(alpha_p)
    on_right, below, zero = x > 0, ops.minimum(x, 0.0), ops.zeros_like(x)
    # The selection stands between the factors, or a compiler squares x first, which overflows.
    by_p = ops.where(on_right, logistic(alpha_p)[0] * x, zero)
    return (
        ops.where(on_right, 2.0 * right * x + beta, _softplus(alpha_n) * _backend.expm1(below) + beta * ops.exp(below)),
        by_p * x,
        ops.where(on_right, zero, logistic(alpha_n)[0] * _expm1_less_x(below)),
        ops.where(on_right, x, _backend.expm1(below)),
    )


@activation(
    kind="trainable",
    formula="where(x > 0, softplus(alpha_p) * x ** 2 + beta * x, "
    "(softplus(alpha_n) + beta) * (expm1(x) - x) + beta * x)",
    source="Huang & Schlag, Deriving Activation Functions Using Integration, 2024, arXiv:2411.13010",
    output_range=("-beta + softplus(alpha_n) * log1p(beta / softplus(alpha_n))", "inf"),
    limits={"alpha_p": _ANY, "alpha_n": _ANY, "beta": (0.0, 1e38)},
    used_by=("Apertus",),
    slope=_xielu_slope,
)
def xielu(x: Tensor, alpha_p: Tensor, alpha_n: Tensor, beta: float = 0.5) -> Tensor:
    """Expanded integral of the ELU: a parabola on the right, `a * (exp(x) - 1 - x) + beta * x` on the left.

    The right side is `softplus(alpha_p) * x ** 2 + beta * x`; on the left `a = softplus(alpha_n) + beta`. The
    parameters are kept before the softplus, as in Apertus' checkpoints. Hugging Face cuts `x` at -1e-6 inside `exp`,
    which makes a jump of 8e-7 at 0; here there is none.

    Args:
        x: Tensor of any shape.
        alpha_p: Sets the curvature on the right: number, or tensor that broadcasts against `x`.
        alpha_n: Sets the curvature on the left: number, or tensor that broadcasts against `x`.
        beta: Slope at 0, a number that is not negative.

    Returns:
        Tensor of the shape and floating-point dtype of `x`.

    Raises:
        TypeError: `beta` is not a number.
        ValueError: `beta` is negative, infinite or NaN.

    Examples:
        >>> np.asarray(keras_acts.xielu([-1.0, 0.0, 1.0], 0.0, 0.0)).round(4)
        array([-0.0611,  0.    ,  1.1931], dtype=float32)
    """
    left, below = _softplus(alpha_n), ops.minimum(x, 0.0)
    near = (left + beta) * _expm1_less_x(ops.maximum(below, -1.0)) + beta * x
    # Far out a * x and beta * x would cancel; their difference is the softplus times x.
    far = (left + beta) * _backend.expm1(below) - left * x
    return ops.where(x > 0, x * (_softplus(alpha_p) * x + beta), ops.where(x < -1.0, far, near))


class XIELU(Trainable, fn=xielu):
    """Layer form of `xielu`: it trains `alpha_p` and `alpha_n`, by default one each for the layer, as in Apertus.

    Args:
        alpha_p_initializer: Number, or any Keras initializer; the default is a curvature of 0.8.
        alpha_n_initializer: Number, or any Keras initializer; the default is a curvature of 0.8 at `beta=0.5`.
        beta: Slope at 0, a number that is not negative.
        shared_axes: `"all"` (one for the layer), `"spatial"` (one per channel), `None` (one per element), or a list of
            the axes to share; negative axes count from the end.
        **kwargs: `alpha_p_regularizer`, `alpha_p_constraint` and the same for `alpha_n`, `data_format`, and `name`,
            `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> keras.ops.convert_to_numpy(keras_acts.XIELU()(np.array([[-1.0, 1.0]]))).round(4)
        array([[-0.2057,  1.3   ]], dtype=float32)
    """

    alpha_p: Tensor
    alpha_n: Tensor

    def __init__(
        self,
        alpha_p_initializer: Any = _XIELU_POSITIVE,
        alpha_n_initializer: Any = _XIELU_NEGATIVE,
        beta: float = 0.5,
        shared_axes: Any = "all",
        **kwargs,
    ):
        learned = {"alpha_p": alpha_p_initializer, "alpha_n": alpha_n_initializer}
        super().__init__(learned, shared_axes, parameters={"beta": beta}, **kwargs)


def _tlu_slope(x: Tensor, tau: Tensor) -> tuple[Tensor, Tensor]:
    zero, one = ops.zeros_like(x), ops.ones_like(x)
    return ops.where(x > tau, one, zero), ops.where(x > tau, zero, one)


@activation(
    kind="trainable",
    formula="where(x > tau, x, tau)",
    source="Singh & Krishnan, Filter Response Normalization Layer: Eliminating Batch Dependence in the Training of "
    "Deep Neural Networks, 2019, arXiv:1911.09737",
    output_range=("tau", "inf"),
    kinks={"tau": "0"},
    aliases=("thresholded_linear_unit",),
    limits={"tau": _ANY},
    used_by=("timm (FilterResponseNormTlu2d)", "TensorFlow Addons (TLU)"),
    distinct_from={"thresholded_relu": "0, and not the threshold, below the threshold"},
    presets={"tensorflow_addons": {"shared_axes": None}},
    slope=_tlu_slope,
)
def tlu(x: Tensor, tau: Tensor) -> Tensor:
    """Thresholded linear unit: `max(x, tau)`, a rectifier whose floor is trained.

    It comes after filter response normalisation, which does not centre. The slope at `tau` is 0.

    Args:
        x: Tensor of any shape.
        tau: Number, or tensor that broadcasts against `x`.

    Returns:
        Tensor of the shape and floating-point dtype of `x`, at least `tau`.

    Examples:
        >>> np.asarray(keras_acts.tlu([-2.0, 3.0], -1.0))
        array([-1.,  3.], dtype=float32)
    """
    return ops.where(x <= tau, tau * ops.ones_like(x), x)


class TLU(Trainable, fn=tlu):
    """Layer form of `tlu`: it trains `tau`, by default one per channel that starts at 0.

    The affine form of TensorFlow Addons, `TLU(affine=True)`, is `AffineTLU`.

    Args:
        tau_initializer: Number, or any Keras initializer.
        shared_axes: `"spatial"` (one per channel, as in the paper), `"all"` (one for the layer), `None` (one per
            element, as in TensorFlow Addons), or a list of the axes to share; negative axes count from the end.
        **kwargs: `tau_regularizer`, `tau_constraint`, `data_format`, and `name`, `dtype`, `trainable` as in every
            Keras layer.

    Examples:
        >>> keras.ops.convert_to_numpy(keras_acts.TLU(-1.0)(np.array([[-2.0, 3.0]])))
        array([[-1.,  3.]], dtype=float32)
    """

    tau: Tensor

    def __init__(self, tau_initializer: Any = 0.0, shared_axes: Any = "spatial", **kwargs):
        super().__init__({"tau": tau_initializer}, shared_axes, **kwargs)


def _affine_tlu_slope(x: Tensor, tau: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    passes = x > _scaled(alpha, x) + tau
    zero, one = ops.zeros_like(x), ops.ones_like(x)
    return ops.where(passes, one, alpha * one), ops.where(passes, zero, one), ops.where(passes, zero, x)


@activation(
    kind="trainable",
    formula="where(x > alpha * x + tau, x, alpha * x + tau)",
    source="Singh & Krishnan, Filter Response Normalization Layer: Eliminating Batch Dependence in the Training of "
    "Deep Neural Networks, 2019, arXiv:1911.09737",
    output_range=("-inf if alpha > 0 else tau / (1 - alpha)", "inf"),
    kinks={"tau / (1 - alpha)": "alpha"},
    limits={"tau": _ANY, "alpha": _ANY},
    used_by=("TensorFlow Addons (TLU with affine=True)",),
    presets={"tensorflow_addons": {"shared_axes": None}},
    slope=_affine_tlu_slope,
)
def affine_tlu(x: Tensor, tau: Tensor, alpha: Tensor) -> Tensor:
    """Affine thresholded linear unit: `max(x, alpha * x + tau)`.

    Where both are equal the slope is `alpha`.

    Args:
        x: Tensor of any shape.
        tau: Number, or tensor that broadcasts against `x`.
        alpha: Number, or tensor that broadcasts against `x`.

    Returns:
        Tensor of the shape and floating-point dtype of `x`.

    Examples:
        >>> np.asarray(keras_acts.affine_tlu([-2.0, 3.0], -1.0, 0.25))
        array([-1.5,  3. ], dtype=float32)
    """
    line = _scaled(alpha, x) + tau
    return ops.where(x > line, x, line)


class AffineTLU(Trainable, fn=affine_tlu):
    """Layer form of `affine_tlu`: it trains `tau` and `alpha`, by default one each per channel, starting at 0.

    Args:
        tau_initializer: Number, or any Keras initializer.
        alpha_initializer: Number, or any Keras initializer.
        shared_axes: `"spatial"` (one per channel, as in the paper), `"all"` (one for the layer), `None` (one per
            element, as in TensorFlow Addons), or a list of the axes to share; negative axes count from the end.
        **kwargs: `tau_regularizer`, `tau_constraint` and the same for `alpha`, `data_format`, and `name`, `dtype`,
            `trainable` as in every Keras layer.

    Examples:
        >>> keras.ops.convert_to_numpy(keras_acts.AffineTLU(-1.0, 0.25)(np.array([[-2.0, 3.0]])))
        array([[-1.5,  3. ]], dtype=float32)
    """

    tau: Tensor
    alpha: Tensor

    def __init__(
        self, tau_initializer: Any = 0.0, alpha_initializer: Any = 0.0, shared_axes: Any = "spatial", **kwargs
    ):
        super().__init__({"tau": tau_initializer, "alpha": alpha_initializer}, shared_axes, **kwargs)


def _star_relu_slope(x: Tensor, scale: Tensor, bias: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    positive = ops.maximum(x, 0.0)
    return 2.0 * scale * positive, positive * positive, ops.ones_like(x)


@activation(
    kind="trainable",
    formula="scale * relu(x) ** 2 + bias",
    source="Yu et al., MetaFormer Baselines for Vision, 2022, arXiv:2210.13452",
    output_range=("bias if scale >= 0 else -inf", "bias if scale <= 0 else inf"),
    limits={"scale": _ANY, "bias": _ANY},
    used_by=("CAFormer", "ConvFormer", "timm (StarReLU)"),
    slope=_star_relu_slope,
)
def star_relu(x: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    """StarReLU: `scale * relu(x) ** 2 + bias`.

    With the initial values, `1 / sqrt(1.25)` and `-0.5 / sqrt(1.25)`, normal inputs keep mean 0 and variance 1.

    Args:
        x: Tensor of any shape.
        scale: Number, or tensor that broadcasts against `x`.
        bias: Number, or tensor that broadcasts against `x`.

    Returns:
        Tensor of the shape and floating-point dtype of `x`.

    Examples:
        >>> np.asarray(keras_acts.star_relu([-1.0, 2.0], 0.8944, -0.4472))
        array([-0.4472,  3.1304], dtype=float32)
    """
    positive = ops.where(x <= 0, ops.zeros_like(x), x)
    return scale * positive * positive + bias


class StarReLU(Trainable, fn=star_relu):
    """Layer form of `star_relu`: it trains `scale` and `bias`, by default one each for the layer, as in MetaFormer.

    Args:
        scale_initializer: Number, or any Keras initializer.
        bias_initializer: Number, or any Keras initializer.
        shared_axes: `"all"` (one for the layer), `"spatial"` (one per channel), `None` (one per element), or a list of
            the axes to share; negative axes count from the end.
        **kwargs: `scale_regularizer`, `scale_constraint` and the same for `bias`, `data_format`, and `name`, `dtype`,
            `trainable` as in every Keras layer.

    Examples:
        >>> keras.ops.convert_to_numpy(keras_acts.StarReLU()(np.array([[-1.0, 2.0]])))
        array([[-0.4472,  3.1304]], dtype=float32)
    """

    scale: Tensor
    bias: Tensor

    def __init__(
        self, scale_initializer: Any = 0.8944, bias_initializer: Any = -0.4472, shared_axes: Any = "all", **kwargs
    ):
        super().__init__({"scale": scale_initializer, "bias": bias_initializer}, shared_axes, **kwargs)


def _dynamic_tanh_slope(x: Tensor, alpha: Tensor, gamma: Tensor, beta: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    u = alpha * x
    e = ops.exp(-2.0 * ops.abs(u))
    by_alpha = 4.0 * times_exp(gamma * _within(x, u) / ((1.0 + e) * (1.0 + e)), -2.0 * ops.abs(u))
    return gamma * alpha * tanh_slope(u), by_alpha, precise_tanh(u), ops.ones_like(x)


@activation(
    kind="trainable",
    formula="gamma * tanh(alpha * x) + beta",
    source="Zhu et al., Transformers without Normalization, 2025, arXiv:2503.10622",
    output_range=("beta - abs(gamma)", "beta + abs(gamma)"),
    aliases=("dyt",),
    limits={"alpha": _ANY, "gamma": _ANY, "beta": _ANY},
    distinct_from={"tanh": "has no trained scale, slope or shift"},
    slope=_dynamic_tanh_slope,
)
def dynamic_tanh(x: Tensor, alpha: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    """Dynamic tanh: `gamma * tanh(alpha * x) + beta`, which takes the place of a normalisation layer.

    Args:
        x: Tensor of any shape.
        alpha: Number, or tensor that broadcasts against `x`.
        gamma: Number, or tensor that broadcasts against `x`.
        beta: Number, or tensor that broadcasts against `x`.

    Returns:
        Tensor of the shape and floating-point dtype of `x`.

    Examples:
        >>> np.asarray(keras_acts.dynamic_tanh([-2.0, 2.0], 0.5, 1.0, 0.0)).round(4)
        array([-0.7616,  0.7616], dtype=float32)
    """
    return gamma * precise_tanh(_scaled(alpha, x)) + beta


class DynamicTanh(Trainable, fn=dynamic_tanh):
    """Layer form of `dynamic_tanh`: it trains one `alpha` for the layer, and `gamma` and `beta` per channel.

    Args:
        alpha_initializer: Number, or any Keras initializer. The paper takes 0.5, and less for wide language models.
        gamma_initializer: Number, or any Keras initializer.
        beta_initializer: Number, or any Keras initializer.
        shared_axes: For `gamma` and `beta`: `"spatial"` (one per channel), `"all"` (one for the layer), `None` (one per
            element), or a list of the axes to share; negative axes count from the end.
        **kwargs: `alpha_regularizer`, `alpha_constraint` and the same for `gamma` and `beta`, `data_format`, and
            `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> layer = keras_acts.DynamicTanh()
        >>> keras.ops.convert_to_numpy(layer(np.array([[-2.0, 2.0]]))).round(4)
        array([[-0.7616,  0.7616]], dtype=float32)
        >>> tuple(layer.alpha.shape), tuple(layer.gamma.shape)
        ((1,), (2,))
    """

    alpha: Tensor
    gamma: Tensor
    beta: Tensor

    def __init__(
        self,
        alpha_initializer: Any = 0.5,
        gamma_initializer: Any = 1.0,
        beta_initializer: Any = 0.0,
        shared_axes: Any = "spatial",
        **kwargs,
    ):
        learned = {"alpha": alpha_initializer, "gamma": gamma_initializer, "beta": beta_initializer}
        super().__init__(learned, shared_axes, **kwargs)

    def weight_shape(self, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (1,) * len(shape) if name == "alpha" else shape


_DENSITY = 2.0 / math.sqrt(math.pi)  # the slope of erf at 0


def _derf_slope(
    x: Tensor, alpha: Tensor, shift: Tensor, gamma: Tensor, beta: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    u, v = bounded(alpha * x + shift), bounded(alpha * x)

    def times_bell(factor: Tensor) -> Tensor:
        # exp(-u**2) with shift**2 apart: rounding u, and then its square, costs digits that x is not to blame for.
        # Beyond 4 the two factors could overflow and underflow.
        apart = ops.exp(-shift * shift) * times_exp(factor, -v * (v + 2.0 * shift))
        return _DENSITY * ops.where(ops.abs(u - v) < 4.0, apart, times_exp(factor, -u * u))

    one = ops.ones_like(x)
    return (
        times_bell(gamma * alpha * one),
        times_bell(gamma * _within(x, v)),
        times_bell(gamma * one),
        precise_erf(u),
        one,
    )


@activation(
    kind="trainable",
    formula="gamma * erf(alpha * x + shift) + beta",
    source="Chen et al., Stronger Normalization-Free Transformers, 2025, arXiv:2512.10938",
    output_range=("beta - abs(gamma)", "beta + abs(gamma)"),
    aliases=("dynamic_erf",),
    limits={"alpha": _ANY, "shift": _ANY, "gamma": _ANY, "beta": _ANY},
    slope=_derf_slope,
)
def derf(x: Tensor, alpha: Tensor, shift: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    """Dynamic error function: `gamma * erf(alpha * x + shift) + beta`, which takes the place of a normalisation layer.

    Args:
        x: Tensor of any shape.
        alpha: Number, or tensor that broadcasts against `x`.
        shift: Number, or tensor that broadcasts against `x`.
        gamma: Number, or tensor that broadcasts against `x`.
        beta: Number, or tensor that broadcasts against `x`.

    Returns:
        Tensor of the shape and floating-point dtype of `x`.

    Examples:
        >>> np.asarray(keras_acts.derf([-2.0, 2.0], 0.5, 0.0, 1.0, 0.0)).round(4)
        array([-0.8427,  0.8427], dtype=float32)
    """
    return gamma * precise_erf(_scaled(alpha, x) + shift) + beta


class Derf(Trainable, fn=derf):
    """Layer form of `derf`: it trains one `alpha` and `shift` for the layer, and `gamma` and `beta` per channel.

    Args:
        alpha_initializer: Number, or any Keras initializer.
        shift_initializer: Number, or any Keras initializer.
        gamma_initializer: Number, or any Keras initializer.
        beta_initializer: Number, or any Keras initializer.
        shared_axes: For `gamma` and `beta`: `"spatial"` (one per channel), `"all"` (one for the layer), `None` (one per
            element), or a list of the axes to share; negative axes count from the end.
        **kwargs: `alpha_regularizer`, `alpha_constraint` and the same for the others, `data_format`, and `name`,
            `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> keras.ops.convert_to_numpy(keras_acts.Derf()(np.array([[-2.0, 2.0]]))).round(4)
        array([[-0.8427,  0.8427]], dtype=float32)
    """

    alpha: Tensor
    shift: Tensor
    gamma: Tensor
    beta: Tensor

    def __init__(
        self,
        alpha_initializer: Any = 0.5,
        shift_initializer: Any = 0.0,
        gamma_initializer: Any = 1.0,
        beta_initializer: Any = 0.0,
        shared_axes: Any = "spatial",
        **kwargs,
    ):
        learned = {
            "alpha": alpha_initializer,
            "shift": shift_initializer,
            "gamma": gamma_initializer,
            "beta": beta_initializer,
        }
        super().__init__(learned, shared_axes, **kwargs)

    def weight_shape(self, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (1,) * len(shape) if name in ("alpha", "shift") else shape


def _parametric_softplus_slope(x: Tensor, alpha: Tensor, beta: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    at = logistic(beta * x)[0]
    return alpha * beta * at, _softplus(beta * x), alpha * (x * at)


@activation(
    kind="trainable",
    formula="alpha * softplus(beta * x)",
    source="McFarland et al., Inferring Nonlinear Neuronal Computation Based on Physiologically Plausible Inputs, PLoS "
    "Computational Biology 2013",
    output_range=("0 if alpha >= 0 else -inf", "0 if alpha <= 0 else inf"),
    aliases=("softplus_parametric",),
    limits={"alpha": _ANY, "beta": _ANY},
    used_by=("Keras 1 (ParametricSoftplus)", "CoreML (softplus_parametric)"),
    slope=_parametric_softplus_slope,
)
def parametric_softplus(x: Tensor, alpha: Tensor, beta: Tensor) -> Tensor:
    """Parametric softplus: `alpha * log(1 + exp(beta * x))`.

    Args:
        x: Tensor of any shape.
        alpha: Number, or tensor that broadcasts against `x`.
        beta: Number, or tensor that broadcasts against `x`.

    Returns:
        Tensor of the shape and floating-point dtype of `x`.

    Examples:
        >>> np.asarray(keras_acts.parametric_softplus([-1.0, 0.0, 1.0], 0.2, 5.0)).round(4)
        array([0.0013, 0.1386, 1.0013], dtype=float32)
    """
    # alpha * (beta * x) may overflow where (alpha * beta) * x does not.
    u = _scaled(beta, x)
    line = ops.where(u <= 0, ops.zeros_like(x), alpha * beta * x)
    return line + alpha * _backend.softplus_tail(u)


class ParametricSoftplus(Trainable, fn=parametric_softplus):
    """Layer form of `parametric_softplus`, with the initial values of Keras 1: it trains `alpha` and `beta`.

    Args:
        alpha_initializer: Number, or any Keras initializer.
        beta_initializer: Number, or any Keras initializer.
        shared_axes: `"spatial"` (one per channel), `"all"` (one for the layer), `None` (one per element, as in
            Keras 1), or a list of the axes to share; negative axes count from the end.
        **kwargs: `alpha_regularizer`, `alpha_constraint` and the same for `beta`, `data_format`, and `name`, `dtype`,
            `trainable` as in every Keras layer.

    Examples:
        >>> keras.ops.convert_to_numpy(keras_acts.ParametricSoftplus()(np.array([[0.0, 1.0]]))).round(4)
        array([[0.1386, 1.0013]], dtype=float32)
    """

    alpha: Tensor
    beta: Tensor

    def __init__(
        self, alpha_initializer: Any = 0.2, beta_initializer: Any = 5.0, shared_axes: Any = "spatial", **kwargs
    ):
        super().__init__({"alpha": alpha_initializer, "beta": beta_initializer}, shared_axes, **kwargs)


class AtLeast(keras.constraints.Constraint):
    """Constraint that keeps a weight from falling below a number.

    Args:
        low: The number.
    """

    def __init__(self, low: float) -> None:
        self.low = number("AtLeast", "low", low, -1e38, 1e38)

    def __call__(self, w: Tensor) -> Tensor:
        """Return the weight, raised to `low` where it lies below."""
        return ops.maximum(w, self.low)

    def get_config(self) -> dict[str, Any]:
        """Return the argument that makes this constraint again."""
        return {"low": self.low}


register("AtLeast", AtLeast)


def _pelu_slope(x: Tensor, alpha: Tensor, beta: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    scaled = x / beta
    decay = ops.where(x < 0, ops.exp(ops.minimum(scaled, 0.0)), ops.ones_like(x))
    steepness = alpha / beta * decay
    height = ops.where(x < 0, _backend.expm1(ops.minimum(scaled, 0.0)), scaled)
    by_beta = alpha / beta * ops.where(x < 0, times_exp(x, ops.minimum(scaled, 0.0)), x)
    return steepness, height, -by_beta / beta


@activation(
    kind="trainable",
    formula="where(x < 0, alpha * expm1(x / beta), alpha / beta * x)",
    source="Trottier et al., Parametric Exponential Linear Unit for Deep Convolutional Neural Networks, 2016, "
    "arXiv:1605.09332",
    output_range=("-alpha", "inf"),
    aliases=("parametric_elu",),
    limits={"alpha": (1e-30, 1e30), "beta": (1e-30, 1e30)},
    used_by=("keras-contrib (PELU)",),
    equals=("elu(x)",),
    presets={"keras_contrib": {"shared_axes": None}},
    slope=_pelu_slope,
)
def pelu(x: Tensor, alpha: Tensor, beta: Tensor) -> Tensor:
    """Parametric exponential linear unit: `alpha / beta * x` on the right, `alpha * (exp(x / beta) - 1)` on the left.

    The two sides meet without a kink.

    Args:
        x: Tensor of any shape.
        alpha: Positive number, or tensor that broadcasts against `x`.
        beta: Positive number, or tensor that broadcasts against `x`.

    Returns:
        Tensor of the shape and floating-point dtype of `x`.

    Examples:
        >>> np.asarray(keras_acts.pelu([-1.0, 1.0], 1.0, 0.5)).round(4)
        array([-0.8647,  2.    ], dtype=float32)
    """
    return ops.where(x < 0, alpha * _backend.expm1(ops.minimum(x / beta, 0.0)), alpha / beta * x)


class PELU(Trainable, fn=pelu):
    """Layer form of `pelu`: it trains `alpha` and `beta`, by default one each per channel, starting at 1.

    As in the paper neither falls below 0.1: `alpha_constraint` and `beta_constraint` see to it unless you pass others,
    or `None`.

    Args:
        alpha_initializer: Number, or any Keras initializer.
        beta_initializer: Number, or any Keras initializer.
        shared_axes: `"spatial"` (one per channel), `"all"` (one for the layer, as in the paper), `None` (one per
            element, as in keras-contrib), or a list of the axes to share; negative axes count from the end.
        **kwargs: `alpha_regularizer`, `alpha_constraint` and the same for `beta`, `data_format`, and `name`, `dtype`,
            `trainable` as in every Keras layer.

    Examples:
        >>> keras.ops.convert_to_numpy(keras_acts.PELU()(np.array([[-1.0, 1.0]]))).round(4)
        array([[-0.6321,  1.    ]], dtype=float32)
    """

    alpha: Tensor
    beta: Tensor

    def __init__(
        self, alpha_initializer: Any = 1.0, beta_initializer: Any = 1.0, shared_axes: Any = "spatial", **kwargs
    ):
        constraints = {"alpha_constraint": AtLeast(0.1), "beta_constraint": AtLeast(0.1)}
        learned = {"alpha": alpha_initializer, "beta": beta_initializer}
        super().__init__(learned, shared_axes, **{**constraints, **kwargs})


def _mpelu_slope(x: Tensor, alpha: Tensor, beta: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    right, scaled = x > 0, beta * ops.minimum(x, 0.0)
    decay, zero = ops.exp(scaled), ops.zeros_like(x)
    return (
        ops.where(right, ops.ones_like(x), alpha * beta * decay),
        ops.where(right, zero, _backend.expm1(scaled)),
        ops.where(right, zero, alpha * (x * decay)),
    )


@activation(
    kind="trainable",
    formula="where(x > 0, x, alpha * expm1(beta * x))",
    source="Li et al., Improving Deep Neural Network with Multiple Parametric Exponential Linear Units, 2016, "
    "arXiv:1606.00305",
    output_range=("min(-alpha, 0) if beta > 0 else (-inf if alpha * beta > 0 else 0)", "inf"),
    kinks={"0": "alpha * beta"},
    limits={"alpha": _ANY, "beta": _ANY},
    slope=_mpelu_slope,
)
def mpelu(x: Tensor, alpha: Tensor, beta: Tensor) -> Tensor:
    """Multiple parametric exponential linear unit: `x` where positive, `alpha * (exp(beta * x) - 1)` elsewhere.

    It contains ReLU (`alpha = 0`), ELU (`beta = 1`) and nearly PReLU (small `beta`). The slope at 0 is `alpha * beta`.

    Args:
        x: Tensor of any shape.
        alpha: Number, or tensor that broadcasts against `x`.
        beta: Number, or tensor that broadcasts against `x`.

    Returns:
        Tensor of the shape and floating-point dtype of `x`.

    Examples:
        >>> np.asarray(keras_acts.mpelu([-1.0, 1.0], 0.25, 1.0)).round(4)
        array([-0.158,  1.   ], dtype=float32)
    """
    return ops.where(x > 0, x, alpha * _backend.expm1(beta * ops.minimum(x, 0.0)))


class MPELU(Trainable, fn=mpelu):
    """Layer form of `mpelu`: it trains `alpha` and `beta`, by default one each per channel.

    Args:
        alpha_initializer: Number, or any Keras initializer.
        beta_initializer: Number, or any Keras initializer.
        shared_axes: `"spatial"` (one per channel), `"all"` (one for the layer), `None` (one per element), or a list of
            the axes to share; negative axes count from the end.
        **kwargs: `alpha_regularizer`, `alpha_constraint` and the same for `beta`, `data_format`, and `name`, `dtype`,
            `trainable` as in every Keras layer.

    Examples:
        >>> keras.ops.convert_to_numpy(keras_acts.MPELU()(np.array([[-1.0, 1.0]]))).round(4)
        array([[-0.158,  1.   ]], dtype=float32)
    """

    alpha: Tensor
    beta: Tensor

    def __init__(
        self, alpha_initializer: Any = 0.25, beta_initializer: Any = 1.0, shared_axes: Any = "spatial", **kwargs
    ):
        super().__init__({"alpha": alpha_initializer, "beta": beta_initializer}, shared_axes, **kwargs)


def _srelu_slope(
    x: Tensor, t_left: Tensor, a_left: Tensor, t_right: Tensor, a_right: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    t_top = t_left + ops.abs(t_right)
    above, below = x >= t_top, x <= t_left
    zero, one = ops.zeros_like(x), ops.ones_like(x)
    right = ops.where(above, (1.0 - a_right) * one, zero)
    return (
        ops.where(above, a_right * one, ops.where(below, a_left * one, one)),
        ops.where(above, right, ops.where(below, (1.0 - a_left) * one, zero)),
        ops.where(above, zero, ops.where(below, x - t_left, zero)),
        right * ops.sign(t_right),
        ops.where(above, x - t_top, zero),
    )


@activation(
    kind="trainable",
    formula="where(x >= t_left + abs(t_right), t_left + abs(t_right) + a_right * (x - t_left - abs(t_right)), "
    "where(x <= t_left, t_left + a_left * (x - t_left), x))",
    source="Jin et al., Deep Learning with S-shaped Rectified Linear Activation Units, 2015, arXiv:1512.07030",
    output_range=(
        "-inf if a_left > 0 or a_right < 0 else t_left",
        "inf if a_right > 0 or a_left < 0 else t_left + abs(t_right)",
    ),
    kinks={"t_left": "a_left", "t_left + abs(t_right)": "a_right"},
    aliases=("s_shaped_relu",),
    limits={"t_left": _ANY, "a_left": _ANY, "t_right": _ANY, "a_right": _ANY},
    used_by=("keras-contrib (SReLU)",),
    distinct_from={"shifted_relu": "`relu(x - shift)`, also abbreviated SReLU"},
    presets={"keras_contrib": {"shared_axes": None}},
    slope=_srelu_slope,
)
def srelu(x: Tensor, t_left: Tensor, a_left: Tensor, t_right: Tensor, a_right: Tensor) -> Tensor:
    """S-shaped rectifier: three lines with two knees, all four numbers trained.

    `x` between the knees, slope `a_left` below the left one and `a_right` above the right one. The left knee is at
    `t_left` and the right one `abs(t_right)` further on, as in keras-contrib, so the two cannot cross. At a knee the
    slope is that of the outer line.

    Args:
        x: Tensor of any shape.
        t_left: The left knee: number, or tensor that broadcasts against `x`.
        a_left: Slope below it: number, or tensor that broadcasts against `x`.
        t_right: Distance to the right knee: number, or tensor that broadcasts against `x`.
        a_right: Slope above that: number, or tensor that broadcasts against `x`.

    Returns:
        Tensor of the shape and floating-point dtype of `x`.

    Examples:
        >>> np.asarray(keras_acts.srelu([-1.0, 0.5, 3.0], 0.0, 0.25, 1.0, 0.5))
        array([-0.25,  0.5 ,  2.  ], dtype=float32)
    """
    t_top = t_left + ops.abs(t_right)
    above = _scaled(a_right, x) + t_top * (1.0 - a_right)
    below = _scaled(a_left, x) + t_left * (1.0 - a_left)
    return ops.where(x >= t_top, above, ops.where(x <= t_left, below, x))


class SReLU(Trainable, fn=srelu):
    """Layer form of `srelu`, with the initial values of keras-contrib: it trains all four numbers per channel.

    Args:
        t_left_initializer: Number, or any Keras initializer.
        a_left_initializer: Number, or any Keras initializer; `None`, the default, draws from 0 to 1.
        t_right_initializer: Number, or any Keras initializer; `None`, the default, draws from 0 to 5.
        a_right_initializer: Number, or any Keras initializer.
        shared_axes: `"spatial"` (one per channel), `"all"` (one for the layer), `None` (one per element, as in
            keras-contrib), or a list of the axes to share; negative axes count from the end.
        **kwargs: `t_left_regularizer`, `t_left_constraint` and the same for the others, `data_format`, and `name`,
            `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> layer = keras_acts.SReLU(a_left_initializer=0.25, t_right_initializer=1.0, a_right_initializer=0.5)
        >>> keras.ops.convert_to_numpy(layer(np.array([[-1.0, 0.5, 3.0]])))
        array([[-0.25,  0.5 ,  2.  ]], dtype=float32)
    """

    t_left: Tensor
    a_left: Tensor
    t_right: Tensor
    a_right: Tensor

    def __init__(
        self,
        t_left_initializer: Any = 0.0,
        a_left_initializer: Any = None,
        t_right_initializer: Any = None,
        a_right_initializer: Any = 1.0,
        shared_axes: Any = "spatial",
        **kwargs,
    ):
        learned = {
            "t_left": t_left_initializer,
            "a_left": keras.initializers.RandomUniform(0.0, 1.0) if a_left_initializer is None else a_left_initializer,
            "t_right": keras.initializers.RandomUniform(0.0, 5.0)
            if t_right_initializer is None
            else t_right_initializer,
            "a_right": a_right_initializer,
        }
        super().__init__(learned, shared_axes, **kwargs)


def _blend(a: Tensor, b: Tensor, u: Tensor, first: Tensor, second: Tensor, gap: Tensor) -> Tensor:
    """`a * first + b * second`, for shares that sum to 1, are equal at `u = 0`, and differ by `gap`."""
    # Where the shares are nearly equal, a and b of opposite signs cancel before anything is rounded.
    near = 0.5 * (a + b) + 0.5 * (a - b) * gap
    return ops.where(ops.abs(u) < 1.0, near, a * first + b * second)


def _acon_c_slope(x: Tensor, p1: Tensor, p2: Tensor, beta: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    gap = (p1 - p2) * x
    u = bounded(beta * gap)
    at, opposite = logistic(u)
    rise = u * (at * opposite)
    slope = _blend(p1, p2, u, at + rise, opposite - rise, precise_tanh(0.5 * u) + 2.0 * rise)
    by_p1 = times_logistic(ops.where(u < -800.0, ops.zeros_like(x), x) * (1.0 + u * opposite), u)
    by_p2 = times_logistic(ops.where(u > 800.0, ops.zeros_like(x), x) * (1.0 - u * at), -u)
    return slope, by_p1, by_p2, _times_bell(gap, u)


@activation(
    kind="trainable",
    formula="x * (p1 * sigmoid(beta * (p1 - p2) * x) + p2 * sigmoid(-beta * (p1 - p2) * x))",
    source="Ma et al., Activate or Not: Learning Customized Activation, 2020, arXiv:2009.04759",
    output_range=None,
    aliases=("acon",),
    limits={"p1": _ANY, "p2": _ANY, "beta": _ANY},
    slope=_acon_c_slope,
)
def acon_c(x: Tensor, p1: Tensor, p2: Tensor, beta: Tensor) -> Tensor:
    """ACON-C: a smooth maximum of `p1 * x` and `p2 * x`, as sharp as `beta` says.

    `(p1 - p2) * x * sigmoid(beta * (p1 - p2) * x) + p2 * x`: for large `beta` the larger of the two lines, for
    `beta = 0` their mean, for `p1 = 1`, `p2 = 0` `swish_beta`.

    Args:
        x: Tensor of any shape.
        p1: Number, or tensor that broadcasts against `x`.
        p2: Number, or tensor that broadcasts against `x`.
        beta: Number, or tensor that broadcasts against `x`.

    Returns:
        Tensor of the shape and floating-point dtype of `x`.

    Examples:
        >>> np.asarray(keras_acts.acon_c([-1.0, 1.0], 1.0, 0.25, 1.0)).round(4)
        array([-0.4906,  0.7594], dtype=float32)
    """
    u = _scaled(beta * (p1 - p2), x)
    return _scaled(_blend(p1, p2, u, *logistic(u), precise_tanh(0.5 * u)), x)


class ACONC(Trainable, fn=acon_c):
    """Layer form of `acon_c`: it trains `p1`, `p2` and `beta`, by default one each per channel.

    Args:
        p1_initializer: Number, or any Keras initializer; `None`, the default, is the standard normal, as in the
            paper's code.
        p2_initializer: Number, or any Keras initializer; `None`, the default, is the standard normal.
        beta_initializer: Number, or any Keras initializer.
        shared_axes: `"spatial"` (one per channel), `"all"` (one for the layer), `None` (one per element), or a list of
            the axes to share; negative axes count from the end.
        **kwargs: `p1_regularizer`, `p1_constraint` and the same for the others, `data_format`, and `name`, `dtype`,
            `trainable` as in every Keras layer.

    Examples:
        >>> layer = keras_acts.ACONC(p1_initializer=1.0, p2_initializer=0.25)
        >>> keras.ops.convert_to_numpy(layer(np.array([[-1.0, 1.0]]))).round(4)
        array([[-0.4906,  0.7594]], dtype=float32)
    """

    p1: Tensor
    p2: Tensor
    beta: Tensor

    def __init__(
        self,
        p1_initializer: Any = None,
        p2_initializer: Any = None,
        beta_initializer: Any = 1.0,
        shared_axes: Any = "spatial",
        **kwargs,
    ):
        learned = {
            "p1": keras.initializers.RandomNormal(stddev=1.0) if p1_initializer is None else p1_initializer,
            "p2": keras.initializers.RandomNormal(stddev=1.0) if p2_initializer is None else p2_initializer,
            "beta": beta_initializer,
        }
        super().__init__(learned, shared_axes, **kwargs)


_THIRD = 1.0 / 3.0


def _poly_relu_slope(
    x: Tensor, a1: Tensor, a2: Tensor, a3: Tensor, bias: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    r = ops.maximum(x, 0.0)
    steepness = a1 + r * (2.0 * a2 + 3.0 * a3 * r)
    return ops.where(x > 0, steepness, ops.zeros_like(x)), r, r * r, r * r * r, ops.ones_like(x)


@activation(
    kind="trainable",
    formula="a1 * relu(x) + a2 * relu(x) ** 2 + a3 * relu(x) ** 3 + bias",
    source="Zhuo et al., Polynomial Composition Activations: Unleashing the Dynamics of Large Language Models, 2024, "
    "arXiv:2411.03884",
    output_range=None,
    kinks={"0": "0"},
    aliases=("polycom_relu",),
    limits={"a1": _ANY, "a2": _ANY, "a3": _ANY, "bias": _ANY},
    slope=_poly_relu_slope,
)
def poly_relu(x: Tensor, a1: Tensor, a2: Tensor, a3: Tensor, bias: Tensor) -> Tensor:
    """PolyReLU: a cubic of `relu(x)`, `a1 * r + a2 * r ** 2 + a3 * r ** 3 + bias` with `r = relu(x)`.

    The slope at 0 is 0.

    Args:
        x: Tensor of any shape.
        a1: Number, or tensor that broadcasts against `x`.
        a2: Number, or tensor that broadcasts against `x`.
        a3: Number, or tensor that broadcasts against `x`.
        bias: Number, or tensor that broadcasts against `x`.

    Returns:
        Tensor of the shape and floating-point dtype of `x`.

    Examples:
        >>> np.asarray(keras_acts.poly_relu([-1.0, 1.0, 2.0], 1.0, 0.5, 0.25, 0.0))
        array([0.  , 1.75, 6.  ], dtype=float32)
    """
    r = ops.where(x <= 0, ops.zeros_like(x), x)
    return r * (a1 + r * (a2 + a3 * r)) + bias


class PolyReLU(Trainable, fn=poly_relu):
    """Layer form of `poly_relu`: it trains all four numbers, by default one each for the layer.

    Args:
        a1_initializer: Number, or any Keras initializer.
        a2_initializer: Number, or any Keras initializer.
        a3_initializer: Number, or any Keras initializer.
        bias_initializer: Number, or any Keras initializer.
        shared_axes: `"all"` (one for the layer), `"spatial"` (one per channel), `None` (one per element), or a list of
            the axes to share; negative axes count from the end.
        **kwargs: `a1_regularizer`, `a1_constraint` and the same for the others, `data_format`, and `name`, `dtype`,
            `trainable` as in every Keras layer.

    Examples:
        >>> keras.ops.convert_to_numpy(keras_acts.PolyReLU()(np.array([[-1.0, 2.0]]))).round(4)
        array([[0.    , 4.6667]], dtype=float32)
    """

    a1: Tensor
    a2: Tensor
    a3: Tensor
    bias: Tensor

    def __init__(
        self,
        a1_initializer: Any = _THIRD,
        a2_initializer: Any = _THIRD,
        a3_initializer: Any = _THIRD,
        bias_initializer: Any = 0.0,
        shared_axes: Any = "all",
        **kwargs,
    ):
        learned = {"a1": a1_initializer, "a2": a2_initializer, "a3": a3_initializer, "bias": bias_initializer}
        super().__init__(learned, shared_axes, **kwargs)


def _smu_slope(x: Tensor, mu: Tensor, alpha: float) -> tuple[Tensor, Tensor, Tensor]:
    steep = 1.0 - alpha
    u = bounded(mu * steep * x)
    bell = ops.exp(-u * u) / math.sqrt(math.pi)
    near = steep / math.pi**0.25 * _within(x, u * u)
    slope = alpha + steep * (0.5 * _backend.erfc(-u) + u * bell)
    return slope, times_exp(near * near, -u * u), x * (0.5 * _backend.erfc(u) - u * bell)


@activation(
    kind="trainable",
    formula="alpha * x + (1 - alpha) * x * erfc(-mu * (1 - alpha) * x) / 2",
    source="Biswas et al., SMU: Smooth Activation Function for Deep Networks Using Smoothing Maximum Technique, 2021, "
    "arXiv:2111.04682",
    output_range=("-inf if alpha > 0 or mu == 0 else -0.16997120747990369 / (mu * sqrt(2))", "inf"),
    aliases=("smooth_maximum_unit",),
    limits={"mu": (0.0, 1e38), "alpha": (0.0, 1.0)},
    slope=_smu_slope,
)
def smu(x: Tensor, mu: Tensor, alpha: float = 0.25) -> Tensor:
    """Smooth maximum unit: a smooth `max(x, alpha * x)`, with `erf` in place of the sign.

    `((1 + alpha) * x + (1 - alpha) * x * erf(mu * (1 - alpha) * x)) / 2`. The paper's initial `mu` of 1e6 is all but
    the sharp corner; at `alpha = 0`, `mu = 1 / sqrt(2)` it is `gelu`.

    Args:
        x: Tensor of any shape.
        mu: Sharpness: number that is not negative, or tensor that broadcasts against `x`.
        alpha: Slope on the left, a number from 0 to 1.

    Returns:
        Tensor of the shape and floating-point dtype of `x`.

    Raises:
        TypeError: `alpha` is not a number.
        ValueError: `alpha` is outside [0, 1] or NaN.

    Examples:
        >>> np.asarray(keras_acts.smu([-1.0, 1.0], 1.0)).round(4)
        array([-0.3583,  0.8917], dtype=float32)
    """
    # erf + 1 cancels on the left, where erfc keeps its digits.
    u = _scaled(mu * (1.0 - alpha), x)
    return _scaled(_blend(1.0, alpha, u, 0.5 * _backend.erfc(-u), 0.5 * _backend.erfc(u), precise_erf(u)), x)


class SMU(Trainable, fn=smu):
    """Layer form of `smu`: it trains `mu`, by default one for the layer.

    Args:
        mu_initializer: Number, or any Keras initializer.
        alpha: Slope on the left, a number from 0 to 1.
        shared_axes: `"all"` (one for the layer), `"spatial"` (one per channel), `None` (one per element), or a list of
            the axes to share; negative axes count from the end.
        **kwargs: `mu_regularizer`, `mu_constraint`, `data_format`, and `name`, `dtype`, `trainable` as in every Keras
            layer.

    Examples:
        >>> keras.ops.convert_to_numpy(keras_acts.SMU(1.0)(np.array([[-1.0, 1.0]]))).round(4)
        array([[-0.3583,  0.8917]], dtype=float32)
    """

    mu: Tensor

    def __init__(self, mu_initializer: Any = 1e6, alpha: float = 0.25, shared_axes: Any = "all", **kwargs):
        super().__init__({"mu": mu_initializer}, shared_axes, parameters={"alpha": alpha}, **kwargs)


def _hypot(a: Tensor, b: Tensor) -> Tensor:
    """`sqrt(a**2 + b**2)` of two tensors of one shape, whose squares may overflow or vanish."""
    a, b = ops.abs(a), ops.abs(b)
    large, small = ops.maximum(a, b), ops.minimum(a, b)
    ratio = small / ops.where(large == 0, ops.ones_like(large), large)
    return large * ops.sqrt(1.0 + ratio * ratio)


def _smu1_parts(x: Tensor, mu: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """`k * |x|` and the root of its square and mu's, and what the root exceeds it by: all without cancellation."""
    bend = ops.abs(mu * ops.ones_like(x))
    flank = (1.0 - alpha) * ops.abs(x)
    root = _hypot(flank, bend)
    whole = root + flank
    excess = bend * (bend / ops.where(whole == 0, ops.ones_like(whole), whole))
    return flank, root, excess


def _smu1_slope(x: Tensor, mu: Tensor, alpha: float) -> tuple[Tensor, Tensor, Tensor]:
    flank, root, excess = _smu1_parts(x, mu, alpha)
    safe = ops.where(root == 0, ops.ones_like(root), root)
    # On its flank the root has slope k * flank / root; what that lacks to k is k * excess / root.
    lack = 0.5 * (1.0 - alpha) * (excess / safe)
    toward = 0.5 * flank / safe
    return (
        ops.where(x > 0, 1.0 - lack, alpha + lack),
        0.5 * mu / safe,
        ops.where(x > 0, 0.5 * excess / safe * x, x * (0.5 + toward)),
    )


@activation(
    kind="trainable",
    formula="((1 + alpha) * x + sqrt(((1 - alpha) * x) ** 2 + mu ** 2)) / 2",
    source="Biswas et al., SMU: Smooth Activation Function for Deep Networks Using Smoothing Maximum Technique, 2021, "
    "arXiv:2111.04682",
    output_range=("-inf if alpha > 0 else 0", "inf"),
    limits={"mu": _ANY, "alpha": (0.0, 1.0)},
    slope=_smu1_slope,
)
def smu1(x: Tensor, mu: Tensor, alpha: float = 0.25) -> Tensor:
    """SMU-1: a smooth `max(x, alpha * x)`, with `sqrt(x ** 2 + ...)` in place of the absolute value.

    `((1 + alpha) * x + sqrt(((1 - alpha) * x) ** 2 + mu ** 2)) / 2`; at `alpha = 0` it is `squareplus` with
    `b = mu ** 2`.

    Args:
        x: Tensor of any shape.
        mu: Width of the bend: number, or tensor that broadcasts against `x`.
        alpha: Slope on the left, a number from 0 to 1.

    Returns:
        Tensor of the shape and floating-point dtype of `x`.

    Raises:
        TypeError: `alpha` is not a number.
        ValueError: `alpha` is outside [0, 1] or NaN.

    Examples:
        >>> np.asarray(keras_acts.smu1([-1.0, 1.0], 1.0)).round(4)
        array([0.  , 1.25], dtype=float32)
    """
    excess = _smu1_parts(x, mu, alpha)[2]
    return ops.where(x > 0, x, _scaled(alpha, x)) + 0.5 * excess


class SMU1(Trainable, fn=smu1):
    """Layer form of `smu1`: it trains `mu`, by default one for the layer.

    Args:
        mu_initializer: Number, or any Keras initializer.
        alpha: Slope on the left, a number from 0 to 1.
        shared_axes: `"all"` (one for the layer), `"spatial"` (one per channel), `None` (one per element), or a list of
            the axes to share; negative axes count from the end.
        **kwargs: `mu_regularizer`, `mu_constraint`, `data_format`, and `name`, `dtype`, `trainable` as in every Keras
            layer.

    Examples:
        >>> keras.ops.convert_to_numpy(keras_acts.SMU1()(np.array([[-1.0, 1.0]])))
        array([[-0.25,  1.  ]], dtype=float32)
    """

    mu: Tensor

    def __init__(
        self, mu_initializer: Any = 4.352665993287951e-09, alpha: float = 0.25, shared_axes: Any = "all", **kwargs
    ):
        super().__init__({"mu": mu_initializer}, shared_axes, parameters={"alpha": alpha}, **kwargs)


def _pact_slope(x: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
    zero, one = ops.zeros_like(x), ops.ones_like(x)
    clipped = x >= alpha
    return ops.where(ops.logical_or(x <= 0, clipped), zero, one), ops.where(clipped, one, zero)


@activation(
    kind="trainable",
    formula="where(x >= alpha, alpha, relu(x))",
    source="Choi et al., PACT: Parameterized Clipping Activation for Quantized Neural Networks, 2018, arXiv:1805.06085",
    output_range=("0", "alpha"),
    kinks={"0": "0", "alpha": "0"},
    aliases=("parameterized_clipping",),
    limits={"alpha": (1e-30, 1e30)},
    slope=_pact_slope,
)
def pact(x: Tensor, alpha: Tensor) -> Tensor:
    """Parameterised clipping: `x` cut off at 0 and at a trained ceiling `alpha`, for quantised networks.

    The slope is 0 at both corners; the ceiling gets its gradient from every input that reaches it.

    Args:
        x: Tensor of any shape.
        alpha: Positive number, or tensor that broadcasts against `x`.

    Returns:
        Tensor of the shape and floating-point dtype of `x`, from 0 to `alpha`.

    Examples:
        >>> np.asarray(keras_acts.pact([-1.0, 3.0, 20.0], 10.0))
        array([ 0.,  3., 10.], dtype=float32)
    """
    return ops.where(x >= alpha, alpha * ops.ones_like(x), ops.where(x <= 0, ops.zeros_like(x), x))


class PACT(Trainable, fn=pact):
    """Layer form of `pact`: it trains the ceiling `alpha`, by default one for the layer.

    The paper decays `alpha` as it does the weights: pass `alpha_regularizer=keras.regularizers.L2(...)` for that.

    Args:
        alpha_initializer: Number, or any Keras initializer.
        shared_axes: `"all"` (one for the layer), `"spatial"` (one per channel), `None` (one per element), or a list of
            the axes to share; negative axes count from the end.
        **kwargs: `alpha_regularizer`, `alpha_constraint`, `data_format`, and `name`, `dtype`, `trainable` as in every
            Keras layer.

    Examples:
        >>> keras.ops.convert_to_numpy(keras_acts.PACT(6.0)(np.array([[-1.0, 3.0, 20.0]])))
        array([[0., 3., 6.]], dtype=float32)
    """

    alpha: Tensor

    def __init__(self, alpha_initializer: Any = 10.0, shared_axes: Any = "all", **kwargs):
        super().__init__({"alpha": alpha_initializer}, shared_axes, **kwargs)


def _arelu_slope(x: Tensor, alpha: Tensor, beta: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    at, opposite = logistic(beta * ops.ones_like(x))
    zero = ops.zeros_like(x)
    held = ops.logical_or(ops.less(alpha, 0.01), ops.greater(alpha, 0.99))
    return (
        ops.where(x < 0, ops.clip(alpha * ops.ones_like(x), 0.01, 0.99), 1.0 + at),
        ops.where(ops.logical_or(held, x >= 0), zero, x),
        ops.where(x < 0, zero, x * (at * opposite)),
    )


@activation(
    kind="trainable",
    formula="where(x < 0, clip(alpha, 0.01, 0.99) * x, (1 + sigmoid(beta)) * x)",
    source="Chen et al., AReLU: Attention-based Rectified Linear Unit, 2020, arXiv:2006.13858",
    kinks={"0": "1 + sigmoid(beta)"},
    aliases=("attention_relu",),
    limits={"alpha": _ANY, "beta": _ANY},
    slope=_arelu_slope,
)
def arelu(x: Tensor, alpha: Tensor, beta: Tensor) -> Tensor:
    """Attention-based rectifier: slope `1 + sigmoid(beta)` on the right, `alpha` kept in [0.01, 0.99] on the left.

    The slope at 0 is that of the right side.

    Args:
        x: Tensor of any shape.
        alpha: Number, or tensor that broadcasts against `x`.
        beta: Number, or tensor that broadcasts against `x`.

    Returns:
        Tensor of the shape and floating-point dtype of `x`.

    Examples:
        >>> np.asarray(keras_acts.arelu([-1.0, 1.0], 0.9, 2.0)).round(4)
        array([-0.9   ,  1.8808], dtype=float32)
    """
    at = logistic(beta * ops.ones_like(x))[0]
    return ops.where(x < 0, ops.clip(alpha * ops.ones_like(x), 0.01, 0.99) * x, (1.0 + at) * x)


class AReLU(Trainable, fn=arelu):
    """Layer form of `arelu`: it trains `alpha` and `beta`, by default one each for the layer.

    Args:
        alpha_initializer: Number, or any Keras initializer.
        beta_initializer: Number, or any Keras initializer.
        shared_axes: `"all"` (one for the layer), `"spatial"` (one per channel), `None` (one per element), or a list of
            the axes to share; negative axes count from the end.
        **kwargs: `alpha_regularizer`, `alpha_constraint` and the same for `beta`, `data_format`, and `name`, `dtype`,
            `trainable` as in every Keras layer.

    Examples:
        >>> keras.ops.convert_to_numpy(keras_acts.AReLU()(np.array([[-1.0, 1.0]]))).round(4)
        array([[-0.9   ,  1.8808]], dtype=float32)
    """

    alpha: Tensor
    beta: Tensor

    def __init__(self, alpha_initializer: Any = 0.9, beta_initializer: Any = 2.0, shared_axes: Any = "all", **kwargs):
        super().__init__({"alpha": alpha_initializer, "beta": beta_initializer}, shared_axes, **kwargs)


def _xsilu_slope(x: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
    near = bounded(x)
    at, opposite = logistic(near)
    balance = precise_tanh(0.5 * x)
    first, second = times_logistic(1.0 + near * opposite, near), times_logistic(1.0 - near * at, -near)
    rise = near * (at * opposite)
    return _blend(1.0 + alpha, -alpha, x, first, second, balance + 2.0 * rise), x * balance


@activation(
    kind="trainable",
    formula="x * ((1 + alpha) * sigmoid(x) - alpha * sigmoid(-x))",
    source="Huang, Expanded Gating Ranges Improve Activation Functions, 2024, arXiv:2405.20768",
    output_range=None,
    aliases=("expanded_silu",),
    limits={"alpha": _ANY},
    equals=("silu(x)",),
    slope=_xsilu_slope,
)
def xsilu(x: Tensor, alpha: Tensor) -> Tensor:
    """Expanded SiLU: `x * ((1 + 2 * alpha) * sigmoid(x) - alpha)`, whose gate ranges from `-alpha` to `1 + alpha`.

    Args:
        x: Tensor of any shape.
        alpha: Number, or tensor that broadcasts against `x`.

    Returns:
        Tensor of the shape and floating-point dtype of `x`.

    Examples:
        >>> np.asarray(keras_acts.xsilu([-1.0, 1.0], 0.5)).round(4)
        array([-0.0379,  0.9621], dtype=float32)
    """
    # The factors are kept from infinity, whose product with 0 is NaN; that limit of the curve is 0.
    left, right = times_logistic(ops.maximum(x, -1000.0), x), times_logistic(ops.minimum(x, 1000.0), -x)
    far = _scaled(1.0 + alpha, left) - _scaled(alpha, right)
    return ops.where(ops.abs(x) < 1.0, x * (0.5 + (0.5 + alpha) * precise_tanh(0.5 * x)), far)


class XSiLU(Trainable, fn=xsilu):
    """Layer form of `xsilu`: it trains `alpha`, by default one for the layer that starts at 0.

    Args:
        alpha_initializer: Number, or any Keras initializer.
        shared_axes: `"all"` (one for the layer), `"spatial"` (one per channel), `None` (one per element), or a list of
            the axes to share; negative axes count from the end.
        **kwargs: `alpha_regularizer`, `alpha_constraint`, `data_format`, and `name`, `dtype`, `trainable` as in every
            Keras layer.

    Examples:
        >>> keras.ops.convert_to_numpy(keras_acts.XSiLU()(np.array([[-1.0, 1.0]]))).round(4)
        array([[-0.2689,  0.7311]], dtype=float32)
    """

    alpha: Tensor

    def __init__(self, alpha_initializer: Any = 0.0, shared_axes: Any = "all", **kwargs):
        super().__init__({"alpha": alpha_initializer}, shared_axes, **kwargs)


_SQRT_HALF = math.sqrt(0.5)


def _normal(x: Tensor) -> tuple[Tensor, Tensor]:
    """The normal distribution function of `x` and of `-x`, each with full relative precision."""
    return 0.5 * _backend.erfc(-_SQRT_HALF * x), 0.5 * _backend.erfc(_SQRT_HALF * x)


def _xgelu_slope(x: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
    near = bounded(x)
    at, opposite = _normal(near)
    rise = near * (ops.exp(-0.5 * near * near) / math.sqrt(2.0 * math.pi))
    balance = precise_erf(_SQRT_HALF * x)
    return _blend(1.0 + alpha, -alpha, x, at + rise, opposite - rise, balance + 2.0 * rise), x * balance


@activation(
    kind="trainable",
    formula="x / 2 * ((1 + alpha) * erfc(-x / sqrt(2)) - alpha * erfc(x / sqrt(2)))",
    source="Huang, Expanded Gating Ranges Improve Activation Functions, 2024, arXiv:2405.20768",
    output_range=None,
    aliases=("expanded_gelu",),
    limits={"alpha": _ANY},
    equals=("gelu(x)",),
    slope=_xgelu_slope,
)
def xgelu(x: Tensor, alpha: Tensor) -> Tensor:
    """Expanded GELU: `x * ((1 + 2 * alpha) * Phi(x) - alpha)`, whose gate ranges from `-alpha` to `1 + alpha`.

    Args:
        x: Tensor of any shape.
        alpha: Number, or tensor that broadcasts against `x`.

    Returns:
        Tensor of the shape and floating-point dtype of `x`.

    Examples:
        >>> np.asarray(keras_acts.xgelu([-1.0, 1.0], 0.5)).round(4)
        array([0.1827, 1.1827], dtype=float32)
    """
    return _scaled(_blend(1.0 + alpha, -alpha, x, *_normal(x), precise_erf(_SQRT_HALF * x)), x)


class XGELU(Trainable, fn=xgelu):
    """Layer form of `xgelu`: it trains `alpha`, by default one for the layer that starts at 0.

    Args:
        alpha_initializer: Number, or any Keras initializer.
        shared_axes: `"all"` (one for the layer), `"spatial"` (one per channel), `None` (one per element), or a list of
            the axes to share; negative axes count from the end.
        **kwargs: `alpha_regularizer`, `alpha_constraint`, `data_format`, and `name`, `dtype`, `trainable` as in every
            Keras layer.

    Examples:
        >>> keras.ops.convert_to_numpy(keras_acts.XGELU()(np.array([[-1.0, 1.0]]))).round(4)
        array([[-0.1587,  0.8413]], dtype=float32)
    """

    alpha: Tensor

    def __init__(self, alpha_initializer: Any = 0.0, shared_axes: Any = "all", **kwargs):
        super().__init__({"alpha": alpha_initializer}, shared_axes, **kwargs)


def _arctan_tail(size: Tensor) -> Tensor:
    """`1/2 - arctan(size) / pi` for `size >= 0`, with full relative precision."""
    # The difference cancels from about 1 on: there the arctan of (size - 1) / (size + 1) takes the first quarter off,
    # and far out that of the reciprocal is all that remains.
    is_near, is_far = size < 0.4, size > 2.5
    middle = (size - 1.0) / (ops.minimum(size, 3.0) + 1.0)
    reduced = ops.where(is_near, size, ops.where(is_far, -reciprocal(ops.maximum(size, 1.0)), middle))
    start = ops.where(is_near, ops.full_like(size, 0.5), ops.where(is_far, ops.zeros_like(size), 0.25))
    return start - _backend.arctan(reduced) / math.pi


def _xatlu_slope(x: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
    size = ops.abs(x)
    # The far side's slope is (arctan(t) - t / (1 + t**2)) / pi with t = 1 / size. Both terms are t for small t; Euler's
    # series for arctan has the second as its first term, and powers of w = t**2 / (1 + t**2) as the others.
    t = reciprocal(ops.maximum(size, 3.0))
    line = t / (1.0 + t * t)
    series = ops.zeros_like(x)
    for n in range(18, 0, -1):
        series = (2.0 * n / (2.0 * n + 1.0)) * (t * line) * (1.0 + series)
    near = ops.minimum(size, 3.0)
    slope = ops.where(size > 3.0, line * series / math.pi, _arctan_tail(near) - near / (1.0 + near * near) / math.pi)
    first, second = ops.where(x < 0, slope, 1.0 - slope), ops.where(x < 0, 1.0 - slope, slope)
    balance = _backend.arctan(x) * (2.0 / math.pi)
    small = ops.clip(x, -1.0, 1.0)
    gap = balance + (2.0 / math.pi) * small / (1.0 + small * small)
    return _blend(1.0 + alpha, -alpha, x, first, second, gap), x * balance


@activation(
    kind="trainable",
    formula="x * ((1 + 2 * alpha) * (1 / 2 + atan(x) / pi) - alpha)",
    source="Huang, Expanded Gating Ranges Improve Activation Functions, 2024, arXiv:2405.20768",
    output_range=None,
    aliases=("expanded_atlu",),
    limits={"alpha": _ANY},
    slope=_xatlu_slope,
)
def xatlu(x: Tensor, alpha: Tensor) -> Tensor:
    """Expanded arctan linear unit: `x * ((1 + 2 * alpha) * (arctan(x) / pi + 1 / 2) - alpha)`.

    At `alpha = 0` large negative inputs approach `-1 / pi`.

    Args:
        x: Tensor of any shape.
        alpha: Number, or tensor that broadcasts against `x`.

    Returns:
        Tensor of the shape and floating-point dtype of `x`.

    Examples:
        >>> np.asarray(keras_acts.xatlu([-1.0, 1.0], 0.25)).round(4)
        array([-0.125,  0.875], dtype=float32)
    """
    size = ops.abs(x)
    # Beyond 1e18 the product has reached its limit, and at infinity it would be 0 * inf.
    product = ops.where(size > 1e18, ops.full_like(x, 1.0 / math.pi), size * _arctan_tail(size))
    far = _scaled(ops.where(x < 0, alpha * ops.ones_like(x), 1.0 + alpha), size) - (1.0 + 2.0 * alpha) * product
    return ops.where(size < 0.7, x * (0.5 + (1.0 + 2.0 * alpha) * (_backend.arctan(x) / math.pi)), far)


class XATLU(Trainable, fn=xatlu):
    """Layer form of `xatlu`: it trains `alpha`, by default one for the layer that starts at 0.

    Args:
        alpha_initializer: Number, or any Keras initializer.
        shared_axes: `"all"` (one for the layer), `"spatial"` (one per channel), `None` (one per element), or a list of
            the axes to share; negative axes count from the end.
        **kwargs: `alpha_regularizer`, `alpha_constraint`, `data_format`, and `name`, `dtype`, `trainable` as in every
            Keras layer.

    Examples:
        >>> keras.ops.convert_to_numpy(keras_acts.XATLU()(np.array([[-1.0, 1.0]]))).round(4)
        array([[-0.25,  0.75]], dtype=float32)
    """

    alpha: Tensor

    def __init__(self, alpha_initializer: Any = 0.0, shared_axes: Any = "all", **kwargs):
        super().__init__({"alpha": alpha_initializer}, shared_axes, **kwargs)


__all__ = exported(__name__)
