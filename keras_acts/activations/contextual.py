"""Functions whose curve depends on the rest of the input: on neighbours, channel statistics or the mean over space."""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from keras_acts._bases import Contextual, check_axis
from keras_acts._core import Tensor, activation, exported, number
from keras_acts.activations.rectifiers import linear, relu
from keras_acts.activations.sigmoidal import sigmoid
from keras_acts.activations.trainable import acon_c

_MOVING = ("moving_mean", "moving_variance")


def _check_channels(x: Tensor, axis: int, owner: str) -> None:
    rank = len(x.shape)
    check_axis(axis, rank, owner, several=False)
    if rank < 2 or axis % rank == 0:
        raise ValueError(
            f"{owner} needs a batch axis and, apart from it, the channel axis, got axis {axis} of shape "
            f"{tuple(x.shape)}; pass an input of shape (batch, ..., channels)."
        )


def _per_channel(weight: Any, x: Tensor, axis: int) -> Tensor:
    """One number per channel, in the dtype of `x` and in a shape that broadcasts against it."""
    rank = len(x.shape)
    weight = ops.cast(ops.convert_to_tensor(weight), x.dtype)
    return ops.reshape(weight, [-1 if each == axis % rank else 1 for each in range(rank)])


def _statistics(x: Tensor, axis: int, mask: Tensor | None) -> tuple[Tensor, Tensor]:
    """Mean and variance of each channel, over the steps that the mask keeps."""
    wide = ops.cast(x, "float32") if keras.backend.standardize_dtype(x.dtype) != "float64" else x
    rank = len(x.shape)
    others = [each for each in range(rank) if each != axis % rank]
    counts = ops.ones_like(wide)
    if mask is not None:
        counts = ops.reshape(mask, (*ops.shape(mask), *[1] * (rank - len(mask.shape)))) * counts
    counts = ops.cast(counts, wide.dtype)
    number_of = ops.clip(ops.sum(counts, others, keepdims=True), 1.0, float("inf"))
    mean = ops.sum(counts * wide, others, keepdims=True) / number_of
    variance = ops.sum(counts * (wide - mean) * (wide - mean), others, keepdims=True) / number_of
    return ops.reshape(mean, (-1,)), ops.reshape(variance, (-1,))


def _condition(x: Tensor, kernel: Any) -> Tensor:
    """Each channel's own convolution, channels last; its kernel has the shape (height, width, channels)."""
    kernel = ops.cast(ops.convert_to_tensor(kernel), x.dtype)
    return ops.depthwise_conv(x, ops.expand_dims(kernel, -1), padding="same", data_format="channels_last")


@activation(
    kind="contextual",
    source="Ma et al., Funnel Activation for Visual Recognition, 2020, arXiv:2007.11824",
    aliases=("frelu", "funnel_activation"),
    limits={"epsilon": (1e-12, 1.0)},
    distinct_from={"flexible ReLU (FReLU of 2017)": "relu(x) + b with a trained b"},
)
def funnel_relu(
    x: Tensor,
    kernel: Tensor,
    gamma: Tensor,
    beta: Tensor,
    moving_mean: Tensor,
    moving_variance: Tensor,
    epsilon: float = 1e-3,
    axis: int = -1,
) -> Tensor:
    """Funnel rectifier: `max(x, t(x))`, where `t` is a normalised convolution of each channel by itself.

    `t(x) = gamma * (conv(x) - moving_mean) / sqrt(moving_variance + epsilon) + beta`, so each pixel is compared with
    what its neighbourhood says. Where both are equal the slope is that of `t`.

    Args:
        x: Images: tensor of shape `(batch, height, width, channels)`.
        kernel: Tensor of shape `(height, width, channels)`.
        gamma: Tensor of shape `(channels,)`.
        beta: Tensor of shape `(channels,)`.
        moving_mean: Tensor of shape `(channels,)`.
        moving_variance: Tensor of shape `(channels,)`, not negative.
        epsilon: Added to the variance.
        axis: The channel axis: -1, or 1 for `(batch, channels, height, width)`.

    Returns:
        Tensor of the shape and floating-point dtype of `x`.

    Raises:
        TypeError: `epsilon` is not a number.
        ValueError: `epsilon` is not between 1e-12 and 1, or `x` does not have four axes.

    Examples:
        >>> x, one = np.array([[[[2.0], [-3.0]]]], "float32"), np.ones(1)
        >>> y = keras_acts.funnel_relu(x, 0.5 * np.ones((1, 1, 1)), one, 0 * one, 0 * one, one)
        >>> keras.ops.convert_to_numpy(y).ravel().round(3)
        array([ 2.   , -1.499], dtype=float32)
    """
    if len(x.shape) != 4:
        raise ValueError(
            f"funnel_relu compares pixels with their neighbours and needs an input with 4 axes, got shape "
            f"{tuple(x.shape)}; pass images of shape (batch, height, width, channels)."
        )
    _check_channels(x, axis, "funnel_relu")
    last = ops.moveaxis(x, axis, -1)
    gamma, beta, mean, variance = (_per_channel(w, last, -1) for w in (gamma, beta, moving_mean, moving_variance))
    condition = (_condition(last, kernel) - mean) * (gamma / ops.sqrt(variance + epsilon)) + beta
    return ops.moveaxis(ops.where(last > condition, last, condition), -1, axis)


class FunnelReLU(Contextual, fn=funnel_relu):
    """Layer form of `funnel_relu`, for images.

    Args:
        kernel_initializer: Any Keras initializer.
        gamma_initializer: Number, or any Keras initializer.
        beta_initializer: Number, or any Keras initializer.
        moving_mean_initializer: Number, or any Keras initializer.
        moving_variance_initializer: Number, or any Keras initializer.
        epsilon: Added to the variance.
        axis: The channel axis: -1, or 1 for `(batch, channels, height, width)`.
        kernel_size: Height and width of the window that a pixel is compared with.
        momentum: How much of a moving statistic stays after each batch.
        **kwargs: `kernel_regularizer`, `kernel_constraint` and the same for `gamma` and `beta`, and `name`, `dtype`,
            `trainable` as in every Keras layer.

    Call arguments:
        inputs: Tensor of shape `(batch, height, width, channels)`.
        training: Whether to normalise with the batch's own statistics, and have the moving ones follow.

    Raises:
        TypeError: `epsilon`, `kernel_size` or `momentum` is not a number.
        ValueError: `epsilon` is not between 1e-12 and 1, or the input does not have four axes.

    Examples:
        >>> keras_acts.FunnelReLU()(np.zeros((1, 4, 4, 3))).shape == (1, 4, 4, 3)
        True
    """

    untrained = _MOVING

    def __init__(
        self,
        kernel_initializer: Any = "glorot_uniform",
        gamma_initializer: Any = 1.0,
        beta_initializer: Any = 0.0,
        moving_mean_initializer: Any = 0.0,
        moving_variance_initializer: Any = 1.0,
        epsilon: float = 1e-3,
        axis: int = -1,
        kernel_size: int = 3,
        momentum: float = 0.99,
        **kwargs,
    ):
        weights = {
            "kernel": kernel_initializer,
            "gamma": gamma_initializer,
            "beta": beta_initializer,
            "moving_mean": moving_mean_initializer,
            "moving_variance": moving_variance_initializer,
        }
        super().__init__(weights, axis, momentum, {"epsilon": epsilon}, **kwargs)
        self.kernel_size = int(number("FunnelReLU", "kernel_size", kernel_size, 1, 1000))

    def weight_shapes(self, input_shape):
        channels = self.channels(input_shape)
        shapes = dict.fromkeys(("gamma", "beta", *_MOVING), (channels,))
        return {"kernel": (self.kernel_size, self.kernel_size, channels), **shapes}

    def statistics(self, inputs, mask):
        last = ops.cast(ops.moveaxis(inputs, self.axis, -1), self.kernel.dtype)
        return _statistics(_condition(last, self.kernel), -1, mask)

    def get_config(self):
        return {**super().get_config(), "kernel_size": self.kernel_size}


@activation(
    kind="contextual",
    source="Zhou et al., Deep Interest Network for Click-Through Rate Prediction, 2017, arXiv:1706.06978",
    limits={"epsilon": (1e-12, 1.0)},
    used_by=("Deep Interest Network",),
)
def dice(
    x: Tensor, alpha: Tensor, moving_mean: Tensor, moving_variance: Tensor, epsilon: float = 1e-8, axis: int = -1
) -> Tensor:
    """Data adaptive activation: `p * x + (1 - p) * alpha * x`, with `p` the sigmoid of the normalised input.

    `p = sigmoid((x - moving_mean) / sqrt(moving_variance + epsilon))`: a smooth PReLU whose bend moves with the data.

    Args:
        x: Tensor of shape `(batch, ..., channels)`.
        alpha: Tensor of shape `(channels,)`, the slope on the left.
        moving_mean: Tensor of shape `(channels,)`.
        moving_variance: Tensor of shape `(channels,)`, not negative.
        epsilon: Added to the variance.
        axis: The channel axis.

    Returns:
        Tensor of the shape and floating-point dtype of `x`.

    Raises:
        TypeError: `epsilon` is not a number.
        ValueError: `epsilon` is not between 1e-12 and 1, or `axis` is not an axis of `x` after the first.

    Examples:
        >>> y = keras_acts.dice([[-1.0], [0.0], [1.0]], [0.0], [0.0], [1.0])
        >>> keras.ops.convert_to_numpy(y).ravel().round(4)
        array([-0.2689,  0.    ,  0.7311], dtype=float32)
    """
    _check_channels(x, axis, "dice")
    alpha, mean, variance = (_per_channel(w, x, axis) for w in (alpha, moving_mean, moving_variance))
    p = sigmoid((x - mean) / ops.sqrt(variance + epsilon))
    return p * x + (1.0 - p) * alpha * x


class Dice(Contextual, fn=dice):
    """Layer form of `dice`: it trains `alpha`, one per channel that starts at 0.

    Args:
        alpha_initializer: Number, or any Keras initializer.
        moving_mean_initializer: Number, or any Keras initializer.
        moving_variance_initializer: Number, or any Keras initializer.
        epsilon: Added to the variance.
        axis: The channel axis.
        momentum: How much of a moving statistic stays after each batch.
        **kwargs: `alpha_regularizer`, `alpha_constraint`, and `name`, `dtype`, `trainable` as in every Keras layer.

    Call arguments:
        inputs: Tensor of shape `(batch, ..., channels)`.
        training: Whether to normalise with the batch's own statistics, and have the moving ones follow.
        mask: Boolean tensor over the first axes; steps where it is `False` do not count in the statistics.

    Examples:
        >>> keras.ops.convert_to_numpy(keras_acts.Dice()(np.array([[-1.0, 1.0]]))).round(4)
        array([[-0.2689,  0.7311]], dtype=float32)
    """

    untrained = _MOVING

    def __init__(
        self,
        alpha_initializer: Any = 0.0,
        moving_mean_initializer: Any = 0.0,
        moving_variance_initializer: Any = 1.0,
        epsilon: float = 1e-8,
        axis: int = -1,
        momentum: float = 0.99,
        **kwargs,
    ):
        weights = {
            "alpha": alpha_initializer,
            "moving_mean": moving_mean_initializer,
            "moving_variance": moving_variance_initializer,
        }
        super().__init__(weights, axis, momentum, {"epsilon": epsilon}, **kwargs)

    def weight_shapes(self, input_shape):
        return dict.fromkeys(("alpha", *_MOVING), (self.channels(input_shape),))

    def statistics(self, inputs, mask):
        return _statistics(inputs, self.axis, mask)


def _look(x: Tensor, axis: int, bend: Callable[[Tensor], Tensor], *weights: Any) -> Tensor:
    """What two dense layers, given as kernels and biases, with `bend` between them make of the means over space."""
    rank = len(x.shape)
    space = [each for each in range(1, rank) if each != axis % rank]
    kernel1, bias1, kernel2, bias2 = (ops.cast(ops.convert_to_tensor(weight), x.dtype) for weight in weights)
    mean = ops.mean(x, space) if space else x
    return ops.matmul(bend(ops.matmul(mean, kernel1) + bias1), kernel2) + bias2


@activation(
    kind="contextual",
    source="Chen et al., Dynamic ReLU, 2020, arXiv:2003.10027",
    aliases=("dyrelu",),
    limits={"pieces": (1, 64)},
)
def dynamic_relu(
    x: Tensor,
    reduce_kernel: Tensor,
    reduce_bias: Tensor,
    expand_kernel: Tensor,
    expand_bias: Tensor,
    pieces: int = 2,
    per_channel: bool = True,
    axis: int = -1,
) -> Tensor:
    """Dynamic rectifier: `max_k(a_k * x + b_k)`, with slopes and heights that the whole input decides.

    The means over space pass two dense layers, and `r = 2 * sigmoid(result) - 1` gives `a_1 = 1 + r`, the further
    slopes `a_k = r`, and all heights `b_k = r / 2`. This is the paper's variant B, or A without `per_channel`; its
    variant C with an attention over space is not offered.

    Args:
        x: Tensor of shape `(batch, ..., channels)`.
        reduce_kernel: Tensor of shape `(channels, hidden)`.
        reduce_bias: Tensor of shape `(hidden,)`.
        expand_kernel: Tensor of shape `(hidden, outputs)`, where `outputs` is `2 * pieces * channels`, or
            `2 * pieces` where all channels share one curve. For each channel come its slopes, then its heights.
        expand_bias: Tensor of shape `(outputs,)`.
        pieces: How many straight lines the maximum is taken of.
        per_channel: Whether each channel has a curve of its own.
        axis: The channel axis.

    Returns:
        Tensor of the shape and floating-point dtype of `x`.

    Raises:
        TypeError: `pieces` is not a number, or `per_channel` neither True nor False.
        ValueError: `pieces` is below 1, or `axis` is not an axis of `x` after the first.

    Examples:
        >>> nothing = np.zeros((1, 1)), np.zeros(1), np.zeros((1, 4)), np.zeros(4)
        >>> keras.ops.convert_to_numpy(keras_acts.dynamic_relu([[-1.0], [2.0]], *nothing)).ravel()
        array([0., 2.], dtype=float32)
    """
    _check_channels(x, axis, "dynamic_relu")
    rank, lines = len(x.shape), int(pieces)
    r = 2.0 * sigmoid(_look(x, axis, relu, reduce_kernel, reduce_bias, expand_kernel, expand_bias)) - 1.0
    shape = [1] * rank
    shape[0], shape[axis] = -1, x.shape[axis] if per_channel else 1
    r = ops.reshape(r, (*shape, 2 * lines))
    y = x * (1.0 + r[..., 0]) + 0.5 * r[..., lines]
    for line in range(1, lines):
        other = x * r[..., line] + 0.5 * r[..., lines + line]
        y = ops.where(other > y, other, y)
    return y


class DynamicReLU(Contextual, fn=dynamic_relu):
    """Layer form of `dynamic_relu`.

    Args:
        reduce_kernel_initializer: Number, or any Keras initializer.
        reduce_bias_initializer: Number, or any Keras initializer.
        expand_kernel_initializer: Number, or any Keras initializer; with 0 the layer starts as ReLU.
        expand_bias_initializer: Number, or any Keras initializer.
        pieces: How many straight lines the maximum is taken of.
        per_channel: Whether each channel has a curve of its own.
        axis: The channel axis.
        reduction: How many times fewer hidden units than channels there are.
        **kwargs: `reduce_kernel_regularizer`, `reduce_kernel_constraint` and the same for the others, and `name`,
            `dtype`, `trainable` as in every Keras layer.

    Raises:
        TypeError: `pieces` or `reduction` is not a number, or `per_channel` neither True nor False.
        ValueError: `pieces` or `reduction` is below 1.

    Examples:
        >>> layer = keras_acts.DynamicReLU(expand_kernel_initializer=0.0)
        >>> keras.ops.convert_to_numpy(layer(np.array([[-1.0, 2.0]])))
        array([[0., 2.]], dtype=float32)
    """

    def __init__(
        self,
        reduce_kernel_initializer: Any = "glorot_uniform",
        reduce_bias_initializer: Any = 0.0,
        expand_kernel_initializer: Any = "glorot_uniform",
        expand_bias_initializer: Any = 0.0,
        pieces: int = 2,
        per_channel: bool = True,
        axis: int = -1,
        reduction: int = 4,
        **kwargs,
    ):
        weights = {
            "reduce_kernel": reduce_kernel_initializer,
            "reduce_bias": reduce_bias_initializer,
            "expand_kernel": expand_kernel_initializer,
            "expand_bias": expand_bias_initializer,
        }
        super().__init__(weights, axis, None, {"pieces": pieces, "per_channel": per_channel}, **kwargs)
        self.reduction = int(number("DynamicReLU", "reduction", reduction, 1, 10**6))

    def weight_shapes(self, input_shape):
        channels = self.channels(input_shape)
        hidden = max(1, channels // self.reduction)
        outputs = 2 * int(self.pieces) * (channels if self.per_channel else 1)
        return {
            "reduce_kernel": (channels, hidden),
            "reduce_bias": (hidden,),
            "expand_kernel": (hidden, outputs),
            "expand_bias": (outputs,),
        }

    def get_config(self):
        return {**super().get_config(), "reduction": self.reduction}


@activation(
    kind="contextual",
    source="Ma et al., Activate or Not: Learning Customized Activation, 2020, arXiv:2009.04759",
    aliases=("meta_acon_c",),
    distinct_from={"acon_c": "trains beta instead of computing it from the input"},
)
def meta_acon(
    x: Tensor,
    p1: Tensor,
    p2: Tensor,
    reduce_kernel: Tensor,
    reduce_bias: Tensor,
    expand_kernel: Tensor,
    expand_bias: Tensor,
    axis: int = -1,
) -> Tensor:
    """Meta-ACON: `acon_c(x, p1, p2, beta)`, with a `beta` per channel that the whole input decides.

    `beta` is the sigmoid of what two linear layers make of the means over space, as the paper states it. The
    authors' code normalises the two layers' results over the batch; at inference that is a scale and a shift, which
    fit into kernels and biases.

    Args:
        x: Tensor of shape `(batch, ..., channels)`.
        p1: Tensor of shape `(channels,)`, the slope on the right.
        p2: Tensor of shape `(channels,)`, the slope on the left.
        reduce_kernel: Tensor of shape `(channels, hidden)`.
        reduce_bias: Tensor of shape `(hidden,)`.
        expand_kernel: Tensor of shape `(hidden, channels)`.
        expand_bias: Tensor of shape `(channels,)`.
        axis: The channel axis.

    Returns:
        Tensor of the shape and floating-point dtype of `x`.

    Raises:
        ValueError: `axis` is not an axis of `x` after the first.

    Examples:
        >>> one = np.ones(1), np.zeros(1), np.ones((1, 1)), np.zeros(1), np.zeros((1, 1)), np.zeros(1)
        >>> keras.ops.convert_to_numpy(keras_acts.meta_acon([[-1.0], [2.0]], *one)).ravel().round(4)
        array([-0.3775,  1.4621], dtype=float32)
    """
    _check_channels(x, axis, "meta_acon")
    beta = sigmoid(_look(x, axis, linear, reduce_kernel, reduce_bias, expand_kernel, expand_bias))
    shape = [1] * len(x.shape)
    shape[0], shape[axis] = -1, x.shape[axis]
    return acon_c(x, _per_channel(p1, x, axis), _per_channel(p2, x, axis), ops.reshape(beta, shape))


class MetaACON(Contextual, fn=meta_acon):
    """Layer form of `meta_acon`.

    Args:
        p1_initializer: Number, or any Keras initializer; `None` draws from the standard normal distribution.
        p2_initializer: Number, or any Keras initializer; `None` draws from the standard normal distribution.
        reduce_kernel_initializer: Number, or any Keras initializer.
        reduce_bias_initializer: Number, or any Keras initializer.
        expand_kernel_initializer: Number, or any Keras initializer.
        expand_bias_initializer: Number, or any Keras initializer.
        axis: The channel axis.
        reduction: How many times fewer hidden units than channels there are, but at least that many units.
        **kwargs: `p1_regularizer`, `p1_constraint` and the same for the others, and `name`, `dtype`, `trainable` as in
            every Keras layer.

    Raises:
        TypeError: `reduction` is not a number.
        ValueError: `reduction` is below 1.

    Examples:
        >>> layer = keras_acts.MetaACON(p1_initializer=1.0, p2_initializer=0.0, expand_kernel_initializer=0.0)
        >>> keras.ops.convert_to_numpy(layer(np.array([[-1.0, 2.0]]))).round(4)
        array([[-0.3775,  1.4621]], dtype=float32)
    """

    def __init__(
        self,
        p1_initializer: Any = None,
        p2_initializer: Any = None,
        reduce_kernel_initializer: Any = "glorot_uniform",
        reduce_bias_initializer: Any = 0.0,
        expand_kernel_initializer: Any = "glorot_uniform",
        expand_bias_initializer: Any = 0.0,
        axis: int = -1,
        reduction: int = 16,
        **kwargs,
    ):
        weights = {
            "p1": keras.initializers.RandomNormal(0.0, 1.0) if p1_initializer is None else p1_initializer,
            "p2": keras.initializers.RandomNormal(0.0, 1.0) if p2_initializer is None else p2_initializer,
            "reduce_kernel": reduce_kernel_initializer,
            "reduce_bias": reduce_bias_initializer,
            "expand_kernel": expand_kernel_initializer,
            "expand_bias": expand_bias_initializer,
        }
        super().__init__(weights, axis, **kwargs)
        self.reduction = int(number("MetaACON", "reduction", reduction, 1, 10**6))

    def weight_shapes(self, input_shape):
        channels = self.channels(input_shape)
        hidden = max(self.reduction, channels // self.reduction)
        return {
            "p1": (channels,),
            "p2": (channels,),
            "reduce_kernel": (channels, hidden),
            "reduce_bias": (hidden,),
            "expand_kernel": (hidden, channels),
            "expand_bias": (channels,),
        }

    def get_config(self):
        return {**super().get_config(), "reduction": self.reduction}


__all__ = exported(__name__)
