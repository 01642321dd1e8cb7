"""The gated feed-forward block: what it computes, whose weights it loads, how it is saved."""

import math

import keras
import numpy as np
import pytest
from keras import ops
from samples import to_numpy

import keras_acts

CHANNELS, UNITS, OUT = 6, 4, 3


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def silu(x):
    return x * sigmoid(x)


def gelu(x):
    return x / 2 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


def gelu_tanh(x):
    return x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


@pytest.fixture
def rng():
    return np.random.default_rng(3)


@pytest.fixture
def weights(rng):
    """Gate, value and projection, with biases, as `(inputs, outputs)`."""
    shapes = {"gate": (CHANNELS, UNITS), "up": (CHANNELS, UNITS), "down": (UNITS, OUT)}
    kernels = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    return {**kernels, **{f"{name}_bias": rng.normal(size=shape[1:]) for name, shape in shapes.items()}}


@pytest.fixture
def x(rng):
    return rng.normal(0, 2, (5, 2, CHANNELS)).astype("float32")


def interleaved(a, b):
    return np.stack([a, b], -1).reshape(*a.shape[:-1], -1)


# What each model's own code computes from the gate's and the value's pre-activations, and the weights it is released
# with: separate or packed, in which order, and whether as torch keeps them, `(outputs, inputs)`.
MODELS = {
    "Llama": ("swiglu", lambda g, u: silu(g) * u, "separate", True),
    "Phi-3": ("swiglu", lambda g, u: silu(g) * u, "first", True),
    "Gemma": ("geglu_tanh", lambda g, u: gelu_tanh(g) * u, "separate", True),
    "Diffusers GEGLU": ("geglu", lambda g, u: u * gelu(g), "second", True),
    "ReGLU": ("reglu", lambda g, u: np.maximum(g, 0) * u, "first", False),
    "DeepSeek-V4": (
        keras_acts.SwiGLUClamped(limit=1.5),
        lambda g, u: silu(np.minimum(g, 1.5)) * np.clip(u, -1.5, 1.5),
        "separate",
        True,
    ),
    "gpt-oss": (
        keras_acts.SwiGLUOAI(limit=1.5),
        lambda g, u: np.minimum(g, 1.5) * sigmoid(1.702 * np.minimum(g, 1.5)) * (np.clip(u, -1.5, 1.5) + 1),
        "interleaved",
        False,
    ),
    "MiniMax-M3": (
        keras_acts.SwiGLUOAI(gate="first"),
        lambda g, u: np.minimum(g, 7) * sigmoid(1.702 * np.minimum(g, 7)) * (np.clip(u, -7, 7) + 1),
        "separate",
        True,
    ),
}


def released(weights, layout, transposed, use_bias):
    """The weights in the form that a model is released in, as arguments of `load`."""
    turn = np.transpose if transposed else np.asarray
    pack = {
        "first": lambda g, u: np.concatenate([g, u], -1),
        "second": lambda g, u: np.concatenate([u, g], -1),
        "interleaved": interleaved,
    }
    given = {"down": turn(weights["down"]), "transposed": transposed}
    if use_bias:
        given["down_bias"] = weights["down_bias"]
    if layout == "separate":
        given |= {"gate": turn(weights["gate"]), "up": turn(weights["up"])}
        return given | ({name: weights[name] for name in ("gate_bias", "up_bias")} if use_bias else {})
    given |= {"gate_up": turn(pack[layout](weights["gate"], weights["up"])), "layout": layout}
    return given | ({"gate_up_bias": pack[layout](weights["gate_bias"], weights["up_bias"])} if use_bias else {})


@pytest.mark.parametrize("use_bias", [False, True])
@pytest.mark.parametrize("model", MODELS)
def test_it_computes_what_the_model_computes_from_the_model_s_weights(model, use_bias, weights, x):
    activation, gated, layout, transposed = MODELS[model]
    block = keras_acts.GatedDense(UNITS, activation, output_units=OUT, use_bias=use_bias)
    assert block.load(**released(weights, layout, transposed, use_bias)) is block
    bias = {name: weights[name] if use_bias else 0.0 for name in ("gate_bias", "up_bias", "down_bias")}
    gate, up = x @ weights["gate"] + bias["gate_bias"], x @ weights["up"] + bias["up_bias"]
    expected = gated(gate, up) @ weights["down"] + bias["down_bias"]
    np.testing.assert_allclose(to_numpy(block(x)), expected, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("layout", ["first", "second", "interleaved", "separate"])
@pytest.mark.parametrize("gate", ["first", "second", "interleaved"])
@pytest.mark.parametrize("activation", ["swiglu", "glu", "swiglu_oai"])
def test_every_order_takes_every_layout(activation, gate, layout, weights, x):
    blocks = [
        keras_acts.GatedDense(UNITS, activation, output_units=OUT, gate=order).load(
            **released(weights, form, False, False)
        )
        for order, form in ((gate, layout), ("first", "separate"))
    ]
    np.testing.assert_allclose(to_numpy(blocks[0](x)), to_numpy(blocks[1](x)), rtol=1e-5, atol=1e-6)


def test_without_a_projection_it_ends_at_the_gate(weights, x):
    block = keras_acts.GatedDense(UNITS, "glu").load(gate=weights["gate"], up=weights["up"])
    expected = (x @ weights["up"]) * sigmoid(x @ weights["gate"])
    np.testing.assert_allclose(to_numpy(block(x)), expected, rtol=1e-4, atol=1e-5)
    assert [weight.name for weight in block.weights] == ["kernel"]
    assert block.compute_output_shape((None, 7, CHANNELS)) == (None, 7, UNITS)
    assert tuple(block(keras.Input((7, CHANNELS))).shape) == (None, 7, UNITS)


@pytest.mark.parametrize("gate", ["first", "second", "interleaved"])
def test_each_half_starts_like_a_dense_layer_of_its_own(gate):
    keras.utils.set_random_seed(1)
    block = keras_acts.GatedDense(400, gate=gate, output_units=50)
    block.build((None, 100))
    kernel = to_numpy(block.kernel)
    order = {"first": [kernel[:, :400], kernel[:, 400:]], "interleaved": [kernel[:, ::2], kernel[:, 1::2]]}
    first, second = order.get(gate, order["first"])
    limit = math.sqrt(6 / (100 + 400))
    for half in (first, second):
        assert 0.99 * limit < np.abs(half).max() <= limit
    assert np.abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.02
    assert np.abs(to_numpy(block.output_kernel)).max() <= math.sqrt(6 / (400 + 50))


def test_a_seeded_initializer_makes_two_different_halves_every_time():
    def kernel():
        block = keras_acts.GatedDense(8, kernel_initializer=keras.initializers.HeNormal(seed=5))
        block.build((None, 4))
        return to_numpy(block.kernel)

    np.testing.assert_array_equal(kernel(), kernel())
    assert not np.allclose(kernel()[:, :8], kernel()[:, 8:])


@pytest.mark.parametrize("activation", ["swiglu", keras_acts.SwiGLUOAI(limit=2.0), keras_acts.geglu, "GTU"])
def test_it_is_saved_and_loaded(activation, tmp_path, x):
    block = keras_acts.GatedDense(UNITS, activation, OUT, use_bias=True, kernel_regularizer="l2")
    model = keras.Sequential([keras.Input((2, CHANNELS)), block, keras.layers.Dense(2)])
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.layers[0].get_config() == block.get_config()
    np.testing.assert_array_equal(to_numpy(again(x)), to_numpy(model(x)))


def test_it_trains_in_mixed_precision(x):
    block = keras_acts.GatedDense(UNITS, "swiglu", OUT, use_bias=True, dtype="mixed_bfloat16")
    assert keras.backend.standardize_dtype(block(x).dtype) == "bfloat16"
    assert {str(keras.backend.standardize_dtype(w.dtype)) for w in block.weights} == {"float32"}
    model = keras.Sequential([block])
    model.compile("adam", "mse")
    before = [to_numpy(weight.value) for weight in block.weights]
    model.fit(x, np.ones((5, 2, OUT)), verbose=0)
    assert all((to_numpy(weight.value) != old).any() for weight, old in zip(block.weights, before, strict=True))


def test_masks_pass_through(x):
    block = keras_acts.GatedDense(UNITS, "swiglu", OUT)
    vectors = keras.layers.Embedding(5, CHANNELS, mask_zero=True)(np.array([[1, 0], [2, 3]]))
    assert block(vectors)._keras_mask is not None
    assert ops.all(block(vectors)._keras_mask == vectors._keras_mask)


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ({"units": 0}, "`units` must be a positive integer, got 0"),
        ({"units": 4, "output_units": 2.5}, "`output_units` must be a positive integer, got 2.5"),
        ({"units": 4, "activation": "relu"}, "must be a gated activation that splits the last axis, one of"),
        ({"units": 4, "activation": keras_acts.GLU(axis=1)}, "must be a gated activation that splits the last axis"),
        ({"units": 4, "activation": keras_acts.GLU(), "gate": "first"}, "`gate` belongs to the activation"),
        ({"units": 4, "gate": "third"}, "must be 'first', 'second' or 'interleaved', got 'third'"),
    ],
)
def test_wrong_arguments_say_what_was_expected(arguments, part):
    with pytest.raises(ValueError, match=r"\w") as error:
        keras_acts.GatedDense(**arguments)
    assert part in str(error.value)


def test_wrong_weights_say_what_was_expected(weights):
    gate, up, down = (weights[name] for name in ("gate", "up", "down"))
    for given, part in (
        ({"gate": gate, "down": down}, "either `gate_up`, or `gate` and `up`"),
        ({"gate": gate, "up": up, "gate_up": gate, "down": down}, "either `gate_up`, or `gate` and `up`"),
        ({"gate": gate, "up": up}, "`output_kernel` of"),
        ({"gate": gate.T, "up": up.T, "down": down.T}, "with `transposed=True`"),
        ({"gate": gate, "up": up, "down": down, "down_bias": np.ones(OUT)}, "`output_bias` of"),
        ({"gate_up": gate[:, :3], "down": down}, "must have an even width"),
        ({"gate_up": gate, "down": down, "layout": "third"}, "must be 'first', 'second' or 'interleaved'"),
    ):
        block = keras_acts.GatedDense(UNITS, output_units=OUT)
        block.build((None, CHANNELS))
        with pytest.raises(ValueError, match=r"\w") as error:
            block.load(**given)
        assert part in str(error.value)
