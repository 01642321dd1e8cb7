"""Every mistake gets one sentence: what happened, what was expected, what came, and how to mend it.

Keras wraps what a layer raises and adds lines of its own, so the sentence is looked for inside the message.
"""

import re
from typing import Any

import keras
import numpy as np
import pytest
from samples import ONE_OF_EACH_KIND, SIZES, arguments, built, each, layer_parameters, learned, sample, to_numpy

import keras_acts

X = sample((2, 4), reach=4)


def sentence(raised):
    """Our part of a message: without what Keras puts around it, and one sentence long."""
    inside = re.search(r"\x1b\[1m(.*)\x1b\[0m", str(raised.value), re.DOTALL)
    text = inside[1] if inside else str(raised.value)
    assert "\n" not in text
    assert not re.search(r"\.\s+[A-Z]", text), f"more than one sentence: {text}"
    return text


def refused(error, call, *parts):
    """Check that `call` raises `error` with one sentence that has all the parts, in their order."""
    with pytest.raises(error) as raised:
        call()
    text = sentence(raised)
    place = 0
    for part in parts:
        assert part in text[place:], f"{part!r} is missing after {text[:place]!r} in: {text}"
        place = text.index(part, place) + len(part)
    return text


# Lookup


def test_unknown_name():
    get = keras_acts.get
    refused(
        ValueError, lambda: get("leaky_rely"), "no activation called 'leaky_rely'", "expected one of", "'leaky_relu'"
    )
    refused(ValueError, lambda: get("Sofmax"), "'Sofmax'", "did you mean 'softmax'")
    assert "did you mean" not in refused(
        ValueError, lambda: get("qqqqqq"), "'qqqqqq'", "`keras_acts.list_activations()`"
    )
    assert "did you mean" not in refused(ValueError, lambda: get(""), "''", "expected one of")


def test_identifier_that_is_no_activation():
    refused(TypeError, lambda: keras_acts.get(3), "expected a name", "got 3 of type int", 'pass a name such as "')
    config = keras.saving.serialize_keras_object(keras.layers.ReLU())
    refused(ValueError, lambda: keras_acts.get(config), "expected the saved configuration", "'ReLU'", "`keras.saving`")
    config = keras.saving.serialize_keras_object(keras.activations.relu)
    refused(ValueError, lambda: keras_acts.get(config), "expected the saved configuration", "'relu'", "`keras.saving`")


def test_parameters_for_something_already_made():
    call = lambda: keras_acts.get(keras_acts.relu, alpha=0.1)  # noqa: E731
    refused(ValueError, call, "got parameters ['alpha']", "expected a name", "keras_acts.get('leaky_relu'")


def test_unknown_kind():
    refused(ValueError, lambda: keras_acts.list_activations("elementwize"), "'elementwize'", "expected one of", "None")


# Parameters

NUMBERS = {
    "nan": (ValueError, float("nan"), "got nan"),
    "infinite": (ValueError, float("inf"), "got inf"),
    "text": (TypeError, "0.1", "got '0.1' of type str"),
    "none": (TypeError, None, "got None of type NoneType"),
    "boolean": (TypeError, True, "got True of type bool"),
    "array": (TypeError, np.ones(2), "got array([1., 1.]) of type ndarray"),
    "complex": (TypeError, 1j, "got 1j of type complex"),
}


@each()
@pytest.mark.parametrize("mistake", NUMBERS)
def test_number_that_is_none(facts, mistake):
    """For each number of each activation, in the function and in the layer."""
    error, value, came = NUMBERS[mistake]
    for name in facts.limits:
        if facts.is_fixed(name):
            settings = {**arguments(facts, built(facts)), name: value}
            parts = (f"{facts.name}: `{name}` must be a", "number from", came, "; pass")
            refused(error, lambda settings=settings: facts.function(X, **settings), *parts)
            refused(error, lambda name=name: facts.layer(**{name: value}), *parts)


@each()
def test_number_outside_its_interval(facts):
    for name, (low, high) in facts.limits.items():
        for value in (2 * low - 1 if low <= 0 else low / 2, 2 * high + 1):
            if facts.is_fixed(name) and np.isfinite(value):
                settings = {**arguments(facts, built(facts)), name: value}
                parts = (
                    f"{facts.name}: `{name}` must be a finite number from {low} to {high}",
                    f"got {value}",
                    "; pass",
                )
                refused(ValueError, lambda settings=settings: facts.function(X, **settings), *parts)
                refused(ValueError, lambda name=name, value=value: facts.layer(**{name: value}), *parts)


@each()
def test_every_number_of_a_layer_has_limits(facts):
    """A parameter that is a number and has none would take NaN."""
    for parameter in layer_parameters(facts):
        is_number = isinstance(parameter.default, int | float) and not isinstance(parameter.default, bool)
        if is_number and parameter.name not in ("axis", *SIZES) and not parameter.name.endswith("_initializer"):
            assert parameter.name in facts.limits, f"{facts.name}: state limits of `{parameter.name}`"


@each()
def test_size_that_is_none(facts):
    for parameter in layer_parameters(facts):
        if parameter.name in SIZES:
            for value, error in ((-1, ValueError), (float("nan"), ValueError), ("3", TypeError), (True, TypeError)):
                parts = (f"{facts.layer.__name__}: `{parameter.name}` must be a", "number from", "got", "; pass")
                call = lambda name=parameter.name, value=value: facts.layer(**{name: value})  # noqa: E731
                refused(error, call, *parts)


@each()
def test_switch_that_is_neither_on_nor_off(facts):
    for name, default in facts.defaults.items():
        if isinstance(default, bool) and name != "training":
            given = dict.fromkeys(learned(facts), 0.5)
            for value, came in (("none", "got 'none' of type str"), (1, "got 1 of type int"), (None, "got None")):
                parts = (f"{facts.name}: `{name}` must be True or False", came, "; pass one of the two")
                settings = {**given, name: value}
                refused(TypeError, lambda settings=settings: facts.function(X, **settings), *parts)
                refused(TypeError, lambda name=name, value=value: facts.layer(**{name: value}), *parts)


def test_limits_of_leaky_relu():
    call = lambda: keras_acts.LeakyReLU(-0.1)  # noqa: E731
    refused(ValueError, call, "leaky_relu: `negative_slope` must be a finite number from 0.0", "got -0.1", "; pass")


def test_parameters_that_do_not_go_together():
    for call in (lambda: keras_acts.RReLU(0.5, 0.25), lambda: keras_acts.rrelu(X, 0.5, 0.25)):
        refused(ValueError, call, "rrelu: `lower` must not exceed `upper`", "got lower=0.5 and upper=0.25", "swap them")


# Input


@pytest.mark.parametrize("facts", ONE_OF_EACH_KIND, ids=lambda facts: facts.name)
def test_input_that_is_no_real_number(facts):
    shape = (2, 4, 6, 12)
    layer = built(facts)
    settings = arguments(facts, layer)
    for call, owner in (
        (lambda x: facts.function(x, **settings), facts.name),
        (layer, facts.layer.__name__),
    ):
        for dtype in ("bool", "complex64"):
            bad = np.ones(shape, dtype)
            parts = (f"{owner} needs real numbers", f"got a tensor of dtype {dtype}", "; convert it first")
            refused(TypeError, lambda call=call, bad=bad: call(bad), *parts)
    for bad, kind_of in (
        ("text", "str"),
        (None, "NoneType"),
        ([["word"]], "list"),
        ([[1, 2], [3]], "list"),
        ({}, "dict"),
    ):
        parts = (f"{facts.name} needs numbers", f"got {kind_of} that is no numeric tensor", "; pass a tensor")
        refused(TypeError, lambda bad=bad: facts.function(bad, **settings), *parts)


def test_unknown_argument():
    mistaken: Any = {"negative_slop": 0.1}
    too_many: Any = (0.1, 0.2)
    with pytest.raises(TypeError, match="negative_slop"):
        keras_acts.leaky_relu(X, **mistaken)
    with pytest.raises(TypeError, match=r"leaky_relu.* takes at most 2 positional arguments, got 3"):
        keras_acts.leaky_relu(X, *too_many)
    with pytest.raises(ValueError, match="negative_slop"):
        keras_acts.LeakyReLU(**mistaken)


@pytest.mark.parametrize("facts", ONE_OF_EACH_KIND, ids=lambda facts: facts.name)
@pytest.mark.parametrize("dtype", ["int32", "bool", "uint8"])
def test_dtype_policy_without_fractions(facts, dtype):
    parts = (
        f"{facts.layer.__name__} computes with real numbers",
        f"got dtype '{dtype}'",
        "; leave `dtype` out or pass",
    )
    refused(ValueError, lambda: facts.layer(dtype=dtype), *parts)


# Axes and masks


@each("gated", "simplex", "axis", "reshaping")
def test_axis_that_is_none(facts):
    if facts.holds == "weights":
        for axis in ("last", None, 1.0, True):
            parts = (f"{facts.layer.__name__}: `axis` must be an axis of the input", f"got {axis!r}", "; pass")
            refused(ValueError, lambda axis=axis: facts.layer(axis=axis), *parts)
        return
    for axis in ("last", None, 1.0, True):
        parts = (f"{facts.layer.__name__}: `axis` must be an axis of the input", f"got {axis!r}", "; pass an integer")
        refused(ValueError, lambda axis=axis: facts.layer(axis=axis), *parts)
        parts = (
            f"{facts.name}: `axis` must be an axis of the input",
            f"got {axis!r}",
            "; pass an integer from -2 to 1",
        )
        refused(ValueError, lambda axis=axis: facts.function(X, axis=axis), *parts)
    for axis in (2, -3):
        parts = (
            "`axis` must be an axis of the input",
            f"got {axis} for an input with 2 axes",
            "; pass an integer from",
        )
        refused(ValueError, lambda axis=axis: facts.function(X, axis=axis), f"{facts.name}: ", *parts)
        refused(ValueError, lambda axis=axis: facts.layer(axis=axis)(X), *parts)
    parts = (f"{facts.name}: `axis` must be", "got -1 for an input with 0 axes", "; give the input at least one axis")
    refused(ValueError, lambda: facts.function(1.0), *parts)


@each("gated")
def test_gate_that_is_none(facts):
    for call in (lambda: facts.function(X, gate="left"), lambda: facts.layer(gate="left")):
        refused(ValueError, call, "`gate`", "must be 'first', 'second' or 'interleaved'", "got 'left'", "; pass one")


@each("gated")
def test_odd_axis(facts):
    for call in (lambda: facts.function(np.ones((2, 5))), lambda: facts.layer()(np.ones((2, 5)))):
        parts = ("splits axis -1 into a gate half and a value half", "needs an even size", "got 5", "(2, 5)", "; make")
        refused(ValueError, call, *parts)


@each("simplex")
def test_mask_that_does_not_fit(facts):
    for call in (facts.function, facts.layer()):
        for mask in (np.ones((2, 3), bool), np.ones((3, 4), bool), np.ones((2, 4, 1), bool)):
            parts = (
                "`mask` must broadcast",
                f"got mask shape {mask.shape}",
                "for input shape (2, 4)",
                "; pass one boolean",
            )
            refused(ValueError, lambda call=call, mask=mask: call(X, mask=mask), *parts)
        parts = ("`mask` must hold booleans", "got dtype float32", "; compare first")
        refused(TypeError, lambda call=call: call(X, mask=np.zeros((2, 4), "float32")), *parts)
    parts = ("`mask` must tell entries along axis -1 apart", "got mask shape (2,)", "; pass one boolean per entry")
    refused(ValueError, lambda: facts.function(X, mask=np.ones(2, bool)), *parts)
    refused(TypeError, lambda: facts.function(X, mask="all"), "`mask`", "needs numbers", "got str", "; pass")


# Trained parameters


@each("trainable")
def test_shared_axes_that_are_none(facts):
    for axes in ("channels", [0], [1, 0], True, [True], 1.5, ["a"], {1}):
        parts = (
            f"{facts.layer.__name__}: `shared_axes` must be 'spatial', 'all', None or a list",
            f"got {axes!r}",
            "; for",
        )
        refused(ValueError, lambda axes=axes: facts.layer(shared_axes=axes), *parts)
    for axis in (2, -2, 7):
        parts = ("`shared_axes` must lie between -1 and 1", "rank 2", f"got {axis}", "; drop it or give")
        refused(ValueError, lambda axis=axis: facts.layer(shared_axes=[axis]).build((None, 4)), *parts)
    parts = (
        "one parameter per position of axis 1",
        "expected a fixed size",
        "got input shape (None, None, 3)",
        "; share",
    )
    refused(ValueError, lambda: facts.layer(shared_axes=None).build((None, None, 3)), *parts)
    parts = ("`data_format` must be 'channels_last', 'channels_first' or None", "got 'last'", "; leave it out")
    refused(ValueError, lambda: facts.layer(data_format="last"), *parts)


def test_initial_value_that_is_no_number():
    refused(
        ValueError,
        lambda: keras_acts.PReLU(float("nan")),
        "PReLU: `alpha` must be a finite number",
        "got nan",
        "; pass",
    )
    refused(
        TypeError, lambda: keras_acts.PReLU(True), "PReLU: `alpha` must be a number", "got True of type bool", "; pass"
    )


def test_a_trained_layer_refuses_another_width():
    layer = keras_acts.PReLU()
    layer(X)
    with pytest.raises(ValueError, match="incompatible with the layer"):
        layer(np.ones((2, 5), "float32"))


# What is not a mistake


def test_numpy_numbers_are_numbers():
    values: Any = (np.float32(0.5), np.float64(0.5), np.int64(1), 1)
    for value in values:
        layer = keras_acts.LeakyReLU(value)
        assert type(layer.negative_slope) in (int, float)
        assert to_numpy(layer(np.array([-2.0], "float32")))[0] == -2 * layer.negative_slope
