"""Small callbacks on the same counts: saturation, sparsity, the flow of gradients, and a guard against NaN."""

import dataclasses
import math
import warnings
from typing import Any, ClassVar

import keras
import numpy as np

from keras_acts._core import number
from keras_acts.monitor._engine import Reading
from keras_acts.monitor._findings import Finding, is_hidden
from keras_acts.monitor._history import History, ranges
from keras_acts.monitor._recorder import Call, Gradient
from keras_acts.monitor._units import SATURATED
from keras_acts.monitor._watcher import Watcher


class MonitorWarning(UserWarning):
    """Units saturate, gradients vanish or explode, or a number is not finite."""


@dataclasses.dataclass(frozen=True)
class Flow:
    """What reaches the weights of one layer.

    Attributes:
        gradient: Norm of the gradient of all its weights, root mean square over the steps of an epoch in which it was
            finite; NaN where there was none.
        weights: Norm of the weights when the epoch ended.
        first_broken: The first step, from 1, whose gradient was not finite; 0: none.
    """

    gradient: float
    weights: float
    first_broken: int

    @property
    def relative(self) -> float:
        """The gradient over the weights."""
        return self.gradient / self.weights if self.weights else float("nan")


def gradients_by_layer(reading: Reading, calls: list[Call]) -> dict[str, list[Gradient]]:
    """The gradients of each layer's trained weights, by name, from the input to the loss."""
    owners: dict[int, Any] = {}
    for call in calls:  # a layer comes before those inside of it
        owners.update((id(weight), call.layer) for weight in call.layer.trainable_weights)
    order = {id(call.layer): place for place, call in reversed(list(enumerate(calls)))}
    layers: dict[int, tuple[Any, list[Gradient]]] = {}
    for gradient in reading.gradients:
        owner = owners.get(id(gradient.weight), gradient.weight)
        layers.setdefault(id(owner), (owner, []))[1].append(gradient)
    names = [owner.name for owner, _ in layers.values()]
    ordered = sorted(layers.values(), key=lambda item: order.get(id(item[0]), len(order)))
    return {owner.name if names.count(owner.name) == 1 else owner.path: own for owner, own in ordered}


def flows(reading: Reading, calls: list[Call]) -> dict[str, Flow]:
    """The `Flow` of each layer with trained weights, by name, from the input to the loss."""
    found = {}
    for name, gradients in gradients_by_layer(reading, calls).items():
        counted = [(gradient.squares, reading.steps - gradient.broken) for gradient in gradients]
        squares = sum(total / steps if steps else math.nan for total, steps in counted)
        weights = [keras.ops.convert_to_numpy(keras.ops.cast(gradient.weight, "float32")) for gradient in gradients]
        size = sum(float(np.square(weight).sum()) for weight in weights)
        found[name] = Flow(math.sqrt(squares), math.sqrt(size), _first_broken(gradients))
    return found


def _first_broken(gradients: list[Gradient]) -> int:
    return min((gradient.first_broken for gradient in gradients if gradient.first_broken), default=0)


class _Sibling(Watcher):
    """Abstract callback that keeps rows and findings; `_look` says what an epoch shows."""

    needs: ClassVar[tuple[str, ...]] = ()

    def __init__(self) -> None:
        super().__init__(self.needs)
        self.history = History()
        self.findings: list[Finding] = []

    def _look(self, epoch: int, reading: Reading, logs: dict[str, Any]) -> tuple[list[dict[str, Any]], list[Finding]]:
        raise NotImplementedError

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Forget what an earlier `fit` found in this epoch and later ones."""
        self.history.forget_from(epoch)
        self.findings = [finding for finding in self.findings if finding.epoch < epoch]

    def see(self, epoch: int, reading: Reading, logs: dict[str, Any]) -> None:
        """Keep the rows of an epoch, and warn of what is new in it."""
        rows, found = self._look(epoch, reading, logs)
        self.history.add(epoch, [{"epoch": epoch, **row} for row in rows], {})
        known = {finding.key for finding in self.findings}
        new = [finding for finding in found if finding.key not in known]
        self.findings += new
        if new:
            warnings.warn(" ".join(map(str, new)), MonitorWarning, stacklevel=2)


class SaturationMonitor(_Sibling):
    """Callback that tells which hidden layers spend their time on the flat ends of `sigmoid`, `tanh` and their like.

    A position is saturated where the slope is below a tenth of the activation's steepest, a unit where over half of
    its positions are, and a layer is warned of where over half of its units are. `logs["saturated_share"]` is the share
    of saturated units. Output layers are counted and not warned of: a sure classifier saturates.

    Attributes:
        saturated: For each layer whose activation has a flat end the share of saturated positions, unit by unit.
        findings: What was warned of.
        history: One row per layer and epoch, with the shares of either end: `"low"` and `"high"`.

    Examples:
        >>> hidden = keras.layers.Dense(2, "tanh", name="hidden")
        >>> model = keras.Sequential([keras.Input((1,)), hidden, keras.layers.Dense(1)])
        >>> hidden.set_weights([np.array([[0.0, 0.0]]), np.array([0.0, 9.0])])
        >>> model.compile("sgd", "mse")
        >>> monitor = keras_acts.SaturationMonitor()
        >>> history = model.fit(np.ones((4, 1)), np.ones((4, 1)), verbose=0, callbacks=[monitor])
        >>> monitor.saturated["hidden"]
        array([0., 1.])
        >>> history.history["saturated_share"]
        [0.5]
    """

    needs = ("saturation",)

    def __init__(self) -> None:
        super().__init__()
        self.saturated: dict[str, np.ndarray] = {}

    def _look(self, epoch: int, reading: Reading, logs: dict[str, Any]) -> tuple[list[dict[str, Any]], list[Finding]]:
        rows, found, self.saturated = [], [], {}
        calls = [] if self._engine is None else self._engine.calls
        for site, columns in reading.columns.items():
            ends = {name: columns[name] / max(columns["places"][0], 1) for name in ("low", "high") if name in columns}
            if not ends:
                continue
            shares = self.saturated[site.name] = np.sum(list(ends.values()), 0)
            which = np.flatnonzero(shares > SATURATED)
            means = {name: float(share.mean()) for name, share in ends.items()}
            rows.append({"layer": site.name, "units": site.units, "saturated": which.size, **means})
            if which.size > SATURATED * site.units and is_hidden(site.layer, calls):
                text = (
                    f"{which.size} of {site.units} units of layer {site.name!r} ({site.function}) were saturated in "
                    f"epoch {epoch + 1}: most of their inputs lie where the slope is below a tenth of the steepest."
                )
                cure = "smaller initial weights or a BatchNormalization before the activation keep them in the middle"
                found.append(Finding("saturated", site.name, epoch, True, tuple(which.tolist()), text, cure=cure))
        total = sum(row["units"] for row in rows)
        logs["saturated_share"] = sum(row["saturated"] for row in rows) / total if total else 0.0
        return rows, found


class SparsityMonitor(_Sibling):
    """Callback that tells how sparse each layer is: the share of positions in which a unit's slope is exactly 0.

    For `relu` that is the share of zeros in its output. It is no fault: half is what a ReLU network starts with.
    `logs["sparsity"]` is the mean over all units.

    Attributes:
        sparsity: For each layer the share, unit by unit.
        history: One row per layer and epoch, with the mean: `"sparsity"`.

    Examples:
        >>> hidden = keras.layers.Dense(2, "relu", name="hidden")
        >>> model = keras.Sequential([keras.Input((1,)), hidden, keras.layers.Dense(1)])
        >>> hidden.set_weights([np.array([[1.0, -1.0]]), np.zeros(2)])
        >>> model.compile("sgd", "mse")
        >>> monitor = keras_acts.SparsityMonitor()
        >>> history = model.fit(np.array([[-1.0], [2.0], [3.0], [4.0]]), np.ones(4), verbose=0, callbacks=[monitor])
        >>> monitor.sparsity["hidden"]
        array([0.25, 0.75])
        >>> history.history["sparsity"]
        [0.5]
    """

    needs = ("positions",)

    def __init__(self) -> None:
        super().__init__()
        self.sparsity: dict[str, np.ndarray] = {}

    def _look(self, epoch: int, reading: Reading, logs: dict[str, Any]) -> tuple[list[dict[str, Any]], list[Finding]]:
        self.sparsity = {
            site.name: 1 - columns["active"] / max(columns["places"][0], 1) for site, columns in reading.columns.items()
        }
        shares = self.sparsity.items()
        rows = [{"layer": name, "units": share.size, "sparsity": float(share.mean())} for name, share in shares]
        total = sum(row["units"] for row in rows)
        logs["sparsity"] = sum(row["units"] * row["sparsity"] for row in rows) / total if total else 0.0
        return rows, []


class GradientFlow(_Sibling):
    """Callback that tells where gradients vanish or explode on their way from the loss to the input.

    Each layer's gradient is measured against its weights, and that ratio against the median of the layers nearer to
    the loss, which the gradient came through: no absolute threshold, since a loss near 0 makes all gradients small.
    `logs["gradient_norm"]` is the norm over all layers. Under `tf.distribute` each replica has a gradient of its own.

    Args:
        vanishing: A layer is warned of where its ratio is less than this share of that median.
        exploding: And where it is more than this many times the median.

    Attributes:
        flows: For each layer its `Flow` in the last epoch, from the input to the loss.
        findings: What was warned of: `"vanishing"`, `"exploding"`, `"zero gradient"` or `"non-finite"`.
        history: One row per layer and epoch: `"gradient"`, `"weights"`, `"relative"`.

    Raises:
        TypeError: `vanishing` or `exploding` is no number.
        ValueError: `vanishing` is above 1, or `exploding` below.

    Examples:
        >>> layers = [keras.layers.Dense(3, "tanh", name=name) for name in ("low", "middle")]
        >>> model = keras.Sequential([keras.Input((2,)), *layers, keras.layers.Dense(1, name="last")])
        >>> model.compile("sgd", "mse")
        >>> monitor = keras_acts.GradientFlow()
        >>> history = model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0, callbacks=[monitor])
        >>> list(monitor.flows)
        ['low', 'middle', 'last']
        >>> bool(monitor.flows["last"].gradient > 0)
        True
    """

    needs = ("norms",)

    def __init__(self, vanishing: float = 1e-3, exploding: float = 1e3) -> None:
        super().__init__()
        self.vanishing = number("GradientFlow", "vanishing", vanishing, 0.0, 1.0)
        self.exploding = number("GradientFlow", "exploding", exploding, 1.0, math.inf)
        self.flows: dict[str, Flow] = {}

    def _look(self, epoch: int, reading: Reading, logs: dict[str, Any]) -> tuple[list[dict[str, Any]], list[Finding]]:
        self.flows = flows(reading, [] if self._engine is None else self._engine.calls)
        logs["gradient_norm"] = math.sqrt(np.nansum([flow.gradient**2 for flow in self.flows.values()]))
        rows = [
            {"layer": name, "gradient": flow.gradient, "weights": flow.weights, "relative": flow.relative}
            for name, flow in self.flows.items()
        ]
        return rows, self._judge(epoch)

    def _judge(self, epoch: int) -> list[Finding]:
        kinds: dict[str, list[str]] = {}
        names = list(self.flows)
        for place, name in enumerate(names):
            above = [self.flows[other].relative for other in names[place + 1 :]]
            kind = self._kind(self.flows[name], [ratio for ratio in above if np.isfinite(ratio) and ratio > 0])
            if kind:
                kinds.setdefault(kind, []).append(name)
        found = []
        for kind, which in kinds.items():
            fault, cure = _FAULTS[kind]
            fault = fault.format(vanishing=self.vanishing, exploding=self.exploding)
            text = f"The gradient of {_listed(which)} was {fault} in epoch {epoch + 1}."
            found.append(Finding(kind, ", ".join(which), epoch, True, (), text, cure=cure))
        return found

    def _kind(self, flow: Flow, above: list[float]) -> str:
        """What is wrong with a layer, given the ratios of those nearer to the loss; "" for nothing."""
        if flow.first_broken:
            return "non-finite"
        if flow.gradient == 0:
            return "zero gradient"
        if above and flow.relative < self.vanishing * np.median(above):
            return "vanishing"
        if above and flow.relative > self.exploding * np.median(above):
            return "exploding"
        return ""


_FAULTS = {  # what is said of each kind, and its cure
    "vanishing": (
        "less than {vanishing:.0e} of what the layers nearer to the loss get, relative to their weights",
        "keras_acts.initializer_for(activation), a BatchNormalization, or shortcuts around layers",
    ),
    "exploding": (
        "over {exploding:.0e} times what the layers nearer to the loss get, relative to their weights",
        "clipnorm=1.0 in the optimizer, or smaller initial weights",
    ),
    "zero gradient": ("exactly 0 in every step", "look for dead layers above: keras_acts.DyingReLUMonitor()"),
    "non-finite": (
        "NaN or infinite in some step",
        "a smaller learning rate; keras_acts.NonFiniteGuard() stops at the first step of this kind",
    ),
}


def _listed(names: list[str], most: int = 6) -> str:
    left = f" and {len(names) - most} more" if len(names) > most else ""
    return f"layer{'s' if len(names) > 1 else ''} {', '.join(map(repr, names[:most]))}{left}"


class NonFiniteGuard(_Sibling):
    """Callback that ends training soon after the first NaN or infinity, and says in which layer and step it was.

    It looks at the inputs of the activations and at the gradients of the weights, also where the loss stays finite, as
    it does behind TensorFlow's fused `relu`, which turns NaN into 0.

    Args:
        every: Look after this many batches. The counts know the exact step, whenever one looks.
        stop: Whether to end training, or only to warn.

    Attributes:
        findings: The first thing that was not finite, if there was one.

    Raises:
        TypeError: `every` is no number.
        ValueError: `every` is less than 1.

    Examples:
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(2, "relu", name="hidden")])
        >>> model.compile("sgd", "mse")
        >>> guard = keras_acts.NonFiniteGuard(every=1)
        >>> history = model.fit(np.ones((4, 1)), np.ones((4, 2)), verbose=0, callbacks=[guard])
        >>> guard.findings
        []
    """

    needs = ("norms",)

    def __init__(self, every: int = 100, stop: bool = True) -> None:
        super().__init__()
        self.every, self.stop = number("NonFiniteGuard", "every", every, 1, math.inf), stop
        self._epoch = self._batches = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Begin to count batches."""
        super().on_epoch_begin(epoch, logs)
        self._epoch, self._batches = epoch, 0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Look at the counts of the epoch so far."""
        if self._engine is not None and (batch + 1) // self.every > self._batches // self.every:
            self.see(self._epoch, self._engine.peek(), {})
        self._batches = batch + 1

    def _look(self, epoch: int, reading: Reading, logs: dict[str, Any]) -> tuple[list[dict[str, Any]], list[Finding]]:
        broken: list[tuple[int, str, str, tuple[int, ...]]] = []
        for site, columns in reading.columns.items():
            steps = columns["first_nonfinite"]
            if steps.any():
                first = int(steps[steps > 0].min())
                broken.append(
                    (first, site.name, "the input of the activation", tuple(np.flatnonzero(steps == first).tolist()))
                )
        gradients = gradients_by_layer(reading, [] if self._engine is None else self._engine.calls)
        for name, own in reversed(gradients.items()):
            if first := _first_broken(own):
                broken.append((first, name, "the gradient of the weights", ()))
        if not broken:
            return [], []
        step, name, what, which = min(broken, key=lambda item: item[0])  # of one step, the first that came
        text = (
            f"Layer {name!r}: {what} was NaN or infinite in step {step} of epoch {epoch + 1}, and nothing was before."
        )
        if which:
            text = f"{text[:-1]}, in units {ranges(np.array(which))}."
        if self.stop and self._model is not None:
            self._model.stop_training = True
            text += " Training ends here."
        cure = "look at the data of that step, np.isfinite(x).all(), or take a smaller learning rate"
        return [], [Finding("non-finite", name, epoch, True, which, text, cure=cure)]
