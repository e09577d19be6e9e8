"""Variants as rows, settings as panels: what the figures of timed work share."""

from collections.abc import Iterator
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas import DataFrame

from rnnbench.report import theme
from rnnbench.tables import readers

PANEL = ["machine", "device", "threads", "dtype"]


def title(key: tuple[Any, ...], done: DataFrame, width: int) -> str:
    """Name a setting: the machine, and what differs between the panels."""
    machine, device, threads, dtype = key
    words = [str(device)]
    if done.threads.nunique() > 1:
        words.append(readers.counted(int(threads), "thread"))
    if done.dtype.nunique() > 1:
        words.append(str(dtype))
    return theme.wrapped(machine, width) + "\n" + ", ".join(words)


def grid(done: DataFrame, columns: int, row: float) -> tuple[Figure, Iterator[Any]]:
    """Return a figure with a line of panels per setting, and (title, rows, axes) of each line.

    Args:
        columns: panels per line, which share their vertical axis.
        row: inches per variant.
    """
    groups = list(done.groupby(PANEL, dropna=False, sort=True))
    most = max(group.variant.nunique() for _, group in groups)
    height = 0.95 + row * most
    figure, axes = theme.panels(len(groups), columns, height=height, sharey="row")
    lines = (
        (title(key, done, 90), group, line) for (key, group), line in zip(groups, axes, strict=True)
    )
    return figure, lines


def variant_axis(ax: Axes, variants: list[str]) -> None:
    """Write the variants down the vertical axis, the first on top."""
    ax.set_ylim(len(variants) - 0.5, -0.5)
    ax.set_yticks(range(len(variants)), variants)
    ax.grid(False, axis="y")
