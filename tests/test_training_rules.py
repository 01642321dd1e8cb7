"""What activations do in training that they do not do in inference: they draw, and they follow the batches."""

import keras
import numpy as np
import pytest
from keras import ops
from samples import BACKEND, CATALOGUE, sample, to_numpy
from scipy import stats

import keras_acts
from keras_acts import accuracy

DRAWS = 20_000
SEEDED = [facts for facts in CATALOGUE.values() if facts.holds == "seed"]
RANDOM = pytest.mark.parametrize("facts", SEEDED, ids=lambda facts: facts.name)


def drawn(name, x, count=DRAWS, **parameters):
    """Many draws, one column for each number."""
    x = np.tile(np.asarray(x, "float32"), (count, 1))
    return to_numpy(getattr(keras_acts, name)(x, training=True, seed=3, **parameters)).astype("float64")


def is_share(hits, expected):
    """Whether the share of hits is within five standard errors of what is expected."""
    error = 5 * np.sqrt(np.maximum(expected * (1 - expected), 1e-4) / len(hits))
    np.testing.assert_array_less(np.abs(hits.mean(0) - expected), error)


def sigmoid(x):
    return 1 / (1 + np.exp(-np.asarray(x)))


@RANDOM
def test_draws_come_from_the_seed(facts):
    x = sample((16, 12), reach=2)
    runs = [[to_numpy(layer(x, training=True)) for _ in range(2)] for layer in (facts.layer(seed=s) for s in (1, 1, 2))]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert np.any(runs[0][0] != runs[0][1]), "every call draws anew"
    assert np.any(runs[0][0] != runs[2][0]), "another seed draws otherwise"


@RANDOM
def test_inference_draws_nothing(facts):
    x, layer = sample((4, 12), reach=2), facts.layer(seed=1)
    np.testing.assert_array_equal(to_numpy(layer(x)), to_numpy(layer(x, training=False)))
    np.testing.assert_array_equal(to_numpy(layer(x)), to_numpy(facts.function(x)))


def test_fit_draws_and_predict_does_not():
    def losses():
        layers = [facts.layer(seed=place) for place, facts in enumerate(SEEDED)]
        inputs = keras.Input((12,))
        dense = keras.layers.Dense(12, kernel_initializer=keras.initializers.GlorotUniform(1))(inputs)
        model = keras.Model(inputs, keras.layers.add([layer(dense) for layer in layers]))
        model.compile("sgd", "mse", jit_compile=BACKEND == "jax")
        x = sample((8, 12), reach=2)
        before = model.evaluate(x, x, verbose=0)
        return before, model.fit(x, x, epochs=2, shuffle=False, verbose=0).history["loss"]

    first, second = losses(), losses()
    assert first[0] != first[1][0]
    np.testing.assert_allclose(first[1], second[1], rtol=1e-6)


def test_rrelu_draws_its_slope_evenly():
    slopes = drawn("rrelu", [-1.0, -2.0]) / [-1, -2]
    for column in slopes.T:
        assert stats.kstest(-column, stats.uniform(-1 / 3, 1 / 3 - 1 / 8).cdf).pvalue > 1e-6


def test_noisy_relu_adds_noise_of_the_papers_variance():
    x = np.array([-1.0, 0.0, 1.0, 5.0])
    deviation = np.sqrt(sigmoid(x))
    mean = x * stats.norm.cdf(x / deviation) + deviation * stats.norm.pdf(x / deviation)
    got = drawn("noisy_relu", x)
    assert got.min() == 0
    np.testing.assert_array_less(np.abs(got.mean(0) - mean), 5 * got.std(0) / np.sqrt(DRAWS))
    is_share(got > 0, stats.norm.cdf(x / deviation))


def test_probact_adds_noise_of_its_sigma():
    got = drawn("probact", [-2.0, 3.0], sigma=0.25) - [0, 3]
    for column in got.T:
        assert stats.kstest(column, stats.norm(0, 0.25).cdf).pvalue > 1e-6


def test_drop_activation_drops_the_rectifier_as_often_as_it_says():
    got = drawn("drop_activation", [-2.0, 3.0], keep=0.75)
    assert set(got[:, 0]) == {0.0, -2.0}
    assert set(got[:, 1]) == {3.0}
    is_share(got[:, :1] == 0, np.array([0.75]))
    np.testing.assert_allclose(got.mean(0), to_numpy(keras_acts.drop_activation([-2.0, 3.0], 0.75)), atol=0.03)


def test_stochastic_binary_is_1_with_its_probability():
    x = np.array([-3.0, 0.0, 1.0])
    got = drawn("stochastic_binary", x)
    assert set(got.ravel()) == {0.0, 1.0}
    is_share(got, sigmoid(x))


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_gumbel_sigmoid_adds_logistic_noise(temperature):
    got = drawn("gumbel_sigmoid", [0.5, -1.0], temperature=temperature)
    with np.errstate(divide="ignore"):
        logits = temperature * np.log(got / (1 - got)) - [0.5, -1.0]
    inside = np.abs(logits) < 6  # further out float32 rounds the sigmoid
    for column, kept in zip(logits.T, inside.T, strict=True):
        rule = stats.logistic()
        within = (rule.cdf(np.sort(column[kept])) - rule.cdf(-6)) / (rule.cdf(6) - rule.cdf(-6))
        assert stats.kstest(within, "uniform").pvalue > 1e-6


def test_hard_concrete_is_exactly_0_and_1_as_often_as_the_paper_says():
    x, temperature, low, high = np.array([-2.0, 0.0, 3.0]), 2 / 3, -0.1, 1.1
    got = drawn("hard_concrete", x)
    is_share(got == 0, sigmoid(temperature * np.log(-low / high) - x))
    is_share(got == 1, sigmoid(x - temperature * np.log((1 - low) / (high - 1))))
    exact = np.clip(sigmoid(x) * (high - low) + low, 0, 1)  # the paper's rule for inference, without the temperature
    np.testing.assert_allclose(to_numpy(keras_acts.hard_concrete(x.astype("float32"))), exact, rtol=1e-6)


@pytest.mark.parametrize("hard", [False, True])
def test_gumbel_softmax_draws_each_entry_with_its_probability(hard):
    x = np.array([1.0, 0.0, -2.0])
    got = drawn("gumbel_softmax", x, hard=hard, temperature=0.5)
    np.testing.assert_allclose(got.sum(-1), 1, rtol=1e-6)
    is_share(np.eye(3)[got.argmax(-1)], np.exp(x) / np.exp(x).sum())
    assert (set(got.ravel()) == {0.0, 1.0}) == hard


def test_a_masked_entry_is_never_drawn():
    got = drawn("gumbel_softmax", [0.0, 9.0, 0.0], count=500, mask=np.array([[True, False, True]]))
    assert np.all(got[:, 1] == 0)
    np.testing.assert_allclose(got.sum(-1), 1, rtol=1e-6)


def slope(fn, x):
    return accuracy.run(fn, [np.asarray(x, "float32")], list(accuracy._backend.compilers())[-1])[1]


def test_what_is_drawn_hard_has_the_slope_of_what_is_soft():
    x, along = np.array([[0.5, -1.0, 2.0]]), np.array([[1.0, 2.0, 4.0]], "float32")
    drawing = {"training": True, "seed": 5, "temperature": 0.5}
    soft, hard = (
        slope(lambda x, hard=hard: keras_acts.gumbel_softmax(x, hard=hard, **drawing) * along, x)
        for hard in (False, True)
    )
    np.testing.assert_allclose(hard, soft, rtol=1e-6)
    assert np.all(soft != 0)
    got = slope(lambda x: keras_acts.stochastic_binary(x, training=True, seed=5), x)
    np.testing.assert_allclose(got, sigmoid(x) * sigmoid(-x), rtol=1e-6)


# Statistics that follow the batches

MOVING = {"dice": (5, 4, 3), "funnel_relu": (5, 4, 6, 3)}


@pytest.mark.parametrize("name", MOVING)
def test_training_normalises_with_the_batch_and_the_moving_statistics_follow(name):
    """Keras's own BatchNormalization does the same on the same numbers."""
    x = np.random.default_rng(0).normal(1, 2, MOVING[name]).astype("float32")
    layer = CATALOGUE[name].layer(momentum=0.75)
    layer.build(x.shape)
    seen = (
        x
        if name == "dice"
        else to_numpy(ops.depthwise_conv(x, ops.expand_dims(layer.kernel.value, -1), padding="same"))
    )
    normal = keras.layers.BatchNormalization(
        momentum=0.75, epsilon=layer.epsilon, center=False, scale=False, moving_mean_initializer="zeros"
    )
    for _ in range(2):
        normalised = to_numpy(normal(seen, training=True))
        got = to_numpy(layer(x, training=True))
    expected = x * sigmoid(normalised) if name == "dice" else np.maximum(x, normalised)
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)
    for mine, theirs in (("moving_mean", normal.moving_mean), ("moving_variance", normal.moving_variance)):
        np.testing.assert_allclose(to_numpy(getattr(layer, mine).value), to_numpy(theirs.value), rtol=1e-4)
    before = to_numpy(layer.moving_mean.value)
    layer(x)
    layer.trainable = False
    layer(x, training=True)
    np.testing.assert_array_equal(to_numpy(layer.moving_mean.value), before)
    assert len(layer.non_trainable_weights) == len(layer.weights)


def test_masked_steps_do_not_count_in_the_statistics():
    x = np.random.default_rng(0).normal(1, 2, (2, 3, 4)).astype("float32")
    layer = keras_acts.Dice(momentum=0.0)
    layer(x, training=True, mask=np.array([[True, True, False], [True, False, False]]))
    kept = np.concatenate([x[0, :2], x[1, :1]])
    np.testing.assert_allclose(to_numpy(layer.moving_mean.value), kept.mean(0), rtol=1e-5)
    np.testing.assert_allclose(to_numpy(layer.moving_variance.value), kept.var(0), rtol=1e-4)


# Where learned curves start

STARTS = {
    "PAU": (lambda x: np.where(x > 0, x, 0.01 * x), 0.05),
    "GroupRational": (lambda x: x * sigmoid(x), 1e-4),
    "APL": (lambda x: np.maximum(x, 0), 1e-7),
    "KANBSpline": (lambda x: x * sigmoid(x), 0.4),
}


@pytest.mark.parametrize("name", STARTS)
def test_a_learned_curve_starts_where_its_paper_starts_it(name):
    curve, distance = STARTS[name]
    x = np.linspace(-3, 3, 61, dtype="float32")[:, None]
    np.testing.assert_allclose(to_numpy(getattr(keras_acts, name)()(x)), curve(x), atol=distance)


def test_hermite_starts_as_the_nearest_polynomial_to_relu():
    points, weights = np.polynomial.hermite_e.hermegauss(200)
    weights = weights / weights.sum()
    start = to_numpy(keras_acts.Hermite(degree=6)(points[:, None].astype("float32")))[:, 0]
    missing = np.maximum(points, 0) - start
    for power in range(7):
        assert abs((weights * missing * points**power).sum()) < 2e-3 * max(1, (weights * np.abs(points) ** power).sum())


def test_the_splines_sum_to_1_within_the_grid():
    x = np.linspace(-1, 1, 41, dtype="float32")
    got = keras_acts.kan_bspline(x, np.ones(8, "float32"), 0.0, 1.0)
    np.testing.assert_allclose(to_numpy(got), 1, rtol=1e-6)


# What does not fit


@pytest.mark.parametrize("name", ["Maxout", "CReLU"])
def test_what_changes_the_width_is_refused_inside_dense(name):
    layer = getattr(keras_acts, name)()
    for activation in (layer, layer.facts.function):
        with pytest.raises(ValueError, match=rf"an axis, so it cannot be.*expected.*keras_acts\.{name}\(\)` after it"):
            keras.layers.Dense(4, activation=activation)(np.ones((2, 3), "float32"))


@pytest.mark.parametrize(("name", "parameter"), [("maxout", "pieces"), ("groupsort", "group_size")])
def test_groups_that_do_not_divide_the_channels_are_refused(name, parameter):
    x = np.ones((2, 5), "float32")
    message = rf"`{parameter}` must divide the size of axis -1, got {parameter}=2 for size 5 in shape \(2, 5\); make"
    for call in (getattr(keras_acts, name), CATALOGUE[name].layer()):
        with pytest.raises(ValueError, match=message):
            call(x)
