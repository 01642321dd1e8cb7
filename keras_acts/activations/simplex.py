"""Functions that weigh the entries of a row against each other; most of them give weights that sum to 1."""

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from keras_acts._bases import Simplex, StochasticSimplex, check_axis, fit_mask
from keras_acts._core import Tensor, activation, exported

_LOWEST = -3.4028234663852886e38  # of float32, the narrowest dtype that the bodies below meet


def _kept(x: Tensor, mask: Tensor | None) -> Tensor:
    return x if mask is None else ops.where(mask, x, ops.full_like(x, _LOWEST))


def _shift(x: Tensor, axis: Any, mask: Tensor | None) -> Tensor:
    """`x` less the largest kept entry of its row; entries left out become 0.

    Every function here that uses it is shift-invariant, so the shift carries no gradient, and nothing overflows.
    """
    shifted = x - ops.stop_gradient(ops.max(_kept(x, mask), axis, keepdims=True))
    return shifted if mask is None else ops.where(mask, shifted, ops.zeros_like(x))


def _unless_nan(weights: Tensor, x: Tensor, axis: Any, mask: Tensor | None) -> Tensor:
    """`weights`, but NaN in every row of `x` that keeps a NaN: comparisons with it are false, and would hide it."""
    spoilt = ops.any(ops.isnan(_kept(x, mask)), axis, keepdims=True)
    return ops.where(spoilt, ops.full_like(weights, math.nan), weights)


def _first_largest(x: Tensor, axis: int, mask: Tensor | None) -> Tensor:
    """True at the first of the largest kept entries of each row, and nowhere else."""
    top = ops.max(_kept(x, mask), axis, keepdims=True)
    largest = x == top if mask is None else ops.logical_and(x == top, mask)
    place = ops.argmax(ops.cast(largest, "int32"), axis, keepdims=True)
    size, rank = x.shape[axis] or ops.shape(x)[axis], len(x.shape)
    places = ops.reshape(ops.arange(0, size, 1), [-1 if each == axis % rank else 1 for each in range(rank)])
    return ops.logical_and(places == ops.cast(place, places.dtype), largest)


def _distribute(u: Tensor, axis: int, mask: Tensor | None, power: float) -> Tensor:
    """The weights `max(u - threshold, 0) ** power` that sum to 1, for rows whose largest entry is 0.

    The sum falls with the threshold along a convex curve, so Newton's method, started below, climbs to the root
    and never passes it: some 10 rounds, without sorting. For power 1 these are Michelot's rounds for sparsemax.
    Two more steps are traced: each doubles the order up to which the derivatives are right, so the second ones are.
    """

    def heights(threshold, u):
        chosen = u > threshold
        chosen = chosen if mask is None else ops.logical_and(chosen, mask)
        return chosen, ops.where(chosen, u - threshold, ops.ones_like(u))

    def improve(threshold, u):
        chosen, height = heights(threshold, u)
        nothing = ops.zeros_like(u)
        slope = ops.sum(ops.where(chosen, power * height ** (power - 1.0), nothing), axis, keepdims=True)
        excess = ops.sum(ops.where(chosen, height**power, nothing), axis, keepdims=True) - 1.0
        return threshold + excess / ops.where(slope == 0, ops.ones_like(slope), slope)

    def climb(threshold, _changed, rounds):
        higher = ops.maximum(threshold, improve(threshold, fixed))
        return higher, ops.any(higher > threshold), rounds + 1

    fixed = ops.stop_gradient(u)
    start = ops.sum(ops.zeros_like(fixed), axis, keepdims=True) - 1.0
    state = climb(start, True, 0)
    threshold, _, _ = ops.while_loop(lambda _threshold, changed, _rounds: changed, climb, state, maximum_iterations=100)
    threshold = ops.stop_gradient(threshold)
    threshold = improve(improve(threshold, u), u)
    chosen, height = heights(threshold, u)
    return ops.where(chosen, height**power, ops.zeros_like(u))


def _is_empty(x: Tensor) -> bool:
    return 0 in tuple(x.shape)


@activation(
    kind="simplex",
    source="Bridle, Probabilistic Interpretation of Feedforward Classification Network Outputs, 1990",
    output_range=("0", "1"),
    aliases=("softargmax",),
    used_by=("attention", "outputs of classifiers"),
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
    shifted = _shift(x, axis, mask)
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


@activation(
    kind="simplex",
    source="Martins & Astudillo, From Softmax to Sparsemax, 2016, arXiv:1602.02068",
    output_range=("0", "1"),
    used_by=("TensorFlow Addons (sparsemax)", "entmax (sparsemax)"),
    equals=("entmax(x, alpha=2)",),
    distinct_from={"keras.activations.sparsemax": "wrong in Keras 3.15.1 wherever two or more weights are positive"},
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
    return _unless_nan(_distribute(_shift(x, axis, mask), axis, mask, 1.0), x, axis, mask)


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


def _prepare(x: Tensor, axis: Any, mask: Any, owner: str) -> Tensor | None:
    """Check the axis, and return the mask as booleans that broadcast against `x`."""
    check_axis(axis, len(x.shape), owner, several=False)
    return fit_mask(mask, x, axis, owner)


@activation(
    kind="simplex",
    source="PyTorch (torch.nn.Softmin), 2016",
    output_range=("0", "1"),
)
def softmin(x: Tensor, axis: int = -1, mask: Tensor | None = None) -> Tensor:
    """Softmin: `softmax(-x)`, weights that are largest where `x` is smallest and sum to 1.

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
        >>> np.asarray(keras_acts.softmin([[1e30, 1.0, 1.0]]))
        array([[0. , 0.5, 0.5]], dtype=float32)
    """
    check_axis(axis, len(x.shape), "softmin", several=False)
    return softmax(-x, axis, fit_mask(mask, x, axis, "softmin"))


class Softmin(Simplex, fn=softmin):
    """Layer form of `softmin`.

    Args:
        axis: The axis along which the weights sum to 1.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Call arguments:
        inputs: Tensor of any rank from 1.
        mask: Boolean tensor that broadcasts against `inputs`; `False` leaves an entry out.

    Examples:
        >>> np.asarray(keras_acts.Softmin()(np.array([[100.0, 1.0, 1.0]])))
        array([[0. , 0.5, 0.5]], dtype=float32)
    """

    def __init__(self, axis: int = -1, **kwargs):
        super().__init__(axis, **kwargs)


@activation(
    kind="simplex",
    source="Hinton et al., Distilling the Knowledge in a Neural Network, 2015, arXiv:1503.02531",
    output_range=("0", "1"),
    aliases=("tempered_softmax", "beta_softmax"),
    limits={"temperature": (1e-30, 1e30)},
    equals=("softmax(x)",),
)
def temperature_softmax(x: Tensor, temperature: float = 1.0, axis: int = -1, mask: Tensor | None = None) -> Tensor:
    """Softmax with temperature: `softmax(x / temperature)`.

    High temperatures make all weights alike, low ones give all to the largest entry. A softmax with inverse
    temperature `beta` is the one with `temperature=1 / beta`.

    Args:
        x: Tensor of any rank from 1, any finite values.
        temperature: What the entries are divided by, above 0.
        axis: The axis along which the weights sum to 1.
        mask: Boolean tensor that broadcasts against `x`, or `None`. Entries where it is `False` get weight 0; a row
            with no entry left is all 0.

    Returns:
        Tensor of the same shape and floating-point dtype, from 0 to 1.

    Raises:
        TypeError: `mask` holds neither booleans nor integers, or `temperature` is not a number.
        ValueError: `axis` is not an axis of `x`, or `mask` does not broadcast against `x` or tells no entries apart, or
            `temperature` is not positive and finite.

    Examples:
        >>> np.asarray(keras_acts.temperature_softmax([[0.0, 1.0]], temperature=0.5)).round(4)
        array([[0.1192, 0.8808]], dtype=float32)
    """
    mask = _prepare(x, axis, mask, "temperature_softmax")
    if _is_empty(x):
        return x
    return softmax(_shift(x, axis, mask) / temperature, axis, mask)


class TemperatureSoftmax(Simplex, fn=temperature_softmax):
    """Layer form of `temperature_softmax`.

    Args:
        temperature: What the entries are divided by, above 0.
        axis: The axis along which the weights sum to 1.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Call arguments:
        inputs: Tensor of any rank from 1.
        mask: Boolean tensor that broadcasts against `inputs`; `False` leaves an entry out.

    Examples:
        >>> np.asarray(keras_acts.TemperatureSoftmax(0.5)(np.array([[0.0, 1.0]]))).round(4)
        array([[0.1192, 0.8808]], dtype=float32)
    """

    def __init__(self, temperature: float = 1.0, axis: int = -1, **kwargs):
        super().__init__(axis, {"temperature": temperature}, **kwargs)


@activation(
    kind="simplex",
    source="ONNX (Hardmax), 2017",
    output_range=("0", "1"),
    aliases=("argmax_one_hot",),
)
def hardmax(x: Tensor, axis: int = -1, mask: Tensor | None = None) -> Tensor:
    """Hardmax: 1 at the first of the largest entries of each row, 0 elsewhere.

    Its slope is 0 everywhere, so nothing before it is trained through it; `gumbel_softmax(hard=True)` is the form
    that can be.

    Args:
        x: Tensor of any rank from 1, any finite values.
        axis: The axis along which one entry is chosen.
        mask: Boolean tensor that broadcasts against `x`, or `None`. Entries where it is `False` get weight 0; a row
            with no entry left is all 0.

    Returns:
        Tensor of the same shape and floating-point dtype, from 0 to 1.

    Raises:
        TypeError: `mask` holds neither booleans nor integers.
        ValueError: `axis` is not an axis of `x`, or `mask` does not broadcast against `x` or tells no entries apart.

    Examples:
        >>> np.asarray(keras_acts.hardmax([[1.0, 3.0, 3.0]]))
        array([[0., 1., 0.]], dtype=float32)
    """
    mask = _prepare(x, axis, mask, "hardmax")
    if _is_empty(x):
        return x
    chosen = _first_largest(x, axis, mask)
    return _unless_nan(ops.where(chosen, ops.ones_like(x), ops.zeros_like(x)), x, axis, mask)


class Hardmax(Simplex, fn=hardmax):
    """Layer form of `hardmax`.

    Args:
        axis: The axis along which one entry is chosen.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Call arguments:
        inputs: Tensor of any rank from 1.
        mask: Boolean tensor that broadcasts against `inputs`; `False` leaves an entry out.

    Examples:
        >>> np.asarray(keras_acts.Hardmax()(np.array([[1.0, 3.0, 3.0]])))
        array([[0., 1., 0.]], dtype=float32)
    """

    def __init__(self, axis: int = -1, **kwargs):
        super().__init__(axis, **kwargs)


@activation(
    kind="simplex",
    source="Peters et al., Sparse Sequence-to-Sequence Models, 2019, arXiv:1905.05702",
    output_range=("0", "1"),
    aliases=("entmax_15",),
    used_by=("entmax (entmax15)",),
)
def entmax15(x: Tensor, axis: int = -1, mask: Tensor | None = None) -> Tensor:
    """Entmax of 1.5: `max(x_i / 2 - threshold, 0) ** 2`, halfway between softmax and sparsemax.

    It leaves weights exactly 0 as sparsemax does, and is smooth where they reach 0. The threshold is the one for
    which the weights sum to 1.

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
        >>> np.asarray(keras_acts.entmax15([[1.0, 0.0, -3.0]])).round(4)
        array([[0.8307, 0.1693, 0.    ]], dtype=float32)
    """
    mask = _prepare(x, axis, mask, "entmax15")
    if _is_empty(x):
        return x
    return _unless_nan(_distribute(0.5 * _shift(x, axis, mask), axis, mask, 2.0), x, axis, mask)


class Entmax15(Simplex, fn=entmax15):
    """Layer form of `entmax15`.

    Args:
        axis: The axis along which the weights sum to 1.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Call arguments:
        inputs: Tensor of any rank from 1.
        mask: Boolean tensor that broadcasts against `inputs`; `False` leaves an entry out.

    Examples:
        >>> np.asarray(keras_acts.Entmax15()(np.array([[1.0, 0.0, -3.0]]))).round(4)
        array([[0.8307, 0.1693, 0.    ]], dtype=float32)
    """

    def __init__(self, axis: int = -1, **kwargs):
        super().__init__(axis, **kwargs)


@activation(
    kind="simplex",
    source="Correia et al., Adaptively Sparse Transformers, 2019, arXiv:1909.00015",
    output_range=("0", "1"),
    aliases=("alpha_entmax",),
    limits={"alpha": (1.01, 2.0)},
    used_by=("entmax (entmax_bisect)",),
    equals=("entmax15(x)",),
)
def entmax(x: Tensor, alpha: float = 1.5, axis: int = -1, mask: Tensor | None = None) -> Tensor:
    """Entmax: `max((alpha - 1) * x_i - threshold, 0) ** (1 / (alpha - 1))`, sparser the larger `alpha` is.

    `alpha = 2` is sparsemax, 1.5 is entmax15, and towards 1 it becomes softmax. The threshold is the one for which
    the weights sum to 1.

    Args:
        x: Tensor of any rank from 1, any finite values.
        alpha: From 1.01 to 2: nearer to 1 the power of float32 numbers would lose their digits; use `softmax` there.
        axis: The axis along which the weights sum to 1.
        mask: Boolean tensor that broadcasts against `x`, or `None`. Entries where it is `False` get weight 0; a row
            with no entry left is all 0.

    Returns:
        Tensor of the same shape and floating-point dtype, from 0 to 1.

    Raises:
        TypeError: `mask` holds neither booleans nor integers, or `alpha` is not a number.
        ValueError: `axis` is not an axis of `x`, or `mask` does not broadcast against `x` or tells no entries apart, or
            `alpha` is not between 1.01 and 2.

    Examples:
        >>> np.asarray(keras_acts.entmax([[1.0, 0.0, -3.0]], alpha=1.25)).round(4)
        array([[0.7754, 0.2246, 0.    ]], dtype=float32)
    """
    mask = _prepare(x, axis, mask, "entmax")
    if _is_empty(x):
        return x
    u = (alpha - 1.0) * _shift(x, axis, mask)
    return _unless_nan(_distribute(u, axis, mask, 1.0 / (alpha - 1.0)), x, axis, mask)


class Entmax(Simplex, fn=entmax):
    """Layer form of `entmax`.

    Args:
        alpha: From 1.01 to 2; larger is sparser.
        axis: The axis along which the weights sum to 1.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Call arguments:
        inputs: Tensor of any rank from 1.
        mask: Boolean tensor that broadcasts against `inputs`; `False` leaves an entry out.

    Raises:
        TypeError: `alpha` is not a number.
        ValueError: `alpha` is not between 1.01 and 2.

    Examples:
        >>> np.asarray(keras_acts.Entmax(1.25)(np.array([[1.0, 0.0, -3.0]]))).round(4)
        array([[0.7754, 0.2246, 0.    ]], dtype=float32)
    """

    def __init__(self, alpha: float = 1.5, axis: int = -1, **kwargs):
        super().__init__(axis, {"alpha": alpha}, **kwargs)


@activation(
    kind="simplex",
    source="Jang et al., Categorical Reparameterization with Gumbel-Softmax, 2016, arXiv:1611.01144",
    output_range=("0", "1"),
    aliases=("concrete", "relaxed_categorical"),
    limits={"temperature": (1e-30, 1e30)},
    used_by=("PyTorch (torch.nn.functional.gumbel_softmax)",),
    equals=("softmax(x)",),
    distinct_from={"torch.nn.functional.gumbel_softmax": "draws in evaluation too; pass `training=True` for that"},
)
def gumbel_softmax(
    x: Tensor,
    axis: int = -1,
    temperature: float = 1.0,
    hard: bool = False,
    mask: Tensor | None = None,
    training: bool = False,
    seed: int | Any | None = None,
) -> Tensor:
    """Gumbel-softmax: `softmax((x + noise) / temperature)`, a draw of one entry that can be trained through.

    In training Gumbel noise is added: the largest entry is then a draw from `softmax(x)`, and the weights come near
    to that one entry as the temperature falls. In inference there is no noise.

    Args:
        x: Tensor of any rank from 1, any finite values.
        axis: The axis along which the weights sum to 1.
        temperature: What the entries are divided by, above 0.
        hard: Whether the result is 1 at the largest weight and 0 elsewhere, with the slope of the weights
            ("straight-through").
        mask: Boolean tensor that broadcasts against `x`, or `None`. Entries where it is `False` get weight 0; a row
            with no entry left is all 0.
        training: Whether to draw.
        seed: Integer or `keras.random.SeedGenerator`; `None` uses the global generator of Keras.

    Returns:
        Tensor of the same shape and floating-point dtype, from 0 to 1.

    Raises:
        TypeError: `mask` holds neither booleans nor integers, or `temperature` is not a number, or `hard` not True or
            False.
        ValueError: `axis` is not an axis of `x`, or `mask` does not broadcast against `x` or tells no entries apart, or
            `temperature` is not positive and finite.

    Examples:
        >>> np.asarray(keras_acts.gumbel_softmax([[0.0, 1.0]], temperature=0.5)).round(4)
        array([[0.1192, 0.8808]], dtype=float32)
        >>> np.asarray(keras_acts.gumbel_softmax([[0.0, 9.0]], hard=True, training=True, seed=1))
        array([[0., 1.]], dtype=float32)
    """
    mask = _prepare(x, axis, mask, "gumbel_softmax")
    if _is_empty(x):
        return x
    z = _shift(x, axis, mask)
    if training:
        # Numbers of at least 2^-24, so that neither logarithm is of 0.
        drawn = keras.random.uniform(ops.shape(x), 2.0**-24, 1.0, dtype=x.dtype, seed=seed)
        z = z - ops.log(-ops.log(drawn))
    soft = softmax(_shift(z, axis, mask) / temperature, axis, mask)
    if not hard:
        return soft
    # The bracket is exactly 0, but has the slope of the weights.
    chosen = ops.where(_first_largest(z, axis, mask), ops.ones_like(x), ops.zeros_like(x))
    return chosen + (soft - ops.stop_gradient(soft))


class GumbelSoftmax(StochasticSimplex, fn=gumbel_softmax):
    """Layer form of `gumbel_softmax`: draws in `fit`, and is a softmax in `evaluate` and `predict`.

    Args:
        axis: The axis along which the weights sum to 1.
        temperature: What the entries are divided by, above 0.
        hard: Whether the result is 1 at the largest weight and 0 elsewhere.
        seed: Integer that makes the draws reproducible, or `None`.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Call arguments:
        inputs: Tensor of any rank from 1.
        mask: Boolean tensor that broadcasts against `inputs`; `False` leaves an entry out.
        training: Whether to draw.

    Examples:
        >>> np.asarray(keras_acts.GumbelSoftmax(temperature=0.5)(np.array([[0.0, 1.0]]))).round(4)
        array([[0.1192, 0.8808]], dtype=float32)
    """

    def __init__(self, axis: int = -1, temperature: float = 1.0, hard: bool = False, seed: int | None = None, **kwargs):
        super().__init__(axis, seed, {"temperature": temperature, "hard": hard}, **kwargs)


@activation(
    kind="axis",
    source="Bridle, Probabilistic Interpretation of Feedforward Classification Network Outputs, 1990",
    output_range=("-inf", "0"),
    aliases=("logsoftmax",),
)
def log_softmax(x: Tensor, axis: int = -1, mask: Tensor | None = None) -> Tensor:
    """Logarithm of softmax: `x_i - log(sum_j exp(x_j))`.

    It keeps its digits where the softmax is near 1, and is finite where the softmax would underflow to 0.

    Args:
        x: Tensor of any rank from 1, any finite values.
        axis: The axis along which the exponentials of the result sum to 1.
        mask: Boolean tensor that broadcasts against `x`, or `None`. Entries where it is `False` take no part and
            become minus infinity.

    Returns:
        Tensor of the same shape and floating-point dtype, at most 0.

    Raises:
        TypeError: `mask` holds neither booleans nor integers.
        ValueError: `axis` is not an axis of `x`, or `mask` does not broadcast against `x` or tells no entries apart.

    Examples:
        >>> np.asarray(keras_acts.log_softmax([[0.0, 0.0, -99.0]])).round(4)
        array([[ -0.6931,  -0.6931, -99.6931]], dtype=float32)
    """
    mask = _prepare(x, axis, mask, "log_softmax")
    if _is_empty(x):
        return x
    z = _shift(x, axis, mask)
    first, nothing = _first_largest(x, axis, mask), ops.zeros_like(x)
    others = ops.logical_not(first) if mask is None else ops.logical_and(mask, ops.logical_not(first))
    # The largest power is 1: log1p of the rest keeps the digits that 1 + rest would lose.
    rest = ops.sum(ops.where(others, ops.exp(z), nothing), axis, keepdims=True)
    own = ops.expm1(ops.sum(ops.where(first, z, nothing), axis, keepdims=True))  # 0, but has a slope
    logarithms = _unless_nan(z - ops.log1p(rest + own), x, axis, mask)
    return logarithms if mask is None else ops.where(mask, logarithms, ops.full_like(x, -math.inf))


class LogSoftmax(Simplex, fn=log_softmax):
    """Layer form of `log_softmax`.

    Args:
        axis: The axis along which the exponentials of the result sum to 1.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Call arguments:
        inputs: Tensor of any rank from 1.
        mask: Boolean tensor that broadcasts against `inputs`; where it is `False` the result is minus infinity.

    Examples:
        >>> np.asarray(keras_acts.LogSoftmax()(np.array([[0.0, 0.0]]))).round(4)
        array([[-0.6931, -0.6931]], dtype=float32)
    """

    def __init__(self, axis: int = -1, **kwargs):
        super().__init__(axis, **kwargs)


@activation(
    kind="axis",
    source="Miller, Attention Is Off By One, 2023",
    output_range=("0", "1"),
    aliases=("quiet_softmax", "softmax1", "softmax_off_by_one"),
    limits={"sink": (-1e30, 1e30)},
    used_by=("gpt-oss (with a learned sink per head)",),
    distinct_from={"softmax": "sums to 1; this one may give less, down to 0"},
)
def softmax_one(x: Tensor, sink: float = 0.0, axis: int = -1, mask: Tensor | None = None) -> Tensor:
    """Softmax with a sink: `exp(x_i) / (exp(sink) + sum_j exp(x_j))`, weights that may all be near 0.

    The same as a softmax over one more entry, `sink`, whose weight is then dropped.

    Args:
        x: Tensor of any rank from 1, any finite values.
        sink: The entry that takes what the others leave.
        axis: The axis along which the weights sum to at most 1.
        mask: Boolean tensor that broadcasts against `x`, or `None`. Entries where it is `False` get weight 0; a row
            with no entry left is all 0.

    Returns:
        Tensor of the same shape and floating-point dtype, from 0 to 1.

    Raises:
        TypeError: `mask` holds neither booleans nor integers, or `sink` is not a number.
        ValueError: `axis` is not an axis of `x`, or `mask` does not broadcast against `x` or tells no entries apart, or
            `sink` is not finite.

    Examples:
        >>> np.asarray(keras_acts.softmax_one([[0.0, 0.0], [-100.0, -100.0]])).round(4)
        array([[0.3333, 0.3333],
               [0.    , 0.    ]], dtype=float32)
    """
    mask = _prepare(x, axis, mask, "softmax_one")
    if _is_empty(x):
        return x
    # Divided by the largest of all, sink included, no exponential overflows.
    top = ops.clip(ops.stop_gradient(ops.max(_kept(x, mask), axis, keepdims=True)), sink, math.inf)
    powers = ops.exp(x - top if mask is None else ops.where(mask, x - top, ops.full_like(x, -math.inf)))
    weights = powers / (ops.exp(sink - top) + ops.sum(powers, axis, keepdims=True))
    return _unless_nan(weights, x, axis, mask)


class SoftmaxOne(Simplex, fn=softmax_one):
    """Layer form of `softmax_one`.

    Args:
        sink: The entry that takes what the others leave.
        axis: The axis along which the weights sum to at most 1.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Call arguments:
        inputs: Tensor of any rank from 1.
        mask: Boolean tensor that broadcasts against `inputs`; `False` leaves an entry out.

    Examples:
        >>> np.asarray(keras_acts.SoftmaxOne()(np.array([[0.0, 0.0]]))).round(4)
        array([[0.3333, 0.3333]], dtype=float32)
    """

    def __init__(self, sink: float = 0.0, axis: int = -1, **kwargs):
        super().__init__(axis, {"sink": sink}, **kwargs)


@activation(
    kind="axis",
    source="Elhage et al., Softmax Linear Units, Transformer Circuits Thread, 2022",
    aliases=("softmax_linear_unit",),
)
def solu(x: Tensor, axis: int = -1, mask: Tensor | None = None) -> Tensor:
    """Softmax linear unit: `x * softmax(x)`.

    The authors put a `LayerNormalization` behind it.

    Args:
        x: Tensor of any rank from 1, any finite values.
        axis: The axis along which the entries compete.
        mask: Boolean tensor that broadcasts against `x`, or `None`. Entries where it is `False` take no part and
            become 0.

    Returns:
        Tensor of the same shape and floating-point dtype.

    Raises:
        TypeError: `mask` holds neither booleans nor integers.
        ValueError: `axis` is not an axis of `x`, or `mask` does not broadcast against `x` or tells no entries apart.

    Examples:
        >>> np.asarray(keras_acts.solu([[0.0, 1.0, 4.0]])).round(4)
        array([[0.    , 0.0466, 3.745 ]], dtype=float32)
    """
    mask = _prepare(x, axis, mask, "solu")
    weights = softmax(x, axis, mask)
    # Where the weight is 0 the product is 0, its limit, even for minus infinity.
    return ops.where(weights == 0, ops.zeros_like(x), x) * weights


class SoLU(Simplex, fn=solu):
    """Layer form of `solu`.

    Args:
        axis: The axis along which the entries compete.
        **kwargs: `name`, `dtype`, `trainable` as in every Keras layer.

    Call arguments:
        inputs: Tensor of any rank from 1.
        mask: Boolean tensor that broadcasts against `inputs`; `False` leaves an entry out.

    Examples:
        >>> np.asarray(keras_acts.SoLU()(np.array([[0.0, 1.0, 4.0]]))).round(4)
        array([[0.    , 0.0466, 3.745 ]], dtype=float32)
    """

    def __init__(self, axis: int = -1, **kwargs):
        super().__init__(axis, **kwargs)


__all__ = exported(__name__)
