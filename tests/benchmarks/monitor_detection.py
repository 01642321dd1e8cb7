"""Which sick networks the monitor finds, and which sound ones it leaves in peace, beside the rules of its peers.

    python tests/benchmarks/monitor_detection.py --seeds 3

Truth is measured, not taken from labels: when an epoch ends, the inputs of every ReLU are computed over all training
data by a second model, and a layer is dead where at least a fifth of its units (and two) never fire. A network is sick
where a layer is dead at the end of two epochs that follow each other, and sound where no layer is at the end of any.
What lies between, a layer that was dead at the end of one epoch only, may have fired in every epoch: there either
answer is right, and such runs are counted apart. Only the cause is a label: it is what was done to the program. All
weights are drawn by NumPy, so that the backends start equal.

The peers' rules are applied to the same outputs. Their published figures, on other programs, stand below the table.
"""

import argparse
import collections
import dataclasses
import itertools
import os
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np
from keras import layers
from sklearn import datasets

import keras_acts

PUBLISHED = {  # precision and recall on their own sets of programs
    "keras-contrib": (0.88, 0.78),
    "SageMaker": (0.89, 0.93),
    "AutoTrainer": (0.86, 0.70),
    "DeepDiagnosis": (0.77, 0.85),
    "torchmortem": (0.59, 1.0),
}
EPOCHS, BATCH, SAMPLES = 4, 32, 640


@dataclasses.dataclass(frozen=True)
class Program:
    """A network, its data and how it is trained; `cause` is what was done to it, "" for a sound one."""

    name: str
    cause: str
    data: str
    hidden: Callable[[], list[Any]]
    optimizer: Callable[[], Any]
    spoil: Callable[[Any], None] = lambda model: None


def data(name: str) -> tuple[np.ndarray, np.ndarray, int]:
    """Inputs, targets, and the number of classes (0: regression)."""
    kind, _, change = name.partition(" ")
    load = {
        "digits": datasets.load_digits,
        "images": datasets.load_digits,
        "wine": datasets.load_wine,
        "iris": datasets.load_iris,
        "cancer": datasets.load_breast_cancer,
        "diabetes": datasets.load_diabetes,
    }[kind]
    x, y = load(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))[:SAMPLES]
    x, y = x[order].astype("float32"), y[order]
    if kind in ("digits", "images"):
        x = x / 16
    elif change != "raw":
        x = (x - x.mean(0)) / x.std(0)
    if change.startswith("+"):
        x = x + np.float32(change)
    if change == "sparse":
        x = x * (np.random.default_rng(1).random(x.shape) < 0.1)
    if kind == "images":
        x = x.reshape(-1, 8, 8, 1)
    if kind == "diabetes":
        return x, (y if change == "raw" else (y - y.mean()) / y.std()).astype("float32")[:, None], 0
    return x, y, int(y.max()) + 1


def mlp(*widths: int, activation: Any = "relu", norm: bool = False, dropout: float = 0.0) -> Callable[[], list[Any]]:
    """Dense layers, each perhaps with normalization and dropout."""

    def build() -> list[Any]:
        parts: list[Any] = []
        for width in widths:
            parts += [layers.Dense(width), layers.BatchNormalization()] if norm else [layers.Dense(width)]
            parts.append(layers.Activation(activation))
            parts += [layers.Dropout(dropout, seed=1)] if dropout else []
        return parts

    return build


def cnn(*channels: int, norm: bool = False, dense: int = 32) -> Callable[[], list[Any]]:
    """Convolutions, pooling and a dense layer."""

    def build() -> list[Any]:
        parts: list[Any] = []
        for number, width in enumerate(channels):
            parts.append(layers.Conv2D(width, 3, padding="same"))
            parts += [layers.BatchNormalization()] if norm else []
            parts.append(layers.Activation("relu"))
            parts += [layers.MaxPooling2D()] if number % 2 else []
        return [*parts, layers.Flatten(), layers.Dense(dense), layers.Activation("relu")]

    return build


def adam(rate: float) -> Callable[[], Any]:
    """Adam."""
    return lambda: keras.optimizers.Adam(rate)


def sgd(rate: float, momentum: float = 0.0) -> Callable[[], Any]:
    """Gradient descent."""
    return lambda: keras.optimizers.SGD(rate, momentum)


def bias(value: float, place: int = 0) -> Callable[[Any], None]:
    """Start the bias of one layer far from 0."""

    def spoil(model: Any) -> None:
        layer = _weighted(model)[place]
        layer.bias.assign(np.full(layer.bias.shape, value, "float32"))

    return spoil


def kernels(change: Callable[[np.ndarray], np.ndarray], *places: int) -> Callable[[Any], None]:
    """Change the weights of some layers, of all hidden ones if none is named."""

    def spoil(model: Any) -> None:
        found = _weighted(model)[:-1]
        for place in places or range(len(found)):
            found[place].kernel.assign(change(keras.ops.convert_to_numpy(found[place].kernel)))

    return spoil


def _weighted(model: Any) -> list[Any]:
    return [layer for layer in model.layers if hasattr(layer, "kernel")]


def negative(w: np.ndarray) -> np.ndarray:
    """Nothing but weights below 0."""
    return -np.abs(w)


SOUND = [
    Program("mlp 64-32", "", "digits", mlp(64, 32), adam(1e-3)),
    Program("mlp 128-64-32", "", "digits", mlp(128, 64, 32), adam(1e-3)),
    Program("mlp 256", "", "digits", mlp(256), adam(1e-3)),
    Program("mlp 32-32-32-32", "", "digits", mlp(32, 32, 32, 32), adam(1e-3)),
    Program("six layers of 64", "", "digits", mlp(*[64] * 6), adam(1e-3)),
    Program("mlp, slow", "", "digits", mlp(64, 32), adam(1e-4)),
    Program("mlp, brisk", "", "digits", mlp(64, 32), adam(3e-3)),
    Program("mlp, SGD 0.1", "", "digits", mlp(64, 32), sgd(0.1)),
    Program("mlp, SGD 0.01, momentum", "", "digits", mlp(64, 32), sgd(0.01, 0.9)),
    Program("mlp, dropout", "", "digits", mlp(64, 64, dropout=0.3), adam(1e-3)),
    Program("mlp, normalized", "", "digits", mlp(64, 64, norm=True), adam(1e-3)),
    Program("mlp, normalized, brisk", "", "digits", mlp(64, 64, norm=True), adam(1e-2)),
    Program("sparse inputs", "", "digits sparse", mlp(64, 32), adam(1e-3)),
    Program("gelu", "", "digits", mlp(64, 32, activation="gelu"), adam(1e-3)),
    Program("tanh", "", "digits", mlp(64, 32, activation="tanh"), adam(1e-3)),
    Program("elu", "", "digits", mlp(64, 32, activation="elu"), adam(1e-3)),
    Program("leaky relu", "", "digits", mlp(64, 32, activation="leaky_relu"), adam(1e-3)),
    Program("relu6", "", "digits", mlp(64, 32, activation="relu6"), adam(1e-3)),
    Program("swish", "", "digits", mlp(64, 32, activation="silu"), adam(1e-3)),
    Program("wine", "", "wine", mlp(32, 16), adam(1e-3)),
    Program("wine, SGD", "", "wine", mlp(32, 16), sgd(0.05)),
    Program("iris", "", "iris", mlp(16, 16), adam(3e-3)),
    Program("cancer", "", "cancer", mlp(32, 16), adam(1e-3)),
    Program("cancer, deep", "", "cancer", mlp(32, 32, 32, 32), adam(1e-3)),
    Program("diabetes", "", "diabetes", mlp(32, 16), adam(1e-3)),
    Program("diabetes, SGD", "", "diabetes", mlp(32, 16), sgd(0.01)),
    Program("cnn 16-16", "", "images", cnn(16, 16), adam(1e-3)),
    Program("cnn 16-32-32", "", "images", cnn(16, 32, 32), adam(1e-3)),
    Program("cnn, normalized", "", "images", cnn(16, 16, norm=True), adam(1e-3)),
    Program("cnn, SGD", "", "images", cnn(16, 16), sgd(0.05)),
]
FAULTY = [
    Program("Adam 0.1", "rate", "digits", mlp(64, 32), adam(0.1)),
    Program("Adam 0.1, three layers", "rate", "digits", mlp(128, 64, 32), adam(0.1)),
    Program("Adam 0.3", "rate", "digits", mlp(64, 32), adam(0.3)),
    Program("Adam 1", "rate", "digits", mlp(64, 64), adam(1.0)),
    Program("SGD 10", "rate", "digits", mlp(64, 32), sgd(10.0)),
    Program("SGD 30", "rate", "digits", mlp(64, 32), sgd(30.0)),
    Program("SGD 3, momentum", "rate", "digits", mlp(64, 32), sgd(3.0, 0.9)),
    Program("wine, Adam 0.5", "rate", "wine", mlp(32, 16), adam(0.5)),
    Program("cancer, Adam 0.5", "rate", "cancer", mlp(32, 32), adam(0.5)),
    Program("cnn, Adam 0.1", "rate", "images", cnn(16, 16), adam(0.1)),
    Program("cnn, Adam 0.3", "rate", "images", cnn(16, 16), adam(0.3)),
    Program("bias -10", "bias", "digits", mlp(64, 32), adam(1e-3), bias(-10)),
    Program("bias -100", "bias", "digits", mlp(64, 32), adam(1e-3), bias(-100)),
    Program("bias -20, second layer", "bias", "digits", mlp(64, 32), adam(1e-3), bias(-20, 1)),
    Program("bias -20, SGD", "bias", "wine", mlp(32, 16), sgd(0.01), bias(-20)),
    Program("cnn, bias -10", "bias", "images", cnn(16, 16), adam(1e-3), bias(-10)),
    Program("cnn, bias -20, dense", "bias", "images", cnn(16, 16), adam(1e-3), bias(-20, 2)),
    Program("weights 0", "start", "digits", mlp(64, 32), adam(1e-3), kernels(np.zeros_like)),
    Program("weights 0, second layer", "start", "digits", mlp(64, 32), adam(1e-3), kernels(np.zeros_like, 1)),
    Program("weights below 0", "start", "digits", mlp(64, 32), adam(1e-3), kernels(negative)),
    Program("weights below 0, second layer", "start", "digits", mlp(64, 32), adam(1e-3), kernels(negative, 1)),
    Program("cnn, weights below 0", "start", "images", cnn(16, 16), adam(1e-3), kernels(negative)),
    Program("inputs + 5", "input", "digits +5", mlp(64, 32), adam(1e-3)),
    Program("inputs + 20", "input", "wine +20", mlp(32, 16), adam(1e-3)),
    Program("inputs + 50, SGD", "input", "iris +50", mlp(16, 16), sgd(0.01)),
    Program("cnn, inputs + 10", "input", "images +10", cnn(16, 16), adam(1e-3)),
    Program("wine unscaled, SGD", "input", "wine raw", mlp(32, 16), sgd(0.01)),
    Program("cancer unscaled, SGD", "input", "cancer raw", mlp(32, 16), sgd(0.01)),
    Program("ten layers of 2", "narrow", "digits", mlp(*[2] * 10), adam(1e-3)),
    Program("fifteen layers of 3", "narrow", "wine", mlp(*[3] * 15), adam(1e-3)),
    Program("twenty layers of 3", "narrow", "cancer", mlp(*[3] * 20), adam(1e-3)),
]


def build(program: Program, seed: int) -> tuple[Any, np.ndarray, np.ndarray]:
    """The compiled model, with weights drawn by NumPy, and its data."""
    x, y, classes = data(program.data)
    last = layers.Dense(classes, "softmax") if classes else layers.Dense(1)
    model = keras.Sequential([keras.Input(x.shape[1:]), *program.hidden(), last])
    random = np.random.default_rng(seed)
    for layer in _weighted(model):
        fan_in = int(np.prod(layer.kernel.shape[:-1]))
        layer.kernel.assign(random.normal(0, np.sqrt(2 / fan_in), layer.kernel.shape))
    program.spoil(model)
    model.compile(program.optimizer(), "sparse_categorical_crossentropy" if classes else "mse")
    return model, x, y


def dead_layers(outputs: dict[str, np.ndarray]) -> set[str]:
    """Layers of which a fifth of the units, and two at least, never fired; a NaN is not dead."""
    found = set()
    for name, y in outputs.items():
        dead = (y.reshape(-1, y.shape[-1]) <= 0).all(0)
        if dead.all() or (dead.mean() >= 0.2 and dead.sum() > 1):
            found.add(name)
    return found


def peers(outputs: dict[str, np.ndarray]) -> dict[str, bool]:
    """What the rules of others say of the same activations of rectifiers."""
    flat = [np.maximum(y.reshape(-1, y.shape[-1]), 0) for y in outputs.values()]
    samples = [y.reshape(len(y), -1, y.shape[-1]).max(1) for y in outputs.values()]
    return {
        "keras-contrib": any((y.sum(0) == 0).mean() >= 0.1 for y in flat),
        "SageMaker": any(((y > 0).mean(0) < 0.01).mean() > 0.5 for y in samples),
        "DeepDiagnosis": any((y[:BATCH] <= 0).mean() >= 0.7 for y in outputs.values()),
        "torchmortem": any((y < 1e-6).mean() > 0.5 for y in flat),
    }


class Truth(keras.callbacks.Callback):
    """Computes, when each epoch ends, what goes into every rectifier over all training data."""

    def __init__(self, model: Any, x: np.ndarray) -> None:
        super().__init__()
        rectifiers = (keras.activations.relu, keras.activations.relu6)
        self.x, self.outputs, self.dead = x, {}, []
        self.layers = [layer for layer in model.layers if getattr(layer, "activation", None) in rectifiers]
        self.probe = keras.Model(model.inputs[0], [layer.input for layer in self.layers]) if self.layers else None
        self.first: int | None = None

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Look, and note the first epoch that ends with a dead layer or a number that is not finite."""
        if self.probe is None:
            return
        inputs = self.probe(self.x, training=_has_norm(self.model))
        inputs = inputs if isinstance(inputs, list) else [inputs]
        pairs = zip(self.layers, inputs, strict=True)
        self.outputs = {layer.name: keras.ops.convert_to_numpy(value) for layer, value in pairs}
        self.dead.append(dead_layers(self.outputs))
        if self.first is None and (self.dead[-1] or self.is_broken):
            self.first = epoch

    @property
    def is_broken(self) -> bool:
        """Whether something is not finite."""
        return any(not np.isfinite(v).all() for v in self.outputs.values())


def run(program: Program, seed: int) -> dict[str, Any]:
    """Train, and compare what was said with what is."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    model, x, y = build(program, seed)
    monitor, truth = keras_acts.DyingReLUMonitor(verbose=0), Truth(model, x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(x, y, batch_size=BATCH, epochs=EPOCHS, verbose=0, callbacks=[monitor, truth])
    ever = set().union(*truth.dead)
    lasting = set().union(*(a & b for a, b in itertools.pairwise(truth.dead)))
    alarms = [finding for finding in monitor.findings if finding.is_alarm]
    said = {f.layer for f in alarms if f.kind in ("dead layer", "dead units", "dying")}
    root = next((f for f in alarms if f.cause != "upstream"), None)
    epoch = min((f.epoch for f in alarms), default=None)
    return {
        "state": "sick" if lasting or truth.is_broken else "between" if ever else "sound",
        "alarm": bool(alarms),
        "missed": lasting - said,
        "wrong": said - ever,
        "right": said & ever,
        "cause": root.cause if root else "",
        "epoch": epoch,
        "delay": None if epoch is None or truth.first is None else epoch - truth.first,
        "peers": {name: rule or truth.is_broken for name, rule in peers(truth.outputs).items()},
        "evidence": root.evidence if root else "",
    }


def _has_norm(model: Any) -> bool:
    return any(isinstance(layer, layers.BatchNormalization) for layer in model.layers)


def score(pairs: Sequence[tuple[bool, bool]]) -> tuple[float, float]:
    """Precision and recall of (said, is) pairs."""
    hits = sum(said and is_so for said, is_so in pairs)
    return hits / max(sum(said for said, _ in pairs), 1), hits / max(sum(is_so for _, is_so in pairs), 1)


def main() -> None:
    """Run all programs and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--only", default="", help="programs whose name contains this")
    options = parser.parse_args()
    programs = [p for p in (*SOUND, *FAULTY) if options.only in p.name]
    results, start = [], time.process_time()
    for seed in range(options.first, options.first + options.seeds):
        for program in programs:
            result = run(program, seed)
            results.append((program, result))
            said = f"alarm in epoch {result['epoch'] + 1}, cause {result['cause']}" if result["alarm"] else "no alarm"
            layers_of = f"{sorted(result['missed'])} {sorted(result['wrong'])}"
            print(f"{seed} {program.name:32} is {result['state']:7} {said:34} {layers_of}", flush=True)
    clear = [(r, r["state"] == "sick") for _, r in results if r["state"] != "between"]
    table = {"keras_acts": score([(r["alarm"], is_sick) for r, is_sick in clear])}
    for name in results[0][1]["peers"]:
        table[name] = score([(r["peers"][name], is_sick) for r, is_sick in clear])
    counts = collections.Counter(r["state"] for _, r in results)
    print(f"\n{len(results)} runs on {keras.backend.backend()}: " + ", ".join(f"{n} {s}" for s, n in counts.items()))
    print(f"{'rule':16} precision  recall   published")
    for name in {**table, **PUBLISHED}:
        own = f"{table[name][0]:9.2f} {table[name][1]:7.2f}" if name in table else " " * 17
        known = "{:.2f} / {:.2f}".format(*PUBLISHED[name]) if name in PUBLISHED else ""
        print(f"{name:16} {own}   {known}")
    hits, wrong, missed = (sum(len(r[part]) for _, r in results) for part in ("right", "wrong", "missed"))
    print(f"layers: precision {hits / max(hits + wrong, 1):.2f}, recall {hits / max(hits + missed, 1):.2f}")
    known = [(p, r) for p, r in results if p.cause and r["alarm"]]
    print(f"cause right in {sum(p.cause == r['cause'] for p, r in known)} of {len(known)} alarms on spoiled programs")
    delays = [r["delay"] for _, r in results if r["delay"] is not None]
    print(f"first alarm at the latest in epoch {max((r['epoch'] for _, r in known), default=-1) + 1}")
    print(
        f"first alarm at most {max(delays, default=0)} epoch(s) after the first epoch that ended with a dead layer, in "
        f"{len(delays)} runs: bar 1 {'kept' if max(delays, default=0) <= 1 else 'MISSED'}"
    )
    print(f"{time.process_time() - start:.0f} CPU seconds")


if __name__ == "__main__":
    main()
