"""Memory over long training with the monitor: whether it stays flat, and the logs within their bounds.

    KERAS_BACKEND=jax python tests/benchmarks/soak.py

Three runs: many epochs in one `fit`, with the history written to a file; many calls of `fit` on one model; a model of
many layers. What counts is the resident memory of this process (of Linux), after a garbage collection, over the second
half of a run: it may end at most 5 % above where that half began. Ends with exit status 1 where it does not, or where a
log is larger than its bound.
"""

import argparse
import gc
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")  # this is about memory, and compiling is most of the time

import keras
import numpy as np

import keras_acts

FLAT = 1.05
X = np.random.default_rng(0).normal(size=(64, 8)).astype("float32")
Y = X[:, :1] - X[:, 1:2] ** 2


def resident():
    """Resident memory of this process, in MiB."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


class Memory(keras.callbacks.Callback):
    """Notes the resident memory every so many epochs."""

    def __init__(self, every):
        super().__init__()
        self.every, self.sizes = every, []

    def on_epoch_end(self, epoch, logs=None):
        if epoch % self.every == self.every - 1:
            self.sizes.append(resident())


def model_of(layers):
    hidden = [layer for _ in range(layers // 2) for layer in (keras.layers.Dense(8), keras_acts.LeakyReLU())]
    model = keras.Sequential([keras.Input((8,)), *hidden, keras_acts.PReLU(), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(1e-3), "mse")
    return model


def many_epochs(epochs, path):
    """One `fit`; returns the memory over time, and the size of the history in rows and bytes."""
    memory = Memory(max(1, epochs // 40))
    monitor = keras_acts.DyingReLUMonitor(path=path, extras=("mean", "saturation"), verbose=0)
    model_of(4).fit(X, Y, batch_size=32, epochs=epochs, verbose=0, callbacks=[monitor, memory])
    return memory.sizes, monitor.history


def many_fits(fits):
    """As many calls of `fit` with one monitor.

    A new monitor traces the step anew, and TensorFlow keeps every graph with a gradient of one's own for good.
    """
    model, monitor, sizes = model_of(4), keras_acts.DyingReLUMonitor(verbose=0), []
    for number in range(fits):
        model.fit(X, Y, batch_size=32, epochs=2, verbose=0, callbacks=[monitor])
        if number % max(1, fits // 40) == 0:
            sizes.append(resident())
    return sizes, monitor.history


def many_layers(layers, epochs=40):
    memory, monitor = Memory(1), keras_acts.DyingReLUMonitor(verbose=0)
    model_of(layers).fit(X, Y, batch_size=32, epochs=epochs, verbose=0, callbacks=[monitor, memory])
    return memory.sizes, monitor.history


def main():
    """Do the three runs and print a line of the table for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=1000)
    parser.add_argument("--fits", type=int, default=200)
    parser.add_argument("--layers", type=int, default=500)
    asked = parser.parse_args()
    failed = False
    print(
        "| on | run | half-way, MiB | at the end, MiB | growth | rows of history | its file, kB | minutes of one core |"
    )
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "history.jsonl")
        runs = {
            f"{asked.epochs:,} epochs in one `fit`": lambda: many_epochs(asked.epochs, path),
            f"{asked.fits:,} calls of `fit`": lambda: many_fits(asked.fits),
            f"{asked.layers:,} layers": lambda: many_layers(asked.layers),
        }
        for name, run in runs.items():
            keras.utils.set_random_seed(0)
            started = time.process_time()
            sizes, history = run()
            half, end = sizes[len(sizes) // 2], sizes[-1]
            log = path.stat().st_size if history.path else 0
            failed = failed or end > FLAT * half or len(history) > history.most_rows or log > history.most_bytes
            print(
                f"| {keras.backend.backend()} | {name} | {half:.0f} | {end:.0f} | {end / half - 1:+.1%} | "
                f"{len(history):,} | {log / 1000:.0f} | {(time.process_time() - started) / 60:.1f} |",
                flush=True,
            )
    sys.exit(int(failed))


if __name__ == "__main__":
    main()
