"""Formulas as data: one expression, parsed from an allow-list, evaluated with its slopes, printed as LaTeX.

The arithmetic is rigorous: every number is an interval that holds the true one. Intervals of float64 (NumPy, a few
nanoseconds per operation) settle almost every point; where they end up wider than asked for, mostly because the formula
cancels, Arb computes the point in 50 digits and doubles that until its interval is narrow enough. Arb comes with
python-flint (`pip install "keras-acts[test]"`), which nothing else in this package needs.
"""

import ast
import dataclasses
import fractions
import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeGuard

import numpy as np

_START_BITS = 170  # 51 digits
_MOST_BITS = 40_000


class FormulaError(ValueError):
    """An expression that is not in the language of formulas, or has no value at some point."""


# --- Derivatives ------------------------------------------------------------------------------------------------------


def _add(a: Any, b: Any) -> Any:
    if isinstance(a, int) and a == 0:
        return b
    return a if isinstance(b, int) and b == 0 else a + b


def _mul(a: Any, b: Any) -> Any:
    for one, other in ((a, b), (b, a)):
        if isinstance(one, int):
            if one == 0:
                return 0
            if one == 1:
                return other
    return a * b


class Jet:
    """A number with its first derivative and, unless it is `None`, its second.

    A derivative that is the integer 0 is zero for structural reasons: that is how a formula shows itself to be
    piecewise linear.
    """

    __slots__ = ("bend", "slope", "value")

    def __init__(self, value: Any, slope: Any, bend: Any) -> None:
        self.value, self.slope, self.bend = value, slope, bend

    def through(self, value: Any, slope: Any, bend: Callable[[], Any]) -> "Jet":
        """The outer function's value and derivatives at this number, by the chain rule."""
        second = None
        if self.bend is not None:
            square = _mul(self.slope, self.slope)
            second = 0 if isinstance(square, int) and square == 0 else _mul(bend(), square)
            second = _add(second, _mul(slope, self.bend))
        return Jet(value, _mul(slope, self.slope), second)

    def __neg__(self) -> "Jet":
        return Jet(-self.value, _mul(-1, self.slope), None if self.bend is None else _mul(-1, self.bend))

    def __add__(self, other: Any) -> "Jet":
        if not isinstance(other, Jet):
            return Jet(self.value + other, self.slope, self.bend)
        bend = None if self.bend is None else _add(self.bend, other.bend)
        return Jet(self.value + other.value, _add(self.slope, other.slope), bend)

    __radd__ = __add__

    def __sub__(self, other: Any) -> "Jet":
        return self + (-other)

    def __rsub__(self, other: Any) -> "Jet":
        return (-self) + other

    def __mul__(self, other: Any) -> "Jet":
        if not isinstance(other, Jet):
            bend = None if self.bend is None else _mul(self.bend, other)
            return Jet(self.value * other, _mul(self.slope, other), bend)
        slope = _add(_mul(self.slope, other.value), _mul(self.value, other.slope))
        bend = None
        if self.bend is not None:
            cross = _mul(2, _mul(self.slope, other.slope))
            bend = _add(_add(_mul(self.bend, other.value), cross), _mul(self.value, other.bend))
        return Jet(self.value * other.value, slope, bend)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> "Jet":
        return self * (_reciprocal(other) if isinstance(other, Jet) else 1 / other)

    def __rtruediv__(self, other: Any) -> "Jet":
        return _reciprocal(self) * other


def _reciprocal(u: Jet) -> Jet:
    inverse = 1 / u.value
    slope = -(inverse * inverse)
    return u.through(inverse, slope, lambda: -2 * slope * inverse)


# --- The functions of the language ------------------------------------------------------------------------------------
# Each takes a plain number `u` and gives the value, the slope, and a function that gives the second derivative, all in
# forms that do not cancel, so that the narrow float64 intervals settle most points.


def _exp(u):
    e = u.exp()
    return e, e, lambda: e


def _expm1(u):
    e = u.exp()
    return u.expm1(), e, lambda: e


def _log(u):
    r = 1 / u
    return u.log(), r, lambda: -(r * r)


def _log1p(u):
    r = 1 / (1 + u)
    return u.log1p(), r, lambda: -(r * r)


def _sqrt(u):
    s = u.sqrt()
    r = 1 / (2 * s)
    return s, r, lambda: -(r / (2 * u))


def _tanh(u):
    t, s = u.tanh(), u.sech()
    s = s * s
    return t, s, lambda: -2 * t * s


def _sinh(u):
    return u.sinh(), u.cosh(), u.sinh


def _cosh(u):
    return u.cosh(), u.sinh(), u.cosh


def _sin(u):
    s = u.sin()
    return s, u.cos(), lambda: -s


def _cos(u):
    c = u.cos()
    return c, -u.sin(), lambda: -c


def _tan(u):
    t = u.tan()
    s = 1 + t * t
    return t, s, lambda: 2 * t * s


def _atan(u):
    r = 1 / (1 + u * u)
    return u.atan(), r, lambda: -2 * u * r * r


def _asinh(u):
    r = 1 / (1 + u * u)
    s = r.sqrt()
    return u.asinh(), s, lambda: -(u * r * s)


def _bell(u):
    root_pi = _ROOT_PI if isinstance(u, Interval) else type(u).const_sqrt_pi()
    return 2 * (-(u * u)).exp() / root_pi


def _erf(u):
    s = _bell(u)
    return u.erf(), s, lambda: -2 * u * s


def _erfc(u):
    s = -_bell(u)
    return u.erfc(), s, lambda: -2 * u * s


def _sigmoid(u):
    at, opposite = 1 / (1 + (-u).exp()), 1 / (1 + u.exp())
    slope = at * opposite
    return at, slope, lambda: slope * (opposite - at)


def _softplus(u):
    at, opposite = 1 / (1 + (-u).exp()), 1 / (1 + u.exp())
    value = u.softplus() if isinstance(u, Interval) else u.exp().log1p()
    return value, at, lambda: at * opposite


_SMOOTH = {
    "exp": _exp,
    "expm1": _expm1,
    "log": _log,
    "log1p": _log1p,
    "sqrt": _sqrt,
    "tanh": _tanh,
    "sinh": _sinh,
    "cosh": _cosh,
    "sin": _sin,
    "cos": _cos,
    "tan": _tan,
    "atan": _atan,
    "asinh": _asinh,
    "erf": _erf,
    "erfc": _erfc,
    "sigmoid": _sigmoid,
    "softplus": _softplus,
}
_STEPPED = ("floor", "round")  # slope 0 wherever there is one
# What is written with a comparison; the parser puts the longer form in its place.
_SHORT = {
    "abs": "where(u < 0, -u, u)",
    "sign": "where(u > 0, 1, where(u < 0, -1, 0))",
    "min": "where(u < v, u, v)",
    "max": "where(u > v, u, v)",
    "minimum": "where(u < v, u, v)",
    "maximum": "where(u > v, u, v)",
    "relu": "where(u > 0, u, 0)",
    "clip": "where(u < v, v, where(u > w, w, u))",
}
_CONSTANTS = ("pi", "inf")


# --- Intervals of float64 ---------------------------------------------------------------------------------------------

_ROUNDED = 2.0**-52  # a correctly rounded operation is at most half of this off, relatively
_LIBRARY = 2.0**-48  # for exp, tanh and the like: 16 units in the last place; the tests measure below half of it
_TINY = 1e-300  # where results underflow the relative widening fails, and this takes over

_HUGE = np.finfo(np.float64).max


def _lookup(function: Callable[[float], float]) -> Callable[[np.ndarray], np.ndarray]:
    return np.vectorize(function, otypes=[np.float64])


_math_erf, _math_erfc = _lookup(math.erf), _lookup(math.erfc)


class Interval:
    """Arrays of float64 between whose entries the true numbers lie."""

    __array_priority__ = 1000
    __slots__ = ("high", "low")

    def __init__(self, low: Any, high: Any) -> None:
        self.low, self.high = low, high

    @classmethod
    def around(cls, low: Any, high: Any, relative: float) -> "Interval":
        """The interval, widened; an end that is NaN tells nothing and becomes infinite."""
        low, high = np.minimum(low, _HUGE), np.maximum(high, -_HUGE)  # an overflow lies beyond the largest number
        low = low - np.abs(low) * relative - _TINY
        high = high + np.abs(high) * relative + _TINY
        return cls(np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high))

    @staticmethod
    def of(other: Any) -> "Interval":
        return other if isinstance(other, Interval) else Interval(np.float64(other), np.float64(other))

    def __neg__(self) -> "Interval":
        return Interval(-self.high, -self.low)

    def __abs__(self) -> "Interval":
        low = np.where((self.low <= 0) & (self.high >= 0), 0.0, np.minimum(np.abs(self.low), np.abs(self.high)))
        return Interval(low, np.maximum(np.abs(self.low), np.abs(self.high)))

    def __add__(self, other: Any) -> "Interval":
        if isinstance(other, Jet):
            return NotImplemented
        other = Interval.of(other)
        return Interval.around(self.low + other.low, self.high + other.high, _ROUNDED)

    __radd__ = __add__

    def __sub__(self, other: Any) -> "Interval":
        if isinstance(other, Jet):
            return NotImplemented
        return self + (-Interval.of(other))

    def __rsub__(self, other: Any) -> "Interval":
        if isinstance(other, Jet):
            return NotImplemented
        return Interval.of(other) + (-self)

    def __mul__(self, other: Any) -> "Interval":
        if isinstance(other, Jet):
            return NotImplemented
        other = Interval.of(other)
        ends = [a * b for a in (self.low, self.high) for b in (other.low, other.high)]
        # An infinite end means "no bound known", so 0 times it is 0.
        ends = [np.where(np.isnan(end), 0.0, end) for end in ends]
        low = np.minimum(np.minimum(ends[0], ends[1]), np.minimum(ends[2], ends[3]))
        high = np.maximum(np.maximum(ends[0], ends[1]), np.maximum(ends[2], ends[3]))
        return Interval.around(low, high, _ROUNDED)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> "Interval":
        if isinstance(other, Jet):
            return NotImplemented
        return self * Interval.of(other)._reciprocal()

    def __rtruediv__(self, other: Any) -> "Interval":
        return self._reciprocal() * other

    def _reciprocal(self) -> "Interval":
        around_0 = (self.low <= 0) & (self.high >= 0)
        low, high = np.where(around_0, -np.inf, 1 / self.high), np.where(around_0, np.inf, 1 / self.low)
        return Interval.around(low, high, _ROUNDED)

    def _rising(self, function: Callable, lowest: float = -np.inf, highest: float = np.inf) -> "Interval":
        wide = Interval.around(function(self.low), function(self.high), _LIBRARY)
        return Interval(np.clip(wide.low, lowest, highest), np.clip(wide.high, lowest, highest))

    def exp(self) -> "Interval":
        return self._rising(np.exp, lowest=0.0)

    def expm1(self) -> "Interval":
        return self._rising(np.expm1, lowest=-1.0)

    def log(self) -> "Interval":
        return self._rising(np.log)

    def log1p(self) -> "Interval":
        return self._rising(np.log1p)

    def sqrt(self) -> "Interval":
        return self._rising(np.sqrt, lowest=0.0)

    def tanh(self) -> "Interval":
        return self._rising(np.tanh, -1.0, 1.0)

    def atan(self) -> "Interval":
        return self._rising(np.arctan)

    def asinh(self) -> "Interval":
        return self._rising(np.arcsinh)

    def sinh(self) -> "Interval":
        return self._rising(np.sinh)

    def erf(self) -> "Interval":
        return self._rising(_math_erf, -1.0, 1.0)

    def erfc(self) -> "Interval":
        return (-self)._rising(lambda u: _math_erfc(-u), 0.0, 2.0)

    def cosh(self) -> "Interval":
        return abs(self)._rising(np.cosh, lowest=1.0)

    def sech(self) -> "Interval":
        return 1 / self.cosh()

    def _wave(self, function: Callable) -> "Interval":
        # Slopes of sine and cosine never exceed 1, so the width of the argument bounds that of the result.
        middle = 0.5 * self.low + 0.5 * self.high
        width = self.high - self.low
        wide = Interval.around(function(middle) - width, function(middle) + width, _LIBRARY)
        return Interval(np.clip(wide.low, -1.0, 1.0), np.clip(wide.high, -1.0, 1.0))

    def sin(self) -> "Interval":
        return self._wave(np.sin)

    def cos(self) -> "Interval":
        return self._wave(np.cos)

    def tan(self) -> "Interval":
        return self.sin() / self.cos()

    def softplus(self) -> "Interval":
        return self._rising(lambda u: np.maximum(u, 0.0) + np.log1p(np.exp(-np.abs(u))), 0.0)

    def floor(self) -> "Interval":
        return Interval(np.floor(self.low), np.floor(self.high))

    def round(self) -> "Interval":
        return Interval(np.rint(self.low), np.rint(self.high))


_ROOT_PI = Interval.around(math.sqrt(math.pi), math.sqrt(math.pi), _LIBRARY)


class _Fast:
    """How a compiled formula handles numbers and conditions when they are float64 intervals.

    A condition is a pair: where it surely holds, and where it surely does not.
    """

    def __init__(self, second: int | None) -> None:
        self.second = second  # the second derivative of a constant: 0, or `None` where nobody asks for it

    pi = Interval.around(math.pi, math.pi, _ROUNDED)
    infinity = Interval.of(math.inf)
    floor, round = staticmethod(Interval.floor), staticmethod(Interval.round)

    @staticmethod
    def known(condition: tuple) -> bool | None:
        yes, no = condition
        return True if np.all(yes) else False if np.all(no) else None

    @staticmethod
    def number(value: fractions.Fraction) -> Interval:
        near = float(value)
        exact = fractions.Fraction(near) == value
        return Interval.of(near) if exact else Interval.around(near, near, _ROUNDED)

    @staticmethod
    def less(a: Any, b: Any) -> tuple:
        a, b = Interval.of(a), Interval.of(b)
        return a.high < b.low, a.low >= b.high

    @staticmethod
    def equal(a: Any, b: Any) -> tuple:
        a, b = Interval.of(a), Interval.of(b)
        same = (a.low == a.high) & (b.low == b.high) & (a.low == b.low)
        return same, (a.high < b.low) | (b.high < a.low)

    @staticmethod
    def negate(condition: tuple) -> tuple:
        return condition[1], condition[0]

    @staticmethod
    def both(a: tuple, b: tuple) -> tuple:
        return a[0] & b[0], a[1] | b[1]

    def choose(self, condition: tuple, then: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
        yes, no = condition

        def merge(a, b):
            if a is None or b is None or (isinstance(a, int) and isinstance(b, int) and a == b):
                return None if a is None or b is None else a
            a, b = Interval.of(a), Interval.of(b)
            low = np.where(yes, a.low, np.where(no, b.low, -np.inf))
            return Interval(low, np.where(yes, a.high, np.where(no, b.high, np.inf)))

        a, b = (jet if isinstance(jet, Jet) else Jet(jet, 0, self.second) for jet in (then(), otherwise()))
        return Jet(merge(a.value, b.value), merge(a.slope, b.slope), merge(a.bend, b.bend))


# --- Intervals of Arb -------------------------------------------------------------------------------------------------


class _UndecidedError(Exception):
    """Two numbers cannot be told apart in the present precision."""


@functools.cache
def _flint() -> Any:
    try:
        import flint
    except ImportError:
        raise ImportError(
            "Evaluating a formula in 50 digits needs python-flint, which is not installed; run "
            "`pip install python-flint`."
        ) from None
    return flint


class _Exact:
    """How a compiled formula handles numbers and conditions when it computes one point in Arb's arithmetic."""

    def __init__(self, final: bool) -> None:
        self.final = final  # at the highest precision what still cannot be told apart counts as equal
        self.arb = _flint().arb

        self.pi, self.infinity = self.arb.pi(), self.arb.pos_inf()

    @staticmethod
    def known(condition: bool) -> bool:
        return condition

    def number(self, value: fractions.Fraction) -> Any:
        return self.arb(_flint().fmpq(value.numerator, value.denominator))

    def less(self, a: Any, b: Any) -> bool:
        if a < b:
            return True
        if a >= b or self.final:
            return False
        raise _UndecidedError

    def equal(self, a: Any, b: Any) -> bool:
        difference = a - b
        if difference == 0:
            return True
        if difference != 0:
            return False
        if self.final:
            return True
        raise _UndecidedError

    @staticmethod
    def negate(condition: bool) -> bool:
        return not condition

    @staticmethod
    def both(a: bool, b: bool) -> bool:
        return a and b

    @staticmethod
    def choose(condition: bool, then: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
        return then() if condition else otherwise()

    def floor(self, value: Any) -> Any:
        down = value.floor()
        if down.is_exact():
            return down
        if not self.final:
            raise _UndecidedError
        return (value + 0.5).floor()  # a whole number, as far as the highest precision can tell

    def round(self, value: Any) -> Any:
        near = self.floor(value + 0.5)
        is_tie, is_odd = self.equal(value + 0.5, near), not (near / 2).is_integer()
        return near - 1 if is_tie and is_odd else near


# --- The language -----------------------------------------------------------------------------------------------------

_LONGEST = 500
_MOST_BREAKS = 100  # a comparison of periodic terms changes without end
_MOST_NODES = 200
_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.USub, ast.UAdd, ast.Not, ast.And, ast.Or)
_COMPARISONS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
_GRAMMAR = (ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Call, ast.Name, ast.Constant, ast.Load)
_ARGUMENTS = dict.fromkeys((*_SMOOTH, *_STEPPED, "abs", "sign", "relu"), 1)
_ARGUMENTS |= dict.fromkeys(("min", "max", "minimum", "maximum"), 2) | {"where": 3, "clip": 3}


def _parse(text: str) -> ast.expr:
    def refuse(what: str) -> FormulaError:
        return FormulaError(
            f"A formula is one expression of numbers, names, + - * / **, comparisons, `a if c else b` and the "
            f"functions {', '.join(sorted(_ARGUMENTS))}, got {text[:_LONGEST]!r} with {what}; write it with those."
        )

    if len(text) > _LONGEST:
        raise refuse(f"{len(text)} characters, more than {_LONGEST}")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise refuse(f"a mistake: {error}") from None
    for count, node in enumerate(ast.walk(tree)):
        if count > _MOST_NODES:
            raise refuse(f"more than {_MOST_NODES} parts")
        if not isinstance(node, _GRAMMAR + _OPERATORS + _COMPARISONS):
            raise refuse(f"a {type(node).__name__}")
        if isinstance(node, ast.Constant) and (isinstance(node.value, bool) or not isinstance(node.value, int | float)):
            raise refuse(f"the constant {node.value!r}")
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else "of another kind"
            if name not in _ARGUMENTS or node.keywords:
                raise refuse(f"a call {name}")
            if len(node.args) != _ARGUMENTS[name]:
                raise refuse(f"{len(node.args)} arguments for {name}, which takes {_ARGUMENTS[name]}")
    return tree


class _Substitute(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, ast.expr]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.names.get(node.id, node)


def _long_form(call: ast.Call) -> ast.expr:
    """A call such as `abs(u)`, written out with comparisons."""
    template = ast.parse(_SHORT[call.func.id], mode="eval").body  # pyright: ignore[reportAttributeAccessIssue]
    return _Substitute(dict(zip("uvw", call.args, strict=False))).visit(template)


def _stable(node: ast.expr) -> ast.expr:
    """The same number, written so that float64 loses fewer digits."""

    def is_one(part: ast.expr) -> bool:
        return isinstance(part, ast.Constant) and part.value == 1

    def is_minus(part: ast.expr) -> TypeGuard[ast.UnaryOp]:
        return isinstance(part, ast.UnaryOp) and isinstance(part.op, ast.USub)

    def call(name: str, part: ast.expr) -> ast.expr:
        return ast.Call(ast.Name(name), [part], [])

    def one_plus(part: ast.expr) -> ast.expr | None:
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Add):
            return part.right if is_one(part.left) else part.left if is_one(part.right) else None
        return None

    def exponent(part: ast.expr | None) -> ast.expr | None:
        match part:
            case ast.Call(ast.Name("exp"), [argument]):
                return argument
        return None

    match node:
        case ast.BinOp(top, ast.Div(), bottom) if (u := exponent(one_plus(bottom))) is not None:
            share = call("sigmoid", u.operand if is_minus(u) else ast.UnaryOp(ast.USub(), u))
            return share if is_one(top) else ast.BinOp(top, ast.Mult(), share)
        case ast.BinOp(left, ast.Sub(), right) if is_one(right) and (u := exponent(left)) is not None:
            return call("expm1", u)
        case ast.Call(ast.Name("log"), [part]) if (u := exponent(one_plus(part))) is not None:
            return call("softplus", u)
        case ast.Call(ast.Name("log1p"), [part]) if (u := exponent(part)) is not None:
            return call("softplus", u)
        case ast.Call(ast.Name("log"), [part]) if (u := one_plus(part)) is not None:
            return call("log1p", u)
    return node


class _Compiler:
    """Turns an expression into a function of `x`, or into what it is when `x` does not occur in it.

    The function remembers its last argument, because expressions written out share their parts.
    """

    def __init__(self, arithmetic: Any, names: Mapping[str, Any]) -> None:
        self.arithmetic, self.names = arithmetic, names
        self.done: dict[int, tuple[ast.expr, Any]] = {}

    def __call__(self, node: ast.expr) -> Any:
        if id(node) not in self.done:
            written = _stable(node)
            self.done[id(node)] = node, getattr(self, f"_{type(written).__name__}")(written)
        return self.done[id(node)][1]

    def _lift(self, operation: Callable, *nodes: ast.expr) -> Any:
        parts = [self(node) for node in nodes]
        if not any(callable(part) for part in parts):
            return operation(*parts)
        last: list[Any] = [None, None]

        def at(x: Jet) -> Any:
            if last[0] is not x:
                last[:] = x, operation(*[part(x) if callable(part) else part for part in parts])
            return last[1]

        return at

    def _Constant(self, node: ast.Constant) -> Any:  # noqa: N802
        # The shortest decimal that gives this float is the one that was written.
        return self.arithmetic.number(fractions.Fraction(repr(node.value)))

    def _Name(self, node: ast.Name) -> Any:  # noqa: N802
        if node.id == "x":
            return lambda x: x
        if node.id in self.names:
            return self.names[node.id]
        if node.id in _CONSTANTS:
            return self.arithmetic.pi if node.id == "pi" else self.arithmetic.infinity
        raise FormulaError(
            f"The formula speaks of {node.id!r}, but only x and {sorted(self.names)} have values; name a parameter of "
            "the function."
        )

    def _UnaryOp(self, node: ast.UnaryOp) -> Any:  # noqa: N802
        if isinstance(node.op, ast.Not):
            return self._lift(self.arithmetic.negate, node.operand)
        return self._lift(lambda u: -u, node.operand) if isinstance(node.op, ast.USub) else self(node.operand)

    def _BinOp(self, node: ast.BinOp) -> Any:  # noqa: N802
        operations: dict[type, Callable] = {
            ast.Add: lambda a, b: a + b,
            ast.Sub: lambda a, b: a - b,
            ast.Mult: lambda a, b: a * b,
            ast.Div: lambda a, b: a / b,
            ast.Pow: _power,
        }
        return self._lift(operations[type(node.op)], node.left, node.right)

    def _Compare(self, node: ast.Compare) -> Any:  # noqa: N802
        less, equal, negate = self.arithmetic.less, self.arithmetic.equal, self.arithmetic.negate
        tests: dict[type, Callable] = {
            ast.Lt: less,
            ast.Gt: lambda a, b: less(b, a),
            ast.LtE: lambda a, b: negate(less(b, a)),
            ast.GtE: lambda a, b: negate(less(a, b)),
            ast.Eq: equal,
            ast.NotEq: lambda a, b: negate(equal(a, b)),
        }

        def compare(*values: Any) -> Any:
            plain = [value.value if isinstance(value, Jet) else value for value in values]
            pairs = zip(node.ops, plain, plain[1:], strict=False)
            return functools.reduce(self.arithmetic.both, [tests[type(op)](a, b) for op, a, b in pairs])

        return self._lift(compare, node.left, *node.comparators)

    def _BoolOp(self, node: ast.BoolOp) -> Any:  # noqa: N802
        negate, both = self.arithmetic.negate, self.arithmetic.both
        if isinstance(node.op, ast.And):
            return self._lift(lambda *parts: functools.reduce(both, parts), *node.values)
        return self._lift(lambda *parts: negate(functools.reduce(both, map(negate, parts))), *node.values)

    def _IfExp(self, node: ast.IfExp) -> Any:  # noqa: N802
        condition, then, otherwise = self(node.test), self(node.body), self(node.orelse)
        if not callable(condition):
            known = self.arithmetic.known(condition)
            if known is not None:
                return then if known else otherwise

        def at(x: Jet) -> Any:
            chosen = condition(x) if callable(condition) else condition
            return self.arithmetic.choose(
                chosen,
                lambda: then(x) if callable(then) else then,
                lambda: otherwise(x) if callable(otherwise) else otherwise,
            )

        return at

    def _Call(self, node: ast.Call) -> Any:  # noqa: N802
        name: str = node.func.id  # pyright: ignore[reportAttributeAccessIssue]
        if name == "where":
            return self._IfExp(ast.IfExp(*node.args))
        if name in _SHORT:
            return self(_long_form(node))
        if name in _STEPPED:
            step = getattr(self.arithmetic, name)
            return self._lift(lambda u: u.through(step(u.value), 0, int) if isinstance(u, Jet) else step(u), *node.args)
        rule = _SMOOTH[name]
        return self._lift(lambda u: u.through(*rule(u.value)) if isinstance(u, Jet) else rule(u)[0], *node.args)


def _whole(exponent: Any) -> int | None:
    """The exponent as an integer if it is surely one."""
    if isinstance(exponent, Interval):
        low = float(exponent.low)
        return int(low) if exponent.low == exponent.high and low.is_integer() else None
    return int(exponent.unique_fmpz()) if exponent.is_integer() else None


def _power(base: Any, exponent: Any) -> Any:
    if isinstance(exponent, Jet):
        return _smooth("exp", exponent * _smooth("log", base))
    whole = _whole(exponent)
    u = base.value if isinstance(base, Jet) else base
    if whole is not None:

        def power(n: int) -> Any:
            product = functools.reduce(lambda a, b: a * b, [u] * abs(n), 1)
            return product if n >= 0 else 1 / product

        if not isinstance(base, Jet):
            return power(whole)
        slope = _mul(whole, power(whole - 1))
        return base.through(power(whole), slope, lambda: _mul(whole * (whole - 1), power(whole - 2)))
    if not isinstance(u, Interval) and u == 0 and exponent > 1:
        return base * 0
    return _smooth("exp", exponent * _smooth("log", base))


def _smooth(name: str, u: Any) -> Any:
    return u.through(*_SMOOTH[name](u.value)) if isinstance(u, Jet) else _SMOOTH[name](u)[0]


@dataclasses.dataclass(frozen=True)
class Curve:
    """A formula's values and derivatives at some points, in float64.

    Attributes:
        value: The value, rounded once.
        slope: The first derivative, rounded once; NaN where there is none.
        bend: The second derivative, to about two digits.
        value_rest: What rounding took from `value`, where more than float64 was asked for.
        slope_rest: What rounding took from `slope`, likewise.
        straight: Whether the second derivative vanishes for structural reasons: the formula is piecewise linear.
    """

    value: np.ndarray
    slope: np.ndarray
    bend: np.ndarray
    value_rest: np.ndarray
    slope_rest: np.ndarray
    straight: bool


class Formula:
    """One expression in `x` and parameters.

    Args:
        text: The expression, such as `"where(x > 0, x, alpha * expm1(x))"`.

    Raises:
        FormulaError: The text is not in the language.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.tree = _parse(text)

    @property
    def names(self) -> set[str]:
        """The names it speaks of, functions and constants left out."""
        functions = {id(node.func) for node in ast.walk(self.tree) if isinstance(node, ast.Call)}
        names = {node.id for node in ast.walk(self.tree) if isinstance(node, ast.Name) and id(node) not in functions}
        return names - set(_CONSTANTS)

    def _compiled(self, arithmetic: Any, parameters: Mapping[str, Any], seeds: Sequence[str], order: int) -> Any:
        names: dict[str, Any] = {}
        for name, given in parameters.items():
            if isinstance(given, bool) or not isinstance(given, int | float):
                continue
            exact = arithmetic.infinity * given if math.isinf(given) else arithmetic.number(fractions.Fraction(given))
            names[name] = Jet(exact, 1, 0 if order > 1 else None) if name in seeds else exact
        return _Compiler(arithmetic, names)(self.tree)

    def number(self, parameters: Mapping[str, Any]) -> float:
        """Its value when `x` does not occur in it: the shortest number that may be it, and so 0.375 for 3 / 8."""
        with np.errstate(all="ignore"):
            found = self._compiled(_Fast(None), parameters, (), 1)
            if callable(found):
                raise FormulaError(f"{self.text!r} must not speak of x; expected an expression in the parameters.")
            found = Interval.of(found)
            low, high = float(found.low), float(found.high)
            middle = low if low == high else 0.5 * low + 0.5 * high
            if not math.isfinite(middle):
                return middle
            fraction, exponent = math.frexp(middle)
            short = (math.ldexp(round(math.ldexp(fraction, digits)), exponent - digits) for digits in (0, 11, 24, 40))
            return next((number for number in short if low <= number <= high), middle)

    def evaluate(
        self,
        x: np.ndarray,
        parameters: Mapping[str, Any],
        *,
        bits: int = 40,
        floor: float = 0.0,
        order: int = 2,
        seeds: Sequence[str] = ("x",),
        exact: bool = True,
    ) -> Curve:
        """Its values and derivatives at every point of `x`.

        Args:
            x: Array of float64, finite.
            parameters: The parameters' values.
            bits: How many leading bits must be certain; above 44 every point is computed in Arb.
            floor: An interval narrower than this needs no more bits.
            order: 1 leaves out the second derivative.
            seeds: The names with respect to which to differentiate; several give the derivative when all grow alike.
            exact: Whether Arb computes the points that float64 leaves in doubt; if not, they get what float64 says.
        """
        x = np.asarray(x, np.float64)
        results = np.full((5, x.size), np.nan)
        straight = [True]
        flat = x.ravel()
        left = np.arange(x.size)
        if bits <= 44:
            left = self._fast(flat, parameters, bits, floor, order, seeds, results, straight)
        if exact:
            self._exact(flat, parameters, bits, floor, order, seeds, left, results, straight)
        value, slope, bend, value_rest, slope_rest = (part.reshape(x.shape) for part in results)
        return Curve(value, slope, bend, value_rest, slope_rest, straight[0])

    def quickly(
        self, x: np.ndarray, parameters: Mapping[str, Any], *, bits: int, floor: float, order: int
    ) -> tuple[Curve, np.ndarray]:
        """As `evaluate`, by float64 intervals alone, and which points they settle."""
        results = np.full((5, x.size), np.nan)
        left = self._fast(x, parameters, bits, floor, order, ("x",), results, [True])
        settled = np.ones(x.size, bool)
        settled[left] = False
        value, slope, bend, value_rest, slope_rest = results
        return Curve(value, slope, bend, value_rest, slope_rest, False), settled

    def _fast(self, x, parameters, bits, floor, order, seeds, results, straight) -> np.ndarray:
        """Fill in what intervals of float64 settle; return the places of the rest."""
        with np.errstate(all="ignore"):
            second = 0 if order > 1 else None
            at = self._compiled(_Fast(second), parameters, seeds, order)
            start = Jet(Interval(x, x), 1 if "x" in seeds else 0, second)
            jet = at(start) if callable(at) else at
            jet = jet if isinstance(jet, Jet) else Jet(jet, 0, second)
            settled = np.ones(x.shape, bool)
            scale = np.zeros(x.shape)
            for row, part in enumerate((jet.value, jet.slope, jet.bend)):
                if part is None:
                    continue
                part = Interval.of(part)
                middle, width = 0.5 * part.low + 0.5 * part.high, part.high - part.low
                near = np.minimum(np.abs(part.low), np.abs(part.high))
                if row < 2:
                    good = np.isfinite(width) & (width <= np.maximum(near * 2.0**-bits, floor))
                    good |= (part.low > 1e60) | (part.high < -1e60)  # an overflow of every dtype up to float32
                    middle = np.where(part.low > 1e60, part.low, np.where(part.high < -1e60, part.high, middle))
                    scale = np.abs(middle)
                else:
                    good = width * np.abs(x) <= np.maximum(scale, floor) * 2.0**-7
                settled &= good
                results[row] = middle
            results[3:] = 0.0
            straight[0] = second is None or (isinstance(jet.bend, int) and jet.bend == 0)
        return np.flatnonzero(~settled)

    def _exact(self, x, parameters, bits, floor, order, seeds, left, results, straight) -> None:
        """Fill in the places in `left`, in as many digits as each needs."""
        if not len(left):
            return
        flint = _flint()
        before, second = flint.ctx.prec, 0 if order > 1 else None
        arb, seed = flint.arb, 1 if "x" in seeds else 0
        tiny = arb(2) ** -1100  # what lies below every float64 needs no more bits

        def narrow(part: Any) -> bool:
            return part.rel_accuracy_bits() >= bits or part.rad() <= floor or abs(part) < tiny

        def attempt(low: float, high: float, final: bool) -> tuple | None:
            """What one interval around everything from `low` to `high` tells, if it tells enough."""
            try:
                jet = at(Jet(arb(low) if low == high else arb(low).union(arb(high)), seed, second))
            except _UndecidedError:
                return None
            jet = jet if isinstance(jet, Jet) else Jet(jet, 0, second)
            value, slope = arb(jet.value), arb(jet.slope)
            if not final and not (narrow(value) and narrow(slope)):
                return None
            top, top_slope = _to_float(value), _to_float(slope)
            rest = float(value - top) if math.isfinite(top) else 0.0
            slope_rest = float(slope - top_slope) if math.isfinite(top_slope) else 0.0
            straight[0] &= order < 2 or isinstance(jet.bend, int)
            return top, top_slope, _to_float(arb(jet.bend or 0)), rest, slope_rest

        left = left[np.argsort(x[left])]
        precision = _START_BITS
        try:
            while len(left):
                flint.ctx.prec = precision
                final = precision >= _MOST_BITS
                compiled = self._compiled(_Exact(final), parameters, seeds, order)
                at = compiled if callable(compiled) else lambda _, constant=compiled: constant
                points = x[left].tolist()
                found: list[tuple | None] = [None] * len(points)
                # Far out a curve is often constant as far as anyone asks: try whole runs of points, then their halves.
                runs = [(0, len(points))]
                while runs:
                    start, stop = runs.pop()
                    if stop - start < 16:
                        found[start:stop] = [attempt(point, point, final) for point in points[start:stop]]
                    elif _is_tail(points[start], points[stop - 1]) and (
                        told := attempt(points[start], points[stop - 1], False)
                    ):
                        found[start:stop] = [told] * (stop - start)
                    else:
                        middle = (start + stop) // 2
                        runs += [(middle, stop), (start, middle)]
                done = np.array([told is not None for told in found])
                if done.any():
                    results[:, left[done]] = np.array([told for told in found if told is not None]).T
                left = left[~done]
                precision *= 2
        finally:
            flint.ctx.prec = before

    def breaks(self, parameters: Mapping[str, Any]) -> list[float]:
        """Where a comparison in it changes its outcome, each to the last bit of float64, in ascending order."""
        recorder = _Recorder()
        at = self._compiled(recorder, parameters, ("x",), 1)
        if not callable(at):
            return []

        def outcomes(points: np.ndarray) -> np.ndarray:
            recorder.seen.clear()
            with np.errstate(all="ignore"):
                at(Jet(Interval(points, points), 1, None))
            return np.array([np.broadcast_to(seen, points.shape) for seen in recorder.seen])

        size = np.concatenate([[0.0, 5e-324], 2.0 ** np.linspace(-140, 127.9, 4000), np.linspace(0.01, 50, 5000)])
        points = np.unique(np.concatenate([-size, size]))
        seen = outcomes(points)
        if not seen.size:
            return []
        which, before = np.nonzero(seen[:, 1:] != seen[:, :-1])
        nearest = np.argsort(np.abs(points[before]), kind="stable")[:_MOST_BREAKS]
        which, before = which[nearest], before[nearest]
        low, high = points[before], points[before + 1]
        while True:
            middle = 0.5 * low + 0.5 * high
            inside = (middle != low) & (middle != high)
            if not inside.any():
                break
            same = outcomes(middle)[which, np.arange(len(which))] == seen[which, before]
            low, high = np.where(inside & same, middle, low), np.where(inside & ~same, middle, high)
        return np.unique(np.where(np.abs(low) < np.abs(high), low, high)).tolist()

    def latex(self) -> str:
        """The expression in LaTeX."""
        return _latex(self.tree)[0]


class _Recorder(_Fast):
    """Intervals of float64 that remember how each comparison came out, by midpoints."""

    def __init__(self) -> None:
        super().__init__(None)
        self.seen: list[np.ndarray] = []

    def _note(self, a: Any, b: Any) -> None:
        a, b = Interval.of(a), Interval.of(b)
        self.seen.append(np.sign(np.nan_to_num(a.low + a.high - b.low - b.high)))

    def less(self, a: Any, b: Any) -> tuple:  # pyright: ignore[reportIncompatibleMethodOverride]
        self._note(a, b)
        return _Fast.less(a, b)

    def equal(self, a: Any, b: Any) -> tuple:  # pyright: ignore[reportIncompatibleMethodOverride]
        self._note(a, b)
        return _Fast.equal(a, b)


def _is_tail(low: float, high: float) -> bool:
    """Whether two points lie on one side of 0, and not so far apart that an interval around them says nothing."""
    near, far = sorted((abs(low), abs(high)))
    return far <= 2 * near and (low > 0) == (high > 0)


def _to_float(part: Any) -> float:
    return float(part.mid()) if part.is_finite() else math.nan


# --- LaTeX ------------------------------------------------------------------------------------------------------------

_GREEK = [
    "alpha",
    "beta",
    "gamma",
    "delta",
    "epsilon",
    "zeta",
    "eta",
    "theta",
    "kappa",
    "lambda",
    "mu",
    "nu",
    "xi",
    "pi",
    "rho",
    "sigma",
    "tau",
    "phi",
    "chi",
    "psi",
    "omega",
]
_SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(5)
_RELATIONS: dict[type, str] = {
    ast.Lt: "<",
    ast.Gt: ">",
    ast.LtE: r"\le",
    ast.GtE: r"\ge",
    ast.Eq: "=",
    ast.NotEq: r"\ne",
}
_LATEX_CALLS = {
    "exp": r"\exp\left({0}\right)",
    "expm1": r"\left(\exp\left({0}\right) - 1\right)",
    "log": r"\ln\left({0}\right)",
    "log1p": r"\ln\left(1 + {0}\right)",
    "sqrt": r"\sqrt{{{0}}}",
    "atan": r"\arctan\left({0}\right)",
    "sigmoid": r"\sigma\left({0}\right)",
    "abs": r"\left|{0}\right|",
    "floor": r"\left\lfloor {0} \right\rfloor",
    "min": r"\min\left({0}, {1}\right)",
    "max": r"\max\left({0}, {1}\right)",
    "minimum": r"\min\left({0}, {1}\right)",
    "maximum": r"\max\left({0}, {1}\right)",
    **{name: rf"\{name}\left({{0}}\right)" for name in ("tanh", "sinh", "cosh", "sin", "cos", "tan")},
}


def _latex_name(name: str) -> str:
    if name in ("x", "inf"):
        return "x" if name == "x" else r"\infty"
    head, _, tail = name.partition("_")
    if head in _GREEK:
        return rf"\{head}" + (rf"_{{\mathrm{{{tail}}}}}" if tail else "")
    return name if len(name) == 1 else r"\mathrm{" + name.replace("_", r"\_") + "}"


def _latex_cases(node: ast.expr) -> list[str]:
    """The rows of a case distinction; one within the last row adds rows of its own."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "where":
        node = ast.IfExp(*node.args)
    if not isinstance(node, ast.IfExp):
        return [rf"{_latex(node)[0]} & \text{{otherwise}}"]
    return [rf"{_latex(node.body)[0]} & {_latex(node.test)[0]}", *_latex_cases(node.orelse)]


def _latex(node: ast.expr) -> tuple[str, int]:
    """The expression, and how tightly its outermost operation binds."""

    def within(part: ast.expr, level: int) -> str:
        text, binds = _latex(part)
        return text if binds >= level else rf"\left({text}\right)"

    match node:
        case ast.Constant(value):
            digits, _, exponent = repr(value).partition("e")
            return (rf"{digits} \cdot 10^{{{int(exponent)}}}", _PRODUCT) if exponent else (digits, _ATOM)
        case ast.Name(name):
            return _latex_name(name), _ATOM
        case ast.UnaryOp(ast.Not(), operand):
            return rf"\neg\left({_latex(operand)[0]}\right)", _ATOM
        case ast.UnaryOp(op, operand):
            return ("-" if isinstance(op, ast.USub) else "") + within(operand, _PRODUCT), _SUM
        case ast.BinOp(left, ast.Add(), right):
            return f"{within(left, _SUM)} + {within(right, _PRODUCT)}", _SUM
        case ast.BinOp(left, ast.Sub(), right):
            return f"{within(left, _SUM)} - {within(right, _PRODUCT)}", _SUM
        case ast.BinOp(left, ast.Mult(), right):
            sign = r" \cdot " if isinstance(right, ast.Constant) else r" \, "
            return within(left, _PRODUCT) + sign + within(right, _PRODUCT), _PRODUCT
        case ast.BinOp(ast.UnaryOp(ast.USub(), operand), ast.Div(), right):
            return rf"-\frac{{{_latex(operand)[0]}}}{{{_latex(right)[0]}}}", _SUM
        case ast.BinOp(left, ast.Div(), right):
            return rf"\frac{{{_latex(left)[0]}}}{{{_latex(right)[0]}}}", _PRODUCT
        case ast.BinOp(left, ast.Pow(), right):
            return rf"{within(left, _ATOM)}^{{{_latex(right)[0]}}}", _POWER
        case ast.Compare(left, operators, rights):
            rest = (f"{_RELATIONS[type(op)]} {_latex(right)[0]}" for op, right in zip(operators, rights, strict=True))
            return " ".join([_latex(left)[0], *rest]), _SUM
        case ast.BoolOp(op, values):
            word = r" \text{ and } " if isinstance(op, ast.And) else r" \text{ or } "
            return word.join(_latex(value)[0] for value in values), _SUM
        case ast.Call(ast.Name(name), arguments) if name != "where":
            form = _LATEX_CALLS.get(name) or (
                rf"\operatorname{{{{{name}}}}}\left("
                + ", ".join(f"{{{i}}}" for i in range(len(arguments)))
                + r"\right)"
            )
            return form.format(*(_latex(argument)[0] for argument in arguments)), _ATOM
        case _:
            rows = r" \\ ".join(_latex_cases(node))
            return rf"\begin{{cases}} {rows} \end{{cases}}", _ATOM
