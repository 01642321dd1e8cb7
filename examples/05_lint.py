"""A network with the mistakes that people make, what `lint` says about it, and the same network mended.

Saves 05_lint.csv, the findings, and 05_lint.png, how both learn.
"""

import csv

import keras_acts
from common import options, scans

import keras
from keras.layers import Dense, Softmax
from matplotlib.figure import Figure

args = options(__doc__, epochs=5)
x, y, x_test, y_test = scans()


def train(model, label, panel):
    """Train a network that is compiled; draw its test accuracy over the epochs."""
    history = model.fit(x, y, 128, args.epochs, verbose=0, validation_data=(x_test, y_test)).history
    percent = [100 * value for value in history["val_accuracy"]]
    panel.plot(range(1, args.epochs + 1), percent, marker="o", linewidth=2, label=label)
    print(f"{label}: {percent[-1]:.1f} % of the test scans read correctly\n")


keras.utils.set_random_seed(0)
hidden = [Dense(64, activation="sigmoid", name=f"hidden_{i}") for i in range(8)]
broken = keras.Sequential([keras.Input((64,)), *hidden, Dense(64, name="extra"), Dense(10, name="head"), Softmax()])
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
broken.compile("adam", loss, metrics=["accuracy"])
findings = keras_acts.lint(broken)
print(f"{findings}\n")
with open(args.out / "05_lint.csv", "w", newline="", encoding="utf-8") as file:
    writer = csv.DictWriter(file, findings.to_records()[0])
    writer.writeheader()
    writer.writerows(findings.to_records())

start = keras_acts.initializer_for("relu", seed=0)
hidden = [Dense(64, activation="relu", kernel_initializer=start) for _ in range(8)]
mended = keras.Sequential([keras.Input((64,)), *hidden, Dense(10)])
mended.compile("adam", loss, metrics=["accuracy"])
print(f"mended: {keras_acts.lint(mended)}\n")
print(f"{keras_acts.recommend('multiclass', depth=8)}\n")

figure = Figure(figsize=(6, 3.6))
panel = figure.subplots()
train(broken, f"with {len(findings)} findings", panel)
train(mended, "mended", panel)
panel.axhline(10, color="0.6", linestyle=":", label="chance")
panel.set(
    xlabel="epoch",
    ylabel="test accuracy (%)",
    ylim=(0, 100),
    xticks=range(1, args.epochs + 1),
    title="What lint found, before any training",
)
panel.legend(loc="center right")
figure.savefig(args.out / "05_lint.png")
