"""Machines down, what was measured across: what the figures of the comparison share."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from pandas import DataFrame

from rnnbench.report import theme
from rnnbench.tables import readers
from rnnbench.timing.statistics.ratios import ALIKE, FASTER, SLOWER

ALONE = "Only one machine is here: nothing to compare it with yet."
VERDICTS = {  # color, marker
    FASTER: (theme.GREEN, "^"),
    SLOWER: (theme.ORANGE, "v"),
    ALIKE: (theme.FAINT, "o"),
}
NUMBERS = ("hidden_size", "batch_size", "num_steps", "noise_floor", "share_of_limit", "epochs")
SIGNS = {FASTER: "▲", SLOWER: "▼", ALIKE: "≈"}


def rows(tables: readers.Tables, name: str) -> DataFrame:
    """A table of the comparison with numbers as numbers, whatever a bundle wrote in their place."""
    table = readers.rows(tables, name)
    for column in {*NUMBERS, "target_perplexity", "floor"} & set(table.columns):
        table[column] = pd.to_numeric(table[column], errors="coerce").astype(float)
    return table


def judged(table: DataFrame) -> DataFrame:
    """Rows with a ratio and a verdict on it."""
    if table.empty:
        return table
    return table[table.verdict.isin(list(VERDICTS)) & np.isfinite(table.ratio)]


def counts(verdicts: pd.Series) -> str:
    """``counts(...)`` is "3 faster, 1 slower and 29 not distinguishable"."""
    return readers.english(f"{int((verdicts == verdict).sum())} {verdict}" for verdict in VERDICTS)


def ratio(row: Any) -> str:
    """A ratio in words: number, 95 % interval and number of windows."""
    known = f"95 % {_two(row.low)} to {_two(row.high)}" if row.low <= row.high else "no interval"
    return f"{_two(row.ratio)} times ({known}, n = {row.n:.0f})"


def mark(ax: Axes, row: Any, y: float) -> None:
    """Draw a ratio with its interval and its verdict."""
    color, marker = VERDICTS[row.verdict]
    if row.low <= row.high:
        ax.plot([row.low, row.high], [y, y], color=color, lw=1.5, zorder=2)
    face = "white" if row.verdict == ALIKE else color
    ax.plot([row.ratio], [y], marker=marker, color=color, mfc=face, ms=5, ls="none", zorder=3)


def noise(ax: Axes, floor: float, y: float) -> None:
    """Shade the ratios that are inside the noise floor of a row."""
    if floor > 1:
        ax.barh(y, floor - 1 / floor, left=1 / floor, height=1, color="#ececec", zorder=0)


def ratio_axis(ax: Axes, table: DataFrame) -> None:
    """A logarithmic axis around 1 that holds every ratio, interval and floor of a table."""
    ends = table[["ratio", "low", "high"]].to_numpy(float).ravel()
    ends = [*ends[np.isfinite(ends) & (ends > 0)], *table.noise_floor.dropna(), 1.05, 1 / 1.05]
    ax.set_xlim(min(ends) / 1.06, max(ends) * 1.06)
    theme.logarithmic(ax.xaxis)
    ax.axvline(1, color=theme.INK, lw=1, zorder=1)


def machine_axis(ax: Axes, machines: Sequence[str]) -> None:
    """Write the machines down the vertical axis, the first on top."""
    names = ["\n".join(theme.wrapped(line, 26) for line in name.split("\n")) for name in machines]
    ax.set_ylim(len(machines) - 0.5, -0.5)
    ax.set_yticks(range(len(machines)), names)
    ax.grid(False, axis="y")


def verdict_handles() -> list[Line2D]:
    handles = [
        Line2D([], [], color=c, marker=m, mfc="white" if v == ALIKE else c, lw=1.5, label=v)
        for v, (c, m) in VERDICTS.items()
    ]
    return [*handles, Line2D([], [], color="#dcdcdc", lw=6, label="inside the noise floor")]


def one_setting(table: DataFrame) -> DataFrame:
    """Keep the sizes, sampler and threshold that most rows have; figures show one setting."""
    return readers.one_setting(readers.one_size(table)) if len(table) else table


def _two(value: float) -> str:
    return f"{value:.2f}" if 0.095 < value < 100 else readers.figures3(value)
