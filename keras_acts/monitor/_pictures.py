"""The monitor's pictures. Matplotlib is imported when something is drawn, not before."""

from typing import Any

import numpy as np

from keras_acts.monitor._history import History
from keras_acts.monitor._recorder import EDGES
from keras_acts.monitor._siblings import Flow
from keras_acts.monitor._units import DEAD, Units
from keras_acts.plot import COLOURS

_MOST_LAYERS = 60
_MOST_UNITS = 512


def _figure(width: float, height: float) -> Any:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def dead_by_layer(history: History) -> Any:
    """Share of dead units, layer by epoch."""
    rows = [row for row in history.rows if row["epoch"] >= 0]
    layers = list(dict.fromkeys(row["layer"] for row in rows))[:_MOST_LAYERS]
    epochs = sorted({row["epoch"] for row in rows})
    shares = np.full((len(layers), len(epochs)), np.nan)
    for row in rows:
        if row["layer"] in layers:
            shares[layers.index(row["layer"]), epochs.index(row["epoch"])] = row["dead_share"]
    figure = _figure(7.5, 1.4 + 0.26 * max(len(layers), 3))
    ax = figure.add_subplot()
    image = ax.imshow(100 * shares, aspect="auto", cmap="YlOrRd", vmin=0, vmax=100, interpolation="nearest")
    ax.set_yticks(range(len(layers)), layers)
    _epoch_ticks(ax, epochs)
    ax.set_title("Dead units by layer", loc="left")
    figure.colorbar(image, ax=ax, label="dead units (%)")
    if shares.size <= 150:
        for (y, x), share in np.ndenumerate(shares):
            if np.isfinite(share):
                ax.text(x, y, f"{share:.0%}", ha="center", va="center", fontsize=8, color="w" if share > 0.7 else "k")
    return figure


def dead_by_unit(history: History, layer: str) -> Any:
    """Which units of one layer were dead in which epoch."""
    epochs, table = history.dead_units(layer)
    cut = table[:, :_MOST_UNITS]
    figure = _figure(7.5, 1.2 + min(3.5, max(0.8, 0.03 * cut.shape[1])))
    ax = figure.add_subplot()
    ax.imshow(cut.T, aspect="auto", cmap=_two_colours(), vmin=0, vmax=1, interpolation="nearest")
    _epoch_ticks(ax, epochs.tolist())
    ax.set_ylabel("unit")
    ax.yaxis.get_major_locator().set_params(integer=True)
    left = f", the first {_MOST_UNITS} of {table.shape[1]}" if table.shape[1] > _MOST_UNITS else ""
    ax.set_title(f"Units of {layer}{left}: dead in orange", loc="left")
    return figure


def firing_rates(units: dict[str, Units]) -> Any:
    """How often the units of each layer fire, in the last epoch."""
    shown = list(units.items())[:_MOST_LAYERS]
    figure = _figure(7.5, 1.2 + 0.42 * max(len(shown), 2))
    ax = figure.add_subplot()
    edges = np.linspace(0, 1, 41)
    for place, (_, layer) in enumerate(shown):
        rates = layer.columns["fired"] / max(layer.samples, 1)
        counts, _ = np.histogram(rates[layer.states != DEAD], edges)
        height = 0.85 * counts / max(counts.max(), 1)
        ax.fill_between(
            edges[:-1], -place + 0 * height, -place + height, step="post", color=COLOURS[0], alpha=0.75, lw=0
        )
        dead = layer.dead.size
        if dead:
            ax.text(-0.012, -place + 0.1, f"{dead} dead", ha="right", fontsize=8, color=COLOURS[1])
    ax.set_yticks([-place for place in range(len(shown))], [name for name, _ in shown])
    ax.set_xlim(-0.16, 1.0)
    ax.set_xticks(np.linspace(0, 1, 6), [f"{x:.0%}" for x in np.linspace(0, 1, 6)])
    ax.set_xlabel("share of samples in which a unit fires")
    ax.set_title("Firing rates of the living units, last epoch", loc="left")
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
    return figure


def ridgelines(units: dict[str, Units]) -> Any:
    """What went into the activations of each layer in the last epoch, one ridge for each, on an arcsinh scale."""
    shown = [(name, layer) for name, layer in units.items() if "histogram" in layer.columns][:_MOST_LAYERS]
    figure = _figure(7.5, 1.4 + 0.5 * max(len(shown), 2))
    ax = figure.add_subplot()
    edges = np.arcsinh(EDGES)
    middles = (edges[1:] + edges[:-1]) / 2
    width = edges[1] - edges[0]
    x = np.concatenate([[edges[0] - width / 2], middles, [edges[-1] + width / 2]])
    for place, (_, layer) in enumerate(shown):
        shares = layer.columns["histogram"] / max(layer.columns["histogram"].sum(), 1)
        y = 1.5 * shares / max(shares.max(), 1e-9)
        ax.fill_between(x, -place, -place + y, color=COLOURS[0], alpha=0.65, lw=0, zorder=2 * place)
        ax.plot(x, -place + y, color="w", lw=1.2, zorder=2 * place + 1)
    ax.axvline(0, color="0.3", lw=0.8, ls=":", zorder=2 * len(shown) + 2)
    ax.set_yticks([-place for place in range(len(shown))], [name for name, _ in shown])
    ticks = np.array([-50, -10, -3, -1, 0, 1, 3, 10, 50])
    ax.set_xticks(np.arcsinh(ticks), [f"{tick:g}" for tick in ticks])
    ax.set_xlim(x[0], x[-1])
    ax.set_xlabel("input of the activation (arcsinh scale; each ridge has its own height)")
    ax.set_title("Pre-activations, last epoch", loc="left")
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
    return figure


def gradients(flows: dict[str, Flow]) -> Any:
    """Norm of each layer's gradient, and over that of its weights, from the input to the loss."""
    shown = list(flows.items())[:_MOST_LAYERS]
    figure = _figure(7.5, 1.5 + 0.28 * max(len(shown), 3))
    ax = figure.add_subplot()
    places = -np.arange(len(shown))
    for values, label, marker, colour in (
        ([flow.gradient for _, flow in shown], "gradient", "o", COLOURS[0]),
        ([flow.relative for _, flow in shown], "gradient / weights", "s", COLOURS[1]),
    ):
        values = np.array(values, float)
        values[~(values > 0)] = np.nan  # a logarithm has no place for them
        ax.plot(values, places, marker=marker, ms=5, lw=1, color=colour, label=label)
    ax.set_xscale("log")
    for place, (_, flow) in zip(places, shown, strict=True):
        if not flow.gradient > 0:
            text = "0 in every step" if flow.gradient == 0 else "not finite"
            ax.text(0.01, place, text, transform=ax.get_yaxis_transform(), va="center", fontsize=8, color="0.3")
    ax.set_yticks(places, [name for name, _ in shown])
    ax.set_ylim(-len(shown) + 0.5, 0.5)
    ax.set_xlabel("norm, root mean square over the steps")
    ax.set_title("Gradients by depth, last epoch: the input above, the loss below", loc="left")
    ax.grid(axis="x", color="0.9", lw=0.6)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    if shown:
        ax.legend(frameon=False, fontsize=8)
    return figure


def _epoch_ticks(ax: Any, epochs: list[int]) -> None:
    every = max(1, len(epochs) // 12)
    ax.set_xticks(range(0, len(epochs), every), [epoch + 1 for epoch in epochs[::every]])
    ax.set_xlabel("epoch")


def _two_colours() -> Any:
    from matplotlib.colors import ListedColormap

    return ListedColormap(["0.93", COLOURS[1]])
