"""The pictures of a study. Matplotlib is imported when something is drawn, not before."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_acts.plot import COLOURS
from keras_acts.study import _statistics

if TYPE_CHECKING:
    from keras_acts.study._result import Study

_DASHES = ("-", "--", ":", "-.")
_GREY = "0.45"


def _axes(ax: Any, width: float, height: float) -> Any:
    if ax is not None:
        return ax
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained").add_subplot()


def _tidy(ax: Any) -> None:
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(length=3)


def _styles(labels: list[str]) -> dict[str, dict[str, Any]]:
    """A colour for each label, and another dash once the colours are used up."""
    return {
        label: {"color": COLOURS[i % len(COLOURS)], "linestyle": _DASHES[i // len(COLOURS) % len(_DASHES)]}
        for i, label in enumerate(labels)
    }


def curves(study: "Study", metric: str, labels: list[str], ax: Any) -> Any:
    """Mean over the seeds per epoch, with the band of its interval; diverged runs end where they diverged."""
    ax = _axes(ax, 7, 4.2)
    ends = []
    for label, style in _styles(labels).items():
        values = study.curves(label, metric)
        epochs = np.arange(1, values.shape[1] + 1)
        alive = [column[~np.isnan(column)] for column in values.T]
        mean = np.array([column.mean() if len(column) else math.nan for column in alive])
        bands = np.array([_statistics.interval(column, study.level) for column in alive]).reshape(-1, 2)
        ax.plot(epochs, mean, linewidth=1.8, label=label, **style)
        ax.fill_between(epochs, bands[:, 0], bands[:, 1], color=style["color"], alpha=0.15, linewidth=0)
        late = mean[len(mean) // 3 :]
        ends += late[~np.isnan(late)].tolist()
    if ends:
        _zoom(ax, ends)
    ax.set(xlabel="epoch", ylabel=metric.replace("_", " "))
    ax.xaxis.get_major_locator().set_params(integer=True)
    _tidy(ax)
    ax.legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(1.0, 0.5))
    return ax.figure


def _zoom(ax: Any, values: list[float]) -> None:
    """Leave out the steep first epochs, which would squeeze all that follows."""
    low, high = min(values), max(values)
    margin = 0.08 * (high - low) + 1e-12
    ax.set_ylim(low - margin, high + margin)


def differences(study: "Study", ax: Any) -> Any:
    """Forest plot: difference from the baseline with its interval; filled where a difference was shown."""
    rows = [row.difference for row in study.rows if row.difference and not math.isnan(row.difference.mean)]
    ax = _axes(ax, 6.5, 1.3 + 0.32 * max(1, len(rows)))
    ax.axvline(0, color=_GREY, linewidth=1, zorder=0)
    for place, gap in enumerate(reversed(rows)):
        colour = {"better": COLOURS[0], "worse": COLOURS[1], "no": _GREY}[gap.shown]
        if not math.isnan(gap.low):
            ax.plot([gap.low, gap.high], [place, place], color=colour, linewidth=1.8, solid_capstyle="butt")
        ax.plot(
            gap.mean, place, "o", color=colour, markersize=6, markerfacecolor="white" if gap.shown == "no" else colour
        )
    ax.set_yticks(range(len(rows)), [gap.label for gap in reversed(rows)])
    ax.set_ylim(-0.6, len(rows) - 0.4)
    ax.locator_params(axis="x", nbins=6)  # more would overlap in a narrow panel
    side = "right" if study.higher_is_better else "left"
    ax.set_xlabel(f"{study.metric.replace('_', ' ')} minus {study.baseline}'s ({side} is better)")
    for word, colour, filled in (
        ("better", COLOURS[0], True),
        ("worse", COLOURS[1], True),
        ("not shown", _GREY, False),
    ):
        if any(gap.shown == word or (word == "not shown" and gap.shown == "no") for gap in rows):
            ax.plot([], [], "o", color=colour, markerfacecolor=colour if filled else "white", label=word)
    _tidy(ax)
    if rows:
        ax.legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(1.0, 0.5), title="difference")
    return ax.figure


def ranking(study: "Study", ax: Any) -> Any:
    """Every run's score, the mean with its interval, and the rank."""
    rows = [row for row in study.rows if not math.isnan(row.mean)]
    ax = _axes(ax, 6.5, 1.3 + 0.32 * max(1, len(rows)))
    for place, row in enumerate(reversed(rows)):
        scores = list(study.scores(row.label).values())
        jitter = np.linspace(-0.16, 0.16, len(scores)) if len(scores) > 1 else [0.0]
        ax.plot(scores, place + np.array(jitter), ".", color=COLOURS[0], alpha=0.4, markersize=5, markeredgewidth=0)
        if not math.isnan(row.low):
            ax.plot([row.low, row.high], [place, place], color="black", linewidth=1.8, solid_capstyle="butt")
        ax.plot(row.mean, place, "o", color="black", markersize=5.5)
        ax.text(1.03, place, str(row.rank), transform=ax.get_yaxis_transform(), ha="center", va="center")
    ax.text(1.03, len(rows) - 0.3, "rank", transform=ax.get_yaxis_transform(), ha="center", color=_GREY)
    ax.set_yticks(range(len(rows)), [row.label for row in reversed(rows)])
    ax.set_ylim(-0.6, len(rows) - 0.4)
    ax.set_xlabel(f"{study.metric.replace('_', ' ')}, one dot per run; mean and {100 * study.level:g} % interval")
    ax.grid(axis="x", color="0.92", linewidth=0.8)
    ax.set_axisbelow(True)
    _tidy(ax)
    return ax.figure


def gradients(study: "Study", when: str, ax: Any) -> Any:
    """Gradient norm of each kernel, from the first layer to the last: geometric mean over the seeds."""
    if when not in ("start", "end"):
        raise ValueError(f"Gradients are known at the 'start' and the 'end' of training, got {when!r}.")
    ax = _axes(ax, 7, 4.2)
    for label, style in _styles([row.label for row in study.rows]).items():
        healths = [run[{"start": "before", "end": "after"}[when]] for run in study.runs if run["label"] == label]
        norms = np.array([health["gradient"] for health in healths if health and health["gradient"]])
        if norms.size:
            tiny = np.finfo("float32").tiny  # a gradient of exactly 0 has no logarithm
            mean = np.exp(np.log(np.maximum(norms, tiny)).mean(axis=0))
            ax.plot(range(1, len(mean) + 1), mean, marker="o", markersize=4, linewidth=1.6, label=label, **style)
    ax.set(yscale="log", xlabel="kernel, from the input to the output", ylabel=f"gradient norm at the {when}")
    ax.xaxis.get_major_locator().set_params(integer=True)
    _tidy(ax)
    ax.legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(1.0, 0.5))
    return ax.figure
