"""`replace_activations` changes what it says, keeps every weight, and leaves the original alone."""

import keras
import numpy as np
import pytest
from keras import layers

import keras_acts
from keras_acts.surgery import replace_activations

pytestmark = pytest.mark.usefixtures("quick_compilation")


def numbers(x):
    return keras.ops.convert_to_numpy(x)


def sequential():
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(8, activation="relu", name="first"),
            layers.BatchNormalization(),
            layers.ReLU(max_value=6, name="clip"),
            layers.Dense(3, activation="softmax", name="head"),
        ],
        name="sequential",
    )


def functional():
    inputs = keras.Input((6,))
    shared = layers.Dense(6, activation="relu", name="shared")
    x = shared(shared(inputs))
    x = layers.Add()([x, layers.Activation("relu", name="skip")(inputs)])
    gate = layers.Dense(6, activation="sigmoid", name="gate")(x)
    x = layers.Multiply()([x, gate])
    return keras.Model(inputs, layers.Dense(2, activation="sigmoid", name="head")(x))


def nested():
    inputs = keras.Input((6,))
    inner = sequential()
    features = keras.Model(inner.inputs, inner.get_layer("clip").output, name="features")
    return keras.Model(inputs, layers.Dense(1, activation="relu", name="head")(features(inputs)))


def hard_gate():
    """As in MobileNetV3: a ReLU6 that is shifted and scaled into a gate."""
    inputs = keras.Input((6,))
    x = layers.Dense(6, activation="relu", name="hidden")(inputs)
    gate = layers.ReLU(6.0, name="gate")(x + 3.0) * (1.0 / 6.0)
    return keras.Model(inputs, layers.Dense(2)(layers.Multiply()([x, gate])))


@keras.saving.register_keras_serializable("surgery_test")
class Block(layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.dense = layers.Dense(units, activation="relu")
        self.act = layers.ReLU()
        self.more = [layers.Dense(units), layers.ReLU()]

    def build(self, shape):
        self.dense.build(shape)
        self.more[0].build((*shape[:-1], self.units))

    def call(self, x):
        x = self.act(self.dense(x))
        for layer in self.more:
            x = layer(x)
        return x

    def get_config(self):
        return {**super().get_config(), "units": self.units}


def custom_layer():
    return keras.Sequential([keras.Input((6,)), Block(5, name="block"), layers.Dense(2)])


@keras.saving.register_keras_serializable("surgery_test")
class Subclassed(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.block = Block(4)
        self.act = layers.ReLU(name="act")
        self.head = layers.Dense(2)

    def call(self, x):
        return self.head(self.act(self.block(x)))


def subclassed():
    model = Subclassed()
    model(np.zeros((1, 6), "float32"))
    return model


KINDS = [sequential, functional, nested, hard_gate, custom_layer, subclassed]
X = np.random.default_rng(0).normal(size=(16, 6)).astype("float32")


def kernels(model):
    return [numbers(weight) for weight in model.weights if weight.name in ("kernel", "bias", "moving_variance")]


@pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)
def test_replaced_saved_loaded_and_trained(make, tmp_path):
    model = make()
    before = numbers(model(X))
    new, changes = replace_activations(model, {"relu": "gelu"})
    assert changes
    assert {change.new for change in changes} == {"gelu"}
    np.testing.assert_array_equal(numbers(model(X)), before)
    for one, other in zip(kernels(model), kernels(new), strict=True):
        np.testing.assert_array_equal(one, other)
    after = numbers(new(X))
    assert np.abs(after - before).max() > 1e-4
    back, _ = replace_activations(new, {"gelu": "relu"}, where=lambda site: True)
    if make is not sequential and make is not nested:  # a ReLU6 does not come back as one
        np.testing.assert_allclose(numbers(back(X)), before, rtol=1e-5, atol=1e-6)
    if make in (custom_layer, subclassed):  # their own code makes the activations, and runs again on loading
        new.save_weights(tmp_path / "new.weights.h5")
        loaded, _ = replace_activations(make(), {"relu": "gelu"})
        loaded.load_weights(tmp_path / "new.weights.h5")
    else:
        new.save(tmp_path / "new.keras")
        loaded = keras.models.load_model(tmp_path / "new.keras")
    np.testing.assert_allclose(numbers(loaded(X)), after, rtol=1e-5, atol=1e-6)
    new.compile("sgd", "mse")
    new.train_on_batch(X, np.ones_like(after))
    # Training the copy changes the copy alone.
    assert not np.array_equal(kernels(new)[0], kernels(model)[0])
    np.testing.assert_array_equal(numbers(model(X)), before)


@pytest.mark.parametrize(
    ("make", "paths"),
    [
        (sequential, ["first", "clip"]),
        (functional, ["shared", "skip"]),
        (nested, ["features/first", "features/clip"]),
        (hard_gate, ["hidden"]),
    ],
)
def test_gates_and_outputs_stay(make, paths):
    _, changes = replace_activations(make(), {"relu": "tanh"})
    assert sorted(change.path for change in changes) == sorted(paths)


def test_a_sigmoid_gate_goes_only_when_named():
    _, changes = replace_activations(functional(), {"relu": "tanh", "gate": "hard_sigmoid"})
    assert [change.path for change in changes if change.new == "hard_sigmoid"] == ["gate"]
    _, changes = replace_activations(functional(), {"sigmoid": "tanh"})
    assert list(changes) == []
    _, changes = replace_activations(functional(), {"sigmoid": "tanh"}, where=lambda site: site.role != "hidden")
    assert [change.path for change in changes] == ["gate", "head"]


def test_by_depth():
    _, changes = replace_activations(functional(), {"relu": "tanh"}, where=lambda site: site.depth == 0)
    assert len(changes) == 1


def test_relu6_counts_as_relu_unless_named():
    _, changes = replace_activations(sequential(), {"relu": "gelu", "relu6": "hard_silu"})
    assert [(change.old, change.new) for change in changes] == [("relu", "gelu"), ("relu6", "hard_silu")]


def test_an_activation_with_weights_splits_the_layer(tmp_path):
    model = sequential()
    new, changes = replace_activations(model, {"relu": "prelu"})
    assert [change.how for change in changes] == ["split", "layer"]
    assert [layer.name for layer in new.layers][:2] == ["first", "first_prelu"]
    assert new.count_params() == model.count_params() + 16
    new.save(tmp_path / "new.keras")
    np.testing.assert_array_equal(numbers(keras.models.load_model(tmp_path / "new.keras")(X)), numbers(new(X)))
    # A shared layer gets one activation behind it, shared as well.
    new, _ = replace_activations(functional(), {"shared": keras.layers.PReLU})
    assert sum(layer.name == "shared_prelu" for layer in new.layers) == 1


@pytest.mark.parametrize("name", ["prelu", "leaky_relu", "swish_beta", "softplus"])
def test_preserve_starts_as_the_same_function(name):
    model = functional()
    new, changes = replace_activations(model, {"relu": name}, preserve=True)
    assert {change.new for change in changes} == {name}
    tolerance = 1e-5 if name in ("prelu", "leaky_relu") else 0.05
    np.testing.assert_allclose(numbers(new(X)), numbers(model(X)), atol=tolerance)
    plain, _ = replace_activations(model, {"relu": name})
    assert np.abs(numbers(plain(X)) - numbers(model(X))).max() > 1e-4


@pytest.mark.parametrize(("old", "new"), [("relu", "tanh"), ("relu6", "prelu")])
def test_preserve_says_when_it_cannot(old, new):
    with pytest.raises(ValueError, match=f"can start as {old} .* got {new}"):
        replace_activations(sequential(), {old: new}, preserve=True)


def test_calibration_is_the_best_fit_of_each_unit(tmp_path):
    x = np.random.default_rng(1).normal(size=(512, 6)).astype("float32")
    model = keras.Sequential([keras.Input((6,)), layers.Dense(8, activation="relu", name="first")])
    model.add(layers.BatchNormalization(name="norm"))
    model.add(layers.Dense(4, name="head"))
    new, (change,) = replace_activations(model, {"relu": "softplus"}, calibrate=x)
    assert change.calibrated
    z = x @ numbers(model.get_layer("first").kernel)
    scaling = new.get_layer("first_scale")
    for unit in range(8):
        slope, offset = np.polyfit(np.logaddexp(0, z[:, unit]), np.maximum(z[:, unit], 0), deg=1)
        assert scaling.scale[unit] == pytest.approx(slope, rel=1e-3)
        assert scaling.offset[unit] == pytest.approx(offset, rel=1e-3)
    norm = new.get_layer("norm")
    hidden = np.logaddexp(0, z) * scaling.scale + scaling.offset
    np.testing.assert_allclose(numbers(norm.moving_mean), hidden.mean(axis=0), rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(numbers(norm.moving_variance), hidden.var(axis=0), rtol=1e-3)
    assert norm.momentum == 0.99
    new.save(tmp_path / "new.keras")
    np.testing.assert_allclose(numbers(keras.models.load_model(tmp_path / "new.keras")(X)), numbers(new(X)), rtol=1e-5)


def test_parameters_layers_and_functions():
    model = sequential()
    for target in (("leaky_relu", {"negative_slope": 0.3}), keras_acts.LeakyReLU(0.3), layers.LeakyReLU(0.3)):
        new, _ = replace_activations(model, {"first": target})
        hidden = keras.Model(
            new.inputs[0], next(layer.input for layer in new.layers if isinstance(layer, layers.BatchNormalization))
        )(X)
        plain = X @ numbers(model.layers[0].kernel)
        np.testing.assert_allclose(numbers(hidden), np.where(plain > 0, plain, 0.3 * plain), rtol=1e-4, atol=1e-5)
    new, _ = replace_activations(model, {"first": keras.ops.tanh})
    np.testing.assert_allclose(numbers(new.layers[0](X)), np.tanh(X @ numbers(model.layers[0].kernel)), rtol=1e-5)


def test_a_compiled_model_stays_compiled_and_frozen_layers_frozen():
    model = functional()
    model.get_layer("shared").trainable = False
    model.compile("adam", "mse")
    new, _ = replace_activations(model, {"relu": "silu"})
    assert new.compiled
    assert new.optimizer is not model.optimizer
    assert not new.get_layer("shared").trainable


def test_recurrent_and_wrapped_layers():
    inputs = keras.Input((5, 3))
    x = layers.Bidirectional(layers.SimpleRNN(4, activation="relu", return_sequences=True), name="both")(inputs)
    x = layers.TimeDistributed(layers.Dense(2, activation="relu"), name="each")(x)
    model = keras.Model(inputs, layers.Flatten()(x))
    new, changes = replace_activations(model, {"relu": "tanh"})
    assert len(changes) == 3
    x = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")
    assert numbers(new(x)).min() < 0 <= numbers(model(x)).min()


@pytest.mark.parametrize(
    ("make", "arguments", "message"),
    [
        (sequential, {"rleu": "gelu"}, "found nothing called 'rleu'.*'relu'"),
        (sequential, {"relu": "swiglu"}, "changes the width"),
        (custom_layer, {"relu": "prelu"}, "'block'.*needs a layer of its own|needs a layer of its own"),
        (lambda: keras.Sequential([layers.Dense(2, activation="relu")]), {"relu": "gelu"}, "not built"),
    ],
)
def test_errors(make, arguments, message):
    with pytest.raises(ValueError, match=message):
        replace_activations(make(), arguments)


def test_wrong_types():
    with pytest.raises(TypeError, match="needs a Keras model, got 'model'"):
        replace_activations("model", {"relu": "gelu"})  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError, match="got 3 of type int"):
        replace_activations(sequential(), {"relu": 3})
