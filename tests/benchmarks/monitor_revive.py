"""Repair against a restart: validation accuracy of a dead network that is repaired, over seeds, with intervals.

    python tests/benchmarks/monitor_revive.py --seeds 5

Each network is killed, then trained on at a sound rate in several ways: as it is, with `Revive`, as its `with_prelu`
copy, and, for comparison, begun anew. At the moment of the first repair the outputs are compared to the bit. The last
cases show where `Revive` does not help: where the living units give 10,000 times what they should (repair leaves them
as they are), where the cause goes on, and where the outputs of dead units go through shortcuts. All weights are drawn
by NumPy, so that the backends start equal.
"""

import argparse
import os
import time

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np
from keras import layers
from scipy import stats
from sklearn import datasets

import keras_acts

KILL, TRAIN, BATCH, BAR = 12, 15, 32, 0.02


def data(is_image):
    """Digits: 1400 to train on, the rest to validate."""
    x, y = datasets.load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    x = x[order].astype("float32") / 16
    x = x.reshape(-1, 8, 8, 1) if is_image else x
    return (x[:1400], y[order][:1400]), (x[1400:], y[order][1400:])


def mlp(inputs):
    """64-128-64-32-10."""
    x = inputs
    for width in (128, 64, 32):
        x = layers.Dense(width, "relu")(x)
    return x


def cnn(inputs):
    """Two convolutions with normalization, and a dense layer."""
    x = inputs
    for channels in (16, 32):
        x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(channels, 3, padding="same")(x)))
        x = layers.MaxPooling2D()(x)
    return layers.Dense(64, "relu")(layers.Flatten()(x))


def residual(inputs):
    """Dense layers with a shortcut around each."""
    x = layers.Dense(64, "relu")(inputs)
    for _ in range(3):
        x = layers.Add()([x, layers.Dense(64, "relu")(x)])
    return x


def by_rate(rate):
    """Train at a rate that is too high."""

    def kill(model, train, seed):
        model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
        keras.utils.set_random_seed(seed)
        model.fit(*train, batch_size=BATCH, epochs=KILL, verbose=0)

    return kill


def by_bias(model, train, seed):
    """Push the biases of every hidden layer far below zero, of all units but one in ten."""
    random = np.random.default_rng(seed)
    for layer in model.layers[:-1]:
        if isinstance(layer, layers.Dense):
            layer.bias.assign(np.where(random.random(layer.bias.shape) < 0.9, -20.0, 0.0))


CASES = {  # name: network, how it dies, the rate afterwards, whether repair should help
    "mlp, rate": (mlp, by_rate(0.06), 1e-3, True),
    "mlp, bias": (mlp, by_bias, 1e-3, True),
    "cnn, rate": (cnn, by_rate(0.3), 1e-3, True),
    "mlp, exploded": (mlp, by_rate(0.3), 1e-3, False),
    "mlp, rate stays too high": (mlp, by_rate(0.3), 0.3, False),
    "shortcuts, bias": (residual, by_bias, 1e-3, False),
}


def build(network, seed):
    """The network with weights drawn by NumPy (He)."""
    inputs = keras.Input((8, 8, 1) if network is cnn else (64,))
    model = keras.Model(inputs, layers.Dense(10, "softmax")(network(inputs)))
    random = np.random.default_rng(seed)
    for layer in model.layers:
        if hasattr(layer, "kernel"):
            fan_in = int(np.prod(layer.kernel.shape[:-1]))
            layer.kernel.assign(random.normal(0, np.sqrt(2 / fan_in), layer.kernel.shape))
    return model


class Outputs(keras.callbacks.Callback):
    """Notes what the model gives when the first epoch ends."""

    def __init__(self, x):
        super().__init__()
        self.x, self.first = x, None

    def on_epoch_end(self, epoch, logs=None):
        """Compute the outputs."""
        if epoch == 0:
            self.first = self.model.predict(self.x, verbose=0)


def go_on(model, rate, train, test, seed, revives):
    """Train on; returns validation accuracy, dead share at the end, and whether the first repair changed an output."""
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    keras.utils.set_random_seed(seed + 100)
    monitor = keras_acts.DyingReLUMonitor(alarm=1.0, rise=1.0, verbose=0)
    seen = train[0][-256:]  # a dead unit may fire for others
    before, after, revive = Outputs(seen), Outputs(seen), keras_acts.Revive(monitor, seed=seed)
    callbacks = [monitor, *([before, revive, after] if revives else [])]
    model.fit(*train, batch_size=BATCH, epochs=TRAIN, verbose=0, callbacks=callbacks)
    accuracy = model.evaluate(*test, batch_size=len(test[0]), verbose=0)[1]
    units = sum(each.site.units for each in monitor.units.values())
    dead = sum(each.size for each in monitor.dead.values()) / units
    same = not revives or np.array_equal(before.first, after.first)
    return accuracy, dead, same, sum(entry["units"] for entry in revive.log), revive.skipped


def run(name, seed):
    """All ways of going on with one dead network."""
    network, kill, rate, _ = CASES[name]
    train, test = data(network is cnn)
    dead = build(network, seed)
    kill(dead, train, seed)
    weights = dead.get_weights()
    results = {}
    for way in ("goes on", "Revive", "with_prelu", "restart"):
        model = build(network, seed)
        if way != "restart":
            model.set_weights(weights)
        model = keras_acts.with_prelu(model) if way == "with_prelu" else model
        results[way] = go_on(model, 1e-3 if way == "restart" else rate, train, test, seed, way == "Revive")
        keras.utils.clear_session()
    return results


def interval(values):
    """Mean and half the width of its 95 % interval (Student's t)."""
    values = np.asarray(values, float)
    half = (
        stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
    )
    return values.mean(), half


def main():
    """Print one table per case."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", default="", help="cases whose name contains this")
    options = parser.parse_args()
    print(f"{keras.backend.backend()}, {options.seeds} seeds, mean and 95 % interval")
    for name, (*_, should_help) in CASES.items():
        if options.only not in name:
            continue
        start, runs = time.process_time(), [run(name, seed) for seed in range(options.seeds)]
        print(
            f"\n{name} ({time.process_time() - start:.0f} s)\n{'':12} accuracy          minus restart     dead at end"
        )
        for way in runs[0]:
            accuracy = [each[way][0] for each in runs]
            difference = interval([each[way][0] - each["restart"][0] for each in runs])
            dead = np.mean([each[way][1] for each in runs])
            print(
                "{:12} {:.3f} +- {:.3f}   {:+.3f} +- {:.3f}   {:.0%}".format(
                    way, *interval(accuracy), *difference, dead
                )
            )
        revived = [each["Revive"] for each in runs]
        mean = np.mean([each["Revive"][0] - each["restart"][0] for each in runs])
        print(f"outputs the same to the bit at the first repair: {all(each[2] for each in revived)}")
        print(f"units revived: {[each[3] for each in revived]}, left alone: {revived[0][4]}")
        verdict = "within" if mean >= -BAR else "not within"
        print(f"Revive is {verdict} {BAR} of a restart" + ("" if should_help else ", in a case where it cannot help"))


if __name__ == "__main__":
    main()
