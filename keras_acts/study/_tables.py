"""The table of a study as text, Markdown, LaTeX and HTML, and its records."""

import html as html_module
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keras_acts.study._result import Study

_LATEX = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
_LATEX |= {c: "\\" + c for c in "&%$#_{}"}


def number(value: float) -> str:
    """A number for people: four decimals where they say something, `-` for NaN."""
    if math.isnan(value):
        return "-"
    return f"{value:.4f}" if value == 0 or 5e-5 <= abs(value) < 100 else f"{value:.3g}"


def signed(value: float) -> str:
    """The same with its sign."""
    return ("+" if value > 0 else "") + number(value)


def _short(value: float, digits: int = 2) -> str:
    return "-" if math.isnan(value) else f"{value:.{digits}f}"


def _p(value: float) -> str:
    if math.isnan(value):
        return "-"
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def _span(mean: str, low: str, high: str) -> str:
    return mean if low == "-" else f"{mean} [{low}, {high}]"


def cells(study: "Study") -> tuple[list[str], list[list[str]]]:
    """Headings and rows of the table."""
    lost = any(row.diverged for row in study.rows)
    heads = ["rank", "activation", study.metric, "best epoch", f"minus {study.baseline}", "p (Holm)", "effect", "wins"]
    heads += [
        "shown",
        *(["diverged"] if lost else []),
        "dead",
        "saturated",
        "gradient first/last",
        "s per run",
        "weights",
    ]
    body = []
    for row in study.rows:
        gap = row.difference
        line = [str(row.rank), row.label, _span(number(row.mean), number(row.low), number(row.high)), number(row.best)]
        if gap is None:
            line += ["", "", "", "", "baseline"]
        else:
            line += [_span(signed(gap.mean), signed(gap.low), signed(gap.high)), _p(gap.p_holm), _short(gap.effect)]
            line += ["-" if math.isnan(gap.wins) else f"{gap.wins:.0%}", gap.shown]
        line += [f"{row.diverged} of {row.runs}"] if lost else []
        shares = ["-" if math.isnan(share) else f"{share:.1%}" for share in (row.dead, row.saturated)]
        flow = "-" if math.isnan(row.gradient_start) else f"{row.gradient_start:.2g}"
        body.append([*line, *shares, flow, _short(row.seconds), f"{row.weights:,}"])
    return heads, body


def text(heads: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """Columns side by side."""
    widths = [max(map(len, column)) for column in zip(heads, *body, strict=True)]
    lines = [heads, ["-" * width for width in widths], *body]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def markdown(heads: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [heads, ["---"] * len(heads), *body]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def latex(heads: Sequence[str], body: Sequence[Sequence[str]], caption: str) -> str:
    """A LaTeX table for the package booktabs."""

    def line(words: Sequence[str]) -> str:
        return " & ".join(map(_escape, words)) + r" \\"

    rows = [r"\begin{table}", r"\centering", rf"\begin{{tabular}}{{rl{'l' * (len(heads) - 2)}}}", r"\toprule"]
    rows += [line(heads), r"\midrule", *map(line, body), r"\bottomrule", r"\end{tabular}"]
    return "\n".join([*rows, rf"\caption{{{_escape(caption)}}}", r"\end{table}"]) + "\n"


def _escape(words: str) -> str:
    return "".join(_LATEX.get(c, c) for c in words)


def html(heads: Sequence[str], body: Sequence[Sequence[str]], caption: str) -> str:
    """An HTML table; nothing in a label is taken for HTML."""

    def line(words: Sequence[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{html_module.escape(word)}</{tag}>" for word in words) + "</tr>"

    rows = "\n".join(line(words, "td") for words in body)
    return (
        f"<table>\n<caption>{html_module.escape(caption)}</caption>\n<thead>{line(heads, 'th')}</thead>\n"
        f"<tbody>\n{rows}\n</tbody>\n</table>"
    )


def table_records(study: "Study") -> list[dict[str, Any]]:
    """One flat dict per activation."""
    records = []
    for row in study.rows:
        gap = row.difference
        records.append(
            {
                "rank": row.rank,
                "activation": row.label,
                "metric": study.metric,
                "mean": row.mean,
                "low": row.low,
                "high": row.high,
                "best": row.best,
                "baseline": study.baseline,
                **{
                    name: getattr(gap, attribute) if gap else None
                    for name, attribute in (
                        ("difference", "mean"),
                        ("difference_low", "low"),
                        ("difference_high", "high"),
                        ("p", "p"),
                        ("p_holm", "p_holm"),
                        ("effect", "effect"),
                        ("wins", "wins"),
                        ("shown", "shown"),
                    )
                },
                "runs": row.runs,
                "diverged": row.diverged,
                "dead": row.dead,
                "saturated": row.saturated,
                "gradient_start": row.gradient_start,
                "gradient_end": row.gradient_end,
                "seconds": row.seconds,
                "weights": row.weights,
            }
        )
    return records


def run_records(study: "Study") -> list[dict[str, Any]]:
    """One flat dict per run."""
    names = ("label", "gain", "seed", "status", "epochs", "seconds", "weights", "how", "backend")
    records = []
    for run in study.runs:
        record = {("activation" if name == "label" else name): run[name] for name in names}
        for metric in study.metrics:
            curve = run["curves"].get(metric) or [math.nan]
            record[f"final_{metric}"] = curve[-1]
        record["best"] = study.by(at="best").scores(run["label"])[run["seed"]]
        for when in ("before", "after"):
            health = run[when] or {"dead": [], "saturated": [], "gradient": []}
            record[f"dead_{when}"] = sum(health["dead"]) / len(health["dead"]) if health["dead"] else math.nan
            record[f"gradient_{when}"] = " ".join(f"{norm:.4g}" for norm in health["gradient"])
        records.append(record)
    return records


def curve_records(study: "Study") -> list[dict[str, Any]]:
    """One flat dict per run and epoch, epochs counted from 1."""
    return [
        {
            "activation": run["label"],
            "seed": run["seed"],
            "epoch": epoch + 1,
            **{metric: run["curves"][metric][epoch] for metric in study.metrics},
        }
        for run in study.runs
        for epoch in range(run["epochs"])
    ]
