"""Trained parameters: their shapes, how they train, and that no saved value is lost."""

import re
import warnings
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops
from samples import BACKEND, CATALOGUE, built, each, evaluate, learned, sample, to_numpy

import keras_acts

KINDS = ("trainable", "curve")
TRAINED = each(*KINDS)
X = sample((4, 3), reach=4)

SHAPES = {
    "spatial": (1, 1, 12),
    "all": (1, 1, 1),
    "none": (4, 6, 12),
    "list": (1, 1, 12),
    "tuple": (1, 1, 12),
    "one": (1, 6, 12),
    "negative": (1, 1, 12),
    "last": (4, 6, 1),
}
AXES: dict[str, Any] = {
    "spatial": "spatial",
    "all": "all",
    "none": None,
    "list": [1, 2],
    "tuple": (1, 2),
    "one": 1,
    "negative": [-2, -3],
    "last": [-1],
}


def started(facts) -> Any:
    """Arguments with which every parameter starts from a number of its own.

    Random ones take JAX a second per shape, and some papers start where the slope of a parameter is zero.
    """
    return {f"{name}_initializer": 0.25 + 0.125 * place for place, name in enumerate(learned(facts))}


@TRAINED
@pytest.mark.parametrize("axes", SHAPES)
def test_shared_axes_give_the_shape(facts, axes):
    layer = built(facts, shared_axes=AXES[axes], **started(facts))
    for name in learned(facts):
        weight = getattr(layer, name)
        assert tuple(weight.shape) == layer.weight_shape(name, SHAPES[axes])
        assert weight.trainable
        assert weight.name == name
    assert len(layer.trainable_weights) == len(learned(facts))


def test_a_parameter_has_the_shape_that_sharing_leaves():
    prelu = CATALOGUE["prelu"]
    assert {axes: tuple(built(prelu, shared_axes=AXES[axes]).alpha.shape) for axes in SHAPES} == SHAPES
    assert tuple(built(prelu, (None, 5)).alpha.shape) == (5,)
    assert tuple(built(prelu, (None, None, None, 7)).alpha.shape) == (1, 1, 7)
    assert tuple(built(prelu, (None, 7, None, None), data_format="channels_first").alpha.shape) == (7, 1, 1)


def test_the_data_format_comes_from_keras():
    keras.config.set_image_data_format("channels_first")
    assert keras_acts.PReLU().data_format == "channels_first"
    assert tuple(built(CATALOGUE["prelu"]).alpha.shape) == (4, 1, 1)


@pytest.fixture(scope="module")
def both_formats():
    """Each layer on channels last, and with the same parameters on the same numbers with the channels first."""
    calls = {}
    rng = np.random.default_rng(2)
    for name, facts in CATALOGUE.items():
        if facts.kind in KINDS:
            last = built(facts, data_format="channels_last", **started(facts))
            first = built(facts, (2, 12, 4, 6), data_format="channels_first", **started(facts))
            for mine, other in zip(last.trainable_weights, first.trainable_weights, strict=True):
                values = to_numpy(mine.value) + rng.uniform(0.0, 0.25, mine.shape)
                mine.assign(values)
                other.assign(np.moveaxis(values, 2, 0))
            calls[name, "last"] = last
            calls[name, "first"] = lambda x, layer=first: layer(ops.moveaxis(x, -1, 1))
    return evaluate(calls, sample())


@TRAINED
def test_channels_first_is_channels_last_with_the_channels_moved(facts, both_formats):
    last, first = (to_numpy(both_formats(facts.name, place)) for place in ("last", "first"))
    np.testing.assert_allclose(np.moveaxis(first, 1, -1), last, rtol=1e-6, atol=1e-6)


def test_prelu_starts_as_in_the_paper():
    layer = keras_acts.PReLU()
    np.testing.assert_array_equal(to_numpy(layer(np.array([[-4.0, 0.0, 4.0]]))), [[-1.0, 0.0, 4.0]])


# Training

pytestmark = pytest.mark.usefixtures("quick_compilation")


@pytest.fixture(scope="module")
def trained():
    """Each trained layer between two Dense layers, the first of them frozen, before and after one step."""
    keras.utils.set_random_seed(1)
    inputs = keras.Input((12,))
    hidden = keras.layers.Dense(
        6, trainable=False, name="frozen", kernel_initializer=keras.initializers.RandomNormal(stddev=1, seed=3)
    )(inputs)
    layers = {name: facts.layer(**started(facts)) for name, facts in CATALOGUE.items() if facts.kind in KINDS}
    outputs = [layer(hidden) for layer in layers.values()]
    model = keras.Model(inputs, keras.layers.Dense(1, name="head")(keras.layers.add(outputs)))
    model.compile(keras.optimizers.SGD(0.01), "mse", jit_compile=BACKEND == "jax")
    before = {weight.path: to_numpy(weight.value) for weight in model.weights}
    model.train_on_batch(sample((64, 12), reach=2), np.linspace(-1, 1, 64)[:, None])
    after = {weight.path: to_numpy(weight.value) for weight in model.weights}
    return layers, before, after


@TRAINED
def test_one_step_changes_every_trained_parameter(facts, trained):
    layers, before, after = trained
    for weight in layers[facts.name].trainable_weights:
        assert np.all(np.isfinite(after[weight.path]))
        assert np.any(after[weight.path] != before[weight.path]), f"{weight.path} has not moved"


def test_one_step_leaves_frozen_weights(trained):
    _, before, after = trained
    for path in before:
        assert np.array_equal(before[path], after[path]) == path.startswith("frozen"), path


@TRAINED
def test_regularizer_constraint_and_initializer_reach_the_weights(facts):
    for name in learned(facts):
        layer = built(
            facts,
            **{
                f"{name}_initializer": keras.initializers.Constant(-0.5),
                f"{name}_regularizer": keras.regularizers.L2(2.0),
                f"{name}_constraint": keras.constraints.NonNeg(),
            },
        )
        weight = getattr(layer, name)
        np.testing.assert_array_equal(to_numpy(weight.value), -0.5)
        np.testing.assert_allclose(to_numpy(layer.losses[0]), 2.0 * 0.25 * np.prod(weight.shape), rtol=1e-6)
        assert np.all(to_numpy(weight.constraint(weight.value)) == 0)
    frozen = built(facts, trainable=False)
    assert not frozen.trainable_weights
    assert len(frozen.non_trainable_weights) >= len(learned(facts))


def test_summary_shows_the_parameters():
    lines = []
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(5), keras_acts.PReLU(name="activation")])
    model.summary(print_fn=lambda text, **_: lines.append(text))
    assert re.search(r"activation \(PReLU\)\W+\(None, 5\)\W+5\b", "\n".join(lines))
    assert model.count_params() == 4 * 5 + 5


# Inside other layers


def dense_with_prelu():
    dense = [keras.layers.Dense(5, activation=keras_acts.PReLU()) for _ in range(2)]
    return keras.Sequential([keras.Input((3,)), *dense])


@pytest.fixture
def taught():
    """A model that was never called, with trained activations inside Dense, whose parameters have moved."""
    model = dense_with_prelu()
    for number, layer in enumerate(model.layers):
        layer.activation.alpha.assign(np.linspace(0.5, 0.9, 5) + number)
    return model


def test_inside_dense_it_is_counted_and_trained_from_the_first_step(taught):
    assert taught.count_params() == 4 * 5 + 6 * 5 + 2 * 5
    taught.compile("sgd", "mse", jit_compile=BACKEND == "jax")
    before = [to_numpy(layer.activation.alpha.value) for layer in taught.layers]
    taught.fit(X, np.ones((4, 5)), batch_size=4, verbose=0)
    for layer, old in zip(taught.layers, before, strict=True):
        assert np.any(to_numpy(layer.activation.alpha.value) != old)


def test_inside_dense_it_is_saved_and_loaded(taught, tmp_path):
    taught.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(to_numpy(loaded(X)), to_numpy(taught(X)))


def test_weights_load_into_a_model_that_was_never_called(taught, tmp_path):
    taught.save_weights(tmp_path / "model.weights.h5")
    fresh = dense_with_prelu()
    fresh.load_weights(tmp_path / "model.weights.h5")
    np.testing.assert_array_equal(to_numpy(fresh(X)), to_numpy(taught(X)))
    assert len(fresh.trainable_weights) == 6


HOSTS = {
    "Dense": (lambda held: keras.layers.Dense(4, activation=held), (3,), 4),
    "EinsumDense": (lambda held: keras.layers.EinsumDense("abc,cd->abd", (None, 4), activation=held), (2, 3), 4),
    "Conv2D": (lambda held: keras.layers.Conv2D(4, 3, activation=held), (6, 6, 3), 4),
    "SeparableConv1D": (lambda held: keras.layers.SeparableConv1D(4, 3, activation=held), (6, 3), 4),
    "LSTM": (lambda held: keras.layers.LSTM(4, recurrent_activation=held), (6, 3), 4),
    "GRU": (lambda held: keras.layers.Bidirectional(keras.layers.GRU(4, activation=held)), (6, 3), 8),
    "TimeDistributed": (lambda held: keras.layers.TimeDistributed(keras.layers.Dense(4, held)), (6, 3), 4),
}


@pytest.mark.parametrize("name", HOSTS)
def test_every_layer_of_keras_builds_the_activation_that_it_holds(name):
    make, shape, parameters = HOSTS[name]
    with_weights, without = (
        keras.Sequential([keras.Input(shape), make(held)]) for held in (keras_acts.PReLU(), keras_acts.relu)
    )
    assert with_weights.count_params() == without.count_params() + parameters
    count = len(with_weights.weights)
    with_weights(np.ones((2, *shape), "float32"))
    assert len(with_weights.weights) == count


def test_one_instance_in_two_layers_is_refused_before_it_is_trained():
    dense = [keras.layers.Dense(5, activation=shared) for shared in [keras_acts.PReLU()] * 2]
    with pytest.raises(
        ValueError, match=r"is the `activation=` of Dense 'dense\w*', and of Dense 'dense\w*' already"
    ) as error:
        keras.Sequential([keras.Input((3,)), *dense])
    assert "give each its own" in str(error.value)


def test_one_instance_in_two_layers_of_ones_own_has_its_file_refused(tmp_path):
    class Own(keras.layers.Layer):
        def __init__(self, activation, **kwargs):
            super().__init__(**kwargs)
            self.activation = keras.activations.get(activation)

        def call(self, x):
            return self.activation(x)

        def get_config(self):
            return {**super().get_config(), "activation": keras.activations.serialize(self.activation)}

    shared = keras_acts.PReLU()
    model = keras.Sequential([keras.Input((3,)), Own(shared), Own(shared)])
    model.save(tmp_path / "model.keras")
    with pytest.raises(
        ValueError, match=r"PReLU 'p_re_lu\w*' found none of its weights in the file and expected \['alpha'\]"
    ) as raised:
        keras.saving.load_model(tmp_path / "model.keras", custom_objects={"Own": Own})
    assert "give each its own" in str(raised.value)


def test_a_layer_with_weights_is_refused_where_a_function_belongs():
    with pytest.raises(ValueError, match=r"which would never build it.*use `keras_acts\.PReLU\(\)` itself"):
        keras.layers.Activation(keras_acts.PReLU())


def test_one_layer_in_two_places_of_a_graph_keeps_one_parameter(tmp_path):
    layer, inputs = keras_acts.PReLU(), [keras.Input((3,)), keras.Input((3,))]
    model = keras.Model(inputs, [layer(tensor) for tensor in inputs])
    layer.alpha.assign([0.1, 0.2, 0.3])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert len(loaded.weights) == 1
    for got, expected in zip(loaded([X, X]), model([X, X]), strict=True):
        np.testing.assert_array_equal(to_numpy(got), to_numpy(expected))


def test_inside_wrappers():
    steps = sample((2, 3, 4), reach=4)
    expected = np.where(steps > 0, steps, 0.25 * steps)
    np.testing.assert_array_equal(to_numpy(keras.layers.TimeDistributed(keras_acts.PReLU())(steps)), expected)
    recurrent = keras.layers.Bidirectional(keras.layers.GRU(4, activation=keras_acts.PReLU()))
    assert tuple(recurrent(steps).shape) == (2, 8)
    assert len([weight for weight in recurrent.trainable_weights if weight.name == "alpha"]) == 2


def test_quantisation_leaves_it_alone():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(5), keras_acts.PReLU(), keras_acts.ReLU()])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Layer .* does not have a `quantize` method")
        model.quantize("int8")
    assert model.layers[0].quantization_mode == "int8"
    assert model.layers[1].alpha.dtype == "float32"
    assert np.all(np.isfinite(to_numpy(model(X))))


def test_rematerialised_it_gives_the_same():
    np.testing.assert_allclose(to_numpy(keras.remat(keras_acts.gelu)(X)), to_numpy(keras_acts.gelu(X)), rtol=1e-6)
