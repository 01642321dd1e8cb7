"""Mistakes that Keras, its backends or this package once made, planted again: each must be caught.

The numbers in the titles are those of the measured list that these come from; (K) marks mistakes of Keras 3.15.1.
"""

import dataclasses

import pytest
import test_accuracy
import test_rows
from keras import ops

from keras_acts import _backend, accuracy
from keras_acts._core import CATALOGUE

TANH_GELU = 0.7978845608028654


def sigmoid(x):
    return 1.0 / (1.0 + ops.exp(-x))


def half_silu(x):
    return x / (1.0 + ops.exp(-x))


def half_gelu_tanh(x):
    return 0.5 * x * (1.0 + ops.tanh(TANH_GELU * (x + 0.044715 * x * x * x)))


def traced_sparse_plus(x):
    return ops.where(x <= -1, 0 * x, ops.where(x < 1, ops.square(x + 1) / 4, x))


def elu(x):
    return ops.where(x > 0, x, ops.expm1(ops.minimum(x, 0.0)))


elu_slope_from_value = _backend.with_slope(elu, lambda x: (ops.where(x > 0, 1.0 + 0.0 * x, elu(x) + 1.0),))
celu_slope_2 = _backend.with_slope(elu, lambda x: (ops.where(x == 0, 2.0 + 0.0 * x, ops.exp(ops.minimum(x, 0.0))),))
sigmoid_slope_from_value = _backend.with_slope(sigmoid, lambda x: (sigmoid(x) * (1.0 - sigmoid(x)),))


def relu_at_the_tail(x):
    last = ops.cast(ops.arange(x.shape[0]) >= x.shape[0] - 3, x.dtype)
    return ops.where(x <= 0, 0.0 * x, x) * (1.0 + 1e-6 * last)


def softsign_slope_that_cancels(x):
    size = 1.0 + ops.abs(x)
    return (1.0 / size - ops.abs(x) / (size * size),)


softsign = _backend.with_slope(lambda x: x / (1.0 + ops.abs(x)), softsign_slope_that_cancels)


def value(sweep):
    test_accuracy.check(sweep, "value")


def slope(sweep):
    test_accuracy.check(sweep, "slope")


nan, limit = test_accuracy.test_nan_comes_out_as_nan, test_accuracy.test_limits_at_both_infinities
place = test_accuracy.test_result_does_not_depend_on_the_place_in_the_tensor
within = test_accuracy.test_output_lies_in_the_stated_range

# What is wrong, the activation it pretends to be, what it computes, the format in which it shows, the check.
CURVES = [
    (
        "2 squareplus cancels and overflows (K)",
        "squareplus",
        lambda x: (x + ops.sqrt(x * x + 4.0)) / 2.0,
        "float32",
        value,
    ),
    (
        "2 squareplus overflows in half precision (K)",
        "squareplus",
        lambda x: (x + ops.sqrt(x * x + 4)) / 2,
        "float16",
        value,
    ),
    ("3 slope of tanh-gelu is NaN in half precision (K)", "gelu_tanh", half_gelu_tanh, "float16", slope),
    ("3 tanh-gelu is 0 far left (K)", "gelu_tanh", half_gelu_tanh, "float32", value),
    ("4 slope of sparse_plus is NaN (K)", "sparse_plus", traced_sparse_plus, "float16", slope),
    (
        "5 elu loses everything near 0 (K)",
        "elu",
        lambda x: ops.where(x > 0, x, ops.exp(ops.minimum(x, 0.0)) - 1.0),
        "float32",
        value,
    ),
    (
        "5 elu loses everything near 0 (K)",
        "elu",
        lambda x: ops.where(x > 0, x, ops.exp(ops.minimum(x, 0.0)) - 1.0),
        "float16",
        value,
    ),
    ("5b slope of elu is 0 from -17 on (K)", "elu", elu_slope_from_value, "float32", slope),
    ("6 slope of celu at 0 is 2 (K)", "celu", celu_slope_2, "float16", slope),
    ("6b slope of prelu at 0 is 0 (K)", "prelu", lambda x: ops.relu(x) - 0.25 * ops.relu(-x), "float32", slope),
    ("7 tanh_shrink cancels (K)", "tanh_shrink", lambda x: x - ops.tanh(x), "float32", value),
    ("7 tanh_shrink cancels (K)", "tanh_shrink", lambda x: x - ops.tanh(x), "bfloat16", value),
    ("8 slope of softsign cancels (K)", "softsign", softsign, "float16", slope),
    ("8 softsign at infinity is NaN (K)", "softsign", softsign, "float32", limit),
    ("9 silu at -infinity is NaN (K)", "silu", lambda x: x * sigmoid(x), "float32", limit),
    ("10 silu is 0 at -11.45 in half precision (K)", "silu", half_silu, "float16", value),
    (
        "11 hard_shrink turns NaN into 0 (K)",
        "hard_shrink",
        lambda x: ops.where(ops.abs(x) > 0.5, x, 0.0 * ops.ones_like(x)),
        "float32",
        nan,
    ),
    ("11 relu turns NaN into 0 (K)", "relu", lambda x: ops.where(x > 0, x, ops.zeros_like(x)), "float32", nan),
    ("12 hard_silu overflows (K)", "hard_silu", lambda x: x * ops.relu6(x + 3.0) / 6.0, "float32", value),
    (
        "12 gelu with 1 + erf is 0 far left (K)",
        "gelu",
        lambda x: 0.5 * x * (1.0 + ops.erf(x * 0.70710678)),
        "float32",
        value,
    ),
    (
        "15 thresholded_relu passes its threshold (K)",
        "thresholded_relu",
        lambda x: ops.where(x < 1.0, 0.0 * x, x),
        "float32",
        value,
    ),
    ("1.3 slope of sigmoid is 0 from 17 on (K)", "sigmoid", sigmoid_slope_from_value, "float32", slope),
    ("1.3 results depend on the place in the tensor", "relu", relu_at_the_tail, "float32", place),
    (
        "a slip of the keyboard",
        "softplus",
        lambda x: ops.maximum(x, 0.0) + ops.log1p(ops.exp(-x * x)),
        "float16",
        value,
    ),
    ("beyond the stated range", "sigmoid", lambda x: 1.0000002 * sigmoid(x), "float32", within),
]


@pytest.mark.parametrize(
    ("name", "function", "dtype", "check"), [row[1:] for row in CURVES], ids=[row[0] for row in CURVES]
)
def test_wrong_curve_is_caught(name, function, dtype, check):
    facts = CATALOGUE[name]
    sweep = accuracy.Sweep(facts, accuracy.parameters_of(facts), dtype, "eager", function)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        check(sweep)


def test_wrong_limit_of_leaky_relu_without_slope_is_caught():
    sweep = accuracy.Sweep(
        CATALOGUE["leaky_relu"], {"negative_slope": 0.0}, "float32", "eager", lambda x: ops.where(x > 0, x, 0.0 * x)
    )
    with pytest.raises(AssertionError, match="the limit 0"):
        limit(sweep)


def broken(name, **changes):
    return {name: dataclasses.replace(CATALOGUE[name], **changes)}


def keras_sparsemax(x, axis=-1, mask=None):
    descending = ops.flip(ops.sort(x, axis=axis), axis=axis)
    sums = ops.cumsum(descending, axis=axis)
    count = ops.arange(1, x.shape[-1] + 1, dtype=x.dtype)
    inside = 1.0 + count * descending > sums
    size = ops.sum(ops.cast(inside, x.dtype), axis=axis, keepdims=True)
    return ops.maximum(x - (ops.sum(ops.where(inside, sums, 0.0 * sums), axis=axis, keepdims=True) - 1.0) / size, 0.0)


def plain_softmax(x, axis=-1, mask=None):
    return ops.exp(x) / ops.sum(ops.exp(x), axis=axis, keepdims=True)


def half_softmax(x, axis=-1, mask=None):
    powers = ops.exp(x - ops.max(x, axis=axis, keepdims=True))
    total = ops.cast(ops.sum(ops.cast(powers, "float32"), axis=axis, keepdims=True), x.dtype)
    return powers / total


def masked_by_multiplication(x, axis=-1, mask=None):
    weights = half_softmax(x, axis)
    return weights if mask is None else weights * ops.cast(mask, x.dtype)


ROWS = [
    ("1 sparsemax sums wrongly (K)", "sparsemax", keras_sparsemax, "test_weights_sum_to_1", ("float32",)),
    (
        "1 sparsemax sums wrongly (K)",
        "sparsemax",
        keras_sparsemax,
        "test_ten_thousand_random_rows_agree_with_float64",
        ("eager",),
    ),
    (
        "1b sparsemax of large logits (K)",
        "sparsemax",
        keras_sparsemax,
        "test_any_finite_logits_give_finite_weights_and_slopes",
        ("float32", "eager"),
    ),
    (
        "softmax overflows",
        "softmax",
        plain_softmax,
        "test_any_finite_logits_give_finite_weights_and_slopes",
        ("float32", "eager"),
    ),
    (
        "16 sum of softmax overflows in half precision (K)",
        "softmax",
        half_softmax,
        "test_low_precision_weights_are_the_true_ones_rounded",
        ("float16", "eager"),
    ),
    ("a mask that multiplies", "softmax", masked_by_multiplication, "test_masked_entries_take_no_part", ()),
]


@pytest.mark.parametrize(
    ("name", "function", "check", "settings"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS]
)
def test_wrong_weights_are_caught(name, function, check, settings, monkeypatch):
    monkeypatch.setattr(test_rows, "CATALOGUE", broken(name, function=function))
    with pytest.raises(AssertionError):
        getattr(test_rows, check)(name, *settings, rng=test_rows.np.random.default_rng(7))


FACTS = [
    ("relu6", {"kinks": {"0": "0"}}, "test_every_kink_is_declared_with_a_slope_from_between_its_sides", "is no kink"),
    ("relu", {"kinks": {"0": "2"}}, "test_every_kink_is_declared_with_a_slope_from_between_its_sides", "not between"),
    (
        "relu",
        {"kinks": {"0": "0", "1": "1"}},
        "test_every_kink_is_declared_with_a_slope_from_between_its_sides",
        "not change",
    ),
    ("tanh", {"output_range": ("-1", "2")}, "test_stated_range_is_no_wider_than_the_curve", "tanh"),
    ("relu", {"output_range": ("-inf", "inf")}, "test_stated_range_is_no_wider_than_the_curve", "stated to reach"),
]


@pytest.mark.parametrize(("name", "changes", "check", "complaint"), FACTS)
def test_wrong_facts_are_caught(name, changes, check, complaint, monkeypatch):
    monkeypatch.setattr(test_accuracy, "CATALOGUE", broken(name, **changes))
    with pytest.raises(AssertionError, match=complaint):
        getattr(test_accuracy, check)(name)


def test_an_activation_without_formula_or_reference_is_caught(monkeypatch):
    monkeypatch.setattr(test_rows, "WITHOUT_FORMULA", ["softmax", "brand_new"])
    with pytest.raises(AssertionError, match="brand_new"):
        test_rows.test_every_activation_has_a_formula_or_a_reference()
