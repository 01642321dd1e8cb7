"""The exercises: every starter fails its check, every solution passes, and what a learner reads makes sense."""

import runpy
from pathlib import Path

import keras
import numpy as np
import pytest

import keras_acts.course
from keras_acts.course.__main__ import main
from keras_acts.course.checks import CHECKS, WrongError, check
from keras_acts.course.tide import LEVELS, TIMES, Tide

pytestmark = pytest.mark.usefixtures("quick_compilation")  # lesson 12 trains
HERE = Path(keras_acts.course.__file__).parent


def exercise(kind, lesson):
    return HERE / kind / f"lesson_{lesson:02}.py"


def test_every_exercise_has_a_starter_a_solution_and_a_check():
    for kind in ("starters", "solutions"):
        assert sorted(p.name for p in (HERE / kind).glob("*.py")) == [f"lesson_{n:02}.py" for n in CHECKS]


@pytest.mark.parametrize("lesson", CHECKS)
def test_starter_fails_and_solution_passes(lesson):
    with pytest.raises(WrongError):
        check(lesson, exercise("starters", lesson))
    passed = check(lesson, exercise("solutions", lesson))
    assert passed
    if lesson == 8:  # the quiz quotes it
        assert passed[-1] == "after 600 steps: 2 dead, error 0.0004"


@pytest.mark.parametrize("lesson", CHECKS)
def test_starter_and_solution_offer_the_same_functions(lesson):
    names = [
        {k for k, v in runpy.run_path(str(exercise(kind, lesson))).items() if callable(v)}
        for kind in ("starters", "solutions")
    ]
    assert names[0] == names[1]


@pytest.mark.parametrize(
    ("lesson", "mistake", "hint"),
    [
        (1, ("-0.4", "-0.5"), "a wind of 0.25"),
        (1, ("x @ w + b", "x @ w"), "plus the bias"),
        (7, ("(left + right) / 2", "right"), "mean of left and right"),
        (3, ("1 / np.sqrt(inputs)", "1e9"), "smaller"),
        (2, ("b @ v + c", "b + c if len(b) == len(c) else c"), "bias"),
        (4, ("negative_slope * x", "0.1 * x"), "negative_slope=0.3"),
        (4, ("x * sigmoid(x)", "x / (1 + np.exp(-x))"), "overflow"),
        (5, ("z + np.sin(z) ** 2", "np.tanh(z)"), "outside, the error"),
        (5, ("z + np.sin(z) ** 2", "z"), "do not even fit"),
        (6, ("1 / np.sqrt", "0.5 / np.sqrt"), "larger"),
        (6, ("1 / np.sqrt", "2 / np.sqrt"), "smaller"),
        (10, ('("linear", "mse")', '("softplus", "mse")'), "negative level"),
        (10, ('("linear", "categorical', '("softmax", "categorical'), "scores or shares"),
        (9, (".all(axis=0)", ".any(axis=0)"), "3 of 12|0 of 12"),
        (9, ("(out == 0).mean()", "(abs(out) < 1e-9).mean()"), "zeros"),
        (11, ("gaps.std(ddof=1)", "(a.std() + b.std())"), "for every seed"),
        (11, ("3 * error", "2 * error"), "2.8 standard errors"),
        (12, ("range(10)", "range(3)"), "there are 4 Dense layers"),
        (8, ("v[unit] = 0.0", "pass"), "silences"),
        (8, ("b[unit] = -w[unit] * hinge", "b[unit] = -1000.0"), "still are"),
        (8, ("return w, b, v", "return 1 / 0"), "line 19"),
    ],
)
def test_a_common_mistake_is_caught_and_explained(tmp_path, lesson, mistake, hint):
    text = exercise("solutions", lesson).read_text("utf-8")
    assert mistake[0] in text
    file = tmp_path / "answer.py"
    file.write_text(text.replace(*mistake), "utf-8")
    with pytest.raises(WrongError, match=hint):
        check(lesson, file)


def test_the_commands_lead_from_start_to_solved(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["check", "2"]) == 2
    assert "start 2" in capsys.readouterr().err
    assert main(["start", "2"]) == 0
    assert main(["start", "2"]) == 2  # never overwrites an answer
    assert main(["check", "2"]) == 1
    assert "Not yet: for 2 layers" in capsys.readouterr().out
    assert main(["solution", "2"]) == 0
    Path("lesson_02.py").write_text(capsys.readouterr().out, "utf-8")
    assert main(["check", "2"]) == 0
    assert "solved" in capsys.readouterr().out
    assert main(["check", "99"]) == 2


def test_the_small_trainer_computes_what_keras_computes():
    """25 steps on this backend: the same numbers, the same dead units. At the rate of the lesson the network dies."""
    net = Tide.start()
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(24, "relu"), keras.layers.Dense(1)])
    model.set_weights([net.w[None, :], net.b, net.v[:, None], np.zeros(1)])
    model.compile(keras.optimizers.SGD(0.05), "mse")
    batch = TIMES[:, None].astype("float32"), LEVELS[:, None].astype("float32")
    for _ in range(25):
        model.train_on_batch(*batch)
    net.step(0.05, 25)
    w, b, v, c = (np.asarray(a) for a in model.get_weights())
    gap = max(np.abs(w[0] - net.w).max(), np.abs(b - net.b).max(), np.abs(v[:, 0] - net.v).max(), abs(c[0] - net.c))
    assert gap < 1e-6
    dead = np.flatnonzero((TIMES[:, None] * w + b <= 0).all(axis=0))
    assert dead.tolist() == net.dead().tolist()


def test_the_numbers_of_lesson_8():
    found = {}
    for rate in (0.05, 0.08, 0.1):
        net = Tide.start()
        net.step(rate, 600)
        found[rate] = len(net.dead()), round(net.loss(), 4)
    assert found == {0.05: (0, 0.0114), 0.08: (1, 0.0026), 0.1: (19, 0.4922)}
