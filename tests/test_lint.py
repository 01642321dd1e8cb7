"""`lint` finds each planted mistake, and nothing where the mistake is mended."""

import functools
import json
import re
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

import keras_acts
from keras_acts.advice import lint, recommend
from keras_acts.advice._lint import RULES
from keras_acts.study._start import _weight

pytestmark = pytest.mark.usefixtures("quick_compilation")
ROOT = Path(__file__).parents[1]
LOGITS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def model(*parts, shape=(8,)):
    return keras.Sequential([keras.Input(shape), *parts])


def deep(activation, start, depth=10, units=32):
    return model(
        *[layers.Dense(units, activation=activation, kernel_initializer=start) for _ in range(depth)], shape=(units,)
    )


def rectifiers(units, start="he_normal"):
    return layers.Dense(units, activation="relu", kernel_initializer=start)


def half():
    return layers.Dense(3, dtype=keras.DTypePolicy("mixed_float16"), name="head")


def low_bias(value):
    bias = keras.initializers.Constant(value)
    return layers.Dense(16, activation="relu", bias_initializer=bias, kernel_initializer="he_normal")


def gelu(x):
    return x


@functools.cache
def headings(page):
    """The anchors of a page, as its headings make them."""
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
    return [re.sub(r"[^\w\s-]", "", title).strip().lower().replace(" ", "-") for title in titles]


# The rule, a model with the mistake, one without, and what else `lint` is told.
CASES = [
    ("linear-stack", lambda: [layers.Dense(8), layers.Dense(3)], lambda: [layers.Dense(2), layers.Dense(3)], {}),
    (
        "double-softmax",
        lambda: [layers.Dense(3, activation="softmax")],
        lambda: [layers.Dense(3)],
        {"loss": LOGITS},
    ),
    (
        "logits-as-probabilities",
        lambda: [layers.Dense(3)],
        lambda: [layers.Dense(3), layers.Softmax()],
        {"loss": "sparse_categorical_crossentropy"},
    ),
    (
        "one-unit-softmax",
        lambda: [layers.Dense(1, activation="softmax")],
        lambda: [layers.Dense(1, activation="sigmoid")],
        {},
    ),
    (
        "wrong-cross-entropy",
        lambda: [layers.Dense(3, activation="sigmoid")],
        lambda: [layers.Dense(3, activation="softmax")],
        {"loss": "categorical_crossentropy"},
    ),
    (
        "wrong-cross-entropy",
        lambda: [layers.Dense(3, activation="softmax")],
        lambda: [layers.Dense(3, activation="sigmoid")],
        {"loss": "binary_crossentropy"},
    ),
    (
        "squared-error-on-softmax",
        lambda: [layers.Dense(3, activation="softmax")],
        lambda: [layers.Dense(3)],
        {"loss": "mse"},
    ),
    (
        "target-out-of-reach",
        lambda: [layers.Dense(1, activation="relu")],
        lambda: [layers.Dense(1)],
        {"loss": "mse", "y": np.array([-1.0, 2.0])},
    ),
    (
        "vanishing-gradient",
        lambda: deep("sigmoid", "glorot_uniform").layers,
        lambda: deep("relu", "he_normal").layers,
        {"shape": (32,)},
    ),
    (
        "signal-scale",
        lambda: deep("relu", keras.initializers.RandomNormal(stddev=0.01), 3).layers,
        lambda: deep("tanh", keras_acts.initializer_for("tanh"), 20).layers,
        {"shape": (32,)},
    ),
    (
        "selu-start",
        lambda: [layers.Dense(4, activation="selu"), layers.Dense(2)],
        lambda: [layers.Dense(4, activation="selu", kernel_initializer="lecun_normal"), layers.Dense(2)],
        {},
    ),
    (
        "selu-dropout",
        lambda: [layers.Dense(4), keras_acts.SELU(), layers.Dropout(0.1)],
        lambda: [layers.Dense(4), keras_acts.SELU(), layers.AlphaDropout(0.1)],
        {},
    ),
    (
        "bias-before-norm",
        lambda: [layers.Dense(4), layers.BatchNormalization()],
        lambda: [layers.Dense(4, use_bias=False), layers.BatchNormalization()],
        {},
    ),
    ("dead-on-arrival", lambda: [low_bias(-9.0), layers.Dense(1)], lambda: [low_bias(-0.5), layers.Dense(1)], {}),
    (
        "dead-on-arrival",
        lambda: [rectifiers(16), rectifiers(16, keras.initializers.Constant(-0.1)), layers.Dense(1)],
        lambda: [layers.Dense(16, "tanh"), rectifiers(16, keras.initializers.Constant(-0.1)), layers.Dense(1)],
        {},
    ),
    (
        "narrow-rectifiers",
        lambda: [rectifiers(3), layers.Dense(1)],
        lambda: [rectifiers(4), layers.Dense(1)],
        {},
    ),
    (
        "unscaled-input",
        lambda: [rectifiers(8), layers.Dense(1)],
        lambda: [layers.Rescaling(1 / 255), rectifiers(8), layers.Dense(1)],
        {"x": np.full((2, 8), 255.0)},
    ),
    (
        "slope-per-position",
        lambda: [layers.Conv2D(2, 3), layers.PReLU()],
        lambda: [layers.Conv2D(2, 3), layers.PReLU(shared_axes=[1, 2])],
        {"shape": (6, 6, 1)},
    ),
    (
        "unclear-slope",
        lambda: [layers.Dense(4, activation="leaky_relu")],
        lambda: [layers.Dense(4, activation=keras_acts.leaky_relu)],
        {},
    ),
    ("half-precision-output", lambda: [half()], lambda: [half(), layers.Activation("softmax", dtype="float32")], {}),
    (
        "cannot-be-loaded",
        lambda: [layers.Dense(4, activation=lambda x: x * 2)],
        lambda: [layers.Dense(4, activation=keras_acts.gelu), layers.Dense(2, activation="gelu")],
        {},
    ),
    ("cannot-be-loaded", lambda: [layers.Dense(4, activation=gelu)], lambda: [layers.Activation("gelu")], {}),
]


@pytest.mark.parametrize(("rule", "broken", "mended", "told"), CASES)
def test_each_rule_finds_its_mistake_and_nothing_else(rule, broken, mended, told):
    told = dict(told)
    shape = told.pop("shape", (8,))
    sick = model(*broken(), shape=shape)
    found = lint(sick, **told)
    assert rule in [finding.rule for finding in found]
    for finding in found:
        assert finding.reason.endswith(".")
        assert finding.fix
        assert finding.severity in ("error", "warning", "note")
        page, anchor = finding.lesson.split("#")
        assert anchor in headings(ROOT / page)
    assert rule not in [finding.rule for finding in lint(sick, silence=[rule], **told)]
    assert rule not in [finding.rule for finding in lint(model(*mended(), shape=shape), **told)]


def test_large_steps_are_those_of_the_size_of_the_weights():
    network = model(rectifiers(16), layers.Dense(1))  # He's start: weights of 0.5
    for optimizer, expected in (
        (keras.optimizers.Adam(0.4), ["large-steps"]),
        (keras.optimizers.Adam(0.1), []),
        (keras.optimizers.SGD(0.4), []),
        (keras.optimizers.Adam(keras.optimizers.schedules.PiecewiseConstantDecay([9], [0.4, 0.1])), ["large-steps"]),
    ):
        network.compile(optimizer, "mse")
        assert [finding.rule for finding in lint(network)] == expected


def test_a_gate_inside_a_layer():
    inputs = keras.Input((8,))
    dense = layers.Dense(4)
    bad = keras.Model(inputs, dense(inputs))
    dense.activation = keras_acts.swiglu  # a model with it cannot even be called
    assert [finding.rule for finding in lint(bad)] == ["gate-inside"]


def test_every_rule_has_a_case():
    tested = {case[0] for case in CASES} | {"gate-inside", "large-steps", "probability-cross-entropy"}
    assert tested == set(RULES)


def test_every_rule_is_explained():
    assert set(RULES) <= set(headings(ROOT / "docs" / "howto" / "lint.md"))


def test_probabilities_on_jax():
    found = lint(model(layers.Dense(3, activation="softmax")), loss="categorical_crossentropy")
    expected = ["probability-cross-entropy"] if keras.backend.backend() == "jax" else []
    assert [finding.rule for finding in found] == expected


def test_a_report_of_a_broken_model_is_sorted_and_machine_readable():
    broken = model(layers.Dense(8, name="a"), layers.Dense(8, activation="leaky_relu", name="b"), layers.Dense(3))
    broken.compile(loss="sparse_categorical_crossentropy")
    found = lint(broken)
    assert [finding.severity for finding in found] == ["error", "error", "note"]
    assert {record["layer"] for record in json.loads(found.to_json())} == {"a", "b", broken.layers[-1].name}
    assert "keras.layers.Dense(8, activation='relu', name='a')" in str(found)
    assert str(lint(model(layers.Dense(1)), loss="mse")) == "Nothing found."


def test_predicted_gradients_are_those_of_the_network():
    """Against the norms of gradients in NumPy, for tanh from Glorot's start."""
    from keras_acts.advice._signal import chains

    depth, units = 8, 200
    network = deep("tanh", keras.initializers.GlorotUniform(seed=3), depth, units)
    (steps,) = chains(network)
    weights = [keras.ops.convert_to_numpy(layer.kernel).astype("float64") for layer in network.layers]
    rng = np.random.default_rng(0)
    y = rng.normal(size=(200, units))
    slopes = []
    for step, kernel in zip(steps, weights, strict=True):
        z = y @ kernel
        assert step.deviation == pytest.approx(z.std(), rel=0.05)
        y = np.tanh(z)
        slopes.append(1 - y**2)
    gradient = rng.normal(size=y.shape)
    first = gradient.std()
    for kernel, slope in zip(weights[::-1], slopes[::-1], strict=True):
        gradient = (gradient * slope) @ kernel.T
    predicted = np.prod([step.gradient for step in steps])
    assert predicted == pytest.approx(gradient.std() / first, rel=0.15)


@pytest.fixture
def drawn_by_numpy(monkeypatch):
    """Weights of the initialisers' distributions from NumPy: JAX compiles a program for every shape it draws."""
    rng = np.random.default_rng(0)

    def draw(self, shape, dtype=None, **_):
        scaling = isinstance(self, keras.initializers.VarianceScaling)
        values = _weight(self, tuple(shape), dtype, rng) if scaling else np.full(shape, type(self).__name__ == "Ones")
        return keras.ops.convert_to_tensor(values.astype(dtype or "float32"))

    for kind in (keras.initializers.VarianceScaling, keras.initializers.Zeros, keras.initializers.Ones):
        monkeypatch.setattr(kind, "__call__", draw)


def test_no_alarm_on_architectures_that_work(drawn_by_numpy):
    for make in (keras.applications.MobileNetV2, keras.applications.MobileNetV3Small):
        network = make(weights=None, input_shape=(32, 32, 3), classes=10, classifier_activation=None)
        assert not lint(network, loss=LOGITS), str(lint(network))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: lint("model"), TypeError, "got 'model'"),
        (lambda: lint(keras.Sequential([layers.Dense(1)])), ValueError, "needs a built model"),
        (lambda: lint(model(layers.Dense(1)), silence="typo"), ValueError, "no rule 'typo'"),
        (lambda: recommend("magic"), ValueError, "`task` must be one of"),
        (lambda: recommend("binary", architecture="cat"), ValueError, "`architecture` must be"),
        (lambda: recommend("binary", depth=0), ValueError, "`depth` is the number"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("task", ["regression", "positive regression", "binary", "multiclass", "multilabel"])
@pytest.mark.parametrize("architecture", ["mlp", "cnn", "rnn", "transformer"])
def test_cards_name_what_exists(task, architecture):
    for depth in (3, 20):
        card = recommend(task, depth=depth, architecture=architecture)
        for name in (card.hidden, card.output, *card.rivals):
            assert name in keras_acts.list_activations()
        assert {"hidden", "output", "initializer", "loss"} <= card.reasons.keys()
        head = layers.Dense(
            1 if "regression" in task or task == "binary" else 3, activation=keras_acts.get(card.output)
        )
        loss = eval(card.loss, {"keras": keras})  # noqa: S307 - the code that the card shows
        assert not [f for f in lint(model(head), loss=loss) if f.severity != "note"]
        assert card.hidden in str(card)
