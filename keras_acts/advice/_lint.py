"""`lint`: reads a model, without running it, and says what in it is known to go wrong."""

import dataclasses
import json
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import keras
import numpy as np

from keras_acts._core import CATALOGUE
from keras_acts._sites import Site, check_model, graph, held, is_standalone, names_of, range_of, sites
from keras_acts.advice._signal import Step, chains

_ORDER = ("error", "warning", "note")
_FAR = 1000.0  # gradients of two layers that differ by more than this do not train together
_REGRESSION = ("mean_squared_error", "mean_absolute_error", "huber", "log_cosh", "mse", "mae")
_RECTIFIERS = ("relu", "relu6", "clipped_relu")  # silent, and without a slope, below 0
_EVEN_STEPS = ("Adam", "AdamW", "Adamax", "Nadam", "RMSprop", "Lion")  # move each weight by about the learning rate
_CATEGORICAL = ("categorical_crossentropy", "sparse_categorical_crossentropy")


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing that `lint` found.

    Attributes:
        rule: The rule's id, such as `"double-softmax"`; pass it as `silence` where it is wanted so.
        severity: `"error"` (cannot work as meant), `"warning"` (usually hurts) or `"note"` (costs or surprises).
        layer: Path of the layer.
        reason: What is wrong, in one sentence.
        fix: Code that mends it.
        lesson: Where it is shown: the place in the course, or in the list of rules if the course leaves it out.
    """

    rule: str
    severity: str
    layer: str
    reason: str
    fix: str
    lesson: str

    def __str__(self) -> str:
        return f"{self.severity}: {self.layer}: {self.reason} [{self.rule}]\n    {self.fix}\n    {self.lesson}"


class Report(tuple[Finding, ...]):
    """All findings, the gravest first; prints as a list, and is empty (and false) where nothing was found."""

    def __str__(self) -> str:
        return "\n".join(map(str, self)) if self else "Nothing found."

    def to_records(self) -> list[dict[str, str]]:
        """The findings as plain dicts."""
        return [dataclasses.asdict(finding) for finding in self]

    def to_json(self) -> str:
        """The findings as JSON, for other programs."""
        return json.dumps(self.to_records(), indent=2)


class _Model:
    """What the rules look at."""

    def __init__(self, model: keras.Model, loss: Any, x: Any, y: Any) -> None:
        self.model = model
        self.sites = sites(model)
        self.chains = list(chains(model))
        self.x = np.asarray(x, "float32") if hasattr(x, "dtype") and len(model.inputs or ()) == 1 else None
        self.loss = getattr(model, "loss", None) if loss is None else loss
        self.y = None if y is None else np.asarray(y)
        self.outputs = list(_outputs(model))

    @property
    def loss_name(self) -> str:
        """The loss in snake case, `""` where there is none or several."""
        name = self.loss
        if isinstance(name, keras.losses.Loss):
            name = type(name).__name__
        elif callable(name):
            name = getattr(name, "__name__", "")
        if not isinstance(name, str):
            return ""
        name = {"mse": "mean_squared_error", "mae": "mean_absolute_error"}.get(name.lower(), name)
        return "".join(f"_{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(name))

    @property
    def from_logits(self) -> bool:
        """Whether the loss takes what comes before a softmax or sigmoid."""
        loss: Any = self.loss
        config = loss.get_config() if isinstance(loss, keras.losses.Loss) else None
        return bool(config and config.get("from_logits"))


Rule = Callable[[_Model], Iterator[Finding]]
RULES: dict[str, Rule] = {}


def _rule(name: str, severity: str, lesson: str = "") -> Callable[[Callable], Callable]:
    """Register a rule, which yields `(layer, reason, fix)`; all rules stand in `docs/howto/lint.md`."""
    page = f"docs/lessons/{lesson}" if lesson else f"docs/howto/lint.md#{name}"

    def register(check: Callable[[_Model], Iterator[tuple[str, str, str]]]) -> Callable:
        def findings(model: _Model) -> Iterator[Finding]:
            for layer, reason, fix in check(model):
                yield Finding(name, severity, layer, reason, fix, page)

        RULES[name] = findings
        return check

    return register


def lint(model: keras.Model, *, loss: Any = None, x: Any = None, y: Any = None, silence: Iterable[str] = ()) -> Report:
    """Read a model without running it, and list what in it is known to go wrong with activations.

    Rules that need the graph of layers see functional and sequential models; in a subclassed model only its layers
    are read. The predicted sizes of signal and gradient hold for standardised inputs and for the weights that the
    model has now.

    Args:
        model: A model, built; compiled where the loss should be looked at.
        loss: The loss, for a model that is not compiled.
        x: Inputs, whose scale should be looked at.
        y: Targets, to be compared with what the output can reach.
        silence: Ids of rules to leave out.

    Returns:
        The findings, the gravest first.

    Raises:
        TypeError: `model` is no Keras model.
        ValueError: `silence` names a rule that does not exist, or the model is not built.

    Examples:
        >>> model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(3, activation="softmax", name="head")])
        >>> model.compile(loss=keras.losses.CategoricalCrossentropy(from_logits=True))
        >>> print(keras_acts.lint(model))
        error: head: The loss applies a softmax to the output, which is one already. [double-softmax]
            keras.layers.Dense(3, name='head')
            docs/lessons/10-output.md#scores-or-shares-what-your-framework-does
    """
    check_model("lint", model)
    if not model.built:
        raise ValueError(f"lint needs a built model, got {model.name!r} that is not; call it on a batch first.")
    silenced = {silence} if isinstance(silence, str) else set(silence)
    if unknown := sorted(silenced - RULES.keys()):
        raise ValueError(f"lint has no rule {unknown[0]!r}; expected some of {sorted(RULES)}.")
    read = _Model(model, loss, x, y)
    found = [finding for name, rule in RULES.items() if name not in silenced for finding in rule(read)]
    return Report(sorted(found, key=lambda finding: _ORDER.index(finding.severity)))


def _outputs(model: keras.Model) -> Iterator[tuple[keras.layers.Layer, str]]:
    """Each layer that makes an output of the model, with the name of the activation that it ends in."""
    if (here := graph(model)) is None:
        return
    for tensor in here.outputs:
        layer = tensor._keras_history.operation
        if isinstance(layer, keras.Model):
            yield from _outputs(layer)
        elif isinstance(layer, keras.layers.Layer):
            if is_standalone(layer):
                yield layer, names_of(layer)[0]
            elif (activation := held(layer)) is not None:
                yield layer, names_of(activation)[0]


def _edges(model: keras.Model) -> Iterator[tuple[Any, Any]]:
    """Pairs of layers in which the second gets the output of the first; nested models too."""
    if (here := graph(model)) is None:
        return
    for nodes in here._nodes_by_depth.values():
        for node in nodes:
            for tensor in node.input_tensors:
                if tensor._keras_history.operation is not node.operation:
                    yield tensor._keras_history.operation, node.operation
            if isinstance(node.operation, keras.Model) and not node.is_input:
                yield from _edges(node.operation)


def _call(layer: Any, **changes: Any) -> str:
    """Code that makes a layer, with the arguments that matter."""
    kind = type(layer).__name__
    if kind == "Dense":
        arguments = [str(layer.units)]
    elif hasattr(layer, "filters"):
        arguments = [str(layer.filters), str(layer.kernel_size)]
    else:
        arguments = ["..."]
    activation = held(layer)
    if activation is not None and names_of(activation)[0] != "linear":
        changes = {"activation": names_of(activation)[0], **changes}
    arguments += [f"{name}={value!r}" for name, value in {**changes, "name": layer.name}.items() if value is not None]
    return f"keras.layers.{kind}({', '.join(arguments)})"


def _without(layer: Any) -> str:
    """Code that takes the activation away."""
    if held(layer) is not None:
        return _call(layer, activation=None)
    return f"keras.Model(model.inputs, model.get_layer({layer.name!r}).input)"


@_rule("linear-stack", "error", "02-bend.md#three-layers-that-are-one")
def _linear_stack(m: _Model) -> Iterator[tuple[str, str, str]]:
    for first, second in _edges(m.model):
        dense = isinstance(first, keras.layers.Dense) and isinstance(second, keras.layers.Dense)
        if not dense or names_of(held(first))[0] != "linear":
            continue
        narrow = min(int(first.kernel.shape[0]), second.units)
        if first.units >= narrow:  # narrower is a factorisation of low rank, which saves weights
            yield (
                first.name,
                f"No activation between it and {second.name!r}, so the two are no more than one linear layer.",
                _call(first, activation="relu"),
            )


@_rule("double-softmax", "error", "10-output.md#scores-or-shares-what-your-framework-does")
def _double_softmax(m: _Model) -> Iterator[tuple[str, str, str]]:
    for layer, name in m.outputs:
        if m.from_logits and name in ("softmax", "sigmoid"):
            yield layer.name, f"The loss applies a {name} to the output, which is one already.", _without(layer)


@_rule("logits-as-probabilities", "error", "10-output.md#scores-or-shares-what-your-framework-does")
def _logits_as_probabilities(m: _Model) -> Iterator[tuple[str, str, str]]:
    if m.from_logits or m.loss_name not in (*_CATEGORICAL, "binary_crossentropy"):
        return
    for layer, name in m.outputs:
        if name == "linear":
            loss = "".join(part.capitalize() for part in m.loss_name.split("_"))
            yield (
                layer.name,
                "The loss expects probabilities, and the output is any number.",
                f"model.compile(loss=keras.losses.{loss}(from_logits=True))",
            )


@_rule("one-unit-softmax", "error", "10-output.md#the-last-layer-is-different")
def _one_unit_softmax(m: _Model) -> Iterator[tuple[str, str, str]]:
    for layer, name in m.outputs:
        if name == "softmax" and layer.output.shape[-1] == 1:
            yield layer.name, "A softmax over one unit is always 1.", _call(layer, activation="sigmoid")


@_rule("wrong-cross-entropy", "warning", "10-output.md#the-last-layer-is-different")
def _wrong_cross_entropy(m: _Model) -> Iterator[tuple[str, str, str]]:
    for layer, name in m.outputs:
        if name == "softmax" and m.loss_name == "binary_crossentropy" and layer.output.shape[-1] != 1:
            yield (
                layer.name,
                "Binary cross-entropy judges each class of a softmax by itself, though they depend on each other.",
                'model.compile(loss="categorical_crossentropy")',
            )
        if name == "sigmoid" and m.loss_name in _CATEGORICAL:
            yield (
                layer.name,
                "Categorical cross-entropy expects probabilities that sum to 1, which sigmoids do not.",
                _call(layer, activation="softmax"),
            )


@_rule("squared-error-on-softmax", "warning", "10-output.md#sure-and-wrong")
def _squared_error_on_softmax(m: _Model) -> Iterator[tuple[str, str, str]]:
    for layer, name in m.outputs:
        if name == "softmax" and m.loss_name in _REGRESSION:
            yield (
                layer.name,
                "With a squared error, a softmax that is surely wrong gets almost no gradient.",
                'model.compile(loss="categorical_crossentropy")',
            )


@_rule("probability-cross-entropy", "note")
def _probability_cross_entropy(m: _Model) -> Iterator[tuple[str, str, str]]:
    for layer, name in m.outputs:
        if not m.from_logits and name == "softmax" and m.loss_name in _CATEGORICAL and keras.backend.backend() == "jax":
            yield (
                layer.name,
                "Cross-entropy of probabilities is clipped at 1e-7: beyond 16 logits the gradient is 0 on JAX.",
                f"{_call(layer, activation='linear')} and a loss with from_logits=True",
            )


@_rule("target-out-of-reach", "error", "10-output.md#a-head-that-cannot-say-the-answer")
def _target_out_of_reach(m: _Model) -> Iterator[tuple[str, str, str]]:
    if m.y is None or m.y.dtype.kind not in "fiu" or m.loss_name.startswith("sparse") or len(m.outputs) != 1:
        return
    ((layer, name),) = m.outputs
    low, high = range_of(name)
    for edge, beyond in ((low, m.y.min() < low), (high, m.y.max() > high)):
        if beyond:
            yield (
                layer.name,
                f"{name} ends at {edge:g}, and targets go from {m.y.min():.4g} to {m.y.max():.4g}.",
                _without(layer),
            )


@_rule("vanishing-gradient", "warning", "06-depth.md#measure-it")
def _vanishing_gradient(m: _Model) -> Iterator[tuple[str, str, str]]:
    for steps in m.chains:
        ratio = math.prod(step.gradient for step in steps)
        worst = max(steps, key=lambda step: abs(math.log(max(step.gradient, 1e-30))))
        if len(steps) < 3 or 1 / _FAR <= ratio <= _FAR:
            continue
        word = "shrinks" if ratio < 1 else "grows"
        initializer = f'keras_acts.initializer_for("{worst.activation}")'
        fix = _call(worst.layer, activation=worst.activation)[:-1] + f", kernel_initializer={initializer})"
        if worst.activation in ("sigmoid", "hard_sigmoid", "softsign"):
            fix = _call(worst.layer, activation="relu", kernel_initializer="he_normal")
        yield (
            steps[0].layer.name,
            f"The gradient {word} {max(ratio, 1 / ratio):.2g} times on its way back from {steps[-1].layer.name!r} "
            f"through {len(steps)} layers of {worst.activation}.",
            fix,
        )


@_rule("signal-scale", "warning", "06-depth.md#the-other-knob-the-weights")
def _signal_scale(m: _Model) -> Iterator[tuple[str, str, str]]:
    for steps in m.chains:
        for step in steps:
            if not 0.01 <= step.deviation <= 100:
                initializer = f'keras_acts.initializer_for("{step.activation}")'
                yield (
                    step.layer.name,
                    f"Inputs of deviation 1 arrive at its {step.activation} with a deviation of {step.deviation:.2g}.",
                    _call(step.layer)[:-1] + f", kernel_initializer={initializer})",
                )
                break


@_rule("selu-start", "warning", "06-depth.md#which-gain-is-right")
def _selu_start(m: _Model) -> Iterator[tuple[str, str, str]]:
    for layer, _ in _weighted(m, "selu"):
        start = layer.kernel_initializer
        if type(start).__name__ not in ("LecunNormal", "HeNormal", "VarianceScaling", "RandomNormal"):
            yield (
                layer.name,
                f"SELU keeps mean 0 and deviation 1 only from LeCun's start, and this one is {type(start).__name__}.",
                _call(layer, kernel_initializer="lecun_normal"),
            )


@_rule("selu-dropout", "warning")
def _selu_dropout(m: _Model) -> Iterator[tuple[str, str, str]]:
    for first, second in _edges(m.model):
        if type(second) is keras.layers.Dropout and _ends_in(first) == "selu":
            yield (
                second.name,
                "Dropout takes SELU's mean and deviation away.",
                f"keras.layers.AlphaDropout({second.rate}, name={second.name!r})",
            )


@_rule("bias-before-norm", "note")
def _bias_before_norm(m: _Model) -> Iterator[tuple[str, str, str]]:
    for first, second in _edges(m.model):
        if type(second) is not keras.layers.BatchNormalization or not getattr(first, "use_bias", False):
            continue
        if (activation := held(first)) is not None and names_of(activation)[0] == "linear" and second.center:
            yield (
                first.name,
                f"{second.name!r} subtracts the mean, so the bias does nothing.",
                _call(first, use_bias=False),
            )


@_rule("dead-on-arrival", "warning", "08-dying.md#when-is-a-unit-dead")
def _dead_on_arrival(m: _Model) -> Iterator[tuple[str, str, str]]:
    for steps in m.chains:
        lowest = _inputs(m, steps[0]).min(initial=math.inf)
        lowest = lowest if math.isfinite(lowest) else -math.inf
        for step in steps:
            kernel = keras.ops.convert_to_numpy(step.layer.kernel)
            bias = (
                np.zeros(kernel.shape[-1]) if step.layer.bias is None else keras.ops.convert_to_numpy(step.layer.bias)
            )
            low = bias < -3 * step.deviation
            negative = (kernel.reshape(-1, len(bias)).max(0) <= 0) & (bias <= 0) & (lowest >= 0)
            lowest, _ = range_of(step.activation)
            if step.activation not in _RECTIFIERS or (low | negative).mean() < 0.2:
                continue
            if low.mean() >= negative.mean():
                fix = _call(step.layer, bias_initializer="zeros")
                yield step.layer.name, f"{low.mean():.0%} of its biases lie three deviations below 0: dead units.", fix
            else:
                fix = _call(step.layer, kernel_initializer="he_normal")
                reason = f"{negative.mean():.0%} of its units have no weight above 0 for inputs that are not below 0."
                yield step.layer.name, reason, fix


@_rule("narrow-rectifiers", "warning")
def _narrow_rectifiers(m: _Model) -> Iterator[tuple[str, str, str]]:
    for steps in m.chains:
        narrow = [step.layer for step in steps if step.activation in _RECTIFIERS and len(step.layer.kernel.shape) == 2]
        silent = 1 - math.prod(1 - 0.5**layer.units for layer in narrow)
        if silent > 0.1:
            worst = min(narrow, key=lambda layer: layer.units)
            yield (
                worst.name,
                f"With a chance of {silent:.0%}, a sample meets a layer in which every unit is silent.",
                _call(worst, activation="leaky_relu"),
            )


@_rule("large-steps", "warning", "08-dying.md#what-helps-and-when")
def _large_steps(m: _Model) -> Iterator[tuple[str, str, str]]:
    optimizer: Any = getattr(m.model, "optimizer", None)
    if type(optimizer).__name__ not in _EVEN_STEPS:
        return
    rate = float(keras.ops.convert_to_numpy(optimizer.learning_rate))
    for step in (step for steps in m.chains for step in steps if step.activation in _RECTIFIERS):
        size = float(keras.ops.convert_to_numpy(step.layer.kernel).astype("float32", copy=False).std())
        if size and rate > size / 2:
            kind = type(optimizer).__name__
            reason = f"A step of {kind} moves each weight by about {rate:.2g}, and the weights are about {size:.2g}."
            yield step.layer.name, reason, f"model.compile(keras.optimizers.{kind}({size / 100:.0e}))"
            return


@_rule("unscaled-input", "warning", "06-depth.md#the-other-knob-the-weights")
def _unscaled_input(m: _Model) -> Iterator[tuple[str, str, str]]:
    for steps in m.chains:
        x = _inputs(m, steps[0])
        if not x.size:
            continue
        mean, deviation = float(x.mean()), float(x.std())
        if abs(mean) > 3 * deviation or math.hypot(mean, deviation) > 10:
            yield (
                steps[0].layer.name,
                f"Its inputs have mean {mean:.3g} and deviation {deviation:.3g}, and its start is made for 0 and 1.",
                "keras.layers.Normalization()  # as the first layer, after .adapt(x)",
            )


@_rule("slope-per-position", "warning")
def _slope_per_position(m: _Model) -> Iterator[tuple[str, str, str]]:
    for site in m.sites:
        alpha = getattr(site.layer, "alpha", None)
        shape = tuple(getattr(alpha, "shape", ()))
        if site.activation == "prelu" and len(shape) > 1 and math.prod(shape[:-1]) > 1:
            yield (
                site.path,
                f"One slope per position makes {math.prod(shape):,} weights and fixes the size of the image.",
                f"keras_acts.PReLU(name={site.name!r})  # one slope per channel",
            )


@_rule("gate-inside", "error")
def _gate_inside(m: _Model) -> Iterator[tuple[str, str, str]]:
    for site in m.sites:
        facts = CATALOGUE.get(site.activation)
        if site.inside and facts and facts.kind in ("gated", "reshaping"):
            yield (
                site.path,
                f"{site.activation} changes the width, and Keras reports the old one to the next layer.",
                f"{_call(site.layer, activation=None)}, then keras_acts.{facts.layer.__name__}()",
            )


@_rule("unclear-slope", "note", "04-zoo.md#a-trap-in-the-defaults")
def _unclear_slope(m: _Model) -> Iterator[tuple[str, str, str]]:
    for site in m.sites:
        if site.inside and held(site.layer) is keras.activations.leaky_relu:
            yield (
                site.path,
                "Keras's leaky_relu has slope 0.2 as a function, 0.3 as a layer, and 0.01 in torch.",
                _call(site.layer, activation=None)[:-1]
                + ', activation=keras_acts.get("leaky_relu", negative_slope=0.2))',
            )


@_rule("half-precision-output", "warning")
def _half_precision_output(m: _Model) -> Iterator[tuple[str, str, str]]:
    for layer, _ in m.outputs:
        if layer.compute_dtype == "float16":
            yield (
                layer.name,
                "The output is computed in float16, which ends at 65,504 and has 3 digits.",
                _call(layer, dtype="float32"),
            )


@_rule("cannot-be-loaded", "warning")
def _cannot_be_loaded(m: _Model) -> Iterator[tuple[str, str, str]]:
    for site in m.sites:
        activation = held(site.layer) if site.inside else getattr(site.layer, "activation", None)
        name = getattr(activation, "__name__", "")
        own = not str(getattr(activation, "__module__", "")).startswith(("keras.", "keras_acts."))
        if activation is None or not own or isinstance(activation, keras.layers.Layer):
            continue
        if name == "<lambda>":
            reason = "A lambda is saved but cannot be loaded."
        elif hasattr(keras.activations, name) and not keras.saving.get_registered_name(activation).count(">"):
            reason = f"Saved and loaded, your own {name!r} becomes the one of Keras."
        else:
            continue
        yield site.path, reason, '@keras.saving.register_keras_serializable("my_package")  # above a named function'


def _ends_in(layer: Any) -> str:
    if not isinstance(layer, keras.layers.Layer):
        return ""
    activation = layer if is_standalone(layer) else held(layer)
    return names_of(activation)[0] if activation is not None else ""


def _inputs(m: _Model, step: Step) -> np.ndarray:
    """What a layer reads, if that is the input of the model itself and it is known; else nothing."""
    source = step.layer.input._keras_history.operation
    return m.x if m.x is not None and isinstance(source, keras.layers.InputLayer) else np.empty(0)


def _weighted(m: _Model, name: str) -> Iterator[tuple[Any, Site | None]]:
    """Weighted layers whose output goes into an activation of that name."""
    for site in m.sites:
        if site.inside and site.activation == name and hasattr(site.layer, "kernel_initializer"):
            yield site.layer, site
    for first, second in _edges(m.model):
        if hasattr(first, "kernel_initializer") and is_standalone(second) and _ends_in(second) == name:
            yield first, None
