"""What Keras's own layers do not see to for the activation that they hold as their `activation=`.

Keras builds a layer held there on the first real call. A functional model trains without one, so its parameters were
never trained, counted or loaded; and an activation that changes the shape shows up one layer later, as a shape error.
Keras tells no activation where it is used, so this extends the method that it calls on every layer once it is built.
"""

import functools
import weakref
from typing import Any

import keras

from keras_acts._bases import Activation, Reshaping, Weighted
from keras_acts._core import CATALOGUE

_CELLS = tuple(getattr(keras.layers, name) for name in ("SimpleRNNCell", "GRUCell", "LSTMCell"))
_FEEDING = tuple(
    getattr(keras.layers, name)
    for name in (
        *("Dense", "EinsumDense", "Conv1D", "Conv2D", "Conv3D", "DepthwiseConv1D", "DepthwiseConv2D"),
        *("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose", "SeparableConv1D", "SeparableConv2D"),
    )
)
_HOSTS = (*_CELLS, *_FEEDING, keras.layers.Activation)
_held_by: weakref.WeakKeyDictionary[Weighted, weakref.ref] = weakref.WeakKeyDictionary()


def _layer_class(held: Any) -> type[Activation] | None:
    """The layer class of an activation of this package, given as a layer or as a function; else `None`."""
    if isinstance(held, Activation):
        return type(held)
    facts = CATALOGUE.get(getattr(held, "__name__", ""))
    return facts.layer if facts and facts.function is held else None


def _settle(host: keras.layers.Layer) -> None:
    """Build what `host` holds as its activation, or refuse it.

    Raises:
        ValueError: The activation changes the shape, is held by another layer too, or needs no host at all.
    """
    for attribute in ("activation", "recurrent_activation"):
        held = getattr(host, attribute, None)
        kind = _layer_class(held)
        if kind is None:
            continue
        after = f"leave `{attribute}` out there and add `keras_acts.{kind.__name__}()` after it"
        whose = f"the `{attribute}=` of {type(host).__name__} {host.name!r}"
        if issubclass(kind, Reshaping):
            raise ValueError(
                f"{getattr(held, '__name__', kind.__name__)} {kind.deed}, so it cannot be {whose}, whose output must "
                f"keep its width; expected an activation that keeps the shape: {after}."
            )
        if not isinstance(held, Weighted):
            continue
        other = _held_by.setdefault(held, weakref.ref(host))()
        if other is not None and other is not host:
            raise ValueError(
                f"{kind.__name__} {held.name!r} is {whose}, and of {type(other).__name__} {other.name!r} already; "
                "expected one instance for each layer, because Keras would save its weights once and find them in "
                f"neither: give each its own, `{attribute}=keras_acts.{kind.__name__}()`, or {after}."
            )
        if isinstance(host, keras.layers.Activation):
            raise ValueError(
                f"{kind.__name__} {held.name!r} is a layer with weights and is {whose}, which would never build it; "
                f"expected a function there: use `keras_acts.{kind.__name__}()` itself in its place."
            )
        if not held.built:
            with host._open_name_scope():
                held.build(_output_shape(host))


def _output_shape(host: Any) -> tuple[int | None, ...]:
    if isinstance(host, _CELLS):
        return (None, host.units)
    return tuple(host.compute_output_shape(*host._build_shapes_dict.values()))


def install() -> None:
    """From now on, see to the activations of Keras's layers when they are built."""
    post_build = keras.layers.Layer._post_build

    @functools.wraps(post_build)
    def _post_build(self: keras.layers.Layer) -> None:
        if isinstance(self, _HOSTS):
            _settle(self)
        post_build(self)

    keras.layers.Layer._post_build = _post_build  # pyright: ignore[reportAttributeAccessIssue]
