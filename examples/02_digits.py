"""Handwritten digits: the same network with one activation after the other, on 1,797 real scans, several seeds each.

Each finished run goes to 02_digits.csv at once, so Ctrl-C loses none; a table and 02_digits.png follow at the end.
"""

from common import accuracy, countdown, options, spread, train

import numpy as np
from matplotlib.figure import Figure

ARTICLES = ["linear", "sigmoid", "tanh", "relu", "leaky_relu", "prelu", "elu", "softmax"]
args = options(__doc__, seeds=5, epochs=10, activations=ARTICLES)


def study(file):
    """Train each network once per seed; return the learning curves of each activation, one row per seed."""
    print(f"activation    test accuracy (%) after {args.epochs} epochs, seed by seed")
    curves, show = {}, countdown(args.seeds * len(args.activations))
    for name in args.activations:
        print(f"{name:12}", end="", flush=True)
        for seed, curve in enumerate(train(name, accuracy, args.seeds, args.epochs)):
            file.writelines(f"{name},{seed},{epoch},{percent:.2f}\n" for epoch, percent in enumerate(curve))
            curves[name] = np.array([*curves.get(name, []), curve])
            show(f"{curve[-1]:6.1f}")
        print(" " * 15)
    return curves


def draw(curves, level, title):
    """One panel per activation: the mean and the range over the seeds, in front of the means of the others."""
    figure = Figure(figsize=(8, 5.2))
    panels = figure.subplots(-(-len(curves) // 4), 4, sharex=True, sharey=True, squeeze=False).flat
    for panel, (name, runs) in zip(panels, curves.items(), strict=False):
        color = "#0072B2" if name in level else "#D55E00"
        panel.plot(np.transpose([100 - others.mean(0) for others in curves.values()]), color="0.85", linewidth=1)
        panel.fill_between(range(args.epochs + 1), 100 - runs.min(0), 100 - runs.max(0), color=color, alpha=0.3)
        panel.plot(100 - runs.mean(0), color=color, linewidth=2)
        panel.set_title(f"{name}  {runs[:, -1].mean():.1f} %", color=color)
        panel.set(yscale="log", ylim=(100, 1.7), yticks=[50, 20, 10, 5, 2], yticklabels=[50, 80, 90, 95, 98])
    figure.suptitle(title)
    figure.supxlabel(f"epoch (line: mean of {args.seeds} seeds; band: their range; grey: the other means)")
    figure.supylabel("test accuracy (%)")
    figure.savefig(args.out / "02_digits.png")


with open(args.out / "02_digits.csv", "w", buffering=1) as file:  # each line is written at once
    file.write("activation,seed,epoch,test_accuracy\n")
    try:
        curves = study(file)
    except KeyboardInterrupt:
        raise SystemExit(f"\nStopped; the runs finished so far are in {file.name}.") from None
last = {name: runs[:, -1] for name, runs in sorted(curves.items(), key=lambda item: -item[1][:, -1].mean())}
best = next(iter(last))
level = [name for name in last if last[name].max() >= last[best].min() or args.seeds == 1]
print(f"\nactivation   mean ± sd (%)   lowest - highest   overlaps with {best}")
for name, runs in last.items():
    print(f"{name:12} {spread(runs):15} {runs.min():.1f} - {runs.max():.1f}  {'yes' if name in level else 'no':>10}")
title = f"{len(level)} of {len(last)} activations overlap with the best (blue): no winner among them"
draw(curves, level, title if len(level) > 1 else f"Each run of {best} (blue) ends above all other runs")
