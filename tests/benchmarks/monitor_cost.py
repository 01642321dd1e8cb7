"""What the monitor costs: process-CPU time of training with it over training without it, alternating in one run.

    python tests/benchmarks/monitor_cost.py --rounds 7

Every arm is a model of its own with the same start; each round trains all of them, in random order, for the same number
of steps, and the ratio is to the bare arm of that round. The table shows the median and the range over the rounds. The
second bare arm shows what the machine itself adds.
"""

import argparse
import os
import random
import statistics
import time

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np
from keras import layers

import keras_acts

ARMS = {
    "bare": None,
    "bare again": None,
    "counts": (),
    "+ positions": ("positions",),
    "+ mean": ("mean",),
    "+ saturation": ("saturation",),
    "+ gradient": ("gradient",),
    "all": ("positions", "mean", "saturation", "gradient"),
    "keras-contrib's way": "probe",
}


class Probe(keras.callbacks.Callback):
    """What keras-contrib's detector does: after each epoch one pass over all data, all activations at once."""

    def __init__(self, x):
        super().__init__()
        self.x = x

    def on_epoch_end(self, epoch, logs=None):
        """Count the units whose outputs sum to 0."""
        hidden = [
            layer.output for layer in self.model.layers if getattr(layer, "activation", None) is keras.activations.relu
        ]
        for output in hidden:
            y = keras.Model(self.model.inputs[0], output)(self.x, training=False)
            keras.ops.convert_to_numpy(keras.ops.sum(y, axis=tuple(range(len(y.shape) - 1))) == 0)


def mlp():
    """784-512-512-512-10."""
    return [keras.Input((784,)), *[layers.Dense(512, "relu") for _ in range(3)], layers.Dense(10)]


def cnn():
    """Three convolutions, 32-64-128 channels."""
    parts = [keras.Input((32, 32, 3))]
    for channels in (32, 64, 128):
        parts += [layers.Conv2D(channels, 3, activation="relu"), layers.MaxPooling2D()]
    return [*parts, layers.Flatten(), layers.Dense(10)]


def arm(build, x, y, kind, **settings):
    """A function that trains for one epoch and returns its process-CPU seconds."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(build())
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-4), loss, **settings)
    if kind == "probe":
        callbacks = [Probe(x)]
    else:
        callbacks = [] if kind is None else [keras_acts.DyingReLUMonitor(1.0, 1.0, extras=kind, verbose=0)]

    def train():
        start = time.process_time()
        model.fit(x, y, batch_size=128, epochs=1, shuffle=False, verbose=0, callbacks=callbacks)
        return time.process_time() - start

    return train


def measure(build, shape, steps, rounds, **settings):
    """Print the table of one model."""
    x = np.random.default_rng(0).normal(size=(128 * steps, *shape)).astype("float32")
    y = np.arange(len(x)) % 10
    arms = {name: arm(build, x, y, kind, **settings) for name, kind in ARMS.items()}
    first = {name: train() for name, train in arms.items()}
    ratios = {name: [] for name in arms}
    for _ in range(rounds):
        order = random.sample(list(arms), len(arms))
        times = {name: arms[name]() for name in order}
        for name in arms:
            ratios[name].append(times[name] / times["bare"])
    print(f"\n{build.__name__} on {keras.backend.backend()} {settings or ''}, {steps} steps, {rounds} rounds")
    print(f"{'':20} median   range         first epoch, with compiling")
    for name, values in ratios.items():
        low, high = min(values), max(values)
        print(
            f"{name:20} {statistics.median(values):6.3f}   {low:.3f}-{high:.3f}   {first[name] / first['bare']:6.2f}",
            flush=True,
        )


def main():
    """Measure both models."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--model", choices=("mlp", "cnn", "both"), default="both")
    options = parser.parse_args()
    random.seed(0)
    if options.model != "cnn":
        measure(mlp, (784,), options.steps, options.rounds)
    if options.model != "mlp":
        measure(cnn, (32, 32, 3), max(options.steps // 8, 2), options.rounds)
    if keras.backend.backend() == "tensorflow" and options.model != "cnn":
        measure(mlp, (784,), options.steps, options.rounds, jit_compile=True)


if __name__ == "__main__":
    main()
