"""What the monitor costs: process-CPU time of training with it over training without it, alternating in one run.

    python tests/benchmarks/monitor_cost.py --steps 200 --rounds 7

Every arm is a model of its own with the same start; each round trains all of them, in random order, for the same number
of steps, and the ratio is to the bare arm of that round. The table shows the median and the range over the rounds. The
second bare arm shows what the machine itself adds. The first step, with tracing and compiling, is timed apart, after
one of a model that is thrown away; memory is the peak of a process that does nothing but one arm.
"""

import argparse
import os
import random
import resource
import statistics
import subprocess
import sys
import time

os.environ.setdefault("KERAS_BACKEND", "jax")
# One thread: waiting threads of a pool use process CPU time too.
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ.update(dict.fromkeys(("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"), "1"))

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
    "+ norms": ("norms",),
    "+ histogram": ("histogram",),
    "all": ("positions", "mean", "saturation", "gradient", "norms", "histogram"),
    "keras-contrib's way": "probe",
}


BARS = {"counts": 1.03, "all": 1.05}
FIRST_STEP, BATCH = 1.3, 128


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


MODELS = {"mlp": (mlp, (784,)), "cnn": (cnn, (32, 32, 3))}


def data(shape, steps):
    """Random inputs and labels for so many steps."""
    x = np.random.default_rng(0).normal(size=(BATCH * steps, *shape)).astype("float32")
    return x, np.arange(len(x)) % 10


class Arm:
    """One model, with or without a monitor."""

    def __init__(self, build, kind, x, **settings):
        keras.utils.set_random_seed(0)
        self.model = keras.Sequential(build())
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.model.compile(keras.optimizers.Adam(1e-4), loss, **settings)
        if kind == "probe":
            self.callbacks = [Probe(x)]
        else:
            self.callbacks = [] if kind is None else [keras_acts.DyingReLUMonitor(1.0, 1.0, extras=kind, verbose=0)]

    def train(self, x, y):
        """Train for one epoch; returns its process-CPU seconds."""
        start = time.process_time()
        self.model.fit(x, y, batch_size=BATCH, epochs=1, shuffle=False, verbose=0, callbacks=self.callbacks)
        return time.process_time() - start

    def counters(self):
        """Bytes of the accumulators: counts with their first and last step, peaks, sums."""
        sizes = self.callbacks[0]._engine.layout.sizes
        return 24 * sizes["sum"] + 4 * sizes["peak"] + 8 * sizes["total"]


def verdict(value, bar):
    """Whether a figure keeps its bar."""
    return "" if bar is None else f"  bar {bar:.2f}: {'kept' if value <= bar else 'MISSED'}"


def memory(name, kind):
    """Peak memory of a process that trains one arm, in megabytes."""
    command = [sys.executable, __file__, "--steps", "20", "--model", name, "--memory", kind]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])


def measure(name, steps, rounds, kinds, **settings):
    """Print the table of one model."""
    build, shape = MODELS[name]
    x, y = data(shape, steps)
    Arm(build, None, x, **settings).train(x[:BATCH], y[:BATCH])  # what a process does but once
    arms = {kind: Arm(build, extras, x, **settings) for kind, extras in ARMS.items() if kind in kinds}
    first = {kind: arm.train(x[:BATCH], y[:BATCH]) for kind, arm in arms.items()}
    ratios = {kind: [] for kind in arms}
    for _ in range(rounds):
        times = {kind: arms[kind].train(x, y) for kind in random.sample(list(arms), len(arms))}
        for kind in arms:
            ratios[kind].append(times[kind] / times["bare"])
    print(f"\n{name} on {keras.backend.backend()} {settings or ''}, {steps} steps, {rounds} rounds")
    print(f"{'':20} median   range          first step")
    for kind, values in ratios.items():
        median, step = statistics.median(values), first[kind] / first["bare"]
        print(
            f"{kind:20} {median:6.3f}   {min(values):.3f}-{max(values):.3f}   {step:6.2f}"
            + verdict(median, BARS.get(kind))
            + (f"; first step{verdict(step, FIRST_STEP)}" if kind in BARS else ""),
            flush=True,
        )
    if not settings and "counts" in kinds:
        bare, counts = memory(name, "bare"), memory(name, "counts")
        print(
            f"peak memory of a process: bare {bare:.0f} MB, with counts {counts:.0f} MB ({counts - bare:+.0f} MB); the "
            f"counters themselves {arms['counts'].counters() / 1e3:.0f} kB"
        )


def main():
    """Measure both models."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--model", choices=("mlp", "cnn", "both"), default="both")
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS), help="only these, beside the bare one")
    parser.add_argument("--memory", choices=ARMS, help="train this arm alone and print the peak memory in MB")
    options = parser.parse_args()
    random.seed(0)
    if options.memory:
        build, shape = MODELS[options.model]
        x, y = data(shape, options.steps)
        Arm(build, ARMS[options.memory], x).train(x, y)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        return
    kinds = {"bare", *options.arms}
    for name in MODELS if options.model == "both" else (options.model,):
        measure(name, options.steps if name == "mlp" else max(options.steps // 8, 2), options.rounds, kinds)
    if keras.backend.backend() == "tensorflow" and options.model != "cnn":
        for jit_compile in (True, False):
            measure("mlp", options.steps, options.rounds, kinds, jit_compile=jit_compile)


if __name__ == "__main__":
    main()
