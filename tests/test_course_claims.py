"""Every number that a reason on the claims page quotes is computed here, and must come out as it is written."""

import functools
import re
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import keras_acts
from keras_acts.course.checks import _reach as reach
from keras_acts.course.tide import Tide

sys.path.insert(0, str(Path(__file__).parents[1] / "docs" / "_build"))

import claims

CLAIMS = {claim.number: claim for claim in claims.read()}
NUMBER = re.compile(r"(?<![\w.])-?(?:10\^-?\d+|\d[\d,]*\d|\d)(?:\.\d+)?")
CITED = re.compile(r"\(?[A-Z]\w+ \d{4}\.\d{4,5}")  # a paper's name and number
FROM_PAPERS = {56: {"10,000"}}  # said by the papers that the reason cites
DEPTH = 20  # layers, in lesson 6


def quoted(number):
    return set(NUMBER.findall(CITED.sub("", CLAIMS[number].reason)))


@functools.cache
def errors_on_two_tides():
    """Of the mean and of the best straight line."""
    x = np.linspace(-2 * np.pi, 2 * np.pi, 1000)
    y = np.sin(x)
    return np.mean((y - y.mean()) ** 2), np.mean((y - np.polyval(np.polyfit(x, y, 1), x)) ** 2)


def parameters(*sizes):
    model = keras.Sequential([keras.Input((sizes[0],)), *(keras.layers.Dense(size) for size in sizes[1:])])
    return f"{model.count_params():,}"


def power_of_ten(value):
    return f"10^{np.log10(value):.0f}"


@functools.cache
def typical_reach(activation, gain):
    return float(np.median([reach(activation, gain, seed, DEPTH) for seed in range(3)]))


def died():
    found = set()
    for rate in (0.05, 0.08, 0.1):
        net = Tide.start()
        net.step(rate, 600)
        found |= {str(len(net.dead())), str(len(net.w))}
    return found


def slope(function, at):
    """On the left of `at`, by difference."""
    return f"{float(np.asarray(function(np.array([at], 'float32')))[0]) / at:.1f}"


def steepest(name):
    return f"{keras_acts.facts(name).lipschitz:g}"


def mean(name):
    return f"{keras_acts.facts(name).mean:.3g}"


def stretched_sigmoid():
    x = np.linspace(-6, 6, 101)
    np.testing.assert_allclose(np.tanh(x), 2 / (1 + np.exp(-2 * x)) - 1, atol=1e-12)
    assert keras_acts.facts("tanh").lipschitz == 4 * keras_acts.facts("sigmoid").lipschitz
    return {"2", "1", mean("tanh")}


def at_least(bound, value):
    assert value > bound
    return set()


def step_is_flat():
    found = keras_acts.facts("step")
    assert found.zero_slope_share == 1
    return {"0"}


def sigmoid_reaches_one():
    assert np.asarray(keras_acts.sigmoid(np.array([40.0], "float32")))[0] == 1
    return {"1"}


def nearly_a_line():
    x = np.linspace(-0.3, 0.3, 61)
    np.testing.assert_allclose(1 / (1 + np.exp(-x)), 0.5 + x / 4, atol=1e-3)
    return {"0"}


def least_centred():
    nine = ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "silu", "gelu", "mish")
    assert max(nine, key=lambda name: abs(keras_acts.facts(name).mean)) == "sigmoid"
    return {mean("sigmoid"), str(CLAIMS[59].lesson)}


NUMBERS = {
    10: lambda: {parameters(3, 64, 64, 2), parameters(3, 2)},
    12: lambda: {f"{errors_on_two_tides()[0]:.2f}", f"{errors_on_two_tides()[1]:.3f}"},
    29: lambda: {"2", str(DEPTH)} | at_least(100, typical_reach("relu", 2)),
    32: step_is_flat,
    38: sigmoid_reaches_one,
    40: nearly_a_line,
    41: lambda: {steepest("sigmoid"), "0", str(DEPTH), power_of_ten(1 / typical_reach("sigmoid", 1))},
    42: lambda: {steepest("tanh"), steepest("sigmoid")},
    46: stretched_sigmoid,
    47: lambda: {steepest("tanh"), steepest("sigmoid")},
    51: lambda: {mean("tanh")},
    52: lambda: {str(DEPTH), power_of_ten(typical_reach("sigmoid", 1))} | at_least(0.05, typical_reach("tanh", 1)),
    59: least_centred,
    60: lambda: {mean("tanh"), mean("relu")},
    69: lambda: (
        {str(DEPTH), f"{10 ** round(np.log10(1 / typical_reach('relu', 1)))}"}
        | at_least(0.1, typical_reach("relu", 2**0.5))
    ),
    79: died,
    81: lambda: {steepest("relu")},
    82: lambda: {"2", str(DEPTH)} | at_least(100, typical_reach("relu", 2)),
    87: lambda: {slope(keras.activations.leaky_relu, -1.0), slope(keras.layers.LeakyReLU(), -1.0)},
    101: lambda: {"40"} | at_least(1000, typical_reach("sigmoid", 40)),
    102: lambda: {"6", str(DEPTH)} | at_least(10_000, typical_reach("tanh", 6)),
}


def test_no_number_is_left_over():
    with_numbers = {number for number in CLAIMS if quoted(number) - FROM_PAPERS.get(number, set())}
    assert with_numbers == set(NUMBERS)
    for number, known in FROM_PAPERS.items():
        assert known <= quoted(number)
        assert "arXiv" in CLAIMS[number].linked_reason


@pytest.mark.parametrize("number", NUMBERS)
def test_number_comes_out_as_it_is_quoted(number):
    assert NUMBERS[number]() == quoted(number)


def test_numbers_are_found_in_a_reason():
    assert NUMBER.findall("4,546 and 8, -0.30 of 10^-12. Then 100.") == ["4,546", "8", "-0.30", "10^-12", "100"]
    assert NUMBER.findall(CITED.sub("", "Weights decide (He 1502.01852), 7 times.")) == ["7"]
