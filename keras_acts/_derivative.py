"""The derivative of a formula, as a formula: the rules of calculus on Python's own syntax tree."""

import ast
import functools
from typing import TypeGuard

# The derivative of each function of one argument, in terms of that argument `u`.
_RULES = {
    "exp": "exp(u)",
    "expm1": "exp(u)",
    "log": "1 / u",
    "log1p": "1 / (1 + u)",
    "sqrt": "1 / (2 * sqrt(u))",
    "tanh": "1 - tanh(u) ** 2",
    "sinh": "cosh(u)",
    "cosh": "sinh(u)",
    "sin": "cos(u)",
    "cos": "-sin(u)",
    "tan": "1 + tan(u) ** 2",
    "atan": "1 / (1 + u ** 2)",
    "asinh": "1 / sqrt(1 + u ** 2)",
    "erf": "2 / sqrt(pi) * exp(-u ** 2)",
    "erfc": "-2 / sqrt(pi) * exp(-u ** 2)",
    "sigmoid": "sigmoid(u) * sigmoid(-u)",
    "softplus": "sigmoid(u)",
    "abs": "sign(u)",
    "relu": "where(u > 0, 1, 0)",
    "sign": "0",
    "floor": "0",
    "round": "0",
}


@functools.cache
def derivative(formula: str, variable: str = "x") -> str:
    """Differentiate a formula with respect to one of its names.

    Args:
        formula: An expression in the language of `Facts.formula`.
        variable: The name to differentiate by.

    Returns:
        The derivative as an expression in the same language, zeros and ones folded away.

    Raises:
        ValueError: The expression uses something that is not in the language.

    Examples:
        >>> from keras_acts._derivative import derivative
        >>> derivative("where(x > 0, x, alpha * expm1(x))")
        'where(x > 0, 1, alpha * exp(x))'
    """
    return ast.unparse(_diff(ast.parse(formula, mode="eval").body, variable))


def _expr(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


_ZERO, _ONE = _expr("0"), _expr("1")


def _is(node: ast.expr, value: int) -> bool:
    return isinstance(node, ast.Constant) and node.value == value


def _is_negative(node: ast.expr) -> TypeGuard[ast.UnaryOp]:
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)


def _negative(a: ast.expr) -> ast.expr:
    if _is(a, 0):
        return a
    return a.operand if _is_negative(a) else ast.UnaryOp(ast.USub(), a)


def _add(a: ast.expr, b: ast.expr) -> ast.expr:
    if _is(a, 0) or _is(b, 0):
        return b if _is(a, 0) else a
    return _subtract(a, b.operand) if _is_negative(b) else ast.BinOp(a, ast.Add(), b)


def _subtract(a: ast.expr, b: ast.expr) -> ast.expr:
    if _is(a, 0) or _is(b, 0):
        return _negative(b) if _is(a, 0) else a
    return _add(a, b.operand) if _is_negative(b) else ast.BinOp(a, ast.Sub(), b)


def _multiply(a: ast.expr, b: ast.expr) -> ast.expr:
    if _is(a, 0) or _is(b, 0):
        return _ZERO
    if _is(a, 1) or _is(b, 1):
        return b if _is(a, 1) else a
    if _is_negative(a):
        return _negative(_multiply(a.operand, b))
    if _is_negative(b):
        return _negative(_multiply(a, b.operand))
    if isinstance(b, ast.BinOp) and isinstance(b.op, ast.Div) and _is(b.left, 1):
        return _divide(a, b.right)
    return ast.BinOp(a, ast.Mult(), b)


def _divide(a: ast.expr, b: ast.expr) -> ast.expr:
    if _is_negative(a):
        return _negative(_divide(a.operand, b))
    return a if _is(a, 0) or _is(b, 1) else ast.BinOp(a, ast.Div(), b)


class _Put(ast.NodeTransformer):
    """Puts an argument where a rule says `u`."""

    def __init__(self, argument: ast.expr) -> None:
        self.argument = argument

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.argument if node.id == "u" else node


def _where(condition: ast.expr, then: ast.expr, otherwise: ast.expr) -> ast.expr:
    if ast.dump(then) == ast.dump(otherwise):
        return then
    return ast.Call(ast.Name("where"), [condition, then, otherwise], [])


def _power(base: ast.expr, exponent: ast.expr, variable: str) -> ast.expr:
    inner = _diff(base, variable)
    if isinstance(exponent, ast.Constant):
        power = _ONE if _is(exponent, 1) else base
        if exponent.value not in (1, 2):
            power = ast.BinOp(base, ast.Pow(), ast.Constant(exponent.value - 1))  # pyright: ignore[reportOperatorIssue]
        return _multiply(_multiply(exponent, power), inner)
    whole = ast.BinOp(base, ast.Pow(), exponent)
    by_base = _multiply(_divide(_multiply(exponent, whole), base), inner)
    log = ast.Call(ast.Name("log"), [base], [])
    return _add(by_base, _multiply(_multiply(whole, log), _diff(exponent, variable)))


def _diff(node: ast.expr, variable: str) -> ast.expr:
    match node:
        case ast.Constant():
            return _ZERO
        case ast.Name(name):
            return _ONE if name == variable else _ZERO
        case ast.UnaryOp(ast.USub(), operand):
            return _negative(_diff(operand, variable))
        case ast.BinOp(left, ast.Add(), right):
            return _add(_diff(left, variable), _diff(right, variable))
        case ast.BinOp(left, ast.Sub(), right):
            return _subtract(_diff(left, variable), _diff(right, variable))
        case ast.BinOp(left, ast.Mult(), right):
            return _add(_multiply(_diff(left, variable), right), _multiply(left, _diff(right, variable)))
        case ast.BinOp(left, ast.Div(), right):
            by_left = _divide(_diff(left, variable), right)
            by_right = _multiply(left, _diff(right, variable))
            return by_left if _is(by_right, 0) else _subtract(by_left, _divide(by_right, _power_2(right)))
        case ast.BinOp(base, ast.Pow(), exponent):
            return _power(base, exponent, variable)
        case ast.IfExp(test, then, otherwise) | ast.Call(ast.Name("where"), [test, then, otherwise]):
            return _where(test, _diff(then, variable), _diff(otherwise, variable))
        case ast.Call(ast.Name("clip"), [u, low, high]):
            return _diff(_clip(u, low, high), variable)
        case ast.Call(ast.Name(("min" | "minimum" | "max" | "maximum") as name), [u, v]):
            test = ast.Compare(u, [ast.Lt() if name.startswith("min") else ast.Gt()], [v])
            return _where(test, _diff(u, variable), _diff(v, variable))
        case ast.Call(ast.Name(name), [u]) if name in _RULES:
            outer = _Put(u).visit(_expr(_RULES[name]))
            return _multiply(outer, _diff(u, variable))
    raise ValueError(
        f"`{ast.unparse(node)}` has no rule of differentiation: expected + - * / **, where, a condition or one of "
        f"{', '.join(sorted(_RULES))}; write the formula in those terms."
    )


def _power_2(base: ast.expr) -> ast.expr:
    return ast.BinOp(base, ast.Pow(), ast.Constant(2))


def _clip(u: ast.expr, low: ast.expr, high: ast.expr) -> ast.expr:
    above = _where(ast.Compare(u, [ast.Gt()], [high]), high, u)
    return _where(ast.Compare(u, [ast.Lt()], [low]), low, above)
