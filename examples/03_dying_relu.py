"""Dying ReLUs: a network of eight hidden layers stalls on the digits, for either of two causes. Which remedy helps?

A unit is off if its input is positive for none of the 517 test scans. A ReLU that is off is dead, for its slope is 0; a
leaky ReLU or PReLU still has a slope there and may come back. Saves 03_dying_relu.csv and 03_dying_relu.png.
"""

from common import accuracy, compiled, countdown, options, probe, scans, spread, train

import numpy as np
from matplotlib.figure import Figure

SETTINGS = [  # cause, remedy, activation, learning rate, start of the kernels and of the biases
    ("a rate of 0.1", "ReLU as it is", "relu", 0.1, "glorot_uniform", 0.0),
    ("a rate of 0.1", "leaky ReLU", "leaky_relu", 0.1, "glorot_uniform", 0.0),
    ("a rate of 0.1", "PReLU", "prelu", 0.1, "glorot_uniform", 0.0),
    ("a rate of 0.1", "a better start", "relu", 0.1, "he_normal", 0.1),
    ("a rate of 0.1", "a tenth of the rate", "relu", 0.01, "glorot_uniform", 0.0),
    ("biases of -0.5", "ReLU as it is", "relu", 0.01, "glorot_uniform", -0.5),
    ("biases of -0.5", "leaky ReLU", "leaky_relu", 0.01, "glorot_uniform", -0.5),
    ("biases of -0.5", "PReLU", "prelu", 0.01, "glorot_uniform", -0.5),
    ("biases of -0.5", "a better start", "relu", 0.01, "he_normal", 0.1),
    ("biases of -0.5", "a tenth of the rate", "relu", 0.001, "glorot_uniform", -0.5),
]
args = options(__doc__, seeds=3, epochs=8)


def off(model):
    """The share of the units of each hidden layer, in %, that no test scan switches on."""
    return [100 * np.mean(z.max(axis=0) <= 0) for z in probe(model).predict_on_batch(scans()[2])]


figure, show = Figure(figsize=(8, 4.6)), countdown(len(SETTINGS) * args.seeds)
panels, extent = figure.subplots(2, 5, sharex=True, sharey=True), (-0.5, args.epochs + 0.5, 0.5, 8.5)
mended = {cause: [] for cause, *_ in SETTINGS}
print("stalled by     remedy               accuracy (%): seeds, mean ± sd   units off (%)")
with open(args.out / "03_dying_relu.csv", "w") as file:
    file.write("cause,remedy,seed,accuracy,units_off\n")
    for panel, (cause, remedy, name, rate, kernel, bias) in zip(panels.flat, SETTINGS, strict=True):
        print(f"{cause:15}{remedy:20}", end="", flush=True)
        shares, correct = [], []
        for share in train(name, off, args.seeds, args.epochs, rate, depth=8, kernel=kernel, bias=bias):
            shares.append(share)
            correct.append(accuracy(compiled(name, 8)[0]))
            file.write(f"{cause},{remedy},{len(correct) - 1},{correct[-1]:.2f},{np.mean(share[-1]):.2f}\n")
            show(f"{correct[-1]:6.1f}")
        print(f"   {spread(correct):15} {spread(np.mean(shares, axis=2)[:, -1]):12}")
        if np.mean(correct) > 50:
            mended[cause].append(remedy)
        image = panel.imshow(
            np.mean(shares, 0).T, "cividis", vmin=0, vmax=100, aspect="auto", origin="lower", extent=extent
        )
        panel.set(title=f"{remedy}\n{np.mean(correct):.0f} % correct", yticks=[1, 4, 8])
figure.colorbar(image, ax=panels, label="units off (%)")
rows = zip(("Top", "Bottom"), mended.items(), strict=True)
lines = [f"{row}: stalled by {cause}, mended by {' or '.join(names) or 'nothing'}" for row, (cause, names) in rows]
figure.suptitle("\n".join(lines))
figure.supxlabel(f"epoch (mean of {args.seeds} seeds)")
figure.supylabel("hidden layer")
figure.savefig(args.out / "03_dying_relu.png")
