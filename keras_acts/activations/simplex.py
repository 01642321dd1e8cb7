"""Functions that map each row to weights on the simplex: not negative, and summing to 1."""

from collections.abc import Sequence

from keras import ops

from keras_acts._bases import Simplex, check_axis, fit_mask
from keras_acts._core import Tensor, activation, exported

_LOWEST = -3.4028234663852886e38  # of float32, the narrowest dtype that the bodies below meet


def _shift(x: Tensor, axis, mask: Tensor | None) -> tuple[Tensor, Tensor]:
    """`x` less the largest kept entry of its row, and that entry; entries left out become 0 in the first.

    Every function here is shift-invariant, so the shift carries no gradient, and nothing overflows after it.
    """
    kept = x if mask is None else ops.where(mask, x, ops.full_like(x, _LOWEST))
    top = ops.stop_gradient(ops.max(kept, axis, keepdims=True))
    shifted = x - top
    return (shifted if mask is None else ops.where(mask, shifted, ops.zeros_like(x))), top


def _is_empty(x: Tensor) -> bool:
    return 0 in tuple(x.shape)


@activation(
    kind="simplex",
    source="Bridle, Probabilistic Interpretation of Feedforward Classification Network Outputs, 1990",
    output_range=("0", "1"),
    aliases=("softargmax",),
)
def softmax(x: Tensor, axis: int | Sequence[int] = -1, mask: Tensor | None = None) -> Tensor:
    """Softmax: `exp(x_i) / sum_j exp(x_j)`, weights that are positive and sum to 1.

    Args:
        x: Tensor of any rank from 1, any finite values.
        axis: The axis, or axes, along which the weights sum to 1.
        mask: Boolean tensor that broadcasts against `x`, or `None`. Entries where it is `False` get weight 0; a row
            with no entry left is all 0.

    Returns:
        Tensor of the same shape and floating-point dtype, from 0 to 1.

    Raises:
        TypeError: `mask` holds neither booleans nor integers.
        ValueError: `axis` is not an axis of `x`, or `mask` does not broadcast against `x` or tells no entries apart.

    Examples:
        >>> np.asarray(keras_acts.softmax([[1e30, 1e30, 0.0]]))
        array([[0.5, 0.5, 0. ]], dtype=float32)
        >>> np.asarray(keras_acts.softmax([[1.0, 1.0, 9.0]], mask=[[True, True, False]]))
        array([[0.5, 0.5, 0. ]], dtype=float32)
    """
    check_axis(axis, len(x.shape), "softmax")
    if _is_empty(x):
        return x
    axis = tuple(axis) if isinstance(axis, (list, tuple)) else axis
    mask = fit_mask(mask, x, axis, "softmax")
    shifted, _ = _shift(x, axis, mask)
    powers = ops.exp(shifted)
    if mask is None:
        return powers / ops.sum(powers, axis, keepdims=True)
    powers = ops.where(mask, powers, ops.zeros_like(x))
    total = ops.sum(powers, axis, keepdims=True)
    return powers / ops.where(total == 0, ops.ones_like(total), total)


class Softmax(Simplex, fn=softmax):
    """Layer form of `softmax`.

    Unlike `keras.layers.Softmax` it accepts the mask that an `Embedding(mask_zero=True)` sends along.

    Args:
        axis: The axis, or list of axes, along which the weights sum to 1.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Call arguments:
        inputs: Tensor of any rank from 1.
        mask: Boolean tensor that broadcasts against `inputs`; `False` leaves an entry out.

    Examples:
        >>> np.asarray(keras_acts.Softmax()(np.array([[1.0, 1.0]])))
        array([[0.5, 0.5]], dtype=float32)
    """

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs):
        super().__init__(axis, **kwargs)


def _support(z: Tensor, axis: int, mask: Tensor | None) -> Tensor:
    """Which entries of a row, whose largest is 0, lie above the threshold that makes the rest sum to 1.

    Michelot's iteration: start from a threshold below the true one, and take the mean of what lies above it until
    nothing more drops out. The set only shrinks, so it ends, after 5 to 10 rounds in practice, without sorting.
    """

    def above(threshold):
        chosen = z > threshold
        return chosen if mask is None else ops.logical_and(chosen, mask)

    def improve(threshold, count, _):
        chosen = above(threshold)
        size = ops.sum(ops.cast(chosen, z.dtype), axis, keepdims=True)
        total = ops.sum(ops.where(chosen, z, ops.zeros_like(z)), axis, keepdims=True)
        higher = ops.maximum(threshold, (total - 1.0) / ops.maximum(size, 1.0))
        return higher, size, ops.any(size != count)

    start = ops.sum(ops.zeros_like(z), axis, keepdims=True) - 1.0
    state = improve(start, start, True)
    threshold, _, _ = ops.while_loop(lambda _threshold, _count, changed: changed, improve, state)
    return above(threshold)


@activation(
    kind="simplex",
    source="Martins & Astudillo, From Softmax to Sparsemax, 2016, arXiv:1602.02068",
    output_range=("0", "1"),
)
def sparsemax(x: Tensor, axis: int = -1, mask: Tensor | None = None) -> Tensor:
    """Sparsemax: the point of the simplex nearest to `x`, which leaves many weights exactly 0.

    `max(x_i - threshold, 0)` with the one threshold for which the weights sum to 1. In Keras 3.15.1
    `keras.activations.sparsemax` is wrong wherever two or more weights are positive.

    Args:
        x: Tensor of any rank from 1, any finite values.
        axis: The axis along which the weights sum to 1.
        mask: Boolean tensor that broadcasts against `x`, or `None`. Entries where it is `False` get weight 0; a row
            with no entry left is all 0.

    Returns:
        Tensor of the same shape and floating-point dtype, from 0 to 1.

    Raises:
        TypeError: `mask` holds neither booleans nor integers.
        ValueError: `axis` is not an axis of `x`, or `mask` does not broadcast against `x` or tells no entries apart.

    Examples:
        >>> np.asarray(keras_acts.sparsemax([[0.5, 0.25, -1.0]]))
        array([[0.625, 0.375, 0. ]], dtype=float32)
    """
    check_axis(axis, len(x.shape), "sparsemax", several=False)
    if _is_empty(x):
        return x
    mask = fit_mask(mask, x, axis, "sparsemax")
    z, top = _shift(x, axis, mask)
    support = _support(ops.stop_gradient(z), axis, mask)
    # With the support fixed, the threshold is a mean: tracing this gives the exact Jacobian.
    inside = ops.where(support, z, ops.zeros_like(z))
    size = ops.maximum(ops.sum(ops.cast(support, z.dtype), axis, keepdims=True), 1.0)
    threshold = (ops.sum(inside, axis, keepdims=True) - 1.0) / size
    weights = ops.where(ops.logical_and(support, z > threshold), z - threshold, ops.zeros_like(z))
    return ops.where(ops.isnan(top), top, weights)


class Sparsemax(Simplex, fn=sparsemax):
    """Layer form of `sparsemax`.

    Args:
        axis: The axis along which the weights sum to 1.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Call arguments:
        inputs: Tensor of any rank from 1.
        mask: Boolean tensor that broadcasts against `inputs`; `False` leaves an entry out.

    Examples:
        >>> np.asarray(keras_acts.Sparsemax()(np.array([[0.5, 0.25, -1.0]])))
        array([[0.625, 0.375, 0. ]], dtype=float32)
    """

    def __init__(self, axis: int = -1, **kwargs):
        super().__init__(axis, **kwargs)


__all__ = exported(__name__)
