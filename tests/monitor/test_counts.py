"""The counts of the compiled training step against a recount by NumPy, to the unit."""

import warnings

import keras
import numpy as np
import pytest
from keras import layers
from recounting import check, fit, quiet, still

import keras_acts


def before(model, name, x):
    """The inputs of an activation layer, or the outputs of a layer without activation, in training mode."""
    layer = model.get_layer(name)
    return keras.ops.convert_to_numpy(keras.Model(model.inputs[0], layer.output)(x, training=True))


def linear_twin(layer, x):
    """What a Dense or Conv layer gives without its activation."""
    activation, layer.activation = layer.activation, None
    try:
        return keras.ops.convert_to_numpy(layer(x))
    finally:
        layer.activation = activation


def test_dense_with_activation(rows):
    model = still(keras.Sequential([keras.Input((5,)), layers.Dense(30, "relu", name="hidden"), layers.Dense(1)]))
    model.get_layer("hidden").bias.assign(np.linspace(-6, 1, 30))
    monitor = quiet(extras=["positions"])
    fit(model, rows, monitor, epochs=2)
    assert list(monitor.dead) == ["hidden"]
    assert 0 < monitor.dead["hidden"].size < 30
    check(monitor, "hidden", linear_twin(model.get_layer("hidden"), rows))


@pytest.mark.parametrize("extras", [(), ("positions", "mean", "saturation", "gradient")])
@pytest.mark.parametrize("jit_compile", [True, False] if keras.backend.backend() != "torch" else [False])
def test_convolution_counts_channels(images, jit_compile, extras):
    model = still(
        keras.Sequential(
            [
                keras.Input((6, 6, 2)),
                layers.Conv2D(7, 3, activation="relu", name="first"),
                layers.Conv2D(5, 3, name="second"),
                layers.ReLU(name="rectifier"),
                layers.Flatten(),
                layers.Dense(1),
            ]
        ),
        jit_compile=jit_compile,
    )
    model.get_layer("first").bias.assign(np.linspace(-4, 0, 7))
    model.get_layer("second").bias.assign([-9, -1, -0.5, 0, 1])
    monitor = quiet(extras=extras)
    fit(model, images, monitor)
    check(monitor, "first", linear_twin(model.get_layer("first"), images))
    check(monitor, "rectifier", before(model, "second", images))
    assert monitor.units["rectifier"].site.producer is model.get_layer("second")
    assert 0 in monitor.dead["rectifier"]


def test_batch_normalization_in_training_mode(images):
    model = still(
        keras.Sequential(
            [
                keras.Input((6, 6, 2)),
                layers.Conv2D(4, 3, use_bias=False),
                layers.BatchNormalization(name="norm"),
                layers.Activation("relu", name="act"),
                layers.GlobalAveragePooling2D(),
            ]
        )
    )
    model.get_layer("norm").beta.assign([-20.0, -2.0, 0.0, 2.0])
    monitor = quiet()
    fit(model, images[:16], monitor)
    check(monitor, "act", before(model, "norm", images[:16]))
    np.testing.assert_array_equal(monitor.dead["act"], [0])


@pytest.mark.parametrize(
    ("activation", "is_flat"),
    [
        (keras_acts.relu, lambda x: x <= 0),
        (keras_acts.ReLU(), lambda x: x <= 0),
        ("relu6", lambda x: (x <= 0) | (x >= 6)),
        ("hard_tanh", lambda x: (x <= -1) | (x >= 1)),
        ("leaky_relu", lambda x: np.zeros(x.shape, bool)),
        ("hard_shrink", lambda x: np.abs(x) <= 0.5),
        (keras.layers.ReLU(max_value=2.0, threshold=0.5), lambda x: (x <= 0.5) | (x >= 2)),
        (lambda x: keras.ops.where(x > 1, x, 3 - 0 * x), lambda x: x <= 1),
    ],
)
def test_dead_is_slope_zero_for_any_activation(rows, activation, is_flat):
    model = still(keras.Sequential([keras.Input((5,)), layers.Dense(12, activation, name="hidden"), layers.Dense(1)]))
    kernel = np.zeros((5, 12), "float32")
    kernel[0] = np.linspace(0.0, 4.0, 12)
    model.get_layer("hidden").set_weights([kernel, np.linspace(-3, 9, 12)])
    monitor = quiet(extras=["positions"])
    fit(model, rows, monitor)
    inputs = rows @ kernel + np.linspace(-3, 9, 12, dtype="float32")
    check(monitor, "hidden", inputs, is_flat)


def test_function_in_a_custom_call(rows):
    @keras.saving.register_keras_serializable("tests")
    class Block(layers.Layer):
        def __init__(self):
            super().__init__(name="block")
            self.dense = layers.Dense(6, name="inner")

        def build(self, shape):
            self.dense.build(shape)

        def call(self, x):
            return keras.activations.relu(self.dense(x)) + keras_acts.relu(x[:, :1] * 2)

    class Whole(keras.Model):
        def __init__(self):
            super().__init__()
            self.block, self.last = Block(), layers.Dense(4, name="last")

        def call(self, x):
            return keras.ops.relu(self.last(self.block(x)))

    model = still(Whole())
    monitor = quiet()
    fit(model, rows, monitor, np.zeros((40, 4)))
    check(monitor, "inner", model.block.dense(rows))
    check(monitor, "block", rows[:, :1] * 2)
    check(monitor, "last", model.last(model.block(rows)))
    assert not monitor.unobserved


def test_shared_layer_is_one_site(rows):
    shared = layers.Dense(5, "relu", name="shared")
    inputs = keras.Input((5,))
    model = still(keras.Model(inputs, shared(shared(inputs))))
    monitor = quiet()
    fit(model, rows, monitor)
    first = linear_twin(shared, rows)
    second = linear_twin(shared, np.maximum(first, 0))
    check(monitor, "shared", np.concatenate([first, second]))


def test_last_and_first_step(rows):
    model = still(keras.Sequential([keras.Input((5,)), layers.Dense(2, "relu", name="hidden")]))
    x = np.zeros((40, 5), "float32")
    x[10], x[25] = 1, -1
    model.get_layer("hidden").set_weights([np.stack([np.ones(5), -np.ones(5)], 1), np.zeros(2)])
    monitor = quiet()
    fit(model, x, monitor, batch_size=4)
    np.testing.assert_array_equal(monitor.units["hidden"].columns["first"], [3, 7])
    np.testing.assert_array_equal(monitor.units["hidden"].columns["last"], [3, 7])


def test_every_activation_is_counted_or_named():
    """Two inputs, a nested model, and layers that apply another one inside a loop, a scan or a mapped function."""
    x, y = (np.random.default_rng(n).normal(size=(16, 4, 3)).astype("float32") for n in range(2))
    inner = keras.Sequential([keras.Input((4, 3)), layers.Dense(5, "relu", name="inside")], name="nested")
    one, two = keras.Input((4, 3)), keras.Input((4, 3))
    parts = [
        inner(one),
        layers.TimeDistributed(layers.Dense(5, "relu", name="each_step"), name="distributed")(two),
        layers.Bidirectional(layers.SimpleRNN(4, "relu", return_sequences=True, name="cell"), name="both_ways")(one),
        layers.Dense(6, "softmax", name="simplex")(two),
        layers.MultiHeadAttention(1, 2, name="attention")(one, two),
    ]
    joined = layers.Concatenate()(parts)
    model = still(keras.Model([one, two], layers.Dense(1, "relu", name="last")(layers.Flatten()(joined))))
    monitor = quiet()
    model.fit([x, y], np.zeros((16, 1)), batch_size=8, shuffle=False, verbose=0, callbacks=[monitor])
    check(monitor, "inside", linear_twin(inner.get_layer("inside"), x))
    named = set(monitor.units) | set(monitor.unobserved)
    assert {"inside", "last"} <= set(monitor.units)
    assert {"simplex"} <= set(monitor.unobserved)
    assert "each_step" in named or "distributed" in named
    assert any("cell" in name for name in named)


def test_rematerialised_blocks_are_named():
    """Their inside is computed anew in the backward pass, in a trace of its own."""
    with keras.RematScope(mode="full"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch has no such thing and says so
        hidden = layers.Dense(4, "relu", name="hidden")
        model = keras.Sequential([keras.Input((5,)), hidden, layers.Dense(2, "relu", name="last")])
        x = np.ones((8, 5), "float32")
        if keras.backend.backend() == "jax":
            monitor = quiet()
            fit(still(model), x, monitor)
        else:  # on TensorFlow, training such a layer fails in Keras itself
            monitor = keras_acts.diagnose(model, x, alarm=1.0)
    assert {"hidden", "last"} == set(monitor.units) | set(monitor.unobserved)
    if keras.backend.backend() == "jax":
        assert "rematerialised" in monitor.unobserved["hidden"]
