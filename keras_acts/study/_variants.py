"""What a study compares, and the object that a `build` function puts into its model."""

import contextlib
import dataclasses
import functools
import hashlib
import json
import statistics
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from keras_acts._core import CATALOGUE, Tensor, get
from keras_acts._sites import sites
from keras_acts.properties import facts
from keras_acts.surgery import replace_activations

_seen = threading.local()


@dataclasses.dataclass(frozen=True)
class Variant:
    """One line of a study: an activation, and the gain of the initial weights it starts from.

    Attributes:
        label: Its name in tables and files.
        identifier: What `keras_acts.get` or Keras makes an activation from: a name, a class, a function, or the
            configuration of a layer.
        parameters: Arguments of its layer.
        gain: `None`, `"activation"` or a number, see `compare`.
    """

    label: str
    identifier: Any
    parameters: Mapping[str, Any]
    gain: str | float | None = None

    def layer(self) -> keras.layers.Layer:
        """A new layer with this activation."""
        made = self.identifier
        if isinstance(made, Mapping):
            return keras.saving.deserialize_keras_object(dict(made))
        made = get(made, **self.parameters)
        if isinstance(made, keras.layers.Layer):
            return made
        known = CATALOGUE.get(getattr(made, "__name__", ""))
        return known.layer() if known and known.function is made else keras.layers.Activation(made)

    @property
    def kind(self) -> str:
        """The catalogue's kind of activation; `"foreign"` for one from elsewhere."""
        made = self.layer()
        known = getattr(made, "facts", None)
        if known is not None:
            return known.kind
        return "foreign" if type(made) is keras.layers.Activation else "foreign layer"

    @functools.cached_property
    def own_gain(self) -> float:
        """`1 / sqrt(E f(z)^2)` for standard normal `z`, which keeps the scale of a signal through the layers."""
        if isinstance(self.identifier, str):
            known = CATALOGUE[self.layer().facts.name]  # pyright: ignore[reportAttributeAccessIssue]
            if known.formula:
                return facts(known.name, **self.parameters).gain_second_moment
        # Quantiles instead of a random sample: the same number every time, right to four digits. Shuffled, because
        # a gate multiplies neighbours.
        normal = statistics.NormalDist()
        z = np.array([normal.inv_cdf((i + 0.5) / 2**16) for i in range(2**16)], "float32")
        z = np.random.default_rng(0).permutation(z).reshape(512, 128)
        return float(np.mean(np.square(keras.ops.convert_to_numpy(self.layer()(z)), dtype="float64")) ** -0.5)

    @functools.cached_property
    def steepest(self) -> float:
        """The steepest slope that a new activation has between -8 and 8; 0 if there is no slope per unit.

        There is one where an output depends on its own input alone.
        """
        kind, layer = self.kind, self.layer()
        if kind.startswith("foreign"):
            row = [0.5, -1.0, 2.0]
            both = keras.ops.convert_to_numpy(layer(np.array([row, [0.75, -1.0, 2.0]], "float32")))
            if both.shape != (2, 3) or np.any(both[0, 1:] != both[1, 1:]):
                return 0.0
        elif kind not in ("elementwise", "trainable", "stochastic"):
            return 0.0
        values = keras.ops.convert_to_numpy(layer(np.linspace(-8, 8, 1601, dtype="float32")[:, None]))
        return float(np.max(np.abs(np.diff(values, axis=0))) / 0.01)

    def settings(self) -> dict[str, Any]:
        """What identifies this variant, as plain data; a function by its name only."""
        plain = json.loads(json.dumps([self.identifier, dict(self.parameters)], default=_name))
        return {"label": self.label, "activation": plain[0], "parameters": plain[1], "gain": self.gain}


def _name(thing: Any) -> str:
    return getattr(thing, "__qualname__", None) or type(thing).__qualname__


def variants(activations: Any, gains: Any) -> list[Variant]:
    """Read the arguments `activations` and `gain` of `compare`.

    Raises:
        ValueError: There is none, two have the same label, or one is unknown.
        TypeError: One is nothing that names or makes an activation.
    """
    if isinstance(activations, str) or callable(activations):
        activations = [activations]
    if isinstance(activations, Mapping):
        named = [(label, *_parse(item)[1:]) for label, item in activations.items()]
    else:
        named = [_parse(item) for item in activations]
    if not named:
        raise ValueError("compare needs at least one activation, got none; pass names such as ['relu', 'gelu'].")
    gains = list(gains) if isinstance(gains, (list, tuple)) else [gains]
    for gain in gains:
        if not (gain in (None, "activation") or (isinstance(gain, (int, float)) and 0 < gain < np.inf)):
            raise ValueError(
                f"compare: `gain` must be None, 'activation', a positive number or a list of these, got {gain!r}; None "
                "keeps the initialisers that `build` chose."
            )
    made = [
        Variant(label if len(gains) == 1 else f"{label}, gain {gain or 'as built'}", identifier, parameters, gain)
        for label, identifier, parameters in named
        for gain in gains
    ]
    labels = [variant.label for variant in made]
    if twice := sorted({label for label in labels if labels.count(label) > 1}):
        raise ValueError(
            f"compare needs a name of its own for each activation, got {twice[0]!r} twice; pass a dict such as "
            "{'my name': activation}."
        )
    for variant in made:
        variant.layer()  # an unknown name or a wrong parameter shows now, not after an hour
    return made


def _parse(item: Any) -> tuple[str, Any, Mapping[str, Any]]:
    parameters: Mapping[str, Any] = {}
    if isinstance(item, keras.layers.Layer):
        # A layer has weights of its own: every model gets a new one with the same settings.
        return item.name, keras.saving.serialize_keras_object(item), {}
    if isinstance(item, Sequence) and not isinstance(item, str) and len(item) == 2 and isinstance(item[1], Mapping):
        item, parameters = item
    if not (isinstance(item, str) or callable(item)):
        raise TypeError(
            f"compare expected each activation as a name, a (name, parameters) pair, a function, a layer or a layer "
            f"class, got {item!r} of type {type(item).__name__}; pass a name such as 'leaky_relu' or a pair such as "
            "('leaky_relu', {'negative_slope': 0.2})."
        )
    label = item if isinstance(item, str) else _name(item)
    if parameters:
        label += "(" + ", ".join(f"{key}={value}" for key, value in parameters.items()) + ")"
    return label, item, parameters


class Fresh:
    """The activation that `build` receives. Each use makes a new one, so that no two layers share weights.

    `activation()` is a new layer, for `keras.Sequential`; `activation(x)` applies a new layer to a symbolic tensor;
    and one that works on each element and has no weights can be given to `Dense(activation=activation)`.

    Attributes:
        name: Label of the activation in the study.
        variant: The line of the study that it stands for.
    """

    def __init__(self, variant: Variant) -> None:
        self.variant = variant
        self.name = self.__name__ = variant.label
        self.slots: list[Slot] = []

    @property
    def gain(self) -> float:
        """`1 / sqrt(E f(z)^2)` for standard normal `z`: He's `sqrt(2)` for ReLU."""
        return self.variant.own_gain

    @property
    def fits_inside(self) -> bool:
        """Whether it can be the `activation=` of another layer."""
        return self.variant.kind in ("elementwise", "simplex", "foreign")

    @functools.cached_property
    def _function(self) -> keras.layers.Layer:
        layer = self.variant.layer()
        if not self.fits_inside:
            raise ValueError(
                f"{self.name} has weights or randomness of its own or changes the shape, so it cannot be the "
                "`activation=` of another layer; expected it as a layer of its own: write `activation()` after that "
                "layer, or `activation(x)`."
            )
        return layer

    def __call__(self, x: Tensor = None) -> Any:
        """A new layer; or, given a symbolic tensor, what a new layer makes of it; or, given numbers, their values."""
        if x is None:
            return Slot(self)
        if keras.utils.is_keras_tensor(x):
            return Slot(self)(x)
        _notice(self, self._function, x)
        return self._function(x)


class Slot(keras.layers.Layer):
    """Place of an activation in a model: the layer that `Fresh` hands out.

    Args:
        fresh: Where the activation comes from.
    """

    def __init__(self, fresh: Fresh) -> None:
        super().__init__()
        self.supports_masking = True
        self.fresh = fresh
        self.inner = fresh.variant.layer()
        fresh.slots.append(self)

    def build(self, input_shape: Any) -> None:
        self.inner.build(input_shape)
        self.built = True

    def call(self, inputs: Tensor) -> Tensor:
        _notice(self.fresh, self.inner, inputs)
        return self.inner(inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return self.inner.compute_output_shape(input_shape)


@dataclasses.dataclass(frozen=True)
class Swap:
    """A `build` function around a model that exists: copies it, weights included, with another activation.

    Attributes:
        model: The model; it stays as it is.
    """

    model: keras.Model

    def __call__(self, fresh: Fresh) -> keras.Model:
        """A copy with the activation in all hidden places."""

        class Place(Slot):
            def __init__(self, **_: Any) -> None:
                super().__init__(fresh)

        target = fresh if fresh.fits_inside else Place
        places = [site.path for site in sites(self.model) if site.role == "hidden" and site.activation != "linear"]
        if not places:
            raise ValueError(
                f"compare found no hidden activation in {self.model.name!r} to exchange; expected a model with some, "
                "or a function that builds one around an activation: `def build(activation): ...`."
            )
        return replace_activations(self.model, dict.fromkeys(places, target)).model

    @property
    def digest(self) -> str:
        """Tells models with other weights apart."""
        digest = hashlib.sha256()
        for weight in self.model.weights:
            digest.update(np.ascontiguousarray(keras.ops.convert_to_numpy(weight)).tobytes())
        return digest.hexdigest()


def _notice(fresh: Fresh, layer: keras.layers.Layer, x: Tensor) -> None:
    if (noted := getattr(_seen, "inputs", None)) is not None:
        noted.append((fresh, layer, x))


@contextlib.contextmanager
def inputs_seen() -> Iterator[list[tuple[Fresh, keras.layers.Layer, Tensor]]]:
    """Collect what every activation of a study is given inside the `with` block."""
    _seen.inputs = []
    try:
        yield _seen.inputs
    finally:
        _seen.inputs = None
