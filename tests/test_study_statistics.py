"""The statistics of a study against SciPy, against known numbers, and in simulation."""

import math

import numpy as np
import pytest
from scipy import stats

from keras_acts.study import _statistics


@pytest.mark.parametrize("freedom", [1, 2, 4, 9, 29, 500])
def test_students_tail_is_scipys(freedom):
    for t in (0.0, 0.01, 0.7, 2.3, 8.0, 60.0, -2.3):
        assert _statistics.t_tail(t, freedom) == pytest.approx(2 * stats.t.sf(abs(t), freedom), rel=1e-10)
    for tail in (0.5, 0.05, 1e-6):
        assert _statistics.t_quantile(tail, freedom) == pytest.approx(stats.t.isf(tail / 2, freedom), rel=1e-9)


def test_the_paired_test_is_scipys():
    first, second = np.random.default_rng(0).normal(size=(2, 10))
    assert _statistics.paired_test(first - second) == pytest.approx(stats.ttest_rel(first, second).pvalue, rel=1e-9)


def test_equal_differences_are_judged_by_their_signs():
    assert _statistics.paired_test([0.0] * 8) == 1.0
    assert _statistics.paired_test([0.1] * 8) == 2**-7
    assert math.isnan(_statistics.paired_test([0.1]))
    assert math.isnan(_statistics.effect_size([0.1] * 8))


def test_holm_on_known_numbers():
    assert _statistics.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert _statistics.holm([0.6, 0.9]) == pytest.approx([1.0, 1.0])
    with_gap = _statistics.holm([0.01, math.nan, 0.04])
    assert with_gap[::2] == pytest.approx([0.02, 0.04])
    assert math.isnan(with_gap[1])
    assert _statistics.holm([]) == []


def test_effect_size_is_hedges():
    gaps = np.array([0.2, 0.5, 0.1, 0.4])
    assert _statistics.effect_size(gaps) == pytest.approx(0.3 / np.std(gaps, ddof=1) * (1 - 3 / 11))
    assert _statistics.wins([1.0, -1.0, 0.0, 2.0]) == 0.625


@pytest.mark.parametrize("n", [3, 5, 10])
def test_intervals_hold_what_they_promise(n):
    # 400 studies whose true mean is 0. An interval that kept its promise exactly would miss in 20 of them, give or
    # take 4.4; plain bootstrap percentiles miss in 88, 56 and 38 of the same ones.
    draws = np.random.default_rng(1).normal(size=(400, n))
    missed = sum(not low <= 0 <= high for low, high in map(_statistics.interval, draws))
    assert 8 <= missed <= 32


def test_intervals_are_reproducible_and_hold_the_mean():
    values = np.random.default_rng(2).exponential(size=10)
    low, high = _statistics.interval(values)
    assert (low, high) == _statistics.interval(values)
    assert low < values.mean() < high
    narrow = _statistics.interval(values, level=0.8)
    assert low < narrow[0] < narrow[1] < high
    assert all(map(math.isnan, _statistics.interval([1.0])))
