"""Formulas as MathML, which browsers draw by themselves and screen readers read: no script, no fonts to load."""

import ast
import html

_SUM, _PRODUCT, _ATOM = range(3)
_RELATIONS: dict[type, str] = {ast.Lt: "<", ast.Gt: ">", ast.LtE: "≤", ast.GtE: "≥", ast.Eq: "=", ast.NotEq: "≠"}
_GREEK = {
    **{"alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ"},
    **{"kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ"},
    **{"phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω"},
}
_NAMES = {"sigmoid": "σ", "log": "ln", "atan": "arctan", "asinh": "arsinh", "minimum": "min", "maximum": "max"}


def mathml(formula: str) -> str:
    """A formula of the catalogue as a block of MathML."""
    return f'<math display="block">{_node(ast.parse(formula, mode="eval").body)[0]}</math>'


def _row(*parts: str) -> str:
    return f"<mrow>{''.join(parts)}</mrow>"


def _sign(text: str) -> str:
    return f"<mo>{html.escape(text)}</mo>"


def _name(name: str) -> str:
    if name == "inf":
        return "<mi>∞</mi>"
    head, _, tail = name.partition("_")
    if not tail and head[-1].isdigit():
        head, tail = head[:-1], head[-1]
    if tail and (len(head) == 1 or head in _GREEK):
        return f"<msub><mi>{_GREEK.get(head, head)}</mi><mtext>{tail}</mtext></msub>"
    return f"<mi>{_GREEK.get(name, name)}</mi>"


def _call(name: str, *arguments: str) -> str:
    parts = [_sign(",").join(arguments)]
    return _row(f"<mi>{_NAMES.get(name, name)}</mi>", _sign("\u2061"), _row(_sign("("), *parts, _sign(")")))


def _cases(node: ast.expr) -> list[str]:
    """The rows of a case distinction; one within the last row adds rows of its own."""
    match node:
        case ast.Call(ast.Name("where"), [test, then, otherwise]):
            row = f"<mtr><mtd>{_node(then)[0]}</mtd><mtd><mtext>if&#160;</mtext>{_node(test)[0]}</mtd></mtr>"
            return [row, *_cases(otherwise)]
    return [f"<mtr><mtd>{_node(node)[0]}</mtd><mtd><mtext>otherwise</mtext></mtd></mtr>"]


def _node(node: ast.expr) -> tuple[str, int]:
    """The expression, and how tightly its outermost operation binds."""

    def within(part: ast.expr, level: int) -> str:
        text, binds = _node(part)
        return text if binds >= level else _row(_sign("("), text, _sign(")"))

    match node:
        case ast.Constant(value):
            digits, _, exponent = repr(value).partition("e")
            power = f"<msup><mn>10</mn><mn>{int(exponent)}</mn></msup>" if exponent else ""
            return (
                (_row(f"<mn>{digits}</mn>", _sign("·"), power), _PRODUCT) if exponent else (f"<mn>{digits}</mn>", _ATOM)
            )
        case ast.Name(name):
            return _name(name), _ATOM
        case ast.UnaryOp(ast.USub(), operand):
            return _row(_sign("−"), within(operand, _PRODUCT)), _SUM
        case ast.BinOp(left, ast.Add() | ast.Sub() as op, right):
            sign = "+" if isinstance(op, ast.Add) else "−"
            return _row(within(left, _SUM), _sign(sign), within(right, _PRODUCT)), _SUM
        case ast.BinOp(left, ast.Mult(), right):
            sign = _sign("·") if isinstance(right, ast.Constant) else '<mo>\u2062</mo><mspace width="0.17em"/>'
            return _row(within(left, _PRODUCT), sign, within(right, _PRODUCT)), _PRODUCT  # \u2062: invisible times
        case ast.BinOp(ast.UnaryOp(ast.USub(), operand), ast.Div(), right):
            return _row(_sign("−"), f"<mfrac>{_node(operand)[0]}{_node(right)[0]}</mfrac>"), _SUM
        case ast.BinOp(left, ast.Div(), right):
            return f"<mfrac>{_node(left)[0]}{_node(right)[0]}</mfrac>", _PRODUCT
        case ast.BinOp(left, ast.Pow(), right):
            return f"<msup>{within(left, _ATOM)}{_node(right)[0]}</msup>", _PRODUCT
        case ast.Compare(left, [op], [right]):
            return _row(_node(left)[0], _sign(_RELATIONS[type(op)]), _node(right)[0]), _SUM
        case ast.Call(ast.Name("where")):
            return _row(_sign("{"), f"<mtable>{''.join(_cases(node))}</mtable>"), _ATOM
        case ast.Call(ast.Name("sqrt"), [argument]):
            return f"<msqrt>{_node(argument)[0]}</msqrt>", _ATOM
        case ast.Call(ast.Name("abs"), [argument]):
            return _row(_sign("|"), _node(argument)[0], _sign("|")), _ATOM
        case ast.Call(ast.Name("expm1"), [argument]):
            return _row(_sign("("), _call("exp", _node(argument)[0]), _sign("−"), "<mn>1</mn>", _sign(")")), _ATOM
        case ast.Call(ast.Name("log1p"), [argument]):
            return _call("log", _row("<mn>1</mn>", _sign("+"), within(argument, _PRODUCT))), _ATOM
        case ast.Call(ast.Name(name), arguments):
            return _call(name, *(_node(argument)[0] for argument in arguments)), _ATOM
    raise ValueError(f"No MathML for {ast.unparse(node)}: expected the language of formulas; add it to `_node`.")
