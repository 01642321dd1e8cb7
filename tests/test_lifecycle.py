"""What else people do with a layer: one of each kind, since the abstract layers hold what counts here."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops
from samples import BACKEND, ONE_OF_EACH_KIND, built, kind, sample, to_numpy
from test_transforms import gradient

pytestmark = pytest.mark.usefixtures("quick_compilation")
LOW = [facts for facts in ONE_OF_EACH_KIND if kind(facts).least_rank <= 3]
OTHERS = [name for name in ("jax", "tensorflow", "torch") if name != BACKEND and importlib.util.find_spec(name)]
X = sample((2, 3, 4, 12), reach=4)


def one_of_each(kinds):
    return pytest.mark.parametrize("facts", kinds, ids=lambda facts: facts.name)


@one_of_each(LOW)
def test_distributed_over_time_it_computes_each_step(facts):
    layer = built(facts, (2, 4, 12))
    got = to_numpy(keras.layers.TimeDistributed(layer)(X))
    steps = [to_numpy(layer(X[:, step])) for step in range(X.shape[1])]
    np.testing.assert_allclose(got, np.stack(steps, 1), rtol=1e-6, atol=1e-6)


@one_of_each(ONE_OF_EACH_KIND)
def test_computed_anew_for_the_gradient_it_is_the_same(facts):
    layer = built(facts, X.shape)
    x = ops.convert_to_tensor(X)
    np.testing.assert_allclose(
        to_numpy(gradient(keras.remat(layer.__call__))(x)), to_numpy(gradient(layer)(x)), rtol=1e-5, atol=1e-6
    )


@pytest.mark.filterwarnings("default")  # Keras says that activations have nothing to quantise
def test_after_a_quantised_layer_it_computes_from_what_that_gives():
    inputs = keras.Input((3, 4, 12))
    dense = keras.layers.Dense(12, name="dense")
    outputs = [built(facts, X.shape)(dense(inputs)) for facts in ONE_OF_EACH_KIND]
    model = keras.Model(inputs, outputs)
    before = [to_numpy(y) for y in model(X)]
    model.quantize("int8")
    given = dense(X)
    after = [to_numpy(y) for y in model(X)]
    assert not np.array_equal(after[0], before[0])
    layers = [layer for layer in model.layers if layer is not dense and layer.name != inputs.name]
    for facts, result in zip(ONE_OF_EACH_KIND, after, strict=True):
        layer = next(each for each in layers if type(each) is facts.layer)
        np.testing.assert_allclose(result, to_numpy(layer(given)), rtol=1e-5, atol=1e-5, err_msg=facts.name)


LOADING = """
import sys
import numpy as np
import keras_acts
import keras
results = keras.saving.load_model(sys.argv[1])(np.load(sys.argv[2]))
np.savez(sys.argv[3], *[keras.ops.convert_to_numpy(result) for result in results])
"""


if OTHERS:

    def test_another_backend_loads_it_and_computes_the_same(tmp_path):
        inputs = keras.Input((3, 4, 12))
        model = keras.Model(inputs, [built(facts, X.shape)(inputs) for facts in ONE_OF_EACH_KIND])
        rng = np.random.default_rng(1)
        for weight in model.weights:
            if "float" in weight.dtype:
                weight.assign(weight.value + rng.uniform(0.0, 0.25, weight.shape))
        model.save(tmp_path / "model.keras")
        np.save(tmp_path / "x.npy", X)
        command = [sys.executable, "-c", LOADING, *(str(tmp_path / name) for name in ("model.keras", "x.npy", "y.npz"))]
        environment = {**os.environ, "KERAS_BACKEND": OTHERS[0], "TF_CPP_MIN_LOG_LEVEL": "3"}
        child = subprocess.run(command, env=environment, cwd=Path(__file__).parents[1], capture_output=True, text=True)
        assert child.returncode == 0, child.stderr[-3000:]
        with np.load(tmp_path / "y.npz") as results:
            for facts, name, expected in zip(ONE_OF_EACH_KIND, results.files, model(X), strict=True):
                np.testing.assert_allclose(results[name], to_numpy(expected), rtol=1e-5, atol=1e-6, err_msg=facts.name)
