"""Each machine's speed divided by the baseline's, with 95 % intervals: over all comparable work, by
device and threads, by cell, and piece by piece; dark at its best, faint in typical use."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas import DataFrame

from rnnbench.comparison import answers, figures, views
from rnnbench.report import theme
from rnnbench.tables import readers

SECTION = "Machines"
TABLES = ("machines", "overall", "comparison")
MOST = 4  # machines with a panel of their own
ALL = "all work"
NOTE = (
    "Top: the geometric mean over all comparable work. Middle: over the work of each device and "
    "number of threads, and of each cell. Bottom: single pieces of work, whose verdicts are "
    "adjusted for their number; each interval is 95 %. Typical: the speed while neighbours share "
    "the machine."
)


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
    figures.ratio_axis(axes[0, 0], done[done.machine.isin(shown)])
    axes[0, 0].set_yticks(range(len(lanes)), lanes)
    axes[0, 0].get_yticklabels()[0].set_fontweight("bold")
    axes[0, 0].set_xlabel("times the baseline")
    theme.legend(figure, figures.ratio_handles({*done.verdict}), columns=5)
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
    single = figures.one_setting(views.judged(views.pieces(tables)))
    groups = views.judged(views.groups(tables))
    parts = [
        total.assign(lane=ALL, block=0),
        groups.assign(lane=groups.group, block=1),
        single.assign(lane=single.piece, block=2),
    ]
    return pd.concat([part.dropna(axis=1, how="all") for part in parts if len(part)])


def _blocks(done: DataFrame) -> list[list[str]]:
    return [list(dict.fromkeys(own.lane)) for _, own in done.groupby("block")]


def _panel(ax: Axes, own: DataFrame, lanes: list[str]) -> None:
    for row in own.itertuples():
        figures.mark(ax, row, lanes.index(row.lane))
    ax.axvline(1, color=theme.INK, lw=1, zorder=1)
    ax.set_ylim(len(lanes) - 0.5, -0.5)
    ax.tick_params(axis="y", labelsize=7)
    ax.grid(False, axis="y")


def _left(machines: list[str]) -> list[str]:
    left = len(machines) - MOST
    return [f"The {MOST} fastest machines; {left} more are in the tables."] if left > 0 else []
