"""From counts to findings: what is wrong, since when, the likely cause with its evidence, and the cure.

The evidence is free: the steps in which units last fired, and a few numbers per unit of the weights behind them,
read once per epoch.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from keras_acts.monitor._history import ranges
from keras_acts.monitor._recorder import Call
from keras_acts.monitor._units import DEAD, NONFINITE, SUSPECT, ZOMBIE, Units

_LARGE_OFFSET = 2.0  # mean of the inputs over their standard deviation
_LARGE_INPUTS = 10.0  # their root mean square, where weights are made for 1
_ONE_SIDED = 0.3  # mean of a unit's weights over their standard deviation, where random ones stay near 0
_JUMP = 0.5  # change of a unit's weights within an epoch, over their norm
_SPREADING = ("non-finite", "vanishing", "exploding", "zero gradient")
_MOST_OTHERS = 9
_NARROW = 4  # units: each sample is lost with a chance of 2^-4 per layer


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing that is wrong with one layer.

    Attributes:
        kind: `"dead layer"`, `"dead units"`, `"dying"`, `"non-finite"` (these are alarms), `"silent at start"`,
            `"zombie"`, `"saturated"`, `"no gradient"`, `"dormant"`; from `GradientFlow` `"vanishing"`, `"exploding"`,
            `"zero gradient"`.
        layer: The layer's name.
        epoch: The epoch, from 0, in which it was found; -1: in the first batch.
        is_alarm: Whether a warning came of it.
        units: The units concerned.
        message: What was counted.
        when: The epoch and the steps in which it happened.
        cause: `"start"`, `"bias"`, `"input"`, `"narrow"`, `"rate"`, `"upstream"`, `"data"`, or `"unknown"`; of a model
            that was only looked at `"weights"`, `"bias"`, `"input"`, `"upstream"` or `"unknown"`.
        evidence: The numbers that speak for the cause.
        cure: What to do, with the call that does it.
    """

    kind: str
    layer: str
    epoch: int
    is_alarm: bool
    units: tuple[int, ...]
    message: str
    when: str = ""
    cause: str = "unknown"
    evidence: str = ""
    cure: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What makes it another finding: the kind, and the layer unless it is of a kind that spreads."""
        return ("" if self.kind in _SPREADING else self.layer, self.kind)

    def __str__(self) -> str:
        parts = [self.message]
        if self.when:
            parts.append(f"When: {self.when}.")
        if self.evidence:
            parts.append(f"Likely cause ({self.cause}): {self.evidence}.")
        if self.cure:
            parts.append(f"Cure: {self.cure}.")
        return " ".join(parts)


@dataclasses.dataclass(frozen=True)
class Weights:
    """What is remembered of a layer's weights; one entry per unit.

    Attributes:
        norm: Norm of the incoming weights.
        lean: Their mean over their standard deviation.
        bias: The bias, or zeros.
        count: How many weights there are in all.
    """

    norm: np.ndarray
    lean: np.ndarray
    bias: np.ndarray
    count: int


def weights_of(layer: Any) -> Weights | None:
    """A summary of a layer's weights, or `None` if it multiplies by none."""
    if isinstance(layer, keras.layers.BatchNormalization):
        ones = np.ones(layer.moving_mean.shape, "float32")
        norm = ones if layer.gamma is None else np.abs(_array(layer.gamma))
        return Weights(norm, 0 * ones, 0 * ones if layer.beta is None else _array(layer.beta), ones.size)
    try:
        kernel = _array(layer.kernel)
    except (AttributeError, ValueError):  # no kernel, or not built
        return None
    if kernel.ndim < 2:
        return None
    rows = kernel.reshape(-1, kernel.shape[-1])
    bias = getattr(layer, "bias", None)
    bias = np.zeros(rows.shape[1]) if bias is None else _array(bias).reshape(-1)
    if bias.size != rows.shape[1]:  # depthwise, or several axes of units
        return None
    with np.errstate(all="ignore"):  # weights may be NaN or infinite
        mean, deviation = rows.mean(0), rows.std(0)
        lean = np.where(deviation > 1e-6 * np.abs(mean), mean / np.maximum(deviation, 1e-30), 1e6 * np.sign(mean))
        return Weights(np.linalg.norm(rows, axis=0), lean if len(rows) > 1 else 0 * lean, bias, rows.size)


def _array(variable: Any) -> np.ndarray:
    return keras.ops.convert_to_numpy(variable).astype("float32")


@dataclasses.dataclass(eq=False)
class Evidence:
    """All that is known when an epoch ends.

    Attributes:
        epoch: The epoch that ended.
        units: For each layer its `Units` in that epoch.
        before: The same of the epoch before.
        fired_ever: For each layer which units have ever fired.
        start: Weights before training, by layer.
        now: Weights when it ended.
        inputs: Mean and standard deviation of the data that goes into a layer, where data does.
        rate: The learning rate, if there is one.
        calls: The calls of layers in the step.
        is_training: False where a model is only looked at.
    """

    epoch: int
    units: Mapping[str, Units]
    before: Mapping[str, Units]
    fired_ever: Mapping[str, np.ndarray]
    start: Mapping[Any, Weights | None]
    now: Mapping[Any, Weights | None]
    inputs: Mapping[Any, tuple[float, float]]
    rate: float | None
    calls: list[Call]
    is_training: bool = True


def find(evidence: Evidence, alarm: float, rise: float, lowest: Mapping[str, float]) -> list[Finding]:
    """All findings of an epoch, alarms first."""
    found = [f for name, units in evidence.units.items() for f in _of_layer(evidence, name, units, alarm, rise, lowest)]
    broken = [name for name, units in evidence.units.items() if units.columns["nonfinite"].any()]
    if broken:
        found.append(_nonfinite(evidence, min(broken, key=lambda name: _first_nonfinite(evidence.units[name]))))
    return sorted(found, key=lambda finding: not finding.is_alarm)


def _of_layer(
    evidence: Evidence, name: str, units: Units, alarm: float, rise: float, lowest: Mapping[str, float]
) -> list[Finding]:
    found: list[Finding] = []
    dead, total, epoch = units.dead, units.site.units, evidence.epoch
    over = f"after epoch {epoch + 1}" if evidence.is_training else f"on these {units.samples} samples"
    counted = f"{dead.size} of {total} units of layer {name!r} are dead {over}"
    share = dead.size / total
    if dead.size == total:
        text = f"{counted}: nothing passes through it any more, and nothing below it learns."
        found.append(_with_cause("dead layer", evidence, name, units, dead, text))
    elif units.is_silent:
        gone = np.flatnonzero(np.isin(units.states, (DEAD, SUSPECT)))
        text = (
            f"No unit of layer {name!r} has fired for the last {int(units.silent.min())} samples of epoch {epoch + 1}."
        )
        found.append(_with_cause("dead layer", evidence, name, units, gone, text))
    elif share >= alarm and dead.size > 1:
        text = f"{counted}: {units.site.function} had slope 0 there for every sample."
        found.append(_with_cause("dead units", evidence, name, units, dead, text))
    elif share - lowest.get(name, share) >= rise and dead.size > 1:
        text = f"{counted}, up from {lowest[name]:.0%}: units keep dying."
        found.append(_with_cause("dying", evidence, name, units, dead, text))
    return found + _notes(evidence, name, units)


def _notes(evidence: Evidence, name: str, units: Units) -> list[Finding]:
    """Findings that are no alarms."""

    def note(kind: str, which: np.ndarray, text: str, cure: str = "") -> Finding:
        numbers = tuple(which.tolist())
        return Finding(
            kind, name, evidence.epoch, False, numbers, f"{len(numbers)} units of layer {name!r} {text}.", cure=cure
        )

    found = []
    zombies = np.flatnonzero(units.states == ZOMBIE)
    if zombies.size:
        cure = "revive what lies between this layer and the loss: callbacks=[monitor, keras_acts.Revive(monitor)]"
        kind = "no gradient" if zombies.size == units.site.units else "zombie"
        found.append(note(kind, zombies, "fire, but no gradient comes back to them", cure))
    if units.dormant is not None:
        dormant = np.flatnonzero(units.dormant & ~np.isin(units.states, (DEAD, NONFINITE, SUSPECT)))
        if dormant.size:
            found.append(note("dormant", dormant, "give less than 2.5 % of the layer's mean output"))
    if (
        units.saturated is not None
        and is_hidden(units.site.layer, evidence.calls)
        and units.saturated.mean() > 0.5
        and units.dead.size < units.site.units
    ):
        saturated = np.flatnonzero(units.saturated)
        text = "spend most positions where the slope is below a tenth of the steepest"
        cure = "smaller initial weights or a BatchNormalization before the activation keep them in the middle"
        found.append(note("saturated", saturated, text, cure))
    return found


def is_hidden(layer: Any, calls: list[Call]) -> bool:
    """Whether what a layer gives goes into another one."""
    return any(layer in call.sources for call in calls)


def _first_nonfinite(units: Units) -> int:
    steps = units.columns["first_nonfinite"]
    return int(steps[steps > 0].min())


def _nonfinite(evidence: Evidence, name: str) -> Finding:
    """The layer that saw NaN or infinity first; those behind it follow from it."""
    units, epoch = evidence.units[name], evidence.epoch
    which = np.flatnonzero(units.columns["nonfinite"])
    samples, step = int(units.columns["nonfinite"].max()), _first_nonfinite(units)
    text = f"Layer {name!r} was the first to see NaN or infinity, in {samples} of {units.samples} samples"
    when = f"epoch {epoch + 1}, from step {step} of {units.steps} on"
    weights, data = evidence.now.get(units.site.producer), _unscaled(evidence)
    if data is not None:
        cause, why, cure = data
    elif step == 1 and epoch == 0:
        cause, why = "data", "it came with the first batch, before any weight had changed"
        cure = "look at the data, np.isfinite(x).all(), and at the weights that the model starts with"
    elif weights is not None and not np.isfinite(weights.norm).all():
        cause, why = "rate", f"the weights are not finite any more, which a step that exploded does{_rate(evidence)}"
        cure = f"{_slower(evidence)}, or clipnorm=1.0"
    else:
        cause, why = "unknown", ""
        cure = "keras.callbacks.TerminateOnNaN(), and look at the data: np.isfinite(x).all()"
    return Finding(
        "non-finite", name, epoch, True, tuple(which.tolist()), f"{text} of epoch {epoch + 1}.", when, cause, why, cure
    )


def _rate(evidence: Evidence) -> str:
    return f" at learning rate {evidence.rate:.3g}" if evidence.rate else ""


def _slower(evidence: Evidence) -> str:
    return f"learning_rate={evidence.rate / 10:.1g} in the optimizer" if evidence.rate else "a rate ten times smaller"


def _unscaled(evidence: Evidence) -> tuple[str, str, str] | None:
    """Data far from what weights are made for: mean 0 and standard deviation 1."""
    for mean, deviation in evidence.inputs.values():
        numbers = f"the data that goes into the model has mean {mean:.3g} and standard deviation {deviation:.3g}"
        cure = "a keras.layers.Normalization() first, adapted to the data"
        if abs(mean) > _LARGE_OFFSET * deviation and abs(mean) > 1:
            return "input", f"{numbers}, so one sign decides who fires", cure
        if np.hypot(mean, deviation) > _LARGE_INPUTS:
            return "input", numbers, cure
    return None


def _with_cause(kind: str, evidence: Evidence, name: str, units: Units, which: np.ndarray, text: str) -> Finding:
    is_old = (~evidence.fired_ever[name][which]).mean() > 0.5
    if not evidence.is_training:
        when = ""
    else:
        when = "before training began: they never fired" if is_old else _time(evidence, name, units, which)
    causes = _as_found if not evidence.is_training else _at_start if is_old else _in_training
    cause, why, cure = _upstream(evidence, units) or causes(evidence, name, units, which)
    return Finding(kind, name, evidence.epoch, True, tuple(which.tolist()), text, when, cause, why, cure)


def _time(evidence: Evidence, name: str, units: Units, which: np.ndarray) -> str:
    """Between which steps most of the units last fired."""
    epoch, last = evidence.epoch, units.columns["last"][which]
    before = evidence.before.get(name)
    if not last.any() and before is not None:
        epoch, last = epoch - 1, before.columns["last"][which]
    last = last[last > 0]
    if not last.size:
        return f"before epoch {epoch + 1}"
    low, high = np.quantile(last, [0.1, 0.9], method="nearest").astype(int)
    steps = f"step {low}" if low == high else f"steps {low}-{high}"
    return f"last fired in epoch {epoch + 1}, {steps} of {units.steps}"


def _upstream(evidence: Evidence, units: Units) -> tuple[str, str, str] | None:
    """A layer all of whose inputs come from dead layers has nothing to fire from."""
    silent = {u.site.layer: name for name, u in evidence.units.items() if u.dead.size == u.site.units or u.is_silent}
    sources: dict[Any, set[Any]] = {}
    for call in evidence.calls:
        sources.setdefault(call.layer, set()).update(call.sources)
    layer, seen = units.site.producer or units.site.layer, set()
    while layer not in seen:
        seen.add(layer)
        came = sources.get(layer, set()) - seen
        if len(came) != 1:
            return None
        layer = came.pop()
        if layer is None:
            return None
        if layer in silent:
            why = f"all its input comes through layer {silent[layer]!r}, which is dead"
            return "upstream", why, f"mend {silent[layer]!r} first"
    return None


def _at_start(evidence: Evidence, name: str, units: Units, which: np.ndarray) -> tuple[str, str, str]:
    layer = units.site.producer
    start = evidence.start.get(layer)
    mean, deviation = evidence.inputs.get(layer, (0.0, 1.0))
    reach = float(np.hypot(mean, deviation)) if layer in evidence.inputs else 1.0
    if start is not None:
        norm, bias = (float(np.median(values[which])) for values in (start.norm, start.bias))
        if norm == 0:
            return "start", "their incoming weights are exactly 0", 'kernel_initializer="he_normal", not zeros'
        if -bias > norm * reach:
            why = f"their bias is {bias:.3g}, which incoming weights of norm {norm:.3g} cannot overcome"
            return "bias", why, 'start the bias at 0: bias_initializer="zeros"'
    data = _unscaled(evidence)
    if data is not None:
        return data
    if start is not None:
        lean = float(np.median(start.lean))  # of all units: where the inputs are positive, the dead lean anyhow
        if lean < -max(_ONE_SIDED, 5 / np.sqrt(start.count)):  # few random weights lean by chance
            why = f"the layer's weights lie {-lean:.2g} standard deviations below 0 on average"
            return "start", why, 'start around 0: kernel_initializer="he_normal"'
        if not 0.05 < norm < 50:
            why = f"their incoming weights have norm {norm:.3g}, where 1.4 keeps the scale"
            return "start", why, "keras_acts.initializer_for(activation) gives the scale for this activation"
    if units.site.units <= 4 * _NARROW:
        why = f"the layer has {units.site.units} units, and at the start each is dead for half of what little comes in"
        return "narrow", why, "wider layers, a BatchNormalization before the activation, or a shortcut around it"
    why = "they never fired with the weights before training"
    return "start", why, "keras_acts.initializer_for(activation) gives the scale for this activation"


def _as_found(evidence: Evidence, name: str, units: Units, which: np.ndarray) -> tuple[str, str, str]:
    """What shows in the weights of a model of whose training nothing is known."""
    layer = units.site.producer
    weights, data = evidence.now.get(layer), _unscaled(evidence)
    cure = "train on with callbacks=[monitor, keras_acts.Revive(monitor)], at a smaller rate"
    if data is not None:
        return data
    if weights is None:
        return "unknown", "", cure
    norm, bias = (float(np.median(values[which])) for values in (weights.norm, weights.bias))
    mean, deviation = evidence.inputs.get(layer, (0.0, 1.0))
    if norm == 0:
        return "weights", "their incoming weights are exactly 0", cure
    if -bias > norm * float(np.hypot(mean, deviation)):
        return "bias", f"their bias is {bias:.3g}, which incoming weights of norm {norm:.3g} cannot overcome", cure
    return "unknown", "", cure


def _in_training(evidence: Evidence, name: str, units: Units, which: np.ndarray) -> tuple[str, str, str]:
    layer = units.site.producer
    start, now = evidence.start.get(layer), evidence.now.get(layer)
    data, rate, slower = _unscaled(evidence), _rate(evidence), _slower(evidence)
    if data is not None:
        return data
    if start is None or now is None:
        return "rate", f"they fired before and stopped{rate}", slower
    norm = np.maximum(start.norm[which], 1e-12)
    grown = float(np.median(now.norm[which] / norm))
    fall = float(np.median((start.bias - now.bias)[which] / np.maximum(norm, now.norm[which])))
    if fall > 1:
        bias = float(np.median(now.bias[which]))
        if float(np.median(start.bias[which] / norm)) < -1:
            return "bias", f"their bias fell to {bias:.3g}", 'start the bias at 0: bias_initializer="zeros"'
        why = f"their bias was pushed down to {bias:.3g}{rate}"
        return "rate", why, slower
    why = (
        f"their weights grew to {grown:.2g} times their norm{rate}"
        if grown > 1 + _JUMP
        else f"they fired before and stopped{rate}"
    )
    return "rate", why, slower


def together(findings: list[Finding]) -> str:
    """What an epoch found, as one text: the root in full, of the others what was counted."""
    root = next((finding for finding in findings if finding.cause != "upstream"), findings[0])
    others = [finding.message for finding in findings if finding is not root]
    left = f"And {len(others) - _MOST_OTHERS} more, see `findings`." if len(others) > _MOST_OTHERS else ""
    return " ".join([str(root), *others[:_MOST_OTHERS], *filter(None, [left])])


def silent_at_start(name: str, units: Units) -> Finding | None:
    """What the first batch, which the weights before training have seen, did not wake."""
    silent = np.flatnonzero(units.states == SUSPECT)
    if silent.size < 0.5 * units.site.units:
        return None
    text = (
        f"{silent.size} of {units.site.units} units of layer {name!r} stayed silent in the first batch of "
        f"{units.samples} samples ({ranges(silent)}); an input that wakes one has a share of at most "
        f"{units.bound.max():.0%}."
    )
    return Finding("silent at start", name, -1, False, tuple(silent.tolist()), text)
