"""Counting the n-grams of words of orders 1 to 3: how many times less CPU time than the book's way.

Left: the ratio in each pair of runs, the line at their median. Right: peak memory of either way.
"""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from pandas import DataFrame

from rnnbench.figures import _rows, _theme

SECTION = "Text"
TABLES = ("counting",)
POINT = ["text", "megabytes"]
LOOK = {"book": (_theme.ORANGE, "s", "the book's way"), "suite": (_theme.BLUE, "o", "this suite")}


def draw(tables: _rows.Tables) -> Figure:
    table = _rows.rows(tables, "counting")
    if table.empty:
        return _theme.placard(_rows.missing(table, "counting of n-grams"))
    pairs = ratios(table)
    figure, axes = _theme.panels(1, 2, height=1.0 + 0.32 * len(pairs), sharey=True)
    _ratios(axes[0, 0], pairs)
    _memory(axes[0, 1], table, list(pairs))
    axes[0, 0].set_yticks(range(len(pairs)), [f"{text}, {size:.0f} MB" for text, size in pairs])
    axes[0, 0].set_ylim(len(pairs) - 0.5, -0.5)
    handles = [
        Line2D([], [], color=color, marker=marker, ls="none", label=label)
        for color, marker, label in LOOK.values()
    ]
    _theme.legend(figure, handles)
    return figure


def finding(tables: _rows.Tables) -> str:
    table = _rows.rows(tables, "counting")
    if table.empty:
        return _rows.missing(table, "counting of n-grams")
    said = []
    for (text, size), ratio in ratios(table).items():
        low, middle, high = map(_rows.figures3, np.quantile(ratio, [0, 0.5, 1]))
        said.append(f"{middle} times on {size:.0f} MB {text} ({low} to {high}, n = {len(ratio)})")
    peak = table[table.arm == "suite"].peak_memory_bytes.max() / 1e6
    return (
        f"The book's way takes more CPU time than the suite's: {_rows.english(said)}; the suite "
        f"never holds more than {peak:,.0f} MB."
    )


def ratios(table: DataFrame) -> dict[tuple[str, float], np.ndarray]:
    """Per text and size, CPU time of the book's way by the suite's in neighbouring runs."""
    cpu = table.pivot(index=[*POINT, "repeat"], columns="arm", values="cpu_seconds")
    points = table[POINT].drop_duplicates().itertuples(index=False, name=None)
    return {point: (cpu.book / cpu.suite).loc[point].to_numpy() for point in points}


def _ratios(ax: Axes, pairs: dict[tuple[str, float], np.ndarray]) -> None:
    for row, ratio in enumerate(pairs.values()):
        ax.scatter(ratio, np.full(len(ratio), row), facecolors="none", edgecolors=_theme.BLUE)
        ax.vlines(np.median(ratio), row - 0.3, row + 0.3, color=_theme.BLUE)
    ax.axvline(1, color=_theme.FAINT, lw=0.8)
    ax.set(xlabel="CPU time, book by suite", xlim=(0, None))


def _memory(ax: Axes, table: DataFrame, points: list[tuple[Any, ...]]) -> None:
    peaks = table.groupby([*POINT, "arm"]).peak_memory_bytes.max() / 1e6
    for arm, (color, marker, _) in LOOK.items():
        held = [peaks[(*point, arm)] for point in points]
        ax.plot(held, range(len(points)), ls="none", marker=marker, color=color)
    _theme.logarithmic(ax.xaxis)
    ax.set_xlabel("peak memory in MB")
