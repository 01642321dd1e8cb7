"""What the interval bounds prove holds for every input that was tried, and is tight where it can be worked out."""

import keras
import numpy as np
import pytest
from keras import layers

import keras_acts

pytestmark = pytest.mark.usefixtures("quick_compilation")


def hidden(weights, bias, activation="relu"):
    model = keras.Sequential([keras.Input((len(weights),)), layers.Dense(len(bias), activation, name="hidden")])
    model.layers[0].set_weights([np.array(weights), np.array(bias)])
    return model


def test_by_hand():
    """The largest input of each unit over 0 <= x <= 1: 2 - 1.5, 2 - 2.5, 1 - 1."""
    proof = keras_acts.provably_dead(hidden([[1.0, 1.0, 1.0], [1.0, 1.0, -1.0]], [-1.5, -2.5, -1.0]), 0.0, 1.0)
    low, high = proof.bounds["hidden"]
    np.testing.assert_allclose(low, [-1.5, -2.5, -2.0], atol=1e-5)
    np.testing.assert_allclose(high, [0.5, -0.5, 0.0], atol=1e-5)
    np.testing.assert_array_equal(proof.dead["hidden"], [1])  # at exactly 0 rounding decides, so nothing is proved
    assert (high > [0.5, -0.5, 0.0]).all()
    assert not proof.unbounded


def test_bounds_may_differ_from_input_to_input():
    proof = keras_acts.provably_dead(hidden([[1.0], [1.0]], [-1.5]), [0.0, 0.0], [1.0, 0.25])
    np.testing.assert_array_equal(proof.dead["hidden"], [0])


@pytest.mark.parametrize(
    ("activation", "bias", "dead"),
    [
        ("relu6", [-2.0, 0.0, 8.0], [0, 2]),
        ("hard_tanh", [-3.0, 0.0, 3.0], [0, 2]),
        (layers.ReLU(threshold=2.0), [-2.0, 0.0, 2.5], [0, 1]),
        (layers.LeakyReLU(0.1), [-9.0, 0.0, 9.0], []),
        (keras_acts.relu, [-2.0, 0.0, 8.0], [0]),
    ],
)
def test_dead_is_slope_zero(activation, bias, dead):
    proof = keras_acts.provably_dead(hidden([[1.0, 1.0, 1.0]], bias, activation), -1.0, 1.0)
    np.testing.assert_array_equal(proof.dead["hidden"], dead)


def test_what_feeds_on_dead_units_alone_is_dead():
    inputs = keras.Input((1,))
    first = layers.Dense(2, "relu", name="first")
    second = layers.Dense(1, "relu", name="second", use_bias=False)
    model = keras.Model(inputs, second(first(inputs)))
    first.set_weights([np.ones((1, 2)), np.full(2, -2.0)])
    proof = keras_acts.provably_dead(model, -1, 1)
    assert [proof.dead[name].tolist() for name in ("first", "second")] == [[0, 1], [0]]


@pytest.mark.parametrize(
    "layer",
    [
        layers.Conv2D(3, 2, padding="same"),
        layers.Conv2D(2, 2, strides=2, padding="same", groups=2),
        layers.Conv2D(2, 2, dilation_rate=2, padding="same"),
        layers.DepthwiseConv2D(2, depth_multiplier=2),
        layers.BatchNormalization(),
        layers.AveragePooling2D(2, 1, "same"),
        layers.GlobalAveragePooling2D(),
        layers.Conv1D(3, 2),
    ],
    ids=lambda layer: layer.name,
)
def test_a_single_layer_reaches_its_bounds(layer):
    """What is linear is greatest at one of the corners of the box, and a box of 8 sides has 256 of them."""
    shape = (4, 2) if isinstance(layer, layers.Conv1D) else (2, 2, 2)
    random = np.random.default_rng(4)
    low, high = random.uniform(-2, 0, shape), random.uniform(0, 2, shape)
    model = keras.Sequential([keras.Input(shape), layer, layers.Flatten(), layers.ReLU(name="act")])
    for weight in layer.weights:
        weight.assign(
            random.uniform(0.5, 2, weight.shape) * (1 if "variance" in weight.path else random.choice([1, -1]))
        )
    proof = keras_acts.provably_dead(model, low, high)
    corners = np.stack(np.meshgrid(*[[0, 1]] * 8), -1).reshape(-1, *shape)
    values = keras.ops.convert_to_numpy(layer(np.where(corners, high, low).astype("float32")))
    values = values.reshape(len(values), -1)
    np.testing.assert_allclose(proof.bounds["act"], (values.min(0), values.max(0)), rtol=1e-4, atol=1e-4)
    assert (proof.bounds["act"][0] <= values.min(0)).all()
    assert (proof.bounds["act"][1] >= values.max(0)).all()


def images():
    """A network with everything that is bounded, some of it nested and shared."""
    block = keras.Sequential(
        [
            keras.Input((4, 4, 6)),
            layers.Conv2D(6, 3, padding="same", groups=2, name="grouped"),
            layers.BatchNormalization(name="norm"),
            layers.ReLU(6.0, name="act"),
        ],
        name="block",
    )
    inputs = x = keras.Input((9, 9, 2))
    x = layers.Conv2D(4, 3, strides=2, padding="same", activation="relu", name="strided")(x)
    x = layers.DepthwiseConv2D(2, depth_multiplier=2, activation="tanh", name="depthwise")(x)
    x = layers.Conv2D(6, 2, dilation_rate=2, padding="same", activation="silu", name="dilated")(x)
    x = layers.Add(name="shortcut")([block(x), x])
    x = block(x) + x
    x = layers.Concatenate()([layers.MaxPooling2D()(x), layers.AveragePooling2D(3, 1)(x)])
    x = layers.Dropout(0.5)(layers.Dense(5, "gelu", name="per_position")(x))
    x = layers.Concatenate()([layers.Flatten()(x), layers.GlobalAveragePooling2D()(x)])
    x = layers.Activation("sigmoid", name="sigmoid")(layers.Dense(7, name="linear")(x))
    model = keras.Model(inputs, layers.Dense(3, "relu", name="last")(x))
    random = np.random.default_rng(0)
    for weight in model.weights:
        noise = random.normal(size=weight.shape)
        weight.assign(0.5 + noise**2 if "variance" in weight.path else 0.3 * noise)
    model.get_layer("strided").bias.assign([-30.0, -1.0, 0.0, 1.0])
    block.get_layer("norm").beta.assign([-60.0, -1.0, 0.0, 1.0, 7.0, 90.0])
    model.get_layer("last").bias.assign([-30.0, 0.0, 30.0])
    return model


def tried(model, x, names):
    """The inputs of activations for many inputs, by a recount of the forward pass."""
    seen = {name: [] for name in names}

    def watch(layer, name):
        call, activation = layer.call, getattr(layer, "activation", None)

        def noted(y):
            seen[name].append(keras.ops.convert_to_numpy(y))
            return activation(y) if activation is not None else call(y)

        object.__setattr__(layer, "activation" if activation is not None else "call", noted)

    for layer in model._flatten_layers():
        if layer.name in names:
            watch(layer, layer.name)
    model(x, training=False)
    return {name: np.concatenate([part.reshape(-1, part.shape[-1]) for part in parts]) for name, parts in seen.items()}


def test_bounds_hold_for_all_that_was_tried():
    model = images()
    proof = keras_acts.provably_dead(model, -2.0, 1.0)
    assert not proof.unbounded
    assert set(proof.dead) == {
        *("strided", "depthwise", "dilated", "act", "per_position", "sigmoid", "last"),
    }
    assert {name for name, units in proof.dead.items() if units.size} == {"strided", "act", "last"}
    assert {0, 5} <= set(proof.dead["act"].tolist())
    np.testing.assert_array_equal(proof.dead["strided"], [0])
    random = np.random.default_rng(1)
    corners = random.choice([-2.0, 1.0], (64, 9, 9, 2))
    inside = random.uniform(-2.0, 1.0, (64, 9, 9, 2))
    x = np.concatenate([corners, inside, np.full((1, 9, 9, 2), -2.0), np.ones((1, 9, 9, 2))]).astype("float32")
    for name, values in tried(model, x, set(proof.bounds)).items():
        low, high = proof.bounds[name]
        assert (values >= low).all(), name
        assert (values <= high).all(), name


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_bounds_hold_with_the_rounding_of_the_dtype(dtype):
    """The largest input, worked out for each unit, is reached: only the rounding margin lies between."""
    random = np.random.default_rng(2)
    model = keras.Sequential([keras.Input((50,)), layers.Dense(40, "relu", name="hidden", dtype=dtype)])
    kernel = random.normal(size=(50, 40)).astype("float32")
    bias = np.where(np.arange(40) % 2, -np.maximum(kernel, 0).sum(0), 0.0)
    model.layers[0].set_weights([kernel, bias])
    proof = keras_acts.provably_dead(model, 0.0, 1.0)
    worst = (kernel.T > 0).astype("float32")
    layer = model.layers[0]
    layer.activation = None
    values = keras.ops.convert_to_numpy(keras.ops.cast(layer(worst), "float32"))
    assert (np.diag(values) <= proof.bounds["hidden"][1][: len(values)]).all()
    assert (values <= proof.bounds["hidden"][1]).all()


def test_what_has_no_bound_is_named():
    inputs = keras.Input((4, 3))
    x = layers.Dense(2, "relu", name="before")(inputs)
    x = layers.LayerNormalization(name="norm")(x)
    x = layers.Dense(2, "relu", name="behind")(layers.Dropout(0.1)(x))
    y = layers.Dense(2, lambda x: x * x, name="own")(inputs)
    z = layers.PReLU(name="prelu")(inputs)
    proof = keras_acts.provably_dead(keras.Model(inputs, [x, y, layers.Dense(1, "relu", name="last")(z)]), -1, 1)
    assert set(proof.dead) == {"before", "last"}
    assert set(proof.unbounded) == {"norm", "behind", "own", "prelu"}
    assert "LayerNormalization" in proof.unbounded["norm"]
    assert "'dropout" in proof.unbounded["behind"]


@pytest.mark.parametrize("weight", [np.nan, np.inf, 3e38])
def test_weights_that_are_not_finite_prove_nothing(weight):
    proof = keras_acts.provably_dead(hidden([[weight], [weight]], [-1.0]), -2, 2)
    assert "not finite" in proof.unbounded["hidden"]
    assert not proof.dead


def test_bad_input():
    model = hidden([[1.0], [1.0]], [0.0])
    for low, high in ((1, 0), (0, np.inf), (np.nan, 1)):
        with pytest.raises(ValueError, match="finite bounds"):
            keras_acts.provably_dead(model, low, high)
    with pytest.raises(ValueError, match=r"broadcast to the inputs' shape \(2,\)"):
        keras_acts.provably_dead(model, [0, 0, 0], 1)
    with pytest.raises(ValueError, match=r"must be numbers, or arrays"):
        keras_acts.provably_dead(model, "low", 1)
    with pytest.raises(TypeError, match=r"provably_dead needs a Keras model, got 3 of"):
        keras_acts.provably_dead(3, 0, 1)
    with pytest.raises(ValueError, match="fixed shape"):
        keras_acts.provably_dead(keras.Sequential([keras.Input((None, 2)), layers.Dense(2)]), 0, 1)
    with pytest.raises(ValueError, match="subclassed"):
        keras_acts.provably_dead(keras.Sequential([layers.Dense(2)]), 0, 1)
