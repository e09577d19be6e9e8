"""Gradient norms by epoch, measured before clipping: the median and, thin, the largest.

The horizontal lines are the clipping thresholds of the study.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from pandas import DataFrame

from rnnbench.report import theme
from rnnbench.report.figures import _curves
from rnnbench.tables import readers

SECTION = "Language models"
TABLES = ("runs", "curves")


def draw(tables: readers.Tables) -> Figure:
    curves = _curves.chosen(tables)
    if curves.empty:
        return theme.placard(readers.missing(readers.rows(tables, "runs"), "gradient norm"))
    leaky = readers.leaky(tables)
    every = readers.rows(tables, "curves").clip_norm
    thresholds = sorted(every[np.isfinite(every)].unique())
    figure, cells = _curves.grid(curves, "gradient norm")
    for ax, group in cells:
        if not np.isfinite(group.grad_norm).any():
            theme.vacant(ax, "No run has a finite value here.")
            continue
        for variant in readers.ordered(group.variant):
            _variant(ax, group[group.variant == variant], variant)
        for threshold in thresholds:
            ax.axhline(threshold, color=theme.INK, lw=0.8, ls=(0, (2, 2)), zorder=1)
        theme.logarithmic(ax.yaxis)
        _curves.limit(ax, 100 * max([*thresholds, group.grad_norm.median()]))
        _curves.crosses(ax, _curves.diverged(tables, group), "grad_norm")
    handles = theme.variant_handles(curves.variant, leaky, lines=True)
    for handle in handles:
        handle.set_marker("")
    handles.append(Line2D([], [], label="thin: largest of the epoch", lw=0.5, color=theme.INK))
    line: theme.Keywords = {"color": theme.INK, "lw": 0.8, "ls": (0, (2, 2))}
    handles.append(Line2D([], [], label="clipping threshold", **line))
    theme.legend(figure, handles)
    theme.note(figure, _curves.notes(tables, curves))
    return figure


def finding(tables: readers.Tables) -> str:
    curves = readers.ranked(_curves.chosen(tables), tables)
    curves = curves if curves.empty else curves[np.isfinite(curves.grad_norm)]
    if curves.empty:
        return readers.missing(readers.rows(tables, "runs"), "gradient norm")
    typical = curves.groupby("variant").grad_norm.median()
    clip_norm = curves.clip_norm.iloc[0]
    over = [name for name in readers.ordered(typical.index) if typical[name] > clip_norm]
    said = (
        f"At clip_norm {readers.figures3(clip_norm)}, the median gradient norm runs from "
        f"{readers.figures3(typical.min())} ({typical.idxmin()}) to "
        f"{readers.figures3(typical.max())} ({typical.idxmax()})"
    )
    return (
        said
        + f"; {len(over)} of {readers.counted(len(typical), 'variant')} lie above the threshold."
    )


def _variant(ax: Axes, group: DataFrame, variant: str) -> None:
    style = theme.look(variant)
    typical, largest = (_curves.median(group, name) for name in ("grad_norm", "grad_norm_max"))
    point = "." if len(typical) == 1 else None
    ax.plot(typical.index, typical, color=style.color, ls=style.line, lw=1.4, marker=point)
    ax.plot(largest.index, largest, color=style.color, ls=style.line, lw=0.5)
