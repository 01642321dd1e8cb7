"""Certificates of death: units that no input within stated bounds can wake, by interval arithmetic.

Every tensor of the model is enclosed between two arrays. What a layer computes is enclosed with the rounding of its own
arithmetic: a sum of n products in a dtype of precision eps is off by at most n eps times the sum of their magnitudes,
in whatever order it is taken (Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 3.1).
"""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers

from keras_acts import _bases
from keras_acts._sites import check_model
from keras_acts.monitor._engine import native
from keras_acts.monitor._recorder import configuration, curve_of, has_activation, unit_axis, weakly

# What rises in each of its inputs: whatever goes in between two arrays comes out between what they give.
_WITHOUT_ROUNDING = (
    layers.Concatenate,
    layers.Cropping1D,
    layers.Cropping2D,
    layers.Cropping3D,
    layers.Dropout,
    layers.Flatten,
    layers.GlobalMaxPooling1D,
    layers.GlobalMaxPooling2D,
    layers.GlobalMaxPooling3D,
    layers.Identity,
    layers.Maximum,
    layers.MaxPooling1D,
    layers.MaxPooling2D,
    layers.MaxPooling3D,
    layers.Minimum,
    layers.Permute,
    layers.RepeatVector,
    layers.Reshape,
    layers.SpatialDropout1D,
    layers.SpatialDropout2D,
    layers.SpatialDropout3D,
    layers.ZeroPadding1D,
    layers.ZeroPadding2D,
    layers.ZeroPadding3D,
)
_WITH_ROUNDING = (
    layers.Add,
    layers.Average,
    layers.AveragePooling1D,
    layers.AveragePooling2D,
    layers.AveragePooling3D,
    layers.GlobalAveragePooling1D,
    layers.GlobalAveragePooling2D,
    layers.GlobalAveragePooling3D,
)
_CONVOLUTIONS = (layers.Conv1D, layers.Conv2D, layers.Conv3D, layers.DepthwiseConv1D, layers.DepthwiseConv2D)
_EXACT = ("relu", "relu6", "hard_tanh")
_RISING = (
    *_EXACT,
    "celu",
    "elu",
    "exponential",
    "hard_sigmoid",
    "leaky_relu",
    "log_sigmoid",
    "selu",
    "sigmoid",
    "softplus",
    "softsign",
    "squareplus",
    "tanh",
)
# Fall to one lowest value at a negative input and rise from there on.
_DIPPING = {"gelu": -0.1701, "hard_silu": -0.3751, "hard_swish": -0.3751, "mish": -0.3089, "silu": -0.2785}
_FUNCTION_ROUNDING = 32  # eps: more than any of these is computed with


class _NoBoundError(Exception):
    """Says, in its message, why what a layer computes is not bounded."""


@dataclasses.dataclass(frozen=True, eq=False)
class _Range:
    """Two float64 arrays that a tensor lies between, without the batch axis."""

    low: np.ndarray
    high: np.ndarray

    @property
    def size(self) -> np.ndarray:
        """The largest magnitude."""
        return np.maximum(np.abs(self.low), np.abs(self.high))


@dataclasses.dataclass(frozen=True, eq=False)
class Certificate:
    """What interval bounds prove of a model.

    Attributes:
        dead: For each layer with an activation the units whose slope is exactly 0 for every input within the bounds.
        bounds: For each such layer the least and the greatest input of its activation, each with one entry per unit.
        unbounded: Layers of which nothing is proved, and why.
    """

    dead: dict[str, np.ndarray]
    bounds: dict[str, tuple[np.ndarray, np.ndarray]]
    unbounded: dict[str, str]


def provably_dead(model: keras.Model, low: Any, high: Any) -> Certificate:
    """Prove of units that no input within stated bounds can wake them.

    A monitor counts what happened; this is a certificate of what can happen, in inference: `model(x, training=False)`.
    The bounds go through Dense, convolution, BatchNormalization, pooling, padding, flattening, adding and the
    activations of Keras, layer by layer. They are sound, with all rounding errors of the layers' dtypes included, and
    they are loose in deep models: a unit without a certificate may be dead all the same. It is assumed that products
    are computed in the layer's dtype (not in the TensorFloat-32 of some devices) and that sums are sums of the
    products, as on every CPU.

    Args:
        model: A built Sequential or functional model, with inputs of fixed shape.
        low: The least that each input can be: a number, or an array of the input's shape without the batch axis; for
            several inputs a list of those.
        high: The greatest, in the same form.

    Returns:
        A `Certificate` with `dead`, `bounds` and `unbounded`.

    Raises:
        ValueError: The model is a subclassed one or not built, or the bounds are none: not finite, of another shape,
            or `low` above `high`.

    Examples:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, "relu", name="hidden")])
        >>> model.layers[0].set_weights([np.ones((2, 3)), np.array([0.0, -1.5, -2.5])])
        >>> proof = keras_acts.provably_dead(model, low=0.0, high=1.0)
        >>> proof.dead["hidden"]
        array([2])
        >>> proof.bounds["hidden"][1].round(4)
        array([ 2. ,  0.5, -0.5])
    """
    check_model("provably_dead", model)
    graph = _graph(model)
    if graph is None:
        raise ValueError(
            "provably_dead follows the connections of Sequential and functional models; got "
            f"{type(model).__name__} {model.name!r}, which is a subclassed model or not built: build it, or prove of "
            "the models inside."
        )
    tensors = graph.inputs
    pairs = zip(_each(low, len(tensors), "low"), _each(high, len(tensors), "high"), strict=True)
    inputs = [_stated(tensor, *pair) for tensor, pair in zip(tensors, pairs, strict=True)]
    walk = _Walk()
    walk.through(graph, inputs, ())
    return walk.certificate()


def _graph(model: Any) -> Any:
    graph = getattr(model, "_functional", None) or model
    return graph if hasattr(graph, "_nodes_by_depth") else None


def _each(bound: Any, count: int, name: str) -> list[Any]:
    if count == 1 and not (isinstance(bound, (list, tuple)) and len(bound) == 1):
        return [bound]
    if not isinstance(bound, (list, tuple)):
        return [bound] * count
    if len(bound) != count:
        raise ValueError(f"provably_dead: `{name}` needs one entry per input of the model, {count}, got {len(bound)}.")
    return list(bound)


def _stated(tensor: Any, low: Any, high: Any) -> _Range:
    shape = tuple(tensor.shape[1:])
    if None in shape:
        raise ValueError(
            f"provably_dead needs inputs of fixed shape, got {tensor.shape} for {tensor.name!r}; build the model with "
            "keras.Input of the size that it will see."
        )
    try:
        low, high = (np.broadcast_to(np.asarray(bound, "float64"), shape) for bound in (low, high))
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"provably_dead: `low` and `high` must be numbers, or arrays of them that broadcast to the inputs' shape "
            f"{shape}, got {low!r:.60} and {high!r:.60}; state what the inputs can be."
        ) from error
    if not (np.isfinite(low).all() and np.isfinite(high).all() and (low <= high).all()):
        raise ValueError(
            "provably_dead needs finite bounds with `low` not above `high`, got "
            f"low from {low.min()} and high up to {high.max()}; state what the inputs can be."
        )
    return _Range(low, high)


class _Walk:
    """Goes through a model, layer by layer, and notes what it finds at each activation."""

    def __init__(self) -> None:
        self.found: dict[int, tuple[Any, str, list[tuple[_Range, np.ndarray]]]] = {}
        self.reasons: dict[int, tuple[Any, str, str]] = {}

    def through(self, graph: Any, inputs: Sequence[_Range | None], path: tuple[str, ...]) -> list[_Range | None]:
        """The ranges of a graph's outputs, from those of its inputs; `None` where there is no bound."""
        ranges = {id(tensor): given for tensor, given in zip(graph.inputs, inputs, strict=True)}
        for depth in sorted(graph._nodes_by_depth, reverse=True):
            for node in graph._nodes_by_depth[depth]:
                if node.operation is None or node.is_input:
                    continue
                given = [ranges[id(tensor)] for tensor in node.input_tensors]
                outputs = self._node(node, given, path)
                ranges.update((id(tensor), out) for tensor, out in zip(node.outputs, outputs, strict=True))
        return [ranges[id(tensor)] for tensor in graph.outputs]

    def _node(self, node: Any, given: list[_Range | None], path: tuple[str, ...]) -> list[_Range | None]:
        layer = node.operation
        path = (*path, layer.name)
        known = [each for each in given if each is not None]
        try:
            if isinstance(layer, keras.Model):
                graph = _graph(layer)
                if graph is None:
                    raise _NoBoundError("the connections inside a subclassed model are not known")
                return self.through(graph, given, path)
            if len(known) < len(given):
                before = {tensor._keras_history.operation.name for tensor in node.input_tensors}
                raise _NoBoundError(f"nothing bounds what comes from {', '.join(map(repr, sorted(before)))}")
            return [self._layer(layer, known, node, path)]
        except _NoBoundError as reason:
            self._note(layer, path, str(reason))
            return [None] * len(node.outputs)

    def _note(self, layer: Any, path: tuple[str, ...], reason: str) -> None:
        """Layers that compute nothing of their own are not worth a line."""
        if "nothing bounds" not in reason or has_activation(layer):
            self.reasons[id(layer)] = layer, "/".join(path), reason

    def _layer(self, layer: Any, given: list[_Range], node: Any, path: tuple[str, ...]) -> _Range:
        if isinstance(layer, _CONVOLUTIONS) or type(layer) is layers.Dense:
            return self._activated(layer, layer, layer.activation, _weighted(layer, given[0]), path)
        if type(layer) is layers.Activation:
            source = node.input_tensors[0]._keras_history.operation
            return self._activated(layer, source, layer.activation, given[0], path)
        if isinstance(layer, (layers.ReLU, layers.LeakyReLU, layers.ELU, layers.PReLU, _bases.Elementwise)):
            source = node.input_tensors[0]._keras_history.operation
            return self._activated(layer, source, layer, given[0], path)
        if type(layer) is layers.BatchNormalization:
            return _normalized(layer, given[0])
        if type(layer) in _WITHOUT_ROUNDING:
            return _rising(layer, given, 0, layer.compute_dtype)
        is_plus = type(layer).__name__ == "Add" and len(given) > 1  # the operation that a plus sign becomes, too
        if type(layer) in _WITH_ROUNDING or is_plus:
            positions = math.prod(node.input_tensors[0].shape[1:]) // max(math.prod(node.outputs[0].shape[1:]), 1)
            terms = max(len(given), math.prod(getattr(layer, "pool_size", (positions,))))
            return _rising(layer, given, terms, node.outputs[0].dtype)
        raise _NoBoundError(f"no bound is known of what {type(layer).__name__} computes")

    def _activated(self, layer: Any, source: Any, function: Any, x: _Range, path: tuple[str, ...]) -> _Range:
        """Note where an activation's slope is 0 over all of a range, and return the range of its values."""
        if function in (None, keras.activations.linear):
            return x
        if function is keras.activations.softmax:
            return _Range(np.zeros(x.low.shape), np.ones(x.low.shape))
        dtype = layer.compute_dtype
        y = _values(function, x, dtype)
        if isinstance(function, layers.PReLU):
            self._note(layer, path, "where its slope is 0 depends on trained weights")
            return y
        key = configuration(function) if isinstance(function, layers.Layer) else weakly(function)
        curve = curve_of(native(), key, function, dtype)
        inside = np.zeros(x.low.shape, bool)
        for a, b in curve.flat:
            inside |= (x.low >= a) & (x.high <= b)
        axis = unit_axis(source, x.low.ndim + 1) - 1
        positions = tuple(n for n in range(x.low.ndim) if n != axis)
        units = _Range(x.low.min(positions), x.high.max(positions))
        dead = np.asarray(inside.all(positions))
        self.found.setdefault(id(layer), (layer, "/".join(path), []))[2].append((units, dead))
        return y

    def certificate(self) -> Certificate:
        """A shared layer's units are dead where they are in each of its calls."""
        entries = [*self.found.values(), *self.reasons.values()]
        names = [layer.name for layer, _, _ in entries]
        dead, bounds, unbounded = {}, {}, {}
        for layer, path, content in entries:
            name = layer.name if names.count(layer.name) == 1 else path
            if isinstance(content, str):
                unbounded[name] = content
            elif id(layer) not in self.reasons:  # in another call it has no bound
                dead[name] = np.flatnonzero(np.all([calls for _, calls in content], axis=0))
                lows, highs = [units.low for units, _ in content], [units.high for units, _ in content]
                bounds[name] = np.min(lows, 0), np.max(highs, 0)
        return Certificate(dead, bounds, unbounded)


# What layers do to a range


def _eps(dtype: str) -> float:
    return {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 2.0**-23, "float64": 2.0**-52}[dtype]


def _checked(low: np.ndarray, high: np.ndarray, size: np.ndarray, terms: int, dtype: str) -> _Range:
    """Widen by the rounding of a sum of so many terms whose magnitudes add up to `size`."""
    relative = (terms + 8) * _eps(dtype)
    largest, smallest = {"float16": (65504.0, 2.0**-14), "bfloat16": (3.3e38, 2.0**-126)}.get(
        dtype, (3.4e38, 2.0**-126)
    )
    if not relative < 0.5:
        raise _NoBoundError(f"a sum of {terms} terms may lose all its digits in {dtype}")
    error = relative / (1 - relative) * size + (size > 0) * (terms + 8) * smallest  # what underflows is lost
    if not (np.isfinite(size).all() and (size + error).max(initial=0) < largest):
        raise _NoBoundError(f"its weights are not finite, or its sums may overflow {dtype}")
    return _Range(low - error, high + error)


def _weighted(layer: Any, x: _Range) -> _Range:
    if getattr(layer, "quantization_mode", None) or getattr(layer, "lora_enabled", False):
        raise _NoBoundError("its weights are quantized or adapted")
    kernel = keras.ops.convert_to_numpy(layer.kernel).astype("float64")
    bias = np.zeros(()) if layer.bias is None else keras.ops.convert_to_numpy(layer.bias).astype("float64").ravel()
    if isinstance(layer, (layers.DepthwiseConv1D, layers.DepthwiseConv2D)):
        groups = kernel.shape[-2]
        kernel = kernel.reshape(*kernel.shape[:-2], 1, -1)
    else:
        groups = getattr(layer, "groups", 1)
    is_first = getattr(layer, "data_format", "") == "channels_first"

    def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        a = np.moveaxis(a, 0, -1) if is_first else a
        y = np.tensordot(a, b, 1) if type(layer) is layers.Dense else _convolve(layer, a, b, groups)
        return y

    up, down = np.maximum(kernel, 0), np.minimum(kernel, 0)
    with np.errstate(all="ignore"):  # weights may be NaN or infinite
        low = product(x.low, up) + product(x.high, down) + bias
        high = product(x.high, up) + product(x.low, down) + bias
        size = product(x.size, np.abs(kernel)) + np.abs(bias)
    y = _checked(low, high, size, math.prod(kernel.shape[:-1]), layer.compute_dtype)
    return _Range(np.moveaxis(y.low, -1, 0), np.moveaxis(y.high, -1, 0)) if is_first else y


def _convolve(layer: Any, x: np.ndarray, kernel: np.ndarray, groups: int) -> np.ndarray:
    """A convolution without bias of one sample, channels last, in float64."""
    if layer.padding not in ("valid", "same"):
        raise _NoBoundError(f"no bound is known with padding {layer.padding!r}")
    rank = kernel.ndim - 2
    strides, dilation = (_per_axis(value, rank) for value in (layer.strides, layer.dilation_rate))
    spans = [(size - 1) * rate + 1 for size, rate in zip(kernel.shape[:rank], dilation, strict=True)]
    if layer.padding == "same":
        pads = [max((-(-n // s) - 1) * s + k - n, 0) for n, s, k in zip(x.shape, strides, spans, strict=False)]
        x = np.pad(x, [*((pad // 2, pad - pad // 2) for pad in pads), (0, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(x, spans, tuple(range(rank)))
    windows = windows[tuple(slice(None, None, s) for s in strides)]
    windows = windows[(..., *(slice(None, None, rate) for rate in dilation))]
    windows = np.moveaxis(windows, rank, -1)  # positions, window, channels
    parts = zip(np.split(windows, groups, -1), np.split(kernel, groups, -1), strict=True)
    return np.concatenate([np.tensordot(part, weights, rank + 1) for part, weights in parts], -1)


def _per_axis(value: Any, rank: int) -> tuple[int, ...]:
    return (value,) * rank if isinstance(value, int) else tuple(value)


def _normalized(layer: Any, x: _Range) -> _Range:
    """BatchNormalization in inference: a factor and an offset per channel."""
    shape = [1] * x.low.ndim
    shape[layer.axis - 1 if layer.axis > 0 else layer.axis] = -1
    mean, variance, gamma, beta = (
        np.full(1, default) if weight is None else keras.ops.convert_to_numpy(weight).astype("float64").reshape(shape)
        for weight, default in (
            (layer.moving_mean, 0.0),
            (layer.moving_variance, 1.0),
            (layer.gamma, 1.0),
            (layer.beta, 0.0),
        )
    )
    with np.errstate(all="ignore"):
        factor = gamma / np.sqrt(variance + layer.epsilon)
        ends = (x.low - mean) * factor + beta, (x.high - mean) * factor + beta
        size = np.abs(factor) * (x.size + np.abs(mean)) + np.abs(beta)
    return _checked(np.minimum(*ends), np.maximum(*ends), size, 8, layer.compute_dtype)


def _rising(layer: Any, given: list[_Range], terms: int, dtype: str) -> _Range:
    """What rises with its inputs, computed by itself at both ends."""

    def at(ends: list[np.ndarray]) -> np.ndarray:
        tensors = [keras.ops.convert_to_tensor(end[None]) for end in ends]
        y = layer(*tensors) if not isinstance(layer, layers.Layer) or len(tensors) == 1 else layer(tensors)
        return keras.ops.convert_to_numpy(y)[0].astype("float64")

    ends = at([_down(x.low) for x in given]), at([_up(x.high) for x in given])
    if not terms:
        return _Range(*ends)
    return _checked(*ends, 2 * at([_up(x.size) for x in given]), terms, dtype)  # twice: it rounds here, too


def _values(function: Any, x: _Range, dtype: str) -> _Range:
    """The range of an activation's values."""
    name = _known_name(function)

    def at(end: np.ndarray) -> np.ndarray:
        y = function(keras.ops.cast(keras.ops.convert_to_tensor(end[None]), dtype))
        return keras.ops.convert_to_numpy(keras.ops.cast(y, "float32"))[0].astype("float64")

    low, high = at(_down(x.low)), at(_up(x.high))
    if name in _DIPPING:
        low, high = np.where(x.low < 0, _DIPPING[name], low), np.maximum(low, high)
    rounding = 0.0 if name in _EXACT else _FUNCTION_ROUNDING * _eps(dtype)
    low, high = low - rounding * (1 + np.abs(low)), high + rounding * (1 + np.abs(high))
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        raise _NoBoundError(f"{name} may overflow {dtype}")
    return _Range(low, high)


def _known_name(function: Any) -> str:
    """The name in the tables above of a function or layer that they are true of."""
    name = getattr(function, "__name__", type(function).__name__)
    if isinstance(function, layers.ReLU):
        if function.negative_slope >= 0 and function.threshold >= 0:
            return "leaky_relu" if function.negative_slope else "relu"
    elif isinstance(function, layers.PReLU):
        if (keras.ops.convert_to_numpy(function.alpha) >= 0).all():
            return "leaky_relu"
    elif isinstance(function, layers.LeakyReLU):
        if function.negative_slope >= 0:
            return "leaky_relu"
    elif isinstance(function, layers.ELU):
        if function.alpha >= 0:
            return "elu"
    elif isinstance(function, _bases.Elementwise):
        facts = function.facts
        if function.settings() == facts.defaults and facts.name in (*_RISING, *_DIPPING):
            return facts.name
    elif name in (*_RISING, *_DIPPING) and getattr(function, "__module__", "").startswith(("keras.", "keras_acts.")):
        return name
    raise _NoBoundError(f"it is not known where {name} with these settings rises and falls")


def _down(x: np.ndarray) -> np.ndarray:
    """The nearest float32 numbers that are not greater."""
    y = x.astype("float32")
    return np.where(y > x, np.nextafter(y, np.float32(-np.inf)), y)


def _up(x: np.ndarray) -> np.ndarray:
    return -_down(-x)
