"""The callback: what `fit` calls, what the user sees."""

import os
import warnings
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_acts._core import number
from keras_acts.monitor import _findings, _report, _units
from keras_acts.monitor._engine import Engine, Reading
from keras_acts.monitor._findings import Evidence, Finding, Weights, weights_of
from keras_acts.monitor._history import History, ranges
from keras_acts.monitor._recorder import EXTRAS
from keras_acts.monitor._siblings import Flow, MonitorWarning, flows
from keras_acts.monitor._units import DEAD, NONFINITE, Units
from keras_acts.monitor._watcher import Watcher


class DyingReLUWarning(MonitorWarning):
    """Units of a layer died, or produce NaN or infinities."""


class DyingReLUMonitor(Watcher):
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
        rise: A warning comes, too, when the share has risen by this much since the layer's best epoch, the first one
            left out: while weights leave their start, some units die in sound networks too.
        stop: Share of a layer's units from which training is stopped, or `None`.
        extras: Further statistics: `"positions"`, `"mean"`, `"saturation"`, `"gradient"`, `"norms"`, `"histogram"`, see
            `Reading`. What each costs, `tests/benchmarks/monitor_cost.py` measures on your machine.
        layers: Name or names of the layers to observe, or a function of a layer; `None` for all.
        path: File for the history, in JSON lines, written after every epoch. When `fit` starts at a later epoch, as
            with `BackupAndRestore`, the history goes on from there.
        verbose: 0 prints nothing, 1 a line when something changed and a summary at the end.

    Attributes:
        dead: For each observed layer the numbers of the units that were dead in the last epoch.
        units: For each observed layer its `Units` in the last epoch.
        initial: The same after the first batch, which the weights before training have seen.
        history: The `History`: one row per layer and epoch.
        is_training: False where `diagnose` looks at a model that stays as it is.
        findings: What is wrong: a list of `Finding`, each with its cause and cure, noted once, when first seen.
        unobserved: Layers whose activation cannot be counted, and why.
        flows: With the statistic `"norms"` for each layer with trained weights its `Flow` in the last epoch.

    Raises:
        TypeError: A share is no number.
        ValueError: A share does not lie between 0 and 1, a statistic does not exist, or, when training begins, the
            model has no layer of a name in `layers`.

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
        rise: float = 0.15,
        stop: float | None = None,
        extras: Collection[str] = (),
        layers: str | Collection[str] | Callable[[keras.layers.Layer], bool] | None = None,
        path: str | os.PathLike[str] | None = None,
        verbose: int = 1,
    ) -> None:
        super().__init__(() if isinstance(extras, str) else extras)
        for name, share in (("alarm", alarm), ("rise", rise), ("stop", stop)):
            if share is not None and number("DyingReLUMonitor", name, share, 0, 1) == 0:
                raise ValueError(f"DyingReLUMonitor: `{name}` is a share above 0, got 0; pass a number up to 1.")
        unknown = sorted(set(extras) - set(EXTRAS)) if not isinstance(extras, str) else [extras]
        if unknown:
            raise ValueError(f"DyingReLUMonitor: `extras` is a list with names from {EXTRAS}, got {unknown}.")
        self.alarm, self.rise, self.stop, self.verbose = alarm, rise, stop, verbose
        self.layers = [layers] if isinstance(layers, str) else layers
        self.path = None if path is None else Path(path)
        self.dead: dict[str, np.ndarray] = {}
        self.flows: dict[str, Flow] = {}
        self.units: dict[str, Units] = {}
        self.initial: dict[str, Units] = {}
        self.history = History()
        self.is_training = True
        self._begins = self._has_epochs = False
        self._epoch = 0
        self.findings: list[Finding] = []
        self._known: set[tuple[str, str]] = set()
        self._lowest: dict[str, float] = {}
        self._fired_ever: dict[str, np.ndarray] = {}
        self._start: dict[Any, Weights | None] = {}
        self._weights: dict[Any, Weights | None] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_start": {}, "_weights": {}}

    def _wants(self, layer: keras.layers.Layer) -> bool:
        if self.layers is None:
            return True
        return bool(self.layers(layer)) if callable(self.layers) else layer.name in self.layers

    def _check_layers(self) -> None:
        model = self._model
        if self.layers is None or callable(self.layers) or model is None or not model.built:
            return
        known = {each.name for each in model._flatten_layers() if not isinstance(each, keras.layers.InputLayer)}
        if unknown := sorted(set(self.layers) - known):
            raise ValueError(
                f"DyingReLUMonitor: `layers` names {unknown}, which {model.name!r} does not have; expected names out "
                f"of {sorted(known - {model.name})}."
            )

    # Hooks

    def on_train_begin(self, logs: Any = None) -> None:
        """Put the observed step in place of the model's own."""
        self._check_layers()
        super().on_train_begin(logs)
        self._begins = True

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Begin the history, or go on with it where `fit` starts at a later epoch."""
        if not self._begins:
            return
        self._begins = False
        self.history.forget_from(epoch)
        self.findings = [finding for finding in self.findings if 0 < epoch > finding.epoch]
        self._known = {finding.key for finding in self.findings}
        if epoch == 0:
            self.units, self.dead, self.initial = {}, {}, {}
            self._lowest.clear()
            self._fired_ever.clear()
            self._start = {}
        self._weights = {} if self._model is None else self._weigh()
        if self.path is not None and self._engine is not None:
            self.history.open(self._engine.free_path(self, self.path), epoch)

    def see(self, epoch: int, reading: Reading, logs: dict[str, Any]) -> None:
        """Judge the counts of an epoch."""
        self._has_epochs = True
        if self.is_training and epoch == 0 and self._engine is not None and self._engine.first is not None:
            self.initial = self._judge(self._engine.first, is_part=True)
            self.history.add(-1, [_units.row(-1, name, units) for name, units in self.initial.items()], {})
            notes = (_findings.silent_at_start(name, units) for name, units in self.initial.items())
            self.findings += [note for note in notes if note is not None]
        before = self.units if epoch > 0 else {}
        self.units = self._judge(reading)
        self.dead = {name: units.dead for name, units in self.units.items()}
        rows = [_units.row(epoch, name, units, before.get(name)) for name, units in self.units.items()]
        self.history.add(epoch, rows, {name: units.states == DEAD for name, units in self.units.items()})
        logs.update(_units.totals(list(self.units.values())))
        found = _findings.find(self._evidence(epoch, reading, before), self.alarm, self.rise, self._lowest)
        self.flows = flows(reading, [] if self._engine is None else self._engine.calls)
        for row in rows if epoch > 0 else ():
            self._lowest[row["layer"]] = min(row["dead_share"], self._lowest.get(row["layer"], 1.0))
        self._tell(epoch, rows, found)

    def on_train_end(self, logs: Any = None) -> None:
        """Give the model its own step back, and sum up."""
        super().on_train_end(logs)
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
        return {
            site.name: _units.judge(site, columns, reading.steps, self.units.get(site.name), is_part)
            for site, columns in mine
        }

    def _evidence(self, epoch: int, reading: Reading, before: dict[str, Units]) -> Evidence:
        for name, units in self.units.items():
            fired = self._fired_ever.setdefault(name, np.zeros(units.site.units, bool))
            fired |= units.columns["fired"] > 0
        first, self._weights = self._weights, self._weigh()
        # Of a layer that was not built yet: the first weights there are.
        start = self._start = {**self._weights, **first, **self._start}
        optimizer = getattr(self._model, "optimizer", None)
        try:
            rate = None if optimizer is None else float(keras.ops.convert_to_numpy(optimizer.learning_rate))
        except (AttributeError, TypeError, ValueError):
            rate = None
        calls = [] if self._engine is None else self._engine.calls
        return Evidence(
            epoch,
            self.units,
            before,
            self._fired_ever,
            start,
            self._weights,
            reading.inputs,
            rate,
            calls,
            self.is_training,
        )

    def _weigh(self) -> dict[Any, Weights | None]:
        """What is remembered of the weights of each layer that stands before an activation; once per epoch."""
        if self._model is None or self.units:
            layers = {units.site.producer for units in self.units.values() if units.site.producer is not None}
        else:
            layers = self.model._flatten_layers()
        return {layer: weights_of(layer) for layer in layers}

    # Telling

    def _tell(self, epoch: int, rows: list[dict[str, Any]], found: list[Finding]) -> None:
        changes = [
            f"{row['layer']}: {row['dead']} of {row['units']} dead"
            + (f", died: {row['died']}" if row["died"] else "")
            + (f", woke: {row['woke']}" if row["woke"] else "")
            for row in rows
            if row["died"] or row["woke"]
        ]
        if self.verbose and changes:
            print(f"\nEpoch {epoch + 1}: " + "; ".join(changes))
        worst = max((row["dead_share"] for row in rows), default=0.0)
        if self.stop is not None and worst >= self.stop and self._model is not None:
            self._model.stop_training = True
        new = [finding for finding in found if finding.key not in self._known]
        self._known.update(finding.key for finding in new)
        self.findings += new
        alarms = [finding for finding in new if finding.is_alarm]
        if alarms:
            warnings.warn(_findings.together(alarms), DyingReLUWarning, stacklevel=2)

    def summary(self) -> str:
        """What there is to know after training, as text."""
        if not self._has_epochs:
            return "Dying-ReLU monitor: no epoch was trained."
        if not self.units:
            return "Dying-ReLU monitor: no activation was observed." + self._unobserved_text()
        totals = _units.totals(list(self.units.values()))
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
        lines += [f"  {finding}" for finding in self.findings if finding.is_alarm]
        return "\n".join(lines) + self._unobserved_text()

    def report(self, path: str | os.PathLike[str]) -> None:
        """Write all this with its pictures into one HTML file, which opens without a network.

        Raises:
            OSError: The file cannot be written.
        """
        _report.write(self, Path(path))

    def note_unseen(self, model: Any) -> None:
        """Add to `unobserved` the layers of a model that a watched step did not come to."""
        if self._engine is not None:
            self._engine.model = model
            self.unobserved = self._engine.missing()

    def _unobserved_text(self) -> str:
        return "".join(f"\n  not observed: {name}: {reason}" for name, reason in self.unobserved.items())
