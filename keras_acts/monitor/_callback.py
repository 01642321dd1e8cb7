"""The callback: what `fit` calls, what the user sees."""

import dataclasses
import os
import warnings
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_acts.monitor._engine import Engine, Reading
from keras_acts.monitor._history import History, ranges
from keras_acts.monitor._recorder import EXTRAS, Site

ALIVE, RARE, SUSPECT, DEAD, NONFINITE = STATES = ("alive", "rare", "suspect", "dead", "non-finite")


class DyingReLUWarning(UserWarning):
    """Units of a layer died, or produce NaN or infinities."""


@dataclasses.dataclass(eq=False)
class Units:
    """What is known of each unit of one layer after an epoch; every array has one entry per unit.

    Attributes:
        site: The layer and its activation.
        samples: How many samples the layer saw.
        states: `"alive"`, `"rare"` (fired, but in less than 1 % of the samples), `"dead"`, `"non-finite"`; after a
            single batch `"suspect"` in place of `"dead"`.
        dead_epochs: For how many epochs in a row the unit has been dead.
        columns: The exact counts, see `Reading`.
    """

    site: Site
    samples: int
    states: np.ndarray
    dead_epochs: np.ndarray
    columns: dict[str, np.ndarray]

    @property
    def dead(self) -> np.ndarray:
        """Numbers of the dead units."""
        return np.flatnonzero(self.states == DEAD)


class DyingReLUMonitor(keras.callbacks.Callback):
    """Callback that tells exactly which units died, counted over the actual training batches.

    A unit is dead in an epoch when the slope of its activation was exactly zero for every sample and position of
    that epoch: no gradient reached its weights. For `relu` that is an input that was never positive, and so for
    every activation, also one of your own: the monitor asks the function where its slope is zero. A unit is one
    channel of a convolution, one entry of the last axis otherwise.

    The counts are part of the compiled training step; there is no second forward pass, and nothing is added to the
    model: its weights, optimizer and saved file are those of a run without the monitor.

    Put it before `CSVLogger`, `TensorBoard` and `EarlyStopping` in the list of callbacks: they then see
    `logs["dead_units"]` (how many in all), `"dead_share"` (of all units), `"dead_layers"` (layers without a living
    unit) and `"nonfinite_units"`. `EarlyStopping(monitor="dead_units")` needs `mode="min"`.

    `train_on_batch` is not counted. For a training loop of your own see `watch`.

    Args:
        alarm: Share of a layer's units from which a warning comes; a layer of which all died is always warned of.
        rise: A warning comes, too, when the share has risen by this much since the layer's best epoch.
        stop: Share of a layer's units from which training is stopped, or `None`.
        extras: Further statistics: `"positions"`, `"mean"`, `"saturation"`, `"gradient"`, see `Reading`; each costs
            about one percent of a training step.
        layers: Names of the layers to observe, or a function of a layer; `None` for all.
        path: File for the history, in JSON lines, written after every epoch. When `fit` starts at a later epoch, as
            with `BackupAndRestore`, the history goes on from there.
        verbose: 0 prints nothing, 1 a line when something changed and a summary at the end.

    Attributes:
        dead: For each observed layer the numbers of the units that were dead in the last epoch.
        units: For each observed layer its `Units` in the last epoch.
        initial: The same after the first batch, which the weights before training have seen.
        history: The `History`: one row per layer and epoch.
        unobserved: Layers whose activation cannot be counted, and why.

    Raises:
        ValueError: A share does not lie between 0 and 1, or a statistic does not exist.

    Examples:
        >>> hidden = keras.layers.Dense(3, "relu", name="hidden")
        >>> model = keras.Sequential([keras.Input((2,)), hidden, keras.layers.Dense(1)])
        >>> hidden.set_weights([np.zeros((2, 3)), np.array([1.0, -1.0, -1.0])])
        >>> model.compile("sgd", "mse")
        >>> monitor = keras_acts.DyingReLUMonitor(alarm=1.0, verbose=0)
        >>> history = model.fit(np.ones((8, 2)), np.ones((8, 1)), epochs=2, verbose=0, callbacks=[monitor])
        >>> monitor.dead["hidden"]
        array([1, 2])
        >>> history.history["dead_units"]
        [2, 2]
    """

    def __init__(
        self,
        alarm: float = 0.2,
        rise: float = 0.1,
        stop: float | None = None,
        extras: Collection[str] = (),
        layers: Collection[str] | Callable[[keras.layers.Layer], bool] | None = None,
        path: str | os.PathLike[str] | None = None,
        verbose: int = 1,
    ) -> None:
        super().__init__()
        for name, share in (("alarm", alarm), ("rise", rise), ("stop", stop)):
            if share is not None and not 0 < share <= 1:
                raise ValueError(f"DyingReLUMonitor: `{name}` is a share and must lie in (0, 1], got {share}.")
        unknown = sorted(set(extras) - set(EXTRAS)) if not isinstance(extras, str) else [extras]
        if unknown:
            raise ValueError(f"DyingReLUMonitor: `extras` is a list with names from {EXTRAS}, got {unknown}.")
        self.alarm, self.rise, self.stop, self.verbose = alarm, rise, stop, verbose
        self.extras = frozenset(extras)
        self.layers = layers
        self.path = None if path is None else Path(path)
        self.dead: dict[str, np.ndarray] = {}
        self.units: dict[str, Units] = {}
        self.initial: dict[str, Units] = {}
        self.unobserved: dict[str, str] = {}
        self.history = History()
        self._engine: Engine | None = None
        self._begins = False
        self._epoch = 0
        self._warned: set[tuple[str, str]] = set()
        self._lowest: dict[str, float] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_engine": None, "_model": None}

    def _wants(self, layer: keras.layers.Layer) -> bool:
        if self.layers is None:
            return True
        return bool(self.layers(layer)) if callable(self.layers) else layer.name in self.layers

    # Hooks

    def on_train_begin(self, logs: Any = None) -> None:
        """Put the observed step in place of the model's own."""
        self._engine = Engine.on(self._model, self._engine, self.extras, self._wants)
        self._begins = True
        self._warned.clear()
        self._lowest.clear()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Begin the history, or go on with it where `fit` starts at a later epoch."""
        if not self._begins:
            return
        self._begins = False
        self.history.forget_from(epoch)
        if self.path is not None and self._engine is not None:
            self.history.open(self._engine.free_path(self, self.path), epoch)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Count in the step that comes now."""
        # `self.model` would bring the whole state back from the device.
        if self._engine is not None:
            self._engine.arm()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Read the counts, note and tell what they say."""
        if self._engine is None:
            return
        reading = self._engine.take(epoch)
        self.unobserved = self._engine.missing()
        if self._engine.first is not None and not any(row["epoch"] == -1 for row in self.history.rows) and epoch == 0:
            self.initial = self._judge(self._engine.first, is_part=True)
            self.history.add(-1, [self._row(-1, name, units) for name, units in self.initial.items()], {})
        before = self.units if epoch > 0 else {}
        self.units = self._judge(reading)
        self.dead = {name: units.dead for name, units in self.units.items()}
        rows = [self._row(epoch, name, units, before.get(name)) for name, units in self.units.items()]
        self.history.add(epoch, rows, {name: units.states == DEAD for name, units in self.units.items()})
        if logs is not None:
            logs.update(self._totals())
        self._tell(epoch, rows)

    def on_train_end(self, logs: Any = None) -> None:
        """Give the model its own step back, and sum up."""
        if self._engine is not None:
            self._engine.detach()
        if self.verbose:
            print(self.summary())

    # A training loop of one's own

    def watch(self, step: Callable[..., Any], compile: bool = True) -> Callable[..., Any]:
        """Make a training step count; call `end_epoch` whenever you want to know.

        Args:
            step: Function of tensors that calls the model and trains it. On JAX a pure function of the state, as for
                `jax.jit`; on TensorFlow a function as for `tf.function`. Compiled ones are taken apart again.
            compile: Whether to compile the step, with `jax.jit` or `tf.function`. On torch it runs as it is.

        Returns:
            A function with the same arguments and results.

        Examples:
            >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, "relu", name="hidden")])
            >>> monitor = keras_acts.DyingReLUMonitor(alarm=1.0, verbose=0)
            >>> model.layers[0].set_weights([np.zeros((2, 3)), np.array([1.0, -1.0, 1.0])])
            >>> step = monitor.watch(lambda x: model(x, training=True), compile=False)
            >>> y = step(keras.ops.ones((4, 2)))
            >>> monitor.end_epoch()["dead_units"]
            1
            >>> monitor.dead["hidden"]
            array([1])
        """
        self._engine = Engine(None)
        self._engine.extras, self._engine.wants = self.extras, [self._wants]
        self._engine.start()
        self._begins, self._epoch = True, 0
        return self._engine.watch(step, compile)

    def end_epoch(self) -> dict[str, float]:
        """Read the counts since the last call, note and tell what they say; returns what `fit` finds in `logs`."""
        logs: dict[str, float] = {}
        self.on_epoch_begin(self._epoch)
        self.on_epoch_end(self._epoch, logs)
        self._epoch += 1
        return logs

    # Judging

    def _judge(self, reading: Reading, is_part: bool = False) -> dict[str, Units]:
        mine = ((site, columns) for site, columns in reading.columns.items() if self._wants(site.layer))
        return {site.name: self._units(site, columns, is_part) for site, columns in mine}

    def _units(self, site: Site, columns: dict[str, np.ndarray], is_part: bool) -> Units:
        samples, fired = int(columns["samples"][0]), columns["fired"]
        states = np.full(site.units, ALIVE, dtype="<U10")
        states[fired < 0.01 * samples] = RARE
        states[fired == 0] = SUSPECT if is_part or not samples else DEAD
        states[(fired == 0) & (columns["nonfinite"] > 0)] = NONFINITE
        before = self.units.get(site.name)
        epochs = np.zeros(site.units, "int64") if before is None else before.dead_epochs
        return Units(site, samples, states, np.where(states == DEAD, epochs + 1, 0), columns)

    def _row(self, epoch: int, name: str, units: Units, before: Units | None = None) -> dict[str, Any]:
        states, columns, n = units.states, units.columns, max(units.samples, 1)
        was = before.states == DEAD if before is not None else np.zeros(units.site.units, bool)
        now = states == DEAD
        row = {
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
                row[label] = float(columns[column].mean() / places)
        if "output" in columns:
            row["mean"] = float(columns["output"].mean() / places)
        if "reached" in columns:
            row["reached_share"] = float(columns["reached"].mean() / n)
        return row

    def _totals(self) -> dict[str, float]:
        layers = list(self.units.values())
        dead = sum(units.dead.size for units in layers)
        total = sum(units.site.units for units in layers)
        return {
            "dead_units": dead,
            "dead_share": dead / total if total else 0.0,
            "dead_layers": sum(units.dead.size == units.site.units for units in layers),
            "nonfinite_units": sum(int((units.states == NONFINITE).sum()) for units in layers),
        }

    # Telling

    def _tell(self, epoch: int, rows: list[dict[str, Any]]) -> None:
        changes = [
            f"{row['layer']}: {row['dead']} of {row['units']} dead"
            + (f", died: {row['died']}" if row["died"] else "")
            + (f", woke: {row['woke']}" if row["woke"] else "")
            for row in rows
            if row["died"] or row["woke"]
        ]
        if self.verbose and changes:
            print(f"\nEpoch {epoch + 1}: " + "; ".join(changes))
        for row in rows:
            self._warn_of(epoch, row)
        worst = max((row["dead_share"] for row in rows), default=0.0)
        if self.stop is not None and worst >= self.stop and self._model is not None:
            self._model.stop_training = True

    def _warn_of(self, epoch: int, row: dict[str, Any]) -> None:
        name, share = row["layer"], row["dead_share"]
        lowest = self._lowest[name] = min(share, self._lowest.get(name, share))
        counted = f"{row['dead']} of {row['units']} units of layer {name!r} are dead after epoch {epoch + 1}"
        if row["dead"] == row["units"]:
            self._warn(name, "all", f"{counted}: nothing passes through it any more, and nothing below it learns.")
        elif share >= self.alarm:
            self._warn(name, "share", f"{counted}: {row['function']} had slope 0 there for every sample.")
        elif share - lowest >= self.rise:
            self._warn(name, "rise", f"{counted}, up from {lowest:.0%}: units keep dying.")
        if row[NONFINITE] or row["nonfinite_samples"]:
            text = f"Layer {name!r} saw NaN or infinity in {row['nonfinite_samples']} of {row['samples']} samples"
            self._warn(name, NONFINITE, f"{text} of epoch {epoch + 1}.")

    def _warn(self, name: str, kind: str, message: str) -> None:
        if (name, kind) not in self._warned:
            self._warned.add((name, kind))
            warnings.warn(message, DyingReLUWarning, stacklevel=2)

    def summary(self) -> str:
        """What there is to know after training, as text."""
        if not self.units:
            return "Dying-ReLU monitor: no activation was observed." + self._unobserved_text()
        totals = self._totals()
        total = sum(units.site.units for units in self.units.values())
        lines = [f"Dying-ReLU monitor: {totals['dead_units']} of {total} units dead in the last epoch."]
        width = max(len(name) for name in self.units)
        for name, units in self.units.items():
            if np.any((units.states == DEAD) | (units.states == NONFINITE)):
                count = f"{units.dead.size} of {units.site.units}"
                broken = int((units.states == NONFINITE).sum())
                lines.append(
                    f"  {name:{width}}  {units.site.function}: {count} dead"
                    + (f" ({ranges(units.dead)})" if units.dead.size else "")
                    + (f", {broken} non-finite" if broken else "")
                )
        return "\n".join(lines) + self._unobserved_text()

    def _unobserved_text(self) -> str:
        return "".join(f"\n  not observed: {name}: {reason}" for name, reason in self.unobserved.items())


def _largest(peaks: np.ndarray) -> float | None:
    """The largest of the known ones; where a unit fired, no unknown one is larger."""
    known = peaks[~np.isnan(peaks)]
    return float(known.max()) if known.size else None
