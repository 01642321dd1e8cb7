"""What the examples share: options, a countdown, the scanned digits, and a network that is trained once per seed."""

import argparse
import functools
import sys
import time
from pathlib import Path

import keras_acts

import keras
import matplotlib as mpl
import numpy as np

mpl.rcParams.update({"font.size": 9, "axes.titlesize": 9, "figure.titlesize": 11, "figure.labelsize": 10})
mpl.rcParams.update({"figure.constrained_layout.use": True, "savefig.dpi": 150, "legend.frameon": False})
mpl.rcParams["ytick.minor.size"] = 0


def options(about, **defaults):
    """Read the command line: names where the default is a list, else a whole number; and the folder for the results."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in defaults.items():
        if isinstance(default, list):
            parser.add_argument(f"--{name}", nargs="+", metavar="NAME", default=default, help="default: %(default)s")
        else:
            parser.add_argument(f"--{name}", type=positive, metavar="N", default=default, help="default: %(default)s")
    parser.add_argument("--out", type=Path, metavar="DIR", default="results", help="default: %(default)s")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    return args


def positive(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, got {text!r}")
    return int(text)


def countdown(runs):
    """Return `show(text)`, to be called after each run: it writes the text, then about how long the rest will take."""
    ends = []  # the first run also warms Keras up, so the clock starts at its end

    def show(text):
        ends.append(time.perf_counter())
        left = (ends[-1] - ends[0]) / max(len(ends) - 1, 1) * (runs - len(ends))
        if left and sys.stdout.isatty():  # the backspaces would litter a log file
            text += f"{left:8.0f} s left" + 15 * "\b"
        print(text, end="", flush=True)

    return show


def spread(runs, form=".1f"):
    """Mean and standard deviation over the runs, as text; a single run has no spread."""
    deviation = f" ± {np.std(runs, ddof=1):{form}}" if len(runs) > 1 else ""
    return f"{np.mean(runs):{form}}{deviation}"


@functools.cache
def scans():
    """1,797 digits of 8 x 8 grey pixels, always split in the same way; the test scans have no say in the scaling."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    x, y = load_digits(return_X_y=True)
    x, x_test, y, y_test = train_test_split(x, y, train_size=1280, stratify=y, random_state=0)
    return (x - x.mean()) / x.std(), y, (x_test - x.mean()) / x.std(), y_test


def network(name, depth=2, kernel="glorot_uniform", bias=0.0):
    """Hidden layers of 64 units, each followed by the activation, then one score per digit."""
    hidden = image = keras.Input((64,))
    for _ in range(depth):
        start = {"kernel_initializer": kernel, "bias_initializer": keras.initializers.Constant(bias)}
        hidden = keras_acts.get(name)(keras.layers.Dense(64, **start)(hidden))
    return keras.Model(image, keras.layers.Dense(10)(hidden))


@functools.cache
def compiled(name, depth):
    """A network ready to train, and its optimizer's first state. Kept, because compiling takes longer than training."""
    model = network(name, depth)
    model.compile(keras.optimizers.Adam(), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.optimizer.build(model.trainable_variables)
    model.optimizer.save_own_variables(state := {})
    return model, state


def train(name, measure, seeds, epochs, rate=0.01, depth=2, **start):
    """Yield, seed by seed, what `measure(model)` says before the training and after each epoch."""
    model, state = compiled(name, depth)
    x, y, *_ = scans()
    for seed in range(seeds):
        keras.utils.set_random_seed(seed)
        model.set_weights(network(name, depth, **start).get_weights())
        model.optimizer.load_own_variables(state)
        model.optimizer.learning_rate = rate
        measured = [measure(model)]
        for _ in range(epochs):
            for batch in np.random.permutation(len(x)).reshape(-1, 128):
                model.train_on_batch(x[batch], y[batch])
            measured.append(measure(model))
        yield measured


def accuracy(model):
    """The share of the 517 test scans that the network reads correctly, in %."""
    _, _, x_test, y_test = scans()
    return 100 * np.mean(keras.ops.convert_to_numpy(model(x_test)).argmax(axis=1) == y_test)


@functools.cache
def probe(model):
    """The same network with other outputs: what enters the activation of each hidden layer."""
    dense = [layer.output for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    return keras.Model(model.inputs, dense[:-1])
