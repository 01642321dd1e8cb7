"""What the counts of an epoch say of each unit: its state, and the row that tells of its layer."""

import dataclasses
from typing import Any

import numpy as np

from keras_acts.monitor._history import ranges
from keras_acts.monitor._recorder import Site

ALIVE, RARE, SUSPECT, DEAD, ZOMBIE, NONFINITE = STATES = ("alive", "rare", "suspect", "dead", "zombie", "non-finite")

_RARE = 0.01  # of the samples
_SILENT_SAMPLES = 300  # then at most 1 % of the inputs wake a unit that was silent, with 95 % confidence (3/n)
_DORMANT = 0.025  # of the layer's mean activity, Sokar et al., The Dormant Neuron Phenomenon, ICML 2023
SATURATED = 0.5  # of the positions


@dataclasses.dataclass(eq=False)
class Units:
    """What is known of each unit of one layer after an epoch; every array has one entry per unit.

    Attributes:
        site: The layer and its activation.
        samples: How many samples the layer saw.
        steps: In how many steps.
        states: `"dead"`: the slope was exactly zero for every sample and position. `"suspect"`: the same, but only for
            a part of the samples: the first batch, the data given to `diagnose`, or everything since the unit last
            fired in the first half of the epoch; an input that wakes it has at most a share of `bound`.
            `"rare"`: fired in less than 1 % of the samples, which is no fault. `"zombie"`: fires, but no gradient
            comes back (needs the statistic `"gradient"`). `"non-finite"`: never fired and saw NaN or infinity.
        silent: For how many samples, up to the last, the unit has been silent.
        dead_epochs: For how many epochs in a row the unit has been dead.
        columns: The exact counts, see `Reading`.
    """

    site: Site
    samples: int
    steps: int
    states: np.ndarray
    silent: np.ndarray
    dead_epochs: np.ndarray
    columns: dict[str, np.ndarray]

    @property
    def dead(self) -> np.ndarray:
        """Numbers of the dead units."""
        return np.flatnonzero(self.states == DEAD)

    @property
    def bound(self) -> np.ndarray:
        """Upper bound, with 95 % confidence, of the share of inputs that wake a silent unit: 3/n."""
        return np.minimum(1.0, 3 / np.maximum(self.silent, 1))

    @property
    def is_silent(self) -> bool:
        """Whether no unit fired at the end of the epoch, for so long that it means something."""
        return bool(np.isin(self.states, (DEAD, SUSPECT)).all())

    @property
    def dormant(self) -> np.ndarray | None:
        """Whose mean output is below 2.5 % of the layer's mean; `None` without the statistic `"mean"`."""
        if "output" not in self.columns:
            return None
        activity = np.abs(self.columns["output"])
        return activity <= _DORMANT * activity.mean()

    @property
    def saturated(self) -> np.ndarray | None:
        """Who spends over half of the positions on a flat end; `None` without the statistic `"saturation"`."""
        ends = [self.columns[name] for name in ("low", "high") if name in self.columns]
        return np.sum(ends, 0) > SATURATED * self.columns["places"][0] if ends else None


def judge(site: Site, columns: dict[str, np.ndarray], steps: int, before: Units | None, is_part: bool) -> Units:
    """The state of each unit; `is_part` if the samples were few of those to come."""
    samples, fired = int(columns["samples"][0]), columns["fired"]
    silent = np.round((steps - columns["last"]) * samples / max(steps, 1)).astype("int64")
    states = np.full(site.units, ALIVE, dtype="<U10")
    states[fired < _RARE * samples] = RARE
    is_late = (columns["last"] <= steps // 2) & (silent >= _SILENT_SAMPLES) & (columns["nonfinite"] == 0)
    states[(fired > 0) & is_late] = SUSPECT
    if "reached" in columns:
        states[(fired > 0) & (columns["reached"] == 0)] = ZOMBIE
    states[fired == 0] = SUSPECT if is_part or not samples else DEAD
    states[(fired == 0) & (columns["nonfinite"] > 0)] = NONFINITE
    epochs = np.zeros(site.units, "int64") if before is None else before.dead_epochs
    return Units(site, samples, steps, states, silent, np.where(states == DEAD, epochs + 1, 0), columns)


def row(epoch: int, name: str, units: Units, before: Units | None = None) -> dict[str, Any]:
    """What an epoch says of one layer, in plain numbers and text."""
    states, columns, n = units.states, units.columns, max(units.samples, 1)
    was = before.states == DEAD if before is not None else np.zeros(units.site.units, bool)
    now = states == DEAD
    told = {
        "epoch": epoch,
        "layer": name,
        "function": units.site.function,
        "units": units.site.units,
        "samples": units.samples,
        **{state: int((states == state).sum()) for state in STATES},
        "dead_share": float(now.mean()),
        "most_dead_epochs": int(units.dead_epochs.max()),
        "firing_rate": float(columns["fired"].mean() / n),
        "nonfinite_samples": int(columns["nonfinite"].max()),
        "peak": _largest(columns["peak"]),
        "died": ranges(np.flatnonzero(now & ~was)),
        "woke": ranges(np.flatnonzero(was & ~now)),
    }
    places = max(int(columns["places"][0]), 1) if "places" in columns else 1
    for column, label in (("active", "active_share"), ("low", "low_share"), ("high", "high_share")):
        if column in columns:
            told[label] = float(columns[column].mean() / places)
    if units.dormant is not None:
        told["mean"] = float(columns["output"].mean() / places)
        told["dormant"] = int(units.dormant.sum())
    if units.saturated is not None:
        told["saturated"] = int(units.saturated.sum())
    if "reached" in columns:
        told["reached_share"] = float(columns["reached"].mean() / n)
    return told


def totals(layers: list[Units]) -> dict[str, float]:
    """What `logs` is told of all layers."""
    dead = sum(units.dead.size for units in layers)
    total = sum(units.site.units for units in layers)
    return {
        "dead_units": dead,
        "dead_share": dead / total if total else 0.0,
        "dead_layers": sum(units.dead.size == units.site.units for units in layers),
        "nonfinite_units": sum(int((units.states == NONFINITE).sum()) for units in layers),
    }


def _largest(peaks: np.ndarray) -> float | None:
    """The largest of the known ones; where a unit fired, no unknown one is larger."""
    known = peaks[~np.isnan(peaks)]
    return float(known.max()) if known.size else None
