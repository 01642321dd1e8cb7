"""`recommend`: a card that says what to begin with, and why."""

import dataclasses
from typing import Any

# Output activation, loss, and the reason for both, by task.
_TASKS: dict[str, tuple[str, str, str]] = {
    "regression": (
        "linear",
        "keras.losses.MeanSquaredError()",
        "any target can be reached; an activation would cut some off",
    ),
    "positive regression": (
        "softplus",
        "keras.losses.Poisson()",
        "positive everywhere, and its slope is never 0, so that a wrong output can come back",
    ),
    "binary": (
        "linear",
        "keras.losses.BinaryCrossentropy(from_logits=True)",
        "the loss applies the sigmoid itself and stays exact where a sigmoid would have rounded to 1",
    ),
    "multiclass": (
        "linear",
        "keras.losses.SparseCategoricalCrossentropy(from_logits=True)",
        "the loss applies the softmax itself and stays exact where probabilities would have been clipped",
    ),
    "multilabel": (
        "linear",
        "keras.losses.BinaryCrossentropy(from_logits=True)",
        "labels do not exclude each other, so each gets a sigmoid of its own, inside the loss",
    ),
}
_ARCHITECTURES = ("mlp", "cnn", "rnn", "transformer")
_SOURCES = {
    "he": "He et al., Delving Deep into Rectifiers, ICCV 2015, arXiv:1502.01852",
    "selu": "Klambauer et al., Self-Normalizing Neural Networks, NeurIPS 2017, arXiv:1706.02515",
    "glu": "Shazeer, GLU Variants Improve Transformer, 2020, arXiv:2002.05202",
    "batchnorm": "Ioffe, Szegedy, Batch Normalization, ICML 2015, arXiv:1502.03167",
}


@dataclasses.dataclass(frozen=True)
class Card:
    """What to begin with.

    Attributes:
        hidden: Name of the activation of the hidden layers.
        output: Name of the activation of the output layer.
        initializer: Code of the initializer of the hidden layers.
        loss: Code of the loss.
        reasons: Why, a sentence each, by what it is about.
        sources: Papers and experiments behind it.
        rivals: Activations to compare it with.
    """

    hidden: str
    output: str
    initializer: str
    loss: str
    reasons: dict[str, str]
    sources: tuple[str, ...]
    rivals: tuple[str, ...]

    def __str__(self) -> str:
        rows = {"hidden": self.hidden, "output": self.output, "initializer": self.initializer, "loss": self.loss}
        width = max(map(len, rows.values()))
        lines = [f"{name:12}{value:{width}}  {self.reasons[name]}" for name, value in rows.items()]
        lines += [f"{name:12}{reason}" for name, reason in self.reasons.items() if name not in rows]
        lines.append(f"then        keras_acts.compare(build, {[self.hidden, *self.rivals]}, data, ...)")
        return "\n".join([*lines, *(f"source      {source}" for source in self.sources)])


def recommend(
    task: str, *, depth: int = 3, architecture: str = "mlp", normalized: bool = False, residual: bool = False
) -> Card:
    """What activations, start and loss to begin with, with reasons: a first guess to be compared, no oracle.

    Args:
        task: `"regression"`, `"positive regression"` (targets above 0, such as counts), `"binary"`, `"multiclass"`
            (one class of several) or `"multilabel"` (any of several).
        depth: Number of hidden layers.
        architecture: `"mlp"`, `"cnn"`, `"rnn"` or `"transformer"`.
        normalized: Whether normalisation layers stand between the layers.
        residual: Whether shortcuts lead around the layers.

    Returns:
        The `Card`; it prints as a table.

    Raises:
        ValueError: `task` or `architecture` is none of the above, or `depth` is below 1.

    Examples:
        >>> card = keras_acts.recommend("multiclass", depth=3)
        >>> card.hidden, card.output, card.initializer
        ('relu', 'linear', 'keras_acts.initializer_for("relu")')
    """
    for name, value, known in (("task", task, _TASKS), ("architecture", architecture, _ARCHITECTURES)):
        if value not in known:
            raise ValueError(f"recommend: `{name}` must be one of {list(known)}, got {value!r}.")
    if not isinstance(depth, int) or isinstance(depth, bool) or depth < 1:
        raise ValueError(f"recommend: `depth` is the number of hidden layers, an integer from 1, got {depth!r}.")
    output, loss, output_reason = _TASKS[task]
    reasons: dict[str, Any] = {"output": output_reason, "loss": "fits the output; `lint` checks the pair"}
    sources = []
    if architecture == "rnn":
        hidden, rivals, initializer = "tanh", ("relu",), '"glorot_uniform" and recurrent "orthogonal"'
        reasons["hidden"] = "bounded, so that a state does not grow over the steps; an LSTM's gates stay sigmoids"
        reasons["initializer"] = "Keras's own; an orthogonal matrix neither shrinks nor stretches the state"
    elif architecture == "transformer":
        hidden, rivals = "swiglu", ("geglu", "gelu")
        initializer = '"glorot_uniform"'
        reasons["hidden"] = "gated; at the same number of weights better than ReLU and GELU in its source's experiments"
        reasons["width"] = "a gate halves the width, so take 2/3 of the usual one for the same number of weights"
        reasons["initializer"] = "Keras's own; LayerNormalization sets the scale in every block"
        sources.append(_SOURCES["glu"])
    elif depth > 10 and not (normalized or residual):
        hidden, rivals, initializer = "selu", ("tailored_relu", "tanh"), '"lecun_normal"'
        reasons["hidden"] = "keeps mean and deviation through many layers without normalisation"
        reasons["initializer"] = "what SELU's fixed point asks for; no Dropout, but AlphaDropout"
        reasons["depth"] = f"{depth} layers: shortcuts or normalisation would leave you the choice of activation"
        sources += [_SOURCES["selu"], _SOURCES["batchnorm"]]
    else:
        hidden, rivals = "relu", ("leaky_relu", "silu", "gelu")
        initializer = 'keras_acts.initializer_for("relu")'
        reasons["hidden"] = "cheapest, and hard to beat at this depth; watch for dead units with DyingReLUMonitor"
        reasons["initializer"] = "He's: keeps the scale of the signal through the layers"
        sources.append(_SOURCES["he"])
    return Card(hidden, output, initializer, loss, reasons, tuple(sources), rivals)
