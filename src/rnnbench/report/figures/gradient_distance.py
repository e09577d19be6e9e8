"""Vanishing and exploding gradients: the norm that is left so many steps back.

Left and middle: random recurrent weights of known spectral radius; medians over seeds, bands from 5
to 95 %, dotted: the powers of the radius. Right: models of text; the part of the gradient that
comes from so many steps back, as a share of the norm of the whole.
"""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from pandas import DataFrame

from rnnbench.report import theme
from rnnbench.tables import readers

SECTION = "Gradients"
TABLES = ("gradient_distance", "bptt_reach")
STAGES = {"initial": ":", "trained": "-"}


def draw(tables: readers.Tables) -> Figure:
    norms = readers.rows(tables, "gradient_distance")
    reach, words = readers.first_setting(readers.rows(tables, "bptt_reach"), "variant", "seed")
    if norms.empty:
        return theme.placard(readers.missing(norms, "gradient by distance"))
    radii = sorted(norms.spectral_radius.unique())
    figure, axes = theme.panels(1, 3, height=2.7)
    for ax, cell in zip(axes[0], ("linear", "tanh"), strict=False):
        for radius, color in zip(radii, theme.SERIES, strict=False):
            chosen = norms[(norms.cell == cell) & (norms.spectral_radius == radius)]
            _band(ax, chosen, "grad_norm", color)
            steps = np.arange(norms.distance.max() + 1)
            ax.plot(steps, radius**steps, color=color, lw=0.9, ls=":")
        ax.set(title=cell, xlabel="steps back", yscale="log", ylim=(1e-8, 1e6))
    axes[0, 0].set_ylabel("norm of the gradient")
    handles = [
        Line2D([], [], color=color, label=f"spectral radius {readers.figures3(radius)}")
        for radius, color in zip(radii, theme.SERIES, strict=False)
    ]
    _of_text(axes[0, 2], reach)
    theme.legend(figure, handles)
    theme.note(figure, [f"Models of text: shown at {words}."] if words else [])
    return figure


def finding(tables: readers.Tables) -> str:
    norms = readers.rows(tables, "gradient_distance")
    if norms.empty:
        return readers.missing(norms, "gradient by distance")
    far = norms[norms.distance == norms.distance.max()]
    groups = far.groupby(["cell", "spectral_radius"]).grad_norm.median()
    said = []
    for cell in ("linear", "tanh"):
        if cell in groups:
            values = groups[cell]
            ends = [f"{readers.figures3(v)} ({readers.figures3(r)})" for r, v in values.items()]
            said.append(f"{readers.english(ends)} of a {cell} network")
    return (
        f"From {far.distance.iloc[0]:.0f} steps back comes a gradient of norm "
        f"{', and '.join(said)}, median over {readers.counted(far.seed.nunique(), 'seed')} by "
        "spectral radius, where it is 1 at the start."
    )


def _band(ax: Axes, table: DataFrame, metric: str, color: str, **look: Any) -> None:
    groups = table.groupby("distance")[metric]
    low, middle, high = (groups.quantile(q) for q in (0.05, 0.5, 0.95))
    ax.fill_between(middle.index, low, high, color=color, alpha=0.2, lw=0)
    ax.plot(middle.index, middle, color=color, **look)


def _of_text(ax: Axes, reach: DataFrame) -> None:
    if reach.empty:
        return theme.vacant(ax, "No model of text to show.", 22)
    for variant in readers.ordered(reach.variant):
        for stage, line in STAGES.items():
            chosen = reach[(reach.variant == variant) & (reach.stage == stage)]
            label = f"{variant}, {stage}"
            _band(ax, chosen, "share", theme.look(variant).color, ls=line, label=label)
    ax.set(title="models of text", xlabel="steps back", ylabel="share of the gradient")
    ax.set(yscale="log", ylim=(1e-8, 3))
    ax.legend(loc="lower left")
