"""`compare` trains what it says: equal starts, equal order, the same numbers as `model.fit`."""

import importlib
import warnings

import keras
import numpy as np
import pytest
from samples import BACKEND
from study_models import SAMPLES, build, build_with_noise, compile_arguments, data, settings

from keras_acts.study import _job, _training, compare
from keras_acts.study._start import Start, weights_made
from keras_acts.study._variants import Fresh, Swap, Variant, variants

COMPILED = BACKEND in ("jax", "tensorflow")


@pytest.fixture(scope="module", autouse=True)
def quick_compilation():
    """These programs run for milliseconds, so optimising them would be most of the time."""
    if BACKEND != "jax":
        yield
        return
    config = importlib.import_module("jax").config
    config.update("jax_disable_most_optimizations", True)
    yield
    config.update("jax_disable_most_optimizations", False)


@pytest.fixture(scope="module")
def study():
    """Three activations: without weights, with weights, and with random numbers of its own."""
    return compare(build_with_noise, ["relu", "prelu", "rrelu"], data(), seeds=3, **settings())


def plan(build=build, **changes):
    chosen = {"epochs": 3, "batch_size": 32, "compile": compile_arguments(), "data": data(), "backend": BACKEND}
    return _training.Plan(build=build, **{**chosen, **changes})


def prepared(name="relu", gain=None, build=build, **changes):
    chosen = plan(build, **changes)
    return _training.prepare(chosen, variants([name], gain)[0], chosen.load())


def test_every_run_is_recorded(study):
    assert [(run["label"], run["seed"]) for run in study.runs] == [
        (label, seed) for label in ("relu", "prelu", "rrelu") for seed in range(3)
    ]
    for run in study.runs:
        assert (run["status"], run["epochs"], run["how"]) == ("finished", 3, "compiled" if COMPILED else "fit")
        assert sorted(run["curves"]) == ["accuracy", "loss", "val_accuracy", "val_loss"]
        assert {len(curve) for curve in run["curves"].values()} == {3}
        assert run["seconds"] > 0
        assert len(run["before"]["gradient"]) == len(run["after"]["gradient"]) == 2
    weights = {run["label"]: run["weights"] for run in study.runs}
    assert weights["prelu"] == weights["relu"] + 8
    assert study.metric == "val_accuracy"


def test_seeds_differ_and_activations_differ(study):
    losses = {run["curves"]["loss"][-1] for run in study.runs}
    assert len(losses) == 9


def test_a_run_alone_is_the_same_run(study):
    alone = compare(build_with_noise, ["rrelu"], data(), seeds=[1], **settings()).runs[0]
    (together,) = [run for run in study.runs if (run["label"], run["seed"]) == ("rrelu", 1)]
    for key in ("curves", "before", "after"):
        assert alone[key] == together[key]


def by_hand(model, start, seed, epochs=3):
    """Train with one call of Keras's `fit` per epoch, in the study's order."""
    x, y, x_val, y_val = data()
    start.assign(seed)
    curves = {}
    for epoch in range(epochs):
        rows = _job.order(seed, epoch, SAMPLES)
        history = model.fit(x[rows], y[rows], 32, shuffle=False, verbose=0, validation_data=(x_val, y_val)).history
        for name, (value,) in history.items():
            curves.setdefault(name, []).append(value)
    return curves


# Keras's dropout on torch draws from torch's global generator, which a study sets for a run and nobody else does.
@pytest.mark.parametrize("label", ["relu", "rrelu"] if COMPILED else [])
def test_equal_to_fit_with_random_layers(study, label):
    (run,) = [run for run in study.runs if (run["label"], run["seed"]) == (label, 2)]
    assert_equal_curves(run, by_hand(*prepared(label, build=build_with_noise), seed=2))


def test_equal_to_fit():
    run = compare(build, ["gelu"], data(), seeds=[7, 8], **settings()).runs[1]
    assert_equal_curves(run, by_hand(*prepared("gelu"), seed=8))


@pytest.mark.parametrize("is_little", [True, False] if BACKEND == "jax" else [])
def test_equal_to_fit_compiled_quickly_or_well(monkeypatch, is_little):
    program = importlib.import_module("keras_acts.study._jax")
    model, start = prepared("gelu")
    products = 6 * model.count_params() * SAMPLES * 3
    monkeypatch.setattr(program, "_LITTLE", products * (1.5 if is_little else 0.5))
    options, asked = program._quick_compilation(), []
    monkeypatch.setattr(program, "_quick_compilation", lambda: asked.append(1) or options)
    config = importlib.import_module("jax").config
    config.update("jax_disable_most_optimizations", False)
    run = compare(build, ["gelu"], data(), seeds=[7, 8], **settings()).runs[1]
    chosen = [1], [1, 5]
    alone, together = (compare(build_with_noise, ["relu"], data(), seeds=n, **settings()).runs[0] for n in chosen)
    config.update("jax_disable_most_optimizations", True)
    assert [alone[key] for key in ("curves", "after")] == [together[key] for key in ("curves", "after")]
    assert len(asked) == (3 * 4 if is_little else 3 * 1)  # the epoch, its last step, the judging, and the look at units
    assert_equal_curves(run, by_hand(model, start, seed=8))


def assert_equal_curves(run, curves):
    for name, curve in curves.items():
        # Sums in another order; nothing else. Accuracies are ratios of whole numbers.
        tolerance = 1e-6 if "accuracy" in name else 2e-5
        np.testing.assert_allclose(run["curves"][name], curve, rtol=tolerance, err_msg=name)


def test_falls_back_to_fit_and_says_so():
    eagerly = {**compile_arguments(), "run_eagerly": True}
    known = compare(build, ["tanh"], data(), seeds=1, **settings(epochs=1)).runs[0]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        eager = compare(build, ["tanh"], data(), seeds=1, **settings(epochs=1, compile=eagerly)).runs[0]
    assert eager["how"] == "fit"
    said = [str(warning.message) for warning in caught if "model.fit" in str(warning.message)]
    assert len(said) == COMPILED
    assert all("run_eagerly=True" in message for message in said)
    for name, curve in known["curves"].items():
        np.testing.assert_allclose(eager["curves"][name], curve, rtol=2e-5)
    np.testing.assert_allclose(eager["after"]["gradient"], known["after"]["gradient"], rtol=1e-3)


def kernels(model, start, seed=0):
    names = [variable.name for variable in model.variables]
    return [value for name, value in zip(names, start.values(seed), strict=False) if name == "kernel"]


@pytest.mark.parametrize("name", ["prelu", "rrelu", "swish", ("leaky_relu", {"negative_slope": 0.2})])
def test_equal_starts(name):
    expected = kernels(*prepared("relu"))
    keras.utils.set_random_seed(99)  # what others draw is nothing to a study
    found = kernels(*prepared(name))
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(expected[0], kernels(*prepared(name), seed=1)[0])


def test_starts_are_the_same_on_every_backend():
    first, second = kernels(*prepared("relu"))
    limit = np.sqrt(6 / (6 + 8))
    expected = np.random.default_rng([0, 0, 0]).uniform(-1, 1, (6, 8)) * limit
    np.testing.assert_array_equal(first, expected.astype("float32"))
    assert second.shape == (8, 2)


@pytest.mark.parametrize(
    ("initializer", "deviation", "largest"),
    [
        (keras.initializers.HeNormal(), np.sqrt(2 / 400), 2 / 0.8796 * np.sqrt(2 / 400)),
        (keras.initializers.GlorotUniform(), np.sqrt(1 / 300), np.sqrt(3 / 300)),
        (keras.initializers.VarianceScaling(3.0, "fan_out", "untruncated_normal"), np.sqrt(3 / 200), np.inf),
        (keras.initializers.RandomNormal(stddev=0.3), 0.3, np.inf),
        (keras.initializers.TruncatedNormal(stddev=0.3), 0.3 * 0.8796, 0.6),
        (keras.initializers.RandomUniform(-0.5, 0.5), 1 / np.sqrt(12), 0.5),
        (keras.initializers.Orthogonal(), np.sqrt(1 / 400), np.inf),
    ],
    ids=lambda value: type(value).__name__,
)
def test_starts_follow_the_initialisers(initializer, deviation, largest):
    def build(activation):
        hidden = keras.layers.Dense(200, kernel_initializer=initializer)
        return keras.Sequential([keras.Input((400,)), hidden, activation(), keras.layers.Dense(1)])

    x = np.zeros((4, 400), "float32")
    kernel = kernels(*prepared(build=build, data=(x, x[:, :1]), compile={"optimizer": "sgd", "loss": "mse"}))[0]
    assert kernel.std() == pytest.approx(deviation, rel=0.02)  # four standard errors of 80,000 numbers
    assert abs(kernel.mean()) < 4 * deviation / np.sqrt(kernel.size)
    assert np.abs(kernel).max() <= largest * 1.0001
    assert np.abs(kernel).max() > min(largest, 3 * deviation) * 0.98


def test_pretrained_weights_stay():
    def build(activation):
        first = keras.layers.Dense(8)
        model = keras.Sequential([keras.Input((6,)), first, activation(), keras.layers.Dense(2)])
        first.set_weights([np.full((6, 8), 0.25), np.ones(8)])
        return model

    first, second = kernels(*prepared(build=build))
    assert np.all(first == 0.25)
    assert len(np.unique(second)) == 16


@pytest.mark.parametrize(("gain", "expected"), [("activation", 1.5925374), (0.5, 0.5)])
def test_gain(gain, expected):
    def build(activation):
        hidden = [keras.layers.Dense(300), activation()]
        return keras.Sequential([keras.Input((200,)), *hidden, keras.layers.Dense(300)])

    x = np.zeros((4, 200), "float32")
    drawn = prepared("tanh", gain, build, data=(x, np.zeros((4, 300), "float32")), compile={"loss": "mse"})
    for kernel, inputs in zip(kernels(*drawn), (200, 300), strict=True):
        assert kernel.std() * np.sqrt(inputs) == pytest.approx(expected, rel=0.01)


def test_a_built_model_gets_other_activations_and_keeps_its_weights():
    inputs = keras.Input((6,))
    x = keras.layers.Dense(5, "relu", name="first")(inputs)
    x = keras.layers.ReLU(6.0)(keras.layers.Dense(4, name="second")(x))
    model = keras.Model(inputs, keras.layers.Dense(2, "softmax", name="head")(x))
    model.compile("sgd", "sparse_categorical_crossentropy")
    weights = [keras.ops.convert_to_numpy(weight) for weight in model.weights]
    for name, extra in (("tanh", 0), ("prelu", 9)):
        copy, start = prepared(name, build=Swap(model), compile=None)
        start.assign(3)
        assert copy.count_params() == model.count_params() + extra
        for layer in ("first", "second", "head"):
            for one, other in zip(copy.get_layer(layer).weights, model.get_layer(layer).weights, strict=True):
                np.testing.assert_array_equal(*(keras.ops.convert_to_numpy(each) for each in (one, other)))
        x = data()[0][:5]
        function = {"tanh": np.tanh, "prelu": lambda z: np.where(z > 0, z, 0.25 * z)}[name]
        hidden = function(function(x @ weights[0] + weights[1]) @ weights[2] + weights[3])
        expected = keras.ops.convert_to_numpy(keras.ops.softmax(hidden @ weights[4] + weights[5]))
        np.testing.assert_allclose(keras.ops.convert_to_numpy(copy(x)), expected, rtol=1e-4, atol=1e-5)
    study = compare(model, ["tanh", "prelu"], data(), seeds=2, **settings(epochs=1, compile=None))
    assert {run["how"] for run in study.runs} == {"compiled" if COMPILED else "fit"}
    assert len({run["curves"]["loss"][0] for run in study.runs}) == 4
    with pytest.raises(ValueError, match="no hidden activation"):
        compare(keras.Sequential([inputs, keras.layers.Dense(2)]), ["relu"], data(), **settings())


def test_gain_is_a_factor():
    chosen = variants(["relu", "tanh"], [None, "activation"])
    assert [(each.label, each.gain) for each in chosen] == [
        ("relu, gain as built", None),
        ("relu, gain activation", "activation"),
        ("tanh, gain as built", None),
        ("tanh, gain activation", "activation"),
    ]


def test_gains_of_activations():
    assert variants(["relu"], None)[0].own_gain == pytest.approx(np.sqrt(2), rel=1e-6)
    assert variants([keras.activations.relu], None)[0].own_gain == pytest.approx(np.sqrt(2), rel=1e-3)
    assert variants([keras.layers.LeakyReLU(0.5)], None)[0].own_gain == pytest.approx(np.sqrt(2 / 1.25), rel=1e-3)
    # A gate times an independent value of variance 1.
    assert variants(["swiglu"], None)[0].own_gain == pytest.approx(variants(["silu"], None)[0].own_gain, rel=0.03)


def shared_inside(activation):
    return keras.Sequential(
        [keras.Input((6,)), keras.layers.Dense(8, activation=activation), keras.layers.Dense(2, activation=activation)]
    )


def functional(activation):
    inputs = keras.Input((6,))
    x = activation(keras.layers.Dense(8)(inputs))
    return keras.Model(inputs, activation(keras.layers.Dense(2)(x)))


@pytest.mark.parametrize("build", [shared_inside, functional])
def test_ways_to_use_an_activation(build):
    x = data()[0][:5]
    model, start = prepared("tanh", build=build, compile={"loss": "mse"}, data=(x, x[:, :2]))
    start.assign(0)
    first, second = kernels(model, start)
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(model(x)), np.tanh(np.tanh(x @ first) @ second), rtol=1e-4, atol=1e-5
    )


def test_each_use_has_weights_of_its_own():
    model, _ = prepared("prelu", build=functional)
    alphas = [variable for variable in model.trainable_variables if variable.name == "alpha"]
    assert [tuple(alpha.shape) for alpha in alphas] == [(8,), (2,)]


@pytest.mark.parametrize("name", ["prelu", "rrelu", "swiglu", keras.layers.PReLU()])
def test_activations_that_need_a_layer_say_so(name):
    with pytest.raises(ValueError, match="write `activation\\(\\)` after that layer"):
        prepared(name, build=shared_inside)


def test_dead_and_saturated_units_are_counted():
    def build(activation):
        bias = np.array([-100.0] * 4 + [100.0] * 12, "float32")
        dense = keras.layers.Dense(16, bias_initializer=lambda shape, dtype: keras.ops.convert_to_tensor(bias, dtype))
        return keras.Sequential([keras.Input((6,)), dense, activation(), keras.layers.Dense(2)])

    study = compare(
        build, ["relu", "tanh", "softmax"], data(), epochs=1, seeds=1, compile=compile_arguments(0.0), verbose=0
    )
    relu, tanh, softmax = (run["after"] for run in study.runs)
    assert (relu["dead"], relu["saturated"]) == ([0.25], [0.25])
    assert tanh["dead"] == tanh["saturated"] == [1.0]
    assert softmax["dead"] == []  # an output depends on all inputs: there is no slope per unit


def test_gradient_norm_against_the_formula():
    x, _, _, _ = data()
    y = x[:, :1] * 2
    sgd = {"optimizer": "sgd", "loss": "mse"}

    def build(activation):
        return keras.Sequential([keras.Input((6,)), keras.layers.Dense(1), activation()])

    (run,) = compare(build, ["linear"], (x, y), seeds=[5], **settings(epochs=1, compile=sgd)).runs
    _, start = prepared("linear", build=build, data=(x, y), compile=sgd)
    kernel = start.values(5)[0].astype("float64")
    gradient = 2 / len(x) * x.T.astype("float64") @ (x @ kernel - y)
    assert run["before"]["gradient"] == pytest.approx([np.linalg.norm(gradient)], rel=1e-4)
    assert sorted(run["curves"]) == ["loss"]


def test_a_recurrent_activation_is_trained_though_not_observed():
    def build(activation):
        return keras.Sequential(
            [keras.Input((3, 2)), keras.layers.SimpleRNN(4, activation=activation), keras.layers.Dense(2)]
        )

    x, y, x_val, y_val = data()
    study = compare(
        build,
        ["tanh"],
        (x.reshape(-1, 3, 2), y, x_val.reshape(-1, 3, 2), y_val),
        seeds=1,
        **settings(),
    )
    assert study.runs[0]["how"] == ("compiled" if COMPILED else "fit")
    assert len(study.runs[0]["after"]["gradient"]) == 3


def test_a_diverged_run_is_recorded():
    x, _, x_val, _ = data()
    steep = settings(epochs=9, compile={"loss": "mse", "optimizer": keras.optimizers.SGD(1e6)})
    study = compare(build, ["linear"], (x, x[:, :2], x_val, x_val[:, :2]), seeds=2, **steep)
    for run in study.runs:
        assert run["status"] == "diverged"
        assert run["epochs"] < 9
        assert {len(curve) for curve in run["curves"].values()} == {run["epochs"]}
        assert np.all(np.isfinite(run["curves"]["loss"]))
        assert run["after"] is None
    assert "2 of 2" in str(study)


def test_several_inputs_and_no_validation():
    def build(activation):
        inputs = {"a": keras.Input((3,), name="a"), "b": keras.Input((3,), name="b")}
        x = keras.layers.Concatenate()([activation(keras.layers.Dense(4)(each)) for each in inputs.values()])
        return keras.Model(inputs, keras.layers.Dense(2)(x))

    x, y, _, _ = data()
    study = compare(build, ["relu"], ({"a": x[:, :3], "b": x[:, 3:]}, y), seeds=2, **settings())
    assert study.metric == "accuracy"
    assert study.runs[0]["how"] == ("compiled" if COMPILED else "fit")


def test_seeds_that_do_not_fit_go_in_chunks_which_change_nothing(monkeypatch):
    whole = compare(build, ["relu"], data(), seeds=3, **settings())
    _, start = prepared()
    state = sum(variable.size * 4 for variable in start.values(0))
    monkeypatch.setattr(_training, "_CHUNK", 3 * (2 * state + 100))  # the state itself, its gradients, and a copy
    assert _training.fitting_chunk(start) == 2
    chunks = []
    if COMPILED:
        train = _training.native().Program.train

        def watched(self, seeds, tick):
            chunks.append(list(seeds))
            return train(self, seeds, tick)

        monkeypatch.setattr(_training.native().Program, "train", watched)
    chunked = compare(build, ["relu"], data(), seeds=3, **settings())
    assert chunks == ([[0, 1], [2]] if COMPILED else [])
    assert [run["curves"] for run in chunked.runs] == [run["curves"] for run in whole.runs]


def test_progress_is_told(capsys):
    compare(build, ["relu"], data, seeds=2, **settings(verbose=1))
    assert capsys.readouterr().out.startswith("relu: 2 runs, ")


def test_compiled_inside_build_or_by_a_function():
    def compiled(activation):
        model = build(activation)
        model.compile(**compile_arguments())
        return model

    _, start = prepared(build=compiled, compile=None)
    assert isinstance(start, Start)
    _, start = prepared(compile=lambda model: model.compile(**compile_arguments()))
    assert isinstance(start, Start)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"activations": ["relu", "releu"]}, ValueError, "did you mean"),
        ({"activations": ["relu", "relu"]}, ValueError, "got 'relu' twice"),
        ({"activations": []}, ValueError, "at least one activation"),
        ({"activations": [3]}, TypeError, "got 3 of type int"),
        ({"gain": -1}, ValueError, "`gain` must be"),
        ({"build": "model"}, TypeError, "`build` as a function"),
        ({"build": lambda activation: None}, TypeError, "return a keras.Model, got NoneType"),
        ({"compile": None}, ValueError, "expected a compiled model"),
        ({"data": data()[:3]}, ValueError, "got tuple of 3 items"),
        ({"data": (data()[0], data()[1][:-1])}, ValueError, "same number of samples"),
        ({"data": (1, 2)}, ValueError, "NumPy arrays"),
        ({"seeds": 0}, ValueError, "`seeds` as a positive number"),
        ({"seeds": [1, 1]}, ValueError, "different integers"),
        ({"epochs": 0}, ValueError, "`epochs` must be an integer from 1, got 0"),
        ({"batch_size": 2.5}, ValueError, "`batch_size`"),
        ({"executor": "fast"}, TypeError, "got 'fast'"),
    ],
)
def test_bad_arguments(changes, error, message):
    with pytest.raises(error, match=message):
        compare(**{"build": build, "activations": ["relu"], "data": data(), **settings(), **changes})


def test_labels():
    chosen = variants(["relu", ("elu", {"alpha": 2.0}), keras.ops.tanh, keras.layers.ReLU(6.0, name="six")], None)
    assert [each.label for each in chosen] == ["relu", "elu(alpha=2.0)", "tanh", "six"]
    assert [each.label for each in variants({"mine": "relu", "yours": "relu"}, None)] == ["mine", "yours"]
    assert keras.ops.convert_to_numpy(chosen[3].layer()(np.array([9.0]))) == 6.0


def test_weights_are_watched_only_while_a_model_is_built():
    original = keras.layers.Layer.add_weight
    with pytest.raises(ZeroDivisionError), weights_made():
        raise ZeroDivisionError
    assert keras.layers.Layer.add_weight is original
    with weights_made() as made:
        keras.layers.Dense(2).build((None, 3))
    assert [type(initializer).__name__ for _, initializer in made] == ["GlorotUniform", "Zeros"]


def test_an_activation_knows_its_name_and_gain():
    fresh = Fresh(Variant("my tanh", "tanh", {}))
    assert fresh.name == "my tanh"
    assert fresh.gain == pytest.approx(1.5925374)
