"""Statistics for few paired runs: intervals, tests, effect sizes, correction for many comparisons, ranks with ties."""

import math
import statistics
from collections.abc import Sequence

import numpy as np

Values = Sequence[float] | np.ndarray

_RESAMPLES = 10_000
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(200)


def t_tail(t: float, freedom: int) -> float:
    """Probability that Student's t with `freedom` degrees lies further from 0 than `t`, on either side.

    With `t = sqrt(freedom) tan(angle)` the density becomes a power of a cosine on a finite interval.
    """
    low, high = math.atan(abs(t) / math.sqrt(freedom)), math.pi / 2
    angles = (high + low) / 2 + (high - low) / 2 * _NODES
    tail = (high - low) / 2 * float(_WEIGHTS @ np.cos(angles) ** (freedom - 1))
    return 2 * tail * math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)) / math.sqrt(math.pi)


def t_quantile(tail: float, freedom: int) -> float:
    """The `t` that `t_tail` maps to `tail`."""
    low, high = 0.0, 1.0
    while t_tail(high, freedom) > tail:
        low, high = high, 2 * high
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if t_tail(middle, freedom) > tail else (low, middle)
    return high


def interval(values: Values, level: float = 0.95, seed: int = 0) -> tuple[float, float]:
    """Bootstrap confidence interval of a mean: percentiles of resampled means, widened for few values.

    Plain percentiles are too narrow for few values, as if the normal distribution stood where Student's belongs and
    the variance were divided by `n`. Taking percentiles further out mends both (Hesterberg, What Teachers Should Know
    about the Bootstrap, The American Statistician 2015, the "expanded percentile interval"). No resample lies outside
    the sample, so below five values nothing is far enough out, and Student's interval takes its place.

    Args:
        values: The sample; NaN for both ends if it has fewer than two.
        level: Confidence level.
        seed: Of the resampling.

    Returns:
        The lower and the upper end.
    """
    sample = np.asarray(values, "float64")
    n = len(sample)
    if n < 2:
        return math.nan, math.nan
    if n < 5:
        reach = t_quantile(1 - level, n - 1) * sample.std(ddof=1) / math.sqrt(n)
        return float(sample.mean() - reach), float(sample.mean() + reach)
    rng = np.random.default_rng(seed)
    means = sample[rng.integers(n, size=(_RESAMPLES, n))].mean(axis=1)
    tail = statistics.NormalDist().cdf(-math.sqrt(n / (n - 1)) * t_quantile(1 - level, n - 1))
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)


def paired_test(differences: Values) -> float:
    """Two-sided p value of the paired t test that the mean difference is 0; NaN for fewer than two pairs.

    Where all differences are equal there is no spread to judge by, and the p value is that of their signs alone.
    """
    gaps = np.asarray(differences, "float64")
    n = len(gaps)
    if n < 2:
        return math.nan
    mean, spread = gaps.mean(), gaps.std(ddof=1)
    if spread <= 1e-12 * np.abs(gaps).max(initial=0):
        return 1.0 if mean == 0 else 2.0 ** (1 - n)
    return t_tail(mean / spread * math.sqrt(n), n - 1)


def effect_size(differences: Values) -> float:
    """Mean difference in standard deviations of the differences, corrected for few pairs (Hedges).

    NaN where there is no spread, or fewer than three pairs.
    """
    gaps = np.asarray(differences, "float64")
    n = len(gaps)
    if n < 3 or (spread := gaps.std(ddof=1)) <= 1e-12 * np.abs(gaps).max():
        return math.nan
    return float(gaps.mean() / spread * (1 - 3 / (4 * (n - 1) - 1)))


def wins(differences: Values) -> float:
    """Share of pairs with a positive difference, ties counted half."""
    gaps = np.asarray(differences)
    return float(np.mean((np.sign(gaps) + 1) / 2)) if len(gaps) else math.nan


def holm(p_values: Values) -> list[float]:
    """Holm's adjusted p values: rejecting those below `a` errs in any of them with probability `a` at most.

    NaN, a test that could not be done, stays NaN and does not count.
    """
    given = np.asarray(p_values, "float64")
    adjusted = np.full(len(given), math.nan)
    known = np.flatnonzero(~np.isnan(given))
    largest = 0.0
    for place, i in enumerate(known[np.argsort(given[known], kind="stable")]):
        largest = max(largest, min(1.0, (len(known) - place) * given[i]))
        adjusted[i] = largest
    return adjusted.tolist()
