"""A trained network gets other activations: as they are, starting as what was there, and calibrated. Saves a figure."""

import keras_acts
from common import options, scans

import keras
from keras.layers import Dense
from matplotlib.figure import Figure

args = options(__doc__, epochs=5)
x, y, x_test, y_test = scans()
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def accuracy(model):
    """The share of the test scans that a network reads correctly, in %."""
    scores = keras.ops.convert_to_numpy(model(x_test))
    return 100 * (scores.argmax(axis=1) == y_test).mean()


def curve(model):
    """Train a network; return its test accuracy before and after each epoch."""
    model.compile(keras.optimizers.Adam(0.0005), loss)
    percent = [accuracy(model)]
    for _ in range(args.epochs):
        model.fit(x, y, 128, verbose=0)
        percent.append(accuracy(model))
    return percent


keras.utils.set_random_seed(0)
hidden = [Dense(64, activation="relu", name=f"hidden_{i}") for i in range(4)]
trained = keras.Sequential([keras.Input((64,)), *hidden, Dense(10, name="head")])
trained.compile(keras.optimizers.Adam(0.002), loss)
trained.fit(x, y, 128, 10, verbose=0)
print(f"trained with ReLU: {accuracy(trained):.1f} %")
ways = {
    "PReLU": ("prelu", {}),
    "PReLU (preserved)": ("prelu", {"preserve": True}),
    "softplus": ("softplus", {}),
    "softplus (calibrated)": ("softplus", {"calibrate": x[:512]}),
}
figure = Figure(figsize=(6, 3.6))
panel = figure.subplots()
with open(args.out / "06_replace.csv", "w", encoding="utf-8") as file:
    file.write("way,epoch,test_accuracy\n")
    for way, (name, settings) in ways.items():
        new, changes = keras_acts.replace_activations(trained, {"relu": name}, **settings)
        print(f"\n{way}: {changes}")
        percent = curve(new)
        print(f"test accuracy: {percent[0]:.1f} % at once, {percent[-1]:.1f} % after {args.epochs} epochs", flush=True)
        file.writelines(f"{way},{epoch},{value:.2f}\n" for epoch, value in enumerate(percent))
        panel.plot(percent, marker="o", label=way, linestyle="-" if settings else "--")
panel.axhline(accuracy(trained), color="0.6", linestyle=":", label="the original")
panel.set(xlabel="epochs after the replacement", ylabel="test accuracy (%)", title="ReLU replaced in a trained network")
panel.legend()
figure.savefig(args.out / "06_replace.png")
