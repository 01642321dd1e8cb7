"""The page of what was left out: nothing on it is in the catalogue, and what it calls the same is the same."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from samples import CATALOGUE, to_numpy

import keras_acts
from keras_acts import _core
from keras_acts._formula import Formula

PAGE = (Path(__file__).parents[1] / "docs" / "elsewhere" / "left-out.md").read_text("utf-8")
LINES = [re.split(r"(?<!\\)\|", line)[1:-1] for line in PAGE.splitlines() if line.startswith("| ")][1:]
REASONS = {name.strip(): reason.strip() for name, _, reason in LINES}
# What those say that are called the same as something here.
SAME = {
    "very_leaky_relu": "where(x > 0, x, x / 3)",
    "felu": "where(x > 0, x, 2 ** (x / log(2)) - 1)",
    "calu": "x * (atan(x) / pi + 1 / 2)",
    "dis_relu": "max(x, -0.5)",
}


def test_each_is_named_once_with_a_reason():
    assert len(LINES) == len(REASONS) > 100
    assert all(len(reason.split()) >= 3 and reason.endswith(".") for reason in REASONS.values())


@pytest.mark.parametrize("name", REASONS)
def test_what_was_left_out_is_not_in_the_catalogue(name):
    assert name not in CATALOGUE
    assert _core._normal(name) not in _core._NAMES


@pytest.mark.parametrize("name", REASONS)
def test_every_name_in_a_reason_is_one_of_ours(name):
    for word in re.findall(r"`(\w+)\b", REASONS[name]):
        if word not in ("x", "keras"):
            assert word in CATALOGUE or word in REASONS, f"{name}: {word}"


@pytest.mark.parametrize("name", SAME)
def test_what_is_called_the_same_is_the_same(name):
    call = re.match(r"= `(\w+)\(x(.*)\)`", REASONS[name])
    assert call, REASONS[name]
    settings: Any = dict(part.strip().split("=") for part in call[2].split(",")[1:])
    numbers = {key: eval(value, {}) for key, value in settings.items()}  # noqa: S307
    x = np.linspace(-4, 4, 81, dtype="float32")
    got = to_numpy(getattr(keras_acts, call[1])(x, **numbers))
    np.testing.assert_allclose(got, Formula(SAME[name]).evaluate(x, {}, exact=False).value, rtol=3e-6, atol=1e-6)


def test_every_claim_is_checked():
    claimed = {name for name, reason in REASONS.items() if reason.startswith("= ")}
    assert claimed == {*SAME, "sigsoftmax"}
    x = np.random.default_rng(0).normal(0, 3, (4, 7)).astype("float32")
    weights = np.exp(x) / (1 + np.exp(-x))
    got = keras_acts.softmax(x + to_numpy(keras_acts.log_sigmoid(x)))
    np.testing.assert_allclose(to_numpy(got), weights / weights.sum(-1, keepdims=True), rtol=2e-6)
