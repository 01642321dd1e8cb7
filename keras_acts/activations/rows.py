"""Functions of a whole row: each entry's value depends on how large the others along one axis are."""

import statistics
from typing import Any

import keras
from keras import ops

from keras_acts._bases import Rows, Weighted, check_axis
from keras_acts._core import Tensor, activation, exported
from keras_acts._numerics import at_least


def _size_of(x: Tensor, axis: int) -> Tensor:
    """The largest absolute value of each row, 1 where that is 0: what is scaled by it neither overflows nor vanishes.

    The functions below are worked out so that the scale cancels, so it carries no gradient.
    """
    largest = ops.stop_gradient(ops.max(ops.abs(x), axis, keepdims=True))
    return ops.where(largest == 0, ops.ones_like(largest), largest)


def _root(x: Tensor) -> Tensor:
    """Square root whose slope at 0 is 0 instead of infinite."""
    return ops.where(x > 0, ops.sqrt(ops.where(x > 0, x, ops.ones_like(x))), ops.zeros_like(x))


@activation(
    kind="axis",
    source="Sabour et al., Dynamic Routing Between Capsules, 2017, arXiv:1710.09829",
    output_range=("-1", "1"),
    aliases=("capsule_squash",),
    limits={"offset": (1e-6, 1e6)},
    used_by=("capsule networks", "keras-contrib (with offset 0.5)"),
    presets={"keras_contrib": {"offset": 0.5}},
    distinct_from={"squash of keras-contrib": "divides by 0.5 instead of 1 plus the squared norm: `offset=0.5`"},
)
def squash(x: Tensor, offset: float = 1.0, axis: int = -1) -> Tensor:
    """Squash: `x * norm / (offset + norm**2)` with the Euclidean norm along one axis.

    Keeps the direction of a vector and squeezes its length to below 1. The slope at the zero vector is 0.

    Args:
        x: Tensor of any rank from 1.
        offset: 1 in the paper, 0.5 in keras-contrib.
        axis: The axis that holds the entries of one vector.

    Returns:
        Tensor of the same shape and floating-point dtype.

    Raises:
        TypeError: `offset` is not a number.
        ValueError: `offset` is not positive and finite, or `axis` is not an axis of `x`.

    Examples:
        >>> np.asarray(keras_acts.squash([[3.0, 4.0]])).round(4)
        array([[0.5769, 0.7692]], dtype=float32)
    """
    check_axis(axis, len(x.shape), "squash", several=False)
    if 0 in tuple(x.shape):
        return x
    # Compilers divide by multiplying with 1 / size, which for the very largest numbers would be 0.
    most = 1e307 if keras.backend.standardize_dtype(x.dtype) == "float64" else 1e37
    size = ops.clip(_size_of(x, axis), 1.0, most)
    u = x / size
    square = ops.sum(u * u, axis, keepdims=True)
    return u * (_root(square) / (offset / size / size + square))


class Squash(Rows, fn=squash):
    """Layer form of `squash`.

    Args:
        offset: 1 in the paper, 0.5 in keras-contrib.
        axis: The axis that holds the entries of one vector.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Raises:
        TypeError: `offset` is not a number.
        ValueError: `offset` is not positive and finite.

    Examples:
        >>> np.asarray(keras_acts.Squash()(np.array([[3.0, 4.0]]))).round(4)
        array([[0.5769, 0.7692]], dtype=float32)
    """

    def __init__(self, offset: float = 1.0, axis: int = -1, **kwargs):
        super().__init__(axis, {"offset": offset}, **kwargs)


@activation(
    kind="axis",
    source="Xiao et al., Enhancing Adversarial Defense by k-Winners-Take-All, 2019, arXiv:1905.10510",
    aliases=("k_winners_take_all",),
    limits={"ratio": (1e-9, 1.0)},
)
def kwta(x: Tensor, ratio: float = 0.2, axis: int = -1) -> Tensor:
    """K winners take all: the `ratio` of each row that is largest stays, the rest becomes 0.

    `k = floor(ratio * size)` entries stay, at least one; entries equal to the smallest winner win with it. The slope
    is 1 for winners and 0 for the rest.

    Args:
        x: Tensor of any rank from 1 whose size along `axis` is known.
        ratio: Share of the entries that stays, above 0 and up to 1.
        axis: The axis along which the entries compete.

    Returns:
        Tensor of the same shape and floating-point dtype.

    Raises:
        TypeError: `ratio` is not a number.
        ValueError: `ratio` is not above 0 and at most 1, `axis` is not an axis of `x`, or its size is unknown.

    Examples:
        >>> np.asarray(keras_acts.kwta([[5.0, 1.0, -2.0, 4.0]], ratio=0.5))
        array([[5., 0., 0., 4.]], dtype=float32)
    """
    check_axis(axis, len(x.shape), "kwta", several=False)
    size = x.shape[axis]
    if size is None:
        raise ValueError(
            f"kwta needs to know how many entries compete along axis {axis}, got shape {tuple(x.shape)}; fix the size "
            "of that axis in the input, or choose another `axis`."
        )
    if 0 in tuple(x.shape):
        return x
    winners = max(1, int(ratio * size + 1e-9))  # so that 0.29 * 100, which is 28.999..., counts as 29
    last = ops.moveaxis(ops.stop_gradient(x), axis, -1)
    least = ops.moveaxis(ops.top_k(last, winners)[0][..., -1:], -1, axis)
    return ops.where(x < least, ops.zeros_like(x), x)


class KWTA(Rows, fn=kwta):
    """Layer form of `kwta`.

    Args:
        ratio: Share of the entries that stays, above 0 and up to 1.
        axis: The axis along which the entries compete; its size must be known.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Raises:
        TypeError: `ratio` is not a number.
        ValueError: `ratio` is not above 0 and at most 1.

    Examples:
        >>> np.asarray(keras_acts.KWTA(0.5)(np.array([[5.0, 1.0, -2.0, 4.0]])))
        array([[5., 0., 0., 4.]], dtype=float32)
    """

    def __init__(self, ratio: float = 0.2, axis: int = -1, **kwargs):
        super().__init__(axis, {"ratio": ratio}, **kwargs)


@activation(
    kind="axis",
    source="Gemma 3n (transformers, modeling_gemma3n.py), 2025",
    output_range=("0", "inf"),
    limits={"sparsity": (1e-6, 1 - 1e-6)},
    used_by=("Gemma 3n (in its first ten layers, with sparsity 0.95)",),
)
def gaussian_topk(x: Tensor, sparsity: float = 0.95, axis: int = -1) -> Tensor:
    """Gaussian top-k: `max(0, x - cutoff)`, with the cutoff that a normal distribution exceeds that rarely.

    `cutoff = mean + deviation * quantile(sparsity)` with the mean and the standard deviation along one axis: of
    normally distributed entries the share `sparsity` becomes 0, and no sorting is needed. The slope at the cutoff
    is 0.

    Args:
        x: Tensor of any rank from 1.
        sparsity: Share of normally distributed entries that becomes 0.
        axis: The axis along which mean and deviation are taken.

    Returns:
        Tensor of the same shape and floating-point dtype, not negative.

    Raises:
        TypeError: `sparsity` is not a number.
        ValueError: `sparsity` is not between 0 and 1, or `axis` is not an axis of `x`.

    Examples:
        >>> np.asarray(keras_acts.gaussian_topk([[0.0, 0.0, 0.0, 4.0]], sparsity=0.5))
        array([[0., 0., 0., 3.]], dtype=float32)
    """
    check_axis(axis, len(x.shape), "gaussian_topk", several=False)
    if 0 in tuple(x.shape):
        return x
    size = _size_of(x, axis)
    u = x / size
    mean = ops.mean(u, axis, keepdims=True)
    deviation = _root(ops.mean((u - mean) * (u - mean), axis, keepdims=True))
    rest = u - (mean + statistics.NormalDist().inv_cdf(sparsity) * deviation)
    return ops.where(rest <= 0, ops.zeros_like(rest), rest) * size


class GaussianTopK(Rows, fn=gaussian_topk):
    """Layer form of `gaussian_topk`.

    Args:
        sparsity: Share of normally distributed entries that becomes 0.
        axis: The axis along which mean and deviation are taken.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Raises:
        TypeError: `sparsity` is not a number.
        ValueError: `sparsity` is not between 0 and 1.

    Examples:
        >>> np.asarray(keras_acts.GaussianTopK(0.5)(np.array([[0.0, 0.0, 0.0, 4.0]])))
        array([[0., 0., 0., 3.]], dtype=float32)
    """

    def __init__(self, sparsity: float = 0.95, axis: int = -1, **kwargs):
        super().__init__(axis, {"sparsity": sparsity}, **kwargs)


@activation(
    kind="axis",
    source="Zhuo et al., Polynomial Composition Activations: Unleashing the Dynamics of Large Language Models, 2024, "
    "arXiv:2411.03884",
    limits={"epsilon": (1e-12, 1.0)},
)
def poly_norm(
    x: Tensor, a1: Tensor, a2: Tensor, a3: Tensor, bias: Tensor, epsilon: float = 1e-6, axis: int = -1
) -> Tensor:
    """Polynomial of normalised powers: `a1 * n(x) + a2 * n(x**2) + a3 * n(x**3) + bias`.

    `n(v) = v / sqrt(mean(v**2) + epsilon)` along one axis, so the powers neither explode nor vanish.

    Args:
        x: Tensor of any rank from 1.
        a1: Number, or tensor that broadcasts against `x`.
        a2: Number, or tensor that broadcasts against `x`.
        a3: Number, or tensor that broadcasts against `x`.
        bias: Number, or tensor that broadcasts against `x`.
        epsilon: Added to the mean squares.
        axis: The axis along which the powers are normalised.

    Returns:
        Tensor of the shape and floating-point dtype of `x`.

    Raises:
        TypeError: `epsilon` is not a number.
        ValueError: `epsilon` is not between 1e-12 and 1, or `axis` is not an axis of `x`.

    Examples:
        >>> np.asarray(keras_acts.poly_norm([[1.0, -1.0]], 1.0, 2.0, 3.0, 0.5)).round(4)
        array([[ 6.5, -1.5]], dtype=float32)
    """
    check_axis(axis, len(x.shape), "poly_norm", several=False)
    a1, a2, a3, bias = (ops.cast(ops.convert_to_tensor(weight), x.dtype) for weight in (a1, a2, a3, bias))
    if 0 in tuple(x.shape):
        return x
    size = at_least(_size_of(x, axis), 1.0)
    u, least, power = x / size, epsilon / size / size, x / size
    y = bias
    for weight in (a1, a2, a3):
        y = y + weight * (power / ops.sqrt(ops.mean(power * power, axis, keepdims=True) + least))
        power, least = power * u, least / size / size
    return y


class PolyNorm(Weighted, fn=poly_norm):
    """Layer form of `poly_norm`: it trains the four numbers of the polynomial, one of each for the layer.

    Args:
        a1_initializer: Number, or any Keras initializer.
        a2_initializer: Number, or any Keras initializer.
        a3_initializer: Number, or any Keras initializer.
        bias_initializer: Number, or any Keras initializer.
        epsilon: Added to the mean squares.
        axis: The axis along which the powers are normalised.
        **kwargs: `a1_regularizer`, `a1_constraint` and the same for the others, and `name`, `dtype`, `trainable` as in
            every Keras layer.

    Raises:
        TypeError: `epsilon` is not a number.
        ValueError: `epsilon` is not between 1e-12 and 1.

    Examples:
        >>> keras.ops.convert_to_numpy(keras_acts.PolyNorm()(np.array([[1.0, -1.0]]))).round(4)
        array([[ 1.    , -0.3333]], dtype=float32)
    """

    def __init__(
        self,
        a1_initializer: Any = 1 / 3,
        a2_initializer: Any = 1 / 3,
        a3_initializer: Any = 1 / 3,
        bias_initializer: Any = 0.0,
        epsilon: float = 1e-6,
        axis: int = -1,
        **kwargs,
    ):
        check_axis(axis, None, type(self).__name__, several=False)
        learned = {"a1": a1_initializer, "a2": a2_initializer, "a3": a3_initializer, "bias": bias_initializer}
        super().__init__(learned, {"epsilon": epsilon, "axis": axis}, **kwargs)

    def weight_shapes(self, input_shape):
        return dict.fromkeys(("a1", "a2", "a3", "bias"), (1,))


__all__ = exported(__name__)
