"""The computed facts: against closed forms, and against what the activations really do."""

import functools
import math
import sys
from typing import Any

import keras
import numpy as np
import pytest

import keras_acts
from keras_acts._core import CATALOGUE
from keras_acts._derivative import derivative
from keras_acts._formula import Formula
from keras_acts.properties import starting_values

WITH_FORMULA = sorted(name for name, facts in CATALOGUE.items() if facts.formula)
# Signs and steps come to rest on grid points; random ones keep clear of them.
X = np.random.default_rng(0).normal(0, 3, 4000)


def values(name, x):
    """The activation itself, as a new layer on the active backend, in inference."""
    column, layer = np.asarray(x, "float32")[:, None], CATALOGUE[name].layer()
    if not layer.built:
        layer.build(column.shape)
        start = starting_values(CATALOGUE[name])  # some start at random
        for weight in layer.weights:
            weight.assign(np.full(weight.shape, start[weight.name]))
    return np.asarray(keras.ops.convert_to_numpy(layer(column)))[:, 0]


def test_relu_has_the_moments_that_are_known_in_closed_form():
    relu = keras_acts.facts("relu")
    assert relu.mean == pytest.approx(1 / math.sqrt(2 * math.pi), rel=1e-12)
    assert relu.gain_second_moment == pytest.approx(math.sqrt(2), rel=1e-12)
    assert relu.gain_variance == pytest.approx(1 / math.sqrt(0.5 - 1 / (2 * math.pi)), rel=1e-12)
    assert relu.gain_backward == pytest.approx(math.sqrt(2), rel=1e-12)
    assert (relu.zero_slope_share, relu.lipschitz, relu.monotone) == (
        pytest.approx(0.5, rel=1e-12),
        1.0,
        "non-decreasing",
    )
    assert (relu.smoothness, relu.saturates, relu.symmetry, relu.year) == ("C0", "left", "none", 1969)


def test_selu_keeps_mean_and_variance():
    selu = keras_acts.facts("selu")
    assert selu.zero_centred
    assert selu.variance == pytest.approx(1, rel=1e-12)


def test_facts_of_other_parameters_are_of_those_parameters():
    assert keras_acts.facts("leaky_relu", negative_slope=0.0).gain_variance == keras_acts.facts("relu").gain_variance
    assert keras_acts.facts("elu", alpha=0.5).smoothness == "C0"
    assert keras_acts.facts("elu").smoothness == "C1"


@pytest.mark.parametrize(
    ("name", "symmetry", "saturates", "smoothness", "monotone"),
    [
        ("tanh", "odd", "both", "smooth", "increasing"),
        ("linear", "odd", "none", "smooth", "increasing"),
        ("silu", "none", "left", "smooth", "no"),
        ("softplus", "none", "left", "smooth", "increasing"),
    ],
)
def test_shapes(name, symmetry, saturates, smoothness, monotone):
    known = keras_acts.facts(name)
    assert (known.symmetry, known.saturates, known.smoothness, known.monotone) == (
        symmetry,
        saturates,
        smoothness,
        monotone,
    )


@pytest.mark.parametrize("name", WITH_FORMULA)
def test_the_activation_has_the_moments_and_shape_that_its_facts_state(name):
    known = keras_acts.facts(name)
    x = np.sort(X).astype("float32")
    y = values(name, x).astype("float64")
    low, high = known.output_range or (-math.inf, math.inf)
    assert np.all((y >= low - 1e-6 * abs(low)) & (y <= high + 1e-6 * abs(high)))
    mirrored = values(name, -x)
    scale = 1e-5 * (1 + np.abs(y))
    if known.symmetry != "none":
        assert np.all(np.abs(y + mirrored * (1 if known.symmetry == "odd" else -1)) <= scale)
    steps, runs = np.diff(y), np.diff(x.astype("float64"))
    noise = 1e-5 * (1 + np.abs(y[1:]))
    if "creasing" in known.monotone:
        assert np.all((steps if known.monotone in ("increasing", "non-decreasing") else -steps) >= -noise)
    if math.isfinite(known.lipschitz):
        assert np.all(np.abs(steps) <= known.lipschitz * runs + noise)
    draws = np.random.default_rng(1).normal(size=200_000)
    sample = values(name, draws).astype("float64")
    error = 6 * sample.std() / math.sqrt(draws.size) + 1e-6
    assert sample.mean() == pytest.approx(known.mean, abs=error)


@pytest.mark.parametrize("name", WITH_FORMULA)
def test_the_derivative_that_is_printed_is_the_slope(name):
    found = CATALOGUE[name]
    parameters = starting_values(found)
    truth = Formula(found.formula).evaluate(X, parameters, bits=30, floor=1e-12).slope
    printed = Formula(derivative(found.formula)).evaluate(X, parameters, bits=30, floor=1e-12).value
    np.testing.assert_allclose(printed, truth, rtol=1e-8, atol=1e-11)


@pytest.mark.parametrize("name", sorted(name for name, facts in CATALOGUE.items() if facts.equals))
def test_what_an_activation_is_said_to_equal_computes_the_same(name):
    for call in CATALOGUE[name].equals:
        other, _, rest = call.rstrip(")").partition("(")
        settings: Any = dict(part.strip().split("=") for part in rest.split(",")[1:])
        twin = keras_acts.get(other, **{key: float(value) for key, value in settings.items()})
        if CATALOGUE[name].formula:
            got = np.asarray(keras.ops.convert_to_numpy(twin(np.asarray(X, "float32")[:, None])))[:, 0]
            expected = values(name, X)
        else:  # the entries of a row depend on each other
            rows = np.asarray(X, "float32").reshape(-1, 8)
            got, expected = (keras.ops.convert_to_numpy(call(rows)) for call in (twin, CATALOGUE[name].layer()))
        np.testing.assert_allclose(got, expected, rtol=2e-6, atol=2e-6)


WIDTH = 768


@functools.cache
def weights(layer):
    return np.random.default_rng(layer).normal(size=(WIDTH, WIDTH)).astype("float32")


def signal_after(name, depth=50):
    """Variance over the units of the pre-activations after many layers with the recommended start."""
    scale = np.float32(math.sqrt(keras_acts.initializer_for(name).scale / WIDTH))
    z = np.random.default_rng(2).normal(size=(4, WIDTH)).astype("float32")
    for layer in range(depth):
        z = (values(name, z.ravel()).reshape(z.shape) * scale) @ weights(layer)
    return float(np.mean(z.astype("float64") ** 2))


GAINED = [name for name in keras_acts.list_activations("elementwise") if keras_acts.facts(name).gain_second_moment]
STABLE = [name for name in GAINED if keras_acts.facts(name).depth_stable]


@pytest.mark.parametrize("name", GAINED)
def test_the_recommended_start_hands_on_a_variance_of_one(name):
    """So it does layer after layer in a wide network; in a narrow one chance adds up where the scale is not stable."""
    assert 0.85 < signal_after(name, depth=1) < 1.15


@pytest.mark.parametrize("name", STABLE)
def test_the_recommended_start_carries_the_signal_through_fifty_layers(name):
    assert 0.4 < signal_after(name) < 2.5


def test_the_initializer_draws_weights_of_the_variance_that_it_states():
    initializer = keras_acts.initializer_for("tanh", seed=3)
    drawn = keras.ops.convert_to_numpy(initializer((WIDTH, WIDTH)))
    assert drawn.var() * WIDTH == pytest.approx(initializer.scale, rel=0.01)


def test_a_signal_without_the_recommended_start_dies():
    z = np.random.default_rng(2).normal(size=(4, 256)).astype("float32")
    for layer in range(50):
        weights = keras.initializers.GlorotUniform(seed=layer)((256, 256))
        z = np.maximum(z, 0) @ np.asarray(keras.ops.convert_to_numpy(weights))
    assert float(np.mean(z**2)) < 1e-6


def test_initializer_is_saved_with_its_layer():
    layer = keras.layers.Dense(3, kernel_initializer=keras_acts.initializer_for("gelu", seed=1))
    again = keras.layers.Dense.from_config(layer.get_config())
    assert again.kernel_initializer.scale == pytest.approx(keras_acts.facts("gelu").gain_second_moment ** 2)


def test_there_is_no_initializer_for_what_has_no_gain():
    with pytest.raises(ValueError, match=r"softmax has no gain.*expected.*got.*initialise as"):
        keras_acts.initializer_for("softmax")


def test_an_unknown_parameter_is_refused():
    with pytest.raises(ValueError, match=r"elu has no parameter beta; expected some of \['alpha'\], got \{'beta': 1\}"):
        keras_acts.facts("elu", beta=1)


def test_all_facts_come_in_alphabetical_order_and_print():
    everything = keras_acts.facts()
    assert [known.name for known in everything] == sorted(CATALOGUE)
    for known in everything:
        assert known.source in str(known)


@pytest.mark.parametrize(
    ("formula", "slope"),
    [
        ("x", "1"),
        ("x ** 3", "3 * x ** 2"),
        ("where(x > 0, x, alpha * expm1(x))", "where(x > 0, 1, alpha * exp(x))"),
        ("x / (1 + exp(-x))", "1 / (1 + exp(-x)) + x * exp(-x) / (1 + exp(-x)) ** 2"),
        ("clip(x, 0, 6)", "where(x < 0, 0, where(x > 6, 0, 1))"),
    ],
)
def test_derivatives_are_written_as_people_write_them(formula, slope):
    assert derivative(formula) == slope


def test_what_has_no_rule_is_refused():
    with pytest.raises(ValueError, match="has no rule of differentiation: expected"):
        derivative("x @ x")


def test_facts_need_no_arbitrary_precision(monkeypatch):
    monkeypatch.setitem(sys.modules, "flint", None)
    known = keras_acts.facts("elu", alpha=0.625)  # a value nobody asked for before: nothing is cached
    assert known.output_range == (-0.625, math.inf)
    assert keras_acts.plot_activation("elu", alpha=0.625).axes[0].lines
