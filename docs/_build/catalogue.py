"""One page per activation, the overview, and the formulas as JavaScript, all from what the package records."""

import ast
import csv
import functools
import inspect
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mathml import mathml

import keras_acts
from keras_acts._core import CATALOGUE
from keras_acts.course.tide import Tide
from keras_acts.plot import curve
from keras_acts.properties import Properties

MEASURED = Path(__file__).parents[1] / "elsewhere" / "measured"
MAKERS = {"keras_acts": "here", "keras": "Keras", "torch": "PyTorch"}
WAYS = {"jax jit": "JAX, compiled", "tensorflow xla": "TensorFlow, XLA", "tensorflow graph": "TensorFlow, default"}
KINDS = {
    "elementwise": "a function of one number",
    "trainable": "a function of one number, with trained parameters",
    "curve": "a function of one number, with trained coefficients",
    "gated": "one half of an axis gates the other",
    "simplex": "weights that sum to 1",
    "axis": "elements of an axis depend on each other",
    "reshaping": "changes the size of an axis",
    "contextual": "depends on neighbours or statistics",
    "stochastic": "draws at random while training",
    "surrogate": "trains with a slope that is not the value's",
}


def number(value: float) -> str:
    """A number as people write it."""
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    return f"{value:.4g}"


def page(known: Properties) -> str:
    """The page of one activation."""
    facts = CATALOGUE[known.name]
    summary = (inspect.getdoc(facts.function) or "").split("\n\n")[0].replace("\n", " ")
    lines = [f"# {known.name}", "", summary, ""]
    if known.formula:
        lines += [f'<div class="math">{mathml(known.formula)}</div>', "", f"As code: `{known.formula}`", ""]
        lines += [f"![Value and slope of {known.name} for inputs from -4 to 4.](figures/{known.name}.svg)", ""]
    lines += [
        "## Properties",
        "",
        "| property | value |",
        "|---|---|",
        f"| kind | {KINDS.get(known.kind, known.kind)} |",
    ]
    lines += [f"| {name} | {value} |" for name, value in _properties(known)]
    lines += ["", "## Use", "", "```py", f"y = keras_acts.{known.name}(x{_required(facts)})"]
    lines += [f"model.add(keras_acts.{facts.layer.__name__}())", "```", ""]
    if known.parameters:
        lines += ["| parameter | value |" if facts.holds else "| parameter | default |", "|---|---|"]
        lines += [f"| `{name}` | {_value(value)} |" for name, value in known.parameters.items()]
        lines.append("")
    for library, values in facts.presets.items():
        arguments = ", ".join(f"{name}={value!r}" for name, value in values.items())
        lines += [f"- Defaults of {library}: `{arguments}`"]
    module = facts.function.__module__
    lines += ["", f"All arguments: [reference](../reference/{module.split('.')[-1]}.md#{module}.{known.name}).", ""]
    lines += ["## Background", "", f"- Source: {known.source}"]
    for label, items in (("Also known as", known.aliases), ("The same as", known.equals)):
        if items:
            lines.append(f"- {label}: " + ", ".join(f"`{item}`" for item in items))
    if known.used_by:
        lines.append("- Used by: " + ", ".join(known.used_by))
    lines += [f"- Not to be confused with {other}: {difference}" for other, difference in known.distinct_from.items()]
    lines += _accuracy(known.name) + _speed(known.name)
    return "\n".join(lines) + "\n"


@functools.cache
def _errors() -> dict[str, dict[str, dict[str, list[tuple[float, float]]]]]:
    """By activation, format and maker: value and slope errors of all backends, as the table of accuracy has them."""
    found: dict = {}
    for row in _rows("accuracy.csv"):
        by = found.setdefault(row["name"], {}).setdefault(row["format"], {}).setdefault(row["by"], [])
        by.append((float(row["value"]), float(row["slope"])))
    return found


@functools.cache
def _times() -> dict[str, dict[str, dict[tuple[str, str], float]]]:
    """By activation, way of running and (maker, passes): time as a multiple of the memory's, where it was resolved."""
    found: dict = {}
    for row in _rows("all/speed.csv"):
        way = f"{row['backend']} {row['way']}"
        if way in WAYS and row["resolved"] == "True":
            times = found.setdefault(row["name"], {}).setdefault(way, {})
            times[row["by"], row["passes"]] = float(row["ratio"])
    return found


def _rows(file: str) -> list[dict[str, str]]:
    with (MEASURED / file).open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def _accuracy(name: str) -> list[str]:
    """The section about accuracy: the worst error of all backends, beside Keras's and PyTorch's own."""
    if name not in _errors():
        return []
    formats = _errors()[name]
    present = [maker for maker in MAKERS if any(maker in by for by in formats.values())]
    heads = [f"{part}, {MAKERS[maker]}" for maker in present for part in ("value", "slope")]
    lines = ["", "## Accuracy", "", "Largest error in units in the last place; [how it is measured]"]
    lines[-1] += "(../elsewhere/accuracy.md)."
    lines += ["", "| dtype | " + " | ".join(heads) + " |", "|---|" + "--:|" * len(heads)]
    for form, by in formats.items():
        worst = [[max(errors) for errors in zip(*by[maker], strict=True)] if maker in by else [] for maker in present]
        cells = [_ulps(error) for errors in worst for error in (errors or [None, None])]
        lines.append(f"| {form} | " + " | ".join(cells) + " |")
    return lines


def _speed(name: str) -> list[str]:
    """The section about time: forward, and forward and backward, beside Keras's own."""
    ways = _times().get(name, {})
    columns = [
        (maker, passes)
        for maker in ("keras_acts", "keras")
        for passes in ("forward", "forward + backward")
        if any((maker, passes) in times for times in ways.values())
    ]
    if not columns:
        return []
    sizes = " and ".join(sorted({f"{float(row['mib']):g}" for row in _rows("all/speed.csv")}))
    lines = [
        "",
        "## Speed",
        "",
        f"Time for {sizes} MiB, as a multiple of what reading and writing alone takes; [how it is measured]"
        "(../elsewhere/speed.md).",
    ]
    heads = [f"{passes}, {MAKERS[maker]}" for maker, passes in columns]
    lines += ["", "| run by | " + " | ".join(heads) + " |", "|---|" + "--:|" * len(heads)]
    for way, label in WAYS.items():
        if way in ways:
            cells = [f"{ways[way][column]:.2f}" if column in ways[way] else "" for column in columns]
            lines.append(f"| {label} | " + " | ".join(cells) + " |")
    return lines


def _ulps(error: float | None) -> str:
    if error is None:
        return ""
    return "no number" if math.isinf(error) else f"{error:.2f}" if error < 100 else f"{error:.1e}"


def _properties(known: Properties) -> list[tuple[str, str]]:
    rows = []
    if known.output_range:
        rows.append(("range", f"{number(known.output_range[0])} to {number(known.output_range[1])}"))
    for label, value in (
        ("monotone", known.monotone),
        ("smoothness", known.smoothness),
        ("symmetry", known.symmetry),
        ("levels off", known.saturates),
    ):
        if value:
            rows.append((label, value))
    for at, slope in known.kinks.items():
        rows.append((f"slope used at the kink {number(at)}", number(slope)))
    for label, value in (
        ("steepest slope", known.lipschitz),
        ("mean, for standard normal inputs", known.mean),
        ("variance, for standard normal inputs", known.variance),
        ("gain that keeps the second moment", known.gain_second_moment),
        ("gain that keeps the gradient", known.gain_backward),
    ):
        if value is not None:
            rows.append((label, number(value)))
    if known.zero_slope_share is not None:
        rows.append(("slope exactly 0, for standard normal inputs", f"{known.zero_slope_share:.1%}"))
    if known.depth_stable is not None:
        rows.append(("keeps its scale through depth", "yes" if known.depth_stable else "no"))
    return rows


def _value(value: Any) -> str:
    return number(value) if isinstance(value, float) else f"`{value}`"


def _required(facts: Any) -> str:
    needed = [name for name, default in facts.defaults.items() if default is inspect.Parameter.empty]
    return "".join(f", {name}" for name in needed)


def overview(everything: Sequence[Properties]) -> str:
    """The table of all activations; a small script adds the filter."""
    lines = [
        "# Catalogue",
        "",
        f"{len(everything)} activations. What stands here is read or computed from the package, nothing is typed in.",
        "",
        '<div class="widget" data-widget="filter"></div>',
        "",
        "| name | kind | range | steepest slope | mean | zero slope | smoothness | year |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for known in everything:
        span = f"{number(known.output_range[0])} to {number(known.output_range[1])}" if known.output_range else ""
        cells = [
            f"[{known.name}]({known.name}.md)",
            known.kind,
            span,
            "" if known.lipschitz is None else number(known.lipschitz),
            "" if known.mean is None else number(known.mean),
            "" if known.zero_slope_share is None else f"{known.zero_slope_share:.0%}",
            known.smoothness or "",
            str(known.year or ""),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


# --- Pictures ---------------------------------------------------------------------------------------------------------

_STYLE = (
    "svg{--v:#0072b2;--s:#c25400;--i:#1f2933;font:13px system-ui,sans-serif}"
    "@media(prefers-color-scheme:dark){svg{--v:#56b4e9;--s:#f08c3a;--i:#d7dce2}}"
    "text{fill:var(--i)}path{fill:none;stroke-width:2.5}.a{stroke:var(--i);stroke-width:.6;opacity:.5}"
)


def picture(known: Properties) -> str:
    """Value and slope as a small SVG that follows the page's light or dark scheme."""
    x = np.linspace(-4, 4, 321)
    value, slope = curve(known.name, x)
    finite = np.concatenate([value, slope])
    finite = finite[np.isfinite(finite)]
    low = min(-1.0, max(math.floor(finite.min()), -4))
    high = max(1.0, min(math.ceil(finite.max()), 4))
    unit = 60
    width, height = 8 * unit, int((high - low) * unit)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-40 -12 {width + 60} {height + 60}" width="{width + 60}">',
        f"<style>{_STYLE}</style>",
    ]
    for tick in range(-4, 5, 2):
        at = (tick + 4) * unit
        parts.append(f'<path class="a" d="M{at} 0V{height}"/>')
        parts.append(f'<text x="{at}" y="{height + 18}" text-anchor="middle">{tick}</text>')
    for tick in range(int(low), int(high) + 1):
        at = (high - tick) * unit
        parts.append(
            f'<path class="a" d="M0 {at:g}H{width}"/><text x="-8" y="{at + 4:g}" text-anchor="end">{tick}</text>'
        )
    for values, style in ((value, 'stroke="var(--v)"'), (slope, 'stroke="var(--s)" stroke-dasharray="7 5"')):
        parts.append(f'<path {style} d="{_path(x, values, low, high, unit)}"/>')
    parts.append(
        f'<path stroke="var(--v)" d="M40 {height + 36}h30"/><text x="76" y="{height + 40}">value</text>'
        f'<path stroke="var(--s)" stroke-dasharray="7 5" d="M140 {height + 36}h30"/>'
        f'<text x="176" y="{height + 40}">slope</text>'
    )
    return "".join(parts) + "</svg>\n"


def _path(x: np.ndarray, y: np.ndarray, low: float, high: float, unit: int) -> str:
    inside, pieces = False, []
    for a, b in zip(x, y, strict=True):
        if not np.isfinite(b) or b < low - 0.1 or b > high + 0.1:
            inside = False
            continue
        pieces.append(f"{'L' if inside else 'M'}{(a + 4) * unit:.5g} {(high - b) * unit:.2f}")
        inside = True
    return "".join(pieces)


# --- Formulas for the page's own scripts ------------------------------------------------------------------------------


def javascript(everything: Sequence[Properties]) -> str:
    """Every formula with its slope as JavaScript: `ACTS.relu.f(x, p)`, `ACTS.relu.d(x, p)`, defaults in `p`."""
    entries = []
    for known in everything:
        if known.formula and known.derivative and known.kind in ("elementwise", "trainable"):
            p = {name: value for name, value in known.parameters.items() if isinstance(value, int | float)}
            facts = CATALOGUE[known.name]
            limits = {name: [*map(_finite, facts.limits[name])] for name in p if name in facts.limits}
            f, d = (_js(ast.parse(text, mode="eval").body) for text in (known.formula, known.derivative))
            entries.append(
                f"{json.dumps(known.name)}:{{p:{json.dumps(p)},limits:{json.dumps(limits)},gain:"
                f"{json.dumps(_finite(known.gain_second_moment))},f:(x,p)=>{f},d:(x,p)=>{d}}}"
            )
    begin = Tide.start()
    tide = json.dumps({"w": begin.w.tolist(), "v": begin.v.tolist()})
    return "window.ACTS={\n" + ",\n".join(entries) + f"\n}};\nwindow.TIDE={tide};\n"


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


_OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_COMPARISONS = {ast.Gt: ">", ast.Lt: "<", ast.GtE: ">=", ast.LtE: "<=", ast.Eq: "==="}
_PLAIN = {"exp", "expm1", "log", "log1p", "sqrt", "tanh", "sinh", "cosh", "sin", "cos", "tan", "atan", "asinh", "abs"}
_PLAIN |= {"sign", "floor"}
_OWN = {"erf", "erfc", "sigmoid", "softplus", "relu", "clip", "round"}  # in widgets.js


def _js(node: ast.expr) -> str:
    match node:
        case ast.Constant(value):
            return repr(value)
        case ast.Name("x"):
            return "x"
        case ast.Name("pi"):
            return "Math.PI"
        case ast.Name("inf"):
            return "Infinity"
        case ast.Name(name):
            return f"p.{name}"
        case ast.UnaryOp(ast.USub(), operand):
            return f"(-{_js(operand)})"
        case ast.BinOp(left, ast.Pow(), right):
            return f"Math.pow({_js(left)},{_js(right)})"
        case ast.BinOp(left, operator, right):
            return f"({_js(left)}{_OPERATORS[type(operator)]}{_js(right)})"
        case ast.Compare(left, [operator], [right]):
            return f"({_js(left)}{_COMPARISONS[type(operator)]}{_js(right)})"
        case ast.Call(ast.Name("where"), [condition, then, otherwise]):
            return f"({_js(condition)}?{_js(then)}:{_js(otherwise)})"
        case ast.Call(ast.Name("maximum" | "max"), [a, b]):
            return f"Math.max({_js(a)},{_js(b)})"
        case ast.Call(ast.Name("minimum" | "min"), [a, b]):
            return f"Math.min({_js(a)},{_js(b)})"
        case ast.Call(ast.Name(name), arguments) if name in _PLAIN | _OWN:
            return f"{'Math' if name in _PLAIN else 'KA'}.{name}({','.join(map(_js, arguments))})"
    raise ValueError(f"No JavaScript for {ast.unparse(node)}: expected the language of formulas; add it to `_js`.")


def everything() -> list[Properties]:
    """All activations, in alphabetical order."""
    return keras_acts.facts()
