"""The initial weights of a run: drawn with NumPy from the seed, the same for every activation and on every backend.

Keras draws unseeded weights from Python's global `random`, so one more random number anywhere, in an activation or in
a thread, changes every weight after it. Here each weight has a random stream of its own, named by the seed of the
run and the weight's place among the weights outside the activations.
"""

import contextlib
import functools
import math
import threading
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from keras_acts.study._variants import Fresh

_WATCHING = threading.Lock()
_TRUNCATED = 0.87962566103423978  # standard deviation of a standard normal variable cut off at 2


@contextlib.contextmanager
def weights_made() -> Iterator[list[tuple[Any, Any]]]:
    """Collect every weight that a layer adds inside the `with` block, with the initialiser that filled it.

    Keras drops the initialiser once a weight is filled, and layers keep it under names of their choice; `add_weight` is
    the one place that every layer goes through.
    """
    made: list[tuple[Any, Any]] = []
    original = keras.layers.Layer.add_weight

    @functools.wraps(original)
    def add_weight(self, *args, **kwargs):
        given = kwargs.get("initializer") or (args[1] if len(args) > 1 else None)
        if given is None:
            given = "glorot_uniform" if "float" in str(kwargs.get("dtype") or self.variable_dtype) else "zeros"
        given = keras.initializers.get(given)
        if len(args) > 1:
            args = (args[0], given, *args[2:])
        else:
            kwargs["initializer"] = given
        variable = original(self, *args, **kwargs)
        made.append((variable, given))
        return variable

    with _WATCHING:
        keras.layers.Layer.add_weight = add_weight
        try:
            yield made
        finally:
            keras.layers.Layer.add_weight = original


class Start:
    """Draws the state that a run of a model starts from.

    Args:
        model: A built and compiled model with a built optimizer.
        made: Its weights with their initialisers, from `weights_made`.
        fresh: The activation in it.
        gain: `None`, or the gain that kernels are drawn with.

    Attributes:
        variables: All variables of the model and of its optimizer.
        kernels: Places, among the trainable variables, of those with two axes or more outside the activations.
    """

    def __init__(self, model: keras.Model, made: list[tuple[Any, Any]], fresh: Fresh, gain: float | None) -> None:
        self.variables = [*model.variables, *model.optimizer.variables]
        self._values = [keras.ops.convert_to_numpy(variable.value) for variable in self.variables]
        inside = {id(variable) for slot in fresh.slots for variable in slot.variables}
        self.kernels = [
            place
            for place, variable in enumerate(model.trainable_variables)
            if len(variable.shape) > 1 and id(variable) not in inside
        ]
        random = {id(variable): initializer for variable, initializer in made if _still_random(variable, initializer)}
        counts = {True: 0, False: 0}
        self._draws = []
        for place, variable in enumerate(model.variables):
            is_inside = id(variable) in inside
            if id(variable) in random:
                draw = functools.partial(_weight, random[id(variable)], tuple(variable.shape), str(variable.dtype))
                kernel = "kernel" in variable.name and "recurrent" not in variable.name and not is_inside
                if gain is not None and kernel and len(variable.shape) > 1:
                    draw = functools.partial(draw, gain=gain)
            elif variable.name == "seed_generator_state":
                draw = _generator_state
            else:
                continue
            self._draws.append((place, (int(is_inside), counts[is_inside]), draw))
            counts[is_inside] += 1

    def values(self, seed: int) -> list[np.ndarray]:
        """The values of all variables of the model and its optimizer, in the order of `variables`."""
        values = list(self._values)
        for place, key, draw in self._draws:
            values[place] = draw(np.random.default_rng([seed, *key])).astype(values[place].dtype)
        return values

    def assign(self, seed: int) -> None:
        """Put the model and its optimizer into the state that the run with this seed starts from."""
        for variable, value in zip(self.variables, self.values(seed), strict=True):
            variable.assign(value)


def _still_random(variable: Any, initializer: Any) -> bool:
    """Whether a weight still holds what its random initialiser drew: pretrained weights are left alone."""
    if not isinstance(getattr(initializer, "seed", None), int):
        return False
    drawn = keras.ops.convert_to_numpy(initializer(tuple(variable.shape), dtype=variable.dtype))
    return np.array_equal(drawn, keras.ops.convert_to_numpy(variable.value))


def _generator_state(rng: np.random.Generator) -> np.ndarray:
    return np.array([rng.integers(2**31), 0])


def _fans(initializer: Any, shape: tuple[int, ...]) -> tuple[float, float]:
    axes = getattr(initializer, "input_axes", None), getattr(initializer, "output_axes", None)
    if axes[0] is not None and axes[1] is not None:
        return math.prod(shape[i] for i in axes[0]), math.prod(shape[i] for i in axes[1])
    if len(shape) < 2:
        return (shape[0], shape[0]) if shape else (1, 1)
    field = math.prod(shape[:-2])
    return shape[-2] * field, shape[-1] * field


def _weight(
    initializer: Any, shape: tuple[int, ...], dtype: str, rng: np.random.Generator, gain: float | None = None
) -> np.ndarray:
    """One weight as its initialiser would draw it, or of variance `gain^2 / fan_in`."""
    if gain is not None:
        return rng.standard_normal(shape) * (gain / math.sqrt(_fans(initializer, shape)[0]))
    initializers = keras.initializers
    if isinstance(initializer, initializers.VarianceScaling):
        fan_in, fan_out = _fans(initializer, shape)
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[initializer.mode]
        spread = math.sqrt(initializer.scale / max(1.0, fan))
        if initializer.distribution == "uniform":
            return rng.uniform(-1, 1, shape) * (math.sqrt(3) * spread)
        if initializer.distribution == "untruncated_normal":
            return rng.standard_normal(shape) * spread
        return _truncated(rng, shape) * (spread / _TRUNCATED)
    if isinstance(initializer, initializers.TruncatedNormal):
        return initializer.mean + initializer.stddev * _truncated(rng, shape)
    if isinstance(initializer, initializers.RandomNormal):
        return initializer.mean + initializer.stddev * rng.standard_normal(shape)
    if isinstance(initializer, initializers.RandomUniform):
        return rng.uniform(initializer.minval, initializer.maxval, shape)
    # Any other draws by itself, from a seed that is given; its numbers then differ between backends.
    seeded = type(initializer).from_config({**initializer.get_config(), "seed": int(rng.integers(2**31))})
    return keras.ops.convert_to_numpy(seeded(shape, dtype=dtype))


def _truncated(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    values = rng.standard_normal(shape)
    while np.any(far := np.abs(values) > 2):
        values[far] = rng.standard_normal(np.count_nonzero(far))
    return values
