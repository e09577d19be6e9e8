"""How close training comes to what the machine can do, with the fewest threads timed: arithmetic per
second, the limit by shapes and the best large square; in words, the share of the limit."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from pandas import DataFrame

from rnnbench.report import theme
from rnnbench.report.figures import _speed
from rnnbench.tables import readers

SECTION = "Speed"
TABLES = ("speed", "limit")
NOTES = (
    "The limit of a variant is the time of its matrix products alone, each at the rate the library "
    "reached for that very shape on this machine. A share above 1 means products that beat the "
    "library's.",
)


def draw(tables: readers.Tables) -> Figure:
    speed = readers.rows(tables, "speed")
    done = readers.one_setting(_limited(speed))
    done = done[done.threads == done.threads.min()]
    figure, lines = _speed.grid(done, 1, 0.23)
    for title, group, (ax,) in lines:
        variants = readers.ordered(group.variant)
        _rates(ax, group, variants, _peak(tables, group))
        _speed.variant_axis(ax, variants)
        ax.set_title(title, loc="left")
    theme.legend(figure, _handles(), 3)
    theme.note(figure, [*NOTES, *readers.absent_notes(speed, "timing")])
    return figure


def finding(tables: readers.Tables) -> str:
    done = _limited(readers.rows(tables, "speed")).sort_values("share_of_limit")
    best, worst = done.iloc[-1], done.iloc[0]
    said = (
        f"Closest to its limit comes {best.variant} on {best.device}, with "
        f"{100 * best.share_of_limit:.0f} % of what its matrix products alone would allow and "
        f"{readers.figures3(best.flops_per_second / 1e9)} GFLOP/s"
    )
    if len(done) > 1:
        said += f", least close {worst.variant} on {worst.device} with "
        said += f"{100 * worst.share_of_limit:.0f} %"
    return said + "."


def _limited(speed: DataFrame) -> DataFrame:
    done = readers.one_size(readers.timed(speed))
    if len(done):
        done = done[np.isfinite(done.share_of_limit) & np.isfinite(done.flops_per_second)]
    return theme.some(done, "timing with a limit", asked=speed)


def _peak(tables: readers.Tables, group: DataFrame) -> float:
    """Rate of the best large square in the setting of a panel; NaN if there is none."""
    probes = readers.rows(tables, "limit")
    if probes.empty:
        return np.nan
    here = (probes[_speed.PANEL] == group.iloc[0][_speed.PANEL]).all(axis=1)
    return probes.per_second[here & (probes.probe == "square")].max()


def _rates(ax: Axes, group: DataFrame, variants: list[Any], peak: float) -> None:
    for row in group.itertuples():
        style, y = theme.look(row.variant), variants.index(row.variant)
        reached = row.flops_per_second / 1e9
        limit = row.limit_tokens_per_second * row.flops_per_token / 1e9
        ax.plot([reached, limit], [y, y], color="#cfcfcf", lw=1.2, zorder=1)
        ax.plot([limit], [y], marker="|", ms=9, mew=1.6, color=theme.INK, zorder=2)
        marks: theme.Keywords = {"marker": style.marker, "ms": 5}
        ax.plot([reached], [y], zorder=3, color=style.color, **marks)
        share, speed = 100 * row.share_of_limit, readers.figures3(row.tokens_per_second)
        beside = {"transform": ax.get_yaxis_transform(), "va": "center", "fontsize": 7.5}
        ax.text(1.01, y, f"{share:.0f} %, {speed} tokens/s", **beside)
    if np.isfinite(peak):
        ax.axvline(peak / 1e9, color=theme.FAINT, ls=":", lw=1.2, zorder=0)
    ax.set_xlim(left=0)
    ax.set_xlabel("GFLOP/s in matrix products")


def _handles() -> list[Line2D]:
    none: theme.Keywords = {"ls": "none", "color": theme.INK}
    return [
        Line2D([], [], marker="o", label="reached", **none),
        Line2D([], [], marker="|", ms=9, mew=1.6, label="limit by shapes", **none),
        Line2D([], [], ls=":", color=theme.FAINT, label="best large square"),
    ]
