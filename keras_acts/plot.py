"""Pictures of activations: value and slope, some together or all on a sheet. Every function returns its figure.

Matplotlib is imported when something is drawn, not before.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_acts._core import CATALOGUE, find
from keras_acts._formula import Formula
from keras_acts.properties import starting_values

# Okabe and Ito's palette: told apart by every eye.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")


def curve(name: str, x: np.ndarray, **parameters: float) -> tuple[np.ndarray, np.ndarray]:
    """Value and slope of an activation at the points of `x`, from its formula; NaN where there is no slope.

    The slope is the one that back-propagation uses: that of the surrogate, where there is one.

    Raises:
        ValueError: No activation has that name, or it has no formula because its elements depend on each other.
    """
    facts = find(name)
    if not facts.formula:
        raise ValueError(
            f"{facts.name} has no curve to draw: expected an activation that works on each element by itself, got one "
            f"of kind {facts.kind!r}; see `keras_acts.list_activations('elementwise')`."
        )
    settings = {**starting_values(facts), **parameters}
    found = Formula(facts.formula).evaluate(x, settings, exact=False)
    slopes = Formula(facts.surrogate or facts.formula).evaluate(x, settings, exact=False).slope
    # Where the formula jumps, a gap in the line says so; a steep stroke would not.
    jumps = np.abs(np.diff(found.value)) > 20 * np.diff(x) * (1 + np.abs(found.slope[1:]) + np.abs(found.slope[:-1]))
    value, slope = found.value.copy(), slopes.copy()
    value[1:][jumps] = np.nan
    if not facts.surrogate:
        slope[1:][jumps] = np.nan
    return value, slope


def plot_activation(*names: str, ax: Any = None, limit: float = 4.0, **parameters: float) -> Any:
    """Draw activations with their slopes: values as solid lines, slopes dashed.

    Args:
        *names: One name or more; each must have a formula.
        ax: Matplotlib axes to draw on; a new figure if left out.
        limit: The inputs go from `-limit` to `limit`.
        **parameters: Values of parameters, for all of them.

    Returns:
        The `matplotlib.figure.Figure`.

    Raises:
        ValueError: No name was given, or one has no formula.

    Examples:
        >>> keras_acts.plot_activation("relu", "gelu").axes[0].get_xlabel()
        'input'
    """
    if not names:
        raise ValueError("plot_activation draws at least one activation, got no name; pass one such as 'relu'.")
    x = np.linspace(-limit, limit, 1601)
    if ax is None:
        from matplotlib.figure import Figure

        ax = Figure(figsize=(6, 4), layout="constrained").add_subplot()
    for name, colour in zip(names, COLOURS * (1 + len(names) // len(COLOURS)), strict=False):
        value, slope = curve(name, x, **parameters)
        ax.plot(x, value, color=colour, linewidth=2, label=name)
        ax.plot(x, slope, color=colour, linewidth=1.2, linestyle="--", label=f"slope of {name}")
    ax.axhline(0, color="0.7", linewidth=0.6, zorder=0)
    ax.axvline(0, color="0.7", linewidth=0.6, zorder=0)
    ax.set(xlabel="input", ylabel="output and slope", xlim=(-limit, limit))
    ax.legend(frameon=False, fontsize="small")
    return ax.figure


def plot_sheet(names: Sequence[str] | None = None, columns: int = 6) -> Any:
    """Draw a sheet with one small picture per activation: value solid, slope dashed.

    Args:
        names: The activations; all that have a formula if left out.
        columns: Pictures in a row.

    Returns:
        The `matplotlib.figure.Figure`.

    Examples:
        >>> figure = keras_acts.plot_sheet(["relu", "gelu", "mish"], columns=3)
        >>> [axes.get_title() for axes in figure.axes]
        ['relu', 'gelu', 'mish']
    """
    from matplotlib.figure import Figure

    if names is None:
        names = [name for name in sorted(CATALOGUE) if CATALOGUE[name].formula]
    rows = -(-len(names) // columns)
    figure = Figure(figsize=(2.0 * columns, 1.75 * rows))
    # Placed by hand: working out the layout of a hundred pictures takes many times longer than drawing them.
    inches = {"left": 0.3, "right": 0.1, "bottom": 0.5, "top": 0.3}
    width, height = figure.get_size_inches()
    figure.subplots_adjust(
        left=inches["left"] / width,
        right=1 - inches["right"] / width,
        bottom=inches["bottom"] / height,
        top=1 - inches["top"] / height,
        wspace=0.25,
        hspace=0.45,
    )
    x = np.linspace(-4, 4, 801)
    for axes, name in zip(figure.subplots(rows, columns, squeeze=False).flat, [*names, *[""] * columns], strict=False):
        axes.axis("off" if not name else "on")
        if not name:
            continue
        value, slope = curve(name, x)
        axes.axhline(0, color="0.8", linewidth=0.5)
        axes.axvline(0, color="0.8", linewidth=0.5)
        axes.plot(x, value, color=COLOURS[0], linewidth=1.6)
        axes.plot(x, slope, color=COLOURS[1], linewidth=1.0, linestyle="--")
        finite = np.concatenate([value, slope])
        finite = finite[np.isfinite(finite)]
        axes.set_ylim(max(finite.min(), -4.2) - 0.2, min(finite.max(), 4.2) + 0.2)
        axes.set_title(name, fontsize=8)
        axes.tick_params(labelsize=6)
    figure.legend(
        handles=list(figure.axes[0].lines[2:4]),
        labels=["value", "slope"],
        loc="outside lower center",
        ncols=2,
        frameon=False,
        fontsize=9,
    )
    return figure
