"""Handwritten digits again, as a study: paired over seeds, corrected for many comparisons, resumable, on disk.

Writes a table per depth (Markdown, LaTeX, CSV) and its figures. Stop it and start it again: finished runs are kept.
The study in the documentation:

    python examples/04_study.py --seeds 10 --epochs 20 --depths 2 8 --out docs/studies --activations relu leaky_relu \
        elu selu gelu silu mish tanh sigmoid softplus prelu snake
"""

import keras_acts
from common import options, scans

import keras
from matplotlib.figure import Figure

CHOSEN = ["relu", "tanh", "silu", "prelu"]
args = options(__doc__, seeds=5, epochs=10, activations=CHOSEN, depths=["2"])


def build(activation, depth):
    """Hidden layers of 64 units, each followed by a new activation, then one score per digit."""
    model = keras.Sequential([keras.Input((64,))])
    for _ in range(depth):
        model.add(keras.layers.Dense(64))
        model.add(activation())
    model.add(keras.layers.Dense(10))
    return model


for depth in map(int, args.depths):
    name = f"04_study_depth_{depth}"
    study = keras_acts.compare(
        lambda activation, depth=depth: build(activation, depth),
        args.activations,
        scans(),
        seeds=args.seeds,
        epochs=args.epochs,
        compile={
            "optimizer": keras.optimizers.Adam(0.002),
            "loss": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            "metrics": ["accuracy"],
        },
        directory=args.out / "runs" / f"{name}_{keras.backend.backend()}_{args.epochs}_epochs",
    )
    print(f"\n{depth} hidden layers\n{study}\n")
    (args.out / f"{name}.md").write_text(study.to_markdown(), encoding="utf-8")
    (args.out / f"{name}.tex").write_text(study.to_latex(), encoding="utf-8")
    study.to_csv(args.out / f"{name}.csv", which="runs")
    figure = Figure(figsize=(10, 6.4))
    curves, ranking, differences, gradients = figure.subplots(2, 2).flat
    study.plot_curves(ax=curves)
    study.plot_ranking(ax=ranking)
    study.plot_differences(ax=differences)
    study.plot_gradients(ax=gradients)
    figure.suptitle(f"The digits with {depth} hidden layers: {args.seeds} seeds, {args.epochs} epochs each")
    figure.savefig(args.out / f"{name}.png")
