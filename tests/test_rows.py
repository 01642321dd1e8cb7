"""Activations whose entries depend on each other, against plain NumPy; the laws of weights that sum to 1.

A weight of float16 or bfloat16 is the true one rounded, to within 0.51 ulp.
"""

import functools
import math

import numpy as np
import pytest
import references
from keras import ops

from keras_acts import _backend, accuracy
from keras_acts._core import CATALOGUE

WAYS = list(_backend.compilers())
QUICKEST = "jit" if "jit" in WAYS else "eager"  # to run each operation by itself, JAX compiles each by itself
SIMPLEX = sorted(name for name, facts in CATALOGUE.items() if facts.kind == "simplex")
WITHOUT_FORMULA = sorted(name for name, facts in CATALOGUE.items() if not facts.formula)


def reference(name):
    return getattr(references, name)


def test_every_activation_has_a_formula_or_a_reference():
    missing = [name for name in WITHOUT_FORMULA if not hasattr(references, name)]
    assert not missing, f"give {missing} a formula, or a NumPy function of that name in tests/references.py"


def arguments(name):
    """The parameters that the function has no defaults for."""
    return references.ARGUMENTS.get(name, {})


def weights(name, x, way=QUICKEST, **parameters):
    """The function's value, and the gradient of its sum."""
    parameters = {**arguments(name), **parameters}
    return accuracy.run(lambda x: CATALOGUE[name].function(x, **parameters), [x], way)


@functools.cache
def program(name, way):
    """The function and its gradient as one program, which a backend compiles once for each shape and dtype."""
    graded = _backend.with_gradients(lambda x: CATALOGUE[name].function(x, **arguments(name)))
    return _backend.compilers()[way](lambda x, upstream: graded(x, upstream=upstream))


def both(name, x, cotangent, way=QUICKEST):
    """The function's value, and the gradient of its sum when each entry counts `cotangent` times."""
    tensors = [ops.convert_to_tensor(each, dtype=x.dtype.name) for each in (x, cotangent.astype(x.dtype))]
    return [accuracy.to_numpy(found) for found in program(name, way)(*tensors)]


def padded(rows, rng):
    """These rows, each repeated until it is 12 wide, atop of others: one shape for all tests, to compile it once."""
    x = rng.normal(0, 2, (500, 12)).astype(rows.dtype)
    x[: len(rows)] = np.resize(rows.T, (12, len(rows))).T
    return x


def numeric_gradient(name, x, cotangent, **parameters):
    """The same from differences of the reference, in long double."""
    parameters = {**arguments(name), **parameters}
    wide, step = x.astype(np.longdouble), np.longdouble(2.0) ** -24
    found = np.zeros_like(wide)
    for place in np.ndindex(x.shape):
        moved = [wide.copy(), wide.copy()]
        moved[0][place] += step
        moved[1][place] -= step
        above, below = (reference(name)(each, **parameters) for each in moved)
        found[place] = ((above - below) * cotangent).sum() / (2 * step)
    return found.astype(np.float64)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", WITHOUT_FORMULA)
def test_value_and_gradient_are_those_of_the_reference(name, way, rng):
    x = rng.normal(0, 2, references.SHAPES.get(name, (6, 12))).astype(np.float32)
    exact = reference(name)(x.astype(np.float64), **arguments(name))
    cotangent = rng.normal(size=exact.shape).astype(np.float32)
    expected = numeric_gradient(name, x, cotangent)
    if name in SIMPLEX:
        x, cotangent = padded(x, rng), padded(cotangent, rng)
    got, slope = (each[: len(exact)] for each in both(name, x, cotangent, way))
    assert got.shape == exact.shape
    np.testing.assert_allclose(got, exact, rtol=2e-6, atol=3e-7)
    np.testing.assert_allclose(slope, expected, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
@pytest.mark.parametrize("name", SIMPLEX)
def test_weights_sum_to_1(name, dtype, rng):
    form = accuracy.FORMATS[dtype]
    for width in (1, 1000):
        x = rng.normal(0, 3, (32, width)).astype(form.numpy)
        out = weights(name, x)[0].astype(np.float64)
        assert out.min() >= 0
        assert out.max() <= 1
        assert np.abs(out.sum(-1) - 1).max() <= width * 2.0 ** (1 - form.digits)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", SIMPLEX)
def test_low_precision_weights_are_the_true_ones_rounded(name, dtype, way, rng):
    form = accuracy.FORMATS[dtype]
    # The last row is that many equal entries, whose sum overflows float16.
    for x in (rng.normal(0, 3, (500, 12)), np.stack([rng.normal(0, 1, 2**17), np.zeros(2**17)])):
        x = x.astype(form.numpy)
        out = both(name, x, np.ones(x.shape), way)[0]
        error = form.ulps(out, reference(name)(x.astype(np.float64)))
        assert error.max() <= 0.51


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", SIMPLEX)
def test_ten_thousand_random_rows_agree_with_float64(name, way, rng):
    x = (rng.normal(size=(10_000, 12)) * rng.choice([0.1, 1, 4, 20], (10_000, 1))).astype(np.float32)
    exact = reference(name)(x.astype(np.float64))
    out = np.concatenate([both(name, part, np.ones(part.shape), way)[0] for part in np.split(x, 20)])
    # Subtracting the largest entry costs half an ulp of the difference, which is an error of the weight in proportion.
    depth = 1 + (x.max(-1, keepdims=True) - x.astype(np.float64))
    assert (np.abs(out - exact) <= 2.0**-24 * (4 * depth * exact + 4)).all()
    certain = (exact == 0) | (exact > 1e-5)
    assert ((out == 0) == (exact == 0))[certain].all() or not (exact == 0).any()


@pytest.mark.parametrize("name", SIMPLEX)
def test_shifting_all_logits_changes_nothing(name, rng):
    x = np.round(rng.normal(0, 3, (50, 9)) * 64) / 64  # on a grid, so that adding a shift rounds nothing
    shifted = np.stack([x + shift for shift in (0, -100, 0.5, 8, 1000)]).astype(np.float32)
    out, _ = weights(name, shifted)
    assert (out == out[0]).all()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
@pytest.mark.parametrize("name", SIMPLEX)
def test_any_finite_logits_give_finite_weights_and_slopes(name, dtype, way, rng):
    form = accuracy.FORMATS[dtype]
    top = float(np.finfo(form.numpy).max) if dtype != "bfloat16" else 3.3895313892515355e38
    rows = [
        [top, top, top, top],
        [-top, -top, -top, -top],
        [top, -top, 0, 1],
        [top, top / 2, top, -top],
        [0, 0, 0, 0],
        [-top, 0, -1, -1],
        [1e4, 1e4, -1e4, 0],
    ]
    x = padded(np.array(rows).astype(form.numpy), rng)
    out, slope = (each.astype(np.float64) for each in both(name, x, rng.normal(size=x.shape), way))
    assert np.isfinite(out).all()
    assert np.abs(out.sum(-1) - 1).max() <= 12 * 2.0 ** (1 - form.digits)
    assert np.isfinite(slope).all()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", SIMPLEX)
def test_nan_makes_its_row_nan_and_no_other(name, way, rng):
    x = padded(np.array([[0.5, 0.0, 1.0], [0.5, 0.0, 1.0]], np.float32), rng)
    x[0, 1] = np.nan
    out, _ = both(name, x, np.ones(x.shape), way)
    assert np.isnan(out[0]).all()
    assert np.isfinite(out[1:]).all()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", SIMPLEX)
def test_minus_infinity_takes_no_part(name, way, rng):
    x = padded(np.zeros((0, 12), np.float32), rng)
    x[:, ::2] = np.inf if name == "softmin" else -np.inf
    out, slope = both(name, x, rng.normal(size=x.shape), way)
    assert (out[:, ::2] == 0).all()
    exact = reference(name)(x[:, 1::2].astype(np.float64))
    np.testing.assert_allclose(out[:, 1::2], exact, rtol=math.ldexp(1, -20), atol=3e-7)
    assert np.isfinite(slope).all()


@pytest.mark.parametrize("name", SIMPLEX)
def test_masked_entries_take_no_part(name, rng):
    x = rng.normal(0, 3, (40, 7)).astype(np.float32)
    mask = rng.random(x.shape) < 0.6
    mask[0], x[0, 0] = False, 3e38
    x[~mask & (rng.random(x.shape) < 0.5)] = np.nan
    out, _ = weights(name, x, mask=mask)
    assert (out[~mask] == 0).all()
    exact = reference(name)(np.where(mask, x, 0.0).astype(np.float64), mask=mask)
    np.testing.assert_allclose(out, exact, rtol=math.ldexp(1, -20), atol=3e-7)
    parts = ops.convert_to_tensor(rng.normal(size=x.shape).astype(np.float32))
    slope = accuracy.run(lambda x: CATALOGUE[name].function(x, mask=mask) * parts, [x], QUICKEST)[1]
    assert np.isfinite(slope).all()
    assert (slope[~mask] == 0).all()


@pytest.mark.parametrize("axis", [0, 1, 2, -2])
@pytest.mark.parametrize("name", SIMPLEX)
def test_each_axis_is_normalised_alike(name, axis, rng):
    x = rng.normal(0, 2, (3, 4, 5)).astype(np.float32)
    out, _ = weights(name, x, axis=axis)
    exact = reference(name)(x.astype(np.float64), axis=axis)
    np.testing.assert_allclose(out, exact, rtol=math.ldexp(1, -20), atol=3e-7)


WITH_AXIS = sorted(name for name, facts in CATALOGUE.items() if facts.kind in ("axis", "reshaping") and not facts.holds)


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("name", WITH_AXIS)
def test_each_axis_is_treated_alike(name, axis, rng):
    x = rng.normal(0, 2, (4, 6, 2)).astype(np.float32)
    exact = reference(name)(x.astype(np.float64), axis=axis)
    np.testing.assert_allclose(weights(name, x, axis=axis)[0], exact, rtol=2e-6, atol=3e-7)


OTHERWISE = {
    "maxout": {"pieces": 3, "adjacent": False},
    "groupsort": {"group_size": 4},
    "squash": {"offset": 0.5},
    "kwta": {"ratio": 0.5},
    "softmax_one": {"sink": 1.5},
    "entmax": {"alpha": 1.25},
    "temperature_softmax": {"temperature": 0.5},
    "gumbel_softmax": {"temperature": 2.0},
    "pau": {"safe": "B"},
    "kan_bspline": {"low": -3.0, "high": 2.0},
}


@pytest.mark.parametrize("name", OTHERWISE)
def test_other_parameters_give_what_the_reference_gives(name, rng):
    x = rng.normal(0, 2, (6, 12)).astype(np.float32)
    exact = reference(name)(x.astype(np.float64), **arguments(name), **OTHERWISE[name])
    np.testing.assert_allclose(weights(name, x, **OTHERWISE[name])[0], exact, rtol=5e-6, atol=1e-6)


HUGE = [name for name in WITH_AXIS if name not in ("log_softmax", "solu")]


@pytest.mark.parametrize("name", HUGE)
def test_the_largest_and_the_smallest_numbers_give_finite_values_and_slopes(name, rng):
    top = np.finfo(np.float32).max
    x = np.array([[top, -top, 0, 1], [0, 0, 0, 0], [1e-30, -1e-30, 1e-38, 0], [1e20, 1e20, 1e20, -1e20]], np.float32)
    out, slope = weights(name, x)
    assert np.isfinite(out).all()
    assert np.isfinite(slope).all()


FAR = {"pau": 1.0, "group_rational": 1.0, "hermite": 4.0, "kan_bspline": 1.0, "apl": 1.0}


@pytest.mark.parametrize("name", FAR)
def test_learned_curves_grow_as_their_leading_term_far_out(name):
    """Powers of large numbers overflow long before the curve does; and at infinity there is no NaN."""
    x = np.repeat(np.float32([[-1e9], [1e9], [-1e8], [1e8], [-np.inf], [np.inf], [np.nan]]), 12, 1)
    out = weights(name, x)[0].astype(np.float64)
    exact = reference(name)(x[:4].astype(np.float64), **arguments(name))
    # Beyond 10^7 a rational follows its leading terms, as if the last coefficient of its denominator were not 0.
    leads = arguments("pau")["denominator"][:, -1] != 0 if name == "pau" else np.ones(12, bool)
    np.testing.assert_allclose(out[:4, leads], exact[:, leads], rtol=1e-4, atol=1e-30)
    assert leads.any()
    assert np.isfinite(weights(name, x[:4])[1]).all()
    assert not np.isnan(out[4:6]).any()
    assert np.isnan(out[6]).all()
