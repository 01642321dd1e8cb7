"""What an activation costs in a whole training step, beside the same network with Keras's `relu`.

    KERAS_BACKEND=jax python tests/benchmarks/training_step.py mish gelu snake --out results
    KERAS_BACKEND=tensorflow python tests/benchmarks/training_step.py --models cnn --no-jit

One thread and its CPU time. Each activation, Keras's own where it has one, and a second network with `relu` take turns
with the first one, in random order; the table has the median of the ratios and their range. The second `relu` shows
what the machine itself adds. Each row is printed, and with `--out` written, as soon as it is known. Ends with code 1
where the median misses the bar: 1.05 of `relu`, and 1.10 without XLA.
"""

import argparse
import csv
import functools
import os
import random
import statistics
import sys
import time
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")
# Waiting threads of a pool use process CPU time too.
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ.update(dict.fromkeys(("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"), "1"))

import keras
import numpy as np
from keras import layers

from keras_acts._core import CATALOGUE, find

STEPS = 5  # per turn
BARS = {True: 1.05, False: 1.10}


def mlp(activation):
    """256-512-512-512-512-10, on batches of 1024."""
    hidden = [layer for _ in range(4) for layer in (layers.Dense(512), activation())]
    return [keras.Input((256,)), *hidden, layers.Dense(10)], (1024, 256)


def cnn(activation):
    """Three convolutions of 32 channels, on batches of 64 pictures."""
    hidden = [layer for _ in range(3) for layer in (layers.Conv2D(32, 3, padding="same"), activation())]
    return [keras.Input((32, 32, 3)), *hidden, layers.GlobalAveragePooling2D(), layers.Dense(10)], (64, 32, 32, 3)


MODELS = {"mlp": mlp, "cnn": cnn}


class Network:
    """A compiled network, ready to be timed."""

    def __init__(self, build, activation, jit):
        keras.utils.set_random_seed(0)
        parts, shape = build(activation)
        self.model = keras.Sequential(parts)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.model.compile("sgd", loss, jit_compile=jit)
        draw = np.random.default_rng(0)
        self.batch = draw.normal(size=shape).astype("float32"), draw.integers(0, 10, shape[0])
        self.first = self.seconds(1)
        self.seconds(2)

    def seconds(self, steps=STEPS):
        """CPU seconds of so many training steps."""
        start = time.process_time()
        for _ in range(steps):
            self.model.train_on_batch(*self.batch)
        return time.process_time() - start


def rows(name, kind, jit, rounds):
    """One row for the activation, one for Keras's own, one for a second `relu`."""
    build, facts = MODELS[kind], find(name)
    rectifier = functools.partial(layers.Activation, "relu")
    activations = {"relu again": rectifier, "keras_acts": facts.layer}
    if callable(getattr(keras.activations, facts.name, None)):
        activations["Keras's"] = functools.partial(layers.Activation, facts.name)
    relu = Network(build, rectifier, jit)
    networks = {by: Network(build, activation, jit) for by, activation in activations.items()}
    ratios = {by: [] for by in networks}
    for _ in range(rounds):
        turns = random.sample(["relu", *networks], len(networks) + 1)
        times = {by: (relu if by == "relu" else networks[by]).seconds() for by in turns}
        for by in networks:
            ratios[by].append(times[by] / times["relu"])
    for by, values in ratios.items():
        yield {
            "name": facts.name,
            "by": by,
            "backend": keras.backend.backend(),
            "jit": jit,
            "model": kind,
            "ratio": round(statistics.median(values), 3),
            "low": round(min(values), 3),
            "high": round(max(values), 3),
            "first_step": round(networks[by].first / relu.first, 2),
        }


def main():
    """Print a row per network, and say which missed the bar."""
    pointwise = [name for name, facts in CATALOGUE.items() if facts.kind in ("elementwise", "trainable")]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="default: all functions of one number, fixed or trained")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--jit", action=argparse.BooleanOptionalAction, default=True, help="compile by XLA")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--out", type=Path, help="folder for training_step_BACKEND.csv, to which rows are added")
    options = parser.parse_args()
    file, missed = None, []
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        file = options.out / f"training_step_{keras.backend.backend()}.csv"
    way = {"jax": "JAX", "torch": "PyTorch"}.get(keras.backend.backend(), "TensorFlow" + ", XLA" * options.jit)
    print("| activation | by | model | run by | of relu's time | range | first step |\n|---|---|---|---|--:|---|--:|")
    for name in options.names or pointwise:
        for kind in options.models:
            for row in rows(name, kind, options.jit, options.rounds):
                cells = [row["name"], row["by"], kind, way, f"{row['ratio']:.2f}"]
                cells += [f"{row['low']:.2f} to {row['high']:.2f}", f"{row['first_step']:.1f}"]
                print("| " + " | ".join(cells) + " |", flush=True)
                if file:
                    is_new = not file.exists()
                    with file.open("a", encoding="utf-8", newline="") as sink:
                        writer = csv.DictWriter(sink, row)
                        if is_new:
                            writer.writeheader()
                        writer.writerow(row)
                if row["by"] == "keras_acts" and row["ratio"] > BARS[options.jit]:
                    missed.append(f"{row['name']} ({kind})")
            keras.backend.clear_session()
    if missed:
        print(f"above {BARS[options.jit]:.2f}: {', '.join(missed)}", file=sys.stderr)
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
