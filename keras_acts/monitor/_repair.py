"""Repair of dead units without a change of what the model computes at that moment."""

import dataclasses
from typing import Any

import keras
import numpy as np

from keras_acts._sites import check_model
from keras_acts.monitor._callback import DyingReLUMonitor
from keras_acts.monitor._history import ranges
from keras_acts.monitor._units import Units

_KERNEL_LAYERS = (keras.layers.Dense, keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D)
# These keep the units apart and give 0 for 0, so a dead unit's output is 0 behind them, too.
_TRANSPARENT = (
    keras.layers.Dropout,
    keras.layers.SpatialDropout1D,
    keras.layers.SpatialDropout2D,
    keras.layers.SpatialDropout3D,
    keras.layers.ActivityRegularization,
    keras.layers.MaxPooling1D,
    keras.layers.MaxPooling2D,
    keras.layers.MaxPooling3D,
    keras.layers.AveragePooling1D,
    keras.layers.AveragePooling2D,
    keras.layers.AveragePooling3D,
    keras.layers.GlobalMaxPooling1D,
    keras.layers.GlobalMaxPooling2D,
    keras.layers.GlobalMaxPooling3D,
    keras.layers.GlobalAveragePooling1D,
    keras.layers.GlobalAveragePooling2D,
    keras.layers.GlobalAveragePooling3D,
)


class _NotRepairableError(Exception):
    """Says, in its message, why a layer is left alone."""


@dataclasses.dataclass(frozen=True)
class _Part:
    """Entries of a variable, along one axis."""

    variable: Any
    axis: int
    entries: np.ndarray

    def put(self, values: np.ndarray | float) -> None:
        _put(self.variable, self.axis, self.entries, values)


class Revive(keras.callbacks.Callback):
    """Callback that gives dead units a new start at the end of an epoch, without changing the model's outputs.

    A dead unit's incoming weights are drawn anew (He normal, bias 0; a `BatchNormalization` in between begins anew
    for that unit), its outgoing weights are set to 0, and the optimizer forgets what it knew of all of these. The
    unit gave 0 for every sample, so nothing changes at that moment: it fires again, and training decides what it is
    good for. This is the recycling of Sokar et al., The Dormant Neuron Phenomenon in Deep Reinforcement Learning, ICML
    2023, with the bias and its moments included.

    Put it behind the monitor in the list of callbacks. It does not help where the cause goes on: with a learning
    rate that is far too high units die again, so lower the rate first. Nor does it where the living units have
    exploded: they stay as they are, so begin anew. A unit is left alone where its output does not
    go through weights alone: into a shortcut, into a `BatchNormalization`, out of the model, or into a subclassed
    model, whose connections are not known; `skipped` says which.

    Args:
        monitor: The `DyingReLUMonitor` that counts.
        after: A unit is revived when it has been dead for this many epochs in a row.
        times: No unit is revived more often.
        seed: Seed of the new weights.

    Attributes:
        log: One dict for each repair: epoch, layer, how many units, which.
        skipped: Layers with dead units that are left alone, and why.

    Examples:
        >>> hidden = keras.layers.Dense(3, "relu", name="hidden")
        >>> model = keras.Sequential([keras.Input((2,)), hidden, keras.layers.Dense(1)])
        >>> hidden.set_weights([np.ones((2, 3)), np.array([1.0, -5.0, 1.0])])
        >>> model.compile("sgd", "mse")
        >>> monitor = keras_acts.DyingReLUMonitor(alarm=1.0, rise=1.0, verbose=0)
        >>> revive = keras_acts.Revive(monitor)
        >>> history = model.fit(np.ones((8, 2)), np.ones((8, 1)), verbose=0, callbacks=[monitor, revive])
        >>> revive.log
        [{'epoch': 0, 'layer': 'hidden', 'units': 1, 'which': '1'}]
    """

    def __init__(self, monitor: DyingReLUMonitor, after: int = 1, times: int = 3, seed: int = 0) -> None:
        super().__init__()
        if after < 1 or times < 1:
            raise ValueError(f"Revive: `after` and `times` count from 1, got after={after}, times={times}.")
        self.monitor, self.after, self.times = monitor, after, times
        self.log: list[dict[str, Any]] = []
        self.skipped: dict[str, str] = {}
        self._random = np.random.default_rng(seed)
        self._done: dict[str, np.ndarray] = {}

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Revive what has been dead for long enough."""
        for name, units in self.monitor.units.items():
            done = self._done.setdefault(name, np.zeros(units.site.units, int))
            which = np.flatnonzero((units.dead_epochs >= self.after) & (done < self.times))
            if not which.size:
                continue
            try:
                _revive(self.model, units, which, self._random)
            except _NotRepairableError as reason:
                self.skipped[name] = str(reason)
                continue
            done[which] += 1
            units.dead_epochs[which] = 0
            self.log.append({"epoch": epoch, "layer": name, "units": int(which.size), "which": ranges(which)})


def _revive(model: Any, units: Units, which: np.ndarray, random: np.random.Generator) -> None:
    site = units.site
    curve = site.curve
    if curve is None or curve.threshold is None or curve.image is None or curve.image.flat[0][1] != 0:
        raise _NotRepairableError(f"a dead unit of {site.function} does not give 0")
    graph = getattr(model, "_functional", None) or model
    if not hasattr(graph, "_nodes_by_depth"):
        raise _NotRepairableError("the connections of a subclassed model are not known")
    incoming, norm = _incoming(graph, site.producer, which)
    outgoing = _outgoing(graph, site.layer, which)
    kernel = incoming[0].variable
    fan_in = int(np.prod(kernel.shape[:-1]))
    parts = incoming + outgoing + norm
    for part in incoming:
        is_kernel = part is incoming[0]
        part.put(random.normal(0, np.sqrt(2 / fan_in), (*kernel.shape[:-1], which.size)) if is_kernel else 0.0)
    for part in outgoing:
        part.put(0.0)
    if norm:
        for part, value in zip(norm, (1.0, 0.0, 0.0, 1.0), strict=False):
            part.put(value)
    for part in parts:
        _forget(model.optimizer, part)


def _incoming(graph: Any, producer: Any, which: np.ndarray) -> tuple[list[_Part], list[_Part]]:
    """Kernel and bias of the units, and what a BatchNormalization in between holds of them."""
    norm: list[_Part] = []
    if type(producer) is keras.layers.BatchNormalization:
        layer = producer
        if layer.gamma is None or layer.beta is None:
            raise _NotRepairableError("its BatchNormalization has no scale or offset")
        held = (layer.gamma, layer.beta, layer.moving_mean, layer.moving_variance)
        norm = [_Part(variable, 0, which) for variable in held]
        sources = _sources(graph, layer)
        if len(sources) != 1 or _consumers(graph, sources[0]) != [layer]:
            raise _NotRepairableError("what goes into its BatchNormalization goes elsewhere, too")
        producer = sources[0]
    if type(producer) not in _KERNEL_LAYERS:
        raise _NotRepairableError(f"its inputs come from a {type(producer).__name__}, not from weights of its own")
    if len(_within(graph, producer._inbound_nodes)) > 1:
        raise _NotRepairableError("its weights are shared")
    parts = [_Part(producer.kernel, len(producer.kernel.shape) - 1, which)]
    if producer.bias is not None:
        parts.append(_Part(producer.bias, 0, which))
    return parts, norm


def _outgoing(graph: Any, layer: Any, which: np.ndarray) -> list[_Part]:
    """The weights that the units' outputs are multiplied with, in all layers that they go to."""
    outputs = {id(history.operation) for t in graph.outputs for history in [t._keras_history]}
    found: list[_Part] = []
    queue = [(layer, which)]
    while queue:
        layer, entries = queue.pop()
        if id(layer) in outputs:
            raise _NotRepairableError("its output leaves the model")
        for consumer in _consumers(graph, layer):
            if type(consumer) in _KERNEL_LAYERS:
                if getattr(consumer, "groups", 1) != 1:
                    raise _NotRepairableError(f"it goes into groups of {consumer.name!r}")
                found.append(_Part(consumer.kernel, len(consumer.kernel.shape) - 2, entries))
            elif isinstance(consumer, _TRANSPARENT):
                queue.append((consumer, entries))
            elif type(consumer) is keras.layers.Flatten and consumer.data_format == "channels_last":
                shape = layer.output.shape[1:]
                places = int(np.prod(shape[:-1]))
                queue.append((consumer, (np.arange(places)[:, None] * shape[-1] + entries).ravel()))
            else:
                raise _NotRepairableError(f"its output goes into {consumer.name!r}, a {type(consumer).__name__}")
    if not found:
        raise _NotRepairableError("its output goes nowhere")
    return found


def _consumers(graph: Any, layer: Any) -> list[Any]:
    return [node.operation for node in _within(graph, layer._outbound_nodes)]


def _sources(graph: Any, layer: Any) -> list[Any]:
    nodes = _within(graph, layer._inbound_nodes)
    return [tensor._keras_history.operation for node in nodes for tensor in node.input_tensors]


def _within(graph: Any, nodes: list[Any]) -> list[Any]:
    """Those of a layer's connections that belong to this model; other models may share the layer."""
    own = {id(node) for nodes in graph._nodes_by_depth.values() for node in nodes}
    return [node for node in nodes if id(node) in own]


def _forget(optimizer: Any, part: _Part) -> None:
    """Set to zero what the optimizer remembers of these entries; averages of weights take the new ones."""
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    known = getattr(optimizer, "_trainable_variables", [])
    number = next((i for i, variable in enumerate(known) if variable is part.variable), None)
    if number is None:
        return
    for name, slots in vars(optimizer).items():
        is_slots = isinstance(slots, list) and len(slots) == len(known) and name != "_trainable_variables"
        slot = slots[number] if is_slots else None
        if slot is not None and getattr(slot, "shape", None) == part.variable.shape:
            is_average = name == "_model_variables_moving_average"
            values = np.take(_array(part.variable), part.entries, part.axis) if is_average else 0.0
            _put(slot, part.axis, part.entries, values)


def _put(variable: Any, axis: int, entries: np.ndarray, values: np.ndarray | float) -> None:
    array = _array(variable).copy()
    array[(slice(None),) * axis + (entries,)] = values
    variable.assign(array)


def _array(variable: Any) -> np.ndarray:
    return keras.ops.convert_to_numpy(variable)


def with_prelu(model: keras.Model) -> keras.Model:
    """A copy of a model in which every ReLU is a PReLU that starts as that ReLU: a trained slope, 0 at first.

    The copy computes exactly what the model does, and its dead units get a gradient: that of their slope. (A
    leaky ReLU in its place would change the function at once.) It recovers more slowly than `Revive`, and it works
    where the outputs of the units go through a shortcut, too.

    Args:
        model: A Sequential or functional model, with `relu` as `activation` of a layer, or as a layer.

    Returns:
        The copy, with the same weights; compile it and go on training.

    Raises:
        ValueError: The model is a subclassed one, which cannot be copied.

    Examples:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, "relu"), keras.layers.Dense(1)])
        >>> copy = keras_acts.with_prelu(model)
        >>> x = np.ones((4, 2))
        >>> bool((model.predict(x, verbose=0) == copy.predict(x, verbose=0)).all())
        True
    """
    check_model("with_prelu", model)
    if not hasattr(getattr(model, "_functional", None) or model, "_nodes_by_depth"):
        raise ValueError(
            "with_prelu copies Sequential and functional models, whose connections are known; got a subclassed one: "
            "put keras.layers.PReLU(alpha_initializer='zeros') in its code instead."
        )

    def clone(layer: Any) -> Any:
        config = layer.get_config()
        if _is_plain_relu(layer):
            shared = _shared_axes(layer.input.shape)
            return keras.layers.PReLU("zeros", shared_axes=shared, name=layer.name, dtype=layer.dtype_policy)
        copied = layer.__class__.from_config(config)
        if getattr(layer, "activation", None) in (keras.activations.relu, keras.ops.relu) and hasattr(layer, "kernel"):
            copied.activation = keras.layers.PReLU("zeros", shared_axes=_shared_axes(layer.output.shape))
        return copied

    copy = keras.models.clone_model(model, clone_function=clone)
    for old, new in zip(model.layers, copy.layers, strict=True):
        activation = getattr(new, "activation", None)
        if isinstance(activation, keras.layers.PReLU) and not getattr(activation, "built", True):
            activation.build(old.output.shape)  # pyright: ignore[reportOptionalMemberAccess]
        slopes = {id(v) for v in getattr(activation, "variables", [])}
        own = [] if isinstance(new, keras.layers.PReLU) and _is_plain_relu(old) else new.variables
        values = iter(old.variables)
        for variable in own:
            if id(variable) not in slopes:
                variable.assign(_array(next(values)).copy())
    return copy


def _is_plain_relu(layer: Any) -> bool:
    if type(layer) is keras.layers.ReLU:
        return layer.max_value is None and not layer.negative_slope and not layer.threshold
    return type(layer) is keras.layers.Activation and layer.activation in (keras.activations.relu, keras.ops.relu)


def _shared_axes(shape: tuple[int | None, ...]) -> list[int] | None:
    """All positions of a channel share one slope."""
    channels = 1 if keras.config.image_data_format() == "channels_first" else len(shape) - 1
    return [axis for axis in range(1, len(shape)) if axis != channels] or None
