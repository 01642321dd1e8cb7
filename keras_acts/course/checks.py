"""The checks of the exercises: each calls the learner's functions on cases that the starter does not show.

All but the last compute in NumPy, so they say the same on every backend and every machine.
"""

import functools
import itertools
import runpy
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_acts._core import CATALOGUE
from keras_acts._formula import Formula
from keras_acts.course.tide import TIMES, Tide
from keras_acts.monitor import DyingReLUMonitor, DyingReLUWarning
from keras_acts.properties import starting_values

Names = dict[str, Any]


class WrongError(Exception):
    """The answer is not right yet; the message says what was expected, what came, and where to look."""


def check(lesson: int, path: Path) -> list[str]:
    """Run a learner's file and check it.

    Returns:
        What was found to be right, one line each.

    Raises:
        WrongError: Something is not right yet.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        try:
            return CHECKS[lesson](runpy.run_path(str(path)))
        except WrongError:
            raise
        except Exception as error:
            frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
            where = f"line {frames[-1].lineno}" if frames else "its top"
            raise WrongError(f"{path.name} stopped at {where} with {type(error).__name__}: {error}") from error


def _function(names: Names, name: str) -> Callable[..., Any]:
    if not callable(names.get(name)):
        raise WrongError(f"the file must define a function `{name}`, and has none; keep the starter's names.")
    return names[name]


def _expect(right: Any, message: str) -> None:
    if not right:
        raise WrongError(message)


def _lesson_0(names: Names) -> list[str]:
    name, expected = _function(names, "backend_name")(), keras.backend.backend()
    _expect(name == expected, f"`backend_name` must return the name of the backend at work; got {name!r}.")
    return [f"the backend is {expected}"]


def _lesson_1(names: Names) -> list[str]:
    neuron, careful_bias = _function(names, "neuron"), _function(names, "careful_bias")
    draw = np.random.default_rng(1)
    for act in (np.tanh, np.abs, lambda z: np.maximum(z, 0)):
        x, w, b = draw.normal(size=(7, 3)), draw.normal(size=3), 0.7
        got = np.asarray(neuron(x.copy(), w.copy(), b, act))
        _expect(got.shape == (7,), f"for 7 rows `neuron` must return 7 numbers; got shape {got.shape}.")
        _expect(np.allclose(got, act(x @ w + b)), "`neuron` must apply `act` to the weighted sum plus the bias.")
    bias = float(careful_bias())
    _expect(
        abs(bias + 0.4) < 1e-9,
        f"with a bias of {bias:g} the ReLU switches on at a wind of {-bias / 2:g}; it must be 0.2.",
    )
    return ["a neuron with three activations", "it switches on at a wind of 0.2"]


def _lesson_2(names: Names) -> list[str]:
    collapse = _function(names, "collapse")
    draw = np.random.default_rng(2)
    for depth in (1, 2, 3, 6):
        sizes = draw.integers(1, 9, depth + 1)
        layers = [(draw.normal(size=pair), draw.normal(size=pair[1])) for pair in itertools.pairwise(sizes)]
        x = draw.normal(size=(20, sizes[0]))
        expected = functools.reduce(lambda h, layer: h @ layer[0] + layer[1], layers, x)
        result = collapse([(w.copy(), b.copy()) for w, b in layers])
        _expect(
            isinstance(result, tuple) and len(result) == 2,
            f"`collapse` must return a pair (w, b); got {type(result).__name__}.",
        )
        w, b = map(np.asarray, result)
        shapes = (sizes[0], sizes[-1]), (sizes[-1],)
        _expect(
            (w.shape, b.shape) == shapes,
            f"for {depth} layers from {sizes[0]} to {sizes[-1]} numbers, w and b must have the shapes {shapes[0]} and "
            f"{shapes[1]}; got {w.shape} and {b.shape}.",
        )
        gap = x @ w + b - expected
        only_constant = np.abs(gap - gap[0]).max() < 1e-9
        hint = " Only a constant is missing: does the bias go through the later layers too?" if only_constant else ""
        worst = np.abs(gap).max()
        _expect(
            worst < 1e-5, f"for {depth} layers the outputs must agree within 1e-5; they differ by {worst:.2g}.{hint}"
        )
    return ["stacks of 1, 2, 3 and 6 layers collapse to one within 1e-5"]


def _lesson_3(names: Names) -> list[str]:
    draw = np.random.default_rng(3)
    for inputs, units in ((3, 8), (10, 4)):
        w = np.array(_function(names, "start")(inputs, units), float)
        _expect(w.shape == (inputs, units), f"`start` must return the shape {(inputs, units)}; got {w.shape}.")
        x, v = draw.normal(size=(64, inputs)), np.full(units, 0.2)
        y = np.sin(x[:, 0])
        with np.errstate(all="ignore"):
            for _ in range(50):  # two linear layers; the second starts equal: it must not be what makes units differ
                error = (x @ w @ v - y) / len(x)
                w, v = w - 0.1 * np.outer(x.T @ error, v), v - 0.1 * (x @ w).T @ error
        _expect(np.isfinite(w).all(), "training ran out of bounds: make the starting weights smaller.")
        different = len(np.unique(w.round(6), axis=1).T)
        _expect(different == units, f"after training all {units} units must differ; only {different} of them do.")
    return ["all units differ after training, without an activation"]


def _lesson_4(names: Names) -> list[str]:
    x = np.array([-1000.0, -30.0, -2.0, -0.5, 0.0, 0.5, 2.0, 30.0, 1000.0])
    small = np.exp(-np.abs(x))
    sigmoid = np.where(x >= 0, 1, small) / (1 + small)
    cases = [
        ("leaky_relu", (x, 0.1), np.where(x > 0, x, 0.1 * x)),
        ("leaky_relu", (x, 0.3), np.where(x > 0, x, 0.3 * x)),
        ("silu", (x,), x * sigmoid),
        ("tanh", (x,), np.tanh(x)),
    ]
    for name, arguments, expected in cases:
        got = np.asarray(_function(names, name)(*arguments))
        _expect(
            got.shape == expected.shape,
            f"`{name}` must return one number per input, {expected.shape}; got shape {got.shape}.",
        )
        worst = int(np.argmax(np.abs(got - expected)))
        extra = f" with negative_slope={arguments[1]}" if len(arguments) == 2 else ""
        _expect(
            np.allclose(got, expected, atol=1e-9),
            f"{name}({x[worst]:g}){extra} must be {expected[worst]:.6g}; got {got[worst]:.6g}.",
        )
    return ["leaky_relu for two slopes", "silu, also at ±1000", "tanh made from the sigmoid"]


def _lesson_5(names: Names) -> list[str]:
    unit = _function(names, "unit")
    weights, phases = (a.ravel() for a in np.meshgrid(np.arange(1, 17) / 4, np.arange(4) * np.pi / 8))

    def hidden(times: np.ndarray) -> np.ndarray:
        z = times[:, None] * weights + phases
        out = np.asarray(unit(z.copy()))
        _expect(out.shape == z.shape, f"`unit` must return one number per input, {z.shape}; got shape {out.shape}.")
        return np.column_stack([out, np.ones(len(out))])

    inside, outside = np.linspace(-2 * np.pi, 2 * np.pi, 400), np.linspace(2 * np.pi, 4 * np.pi, 200)
    layer = hidden(inside)
    output = np.linalg.solve(layer.T @ layer + 1e-6 * np.eye(layer.shape[1]), layer.T @ np.sin(inside))
    here, there = (float(np.mean((hidden(x) @ output - np.sin(x)) ** 2)) for x in (inside, outside))
    _expect(here < 0.05, f"inside, the error must be below 0.05; it is {here:.3g}: the units do not even fit the tide.")
    _expect(there < 0.05, f"outside, the error must be below 0.05; it is {there:.3g} (inside: {here:.3g}).")
    return [f"error inside {here:.2g}", f"error outside {there:.2g}"]


def _reach(name: str, gain: float, seed: int, depth: int = 20, width: int = 100) -> float:
    """The gradient at the first layer's input, relative to that at the last layer's, in a plain network."""
    formula, values = Formula(CATALOGUE[name].formula), starting_values(CATALOGUE[name])
    draw = np.random.default_rng(seed)
    h, layers = draw.normal(size=(64, width)), []
    for _ in range(depth):
        weights = draw.normal(0, gain / np.sqrt(width), (width, width))
        curve = formula.evaluate(h @ weights, values, exact=False)
        h, slope = curve.value, curve.slope
        layers.append((weights, slope))
    back, sizes = draw.normal(size=(64, width)), []
    for weights, slope in reversed(layers):
        back = back * slope
        sizes.append(np.linalg.norm(back))
        back = back @ weights.T
    return float(sizes[-1] / sizes[0])


def _lesson_6(names: Names) -> list[str]:
    gain, passed = _function(names, "gain"), []
    for name in ("relu", "gelu", "tanh"):
        value = float(gain(name))
        _expect(0 < value < 1000, f"gain({name!r}) must be a positive number; got {value:g}.")
        ratios = [_reach(name, value, seed) for seed in range(3)]
        advice = "smaller" if max(ratios) > 10 else "larger"
        _expect(
            min(ratios) > 0.1 and max(ratios) < 10,
            f"with gain({name!r}) = {value:.3f}, between 0.1 and 10 of the gradient must reach the first of 20 layers; "
            f"it was {min(ratios):.2g} to {max(ratios):.2g} over 3 seeds: make the gain {advice}.",
        )
        passed.append(f"{name}: {min(ratios):.2f} to {max(ratios):.2f} of the gradient arrives over 3 seeds")
    return passed


def _lesson_8(names: Names) -> list[str]:
    revive = _function(names, "revive")
    net = Tide.start()
    net.step(0.1, 600)
    before, dead = net.predict(), len(net.dead())
    net.w, net.b, net.v = (np.asarray(a, float) for a in revive(net.w.copy(), net.b.copy(), net.v.copy(), TIMES.copy()))
    left, gap = len(net.dead()), np.abs(net.predict() - before).max()
    _expect(left == 0, f"after `revive` no unit may be dead; {left} of the {dead} still are.")
    _expect(
        gap < 1e-9,
        f"the output must stay as it was; it changed by up to {gap:.2g}. Which number silences a unit?",
    )
    net.step(0.05, 600)
    left, error = len(net.dead()), net.loss()
    _expect(
        left <= 2 and error < 0.02,
        f"after 600 steps at 0.05 at most 2 may be dead and the error below 0.02; it is {left} and {error:.4f}. Spread "
        "the times at which the units switch on over the data.",
    )
    return [f"{dead} units raised, output unchanged", f"after 600 steps: {left} dead, error {error:.4f}"]


def _lesson_7(names: Names) -> list[str]:
    x = np.array([-7.0, -1.0, -0.999, -0.3, 0.0, 1e-9, 0.5, 1.0, 1.001, 40.0])
    expected = np.array([0.0, 0.5, 1.0, 1.0, 0.0, -1.0, -1.0, -0.5, 0.0, 0.0])
    got = np.asarray(_function(names, "slope")(x.copy()))
    _expect(got.shape == x.shape, f"`slope` must return one number per input, {x.shape}; got shape {got.shape}.")
    for at, right, came in zip(x, expected, got, strict=True):
        kind = "at this kink, the mean of left and right" if at in (-1, 0, 1) else "no kink here"
        _expect(abs(right - came) < 1e-9, f"slope({at:g}) must be {right:g} ({kind}); got {came:g}.")
    return ["slopes beside the kinks", "the mean of both sides at the three kinks"]


def _lesson_9(names: Names) -> list[str]:
    draw = np.random.default_rng(9)
    for dead in (0, 3):
        out = np.maximum(draw.normal(size=(50, 12)), 0)
        out[:, :dead] = 0
        out[0, dead:] = 1e-20  # small is not zero
        expected = float(np.mean(out == 0)), dead / 12
        got = _function(names, "measure")(out.copy())
        _expect(isinstance(got, tuple) and len(got) == 2, "`measure` must return two shares, zeros and dead.")
        for name, right, came in zip(("zeros", "dead"), expected, got, strict=True):
            _expect(
                abs(float(came) - right) < 1e-9,
                f"with {dead} of 12 units dead the share {name!r} must be {right:.4f}; got {float(came):.4f}.",
            )
    return ["the share of zeros", "the share of dead units"]


_HEADS = {
    "water level from -1 to 1": (
        [("linear", "mse")],
        {
            "relu": "ReLU cannot say a negative level",
            "softplus": "softplus cannot say a negative level",
            "sigmoid": "sigmoid cannot say a negative level",
        },
    ),
    "is the gate open?": (
        [("sigmoid", "binary_crossentropy"), ("linear", "binary_crossentropy_from_logits")],
        {"softmax": "softmax of a single unit is always 1", "relu": "ReLU has slope 0 for every negative score"},
    ),
    "which of five ships?": (
        [("softmax", "categorical_crossentropy"), ("linear", "categorical_crossentropy_from_logits")],
        {"sigmoid": "five sigmoids do not sum to 1", "relu": "ReLU makes all negative scores equal"},
    ),
}


def _lesson_10(names: Names) -> list[str]:
    answers = _function(names, "repaired")()
    for task, (right, faults) in _HEADS.items():
        _expect(task in answers, f"`repaired` must have an entry for {task!r}; it has {sorted(answers)}.")
        activation, loss = answers[task]
        hint = faults.get(activation, "the loss must expect what the last layer gives, scores or shares")
        _expect(tuple(answers[task]) in right, f"{task!r} with {activation!r} and {loss!r}: {hint}.")
    return [f"{task} {activation}, {loss}" for task, (activation, loss) in answers.items()]


def _lesson_11(names: Names) -> list[str]:
    luck = np.array([0.0, 3.0, -2.0, 1.0, 5.0, -4.0])  # common to both: the seeds differ far more than the activations
    small = np.array([0.1, -0.1, 0.05, -0.05, 0.1, -0.1])
    cases = {
        "a is better by 0.5 for every seed, up to 0.1": (luck + 0.5 + small, luck, "better"),
        "a is worse by 0.5 for every seed, up to 0.1": (luck - 0.5 + small, luck, "worse"),
        "the gaps scatter around 0.03 by up to 0.1": (luck + 0.03 + small, luck, "no"),
        "a and b are unrelated": (luck + 0.5, luck[::-1].copy(), "no"),
        "the mean gap is 2.8 standard errors": (
            luck + small - small.mean() + 2.8 * small.std(ddof=1) / np.sqrt(6),
            luck,
            "no",
        ),
    }
    for story, (a, b, right) in cases.items():
        came = _function(names, "shown")(a.copy(), b.copy())
        _expect(came == right, f"where {story}, the answer is {right!r}; got {came!r}.")
    return [f"{story}: {right}" for story, (_, _, right) in cases.items()]


_EPOCHS = 15


def _lesson_12(names: Names) -> list[str]:
    build, passed = _function(names, "build"), []
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise WrongError(
            "this exercise reads the digits that come with scikit-learn: pip install scikit-learn."
        ) from None
    pictures, digits = load_digits(return_X_y=True)
    pictures, targets = (pictures / 16).astype("float32"), np.eye(10, dtype="float32")[digits]
    order = np.random.default_rng(0).permutation(len(pictures))
    learn, judge = order[:1200], order[1200:]
    for seed in range(3):
        keras.utils.set_random_seed(seed)
        model = build()
        dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
        _expect(len(dense) >= 11, f"keep the ten hidden layers and the last one; there are {len(dense)} Dense layers.")
        monitor = DyingReLUMonitor(alarm=1.0, verbose=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DyingReLUWarning)  # what it counts is told below
            model.fit(pictures[learn], targets[learn], batch_size=32, epochs=_EPOCHS, verbose=0, callbacks=[monitor])
        answers = keras.ops.convert_to_numpy(model(pictures[judge])).argmax(axis=1)
        right = float(np.mean(answers == digits[judge]))
        units = sum(units.site.units for units in monitor.units.values())
        dead = sum(units.dead.size for units in monitor.units.values()) / max(units, 1)
        found = f"with seed {seed} it reads {right:.1%} of new digits right, and {dead:.1%} of its units are dead"
        _expect(
            right >= 0.95 and dead <= 0.05,
            f"after {_EPOCHS} epochs at least 95 % must be right and at most 5 % dead; {found}. "
            f"{_next_step(monitor, right)}",
        )
        passed.append(found)
    return passed


def _next_step(monitor: DyingReLUMonitor, right: float) -> str:
    alarms = [finding for finding in monitor.findings if finding.is_alarm]
    if alarms:
        return f"The monitor's first alarm: {alarms[0].message}"
    return "No unit is the matter: does the gradient reach the first layer?" if right < 0.5 else "It is on its way."


CHECKS: dict[int, Callable[[Names], list[str]]] = {
    0: _lesson_0,
    1: _lesson_1,
    2: _lesson_2,
    3: _lesson_3,
    4: _lesson_4,
    5: _lesson_5,
    6: _lesson_6,
    7: _lesson_7,
    8: _lesson_8,
    9: _lesson_9,
    10: _lesson_10,
    11: _lesson_11,
    12: _lesson_12,
}
