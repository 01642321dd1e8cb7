"""A sine, learned without an activation and with one, and judged inside and outside the interval of the training data.

Next to the networks stand the best straight line (least squares) and the constant 0. Saves 01_sine.csv and 01_sine.png.
"""

import keras_acts
from common import countdown, options, spread

import keras
import numpy as np
from keras.layers import Dense
from matplotlib.figure import Figure

args = options(__doc__, seeds=3, epochs=4)
show = countdown(3 * args.seeds)
x = np.linspace(-4 * np.pi, 4 * np.pi, 801)
inside = abs(x) <= 2 * np.pi
line = np.polyval(np.polyfit(x[inside], np.sin(x[inside]), deg=1), x)


def learn(name, seed):
    """Train a network on random places inside the interval; return its curve over `x`."""
    keras.utils.set_random_seed(seed)
    model = keras.Sequential([Dense(64, keras_acts.get(name)), Dense(64, keras_acts.get(name)), Dense(1)])
    rate = keras.optimizers.schedules.CosineDecay(0.01, decay_steps=250 * args.epochs)
    model.compile(keras.optimizers.Adam(rate), "mse")
    places = np.random.uniform(-2 * np.pi, 2 * np.pi, (32000, 1))
    model.fit(places, np.sin(places), batch_size=128, epochs=args.epochs, verbose=0)
    show("")
    return keras.ops.convert_to_numpy(model(x[:, None]))[:, 0]


def report(name, curves, file):
    """Print the mean squared error inside and outside, and write down that of each curve."""
    squares = (np.array(curves) - np.sin(x)) ** 2
    near, far = squares[:, inside].mean(axis=1), squares[:, ~inside].mean(axis=1)
    file.writelines(f"{name},{seed},{near[seed]:.6f},{far[seed]:.6f}\n" for seed in range(len(curves)))
    print(f"{name:20}{spread(near, '.4f'):18}{spread(far, '.2f'):18}", flush=True)
    return f"{name}: MSE {near.mean():.4f} inside, {far.mean():.1f} outside"


figure = Figure(figsize=(8, 3.8))
print("mean squared error  inside ±2 pi       outside, to ±4 pi")
with open(args.out / "01_sine.csv", "w") as file:
    file.write("curve,seed,error_inside,error_outside\n")
    report("best straight line", [line], file)
    report("constant 0", [0 * x], file)
    for panel, name in zip(figure.subplots(1, 3, sharey=True), ("linear", "relu", "tanh"), strict=True):
        curves = [learn(name, seed) for seed in range(args.seeds)]
        panel.axvspan(-2, 2, color="0.92", label="training interval")
        panel.plot(x / np.pi, np.sin(x), color="black", linewidth=1, label="sine")
        panel.fill_between(x / np.pi, np.min(curves, 0), np.max(curves, 0), color="#E69F00", alpha=0.4)
        panel.plot(x / np.pi, np.mean(curves, 0), color="#D55E00", linewidth=2, label="network, mean and range")
        panel.plot(x / np.pi, line, "--", color="#56B4E9", label="best straight line")
        panel.set(title=report(name, curves, file), xlabel="x / π", ylim=(-4, 4))
figure.legend(*panel.get_legend_handles_labels(), loc="outside lower center", ncols=4)
figure.suptitle("Without an activation: the best straight line. With one: the sine, but only where there was data")
figure.supylabel("y")
figure.savefig(args.out / "01_sine.png")
