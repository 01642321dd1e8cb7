"""Every activation survives saving, loading in a fresh process, cloning, copying and pickling."""

import copy
import json
import os
import pickle
import subprocess
import sys

import keras
import numpy as np
import pytest
from samples import (
    BACKEND,
    CATALOGUE,
    QUICK,
    SHAPE,
    built,
    each,
    evaluate,
    layer_parameters,
    learned,
    sample,
    to_numpy,
    varied,
)

import keras_acts

# Loads with `safe_mode` on, as `load_model` does by itself, and knows nothing but the package.
LOADING = f"""
import sys
import numpy as np
import keras_acts
import keras
model = keras.saving.load_model(sys.argv[1])
run = model
if keras.backend.backend() == "jax":
    import jax
    run = jax.jit(model, compiler_options={QUICK})
results = run(np.load(sys.argv[2])["x"])
np.savez(sys.argv[3], **{{name: keras.ops.convert_to_numpy(result) for name, result in results.items()}})
"""


def inside_dense(facts):
    """What `Dense(activation=...)` takes: the function, or the layer where it has weights; `None` if neither fits."""
    layer = built(facts)
    if tuple(layer.compute_output_shape(SHAPE)) != SHAPE:
        return None
    return layer if learned(facts) else facts.function


@pytest.fixture(scope="module")
def model():
    """Every activation as a layer that is not the default one, and inside Dense; no weight has its initial value."""
    inputs = keras.Input(SHAPE[1:])
    outputs = {}
    for name, facts in CATALOGUE.items():
        outputs[name] = facts.layer(**varied(facts), name=name)(inputs)
        if activation := inside_dense(facts):
            outputs[f"{name}_in_dense"] = keras.layers.Dense(SHAPE[-1], activation, name=f"{name}_in_dense")(inputs)
    made = keras.Model(inputs, outputs)
    rng = np.random.default_rng(1)
    for weight in made.weights:
        if "float" in weight.dtype:
            weight.assign(weight.value + rng.uniform(0.0, 0.25, weight.shape))
    return made


@pytest.fixture(scope="module")
def results(model):
    x = sample()
    return x, evaluate({"all": model}, x)("all")


@pytest.fixture(scope="module")
def reloaded(model, results, tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    paths = [str(folder / name) for name in ("model.keras", "x.npz", "results.npz")]
    model.save(paths[0])
    np.savez(paths[1], x=results[0])
    command = [sys.executable, "-W", "error", "-c", LOADING, *paths]
    child = subprocess.run(command, env={**os.environ, "KERAS_BACKEND": BACKEND}, capture_output=True, text=True)
    assert child.returncode == 0, child.stderr[-3000:]
    return dict(np.load(paths[2]))


@each()
def test_a_fresh_process_loads_it_and_computes_the_same(facts, results, reloaded):
    names = [name for name in (facts.name, f"{facts.name}_in_dense") if name in results[1]]
    for name in names:
        np.testing.assert_array_equal(reloaded[name], to_numpy(results[1][name]), strict=True)
    assert facts.name in names


@pytest.fixture(scope="module")
def clone(model, tmp_path_factory):
    """A clone of the model that has been given the weights of the original from a file."""
    path = str(tmp_path_factory.mktemp("saved") / "model.weights.h5")
    model.save_weights(path)
    twin = keras.models.clone_model(model)
    twin.load_weights(path)
    return twin


def assert_same_layer(layer, expected):
    assert type(layer) is type(expected)
    assert layer is not expected
    assert layer.get_config() == expected.get_config()
    assert [weight.path for weight in layer.weights] == [weight.path for weight in expected.weights]
    for weight, same in zip(layer.weights, expected.weights, strict=True):
        np.testing.assert_array_equal(to_numpy(weight.value), to_numpy(same.value), strict=True)


@each()
def test_a_clone_with_loaded_weights_is_equal(facts, model, clone):
    assert_same_layer(clone.get_layer(facts.name), model.get_layer(facts.name))
    if inside_dense(facts):
        dense = [each.get_layer(f"{facts.name}_in_dense") for each in (clone, model)]
        assert_same_layer(*dense)


@each()
def test_layer_can_be_pickled_and_copied(facts, model):
    layer = model.get_layer(facts.name)
    assert_same_layer(pickle.loads(pickle.dumps(layer)), layer)  # noqa: S301
    assert_same_layer(copy.deepcopy(layer), layer)


@each()
def test_function_can_be_pickled_and_copied(facts):
    assert pickle.loads(pickle.dumps(facts.function)) is facts.function  # noqa: S301
    assert copy.deepcopy(facts.function) is facts.function


@each()
def test_config_is_plain_data_and_rebuilds_the_layer(facts):
    layer = facts.layer(**varied(facts))
    config = json.loads(json.dumps(layer.get_config()))
    assert {p.name for p in layer_parameters(facts)} <= config.keys()
    twin = facts.layer.from_config(config)
    assert twin.get_config() == layer.get_config()
    saved = keras.saving.serialize_keras_object(layer)
    assert saved["registered_name"] == f"keras_acts>{facts.layer.__name__}"
    assert keras_acts.get(json.loads(json.dumps(saved))).get_config() == layer.get_config()


@each()
def test_function_is_saved_under_the_packages_name(facts):
    saved = keras.saving.serialize_keras_object(facts.function)
    assert saved["config"] == f"keras_acts>{facts.name}"
    assert keras.saving.deserialize_keras_object(saved) is facts.function
    assert keras_acts.get(saved) is facts.function
