"""Where a model applies activations: inside a layer (`Dense(activation=...)`) or as a layer of their own.

Reads Keras's graph of operations (`_inbound_nodes`), because what an activation does depends on what comes after it:
a sigmoid that multiplies other features is a gate, and one at the end of the model is its output.
"""

import contextlib
import dataclasses
from collections.abc import Iterator
from typing import Any

import keras

from keras_acts._core import CATALOGUE, find

_PASSING = ("Reshape", "Flatten", "Dropout", "SpatialDropout2D", "Permute", "Identity", "Cast")
_STANDALONE = (
    keras.layers.Activation,
    keras.layers.ReLU,
    keras.layers.LeakyReLU,
    keras.layers.PReLU,
    keras.layers.ELU,
    keras.layers.Softmax,
)


def check_model(owner: str, model: Any) -> None:
    """Raise a TypeError unless it is a Keras model; `owner` is who wants one."""
    if not isinstance(model, keras.Model):
        raise TypeError(f"{owner} needs a Keras model, got {model!r:.60} of {type(model)}; pass a keras.Model.")


@dataclasses.dataclass(frozen=True, eq=False)
class Site:
    """One place in a model where an activation is applied.

    Attributes:
        path: Names of the models and layers on the way, such as `"encoder/conv1"`.
        layer: The layer: the activation itself, or the one that holds it as its `activation`.
        names: The names that the activation goes by, the most exact first: `("relu6", "relu")`.
        inside: Whether the activation is an attribute of a layer that does something else.
        role: `"hidden"`, `"gate"` (lies between 0 and 1 and multiplies other features) or `"output"` (of the model).
        depth: From 0 for the first activation of the model to 1 for the last.
    """

    path: str
    layer: keras.layers.Layer
    names: tuple[str, ...]
    inside: bool
    role: str
    depth: float

    @property
    def activation(self) -> str:
        """The most exact name of the activation."""
        return self.names[0]

    @property
    def name(self) -> str:
        """Name of the layer."""
        return self.layer.name


def sites(model: keras.Model) -> list[Site]:
    """All places in a model where activations are applied, from its inputs to its outputs."""
    found = list(_walk(model, "", ()))
    last = max(len(found) - 1, 1)
    return [
        Site(path, layer, names, inside, role, i / last) for i, (path, layer, names, inside, role) in enumerate(found)
    ]


def is_standalone(layer: keras.layers.Layer) -> bool:
    """Whether a layer is an activation and nothing else."""
    return isinstance(layer, _STANDALONE) or hasattr(type(layer), "facts") or hasattr(layer, "facts")


def names_of(activation: Any) -> tuple[str, ...]:
    """The names that an activation, a function or layer, goes by; the most exact first."""
    layers = keras.layers
    if isinstance(activation, layers.Activation):
        return names_of(activation.activation)
    if known := getattr(activation, "facts", None):
        return (known.name, "relu") if known.name == "relu6" else (known.name,)
    if isinstance(activation, layers.ReLU):
        if activation.negative_slope:
            return ("leaky_relu",)
        return ("relu6", "relu") if activation.max_value == 6 else ("relu",)
    name = getattr(activation, "__name__", type(activation).__name__)
    name = {"relu_6": "relu6", "Softmax": "softmax", "hard_swish": "hard_silu"}.get(name, name)
    with contextlib.suppress(ValueError):  # a function of the user's own
        name = find(name).name
    return (name, "relu") if name == "relu6" else (name,)


def range_of(name: str) -> tuple[float, float]:
    """Lowest and highest value of an activation; any number if it is not known or depends on parameters."""
    try:
        low, high = (float(end) for end in CATALOGUE[name].output_range or ())
    except (KeyError, ValueError):
        return float("-inf"), float("inf")
    return low, high


def held(layer: keras.layers.Layer) -> Any:
    """What a layer applies as its `activation`, or `None`; in a recurrent layer the cell has it."""
    if is_standalone(layer) or isinstance(layer, keras.Model):
        return None
    held = vars(layer).get("activation")
    return held if callable(held) else None


def children(layer: keras.layers.Layer) -> Iterator[tuple[Any, Any, keras.layers.Layer]]:
    """The layers that a layer made by its author holds: its owner, the attribute or index, and the layer."""
    for name, value in vars(layer).items():
        if name.startswith("_") or name == "activation":
            continue
        if isinstance(value, keras.layers.Layer):
            yield layer, name, value
        elif isinstance(value, (list, tuple)):
            for index, item in enumerate(value):
                if isinstance(item, keras.layers.Layer):
                    yield value, index, item


def graph(model: Any) -> Any:
    """The graph of a functional or sequential model, or `None`."""
    if isinstance(model, keras.Sequential):
        return getattr(model, "_functional", None)
    return model if hasattr(model, "_nodes_by_depth") else None


def _walk(layer: Any, path: str, parents: tuple[Any, ...], role: str = "hidden") -> Iterator[tuple]:
    here = graph(layer)
    if here is not None:
        yield from _walk_graph(here, path, (*parents, (here, layer, _readers(here))))
        return
    if not isinstance(layer, keras.Model):
        if is_standalone(layer):
            yield path, layer, names_of(layer), False, role
            return
        if (activation := held(layer)) is not None:
            yield path, layer, names_of(activation), True, role
    seen = set()
    for _, _, child in children(layer):
        if id(child) not in seen:
            seen.add(id(child))
            yield from _walk(child, f"{path}/{child.name}" if path else child.name, parents, role)


def _walk_graph(here: Any, path: str, parents: tuple[Any, ...]) -> Iterator[tuple]:
    seen = set()
    for depth in sorted(here._nodes_by_depth, reverse=True):
        for node in here._nodes_by_depth[depth]:
            layer = node.operation
            if id(layer) in seen or node.is_input or not isinstance(layer, keras.layers.Layer):
                continue
            seen.add(id(layer))
            names = names_of(layer) if is_standalone(layer) else names_of(held(layer)) if held(layer) else ()
            role = _role(node.outputs[0], range_of(names[0]), parents) if names else "hidden"
            yield from _walk(layer, f"{path}/{layer.name}" if path else layer.name, parents, role)


def _role(tensor: Any, bounds: tuple[float, float], parents: tuple[Any, ...]) -> str:
    """What becomes of a tensor: follow it through what only rescales or reshapes it."""
    (here, model, readers), outer = parents[-1], parents[:-1]
    for place, output in enumerate(here.outputs):
        if output is tensor:
            if not outer:
                return "output"
            for node in model._inbound_nodes:
                if _belongs(node, outer[-1][0]):
                    return _role(node.outputs[place], bounds, outer)
    for node in readers.get(id(tensor), ()):
        found = _role_after(node, tensor, bounds, parents)
        if found != "hidden":
            return found
    return "hidden"


def _readers(here: Any) -> dict[int, list[Any]]:
    """The nodes of a graph that read each tensor."""
    found: dict[int, list[Any]] = {}
    for nodes in here._nodes_by_depth.values():
        for node in nodes:
            for tensor in {id(each): each for each in node.input_tensors}.values():
                found.setdefault(id(tensor), []).append(node)
    return found


def _role_after(node: Any, tensor: Any, bounds: tuple[float, float], parents: tuple[Any, ...]) -> str:
    kind = type(node.operation).__name__
    if len(node.input_tensors) > 1:
        product = kind == "Multiply" and any(each is not tensor for each in node.input_tensors)
        return "gate" if product and bounds[0] >= 0 and bounds[1] <= 1 else "hidden"
    if kind in _PASSING:
        return _role(node.outputs[0], bounds, parents)
    if kind in ("Multiply", "Divide", "TrueDivide", "Rescaling"):
        scale = _constant(node, kind)
        if scale is not None:
            return _role(node.outputs[0], (bounds[0] * scale, bounds[1] * scale), parents)
    return "hidden"


def _constant(node: Any, kind: str) -> float | None:
    """The positive number that an operation multiplies its tensor by."""
    if kind == "Rescaling":
        scale, offset = node.operation.scale, node.operation.offset
        return scale if isinstance(scale, (int, float)) and scale > 0 and offset == 0 else None
    numbers = [each for each in node.arguments.args if isinstance(each, (int, float))]
    if len(numbers) != 1 or numbers[0] <= 0 or (kind != "Multiply" and node.arguments.args[1] is not numbers[0]):
        return None
    return float(numbers[0]) if kind == "Multiply" else 1 / numbers[0]


def _belongs(node: Any, here: Any) -> bool:
    return any(each is node for nodes in here._nodes_by_depth.values() for each in nodes)
