"""Every activation with a formula against that formula: value, slope, limits, kinks, range, NaN, place in the tensor.

Errors are in ulp, units in the last place. The promises:

    float16, bfloat16   all 65,536 inputs: value 0.51, slope 1; computed in float32, whose own 4 x (1 + condition)
                        show where the curve cancels: from a condition of 20 in float16, of 160 in bfloat16
    float32             about 21,000 inputs: value 4 x (1 + condition), slope 8 x (1 + condition of the slope);
                        value 2 where the formula is piecewise linear
    float64             about 1,000 inputs, where the backend keeps float64: value and slope 16 x (1 + condition)

With other than the default parameters twice as much is allowed, for parameters have a condition too.

An error below 2^-24 (float16), 2^-120 (bfloat16, float32) or 2^-1000 (float64) counts as none: backends flush numbers
smaller than the smallest normal one to 0.
"""

import functools
import math
import os
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

from keras_acts import _backend, accuracy
from keras_acts._core import CATALOGUE

# The references that take long are computed once for all backends.
os.environ.setdefault(accuracy.CACHE, str(Path(__file__).parents[1] / ".pytest_cache" / "references"))

NAMES = sorted(name for name, facts in CATALOGUE.items() if facts.formula)


def candidates(low, high):
    """A few numbers of an interval that float16 holds exactly: both ends where they are moderate, and some between."""
    inside = [value for value in (0.375, 1.75, 3.0, -0.625, 0.0703125) if low <= value <= high]
    ends = [end for end in (low, high) if end == 0 or 1e-3 <= abs(end) <= 100]
    return (ends[:1] + inside + ends[1:]) or [0.5 * low + 0.5 * high]


@functools.cache
def parameter_sets(name):
    """The default parameters, and two more sets from within the limits."""
    facts = CATALOGUE[name]
    sets = [accuracy.parameters_of(facts)]
    for key in accuracy.trained(facts):
        if "seed" in getattr(facts.layer(), f"{key}_initializer").get_config():  # drawn at random
            sets[0][key] = float(np.float16(sets[0][key]))
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


# float64 is measured where nothing is compiled, float16 and bfloat16, which are computed in float32, where most is, and
# further parameters in float32, in the way that costs least.
WAYS = list(_backend.compilers())
CASES = [
    (name, dtype, way)
    for name in NAMES
    for way in WAYS
    for dtype in accuracy.formats()
    if way == {"float32": way, "float64": "eager"}.get(dtype, WAYS[-1])
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


def is_right_nearby(x, got, truth, breaks):
    """Whether a float32 result is what the curve takes on within one unit in the last place of `x`.

    The condition number, a derivative, does not see a curve that turns within that distance: a sine of large numbers.
    It sees what it must near a break, where a jump would make everything right.
    """
    wide = x.astype(np.float64)
    near = wide[:, None] * (1 + 2.0**-23 * np.linspace(-1, 1, 33))
    taken = truth(near.ravel()).reshape(near.shape)
    smooth = (np.abs(wide[:, None] - np.array([*breaks, np.inf])) > 2.0**-22 * np.abs(wide[:, None])).all(axis=1)
    return smooth & (taken.min(axis=1) <= got) & (got <= taken.max(axis=1))


def check(sweep, of, slack=1):
    """Fail with the worst input, what came and what is true, if an error exceeds `slack` times what is promised."""
    true = sweep.truth
    condition, slope_condition = 1 + true.condition, 1 + true.slope_condition
    value_bound, slope_bound = {
        "float16": (np.maximum(0.51, 0.5 + 4 * condition * 2.0**-13), 1),
        "bfloat16": (np.maximum(0.51, 0.5 + 4 * condition * 2.0**-16), 1),
        "float32": (2 if true.straight else 4 * condition, 8 * slope_condition),
        "float64": (2 if true.straight else 16 * condition, 16 * slope_condition),
    }[sweep.format.name]
    error = getattr(sweep, f"{of}_error")
    bound = np.broadcast_to(slack * (value_bound if of == "value" else slope_bound), error.shape)
    wrong = error > bound
    if wrong.any() and sweep.format.name == "float32":
        text = sweep.facts.formula if of == "value" else accuracy.slope_formula(sweep.facts)
        form, fixed = accuracy.formula(text), dict(accuracy.numbers(sweep.parameters))
        places = np.flatnonzero(wrong)
        for some in np.array_split(places, max(1, places.size // 100)):
            wrong[some] = ~is_right_nearby(
                sweep.at[some],
                getattr(sweep, of)[some],
                lambda x: getattr(form.evaluate(x, fixed, order=1), of),
                accuracy.breaks(sweep.facts, sweep.parameters),
            )
            if wrong[some].any():
                break
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
    check(sweep, "slope")


def test_nan_comes_out_as_nan(sweep):
    places, value, _ = sweep.run
    with np.errstate(invalid="ignore"):
        wide, out = places.astype(np.float64), value.astype(np.float64)
    assert np.isnan(out[np.isnan(wide)]).all()


def test_result_does_not_depend_on_the_place_in_the_tensor(sweep):
    # Outside of XLA, TensorFlow's own exp, expm1, log1p and sin answer the last elements of a tensor by another routine
    # than the others, and differ by a unit in the last place.
    by_kernels = keras.backend.backend() == "tensorflow" and sweep.way != "xla"
    places, *results = sweep.run
    bits = places.view(f"u{places.dtype.itemsize}")
    _, first, place = np.unique(bits, return_index=True, return_inverse=True)
    for result in results:
        # Equal as numbers: the sign of a zero is what some backends leave to chance.
        here, there = result, result[first][place]
        with np.errstate(invalid="ignore"):
            same = (here == there) | (here != here) & (there != there)
            if by_kernels:
                same |= sweep.format.ulps(here, there.astype(np.float64)) <= 2
        assert same.all(), f"x = {places[~same][:3]} gives {here[~same][:3]} here and {there[~same][:3]} there"


def test_other_parameters_keep_the_promises(name):
    for parameters in parameter_sets(name)[1:]:
        sweep = accuracy.Sweep(CATALOGUE[name], parameters, "float32", CHEAPEST)
        check(sweep, "value", slack=2)
        check(sweep, "slope", slack=2)


def test_limits_at_both_infinities(sweep):
    places, value, slope = sweep.run
    for end, (limit, slope_limit) in accuracy.limits(sweep.facts, sweep.parameters).items():
        at = np.flatnonzero(places == end)[:1]
        if limit is not None:
            error = sweep.format.ulps(value[at], np.array([limit]))
            assert error <= 2, f"at {end} the value is {value[at]}, and the limit {limit}"
        if slope_limit is not None:
            error = sweep.format.ulps(slope[at], np.array([slope_limit]))
            assert error <= 2, f"at {end} the slope is {slope[at]}, and the limit {slope_limit}"


def test_is_never_less_accurate_than_keras_itself(sweep):
    theirs = accuracy.keras_own(sweep.facts, sweep.parameters)
    if theirs is None:
        return
    rival = accuracy.Sweep(sweep.facts, sweep.parameters, sweep.format.name, sweep.way, theirs)
    for of in ("value", "slope"):
        ours, keras_error = getattr(sweep, f"{of}_error"), getattr(rival, f"{of}_error")
        # What rounding once costs, 0.5 ulp at worst and 0.25 in the mean, and a little more, is held against
        # nobody; 0.1 ulp is the luck of where the points fall.
        least = 0.5 + 2.0**-10
        worst, keras_worst = ours.max(), max(keras_error.max(), least)
        assert worst <= keras_worst + 0.1, f"{of}: worst {worst:.4g} ulp, Keras's own {keras_worst:.4g}"
        mean, keras_mean = ours.mean(), keras_error.mean()
        assert mean <= max(keras_mean, 1 / 3), (
            f"{of}: off by {mean:.4g} ulp in the mean, Keras's own by {keras_mean:.4g}"
        )


def stated_range(facts, parameters):
    return [accuracy.formula(end).number(parameters) for end in facts.output_range or ("-inf", "inf")]


def test_output_lies_in_the_stated_range(sweep):
    low, high = stated_range(sweep.facts, sweep.parameters)
    _, value, _ = sweep.run
    with np.errstate(invalid="ignore"):
        value = value.astype(np.float64)
    dtype = sweep.format.numpy

    def slack(end):
        """What rounding the end itself costs; nothing where it is a number of the format, such as 0 or 1."""
        return 0.0 if math.isinf(end) or float(dtype(end)) == end else 2.0 ** (2 - sweep.format.digits) * abs(end)

    assert not (value < low - slack(low)).any(), f"{np.nanmin(value)} is below {low}"
    assert not (value > high + slack(high)).any(), f"{np.nanmax(value)} is above {high}"


def test_stated_range_is_no_wider_than_the_curve(name):
    facts = CATALOGUE[name]
    for parameters in parameter_sets(name) if facts.output_range else ():
        x = accuracy.inputs("float32", accuracy.breaks(facts, parameters))
        reached = list(accuracy.truth(facts, parameters, x[np.isfinite(x)]).value)
        reached += [limit for limit, _ in accuracy.limits(facts, parameters).values() if limit is not None]
        low, high = stated_range(facts, parameters)
        for end, nearest in ((low, min(reached)), (high, max(reached))):
            if math.isinf(end):
                assert abs(nearest) > 80, f"{name}({parameters}) is stated to reach {end} and reaches {nearest}"
            else:
                assert nearest == pytest.approx(end, rel=1e-3, abs=1e-3), f"{name}({parameters})"


def test_every_kink_is_declared_with_a_slope_from_between_its_sides(name):
    facts = CATALOGUE[name]
    for parameters in parameter_sets(name):
        declared = {
            accuracy.formula(place).number(parameters): accuracy.formula(slope).number(parameters)
            for place, slope in facts.kinks.items()
        }
        sides = accuracy.sides(facts, parameters)
        for place, (below, above) in sides.items():
            if abs(above - below) > 1e-6 * max(abs(above), abs(below)) + 1e-12:
                assert any(math.isclose(place, stated, rel_tol=1e-6) for stated in declared), (
                    f"{name}({parameters}): the slope jumps from {below} to {above} at {place}, which is no kink in "
                    f"the catalogue: {declared}"
                )
        # A threshold of 0 brings two kinks together, and what was between them is one point.
        places = [accuracy.formula(place).number(parameters) for place in facts.kinks]
        for stated, slope in declared.items():
            if places.count(stated) > 1:
                continue
            near = [pair for place, pair in sides.items() if math.isclose(place, stated, rel_tol=1e-6)]
            assert near, f"{name}({parameters}): the formula does not change its rule at the kink {stated}"
            low, high = min(map(min, near)), max(map(max, near))
            assert low * (1 - 1e-9) <= slope <= high * (1 + 1e-9) or low <= slope <= high, (
                f"{name}({parameters}): the slope {slope} at the kink {stated} is not between {low} and {high}"
            )


TRAINED = [(name, parameter) for name in NAMES for parameter in accuracy.trained(CATALOGUE[name])]


@pytest.mark.parametrize(("owner", "parameter"), TRAINED)
def test_slope_in_a_trained_parameter_is_the_derivative_of_the_formula(owner, parameter):
    facts = CATALOGUE[owner]
    for parameters in parameter_sets(owner):
        x = accuracy.inputs("float32", accuracy.breaks(facts, parameters))
        x = x[np.isfinite(x)]
        exact, condition = accuracy.parameter_truth(facts, parameters, parameter, x)

        def along(values, fixed=parameters, x=x):
            return accuracy.curve(facts, {**fixed, parameter: values})(x)

        value = np.full_like(x, parameters[parameter])
        _, got = accuracy.run(along, [value], CHEAPEST)
        error = accuracy.FORMATS["float32"].ulps(got, exact)
        subnormal = np.abs(x) < 2.0**-126
        error[subnormal] = 0.0
        wrong = error > 8 * (1 + condition)
        if wrong.any():
            wrong[wrong] = ~is_right_nearby(
                x[wrong],
                got[wrong],
                lambda x, at=parameters: accuracy.parameter_truth(facts, at, parameter, x)[0],
                accuracy.breaks(facts, parameters),
            )
        at = np.argmax(np.where(wrong, error, 0))
        assert not wrong.any(), (
            f"{owner}({parameters}): the derivative in {parameter} is wrong at {wrong.sum()} inputs; worst at "
            f"x = {x[at]!r}: got {got[at]!r}, exact {exact[at]!r}, {error[at]:.4g} ulp"
        )


@pytest.mark.parametrize("way", WAYS)
def test_nan_passes_a_dense_layer_in_a_compiled_program(way):
    # TensorFlow fuses a matrix product with the relu after it, and its fused relu turns NaN into 0.
    kernel = np.ones((4, 3), np.float32)

    def layers(x):
        x, outputs = ops.stop_gradient(x), []  # the values alone: the slopes would take most of the time to compile
        for name in NAMES:
            curve = accuracy.curve(CATALOGUE[name], parameter_sets(name)[0])
            outputs.append(curve(ops.add(ops.matmul(x, kernel), kernel[0])))
        return ops.stack(outputs)

    x = np.array([[1, 2, 3, 4], [1, np.nan, 3, 4]], np.float32)
    value, _ = accuracy.run(layers, [x], way)
    lost = [name for name, row in zip(NAMES, value, strict=True) if not np.isnan(row[1]).all()]
    assert not lost, f"{lost} turn NaN into a number"
