"""Gated units: which half is the gate, along which axis, and where they cannot stand."""

import keras
import numpy as np
import pytest
from samples import each, evaluate, sample, to_numpy

import keras_acts

pytestmark = pytest.mark.usefixtures("quick_compilation")
GATED = each("gated")


def halves(x, axis, gate):
    """Gate and value of a NumPy array."""
    if gate == "interleaved":
        return np.take(x, range(0, x.shape[axis], 2), axis), np.take(x, range(1, x.shape[axis], 2), axis)
    first, second = np.split(x, 2, axis)
    return (first, second) if gate == "first" else (second, first)


@GATED
def test_gate_and_axis_choose_the_halves(facts):
    """In every layout the function sees the same gate and the same value, so it gives the same."""
    x = sample((4, 6, 8), reach=4)
    calls = {
        (axis, gate, form): lambda x, axis=axis, gate=gate, form=form: (
            facts.function(x, axis=axis, gate=gate) if form == "function" else facts.layer(axis=axis, gate=gate)(x)
        )
        for axis in (-1, 1)
        for gate in ("first", "second", "interleaved")
        for form in ("function", "layer")
    }
    contiguous = {
        (axis, gate): lambda x, axis=axis, gate=gate: facts.function(
            np.concatenate(halves(sample((4, 6, 8), reach=4), axis, gate), axis), axis=axis, gate="first"
        )
        for axis in (-1, 1)
        for gate in ("first", "second", "interleaved")
    }
    results, expected = evaluate(calls, x), evaluate(contiguous, x)
    for key in calls:
        np.testing.assert_allclose(to_numpy(results(*key)), to_numpy(expected(*key[:2])), rtol=1e-6, atol=1e-7)
        assert results(*key).shape[key[0]] == x.shape[key[0]] // 2


@pytest.mark.parametrize("gate", ["first", "second", "interleaved"])
def test_swiglu_gates_with_the_half_that_is_named(gate):
    x = sample((3, 8), reach=4)
    gate_half, value_half = halves(x.astype("float64"), -1, gate)
    expected = gate_half / (1 + np.exp(-gate_half)) * value_half
    np.testing.assert_allclose(to_numpy(keras_acts.swiglu(x, gate=gate)), expected, rtol=1e-5)


@GATED
def test_output_shape_halves_one_axis(facts):
    for axis, shape, expected in [
        (-1, (None, 8), (None, 4)),
        (-1, (2, None, 12), (2, None, 6)),
        (1, (None, 6, 5), (None, 3, 5)),
        (-2, (None, None, 5), (None, None, 5)),
    ]:
        layer = facts.layer(axis=axis)
        assert tuple(layer.compute_output_shape(shape)) == expected
        assert tuple(layer(keras.Input(batch_shape=shape)).shape) == expected


@GATED
def test_a_dense_layer_twice_as_wide_stands_before_it(facts):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(8), facts.layer(), keras.layers.Dense(2)])
    assert model.layers[-1].kernel.shape == (4, 2)
    assert model(np.ones((5, 3), "float32")).shape == (5, 2)


@GATED
@pytest.mark.parametrize("form", ["function", "layer"])
@pytest.mark.parametrize("holder", ["Dense", "Activation", "Conv1D", "GRU"])
def test_it_is_refused_as_the_activation_of_another_layer(facts, form, holder):
    activation = facts.function if form == "function" else facts.layer()
    settings = () if holder == "Activation" else (4, 1) if holder == "Conv1D" else (4,)
    with pytest.raises(ValueError, match=f"{facts.layer.__name__}\\(\\)") as refused:
        getattr(keras.layers, holder)(*settings, activation=activation).build((2, 3, 4))
    sentence = str(refused.value)
    for part in ("cannot be the `activation=` of", holder, "expected an activation that keeps the shape", "leave"):
        assert part in sentence


@GATED
def test_beside_the_layer_it_works_inside_another_one(facts):
    """Only being the `activation=` is refused: a layer of the user's own may call it."""

    class Block(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.activation = keras_acts.relu

        def call(self, x):
            return facts.function(self.activation(x))

    assert Block()(np.ones((2, 4), "float32")).shape == (2, 2)


@GATED
def test_an_odd_axis_says_what_to_do(facts):
    for call in (facts.function, facts.layer()):
        with pytest.raises(ValueError, match=r"needs an even size there, got 7 in shape .*; make .* 8 wide or choose"):
            call(np.ones((2, 7), "float32"))
    with pytest.raises(ValueError, match="needs an even size there, got 7"):
        facts.layer()(keras.Input((7,)))
