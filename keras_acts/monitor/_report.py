"""One self-contained HTML file with all that a monitor found; it opens without a network."""

import base64
import html
import io
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_acts.monitor import _pictures
from keras_acts.monitor._history import ranges, write_whole

if TYPE_CHECKING:
    from keras_acts.monitor._callback import DyingReLUMonitor

_MOST_MAPS = 4
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; padding: .3rem .7rem; border-bottom: 1px solid #ddd; vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
.finding { border-left: .3rem solid #999; padding: .4rem 1rem; margin: 1rem 0; background: #f6f6f6; }
.alarm { border-color: #D55E00; } .finding p { margin: .2rem 0; }
img { max-width: 100%; height: auto; display: block; margin: 1rem 0; }
code { background: #eee; padding: 0 .2rem; }
"""


def write(monitor: "DyingReLUMonitor", path: Path) -> None:
    """Write the report.

    Raises:
        OSError: The file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, page(monitor))


def page(monitor: "DyingReLUMonitor") -> str:
    """The report as HTML."""
    headline = monitor.summary().splitlines()[0]
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>Dying-ReLU report</title><style>{_STYLE}</style></head><body>",
        f"<h1>Dying-ReLU report</h1><p>{html.escape(headline)}</p>",
        *_findings(monitor),
        *_layers(monitor),
        *_all_pictures(monitor),
        *_unobserved(monitor),
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def _findings(monitor: "DyingReLUMonitor") -> list[str]:
    if not monitor.findings:
        return ["<h2>Findings</h2><p>None: no layer deserves an alarm.</p>"]
    parts = ["<h2>Findings</h2>"]
    for finding in sorted(monitor.findings, key=lambda f: (not f.is_alarm, f.epoch)):
        lines = [
            f"<strong>{html.escape(finding.kind)}</strong>: {html.escape(finding.message)}",
            f"When: {html.escape(finding.when)}." if finding.when else "",
            f"Likely cause: <em>{finding.cause}</em>. Evidence: {html.escape(finding.evidence)}."
            if finding.evidence
            else "",
            f"Cure: {html.escape(finding.cure)}." if finding.cure else "",
        ]
        text = "".join(f"<p>{line}</p>" for line in lines if line)
        parts.append(f'<div class="finding{" alarm" if finding.is_alarm else ""}">{text}</div>')
    return parts


def _layers(monitor: "DyingReLUMonitor") -> list[str]:
    if not monitor.units:
        return []
    head = "".join(
        f"<th{' class=n' if number else ''}>{name}</th>"
        for name, number in (
            ("layer", False),
            ("activation", False),
            ("units", True),
            ("dead", True),
            ("rare", True),
            ("suspect", True),
            ("non-finite", True),
            ("fires on average", True),
            ("dead units", False),
        )
    )
    rows = []
    for name, units in monitor.units.items():
        numbers = [
            units.site.units,
            *(int((units.states == s).sum()) for s in ("dead", "rare", "suspect", "non-finite")),
        ]
        rate = units.columns["fired"].mean() / max(units.samples, 1)
        cells = "".join(f'<td class="n">{n}</td>' for n in (*numbers, f"{rate:.0%}"))
        which = html.escape(ranges(units.dead))
        rows.append(
            f"<tr><td>{html.escape(name)}</td><td>{html.escape(units.site.function)}</td>{cells}<td>{which}</td></tr>"
        )
    samples = max(units.samples for units in monitor.units.values())
    note = f"Counted over {samples} samples. A unit that none of n samples woke is woken by less than 3/n of others."
    return ["<h2>Layers, last epoch</h2>", f"<table><tr>{head}</tr>", *rows, "</table>", f"<p>{note}</p>"]


def _all_pictures(monitor: "DyingReLUMonitor") -> list[str]:
    history = monitor.history
    layers = sorted(monitor.units, key=lambda name: -monitor.units[name].dead.size / monitor.units[name].site.units)
    worst = [name for name in layers if monitor.units[name].dead.size][:_MOST_MAPS]
    draws: list[Callable[[], Any]] = [lambda: _pictures.firing_rates(monitor.units)] if monitor.units else []
    if any("histogram" in units.columns for units in monitor.units.values()):
        draws.append(lambda: _pictures.ridgelines(monitor.units))
    if monitor.flows:
        draws.append(lambda: _pictures.gradients(monitor.flows))
    if sum(epoch >= 0 for epoch in history.epochs) > 1:
        draws.append(lambda: _pictures.dead_by_layer(history))
        draws += [lambda name=name: _pictures.dead_by_unit(history, name) for name in worst]
    pictures = []
    for draw in draws:
        try:
            pictures.append(_image(draw()))
        except Exception as error:  # whatever the plot library raises, the words are worth having
            warnings.warn(f"The report goes without pictures ({type(error).__name__}: {error}).", stacklevel=2)
            break
    return ["<h2>Pictures</h2>", *pictures] if pictures else []


def _image(figure: Any) -> str:
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=130)
    title = html.escape(figure.axes[0].get_title("left"), quote=True)
    return f'<img alt="{title}" src="data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}">'


def _unobserved(monitor: "DyingReLUMonitor") -> list[str]:
    if not monitor.unobserved:
        return []
    items = (f"<li>{html.escape(name)}: {html.escape(why)}</li>" for name, why in monitor.unobserved.items())
    return ["<h2>Not observed</h2><ul>", *items, "</ul>"]
