"""`keras_acts.get` and `keras_acts.list_activations`."""

from typing import Any

import keras
import numpy as np
from samples import CATALOGUE, each, to_numpy

import keras_acts

X = np.array([[-2.0, -0.5, 0.5, 3.0]], "float32")


@each()
def test_every_spelling_finds_it(facts):
    name = facts.layer.__name__
    for spelling in (facts.name, *facts.aliases, facts.name.upper(), facts.name.replace("_", "-"), facts.name + " "):
        found = keras_acts.get(spelling)
        assert found is facts.function or type(found) is facts.layer
    assert type(keras_acts.get(name)) is facts.layer
    assert type(keras_acts.get(f"keras_acts>{name}")) is facts.layer
    assert type(keras_acts.get(facts.layer)) is facts.layer


@each()
def test_name_gives_the_function_unless_there_is_something_to_keep(facts):
    first, second = keras_acts.get(facts.name), keras_acts.get(facts.name)
    if facts.holds:
        assert type(first) is facts.layer
        assert first is not second, "two layers must not share weights or random numbers by accident"
    else:
        assert first is second is facts.function


def test_no_spelling_means_two_things():
    spellings = [s for facts in CATALOGUE.values() for s in (facts.name, *facts.aliases)]
    assert len(spellings) == len(set(spellings))


def test_parameters_make_a_layer():
    layer = keras_acts.get("leaky_relu", negative_slope=0.2)
    assert type(layer) is keras_acts.LeakyReLU
    assert layer.negative_slope == 0.2
    assert keras_acts.get(keras_acts.LeakyReLU, negative_slope=0.2).negative_slope == 0.2
    assert keras_acts.get("prelu", alpha_initializer=0.5).alpha_initializer.value == 0.5


def test_objects_come_back_as_they_are():
    layer = keras_acts.LeakyReLU(0.3)
    for thing in (layer, keras_acts.relu, keras.activations.relu, np.sin):
        assert keras_acts.get(thing) is thing
    assert keras_acts.get(None) is keras_acts.linear


def test_a_layer_from_get_is_saved_inside_dense(tmp_path):
    names: dict[str, Any] = {
        "leaky_relu": {"negative_slope": 0.2},
        "elu": {"alpha": 0.5},
        "prelu": {"alpha_initializer": 0.1},
    }
    inputs = keras.Input((4,))
    dense = [keras.layers.Dense(4, activation=keras_acts.get(name, **settings)) for name, settings in names.items()]
    model = keras.Model(inputs, keras.layers.concatenate([layer(inputs) for layer in dense]))
    expected = to_numpy(model(X))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(to_numpy(loaded(X)), expected)
    assert loaded.layers[1].activation.negative_slope == 0.2


def test_keras_finds_a_saved_configuration():
    dense = keras.layers.Dense(4, activation=keras_acts.leaky_relu)
    assert keras.layers.Dense.from_config(dense.get_config()).activation is keras_acts.leaky_relu


def test_list_of_names():
    assert keras_acts.list_activations() == sorted(CATALOGUE)
    kinds = {facts.kind for facts in CATALOGUE.values()}
    assert sorted(name for kind in kinds for name in keras_acts.list_activations(kind)) == sorted(CATALOGUE)
