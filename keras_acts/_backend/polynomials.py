"""Functions of float32 numbers out of additions, multiplications and at most one exponential, for XLA.

On a processor XLA calls the C library once per element for sine, cosine and arctangent, which takes tens of times as
long as moving the element, and has long chains of cases for `erfc`, `expm1` and `log1p`; additions and multiplications
are done on whole vectors.
"""

import fractions
import math

from keras import ops

_PI = fractions.Fraction(3141592653589793238462643383279502884197, 10**39)


def _parts(count: int) -> list[float]:
    """Half of pi as a sum of numbers with 11 bits each, and one more for the rest: products with them stay exact."""
    parts, rest, unit = [], _PI / 2, fractions.Fraction(1, 2**10)
    for _ in range(count):
        parts.append(rest // unit * unit)
        rest, unit = rest - parts[-1], unit / 2**11
    return [float(part) for part in (*parts, rest)]


_PARTS = _parts(4)
# Taylor's coefficients, from the third power and from the fourth: 2e-10 off at pi / 4.
_SINE = [(-1) ** n / math.factorial(2 * n + 1) for n in range(1, 5)]
_COSINE = [(-1) ** n / math.factorial(2 * n) for n in range(2, 6)]


def _polynomial(coefficients, x):
    total = coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        total = coefficient + total * x
    return total


def _reduced(x):
    """The quarter of the period in which `x` lies, and sine and cosine of the rest.

    The nearest multiple of pi / 2 is subtracted part by part, without rounding unless `x` is huge.
    """
    quarters = ops.round(x * (2.0 / math.pi))
    high = ops.round(quarters * 2.0**-12) * 2.0**12
    low, rest = quarters - high, x
    for part in _PARTS:
        rest = (rest - high * part) - low * part
    square = rest * rest
    sine = rest + rest * (square * _polynomial(_SINE, square))
    return quarters, sine, 1.0 + (square * square * _polynomial(_COSINE, square) - 0.5 * square)


def _wave(quarters, sine, cosine):
    """The sine that many quarters of a period further on."""
    halves = ops.floor(0.5 * quarters)
    wave = ops.where(quarters - 2.0 * halves > 0.5, cosine, sine)
    return ops.where(halves - 2.0 * ops.floor(0.5 * halves) > 0.5, -wave, wave)


def is_huge(x):
    """Where the library has to do it: beyond, there are more multiples of pi / 2 than the parts are exact for."""
    return ops.abs(x) > 2.0**21


def sin(x):
    """Sine of float32 numbers that are not huge."""
    return _wave(*_reduced(x))


def cos(x):
    """Cosine of float32 numbers that are not huge."""
    quarters, *parts = _reduced(x)
    return _wave(quarters + 1.0, *parts)


_ARCTANGENT = [(-1) ** n / (2 * n + 1) for n in range(1, 12)]  # Taylor: 2e-10 off at tan(pi / 8)


def arctan(x):
    """Arctangent of float32 numbers."""
    size = ops.abs(x)
    is_far, is_near = size > 2.4142137, size < 0.41421357
    # atan(u) = pi / 4 + atan((u - 1) / (u + 1)) = pi / 2 - atan(1 / u); one division serves all.
    top = ops.where(is_far, -ops.ones_like(x), ops.where(is_near, size, size - 1.0))
    rest = top / ops.where(is_far, size, ops.where(is_near, ops.ones_like(x), size + 1.0))
    start = ops.where(is_far, 0.5 * math.pi, ops.where(is_near, 0.0, 0.25 * math.pi))
    square = rest * rest
    found = start + (rest + rest * (square * _polynomial(_ARCTANGENT, square)))
    return ops.where(x < 0, -found, found)


# The three below are least-maximum fits of the relative error, which is stated, in float64.
# (log(1 + e) - e) / e**2 on [0, 1]: 6e-8.
_LOGARITHM = (-0.499999972, 0.333328666, -0.249870226, 0.198579407, -0.158622127, 0.115923821, -0.0671117534)
_LOGARITHM += (0.0254384019, -0.00451905479)
# (exp(x) - 1 - x) / x**2 on [-1, 1]: 4e-9.
_EXPONENTIAL = (0.499999998, 0.16666667, 0.0416667345, 0.00833331028, 0.0013885452, 0.000198440237, 2.53548294e-05)
_EXPONENTIAL += (2.77228313e-06,)
# Upper tail of the normal distribution over exp(-x**2 / 2) * t, where t = 1 / (1 + 0.3 * x), on [0, 13.3]: 3e-9.
_TAIL = (0.119686483, 0.119575614, 0.110205544, 0.0785218556, 0.0957932973, -0.0787778005, 0.191042122, -0.227679595)
_TAIL += (0.112217134, -0.0205846567)


def softplus_tail(x):
    """`log(1 + exp(-|x|))`."""
    e = ops.exp(-ops.abs(x))
    return e + e * e * _polynomial(_LOGARITHM, e)


def expm1(x):
    """`exp(x) - 1`."""
    near = x + x * x * _polynomial(_EXPONENTIAL, x)
    return ops.where(ops.abs(x) < 1.0, near, ops.exp(x) - 1.0)


def mills(x):
    """Upper tail of the normal distribution over `exp(-x**2 / 2)`, for numbers that are not negative."""
    t = 1.0 / (1.0 + 0.3 * x)
    return t * _polynomial(_TAIL, t)


def erfc(x):
    """Complementary error function: the tail of the normal distribution from `sqrt(2) * x` on, twice."""
    tail = ops.exp(-x * x) * (2.0 * mills(math.sqrt(2.0) * ops.abs(x)))
    return ops.where(x < 0, 2.0 - tail, tail)
