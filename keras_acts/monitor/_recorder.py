"""The recorder: told of every activation while a step runs or is traced, it counts per unit what the monitor needs.

All it computes are reductions of tensors that the step computes anyway, with `keras.ops`, so they become part of the
same compiled step. Nothing in the model is changed or added to.
"""

import concurrent.futures
import dataclasses
import functools
import math
import weakref
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops
from keras.src import backend as _keras_backend  # masks travel on tensors, and only this can read them

from keras_acts import _bases
from keras_acts.monitor import _patches
from keras_acts.monitor._curves import Curve, examine

Tensor = Any

EXTRAS = ("positions", "mean", "saturation", "gradient", "norms", "histogram")
EDGES = np.sinh(np.linspace(-5, 5, 33)).astype("float32")  # of the histogram's bins: narrow at 0, up to +-74
_SEEN = 8  # samples of each step that the histogram takes; for a picture they are many
_ACTIVATION_LAYERS = (
    keras.layers.ReLU,
    keras.layers.LeakyReLU,
    keras.layers.ELU,
    keras.layers.PReLU,
    _bases.Elementwise,
    _bases.Trainable,
    _bases.Stochastic,
)
_SLOPE_FROM_WEIGHTS = (keras.layers.PReLU, _bases.Trainable)
_MIXING_LAYERS = (keras.layers.Softmax, _bases.Gated, _bases.Simplex)

_curves: dict[Any, Curve | None] = {}
_MOST_CURVES = 256


class NotObservableError(Exception):
    """Says, in its message, why an activation cannot be counted."""


@dataclasses.dataclass(eq=False)
class Site:
    """One place in the model where an activation is applied; a shared layer is one place called several times.

    Attributes:
        name: The layer's name, made unique.
        path: Names of the layers around it, from the outside, and its own.
        layer: The layer that the name belongs to.
        function: Name of the activation.
        units: Number of units: channels of a convolution, the last axis otherwise.
        axis: The axis of the units.
        curve: Where the activation's slope is zero; `None` where that depends on trained weights.
        producer: The layer whose output goes into the activation: the layer itself, or the one before an
            activation layer. `None` where that was not a layer's output.
        is_fused: Whether TensorFlow computes product, bias and activation in one kernel. The input of the activation
            then exists nowhere, and reading it would change the last bits of the training step; the counts come
            from the output.
    """

    name: str
    path: str
    layer: keras.layers.Layer
    function: str
    units: int
    axis: int
    curve: Curve | None
    producer: keras.layers.Layer | None
    is_fused: bool = False


@dataclasses.dataclass(eq=False)
class Call:
    """One call of a layer in the step, with the layers that its inputs came from (`None`: not a layer's output)."""

    layer: keras.layers.Layer
    sources: tuple[keras.layers.Layer | None, ...]


@dataclasses.dataclass(frozen=True, eq=False)
class Gradient:
    """What was measured of the gradient of one trained weight.

    Attributes:
        weight: The variable.
        squares: The sum over the steps of the squared norm, where that is finite.
        broken: The number of steps in which it is not.
        first_broken: The first of them, from 1; 0: none, or an optimizer that scales the loss leaves those steps out.
    """

    weight: Any
    squares: float
    broken: int
    first_broken: int


@dataclasses.dataclass(eq=False)
class _Frame:
    """A layer that is being called."""

    layer: keras.layers.Layer
    mask: Tensor | None
    functions: int = 0


@dataclasses.dataclass(eq=False)
class _Place:
    """What is known of a site before its tensor is seen."""

    key: tuple
    layer: keras.layers.Layer
    function: str
    producer: keras.layers.Layer | None
    curve_key: Any
    slope_from_weights: bool = False


class Recorder:
    """Collects the counts of one step.

    Args:
        backend: The module of the active backend.
        extras: Names from `EXTRAS`.
        wants: Called with a layer; whether to observe it.
        is_compiled: Whether a compiler fuses the reductions (otherwise each is a pass over the tensor).
        home: What tells this step's own tensors from those of a loop or a rematerialised block; the backend's.
    """

    def __init__(
        self, backend: Any, extras: frozenset[str], wants: Callable[[Any], bool], is_compiled: bool, home: Any
    ) -> None:
        self.backend, self.extras, self.wants, self.is_compiled, self.home = backend, extras, wants, is_compiled, home
        self.sites: dict[tuple, Site] = {}
        self.columns: dict[tuple, dict[str, Tensor]] = {}
        self._reasons: dict[tuple, tuple[str, str]] = {}
        self.calls: list[Call] = []
        self.fed: dict[tuple, keras.layers.Layer] = {}
        self.weights: dict[tuple, Any] = {}
        self.left_out: set[tuple] = set()
        self._data: dict[int, Tensor] = {}
        self._depth = 0
        self._is_applying = False
        self._frames: list[_Frame] = []
        self._origins: dict[int, tuple[keras.layers.Layer, Tensor]] = {}  # keeps the tensors, so that ids stay theirs

    @property
    def listens(self) -> bool:
        """False while an activation is at work: what it calls are its steps, not activations of their own."""
        return self._depth == 0

    @property
    def is_in_layer(self) -> bool:
        """Whether a layer is at work; a function called outside of all layers belongs to a loss or a metric."""
        return bool(self._frames)

    @property
    def unobserved(self) -> dict[str, str]:
        """Layers whose activation could not be counted, and why."""
        return dict(self._reasons.values())

    # What the patches call

    def call_layer(self, original: Callable, layer: Any, args: tuple, kwargs: dict) -> Tensor:
        """Call a layer with its activation tapped."""
        tensors = [t for t in keras.tree.flatten((args, kwargs)) if keras.ops.is_tensor(t)]
        if not tensors or any(keras.utils.is_keras_tensor(t) for t in tensors):
            return original(layer, *args, **kwargs)
        self.calls.append(Call(layer, tuple(self._origin(t) for t in tensors)))
        is_data = not isinstance(layer, keras.Model) and all(self._is_data(t) for t in tensors)
        if is_data and layer.trainable_weights:
            self._measure(layer, tensors[0])
        if isinstance(layer, keras.layers.RNN):
            self._reasons[(id(layer),)] = layer.name, "its cell runs inside a loop"
            return self._apply(lambda: original(layer, *args, **kwargs))
        name, replacement = self._tap_of(layer, tensors[0])
        self._frames.append(_Frame(layer, _keras_backend.get_keras_mask(tensors[0])))
        held = layer.__dict__.get(name, _ABSENT)
        try:
            if name:
                object.__setattr__(layer, name, replacement)  # past Keras's tracking of attributes
            outputs = original(layer, *args, **kwargs)
        finally:
            if name and held is _ABSENT:
                object.__delattr__(layer, name)
            elif name:
                object.__setattr__(layer, name, held)
            self._frames.pop()
        if is_data and not layer.trainable_weights:
            self._data.update((id(t), t) for t in keras.tree.flatten(outputs))
        for tensor in keras.tree.flatten(outputs):
            self._origins.setdefault(id(tensor), (layer, tensor))  # the innermost layer that made it
        return outputs

    def _is_data(self, tensor: Tensor) -> bool:
        """Whether a tensor is what the model was given, or comes from it through layers without trained weights."""
        is_given = self._origin(tensor) is None and all(isinstance(f.layer, keras.Model) for f in self._frames)
        return is_given or id(tensor) in self._data

    def _measure(self, layer: keras.layers.Layer, x: Tensor) -> None:
        """Number, sum and sum of squares of the data that goes into the first layer that is trained."""
        if keras.backend.is_float_dtype(keras.backend.standardize_dtype(x.dtype)) and self.backend.is_home(
            x, self.home
        ):
            x = ops.cast(ops.stop_gradient(x), "float32")
            x = ops.where(ops.isfinite(x), x, 0.0)
            size = ops.cast(ops.prod(ops.stack(ops.shape(x))), "float32")
            self.fed[("data", id(layer))] = layer
            self._add(("data", id(layer)), {"moments": ops.stack([size, ops.sum(x), ops.sum(x * x)])})

    def call_function(self, name: str, original: Callable, x: Tensor, args: tuple, kwargs: dict) -> Tensor:
        """Call an activation function that a layer's own `call` applies, and count it."""
        if keras.utils.is_keras_tensor(x):
            return original(x, *args, **kwargs)
        frame, source = self._frames[-1], self._origin(x)
        frame.functions += 1
        key = (id(source), "output", name) if source else (id(frame.layer), "call", name, frame.functions)
        curve_key = (original.__module__, name, args, tuple(sorted(kwargs.items())))
        place = _Place(key, source or frame.layer, name, source, curve_key)
        return self._observe(place, lambda x: original(x, *args, **kwargs), x)

    def call_apply(self, original: Callable, optimizer: Any, gradients: list[Any], scale: Any, variables: Any) -> Any:
        """Call an optimizer that is given the gradients, and measure them."""
        if self._is_applying or "norms" not in self.extras:  # an optimizer around another one has been heard
            return original()
        for gradient, variable in zip(gradients, variables or optimizer._trainable_variables, strict=False):
            if not (gradient is None or ops.is_tensor(gradient)):
                gradient = gradient.values  # of an embedding's rows on TensorFlow
            if gradient is None or not self.backend.is_home(gradient, self.home):
                continue
            gradient = ops.cast(ops.stop_gradient(gradient), "float32")
            squares = ops.sum(ops.square(gradient if scale is None else gradient / scale))
            finite = ops.isfinite(squares)
            key = ("weights", id(variable))
            self.weights[key] = variable
            if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
                self.left_out.add(key)
            squares = ops.reshape(ops.where(finite, squares, 0.0), (1,))
            broken = ops.reshape(ops.logical_not(finite), (1,))
            self._add(key, {"squares": squares, "broken": self.backend.count(broken[None], (0,))})
        self._is_applying = True
        try:
            return original()
        finally:
            self._is_applying = False

    def _tap_of(self, layer: Any, x: Tensor) -> tuple[str | None, Any]:
        """The attribute of a layer to replace while it is called, and the replacement."""
        parent = self._frames[-1].layer if self._frames else None
        owner = parent if parent is not None and getattr(parent, "activation", None) is layer else layer
        if isinstance(layer, _MIXING_LAYERS):
            self._reasons[(id(layer),)] = layer.name, "it works along an axis: its units are not single elements"
        elif isinstance(layer, _ACTIVATION_LAYERS) or owner is not layer:
            source = self._origin(x) if owner is layer else owner
            place = _Place((id(owner), "call"), owner, type(layer).__name__, source, configuration(layer))
            place.slope_from_weights = isinstance(layer, _SLOPE_FROM_WEIGHTS)
            return "call", _tapped(place, layer.call)
        else:
            activation = layer.__dict__.get("activation")
            if callable(activation) and not isinstance(activation, keras.layers.Layer):
                source = self._origin(x) if type(layer) is keras.layers.Activation else layer
                name = getattr(activation, "__name__", type(activation).__name__)
                place = _Place((id(layer), "call"), layer, name, source, weakly(activation))
                return "activation", _tapped(place, activation)
        return None, None

    def _origin(self, tensor: Tensor) -> keras.layers.Layer | None:
        layer, _ = self._origins.get(id(tensor), (None, None))
        return layer

    # Counting

    def _observe(self, place: _Place, function: Callable, x: Tensor) -> Tensor:
        """Apply the activation and add what its input says to the counts."""
        if not self.wants(place.layer):
            return function(x)
        try:
            site, slope = self._site(place, function, x)
            self._reasons.pop(place.key, None)  # of a call that only built the layer, symbolically
        except NotObservableError as reason:
            self._reasons[place.key] = place.layer.name, str(reason)
            site = slope = None
        if site is None:
            return self._apply(function, x)
        heard = "gradient" in self.extras
        # Where a kernel computes product, bias and activation in one go, a second reader of what lies between would
        # split it in two, and two kernels round differently from one: such an input is left alone.
        alone = self.backend.may_fuse(x, self.is_compiled)
        if heard and not alone:
            x = self.backend.on_backward(x, lambda g: self._count_backward(place.key, site, g, None))
        y = self._apply(function, x)
        active = self._count(place.key, site, x, y, slope)
        if heard and alone:
            y = self.backend.on_backward(y, lambda g: self._count_backward(place.key, site, g, active))
        return y

    def _apply(self, function: Callable, *args: Any) -> Any:
        """Call a function whose steps are not to be counted."""
        self._depth += 1
        try:
            return function(*args)
        finally:
            self._depth -= 1

    def _site(self, place: _Place, function: Callable, x: Tensor) -> tuple[Site | None, Callable | None]:
        if not self.backend.is_home(x, self.home):
            raise NotObservableError("it runs inside a loop, a rematerialised block or another transformed function")
        rank = len(x.shape)
        axis = unit_axis(place.producer or place.layer, rank) if rank > 1 else 0
        units = x.shape[axis]
        if units is None or rank < 2:
            raise NotObservableError(f"its input of shape {tuple(x.shape)} has no axis of units of known size")
        curve = None if place.slope_from_weights else curve_of(self.backend, place.curve_key, function, x.dtype)
        if curve is not None and curve.is_identity:
            return None, None
        site = self.sites.get(place.key)
        if site is None:
            around = [frame.layer for frame in self._frames[1:] if frame.layer is not place.layer]
            path = "/".join(layer.name for layer in [*around, place.layer])
            site = Site("", path, place.layer, place.function, units, axis, curve, place.producer)
            self.sites[place.key] = site
        if (site.units, site.axis) != (units, axis):
            raise NotObservableError(f"it is called with {units} units and with {site.units}")
        return site, function if curve is None else None

    def _count(self, key: tuple, site: Site, x: Tensor, y: Tensor, function: Callable | None) -> Callable[[], Tensor]:
        """Add one call's counts; returns a function that tells where the slope is not zero."""
        count, curve, rank = self.backend.count, site.curve, len(x.shape)
        positions = tuple(axis for axis in range(1, rank) if axis != site.axis)
        others = (0, *positions)
        fused = self.backend.fused(x, y) if self.backend.may_fuse(x, self.is_compiled) and curve else None
        y = ops.stop_gradient(y)
        if fused and curve and curve.image:
            x, curve, site.is_fused = y, curve.image, True  # the output says the same
        else:
            x, fused = ops.stop_gradient(x), None
        valid = _fit_mask(self._frames[-1].mask if self._frames else None, x, site.axis)

        @functools.cache
        def active() -> Tensor:
            slope = None if function is None else self._apply(lambda x: self.backend.slope(function, x), x)
            where = _is_active(x, curve, slope)
            return where if valid is None else ops.logical_and(where, valid)

        if valid is None:
            peak, finite = self.backend.extremes(x, positions, self.is_compiled)
            samples = ops.shape(x)[0]
        else:
            peak = ops.max(ops.where(valid, x, -math.inf), axis=positions) if positions else x
            finite = _all(ops.logical_or(ops.isfinite(x), ops.logical_not(valid)), positions)
            samples = count(self._any(valid, tuple(range(1, rank))), (0,))
        if fused:
            finite = ops.logical_and(finite, fused.finite())
        if curve and curve.threshold is not None and valid is None:
            fires = peak > curve.threshold
        else:
            fires = self._any(active(), positions)
        peak = ops.max(ops.where(finite, ops.cast(peak, "float32"), -math.inf), axis=0)
        fired, nonfinite = self.backend.count_apart(ops.logical_and(fires, finite), ops.logical_not(finite))
        columns = {
            "samples": ops.reshape(samples, (1,)),
            "fired": fired,
            "nonfinite": nonfinite,
            "peak": fused.inverse(peak) if fused else peak,
        }
        if "histogram" in self.extras and not fused:
            part = ops.isfinite(x) if valid is None else ops.logical_and(ops.isfinite(x), valid)
            part, few = part[:_SEEN], x[:_SEEN]
            every = tuple(range(rank))
            below = [count(ops.logical_and(few <= edge, part), every) for edge in (*EDGES.tolist(), math.inf)]
            columns["below"] = ops.stack(below)
        if {"positions", "mean", "saturation"} & self.extras:
            if valid is None:
                places = ops.prod(ops.stack([ops.shape(x)[axis] for axis in others]))
            else:
                places = count(ops.broadcast_to(valid, ops.shape(x)), others)[0]
            columns["places"] = ops.reshape(places, (1,))
        if "positions" in self.extras:
            columns["active"] = count(active(), others, ops.isfinite(x))
        if "mean" in self.extras:
            keep = ops.isfinite(y) if valid is None else ops.logical_and(ops.isfinite(y), valid)
            columns["output"] = ops.sum(ops.where(keep, ops.cast(y, "float32"), 0.0), axis=others)
        if "saturation" in self.extras and curve:
            for name, edge, beyond in (("low", curve.low, ops.less_equal), ("high", curve.high, ops.greater_equal)):
                if edge is not None:
                    out = beyond(x, edge)
                    columns[name] = count(out if valid is None else ops.logical_and(out, valid), others)
        self._add(key, columns)
        return active

    def _count_backward(self, key: tuple, site: Site, gradient: Tensor, active: Callable[[], Tensor] | None) -> None:
        """Count the samples from which a gradient reaches a unit, given the one at its input or at its output."""
        if self.backend.is_home(gradient, self.home):
            positions = tuple(axis for axis in range(1, len(gradient.shape)) if axis != site.axis)
            reached = ops.not_equal(gradient, 0)
            reached = reached if active is None else ops.logical_and(reached, active())
            self._add(key, {"reached": self.backend.count(self._any(reached, positions), (0,))})

    def _any(self, condition: Tensor, axes: tuple[int, ...]) -> Tensor:
        return self.backend.any_of(condition, axes) if axes else condition

    def _add(self, key: tuple, columns: dict[str, Tensor]) -> None:
        sums = self.columns.setdefault(key, {})
        for name, value in columns.items():
            join = ops.maximum if name == "peak" else ops.add
            sums[name] = join(sums[name], value) if name in sums else value


_ABSENT = object()


def has_activation(layer: Any) -> bool:
    """Whether a layer applies an activation other than the identity."""
    activation = getattr(layer, "activation", None)
    return isinstance(layer, _ACTIVATION_LAYERS) or (
        callable(activation) and activation is not keras.activations.linear
    )


def curve_of(backend: Any, key: Any, function: Callable, dtype: Any) -> Curve:
    """Where the slope of a function is zero, examined once and remembered under `key`.

    Raises:
        NotObservableError: The function is not elementwise, or failed.
    """
    key = (key, keras.backend.standardize_dtype(dtype))
    try:
        is_known = key in _curves
    except TypeError as error:  # a tensor among the arguments
        raise NotObservableError("it is given tensors as parameters, so its slope is not known") from error
    if not is_known:
        try:
            # A thread of its own is outside of the graph, tape, trace and scopes of the step.
            with concurrent.futures.ThreadPoolExecutor(1) as thread:
                found = thread.submit(examine, backend.evaluator(function, key[1])).result()
        except Exception as error:  # a function of the user's: anything can come
            raise NotObservableError(f"its slope could not be found ({type(error).__name__}: {error})") from error
        while len(_curves) >= _MOST_CURVES:
            _curves.pop(next(iter(_curves)))
        _curves[key] = found
    curve = _curves[key]
    if curve is None:
        raise NotObservableError("each of its outputs depends on several inputs")
    return curve


def _tapped(place: _Place, function: Callable) -> Callable:
    def tapped(x, *args, **kwargs):
        recorder = _patches.current()  # replicas share layers, each has its own recorder
        if recorder is None or not recorder.listens:
            return function(x, *args, **kwargs)
        return recorder._observe(place, lambda x: function(x, *args, **kwargs), x)

    return tapped


def weakly(function: Any) -> Any:
    """What stands for a function in the memory of curves without keeping it, and all it holds, alive."""
    try:
        return weakref.ref(function)
    except TypeError:  # some callables written in C
        return function


def configuration(layer: Any) -> Any:
    """What tells apart layers whose functions differ."""
    config = {k: v for k, v in layer.get_config().items() if k not in ("name", "trainable")}
    return type(layer), repr(config)


def unit_axis(layer: Any, rank: int) -> int:
    """The axis of the units of what a layer gives: the channels of feature maps, the last one otherwise."""
    if isinstance(layer, (keras.layers.Dense, keras.layers.EinsumDense)):
        return rank - 1
    if isinstance(layer, keras.layers.BatchNormalization) and isinstance(layer.axis, int):
        return layer.axis % rank
    data_format = getattr(layer, "data_format", None) or keras.config.image_data_format()
    return 1 if rank > 2 and data_format == "channels_first" else rank - 1


def _fit_mask(mask: Tensor | None, x: Tensor, axis: int) -> Tensor | None:
    """Keras's mask (`True`: the step counts) in the rank of `x`, or `None` if there is none that speaks of `x`."""
    if mask is None or len(mask.shape) >= len(x.shape) or axis < len(mask.shape):
        return None
    return ops.reshape(ops.cast(mask, "bool"), (*ops.shape(mask), *(1,) * (len(x.shape) - len(mask.shape))))


def _is_active(x: Tensor, curve: Curve | None, slope: Tensor | None) -> Tensor:
    """Where the activation's slope is not exactly zero."""
    if curve is None:
        return ops.logical_and(ops.not_equal(slope, 0), ops.logical_not(ops.isnan(slope)))
    active = ops.ones_like(x, dtype="bool")
    for low, high in curve.flat:
        beside = ops.zeros_like(x, dtype="bool")
        if low > -math.inf:
            beside = ops.less(x, low)
        if high < math.inf:
            right = ops.greater(x, high)
            beside = ops.logical_or(beside, right) if low > -math.inf else right
        active = beside if (low, high) == curve.flat[0] else ops.logical_and(active, beside)
    return active


def _all(condition: Tensor, axes: tuple[int, ...]) -> Tensor:
    return ops.all(condition, axis=axes) if axes else condition


# Counts of several steps in three flat vectors

_KINDS = {"peak": "peak", "output": "total", "moments": "total", "squares": "total"}


@dataclasses.dataclass(frozen=True, eq=False)
class Layout:
    """Where each column of each site lies in the flat vectors that the accumulators hold.

    Attributes:
        sites: The sites with their final names, in the order in which the step came to them.
        columns: Kind of vector (`"sum"`, `"peak"` or `"total"`), site's key, column and slice.
        sizes: Length of each vector.
        fed: The layers that the data goes into, by the keys of their columns.
        weights: The weights whose gradients are measured, likewise.
        left_out: Those of them whose optimizer leaves out steps that overflow.
    """

    sites: dict[tuple, Site]
    columns: tuple[tuple[str, tuple, str, slice], ...]
    sizes: dict[str, int]
    fed: dict[tuple, keras.layers.Layer]
    weights: dict[tuple, Any]
    left_out: set[tuple]

    @classmethod
    def of(cls, recorder: Recorder) -> "Layout":
        _name_sites(recorder.sites)
        sizes = {"sum": 0, "peak": 0, "total": 0}
        columns = []
        for key, values in recorder.columns.items():
            for name, value in values.items():
                kind = _KINDS.get(name, "sum")
                columns.append((kind, key, name, slice(sizes[kind], sizes[kind] + value.shape[0])))
                sizes[kind] += value.shape[0]
        sites = {key: recorder.sites[key] for key in recorder.columns if key in recorder.sites}
        return cls(sites, tuple(columns), sizes, dict(recorder.fed), dict(recorder.weights), recorder.left_out)

    def pack(self, recorder: Recorder, like: Callable[[str, int], Tensor]) -> dict[str, Tensor]:
        """One vector per kind from what a step recorded; `like(kind, size)` fills in for what it did not."""
        parts: dict[str, list[Tensor]] = {kind: [] for kind in self.sizes}
        for kind, key, name, place in self.columns:
            value = recorder.columns.get(key, {}).get(name)
            value = like(kind, place.stop - place.start) if value is None else value
            parts[kind].append(ops.cast(value, recorder.backend.INTEGER) if kind == "sum" else value)
        return {kind: ops.concatenate(values) if values else like(kind, 0) for kind, values in parts.items()}

    def unpack(self, vectors: dict[str, np.ndarray]) -> dict[Site, dict[str, np.ndarray]]:
        """Columns by site from the accumulated vectors."""
        found: dict[Site, dict[str, np.ndarray]] = {}
        for kind, key, name, place in self.columns:
            if key not in self.sites:
                continue
            values = vectors[kind][place]
            if name == "peak":  # minus infinity: there was none
                values = np.where(np.isfinite(values), values, np.float32(np.nan))
            if name == "below":
                name, values = "histogram", np.diff(values, prepend=0)
            found.setdefault(self.sites[key], {})[name] = values
            if name == "fired":
                found[self.sites[key]].update(first=vectors["first"][place], last=vectors["last"][place])
            if name == "nonfinite":
                found[self.sites[key]]["first_nonfinite"] = vectors["first"][place]
        return found

    def unpack_inputs(self, vectors: dict[str, np.ndarray]) -> dict[keras.layers.Layer, tuple[float, float]]:
        """Mean and standard deviation of the data that goes into a layer."""
        found = {}
        for kind, key, _, place in self.columns:
            if key in self.fed:
                size, total, squares = vectors[kind][place]
                mean = total / max(size, 1)
                found[self.fed[key]] = float(mean), float(np.sqrt(max(squares / max(size, 1) - mean * mean, 0)))
        return found

    def unpack_gradients(self, vectors: dict[str, np.ndarray]) -> list[Gradient]:
        """What was measured of the gradient of each trained weight."""
        places = {(key, name): place for _, key, name, place in self.columns}
        return [
            Gradient(
                weight,
                float(vectors["total"][places[key, "squares"]][0]),
                int(vectors["sum"][places[key, "broken"]][0]),
                0 if key in self.left_out else int(vectors["first"][places[key, "broken"]][0]),
            )
            for key, weight in self.weights.items()
        ]


def _name_sites(sites: dict[tuple, Site]) -> None:
    """Name each site by its layer, by its path where two layers share a name, and never two alike."""
    taken: set[str] = set()
    owners: dict[str, set[int]] = {}
    for site in sites.values():
        owners.setdefault(site.layer.name, set()).add(id(site.layer))
    for site in sites.values():
        name = site.layer.name if len(owners[site.layer.name]) == 1 else site.path
        if name in taken:
            name = f"{name}/{site.function}"
        base, number = name, 1
        while name in taken:
            name, number = f"{base}_{number}", number + 1
        taken.add(name)
        site.name = name
