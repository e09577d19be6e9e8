"""How much of its potential a machine reaches: speed as a share of the limit set by its matrix
products, and of its roofline of arithmetic and memory; a mark per variant and number of threads."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from pandas import DataFrame

from rnnbench.comparison import figures, views
from rnnbench.report import theme
from rnnbench.tables import readers

SECTION = "Limits"
TABLES = ("limits",)
SHARES = {"share_of_limit": "share of the limit", "share_of_roofline": "share of the roofline"}
SIZE = 3.5  # of a mark, in points
NOTE = (
    "A line marks the median of its row. The limit is the time of the matrix products alone, each "
    "at the rate the library reached for that exact shape on that machine; a share above 1 is "
    "faster than the library."
)


def draw(tables: readers.Tables) -> Figure:
    limits = views.rows(tables, "limits")
    done = _done(limits)
    lanes = list(dict.fromkeys(zip(done.machine, done.device, strict=True)))
    height = 0.8 + 0.36 * len(lanes)
    figure, axes = theme.panels(1, len(SHARES), height, sharey=True)
    for ax, (share, words) in zip(axes[0], SHARES.items(), strict=True):
        _panel(ax, done, lanes, share)
        ax.set_xlabel(words)
    figures.machine_axis(axes[0, 0], [f"{machine}\n{device}" for machine, device in lanes])
    theme.legend(figure, figures.family_handles({*map(readers.family, done.variant)}, SIZE))
    theme.note(figure, [NOTE, *readers.absent_notes(limits, "timing")[:3]])
    return figure


def finding(tables: readers.Tables) -> str:
    done = _done(views.rows(tables, "limits"))
    done = readers.ranked(done, {"speed": done})
    best = done.loc[done.groupby(["machine", "device"], sort=False).share_of_limit.idxmax()]
    best = best.sort_values("share_of_limit", ascending=False)
    said = [
        f"{100 * row.share_of_limit:.0f} % on {row.machine} ({row.variant}, {row.device})"
        for row in best.head(3).itertuples()
    ]
    more = f"; less on {len(best) - 3} others" if len(best) > 3 else ""
    return f"Highest share of the limit by matrix products: {readers.english(said)}{more}."


def _done(limits: DataFrame) -> DataFrame:
    reached = limits
    if len(limits):
        reached = limits[np.isfinite(limits.share_of_limit) & (limits.share_of_limit > 0)]
    return theme.some(reached, "share of a limit", "timing", limits)


def _panel(ax: Axes, done: DataFrame, lanes: list[tuple[Any, ...]], share: str) -> None:
    for row in done[np.isfinite(done[share])].itertuples():
        family = readers.family(row.variant)
        y = lanes.index((row.machine, row.device)) + 0.14 * (figures.FAMILIES.index(family) - 1.5)
        ax.plot([getattr(row, share)], [y], **figures.family_look(family, SIZE))
    for y, (machine, device) in enumerate(lanes):
        own = done[(done.machine == machine) & (done.device == device)][share]
        ax.plot([own.median()] * 2, [y - 0.38, y + 0.38], color=theme.INK, lw=1)
    ax.axvline(1, color=theme.INK, lw=1, ls=":")
    ax.grid(False, axis="y")
    ax.set_xlim(0, max(1.05, 1.05 * done[share].max()))
    ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
