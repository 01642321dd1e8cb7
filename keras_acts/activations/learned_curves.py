"""Curves that are learned whole: rational functions, splines, polynomials, hinges."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_acts._bases import Trainable, Weighted, check_axis
from keras_acts._core import Tensor, activation, exported, number
from keras_acts._numerics import at_least
from keras_acts.activations.rectifiers import relu
from keras_acts.activations.smooth import silu

# Fitted by the authors of `rational_activations` to leaky_relu and swish on [-3, 3].
_LEAKY_RELU = (
    (0.029792778657265, 0.618373526498760, 2.323309062531321, 3.051936237265109, 1.485420326382885, 0.251024496111130),
    (-1.141954835728547, 4.393159974992486, 0.871471230995725, 0.347196623395988),
)
_SWISH = (
    (3.0548797e-07, 0.5000007853744493, 0.249997834228247, 0.053266282732195, 0.005803034571292, 0.000275196102240),
    (-4.1115550e-06, 0.106528993350076, -1.2690007e-06, 0.000550233126414),
)


def _start(initializer: Any, values: Sequence[float]) -> Any:
    """An initializer, or where it is `None` the one that starts every curve from the same coefficients."""
    return keras.initializers.Constant(list(values)) if initializer is None else initializer


def _coefficients(x: Tensor, weight: Any) -> Tensor:
    return ops.cast(ops.convert_to_tensor(weight), x.dtype)


def _size(x: Tensor) -> Tensor:
    """|x| with slope 1 at 0 on every backend, so that a coefficient that starts at 0 is trained."""
    return ops.where(x < 0, -x, x)


def _polynomial(x: Tensor, coefficients: Tensor) -> Tensor:
    """The polynomial whose coefficients stand along the last axis, the constant first."""
    count = coefficients.shape[-1]
    y = coefficients[..., count - 1]
    for place in range(count - 2, -1, -1):
        y = y * x + coefficients[..., place]
    return y


def _rational(x: Tensor, numerator: Tensor, denominator: Tensor, safe: str) -> Tensor:
    """A polynomial divided by one that is at least 1."""
    top, bottom = numerator.shape[-1] - 1, denominator.shape[-1]
    # Powers of larger numbers would overflow. So far out the leading terms alone are left of the curve,
    # that of the denominator taken not to be 0.
    digits = 300 if keras.backend.standardize_dtype(x.dtype) == "float64" else 36
    reach = 10.0 ** (digits // max(top, bottom))
    inner = ops.clip(x, -reach, reach)
    if safe == "A":
        below = _size(inner) * _polynomial(_size(inner), _size(denominator))
    else:
        below = _size(inner * _polynomial(inner, denominator))
    return _polynomial(inner, numerator) / (1.0 + below) * at_least(ops.abs(x) / reach, 1.0) ** (top - bottom)


def _check_safe(safe: str = "A", **_: Any) -> None:
    if safe not in ("A", "B"):
        raise ValueError(
            f"pau: `safe` says how the denominator is kept above 0 and must be 'A' (each term) or 'B' (their sum), got "
            f"{safe!r}; pass one of the two."
        )


@activation(
    kind="curve",
    source="Molina et al., Padé Activation Units: End-to-end Learning of Flexible Activation Functions in Deep "
    "Networks, 2019, arXiv:1907.06732",
    aliases=("rational", "pade_activation_unit"),
    used_by=("rational_activations (Rational, versions A and B)",),
    check=_check_safe,
)
def pau(x: Tensor, numerator: Tensor, denominator: Tensor, safe: str = "A") -> Tensor:
    """Padé activation unit: the rational function `p(x) / q(x)` with trained coefficients.

    `p(x) = a_0 + a_1 * x + ...`, and `q` is kept from 0: `1 + |b_1 * x| + |b_2 * x**2| + ...` for `safe="A"`, the
    default of `rational_activations`, or `1 + |b_1 * x + b_2 * x**2 + ...|` for `safe="B"`, the paper's.

    Args:
        x: Tensor of any shape.
        numerator: Coefficients `a_0, a_1, ...` along the last axis; the other axes broadcast against `x`.
        denominator: Coefficients `b_1, b_2, ...` along the last axis; the other axes broadcast against `x`.
        safe: `"A"` or `"B"`.

    Returns:
        Tensor of the shape and floating-point dtype of `x`.

    Raises:
        ValueError: `safe` is neither `"A"` nor `"B"`.

    Examples:
        >>> keras.ops.convert_to_numpy(keras_acts.pau([-1.0, 2.0], [0.0, 1.0], [0.0, 1.0])).round(4)
        array([-0.5,  0.4], dtype=float32)
    """
    return _rational(x, _coefficients(x, numerator), _coefficients(x, denominator), safe)


class PAU(Trainable, fn=pau):
    """Layer form of `pau`, of degrees 5 and 4: by default one curve for the layer, which starts as a leaky ReLU.

    Args:
        numerator_initializer: Any Keras initializer, or `None` for the start described above.
        denominator_initializer: Any Keras initializer, or `None` for the start described above.
        safe: How the denominator is kept from 0: `"A"`, each term for itself, or `"B"`, their sum.
        shared_axes: `"all"` (one curve for the layer), `"spatial"` (one per channel), `None` (one per element), or a
            list of the axes to share; negative axes count from the end.
        **kwargs: `numerator_regularizer`, `numerator_constraint` and the same for the denominator, `data_format`, and
            `name`, `dtype`, `trainable` as in every Keras layer.

    Examples:
        >>> keras.ops.convert_to_numpy(keras_acts.PAU()(np.array([[-2.0, 2.0]]))).round(2)
        array([[-0.02,  2.  ]], dtype=float32)
    """

    def __init__(
        self,
        numerator_initializer: Any = None,
        denominator_initializer: Any = None,
        safe: str = "A",
        shared_axes: Any = "all",
        **kwargs,
    ):
        starts = _start(numerator_initializer, _LEAKY_RELU[0]), _start(denominator_initializer, _LEAKY_RELU[1])
        learned: dict[str, Any] = dict(zip(("numerator", "denominator"), starts, strict=True))
        super().__init__(learned, shared_axes, parameters={"safe": safe}, **kwargs)

    def weight_shape(self, name, shape):
        return (*shape, 6 if name == "numerator" else 4)


@activation(
    kind="axis",
    source="Yang & Wang, Kolmogorov-Arnold Transformer, 2024, arXiv:2409.10594",
    aliases=("gr_kan", "kat_rational"),
    used_by=("Kolmogorov-Arnold Transformer",),
    distinct_from={"pau": "has one curve, or one per channel, instead of one per group of channels"},
)
def group_rational(x: Tensor, numerator: Tensor, denominator: Tensor, axis: int = -1) -> Tensor:
    """Group-rational activation: `p(x) / q(x)` with a denominator for each group of neighbouring channels.

    `p(x) = a_0 + a_1 * x + ...` is shared by all groups, as in the authors' code, or has one row per group;
    `q(x) = 1 + |b_1 * x| + |b_2 * x**2| + ...`. Groups are as even as the number of channels allows.

    Args:
        x: Tensor of any rank from 1 whose size along `axis` is known.
        numerator: Coefficients of shape `(1, degree + 1)` or `(groups, degree + 1)`, the constant first.
        denominator: Coefficients of shape `(groups, degree)`, without the constant.
        axis: The channel axis.

    Returns:
        Tensor of the shape and floating-point dtype of `x`.

    Raises:
        ValueError: `axis` is not an axis of `x`, or its size is unknown.

    Examples:
        >>> y = keras_acts.group_rational([[2.0, 2.0]], [[0.0, 1.0]], [[1.0], [3.0]])
        >>> keras.ops.convert_to_numpy(y).round(4)
        array([[0.6667, 0.2857]], dtype=float32)
    """
    rank = len(x.shape)
    check_axis(axis, rank, "group_rational", several=False)
    channels = x.shape[axis]
    if channels is None:
        raise ValueError(
            f"group_rational groups the channels along axis {axis} and needs to know their number, got shape "
            f"{tuple(x.shape)}; fix the size of that axis in the input, or choose another `axis`."
        )
    numerator, denominator = _coefficients(x, numerator), _coefficients(x, denominator)

    def of_channels(weight):
        groups = weight.shape[0]
        rows = ops.take(weight, [channel * groups // channels for channel in range(channels)], 0)
        shape = [channels if each == axis % rank else 1 for each in range(rank)]
        return ops.reshape(rows, (*shape, weight.shape[-1]))

    if 0 in tuple(x.shape):
        return x
    return _rational(x, of_channels(numerator), of_channels(denominator), "A")


class GroupRational(Weighted, fn=group_rational):
    """Layer form of `group_rational`, of degrees 5 and 4: it starts as swish.

    Args:
        numerator_initializer: Any Keras initializer, or `None` for the start described above.
        denominator_initializer: Any Keras initializer, or `None` for the start described above.
        axis: The channel axis.
        groups: How many groups the channels are divided into.
        **kwargs: `numerator_regularizer`, `numerator_constraint` and the same for the denominator, and `name`,
            `dtype`, `trainable` as in every Keras layer.

    Raises:
        TypeError: `groups` is not a number.
        ValueError: `groups` is below 1.

    Examples:
        >>> keras.ops.convert_to_numpy(keras_acts.GroupRational()(np.array([[-1.0, 1.0]]))).round(3)
        array([[-0.269,  0.731]], dtype=float32)
    """

    def __init__(
        self,
        numerator_initializer: Any = None,
        denominator_initializer: Any = None,
        axis: int = -1,
        groups: int = 8,
        **kwargs,
    ):
        check_axis(axis, None, type(self).__name__, several=False)
        starts = _start(numerator_initializer, _SWISH[0]), _start(denominator_initializer, _SWISH[1])
        learned: dict[str, Any] = dict(zip(("numerator", "denominator"), starts, strict=True))
        super().__init__(learned, {"axis": axis}, **kwargs)
        self.groups = int(number("GroupRational", "groups", groups, 1, 10**6))

    def weight_shapes(self, input_shape):
        return {"numerator": (1, 6), "denominator": (self.groups, 4)}

    def get_config(self):
        return {**super().get_config(), "groups": self.groups}


@activation(
    kind="curve",
    source="Agostinelli et al., Learning Activation Functions to Improve Deep Neural Networks, 2014, arXiv:1412.6830",
    aliases=("aplu", "adaptive_piecewise_linear"),
)
def apl(x: Tensor, slopes: Tensor, hinges: Tensor) -> Tensor:
    """Adaptive piecewise linear unit: `max(0, x) + sum_s slopes_s * max(0, hinges_s - x)`.

    At a hinge the slope is that of the right side, at 0 that of the left.

    Args:
        x: Tensor of any shape.
        slopes: One slope per hinge along the last axis; the other axes broadcast against `x`.
        hinges: Where the slopes set in, along the last axis; the other axes broadcast against `x`.

    Returns:
        Tensor of the shape and floating-point dtype of `x`.

    Examples:
        >>> keras.ops.convert_to_numpy(keras_acts.apl([-2.0, 0.0, 3.0], [0.5], [1.0]))
        array([1.5, 0.5, 3. ], dtype=float32)
    """
    slopes, hinges = _coefficients(x, slopes), _coefficients(x, hinges)
    y, finite = relu(x), at_least(x, -1e30)  # 0 times infinity would be NaN
    for place in range(slopes.shape[-1]):
        y = y + slopes[..., place] * relu(hinges[..., place] - finite)
    return y


class APL(Trainable, fn=apl):
    """Layer form of `apl`: by default one curve per channel, which starts as ReLU.

    Args:
        slopes_initializer: Number, or any Keras initializer.
        hinges_initializer: Number, any Keras initializer, or `None` for hinges spread evenly from -1 to 1.
        shared_axes: `"spatial"` (one curve per channel), `"all"` (one for the layer), `None` (one per element),
            or a list of the axes to share; negative axes count from the end.
        hinge_count: How many hinges each curve has.
        **kwargs: `slopes_regularizer`, `slopes_constraint` and the same for the hinges, `data_format`, and `name`,
            `dtype`, `trainable` as in every Keras layer.

    Raises:
        TypeError: `hinge_count` is not a number.
        ValueError: `hinge_count` is below 1.

    Examples:
        >>> keras.ops.convert_to_numpy(keras_acts.APL(slopes_initializer=-0.25)(np.array([[-3.0, 0.0, 3.0]])))
        array([[-1.5 , -0.25,  3.  ]], dtype=float32)
    """

    def __init__(
        self,
        slopes_initializer: Any = 0.0,
        hinges_initializer: Any = None,
        shared_axes: Any = "spatial",
        hinge_count: int = 2,
        **kwargs,
    ):
        self.hinge_count = int(number("APL", "hinge_count", hinge_count, 1, 1000))
        gap = 2 / max(1, self.hinge_count - 1)
        hinges = _start(hinges_initializer, [gap * each - 1 for each in range(self.hinge_count)])
        super().__init__({"slopes": slopes_initializer, "hinges": hinges}, shared_axes, **kwargs)

    def weight_shape(self, name, shape):
        return (*shape, self.hinge_count)

    def get_config(self):
        return {**super().get_config(), "hinge_count": self.hinge_count}


@activation(
    kind="curve",
    source="Liu et al., KAN: Kolmogorov-Arnold Networks, 2024, arXiv:2404.19756",
    aliases=("kan_spline", "bspline"),
    limits={"low": (-1e6, 1e6), "high": (-1e6, 1e6)},
    used_by=("pykan (as the function on each edge)",),
    check=lambda low=-1.0, high=1.0, **_: _check_interval(low, high),
)
def kan_bspline(
    x: Tensor, coefficients: Tensor, base_scale: Tensor, spline_scale: Tensor, low: float = -1.0, high: float = 1.0
) -> Tensor:
    """KAN's curve: `base_scale * silu(x) + spline_scale * spline(x)`, with a cubic B-spline on an even grid.

    `n` coefficients belong to a grid of `n - 3` intervals between `low` and `high`; the spline runs out to 0 within
    three intervals to either side. A KAN layer has such a curve on every edge; this is one per channel.

    Args:
        x: Tensor of any shape.
        coefficients: Heights of the splines along the last axis; the other axes broadcast against `x`.
        base_scale: Number, or tensor that broadcasts against `x`.
        spline_scale: Number, or tensor that broadcasts against `x`.
        low: Where the grid begins.
        high: Where the grid ends.

    Returns:
        Tensor of the shape and floating-point dtype of `x`.

    Raises:
        TypeError: `low` or `high` is not a number.
        ValueError: `low` is not below `high`, or one of them is infinite or NaN.

    Examples:
        >>> keras.ops.convert_to_numpy(keras_acts.kan_bspline([-0.5, 0.5], np.ones(8), 0.0, 2.0))
        array([2., 2.], dtype=float32)
    """
    coefficients, base_scale, spline_scale = (_coefficients(x, w) for w in (coefficients, base_scale, spline_scale))
    count = coefficients.shape[-1]
    places = (x - low) / ((high - low) / (count - 3))
    spline = ops.zeros_like(x)
    for place in range(count):
        # The cubic B-spline around its centre: a cubic that rises within two intervals, less one within one.
        near = ops.clip(2.0 - _size(places - (place - 1)), 0.0, 2.0)
        inner = at_least(near - 1.0, 0.0)
        spline = spline + coefficients[..., place] * ((near * near * near - 4.0 * inner * inner * inner) / 6.0)
    return base_scale * silu(x) + spline_scale * spline


def _check_interval(low: float, high: float) -> None:
    if low >= high:
        raise ValueError(f"kan_bspline: `low` must be below `high`, got low={low} and high={high}; swap them.")


class KANBSpline(Trainable, fn=kan_bspline):
    """Layer form of `kan_bspline`: by default one curve per channel, which starts near silu.

    Args:
        coefficients_initializer: Number, any Keras initializer, or `None` for small normal numbers.
        base_scale_initializer: Number, or any Keras initializer.
        spline_scale_initializer: Number, or any Keras initializer.
        low: Where the grid begins.
        high: Where the grid ends.
        shared_axes: `"spatial"` (one curve per channel), `"all"` (one for the layer), `None` (one per element), or a
            list of the axes to share; negative axes count from the end.
        grid_size: How many intervals the grid has; there are three more coefficients.
        **kwargs: `coefficients_regularizer`, `coefficients_constraint` and the same for both scales, `data_format`, and
            `name`, `dtype`, `trainable` as in every Keras layer.

    Raises:
        TypeError: `low`, `high` or `grid_size` is not a number.
        ValueError: `low` is not below `high`, or `grid_size` is below 1.

    Examples:
        >>> layer = keras_acts.KANBSpline(coefficients_initializer=0.0)
        >>> keras.ops.convert_to_numpy(layer(np.array([[-1.0, 1.0]]))).round(4)
        array([[-0.2689,  0.7311]], dtype=float32)
    """

    def __init__(
        self,
        coefficients_initializer: Any = None,
        base_scale_initializer: Any = 1.0,
        spline_scale_initializer: Any = 1.0,
        low: float = -1.0,
        high: float = 1.0,
        shared_axes: Any = "spatial",
        grid_size: int = 5,
        **kwargs,
    ):
        self.grid_size = int(number("KANBSpline", "grid_size", grid_size, 1, 1000))
        noise = keras.initializers.RandomNormal(stddev=0.1) if coefficients_initializer is None else None
        learned = {
            "coefficients": noise or coefficients_initializer,
            "base_scale": base_scale_initializer,
            "spline_scale": spline_scale_initializer,
        }
        super().__init__(learned, shared_axes, parameters={"low": low, "high": high}, **kwargs)

    def weight_shape(self, name, shape):
        return (*shape, self.grid_size + 3) if name == "coefficients" else shape

    def get_config(self):
        return {**super().get_config(), "grid_size": self.grid_size}


def _hermite_powers(count: int) -> np.ndarray:
    """The coefficients in powers of `x` of the first Hermite polynomials, one row for each."""
    rows = np.eye(count)
    for k in range(2, count):
        rows[k] = (np.roll(rows[k - 1], 1) - math.sqrt(k - 1) * rows[k - 2]) / math.sqrt(k)
    return rows


def _relu_in_hermite(count: int) -> list[float]:
    """The first coefficients of ReLU in Hermite polynomials that are orthonormal under the normal distribution."""
    found = [1 / math.sqrt(2 * math.pi), 0.5]
    for n in range(2, count):
        double_factorial = math.prod(range(n - 3, 0, -2)) if n > 2 else 1
        sign = (-1) ** ((n - 2) // 2)
        found.append(0.0 if n % 2 else sign * double_factorial / math.sqrt(2 * math.pi * math.factorial(n)))
    return found[:count]


@activation(
    kind="curve",
    source="Lokhande et al., Generating Accurate Pseudo-labels in Semi-Supervised Learning and Avoiding Overconfident "
    "Predictions via Hermite Polynomial Activations, 2019, arXiv:1909.05479",
    aliases=("hermite_polynomial",),
)
def hermite(x: Tensor, coefficients: Tensor) -> Tensor:
    """Hermite activation: `sum_k coefficients_k * h_k(x)`, a polynomial in an orthonormal basis.

    `h_0 = 1`, `h_1 = x` and `h_k = (x * h_{k-1} - sqrt(k - 1) * h_{k-2}) / sqrt(k)`: for standard normal inputs they
    are uncorrelated and of unit size, so each coefficient is a share of the output.

    Args:
        x: Tensor of any shape.
        coefficients: Coefficients along the last axis, the constant first; the other axes broadcast against `x`.

    Returns:
        Tensor of the shape and floating-point dtype of `x`.

    Examples:
        >>> keras.ops.convert_to_numpy(keras_acts.hermite([-1.0, 2.0], [0.0, 0.0, 1.0])).round(4)
        array([0.    , 2.1213], dtype=float32)
    """
    coefficients = _coefficients(x, coefficients)
    powers = ops.cast(ops.convert_to_tensor(_hermite_powers(coefficients.shape[-1])), x.dtype)
    # Summed in powers of `x`: the recursion would subtract infinity from infinity far out.
    far = 1e300 if keras.backend.standardize_dtype(x.dtype) == "float64" else 3e38
    return _polynomial(ops.clip(x, -far, far), ops.matmul(coefficients, powers)) + ops.zeros_like(x)


class Hermite(Trainable, fn=hermite):
    """Layer form of `hermite`: by default one curve for the layer, which starts as the polynomial nearest to ReLU.

    Args:
        coefficients_initializer: Number, any Keras initializer, or `None` for the start described above.
        shared_axes: `"all"` (one curve for the layer), `"spatial"` (one per channel), `None` (one per element), or a
            list of the axes to share; negative axes count from the end.
        degree: Degree of the polynomial.
        **kwargs: `coefficients_regularizer`, `coefficients_constraint`, `data_format`, and `name`, `dtype`, `trainable`
            as in every Keras layer.

    Raises:
        TypeError: `degree` is not a number.
        ValueError: `degree` is below 1.

    Examples:
        >>> keras.ops.convert_to_numpy(keras_acts.Hermite()(np.array([[-1.0, 1.0]]))).round(4)
        array([[-0.1011,  0.8989]], dtype=float32)
    """

    def __init__(self, coefficients_initializer: Any = None, shared_axes: Any = "all", degree: int = 3, **kwargs):
        self.degree = int(number("Hermite", "degree", degree, 1, 30))
        start = _start(coefficients_initializer, _relu_in_hermite(self.degree + 1))
        super().__init__({"coefficients": start}, shared_axes, **kwargs)

    def weight_shape(self, name, shape):
        return (*shape, self.degree + 1)

    def get_config(self):
        return {**super().get_config(), "degree": self.degree}


__all__ = exported(__name__)
