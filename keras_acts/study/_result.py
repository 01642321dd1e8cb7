"""What a study found: scores, differences, ranks, in words, tables and figures."""

import dataclasses
import itertools
import math
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_acts import _records
from keras_acts.study import _statistics, _tables
from keras_acts.study._folder import Folder

_LOWER_IS_BETTER = (
    "loss",
    "error",
    "mse",
    "mae",
    "mape",
    "msle",
    "entropy",
    "divergence",
    "perplexity",
    "squared",
    "hinge",
)
_HIGHER_IS_BETTER = ("acc", "auc", "precision", "recall", "score", "iou", "r2", "similarity", "top_k", "correlation")


@dataclasses.dataclass(frozen=True)
class Difference:
    """One activation against another, paired over seeds.

    Attributes:
        label: The activation.
        other: What it is compared with.
        mean: Mean difference of their scores, in units of the metric.
        low: Lower end of its confidence interval.
        high: Upper end.
        p: Of the paired t test.
        p_holm: The same, corrected for all comparisons that are made together; NaN where there is one.
        effect: Mean difference in standard deviations of the differences (Hedges).
        wins: Share of seeds with the better score, ties counted half.
        seeds: Number of pairs.
        shown: `"better"`, `"worse"`, or `"no"` where no difference was shown.
    """

    label: str
    other: str
    mean: float
    low: float
    high: float
    p: float
    p_holm: float
    effect: float
    wins: float
    seeds: int
    shown: str


@dataclasses.dataclass(frozen=True)
class Row:
    """One activation in the table of a study.

    Attributes:
        rank: Place in the order of means; shared with the first activation that it was not shown to be worse than.
        label: The activation.
        mean: Mean score over the seeds.
        low: Lower end of its confidence interval.
        high: Upper end.
        best: Mean over the seeds of the best epoch's score, which flatters: it is chosen by the same data.
        difference: Against the baseline; `None` for the baseline itself.
        runs: Number of runs.
        diverged: How many of them diverged.
        dead: Share of units that are dead at the end, averaged over the activations of the model.
        saturated: Share of units that are saturated at the end.
        gradient_start: Gradient norm at the first kernel divided by that at the last, before training.
        gradient_end: The same after training.
        seconds: Mean training time of a run.
        weights: Number of weights of the model.
    """

    rank: int
    label: str
    mean: float
    low: float
    high: float
    best: float
    difference: Difference | None
    runs: int
    diverged: int
    dead: float
    saturated: float
    gradient_start: float
    gradient_end: float
    seconds: float
    weights: int


class Study:
    """Result of `compare`.

    Printed, it is a table with a sentence that says what was shown; a notebook shows it as HTML.

    A run that diverged counts as the worst score that any finished run of the study reached.

    Args:
        runs: The records of the runs, as `compare` writes them.
        metric: Name of the logged value to judge by, such as `"val_accuracy"`; `None` chooses.
        mode: `"max"`, `"min"` or `"auto"`.
        baseline: Label of the activation that the others are compared with; `None` takes the first.
        at: `"final"` judges by the last epoch, `"best"` by the best.
        level: Confidence level of the intervals; a difference is shown if its corrected p value is below `1 - level`.
    """

    def __init__(
        self,
        runs: Sequence[dict[str, Any]],
        metric: str | None = None,
        mode: str = "auto",
        baseline: str | None = None,
        at: str = "final",
        level: float = 0.95,
    ) -> None:
        self.runs = list(runs)
        self.labels = list(dict.fromkeys(run["label"] for run in self.runs))
        if not self.runs:
            raise ValueError("A study needs at least one run, got none; look into the folder that it was read from.")
        self.metrics = sorted({name for run in self.runs for name in run["curves"]})
        self.metric = self._choose(metric)
        self.higher_is_better = _direction(self.metric, mode)
        self.baseline = baseline or self.labels[0]
        if self.baseline not in self.labels:
            raise ValueError(f"The study has no activation {baseline!r} as baseline; expected one of {self.labels}.")
        if at not in ("final", "best"):
            raise ValueError(f"A study is judged `at` the 'final' or the 'best' epoch, got {at!r}.")
        if not 0.5 <= level < 1:
            raise ValueError(f"`level` is a confidence level from 0.5 to below 1, such as 0.95, got {level!r}.")
        self.at, self.level = at, level
        self._mode = mode
        self._scores = {at: self._all_scores(at) for at in ("final", "best")}
        self.rows = self._rows()

    @classmethod
    def read(cls, directory: str | os.PathLike, **settings: Any) -> "Study":
        """The study in a folder, as far as it has got.

        Args:
            directory: The folder that `compare` was given.
            **settings: `metric`, `mode`, `baseline`, `at`, `level`.
        """
        return cls(Folder(directory).records(), **settings)

    def by(self, **settings: Any) -> "Study":
        """The same runs, judged otherwise: `study.by(metric="val_loss", at="best", baseline="relu")`."""
        kept = {"metric": self.metric, "baseline": self.baseline, "at": self.at, "level": self.level}
        if "metric" not in settings:
            kept["mode"] = self._mode
        return Study(self.runs, **{**kept, **settings})

    def _choose(self, metric: str | None) -> str:
        if metric is not None:
            if metric not in self.metrics:
                raise ValueError(f"The study logged no {metric!r}; expected one of {self.metrics}.")
            return metric
        if not self.metrics:
            return "loss"  # every run diverged in its first epoch
        names = [name for name in self.metrics if name.startswith("val_")] or self.metrics
        return next((name for name in names if not name.endswith("loss")), names[0])

    def _all_scores(self, at: str) -> dict[str, dict[int, float]]:
        choose = {"final": lambda curve: curve[-1], "best": max if self.higher_is_better else min}[at]
        finished = {
            (run["label"], run["seed"]): choose(run["curves"][self.metric])
            for run in self.runs
            if run["status"] == "finished"
        }
        worst = (min if self.higher_is_better else max)(finished.values(), default=math.nan)
        scores: dict[str, dict[int, float]] = {label: {} for label in self.labels}
        for run in self.runs:
            scores[run["label"]][run["seed"]] = finished.get((run["label"], run["seed"]), worst)
        return scores

    def scores(self, label: str) -> dict[int, float]:
        """The score of an activation for each seed."""
        self._check(label)
        return dict(self._scores[self.at][label])

    def curves(self, label: str, metric: str | None = None) -> np.ndarray:
        """A logged value of an activation, of shape `(seeds, epochs)`; NaN from where a run diverged."""
        self._check(label)
        runs = [run["curves"].get(metric or self.metric, []) for run in self.runs if run["label"] == label]
        length = max(len(run["curves"].get(self.metric, [])) for run in self.runs)
        return np.array([curve + [math.nan] * (length - len(curve)) for curve in runs], "float64")

    def _check(self, label: str) -> None:
        if label not in self.labels:
            raise ValueError(f"The study has no activation {label!r}; expected one of {self.labels}.")

    def difference(self, label: str, other: str | None = None) -> Difference:
        """Compare two activations, paired over seeds, as if no other comparison were made.

        Args:
            label: An activation.
            other: Another; `None` takes the baseline.
        """
        self._check(label)
        self._check(other or self.baseline)
        return self._difference(label, other or self.baseline)

    def _difference(self, label: str, other: str, p_holm: float = math.nan) -> Difference:
        gaps = self._gaps(label, other)
        low, high = _statistics.interval(gaps, self.level)
        p = _statistics.paired_test(gaps)
        sign = 1 if self.higher_is_better else -1
        mean = float(np.mean(gaps)) if len(gaps) else math.nan
        judged = p if math.isnan(p_holm) else p_holm
        shown = ("better" if sign * mean > 0 else "worse") if judged < 1 - self.level else "no"
        return Difference(
            label=label,
            other=other,
            mean=mean,
            low=low,
            high=high,
            p=p,
            p_holm=p_holm,
            effect=_statistics.effect_size(gaps),
            wins=_statistics.wins(sign * np.array(gaps)),
            seeds=len(gaps),
            shown=shown,
        )

    def _gaps(self, label: str, other: str) -> list[float]:
        mine, theirs = self._scores[self.at][label], self._scores[self.at][other]
        return [mine[seed] - theirs[seed] for seed in mine if seed in theirs]

    def _rows(self) -> list[Row]:
        others = [label for label in self.labels if label != self.baseline]
        p_values = _statistics.holm([_statistics.paired_test(self._gaps(label, self.baseline)) for label in others])
        differences = {
            label: self._difference(label, self.baseline, p) for label, p in zip(others, p_values, strict=True)
        }
        ranks = self._ranks()
        rows = [self._row(label, ranks[label], differences.get(label)) for label in self.labels]
        order = list(ranks)
        return sorted(rows, key=lambda row: order.index(row.label))

    def _ranks(self) -> dict[str, int]:
        """Ranks with ties: an activation shares the rank of the first one that it was not shown to be worse than.

        Every pair is tested, with one correction for all of them.
        """
        pairs = list(itertools.combinations(self.labels, 2))
        p_values = _statistics.holm([_statistics.paired_test(self._gaps(*pair)) for pair in pairs])
        differ = {frozenset(pair) for pair, p in zip(pairs, p_values, strict=True) if p < 1 - self.level}
        sign = -1 if self.higher_is_better else 1
        means = {label: sign * _mean(self._scores[self.at][label].values()) for label in self.labels}
        ordered = sorted(self.labels, key=lambda label: (math.isnan(means[label]), means[label]))
        ranks, leader, place = {}, ordered[0], 1
        for i, label in enumerate(ordered, start=1):
            if frozenset((label, leader)) in differ:
                leader, place = label, i
            ranks[label] = place
        return ranks

    def _row(self, label: str, rank: int, difference: Difference | None) -> Row:
        runs = [run for run in self.runs if run["label"] == label]
        scores = list(self._scores[self.at][label].values())
        low, high = _statistics.interval(scores, self.level)
        return Row(
            rank=rank,
            label=label,
            mean=float(np.mean(scores)),
            low=low,
            high=high,
            best=float(np.mean(list(self._scores["best"][label].values()))),
            difference=difference,
            runs=len(runs),
            diverged=sum(run["status"] == "diverged" for run in runs),
            dead=_mean(_share(run["after"], "dead") for run in runs),
            saturated=_mean(
                np.mean(run["after"]["saturated"]) for run in runs if run["after"] and run["after"]["dead"]
            ),
            gradient_start=_mean(_flow(run["before"]) for run in runs),
            gradient_end=_mean(_flow(run["after"]) for run in runs),
            seconds=_mean(run["seconds"] for run in runs),
            weights=runs[0]["weights"],
        )

    @property
    def verdict(self) -> str:
        """What was shown against the baseline, in words."""
        if len(self.labels) == 1:
            return f"One activation, {self.baseline}: nothing to compare."
        seeds = min(row.runs for row in self.rows)
        budget = f"{seeds} seed{'s' * (seeds > 1)}, {max(run['epochs'] for run in self.runs)} epochs"
        if seeds < 2:
            return f"One seed per activation: no difference from {self.baseline} can be shown; use ten."
        differences = [row.difference for row in self.rows if row.difference]
        parts = []
        for word in ("better", "worse"):
            shown = [f"{each.label} ({_tables.signed(each.mean)})" for each in differences if each.shown == word]
            if shown:
                parts.append(f"{word} than {self.baseline}: {', '.join(shown)}")
        unknown = [each for each in differences if each.shown == "no"]
        if unknown:
            reach = max(max(abs(each.low), abs(each.high)) for each in unknown)
            names = ", ".join(each.label for each in unknown)
            if len(unknown) > 2:
                names = "any other" if parts else "any activation"
            parts.append(
                f"no difference from {self.baseline} shown for {names} at this budget ({budget}; the intervals reach "
                f"{_tables.number(reach)})"
            )
        text = "; ".join(parts)
        return text[:1].upper() + text[1:] + "."

    @property
    def notes(self) -> list[str]:
        """What a reader of the table must know."""
        notes = [
            f"{self.metric} at the {self.at} epoch, mean over seeds; {100 * self.level:g} % bootstrap intervals; "
            "differences paired over seeds, paired t test, Holm's correction; same rank: not shown to be worse."
        ]
        if any(row.diverged for row in self.rows):
            notes.append("A run that diverged counts as the worst finished run of the study.")
        if len({run["how"] for run in self.runs}) > 1:
            slow = sorted({run["label"] for run in self.runs if run["how"] == "fit"})
            notes.append(f"Trained with model.fit, so that their seconds do not compare: {', '.join(slow)}.")
        return notes

    def __str__(self) -> str:
        return "\n".join([_tables.text(*_tables.cells(self)), "", *self.notes, self.verdict])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return _tables.html(*_tables.cells(self), caption=" ".join([self.verdict, *self.notes]))

    def to_markdown(self) -> str:
        """The table and what it says, as Markdown."""
        return "\n\n".join([_tables.markdown(*_tables.cells(self)), self.verdict, " ".join(self.notes)]) + "\n"

    def to_latex(self) -> str:
        """The table as LaTeX, for the package booktabs, with what it says as its caption."""
        return _tables.latex(*_tables.cells(self), caption=" ".join([self.verdict, *self.notes]))

    def to_records(self, which: str = "table") -> list[dict[str, Any]]:
        """The study as a list of flat dicts.

        Args:
            which: `"table"`: one per activation. `"runs"`: one per run, with the last and the best value of everything
                logged. `"curves"`: one per run and epoch.

        Raises:
            ValueError: `which` is none of the three.
        """
        makers = {"table": _tables.table_records, "runs": _tables.run_records, "curves": _tables.curve_records}
        if which not in makers:
            raise ValueError(f"A study has the records {sorted(makers)}, got {which!r}.")
        return makers[which](self)

    def to_csv(self, path: str | os.PathLike | None = None, which: str = "table") -> str:
        """The records as CSV, which is returned and, given a path, written there."""
        text = _records.csv_text(self.to_records(which))
        if path is not None:
            with open(path, "w", encoding="utf-8", newline="") as sink:
                sink.write(text)
        return text

    def to_pandas(self, which: str = "table") -> Any:
        """The records as a `pandas.DataFrame`; needs pandas."""
        import pandas  # pyright: ignore[reportMissingImports]

        return pandas.DataFrame(self.to_records(which))

    def plot_curves(self, metric: str | None = None, labels: Sequence[str] | None = None, ax: Any = None) -> Any:
        """Draw a logged value over the epochs: mean over the seeds, with the band of its confidence interval.

        Args:
            metric: What to draw; `None` takes what the study is judged by.
            labels: Activations to draw; `None` takes all.
            ax: Matplotlib axes to draw on; a new figure if left out.

        Returns:
            The `matplotlib.figure.Figure`.
        """
        from keras_acts.study import _figures

        return _figures.curves(self, metric or self.metric, list(labels or [row.label for row in self.rows]), ax)

    def plot_differences(self, ax: Any = None) -> Any:
        """Draw the differences from the baseline with their intervals (a forest plot); filled where shown."""
        from keras_acts.study import _figures

        return _figures.differences(self, ax)

    def plot_ranking(self, ax: Any = None) -> Any:
        """Draw every run's score, the mean with its interval, and the rank, best on top."""
        from keras_acts.study import _figures

        return _figures.ranking(self, ax)

    def plot_gradients(self, when: str = "start", ax: Any = None) -> Any:
        """Draw the gradient norm by depth, one line per activation.

        Args:
            when: `"start"` or `"end"` of training.
            ax: Matplotlib axes to draw on; a new figure if left out.
        """
        from keras_acts.study import _figures

        return _figures.gradients(self, when, ax)


def _direction(metric: str, mode: str) -> bool:
    if mode in ("max", "min"):
        return mode == "max"
    if mode != "auto":
        raise ValueError(f"`mode` must be 'max', 'min' or 'auto', got {mode!r}.")
    if any(word in metric for word in _LOWER_IS_BETTER):
        return False
    if any(word in metric for word in _HIGHER_IS_BETTER):
        return True
    raise ValueError(
        f"Whether a larger {metric!r} is better cannot be told from its name; pass mode='max' or mode='min'."
    )


def _mean(values: Any) -> float:
    values = [value for value in values if value is not None and not math.isnan(value)]
    return float(np.mean(values)) if values else math.nan


def _share(health: dict[str, Any] | None, what: str) -> float | None:
    return float(np.mean(health[what])) if health and health[what] else None


def _flow(health: dict[str, Any] | None) -> float | None:
    norms = health["gradient"] if health else []
    return norms[0] / norms[-1] if norms and norms[-1] > 0 else None
