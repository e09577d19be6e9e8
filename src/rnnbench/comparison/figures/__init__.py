"""Figures of the hardware page, drawn from the tables of the comparison, and what they share:
machines down, ratios across.

The contract of a module is that of :mod:`rnnbench.report.figures`, which draws them:
``figures.draw("ratios", tables, figures.HARDWARE)``. Any number of machines fits: where a figure
cannot hold all, it says which it shows.
"""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from pandas import DataFrame

from rnnbench.comparison import views
from rnnbench.report import theme
from rnnbench.tables import readers
from rnnbench.timing.statistics.ratios import ALIKE, FASTER, SLOWER

VERDICTS = {  # kind of verdict -> color, marker, whether it is filled
    FASTER: (theme.GREEN, "^", True),
    SLOWER: (theme.ORANGE, "v", True),
    views.EQUAL: (theme.BLUE, "D", True),
    ALIKE: (theme.INK, "o", False),
}
TYPICAL = "#b0b0b0"
SHIFT = 0.2  # of a row, between a machine at its best and typically


def mark(ax: Axes, row: Any, y: float) -> None:
    """Draw a machine at its best, with interval and verdict, and faintly below it typically."""
    below = y + SHIFT
    if row.typical_low <= row.typical_high:
        ax.plot([row.typical_low, row.typical_high], [below] * 2, color=TYPICAL, lw=1, zorder=2)
    ax.plot([row.typical_ratio], [below], marker="o", color=TYPICAL, ms=2.5, ls="none", zorder=2)
    look, above = _look(views.kind(row.verdict)), y - SHIFT
    if row.low <= row.high:
        ax.plot([row.low, row.high], [above] * 2, color=look["color"], lw=1.6, zorder=3)
    ax.plot([row.ratio], [above], **look, ls="none", zorder=4)


def ratio_axis(ax: Axes, table: DataFrame) -> None:
    """A logarithmic axis around 1 that holds every ratio and interval of a table."""
    ends = table[views.ENDS].to_numpy(float).ravel()
    ends = [*ends[np.isfinite(ends) & (ends > 0)], 1.05, 1 / 1.05]
    ax.set_xlim(min(ends) / 1.03, max(ends) * 1.03)
    theme.logarithmic(ax.xaxis)
    if max(ends) / min(ends) < 2.5:
        ax.xaxis.set_major_locator(MaxNLocator(4))
    ax.axvline(1, color=theme.INK, lw=1, zorder=1)


def machine_axis(ax: Axes, machines: Sequence[str]) -> None:
    """Write the machines down the vertical axis, the first on top."""
    names = ["\n".join(theme.wrapped(line, 26) for line in name.split("\n")) for name in machines]
    ax.set_ylim(len(machines) - 0.5, -0.5)
    ax.set_yticks(range(len(machines)), names)
    ax.grid(False, axis="y")


def ratio_handles(verdicts: Collection[str]) -> list[Line2D]:
    """Legend of the verdicts that a figure shows, and of what is typical."""
    kinds = {views.kind(verdict): verdict for verdict in verdicts}
    handles = [
        Line2D([], [], **_look(kind), lw=1.6, label=kinds[kind])
        for kind in VERDICTS
        if kind in kinds
    ]
    return [*handles, Line2D([], [], color=TYPICAL, marker="o", ms=2.5, lw=1, label="typical")]


def one_setting(table: DataFrame) -> DataFrame:
    """Keep the sizes, sampler and threshold that most rows have; figures show one setting."""
    return readers.one_setting(readers.one_size(table)) if len(table) else table


def _look(kind: str) -> theme.Keywords:
    color, marker, filled = VERDICTS[kind]
    face = color if filled else "white"
    return {"color": color, "marker": marker, "mfc": face, "ms": 4.5 if marker != "D" else 3.5}
