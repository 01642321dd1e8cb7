"""How large signal and gradient are, layer by layer, predicted from the weights without running the model.

For a layer `z = W y` with weights of mean square `w`, units are about normal with variance `fan_in * w * E y^2`, and
the gradient's mean square is multiplied by `fan_out * w * E f'(z)^2` on its way back (Schoenholz et al., Deep
Information Propagation, ICLR 2017). A normalisation starts the signal afresh; so does anything this module does not
know.
"""

import dataclasses
import functools
import math
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from keras_acts._core import CATALOGUE
from keras_acts._formula import Formula
from keras_acts._sites import graph, held, is_standalone, names_of
from keras_acts.properties import starting_values

_KEEPING = ("Reshape", "Flatten", "Dropout", "AlphaDropout", "SpatialDropout2D", "Permute", "Identity", "ZeroPadding2D")
_KEEPING += ("MaxPooling2D", "MaxPooling1D", "AveragePooling2D", "InputLayer")
_Z = np.linspace(-8, 8, 641)
_DENSITY = np.exp(-(_Z**2) / 2)
_DENSITY /= _DENSITY.sum()


@dataclasses.dataclass(frozen=True)
class Step:
    """One weighted layer in a chain of them.

    Attributes:
        layer: The layer.
        activation: Name of the activation behind it.
        deviation: Predicted standard deviation of what enters the activation.
        gradient: What the root mean square of the gradient is multiplied by on its way back through both.
    """

    layer: keras.layers.Layer
    activation: str
    deviation: float
    gradient: float


@dataclasses.dataclass(frozen=True)
class Signal:
    """What is known about a tensor: its mean square, and the layers since the last fresh start."""

    square: float
    steps: tuple[Step, ...] = ()
    waiting: tuple[keras.layers.Layer, float, float] | None = None  # weighted layer whose activation is still to come


def chains(model: keras.Model) -> Iterator[tuple[Step, ...]]:
    """The longest runs of weighted layers with nothing between them that would start the signal afresh."""
    here = graph(model)
    if here is None:
        return
    known: dict[int, Signal] = {id(tensor): Signal(1.0) for tensor in here.inputs}
    ends: dict[tuple[int, ...], tuple[Step, ...]] = {}
    for depth in sorted(here._nodes_by_depth, reverse=True):
        for node in here._nodes_by_depth[depth]:
            if node.is_input:
                continue
            before = [known.get(id(tensor), Signal(1.0)) for tensor in node.input_tensors]
            after = _through(node.operation, before)
            for tensor in node.outputs:
                known[id(tensor)] = after
            if after.steps:
                ends[tuple(id(step.layer) for step in after.steps)] = after.steps
    for key, steps in ends.items():
        if not any(other[: len(key)] == key for other in ends if len(other) > len(key)):
            yield steps


def _through(layer: Any, before: list[Signal]) -> Signal:
    if len(before) != 1:
        return Signal(1.0)
    (signal,) = before
    if isinstance(layer, (keras.layers.Dense, keras.layers.Conv1D, keras.layers.Conv2D)) and layer.built:
        if signal.waiting:  # two weighted layers in a row
            signal = _activated(signal, "linear")
        kernel = layer.kernel
        field = math.prod(kernel.shape[:-2])
        flat = keras.ops.convert_to_numpy(kernel).astype("float32", copy=False).ravel()
        mean_square = float(flat @ flat) / flat.size
        square = signal.square * kernel.shape[-2] * field * mean_square
        steps = kernel.shape[-1] * field * mean_square / math.prod(getattr(layer, "strides", (1,)))
        signal = dataclasses.replace(signal, square=square, waiting=(layer, square, steps))
        name = names_of(held(layer))[0]
        return signal if name == "linear" else _activated(signal, name)
    if is_standalone(layer):
        return _activated(signal, names_of(layer)[0]) if signal.waiting else Signal(1.0)
    return signal if type(layer).__name__ in _KEEPING else Signal(1.0)


def _activated(signal: Signal, name: str) -> Signal:
    if signal.waiting is None:
        return signal
    layer, square, back = signal.waiting
    deviation = math.sqrt(square)
    value, slope = _moments(name, round(math.log(max(deviation, 1e-12)), 2))
    if math.isnan(value):
        return Signal(1.0)
    step = Step(layer, name, deviation, math.sqrt(back * slope))
    return Signal(max(value, 1e-30), (*signal.steps, step))


@functools.cache
def _moments(name: str, log_deviation: float) -> tuple[float, float]:
    """Mean squares of an activation's value and slope for normal inputs of that deviation."""
    facts = CATALOGUE.get(name)
    if facts is None or not facts.formula or facts.kind not in ("elementwise", "trainable"):
        return math.nan, math.nan
    curve = Formula(facts.formula).evaluate(_Z * math.exp(log_deviation), starting_values(facts), exact=False)
    return float(_DENSITY @ curve.value**2), float(np.nansum(_DENSITY * curve.slope**2))
