"""Each machine's speed divided by the baseline's, with 95 % intervals: over all comparable work, by
device and threads, by cell, in the fastest way to train each cell, and piece by piece; dark at its
best, faint in typical use."""

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from pandas import DataFrame

from rnnbench.comparison import answers, views
from rnnbench.report import theme
from rnnbench.tables import readers
from rnnbench.timing.statistics.ratios import ALIKE, FASTER, SLOWER

SECTION = "Machines"
TABLES = ("machines", "overall", "comparison", "best")
MOST = 4  # machines with a panel of their own
ALL = "all work"
NOTE = (
    "Top: the geometric mean over all comparable work. Middle: over the work of each device and "
    "number of threads, and of each cell; and each cell by the fastest way of either machine, "
    "whatever the code, device and threads. Bottom: single pieces of work, whose verdicts are "
    "adjusted for their number; each interval is 95 %. Typical: the speed while neighbours share "
    "the machine."
)
VERDICTS = {  # kind of verdict -> color, marker, whether it is filled
    FASTER: (theme.GREEN, "^", True),
    SLOWER: (theme.ORANGE, "v", True),
    views.EQUAL: (theme.BLUE, "D", True),
    ALIKE: (theme.INK, "o", False),
}
TYPICAL = "#b0b0b0"
SHIFT = 0.2  # of a row, between a machine at its best and typically


def draw(tables: readers.Tables) -> Figure:
    done = _lanes(tables)
    if done.empty:
        raise theme.Empty(answers.nothing(tables))
    machines, blocks = list(dict.fromkeys(done.machine)), _blocks(done)
    shown, lanes = machines[:MOST], [lane for block in blocks for lane in block]
    height = 0.9 + 0.2 * len(lanes)
    figure, axes = theme.panels(1, len(shown), height, sharex=True, sharey=True)
    for ax, machine in zip(axes[0], shown, strict=True):
        _panel(ax, done[done.machine == machine], lanes)
        for end in (len(blocks[0]), len(lanes) - len(blocks[-1])):
            ax.axhline(end - 0.5, color="#999999", lw=0.8)
        ax.set_title(theme.wrapped(machine, 68 // len(shown)))
    _ratio_axis(axes[0, 0], done[done.machine.isin(shown)])
    axes[0, 0].set_yticks(range(len(lanes)), lanes)
    axes[0, 0].get_yticklabels()[0].set_fontweight("bold")
    axes[0, 0].set_xlabel("times the baseline")
    theme.legend(figure, _handles({*done.verdict}), columns=5)
    theme.note(figure, [f"The baseline is {done.baseline.iloc[0]}.", NOTE, *_left(machines)])
    return figure


def finding(tables: readers.Tables) -> str:
    done = views.judged(views.rows(tables, "comparison"))
    single = f"; single pieces of work: {views.counts(done.verdict)}" if len(done) else ""
    return f"{answers.headline(tables)}{single}."


def _lanes(tables: readers.Tables) -> DataFrame:
    """What is drawn, the fastest machine first: ``lane`` names the row, ``block`` its kind."""
    total = views.judged(views.scope(tables, "all"))
    if total.empty:
        return total
    single = _one_setting(views.judged(views.pieces(tables)))
    groups = views.judged(views.groups(tables))
    ways = _one_setting(views.judged(views.rows(tables, "best")))
    parts = [
        total.assign(lane=ALL, block=0),
        groups.assign(lane=groups.group, block=1),
        ways.assign(lane="fastest " + ways.family, block=2),
        single.assign(lane=single.piece, block=3),
    ]
    return pd.concat([part.dropna(axis=1, how="all") for part in parts if len(part)])


def _one_setting(table: DataFrame) -> DataFrame:
    """Keep the sizes, sampler and threshold that most rows have; figures show one setting."""
    return readers.one_setting(readers.one_size(table)) if len(table) else table


def _blocks(done: DataFrame) -> list[list[str]]:
    return [list(dict.fromkeys(own.lane)) for _, own in done.groupby("block")]


def _panel(ax: Axes, own: DataFrame, lanes: list[str]) -> None:
    for row in own.itertuples():
        _mark(ax, row, lanes.index(row.lane))
    ax.axvline(1, color=theme.INK, lw=1, zorder=1)
    ax.set_ylim(len(lanes) - 0.5, -0.5)
    ax.tick_params(axis="y", labelsize=7)
    ax.grid(False, axis="y")


def _mark(ax: Axes, row: Any, y: float) -> None:
    """Draw a machine at its best, with interval and verdict, and faintly below it typically."""
    below = y + SHIFT
    if row.typical_low <= row.typical_high:
        ax.plot([row.typical_low, row.typical_high], [below] * 2, color=TYPICAL, lw=1, zorder=2)
    ax.plot([row.typical_ratio], [below], marker="o", color=TYPICAL, ms=2.5, ls="none", zorder=2)
    look, above = _look(views.kind(row.verdict)), y - SHIFT
    if row.low <= row.high:
        ax.plot([row.low, row.high], [above] * 2, color=look["color"], lw=1.6, zorder=3)
    ax.plot([row.ratio], [above], **look, ls="none", zorder=4)


def _ratio_axis(ax: Axes, table: DataFrame) -> None:
    """A logarithmic axis around 1 that holds every ratio and interval of a table."""
    ends = table[views.ENDS].to_numpy(float).ravel()
    ends = [*ends[np.isfinite(ends) & (ends > 0)], 1.05, 1 / 1.05]
    ax.set_xlim(min(ends) / 1.03, max(ends) * 1.03)
    theme.logarithmic(ax.xaxis)
    if max(ends) / min(ends) < 2.5:
        ax.xaxis.set_major_locator(MaxNLocator(4))
    ax.axvline(1, color=theme.INK, lw=1, zorder=1)


def _handles(verdicts: Collection[str]) -> list[Line2D]:
    """Legend of the verdicts that are shown, and of what is typical."""
    kinds = {views.kind(verdict): verdict for verdict in verdicts}
    handles = [
        Line2D([], [], **_look(kind), lw=1.6, label=kinds[kind])
        for kind in VERDICTS
        if kind in kinds
    ]
    return [*handles, Line2D([], [], color=TYPICAL, marker="o", ms=2.5, lw=1, label="typical")]


def _look(kind: str) -> theme.Keywords:
    color, marker, filled = VERDICTS[kind]
    face = color if filled else "white"
    return {"color": color, "marker": marker, "mfc": face, "ms": 4.5 if marker != "D" else 3.5}


def _left(machines: list[str]) -> list[str]:
    left = len(machines) - MOST
    return [f"The {MOST} fastest machines; {left} more are in the tables."] if left > 0 else []
