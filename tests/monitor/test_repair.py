"""Repair changes no output at the moment of repair, to the bit, and makes dead units fire again."""

import keras
import numpy as np
import pytest
from keras import layers
from recounting import fit, quiet

import keras_acts

X = np.random.default_rng(0).normal(size=(64, 6)).astype("float32")
IMAGES = np.random.default_rng(1).normal(size=(32, 8, 8, 2)).astype("float32")


def dense():
    return [
        keras.Input((6,)),
        layers.Dense(12, "relu", name="a"),
        layers.Dropout(0.0),
        layers.Dense(8, "relu", name="b"),
    ]


def convolution_to_dense():
    return [
        keras.Input((8, 8, 2)),
        layers.Conv2D(6, 3, activation="relu", name="a"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(8, "relu", name="b"),
    ]


def normalized():
    return [
        keras.Input((8, 8, 2)),
        layers.Conv2D(6, 3, name="conv"),
        layers.BatchNormalization(name="norm"),
        layers.ReLU(name="a"),
        layers.Conv2D(4, 3, activation="relu", name="b"),
        layers.GlobalAveragePooling2D(),
    ]


def kill(model, name, units):
    layer = model.get_layer("norm" if name == "a" and any(x.name == "norm" for x in model.layers) else name)
    bias = layer.beta if isinstance(layer, layers.BatchNormalization) else layer.bias
    values = keras.ops.convert_to_numpy(bias).copy()
    values[units] = -50
    bias.assign(values)


def built(parts, optimizer=None):
    keras.utils.set_random_seed(1)
    model = keras.Sequential([*parts, layers.Dense(3, name="last")])
    model.compile(optimizer or keras.optimizers.Adam(1e-3), "mse")
    return model


class Outputs(keras.callbacks.Callback):
    """Notes what the model gives at the end of each epoch."""

    def __init__(self, x):
        super().__init__()
        self.x, self.outputs = x, []

    def on_epoch_end(self, epoch, logs=None):
        self.outputs.append(self.model.predict(self.x, verbose=0))


@pytest.mark.parametrize("parts", [dense, convolution_to_dense, normalized])
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_outputs_stay_to_the_bit_and_units_fire_again(parts, optimizer):
    chosen = keras.optimizers.Adam(1e-3) if optimizer == "adam" else keras.optimizers.SGD(1e-3, momentum=0.9)
    model = built(parts(), chosen)
    x = X if parts is dense else IMAGES
    kill(model, "a", [1, 4])
    kill(model, "b", [0, 3])
    monitor = quiet()
    revive = keras_acts.Revive(monitor, times=1)
    before, after = Outputs(x), Outputs(x)
    fit(model, x, monitor, np.ones((len(x), 3)), epochs=2, callbacks=[before, revive, after])
    assert revive.skipped == {}
    repaired = {entry["layer"]: entry["which"] for entry in revive.log if entry["epoch"] == 0}
    assert {"1", "4"} <= set(repaired["a"].split(", "))
    assert {"0", "3"} <= set(repaired["b"].split(", "))
    np.testing.assert_array_equal(before.outputs[0], after.outputs[0])
    assert not {1, 4} & set(monitor.dead["a"].tolist())
    assert not {0, 3} & set(monitor.dead["b"].tolist())


def test_the_optimizer_forgets_the_unit_and_only_it():
    model = built(dense())
    kill(model, "a", [1])
    monitor = quiet(layers=["a"])
    fit(model, X, monitor, np.ones((64, 3)), epochs=2)
    units = monitor.units["a"]
    which = units.dead
    assert 1 in which
    slots = dict(zip((v.path for v in model.trainable_variables), model.optimizer._momentums, strict=True))
    slot = next(value for path, value in slots.items() if path.endswith("b/kernel"))
    slot.assign(np.ones(slot.shape))
    revive = keras_acts.Revive(monitor)
    revive.set_model(model)
    revive.on_epoch_end(1)
    held = keras.ops.convert_to_numpy(slot)
    assert (held[which] == 0).all()
    assert (np.delete(held, which, 0) == 1).all()


def test_what_cannot_be_repaired_exactly_is_left_alone_and_named():
    inputs = keras.Input((6,))
    a = layers.Dense(6, "relu", name="a")(inputs)
    b = layers.Dense(6, "relu", name="b")(layers.Add(name="sum")([a, inputs]))
    c = layers.Dense(6, "relu6", name="c")(b)
    model = keras.Model(inputs, layers.Dense(3, "relu", name="out")(c))
    model.compile("sgd", "mse")
    for name in "abc":
        kill(model, name, [2])
    model.get_layer("out").bias.assign([-50.0, 1.0, 1.0])
    monitor = quiet()
    revive = keras_acts.Revive(monitor)
    fit(model, X, monitor, epochs=1, callbacks=[revive])
    assert "sum" in revive.skipped["a"]
    assert "does not give 0" in revive.skipped["c"]
    assert "leaves the model" in revive.skipped["out"]
    assert [entry["layer"] for entry in revive.log] == ["b"]


def test_limits():
    model = built(dense(), keras.optimizers.SGD(0.0))
    monitor = quiet()

    class Kill(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            _ = self.model
            kill(self.model, "a", [1])

    revive = keras_acts.Revive(monitor, times=2)
    fit(model, X, monitor, epochs=5, callbacks=[revive, Kill()])
    assert sum("1" in entry["which"].split(", ") for entry in revive.log if entry["layer"] == "a") == 2
    with pytest.raises(ValueError, match="count from 1"):
        keras_acts.Revive(monitor, after=0)


@pytest.mark.parametrize("parts", [dense, convolution_to_dense, normalized])
def test_prelu_in_place_of_relu_computes_the_same(parts, tmp_path):
    model = built(parts())
    x = X if parts is dense else IMAGES
    kill(model, "a", [1, 4])
    copy = keras_acts.with_prelu(model)
    before = model.predict(x, verbose=0)
    np.testing.assert_array_equal(copy.predict(x, verbose=0), before)
    copy.compile("sgd", "mse")
    copy.fit(x, np.ones((len(x), 3)), verbose=0)
    slopes = [v for v in copy.trainable_variables if "alpha" in v.path]
    assert len(slopes) == 2
    assert all((keras.ops.convert_to_numpy(v) != 0).any() for v in slopes)
    np.testing.assert_array_equal(model.predict(x, verbose=0), before)
    copy.save(tmp_path / "copy.keras")
    again = keras.saving.load_model(tmp_path / "copy.keras")
    np.testing.assert_array_equal(again.predict(x, verbose=0), copy.predict(x, verbose=0))


def test_subclassed_models_are_not_copied():
    class Own(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(ValueError, match="subclassed"):
        keras_acts.with_prelu(Own())
