"""Learning curves: training and validation perplexity by epoch."""

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
    asked = readers.rows(tables, "runs")
    curves = theme.some(_curves.chosen(tables), "learning curve", asked=asked)
    figure, cells = _curves.grid(curves, "perplexity")
    for ax, group in cells:
        if not np.isfinite(group.perplexity).any():
            theme.vacant(ax, "No run has a finite value here.")
            continue
        for variant in readers.ordered(group.variant):
            _variant(ax, group[group.variant == variant], variant)
        theme.logarithmic(ax.yaxis)
        _curves.limit(ax, 30 * min(group.perplexity.min(), group.validation_perplexity.min()))
        _curves.crosses(ax, _curves.diverged(tables, group), "perplexity")
    handles = theme.variant_handles(curves.variant, lines=True)
    plain: theme.Keywords = {"color": theme.INK, "lw": 1.2}
    handles.append(Line2D([], [], label="no marker: training", **plain))
    handles.append(Line2D([], [], label="marker: validation", marker="o", lw=0.6, color=theme.INK))
    theme.legend(figure, handles)
    theme.note(figure, _curves.notes(tables, curves))
    return figure


def finding(tables: readers.Tables) -> str:
    asked = readers.rows(tables, "runs")
    curves = theme.some(_curves.chosen(tables), "learning curve", asked=asked)
    measured, runs = curves[curves.validation_perplexity.notna()], readers.finished(asked)
    measured = measured if runs.empty else measured.merge(runs[readers.RUN])
    measured = theme.some(measured, "learning curve", asked=asked)
    best = measured.loc[measured.validation_perplexity.idxmin()]
    last = measured[(measured[readers.RUN] == best[readers.RUN]).all(axis=1)]
    last = last.loc[last.epoch.idxmax()]
    said = (
        f"At clip_norm {readers.figures3(best.clip_norm)}, the lowest validation perplexity, "
        f"{readers.figures3(best.validation_perplexity)} on {best.corpus}, is that of "
        f"{best.variant} with {best.sampler} at epoch {best.epoch:.0f}"
    )
    if last.validation_perplexity > best.validation_perplexity:
        end = readers.figures3(last.validation_perplexity)
        said += f"; it then overfits and ends at {end} after epoch {last.epoch:.0f}"
    return said + "."


def _variant(ax: Axes, group: DataFrame, variant: str) -> None:
    style = theme.look(variant)
    train = _curves.median(group, "perplexity")
    validation = _curves.median(group, "validation_perplexity")
    point = "." if len(train) == 1 else None
    ax.plot(train.index, train, color=style.color, ls=style.line, lw=1.2, marker=point)
    every = max(1, len(validation) // 10)
    marks: theme.Keywords = {"marker": style.marker, "markevery": every}
    ax.plot(validation.index, validation, color=style.color, lw=0.6, ls=style.line, ms=4, **marks)
