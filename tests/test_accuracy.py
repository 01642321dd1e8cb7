"""Every activation with a formula against that formula: value, slope, limits, kinks, range, NaN, place in the tensor.

Errors are in ulp, units in the last place. The promises:

    float16, bfloat16   all 65,536 inputs: value 0.51, slope 1
    float32             about 21,000 inputs: value 4 x (1 + condition), slope 8 x (1 + condition of the slope);
                        value 2 where the formula is piecewise linear
    float64             about 1,000 inputs, where the backend keeps float64: value and slope 16 x (1 + condition)

An error below 2^-24 (float16), 2^-120 (bfloat16, float32) or 2^-1000 (float64) counts as none: backends flush numbers
smaller than the smallest normal one to 0.
"""

import functools
import math
import os
from pathlib import Path

import numpy as np
import pytest

from keras_acts import _backend, accuracy
from keras_acts._core import CATALOGUE

# The references that take long are computed once for all backends.
os.environ.setdefault(accuracy.CACHE, str(Path(__file__).parents[1] / ".pytest_cache" / "references"))

NAMES = sorted(name for name, facts in CATALOGUE.items() if facts.formula)


def candidates(low, high):
    """A few numbers of an interval that float16 holds exactly: both ends where they are moderate, and some between."""
    inside = [value for value in (0.375, 1.75, 3.0, -0.625, 0.0703125) if low <= value <= high]
    ends = [end for end in (low, high) if abs(end) <= 100]
    return (ends[:1] + inside + ends[1:]) or [0.5 * low + 0.5 * high]


@functools.cache
def parameter_sets(name):
    """The default parameters, and two more sets from within the limits."""
    facts = CATALOGUE[name]
    sets = [accuracy.parameters_of(facts)]
    free = {
        key: candidates(*facts.limits.get(key, (-math.inf, math.inf)))
        for key, value in sets[0].items()
        if key in facts.limits or key in accuracy.trained(facts)
    }
    for turn in range(8):
        if not free or len(sets) == 3:
            break
        changed = {key: values[(turn + shift) % len(values)] for shift, (key, values) in enumerate(free.items())}
        whole = {key: int(value) for key, value in changed.items() if isinstance(sets[0][key], int)}
        parameters = sets[0] | changed | whole
        try:
            facts.validate({key: parameters[key] for key in facts.limits})
        except ValueError:
            continue
        if parameters not in sets:
            sets.append(parameters)
    return sets


# float64 is measured where nothing is compiled, and further parameters in float32, in the way that costs least.
WAYS = list(_backend.ways())
CASES = [
    (name, dtype, way)
    for name in NAMES
    for way in WAYS
    for dtype in accuracy.formats()
    if dtype != "float64" or way == "eager"
]
CHEAPEST = "jit" if "jit" in WAYS else "eager"


@pytest.fixture(scope="module", params=CASES, ids="-".join)
def sweep(request):
    """An activation with its default parameters, in one format and one way of running.

    The fixture's scope makes pytest run together all tests of one case, which share what was computed.
    """
    name, dtype, way = request.param
    return accuracy.Sweep(CATALOGUE[name], parameter_sets(name)[0], dtype, way)


@pytest.fixture(scope="module", params=NAMES)
def name(request):
    return request.param


def check(sweep, of):
    """Fail with the worst input, what came and what is true, if an error exceeds what is promised."""
    true = sweep.truth
    condition, slope_condition = 1 + true.condition, 1 + true.slope_condition
    value_bound, slope_bound = {
        "float16": (0.51, 1),
        "bfloat16": (0.51, 1),
        "float32": (2 if true.straight else 4 * condition, 8 * slope_condition),
        "float64": (2 if true.straight else 16 * condition, 16 * slope_condition),
    }[sweep.format.name]
    error = getattr(sweep, f"{of}_error")
    bound = np.broadcast_to(value_bound if of == "value" else slope_bound, error.shape)
    wrong = error > bound
    if wrong.any():
        at = np.argmax(np.where(wrong, error / bound, 0))
        x, got, exact = sweep.at[at], getattr(sweep, of)[at], getattr(true, of)[at]
        pytest.fail(
            f"{sweep.facts.name}({sweep.parameters}): {of} is wrong at {wrong.sum()} of {error.size} inputs; worst at "
            f"x = {float(x)!r}: got {float(got)!r}, exact {float(exact)!r}, {error[at]:.4g} ulp where {bound[at]:.4g} "
            "are allowed."
        )


def test_value_is_that_of_the_formula(sweep):
    check(sweep, "value")


def test_slope_is_the_derivative_of_the_formula(sweep):
    if sweep.facts.kind != "surrogate":
        check(sweep, "slope")


def test_nan_comes_out_as_nan(sweep):
    places, value, _ = sweep.run
    with np.errstate(invalid="ignore"):
        wide, out = places.astype(np.float64), value.astype(np.float64)
    assert np.isnan(out[np.isnan(wide)]).all()


def test_result_does_not_depend_on_the_place_in_the_tensor(sweep):
    places, *results = sweep.run
    bits = places.view(f"u{places.dtype.itemsize}")
    _, first, place = np.unique(bits, return_index=True, return_inverse=True)
    for result in results:
        # Equal as numbers: the sign of a zero is what some backends leave to chance.
        here, there = result, result[first][place]
        with np.errstate(invalid="ignore"):
            same = (here == there) | (here != here) & (there != there)
        assert same.all(), f"x = {places[~same][:3]} gives {here[~same][:3]} here and {there[~same][:3]} there"


def test_other_parameters_keep_the_promises(name):
    for parameters in parameter_sets(name)[1:]:
        sweep = accuracy.Sweep(CATALOGUE[name], parameters, "float32", CHEAPEST)
        check(sweep, "value")
        if sweep.facts.kind != "surrogate":
            check(sweep, "slope")
