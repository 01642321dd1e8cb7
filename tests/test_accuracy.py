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

import numpy as np
import pytest

from keras_acts import _backend, accuracy
from keras_acts._core import CATALOGUE

NAMES = sorted(name for name, facts in CATALOGUE.items() if facts.formula)
WAYS = list(_backend.ways())
DTYPES = accuracy.formats()


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
        key: candidates(*facts.limits.get(key, (-np.inf, np.inf)))
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


def sets_for(name, dtype):
    """Which parameters to measure in a dtype: what they change shows in float16 and float32."""
    sets = parameter_sets(name)
    return range(len(sets)) if dtype in ("float16", "float32") else range(1)


@functools.lru_cache(maxsize=16)
def swept(name, which, dtype, way):
    """Inputs, outputs and slopes of one activation."""
    facts, parameters = CATALOGUE[name], parameter_sets(name)[which]
    x = accuracy.inputs(dtype, accuracy.breaks(facts, parameters))
    value, slope = accuracy.run(accuracy.curve(facts, parameters), [x], way)
    return x, value, slope


@functools.lru_cache(maxsize=16)
def measured(name, which, dtype, way):
    x, value, slope = swept(name, which, dtype, way)
    finite = accuracy.is_finite(x)
    return accuracy.errors(CATALOGUE[name], parameter_sets(name)[which], x[finite], value[finite], slope[finite])


def complain(name, which, errors, bound, of):
    """An assertion with the worst input, what came and what is true, if an error exceeds its bound."""
    error = getattr(errors, f"{of}_error")
    bound = np.broadcast_to(bound, error.shape)
    too_far = error > bound
    if not too_far.any():
        return
    at = np.argmax(np.where(too_far, error / bound, 0))
    x, got, exact = errors.x[at], getattr(errors, of)[at], getattr(errors.truth, of)[at]
    pytest.fail(
        f"{name}({parameter_sets(name)[which]}): {of} is wrong at {too_far.sum()} of {error.size} inputs; worst at "
        f"x = {float(x)!r}: got {float(got)!r}, exact {exact!r}, {error[at]:.4g} ulp where {bound[at]:.4g} are allowed."
    )


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_value_and_slope_are_those_of_the_formula(name, dtype, way):
    for which in sets_for(name, dtype):
        errors = measured(name, which, dtype, way)
        condition, slope_condition = 1 + errors.truth.condition, 1 + errors.truth.slope_condition
        straight = errors.truth.straight
        value_bound, slope_bound = {
            "float16": (0.51, 1),
            "bfloat16": (0.51, 1),
            "float32": (2 if straight else 4 * condition, 8 * slope_condition),
            "float64": (2 if straight else 16 * condition, 16 * slope_condition),
        }[dtype]
        complain(name, which, errors, value_bound, "value")
        if CATALOGUE[name].kind != "surrogate":
            complain(name, which, errors, slope_bound, "slope")
