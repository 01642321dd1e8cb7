"""How much faster `compare` is than a loop of `model.fit` that does the same work, in the same process.

The work: the digits, a network with two hidden layers, every seed, training and validation after each epoch. Both
sides include building and compiling, because a study pays for these too. The sides take turns, and the ratio of a
round compares neighbours in time. Ends with code 1 where the median of the ratios misses its bar.

    KERAS_BACKEND=jax python tests/benchmarks/compare_speed.py --seeds 5 16
"""

import argparse
import statistics
import sys
import time

import numpy as np
from sklearn.datasets import load_digits

import keras_acts

import keras  # isort: skip


# How many times faster a study of so many seeds should be.
BARS = {"jax": {5: 4.0, 16: 8.0}, "tensorflow": {5: 2.0, 16: 2.0}}


def digits():
    """1,437 scans to train on and 360 to validate with."""
    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    x, y = (x[order] / 16).astype("float32"), y[order].astype("int32")
    return x[:1437], y[:1437], x[1437:], y[1437:]


def build(activation):
    """Two hidden layers of 64."""
    layers = [keras.Input((64,))]
    for _ in range(2):
        layers += [keras.layers.Dense(64), activation()]
    return keras.Sequential([*layers, keras.layers.Dense(10)])


def arguments():
    """Arguments of `model.compile`."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return {"optimizer": keras.optimizers.Adam(0.003), "loss": loss, "metrics": ["accuracy"]}


def by_fit(seeds, epochs, batch):
    """The loop that people write."""
    x, y, x_val, y_val = DATA
    last = []
    for seed in range(seeds):
        keras.utils.set_random_seed(seed)
        model = build(keras.layers.ReLU)
        model.compile(**arguments())
        history = model.fit(x, y, batch, epochs, validation_data=(x_val, y_val), verbose=0).history
        last.append(history["val_accuracy"][-1])
    return last


def by_compare(seeds, epochs, batch):
    """The same in one call."""
    settings = {"epochs": epochs, "batch_size": batch, "compile": arguments(), "verbose": 0}
    study = keras_acts.compare(build, ["relu"], DATA, seeds=seeds, **settings)
    assert {run["how"] for run in study.runs} == {"compiled"} or keras.backend.backend() == "torch"
    return list(study.scores("relu").values())


def timed(work, *sizes):
    """Wall seconds, CPU seconds, and the mean accuracy, which shows that the work was the same."""
    wall, cpu = time.perf_counter(), time.process_time()
    scores = work(*sizes)
    return time.perf_counter() - wall, time.process_time() - cpu, statistics.mean(scores)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[5, 16])
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    DATA = digits()
    by_fit(1, 1, options.batch)  # imports, first compilation
    by_compare(1, 1, options.batch)
    print(f"{keras.backend.backend()}, {options.epochs} epochs, batch {options.batch}")
    print("seeds  round  fit: s  CPU s  accuracy  compare: s  CPU s  accuracy  times faster  by CPU time")
    missed = False
    for seeds in options.seeds:
        ratios = []
        for number in range(options.rounds):
            loop = timed(by_fit, seeds, options.epochs, options.batch)
            study = timed(by_compare, seeds, options.epochs, options.batch)
            ratios.append((loop[0] / study[0], loop[1] / study[1]))
            row = f"{seeds:5}{number:7}{loop[0]:8.1f}{loop[1]:7.1f}{loop[2]:10.4f}{study[0]:12.1f}{study[1]:7.1f}"
            print(f"{row}{study[2]:10.4f}{ratios[-1][0]:14.1f}{ratios[-1][1]:13.1f}", flush=True)
        middle = [statistics.median(each) for each in zip(*ratios, strict=True)]
        said = f"{seeds} seeds: {middle[0]:.1f} times faster, {middle[1]:.1f} by CPU time (medians)"
        if bar := BARS.get(keras.backend.backend(), {}).get(seeds):
            said += f"; the bar is {bar:g}: {'reached' if middle[0] >= bar else 'MISSED'}"
            missed |= middle[0] < bar
        print(said, flush=True)
    sys.exit(missed)
