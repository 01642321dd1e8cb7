"""The language of formulas, and the interval arithmetic that decides what is true."""

import math

import mpmath
import numpy as np
import pytest

from keras_acts import _formula
from keras_acts._core import CATALOGUE
from keras_acts._formula import Formula, FormulaError

WITH_FORMULA = sorted(name for name, facts in CATALOGUE.items() if facts.formula)
PLACES = np.array([-700.0, -30.0, -3.25, -1.0, -0.5, -(2.0**-20), 0.0, 2.0**-30, 0.25, 0.5, 1.0, 2.5, 20.0, 650.0])

# Each function of the language, somewhere in its domain, and the same in mpmath.
FUNCTIONS = {
    "exp(x)": mpmath.exp,
    "expm1(x)": mpmath.expm1,
    "log(x ** 2 + 1)": lambda x: mpmath.log(x**2 + 1),
    "log1p(x ** 2)": lambda x: mpmath.log1p(x**2),
    "sqrt(x ** 2 + 2)": lambda x: mpmath.sqrt(x**2 + 2),
    "tanh(x)": mpmath.tanh,
    "sinh(x)": mpmath.sinh,
    "cosh(x)": mpmath.cosh,
    "sin(x)": mpmath.sin,
    "cos(x)": mpmath.cos,
    "tan(x)": mpmath.tan,
    "atan(x)": mpmath.atan,
    "asinh(x)": mpmath.asinh,
    "erf(x)": mpmath.erf,
    "erfc(x)": mpmath.erfc,
    "sigmoid(x)": lambda x: 1 / (1 + mpmath.exp(-x)),
    "softplus(x)": lambda x: mpmath.log1p(mpmath.exp(x)),
    "x - tanh(x)": lambda x: x - mpmath.tanh(x),
    "(x + sqrt(x ** 2 + 4)) / 2": lambda x: (x + mpmath.sqrt(x**2 + 4)) / 2,
    "2 ** x": lambda x: mpmath.mpf(2) ** x,
    "1 / (x ** 2 + 1) ** 1.5": lambda x: (x**2 + 1) ** mpmath.mpf(-1.5),
    "x ** 3 / (1 + x ** 4)": lambda x: x**3 / (1 + x**4),
    "x ** -2 if x > 0.1 else 0.5 * x": lambda x: x**-2 if x > 0.1 else x / 2,
    "1 / (1 + exp(-x)) * (exp(-x) - 1)": lambda x: (mpmath.exp(-x) - 1) / (1 + mpmath.exp(-x)),
    "abs(x) + sign(x) + relu(x)": lambda x: abs(x) + mpmath.sign(x) + (x if x > 0 else 0),
    "max(x, 2) - min(x, -1) + clip(x, -2, 3)": lambda x: max(x, 2) - min(x, -1) + min(max(x, -2), 3),
    "maximum(x, 0) * minimum(x, 1)": lambda x: max(x, 0) * min(x, 1),
    "where(0 <= x < 1 and not x == 0.5 or x > 2, x ** 2, pi)": lambda x: (
        x**2 if (0 <= x < 1 and x != 0.5) or x > 2 else mpmath.pi
    ),
}


def mp_derivative(function, x, order):
    with mpmath.workdps(80):
        return mpmath.diff(function, mpmath.mpf(float(x)), order)


@pytest.mark.parametrize("bits", [40, 60], ids=["float64 intervals", "Arb"])
@pytest.mark.parametrize("text", FUNCTIONS)
def test_functions_and_their_derivatives_agree_with_mpmath(text, bits):
    curve = Formula(text).evaluate(PLACES, {}, bits=bits, floor=1e-250)
    with mpmath.workdps(60):
        exact = [FUNCTIONS[text](mpmath.mpf(float(x))) for x in PLACES]
    breaks = Formula(text).breaks({})
    for i, x in enumerate(PLACES):
        assert abs(curve.value[i] - exact[i]) <= abs(exact[i]) * 2.0**-39 + 1e-250
        if not any(abs(x - place) < 1e-6 for place in breaks):
            for got, order in ((curve.slope[i], 1), (curve.bend[i], 2)):
                want = float(mp_derivative(FUNCTIONS[text], x, order))
                assert got == pytest.approx(want, rel=1e-2 if order == 2 else 1e-11, abs=1e-14)


def test_more_than_float64_is_told_apart():
    curve = Formula("1 / 3 * x").evaluate(np.array([1.0, 3.0]), {}, bits=100)
    assert curve.value[0] == 1 / 3
    assert curve.value_rest[0] == pytest.approx(1.850371707708594e-17)
    assert abs(curve.value_rest[1]) < 1e-30


def test_precision_grows_until_nothing_cancels():
    x = np.array([2.0**-200, -(2.0**-333)])
    curve = Formula("sqrt(1 + x) - 1 - x / 2").evaluate(x, {}, bits=40)
    np.testing.assert_allclose(curve.value, -(x**2) / 8, rtol=1e-12)
    np.testing.assert_allclose(curve.slope, -x / 4, rtol=1e-12)


LIBRARY = {
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "sqrt": np.sqrt,
    "tanh": np.tanh,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "sin": np.sin,
    "cos": np.cos,
    "atan": np.arctan,
    "asinh": np.arcsinh,
    "erf": _formula._math_erf,
    "erfc": _formula._math_erfc,
}


@pytest.mark.parametrize("function", LIBRARY)
def test_float64_library_is_within_half_of_what_the_intervals_allow_for(function):
    rng = np.random.default_rng(3)
    x = np.concatenate([rng.normal(0, 4, 1500), 10.0 ** rng.uniform(-12, 2.4, 500)])
    if function in ("log", "log1p", "sqrt"):
        x = np.abs(x) - (0.999 if function == "log1p" else 0)
    exact = Formula(f"{function}(x)").evaluate(x, {}, bits=60, order=1).value
    assert (np.abs(LIBRARY[function](x) - exact) <= 0.5 * _formula._LIBRARY * np.abs(exact) + 1e-300).all()


@pytest.mark.parametrize("text", ["x - tanh(x)", "log(1 + exp(x)) - x / 2", "sin(30 * x) / x", "x * exp(-exp(-x))"])
def test_float64_intervals_settle_nothing_wrongly(text):
    rng = np.random.default_rng(5)
    x = np.concatenate([2.0 ** rng.uniform(-60, 12, 700), -(2.0 ** rng.uniform(-60, 12, 700))])
    fast, slow = (Formula(text).evaluate(x, {}, bits=bits, floor=1e-60) for bits in (30, 62))
    for part in ("value", "slope"):
        got, exact = getattr(fast, part), getattr(slow, part)
        assert (np.abs(got - exact) <= np.abs(exact) * 2.0**-30 + 2e-60).all()


def test_piecewise_linear_is_seen():
    assert Formula("where(x > 0, x, 0.1 * x) + clip(x / 6 + 0.5, 0, 1)").evaluate(PLACES, {}).straight
    assert not Formula("where(x > 0, x * x, 0.1 * x)").evaluate(PLACES, {}).straight


def test_breaks_are_found_to_the_last_bit():
    third = Formula("where(x < 1 / 3, 0, x) + abs(x - shift)").breaks({"shift": 2.5})
    assert any(abs(place - 1 / 3) < 1e-16 for place in third)
    assert 2.5 in third


def test_numbers_are_exact_decimals():
    assert Formula("-(alpha + 1) / 4").number({"alpha": 0.5}) == -0.375
    assert Formula("-inf if alpha > 0 else 0").number({"alpha": 0.5}) == -math.inf
    assert Formula("-0.2784645427610738").number({}) == -0.2784645427610738


def test_parameters_can_be_differentiated_by():
    curve = Formula("alpha * expm1(x)").evaluate(np.array([1.0]), {"alpha": 2.0}, seeds=("alpha",))
    assert curve.slope[0] == pytest.approx(math.expm1(1))


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "x.__class__",
        "(lambda: x)()",
        "[x for x in (1,)]",
        "exp(x, x)",
        "exp(u=x)",
        "print(x)",
        "'x'",
        "True",
        "1j * x",
        "x if x",
        "x @ x",
        "x // 2",
        "x := 2",
        "f'{x}'",
        "x" + " + x" * 300,
        "(" * 300 + "x" + ")" * 300,
        "",
        "x + 1" + " " * 600,
    ],
)
def test_what_is_no_formula_is_refused_in_one_sentence(text):
    with pytest.raises(FormulaError, match=r"^A formula is one expression of .*; write it with those\.$"):
        Formula(text)


def test_unknown_name_is_refused():
    with pytest.raises(FormulaError, match="speaks of 'alpha'"):
        Formula("alpha * x").evaluate(PLACES, {"beta": 1.0})


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("alpha * (x + 1) ** 2", r"\alpha \, \left(x + 1\right)^{2}"),
        ("x - (1 - x)", r"x - \left(1 - x\right)"),
        ("-x / (1 + abs(x))", r"-\frac{x}{1 + \left|x\right|}"),
        ("where(x > 0, x, 0)", r"\begin{cases} x & x > 0 \\ 0 & \text{otherwise} \end{cases}"),
        ("negative_slope * x", r"\mathrm{negative\_slope} \, x"),
        ("x * 1e-6 - inf", r"x \cdot 1 \cdot 10^{-6} - \infty"),
    ],
)
def test_latex(text, latex):
    assert Formula(text).latex() == latex


@pytest.mark.parametrize("name", WITH_FORMULA)
def test_latex_of_every_formula_is_balanced(name):
    text = Formula(CATALOGUE[name].formula).latex()
    for opening, closing in (("{", "}"), (r"\left", r"\right"), (r"\begin", r"\end")):
        extra = text.count(r"\leftarrow") if opening == r"\left" else 0
        assert text.count(opening) - extra == text.count(closing)
