"""How often a sampler reads each token of a text, and how evenly its subsequences start.

Left: the probability that a token is in an input of an epoch, exactly, without a random offset and
with it. Right: how far the starts of subsequences are from uniform, by how the offset is drawn.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from pandas import DataFrame

from rnnbench.report import theme
from rnnbench.tables import readers

SECTION = "Minibatches"
TABLES = ("coverage", "coverage_curves")
OFFSETS = {
    "none": ("always 0", theme.ORANGE, "--"),
    "uniform": ("uniform, below num_steps", theme.BLUE, "-"),
    "book": ("uniform, up to num_steps", theme.GREEN, "-"),
    "gaussian": ("Gaussian", theme.PURPLE, "-"),
}


def draw(tables: readers.Tables) -> Figure:
    table, curves = readers.rows(tables, "coverage"), readers.rows(tables, "coverage_curves")
    if table.empty or curves.empty:
        return theme.placard("No coverage to show.")
    samplers = list(table.sampler.unique())
    figure, axes = theme.panels(len(samplers), 2, height=1.9, sharex="col", width_ratios=[2.6, 1])
    for row, sampler in enumerate(samplers):
        size = float(table.num_tokens[table.sampler == sampler].iloc[0])
        _read(axes[row, 0], curves[curves.sampler == sampler], size)
        axes[row, 0].set_title(sampler)
        _starts(axes[row, 1], table[table.sampler == sampler])
    axes[-1, 0].set_xlabel("position in the text (tokens)")
    axes[-1, 1].set_xlabel("distance from uniform")
    handles = [
        Line2D([], [], color=color, ls=line, label=f"offset {label}")
        for name, (label, color, line) in OFFSETS.items()
        if name in set(table.offsets)
    ]
    theme.legend(figure, handles, 2)
    return figure


def finding(tables: readers.Tables) -> str:
    table = readers.rows(tables, "coverage")
    if table.empty:
        return "No coverage to show."
    parts = []
    for row in table[table.offsets == "uniform"].itertuples():
        tested = f"p = {row.p_places:.2g} over {row.epochs:,.0f} simulated epochs"
        parts.append(
            f"{row.sampler} leaves {row.unread_tokens:,.0f} of {row.num_tokens:,.0f} tokens out of "
            f"an epoch and {row.never_read:,.0f} out of all ({tested})"
        )
    return f"With a random offset {readers.english(parts)}."


def _read(ax: Axes, curves: DataFrame, size: float) -> None:
    for name, (_, color, line) in OFFSETS.items():
        found = curves[curves.offsets == name].sort_values("position")
        if len(found):
            ends = np.append(found.position, size)
            values = np.append(found["read"], found["read"].iloc[-1])
            ax.step(ends, values, where="post", color=color, ls=line, lw=0.9)
    ax.set(ylabel="probability of\nbeing read", ylim=(-0.05, 1.05))


def _starts(ax: Axes, table: DataFrame) -> None:
    table = table.iloc[::-1]
    colors = [OFFSETS[name][1] for name in table.offsets]
    ax.barh(range(len(table)), table.start_distance, color=colors, height=0.6)
    for row, value in enumerate(table.start_distance):
        ax.text(value + 0.02, row, f"{value:.2g}", va="center", fontsize=7.5)
    ax.set(yticks=[], xlim=(0, 1.25))
    ax.grid(axis="y", visible=False)
