"""A model trained with the monitor is, to the bit, the model trained without it."""

import hashlib
import re
import zipfile

import keras
import numpy as np
import pytest
from keras import layers
from recounting import fit, quiet

import keras_acts

EXTRAS = ("positions", "mean", "saturation", "gradient", "norms", "histogram")


def dense():
    return keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(16, "relu"),
            layers.Dropout(0.3),
            layers.Dense(16, keras_acts.gelu),
            layers.Dense(1, "sigmoid"),
        ]
    )


def convolutional():
    return keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            layers.Conv2D(8, 3, activation="relu"),
            layers.Conv2D(8, 3, use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(6.0),
            layers.GlobalAveragePooling2D(),
            layers.Dense(1),
        ]
    )


def trained(build, x, monitors, path, **compiled):
    keras.utils.clear_session()
    keras.utils.set_random_seed(3)
    model = build()
    model.compile(keras.optimizers.Adam(0.01), "mse", **compiled)
    targets = np.linspace(-1, 1, len(x), dtype="float32")[:, None]
    # Batches of one size, so that each program is compiled once.
    settings = {"epochs": 2, "batch_size": len(x) // 4, "shuffle": True, "validation_split": 0.25}
    losses = fit(model, x, monitors, targets, **settings).history
    model.save(path)
    with zipfile.ZipFile(path) as file:
        config = re.sub(rb'"shared_object_id": \d+', b"", file.read("config.json"))  # an address in memory
        parts = [file.namelist(), config, hashlib.sha256(file.read("model.weights.h5")).hexdigest()]
    return {
        "losses": {name: values for name, values in losses.items() if "loss" in name},
        "weights": [keras.ops.convert_to_numpy(v).tobytes() for v in model.variables],
        "names": [v.path for v in model.variables],
        "optimizer": [keras.ops.convert_to_numpy(v).tobytes() for v in model.optimizer.variables],
        "file": parts,
        "summary": model.to_json(),
    }


@pytest.mark.parametrize(
    ("build", "jit_compile", "extras"),
    [(dense, True, EXTRAS), (dense, False, ()), (convolutional, True, ()), (convolutional, False, EXTRAS)],
)
def test_model_is_the_same_to_the_bit(rows, images, tmp_path, build, jit_compile, extras):
    jit_compile = jit_compile and keras.backend.backend() != "torch"  # the monitor runs torch's step uncompiled
    x = rows if build is dense else images
    without = trained(build, x, [], tmp_path / "a.keras", jit_compile=jit_compile)
    monitor = quiet(extras=extras)
    watched = trained(build, x, monitor, tmp_path / "b.keras", jit_compile=jit_compile)
    assert monitor.history.rows
    for part in without:
        assert watched[part] == without[part], part


def test_nothing_stays_replaced(rows):
    model = dense()
    model.compile("sgd", "mse")
    model.make_train_function()
    before = {layer.name: dict(layer.__dict__) for layer in model.layers}
    step, call = model.train_function, keras.layers.Layer.__call__
    fit(model, rows, quiet())
    assert keras.layers.Layer.__call__ is call
    assert model.train_function is step
    for layer in model.layers:
        assert layer.__dict__.keys() == before[layer.name].keys()
        assert layer.__dict__.get("activation") is before[layer.name].get("activation")
        assert "call" not in layer.__dict__
