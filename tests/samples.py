"""An example input for every kind of activation, and the ways to call one without knowing which it is."""

import contextlib
import dataclasses
import functools
import importlib
import inspect
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from keras_acts._core import CATALOGUE

BACKEND = keras.backend.backend()
# What JAX compiles in the least time; two programs agree to the last bit only if compiled alike.
QUICK = {"xla_backend_optimization_level": 0, "xla_cpu_use_fusion_emitters": False}


@dataclasses.dataclass(frozen=True)
class Kind:
    """What holds for every activation of a kind; the defaults are those of a curve applied to each element."""

    least_rank: int = 0  # the fewest axes that an input can have
    pointwise: bool = True  # each output depends on the input at its own place alone
    true_slope: bool = True  # the slope is the derivative of the value


KINDS = {
    "elementwise": Kind(),
    "trainable": Kind(least_rank=1),
    "curve": Kind(least_rank=1),
    "stochastic": Kind(),
    "surrogate": Kind(true_slope=False),
    "gated": Kind(least_rank=1, pointwise=False),
    "simplex": Kind(least_rank=1, pointwise=False),
    "axis": Kind(least_rank=1, pointwise=False),
    "reshaping": Kind(least_rank=1, pointwise=False),
    "contextual": Kind(least_rank=4, pointwise=False),
}
# The first activation of each kind, for what the decorator and the base of a layer do alike for all of a kind.
ONE_OF_EACH_KIND = list({facts.kind: facts for facts in reversed(CATALOGUE.values())}.values())

# Four axes are enough for every kind, and 2, 3 and 4 divide the number of channels. The same shape everywhere, since
# JAX compiles anew for each.
SHAPE = (2, 4, 6, 12)


def kind(facts):
    assert facts.kind in KINDS, f"{facts.name} is of a new kind, {facts.kind!r}: say in {__file__} what holds for it"
    return KINDS[facts.kind]


def sample(shape=SHAPE, reach=24):
    """Multiples of 1/128 from -reach to reach, none within 1/20 of a multiple of 1/2, where most kinks are."""
    rng = np.random.default_rng(0)
    x = rng.integers(-2 * reach, 2 * reach, shape) / 2 + rng.uniform(0.06, 0.44, shape)
    return (np.round(x * 128) / 128).astype("float32")


def each(*kinds, **properties):
    """Run a test once for every activation, or for those of the given kinds, or whose kind has the given properties."""
    chosen = [
        facts
        for facts in CATALOGUE.values()
        if (not kinds or facts.kind in kinds)
        and all(getattr(kind(facts), name) == value for name, value in properties.items())
    ]
    assert chosen, f"there is no activation of kind {kinds} with {properties}"
    return pytest.mark.parametrize("facts", chosen, ids=lambda facts: facts.name)


def function_parameters(facts):
    return list(inspect.signature(facts.function).parameters.values())[1:]


def layer_parameters(facts):
    return [
        p
        for p in inspect.signature(facts.layer).parameters.values()
        if p.kind is not p.VAR_KEYWORD and p.name != "parameters"
    ]


def learned(facts):
    """Names of the parameters that the layer trains, and that the function has no defaults for."""
    return [p.name for p in function_parameters(facts) if p.default is p.empty]


def seeded(facts):
    """The arguments that make an activation's layer reproducible."""
    return {"seed": 7} if "seed" in inspect.signature(facts.layer).parameters else {}


def built(facts, shape: tuple[int | None, ...] = SHAPE, **settings) -> Any:
    """The activation's layer, built; or what its making raised, which `evaluate` raises for that one alone."""
    keras.utils.set_random_seed(0)  # the same initial weights, whichever tests ran before
    try:
        layer = facts.layer(**{**seeded(facts), **settings})
        if not layer.built:
            layer.build(shape)
    except Exception as error:
        return error
    return layer


def arguments(facts, layer):
    """The function's arguments, beside `x`, that say what `layer` says."""
    call_time = ("mask", "training")
    return {p.name: getattr(layer, p.name) for p in function_parameters(facts) if p.name not in call_time}


def dtype_of(tensor):
    return keras.backend.standardize_dtype(tensor.dtype)


def float64():
    """A context in which the backend holds float64, as TensorFlow and torch always do."""
    return importlib.import_module("jax").enable_x64(True) if BACKEND == "jax" else contextlib.nullcontext()


def to_numpy(tensor):
    """A tensor of any backend as NumPy; bfloat16, which NumPy has not, as float32."""
    if keras.backend.standardize_dtype(tensor.dtype) == "bfloat16":
        tensor = ops.cast(tensor, "float32")
    return ops.convert_to_numpy(tensor)


# A value that differs from the default, for parameters that are not numbers.
OTHERS = {
    "axis": 1,
    "seed": 11,
    "shared_axes": "all",
    "data_format": "channels_first",
    "activation": "linear",
    "sink": 30.0,
    "offset": 1e3,
    "epsilon": 1.0,
    "safe": "B",
    "pieces": 4,
    "group_size": 4,
}
# Parameters that tell in training alone, or once what starts alike or at 0 has been trained.
SILENT = {
    *(("hard_concrete", "temperature"), ("probact", "sigma"), ("group_rational", "groups")),
    *(("apl", "hinges_initializer"), ("apl", "hinge_count")),
    ("srelu", "t_right_initializer"),  # the slope beyond that knee begins as that before it
}
# What a layer keeps for itself: how many numbers it trains, and how its statistics move.
SIZES = ("degree", "grid_size", "groups", "hinge_count", "kernel_size", "momentum", "reduction")


def another(facts, parameter):
    """A valid value of a layer's parameter that is not its default."""
    name, default = parameter.name, parameter.default
    if name == "gate":  # the other half would do too where both are alike
        return "first" if default == "interleaved" else "interleaved"
    if name in OTHERS:
        return OTHERS[name]
    if name.endswith("_initializer"):
        return 0.375
    if name.endswith("_regularizer"):
        return "l2"
    if name.endswith("_constraint"):
        return "non_neg"
    if isinstance(default, bool):
        return not default
    assert isinstance(default, int | float), f"{facts.layer.__name__}: name another value of `{name}` in {__file__}"
    candidates = (
        (default + 1, default - 1) if isinstance(default, int) else (default * 0.75, default + 0.5, default + 1.0)
    )
    for value in candidates:
        if value != default and value not in (0, 1):
            try:
                facts.layer(**{name: value})
            except ValueError:
                continue
            return value
    raise AssertionError(f"{facts.layer.__name__}: no value near {default} is allowed for `{name}`")


def together(calls, values=True):
    """All calls as one function of their argument; what it returns gives the result of one, or raises what that raised.

    On JAX they are compiled as one, which takes a fiftieth of a second each, and without `values` not at all: shapes
    and dtypes are known after tracing.
    """
    failures = {}

    def run(x):
        results = {}
        for name, call in calls.items():
            try:
                if isinstance(call, Exception):
                    raise call
                results[name] = call(x)
            except Exception as error:
                failures[name] = error
        return results

    if BACKEND == "jax":
        jax = importlib.import_module("jax")
        run = jax.jit(run, compiler_options=QUICK) if values else functools.partial(jax.eval_shape, run)

    def at(x):
        results = run(x)

        def result(first, *rest):
            key = (first, *rest) if rest else first
            if key in failures:
                raise failures[key]
            return results[key]

        return result

    return at


def evaluate(calls, x, values=True):
    return together(calls, values)(x)


def varied(facts):
    """Arguments of an activation's layer of which as many as go together differ from the defaults."""
    settings = seeded(facts)
    for parameter in layer_parameters(facts):
        more = {**settings, parameter.name: another(facts, parameter)}
        if not isinstance(built(facts, **more), Exception):
            settings = more
    return settings
