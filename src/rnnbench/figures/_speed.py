"""Variants as rows, settings as panels: what the figures of timed work share."""

from collections.abc import Iterator
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas import DataFrame

from rnnbench.figures import _rows, _theme
from rnnbench.jobs import SIZES

PANEL = ["machine", "device", "threads", "dtype"]


def title(key: tuple[Any, ...], done: DataFrame, width: int) -> str:
    """Name a setting: the machine, and what differs between the panels."""
    machine, device, threads, dtype = key
    words = [str(device)]
    if done.threads.nunique() > 1:
        words.append(_rows.counted(int(threads), "thread"))
    if done.dtype.nunique() > 1:
        words.append(str(dtype))
    return _theme.wrapped(machine, width) + "\n" + ", ".join(words)


def one_setting(done: DataFrame) -> DataFrame:
    """Keep one sampler and one clipping threshold: they hardly move the time of a step."""
    if done.empty:
        return done
    clip = _rows.threshold(done.clip_norm.dropna()) if done.clip_norm.notna().any() else None
    kept = done[done.clip_norm.isin([clip])] if clip is not None else done
    return kept[kept.sampler == sorted(kept.sampler)[0]]


def one_size(done: DataFrame) -> DataFrame:
    """Keep each variant at the sizes that most were timed at, if it was; figures show one."""
    if done.empty or done[list(SIZES)].drop_duplicates().shape[0] == 1:
        return done
    sizes = done[list(SIZES)]
    there = (sizes == list(sizes.value_counts().index[0])).all(axis=1)
    return done[there | ~done.variant.isin(done.variant[there])]


def grid(done: DataFrame, columns: int, row: float) -> tuple[Figure, Iterator[Any]]:
    """Return a figure with a line of panels per setting, and (title, rows, axes) of each line.

    Args:
        done: what was measured.
        columns: panels per line, which share their vertical axis.
        row: inches per variant.
    """
    groups = list(done.groupby(PANEL, dropna=False, sort=True))
    most = max(group.variant.nunique() for _, group in groups)
    height = 0.95 + row * most
    figure, axes = _theme.panels(len(groups), columns, height=height, sharey="row")
    lines = (
        (title(key, done, 90), group, line) for (key, group), line in zip(groups, axes, strict=True)
    )
    return figure, lines


def variant_axis(ax: Axes, variants: list[str], leaky: set[str]) -> None:
    """Write the variants down the vertical axis, the first on top."""
    ax.set_ylim(len(variants) - 0.5, -0.5)
    ax.set_yticks(range(len(variants)), [_theme.label(name, name in leaky) for name in variants])
    ax.grid(False, axis="y")
