"""Replacing the activations of a model that is built, or pretrained, in a copy that keeps its weights.

The copy is made layer by layer, because Keras compiles what it is given: an activation that is exchanged in a compiled
model is ignored by `predict` until the model is compiled again. Weights are carried over layer by layer too, since the
new activation may have some of its own.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from keras_acts._core import CATALOGUE, Tensor, find
from keras_acts._sites import Site, check_model, children, graph, held, is_standalone, names_of, sites

# Parameters with which an activation starts as a ReLU, or so close that no more than 0.01 is between them.
_STARTS: dict[str, dict[str, float]] = {
    "prelu": {"alpha_initializer": 0.0},
    "leaky_relu": {"negative_slope": 0.0},
    "swish_beta": {"beta_initializer": 100.0},
    "softplus": {"beta": 100.0},
}


@dataclasses.dataclass(frozen=True)
class Change:
    """One activation that was replaced.

    Attributes:
        path: Names of the models and layers on the way to it, such as `"encoder/conv1"`.
        old: Its name.
        new: The name of what stands there now.
        how: `"layer"` (a layer for a layer), `"in place"` (the `activation` of a layer) or `"split"` (the `activation`
            of a layer became a layer of its own behind it, because it has weights or random numbers).
        calibrated: Whether a `Rescaling` stands behind it.
    """

    path: str
    old: str
    new: str
    how: str
    calibrated: bool = False


class Changes(tuple[Change, ...]):
    """All changes, from input to output; prints as a table."""

    def __str__(self) -> str:
        lines = [f"{len(self)} activations replaced" if len(self) != 1 else "1 activation replaced"]
        width = max((len(change.path) for change in self), default=0)
        for change in self:
            how = change.how + ", calibrated" * change.calibrated
            lines.append(f"{change.path:{width}}  {change.old} -> {change.new}  ({how})")
        return "\n".join(lines)


class Replaced(NamedTuple):
    """What `replace_activations` returns: the new model, and what is different in it."""

    model: keras.Model
    changes: Changes


def replace_activations(
    model: keras.Model,
    replacements: Mapping[str, Any],
    *,
    where: Callable[[Site], bool] | None = None,
    preserve: bool = False,
    calibrate: Any = None,
) -> Replaced:
    """Copy a model, weights included, with other activations in it; the original stays as it is.

    Functional and sequential models, nested or not; and subclassed models whose class has `get_config`. If the model is
    compiled, so is the copy, with a new optimizer. What a class of your own makes in its code (a layer in `__init__`)
    is exchanged in the copy, but loading a saved copy runs that code again: keep its weights with `save_weights`, and
    after loading replace first, then `load_weights`.

    Args:
        model: A model that is built.
        replacements: Maps names of activations, or names or paths of layers, to what should stand there: a name, a
            `(name, parameters)` pair, a function, a layer (copied for each place) or a layer class. `"relu"` also
            finds `ReLU(max_value=6)`, unless there is an entry `"relu6"`.
        where: Called with each place where a named activation was found: its `depth` from 0 to 1, `role`, `path`,
            `layer` and `activation`; says whether to replace it. `None` takes hidden activations and leaves
            outputs of the model and gates (activations between 0 and 1 that multiply other features, as in squeeze
            and excitation). Layers that are named themselves are replaced in any case. In a subclassed model all
            activations count as hidden, because there is no graph to read.
        preserve: Whether the copy shall begin as the same function: ReLU becomes PReLU with slope 0, Leaky ReLU with
            slope 0, Swish or softplus with beta 100.
        calibrate: A batch of inputs, or `None`. Each new activation then gets a `Rescaling` behind it, which brings its
            output as close to the old one's on this batch as a factor and a summand per unit can (least squares), and
            each BatchNormalization is set to the statistics of the batch. A bounded activation cannot follow an
            unbounded one: calibration does not help tanh in the place of ReLU.

    Returns:
        `(model, changes)`; `changes` prints as a table.

    Raises:
        ValueError: Nothing was found under a name, the model is not built or cannot be cloned, an activation changes
            the shape, or `preserve` does not know how.
        TypeError: `model` is no Keras model.

    Examples:
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="relu", name="hidden")])
        >>> model.add(keras.layers.Dense(1, name="head"))
        >>> new, changes = keras_acts.replace_activations(model, {"relu": "prelu"}, preserve=True)
        >>> print(changes)
        1 activation replaced
        hidden  relu -> prelu  (split)
        >>> x = np.linspace(-1, 1, 8).reshape(2, 4)
        >>> bool(np.allclose(np.asarray(model(x)), np.asarray(new(x))))
        True
    """
    check_model("replace_activations", model)
    if not model.built:
        raise ValueError(
            f"replace_activations needs a model with weights, got {model.name!r} that is not built; call it on a batch "
            "or `build` it first."
        )
    chosen = _choose(model, replacements, where)
    for site, target in chosen:
        _check(site, target)
    if preserve:
        chosen = [(site, _preserving(site, target)) for site, target in chosen]
    if calibrate is None:
        return _operate(model, chosen, {})
    probes = {id(site.layer): _Probe(site, target) for site, target in chosen}
    probed = _operate(model, [(site, probes[id(site.layer)]) for site, _ in chosen], {}).model
    probed(calibrate, training=False)
    replaced = _operate(model, chosen, {key: probe.scale() for key, probe in probes.items()})
    _calibrate_norms(replaced.model, calibrate)
    return replaced


def _choose(
    model: keras.Model, replacements: Mapping[str, Any], where: Callable[[Site], bool] | None
) -> list[tuple[Site, "_Target"]]:
    found = sites(model)
    targets = {_normal(key): _Target(value) for key, value in replacements.items()}
    chosen, used = [], set()
    for site in found:
        by_name = next((key for key in (site.path, site.name) if key in targets), None)
        key = by_name or next((name for name in site.names if name in targets), None)
        if key is None:
            continue
        used.add(key)
        if by_name or (where(site) if where else site.role == "hidden"):
            chosen.append((site, targets[key]))
    if missing := sorted(targets.keys() - used):
        there = sorted({site.activation for site in found})
        raise ValueError(
            f"replace_activations found nothing called {missing[0]!r} in {model.name!r}; expected a layer's name or "
            f"one of its activations, {there}: name one of those."
        )
    return chosen


def _normal(name: str) -> str:
    try:
        return find(name).name
    except ValueError:
        return name


class _Target:
    """What shall stand in a place: makes a new layer, or a function, for each."""

    def __init__(self, given: Any, parameters: Mapping[str, Any] | None = None) -> None:
        if isinstance(given, tuple) and len(given) == 2 and isinstance(given[1], Mapping):
            given, parameters = given
        self.given: Any = given
        self.parameters = dict(parameters or {})
        known = getattr(given, "facts", None) or CATALOGUE.get(getattr(given, "__name__", ""))
        if isinstance(given, str):
            known = find(given)
        elif known and given not in (known.function, known.layer) and not isinstance(given, known.layer):
            known = None
        elif not callable(given):
            raise TypeError(
                f"replace_activations needs a name, a (name, parameters) pair, a function, a layer or a layer class to "
                f"put in, got {given!r} of type {type(given).__name__}; pass a name such as 'gelu'."
            )
        self.known = known
        self.name = known.name if known else names_of(given)[0]

    @property
    def needs_layer(self) -> bool:
        """Whether it has weights or random numbers, which belong to a layer of their own."""
        if self.known:
            return bool(self.known.holds)
        return isinstance(self.given, (type, keras.layers.Layer)) and not isinstance(
            self.given, keras.layers.Activation
        )

    def layer(self, **settings: Any) -> keras.layers.Layer:
        """A new layer."""
        if isinstance(self.given, keras.layers.Layer):
            return type(self.given).from_config({**self.given.get_config(), **settings})
        if self.known:
            return self.known.layer(**self.parameters, **settings)
        if isinstance(self.given, type):
            return self.given(**self.parameters, **settings)
        return keras.layers.Activation(self.given, **settings)

    def function(self) -> Any:
        """What another layer can take as its `activation`."""
        if self.known and not self.parameters and not isinstance(self.given, keras.layers.Layer):
            return self.known.function
        return self.layer() if self.known or isinstance(self.given, keras.layers.Layer) else self.given


def _check(site: Site, target: _Target) -> None:
    kind = target.known.kind if target.known else ""
    if kind in ("gated", "reshaping"):
        raise ValueError(
            f"{target.name} changes the width of its input, so it cannot take the place of {site.activation} in "
            f"{site.path!r}; expected an activation that keeps the shape: pass one such as 'silu'."
        )


def _preserving(site: Site, target: _Target) -> _Target:
    new = target
    if isinstance(target.given, str) and target.name in _STARTS:
        new = _Target(target.given, {**_STARTS[target.name], **target.parameters})
    z = np.linspace(-8, 8, 1601, dtype="float32")[None]
    old = site.layer if not site.inside else held(site.layer)
    if getattr(old, "weights", None):
        gap = float("inf")  # weights of the old one are bound to its shape
    else:
        gap = float(ops.max(ops.abs(ops.subtract(old(z), new.layer()(z)))))
    if not gap <= 0.01:
        raise ValueError(
            f"preserve=True needs an activation that can start as {site.activation} in {site.path!r}, got "
            f"{target.name}, which differs by {gap:.3g} between -8 and 8; ReLU can become {', '.join(sorted(_STARTS))}."
        )
    return new


class _Probe(_Target):
    """Stands in for the old activation in a trial copy, and compares the new one with it on what passes through."""

    def __init__(self, site: Site, target: _Target) -> None:
        self.name, self.known, self.given = "probe", None, None
        self.old = held(site.layer) if site.inside else site.layer
        self.new = target.layer()
        self.moments: list[list[np.ndarray]] = []

    @property
    def needs_layer(self) -> bool:
        """It sees the old activation's place as it is."""
        return False

    def __call__(self, z: Tensor) -> Tensor:
        y = self.old(z)
        if not keras.utils.is_keras_tensor(z) and (values := _numbers(z)) is not None:
            old, new = (ops.convert_to_numpy(each).astype("float32") for each in (y, self.new(values)))
            first = keras.config.image_data_format() == "channels_first"
            axes = None if first and old.ndim > 2 else tuple(range(old.ndim - 1))
            self.moments.append([np.mean(each, axis=axes) for each in (old, new, old * new, new * new)])
        return y

    def layer(self, **settings: Any) -> keras.layers.Layer:
        return keras.layers.Activation(self, name=settings.get("name"))

    def function(self) -> Any:
        return self

    def scale(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Factor and summand for each unit that bring the new output closest to the old, by least squares.

        Equal mean and deviation would be the other choice; where shapes differ, it enlarges the difference.
        """
        if not self.moments:
            return None
        old, new, product, square = np.mean(np.array(self.moments, "float64"), axis=0)
        spread = square - new * new
        factor = np.where(spread > 1e-9, (product - old * new) / np.maximum(spread, 1e-9), 0.0)
        return factor.astype("float32"), (old - factor * new).astype("float32")


def _numbers(x: Tensor) -> np.ndarray | None:
    """The values of a tensor, or `None` inside a trace, where it has none."""
    try:
        return ops.convert_to_numpy(x).astype("float32")
    except (TypeError, NotImplementedError):  # of JAX; of TensorFlow and torch
        return None


def _calibrate_norms(model: keras.Model, x: Any) -> None:
    norms = [layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.BatchNormalization)]
    momenta = [layer.momentum for layer in norms]
    for layer in norms:
        layer.momentum = 0.0
    try:
        if norms:
            model(x, training=True)
    finally:
        for layer, momentum in zip(norms, momenta, strict=True):
            layer.momentum = momentum


def _operate(
    model: keras.Model,
    chosen: Sequence[tuple[Site, _Target]],
    scales: Mapping[int, tuple[np.ndarray, np.ndarray] | None],
) -> Replaced:
    copy = _Copy(chosen, scales)
    new = copy.of(model)
    copy.carry_weights()
    return Replaced(new, Changes(copy.changes[id(site.layer)] for site, _ in chosen))


class _Copy:
    """Copies models layer by layer, exchanging activations on the way."""

    def __init__(
        self, chosen: Sequence[tuple[Site, _Target]], scales: Mapping[int, tuple[np.ndarray, np.ndarray] | None]
    ) -> None:
        self.chosen = {id(site.layer): (site, target) for site, target in chosen}
        self.scales = scales
        self.changes: dict[int, Change] = {}
        self.pairs: list[tuple[Any, Any]] = []
        self.dropped: list[Any] = []  # layers of the original and of the copy that have no counterpart
        self.added: list[Any] = []
        self.behind: dict[int, list[keras.layers.Layer]] = {}  # what follows a layer of the copy
        self.made: dict[int, Any] = {}

    def of(self, model: keras.Model) -> keras.Model:
        """The copy of a model."""
        if isinstance(model, keras.Sequential):
            return self._sequential(model)
        if graph(model) is not None:
            return keras.models.clone_model(model, clone_function=self._layer, call_function=self._call)
        try:
            new = type(model).from_config(model.get_config())
        except (NotImplementedError, TypeError) as error:
            raise ValueError(
                f"replace_activations cannot copy {type(model).__name__}: {error}; expected a class whose `get_config` "
                "holds its arguments: write one, or replace the activations where the model is made."
            ) from error
        self._inside(model, new, in_graph=False)
        self.pairs.append((model, new))
        if not new.built:
            new.build_from_config(model.get_build_config() or {})
            new.built = True  # Keras ran its `call` for that, not the model itself; whether it did shows in the weights
        if model.compiled and not new.compiled:
            new.compile_from_config(model.get_compile_config())
        return new

    def _sequential(self, model: keras.Sequential) -> keras.Model:
        layers = []
        for layer in model.layers:
            new = self._layer(layer)
            layers += [new, *self.behind.get(id(new), ())]
        new = keras.Sequential(layers, name=model.name)
        new.build(model.input_shape)
        if model.compiled:
            new.compile_from_config(model.get_compile_config())
        return new

    def _call(self, layer: Any, *args: Any, **kwargs: Any) -> Any:
        y = layer(*args, **kwargs)
        for extra in self.behind.get(id(layer), ()):
            y = extra(y)
        return y

    def _layer(self, layer: Any) -> Any:
        if id(layer) not in self.made:
            self.made[id(layer)] = self._new_layer(layer)
        return self.made[id(layer)]

    def _new_layer(self, layer: Any) -> Any:
        if graph(layer) is not None:
            new = self.of(layer)
            if not layer.trainable:
                new.trainable = False
            return new
        if id(layer) in self.chosen and is_standalone(layer):
            return self._standalone(layer, in_graph=True)
        new = type(layer).from_config(layer.get_config())
        if isinstance(layer, keras.layers.Layer):
            self._inside(layer, new, in_graph=True)
            self.pairs.append((layer, new))
        return new

    def _standalone(self, layer: Any, in_graph: bool) -> keras.layers.Layer:
        site, target = self.chosen[id(layer)]
        new = target.layer(name=layer.name, dtype=layer.dtype_policy)
        self.dropped.append(layer)
        self.added.append(new)
        self._note(site, target, new, "layer", in_graph)
        return new

    def _inside(self, layer: Any, new: Any, in_graph: bool) -> None:
        """Exchange activations that a copied layer holds, however deep."""
        if id(layer) in self.chosen:
            site, target = self.chosen[id(layer)]
            if isinstance(old := held(layer), keras.layers.Layer):
                self.dropped.append(old)
            if target.needs_layer:
                if not in_graph:
                    raise ValueError(
                        f"{target.name} has weights or random numbers, so it needs a layer of its own, and "
                        f"{site.path!r} is inside a layer or a subclassed model, where none can be put in; expected an "
                        "activation without: pass one such as 'gelu', or leave this place out with `where`."
                    )
                new.activation = keras.activations.linear
                split = target.layer(name=f"{layer.name}_{target.name}", dtype=layer.dtype_policy)
                self.behind[id(new)] = [split]
                self.added.append(split)
                self._note(site, target, new, "split", in_graph)
            else:
                function = target.function()
                if isinstance(function, keras.layers.Layer):
                    self.added.append(function)
                new.activation = function
                self._note(site, target, new, "in place", in_graph)
        copies = {(place, name): owner for owner, place, name, _ in _keyed(new)}
        twins = {(place, name): child for _, place, name, child in _keyed(new)}
        for _, place, name, child in _keyed(layer):
            if (place, name) not in copies:
                continue  # made when the layer was built, from what has been copied already
            new_owner, new_child = copies[place, name], twins[place, name]
            if graph(child) is not None:
                _put(new_owner, name, self._layer(child))
            elif is_standalone(child) and id(child) in self.chosen:
                _put(new_owner, name, self._standalone(child, in_graph=False))
            else:
                self._inside(child, new_child, in_graph=False)

    def _note(self, site: Site, target: _Target, new: Any, how: str, in_graph: bool) -> None:
        scales = self.scales.get(id(site.layer)) if in_graph else None
        if scales:
            scaling = keras.layers.Rescaling(*scales, name=f"{site.name}_scale", dtype=site.layer.dtype_policy)
            self.behind.setdefault(id(new), []).append(scaling)
        change = Change(site.path, site.activation, target.name, how, scales is not None)
        self.changes[id(site.layer)] = change

    def carry_weights(self) -> None:
        """Give the copies the values of the originals."""
        dropped, added = ({id(v) for layer in group for v in layer.variables} for group in (self.dropped, self.added))
        for layer, new in self.pairs:
            old = [variable for variable in layer.variables if id(variable) not in dropped]
            mine = [variable for variable in new.variables if id(variable) not in added]
            if [tuple(v.shape) for v in old] != [tuple(v.shape) for v in mine]:
                raise ValueError(
                    f"replace_activations cannot carry the weights of {layer.name!r} over: the copy that its "
                    "configuration makes has other weights; expected `get_config` to hold all arguments of its class."
                )
            for variable, value in zip(mine, old, strict=True):
                # A copy: on JAX both would share one buffer, and training the new model would delete the old one's.
                variable.assign(np.array(ops.convert_to_numpy(value)))


def _keyed(layer: Any) -> list[tuple[Any, str, Any, Any]]:
    """The children of a layer: owner, the attribute that holds the list they are in, attribute or index, child."""
    lists = {id(value): name for name, value in vars(layer).items() if isinstance(value, (list, tuple))}
    return [(owner, lists.get(id(owner), ""), name, child) for owner, name, child in children(layer)]


def _put(owner: Any, name: Any, layer: keras.layers.Layer) -> None:
    if isinstance(owner, list):
        owner[name] = layer
    elif isinstance(owner, tuple):
        raise ValueError(
            f"replace_activations cannot exchange {layer.name!r} in a tuple; expected layers in lists or attributes."
        )
    else:
        delattr(owner, name)  # or Keras would go on tracking the old layer
        setattr(owner, name, layer)
