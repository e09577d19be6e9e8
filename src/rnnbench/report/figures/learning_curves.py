"""Learning curves: training and validation perplexity by epoch."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from pandas import DataFrame, Series

from rnnbench.base.parameters import DIVERGED
from rnnbench.report import theme
from rnnbench.tables import readers

SECTION = "Language models"
TABLES = ("runs", "curves")
MOST = 30  # times the lowest perplexity: a run about to diverge must not flatten the others


def draw(tables: readers.Tables) -> Figure:
    curves, runs = _chosen(tables), readers.rows(tables, "runs")
    figure, cells = _grid(curves)
    for ax, group in cells:
        if not np.isfinite(group.perplexity).any():
            theme.vacant(ax, "No run has a finite value here.")
            continue
        for variant in readers.ordered(group.variant):
            _variant(ax, group[group.variant == variant], variant)
        theme.logarithmic(ax.yaxis)
        low, high = ax.get_ylim()
        most = MOST * min(group.perplexity.min(), group.validation_perplexity.min())
        if low < most < high:
            ax.set_ylim(low, most)
        _crosses(ax, runs, group)
    handles = theme.variant_handles(curves.variant, lines=True)
    plain: theme.Keywords = {"color": theme.INK, "lw": 1.2}
    handles.append(Line2D([], [], label="no marker: training", **plain))
    handles.append(Line2D([], [], label="marker: validation", marker="o", lw=0.6, color=theme.INK))
    theme.legend(figure, handles)
    theme.note(figure, _notes(runs, curves.clip_norm.iloc[0]))
    return figure


def finding(tables: readers.Tables) -> str:
    asked, curves = readers.rows(tables, "runs"), _chosen(tables)
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


def _chosen(tables: readers.Tables) -> DataFrame:
    """Curves at one clip_norm: 1 if it was run, else the median threshold."""
    curves = readers.rows(tables, "curves").dropna(how="all")
    theme.some(curves, "learning curve", asked=readers.rows(tables, "runs"))
    return curves[curves.clip_norm == readers.threshold(curves.clip_norm.dropna())]


def _grid(curves: DataFrame) -> tuple[Figure, list[tuple[Axes, DataFrame]]]:
    """A row of panels per corpus and architecture, a column per sampler."""
    curves = curves.assign(family=[readers.family(name) for name in curves.variant])
    rows = [
        (corpus, family)
        for corpus in curves.corpus.unique()
        for family in (*readers.FAMILIES, "other")
        if ((curves.corpus == corpus) & (curves.family == family)).any()
    ]
    samplers = sorted(curves.sampler.unique())
    figure, axes = theme.panels(len(rows), len(samplers), height=1.5, sharex=True, sharey="row")
    several = curves.corpus.nunique() > 1
    cells = []
    for row, (corpus, family) in enumerate(rows):
        for column, sampler in enumerate(samplers):
            same = (curves.corpus == corpus) & (curves.family == family)
            name = f"{family}, {sampler}" + (f"\n{corpus}" if several else "")
            axes[row, column].set_title(name)
            cells.append((axes[row, column], curves[same & (curves.sampler == sampler)]))
    for ax in axes[:, 0]:
        ax.set_ylabel("perplexity")
    for ax in axes[-1]:
        ax.set_xlabel("epoch")
        ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    return figure, cells


def _variant(ax: Axes, group: DataFrame, variant: str) -> None:
    style = theme.look(variant)
    train, validation = (_median(group, name) for name in ("perplexity", "validation_perplexity"))
    point = "." if len(train) == 1 else None
    ax.plot(train.index, train, color=style.color, ls=style.line, lw=1.2, marker=point)
    every = max(1, len(validation) // 10)
    marks: theme.Keywords = {"marker": style.marker, "markevery": every}
    ax.plot(validation.index, validation, color=style.color, lw=0.6, ls=style.line, ms=4, **marks)


def _median(curves: DataFrame, column: str) -> Series:
    """Median over runs by epoch, of the runs that have a finite value there."""
    finite = curves[np.isfinite(curves[column])]
    return finite.groupby("epoch")[column].median()


def _crosses(ax: Axes, runs: DataFrame, curves: DataFrame) -> None:
    """Mark the last finite epoch of every diverged run."""
    finite = curves[np.isfinite(curves.perplexity)].sort_values("epoch")
    last = finite.groupby(readers.RUN, as_index=False).tail(1)
    look: theme.Keywords = {"marker": "x", "ms": 7, "mew": 1.8, "ls": "none", "clip_on": False}
    for point in last.merge(runs[runs.status == DIVERGED][readers.RUN]).itertuples():
        value = min(point.perplexity, ax.get_ylim()[1])
        ax.plot([point.epoch], [value], zorder=5, color=theme.look(point.variant).color, **look)


def _notes(runs: DataFrame, clip_norm: float) -> list[str]:
    """What was pooled, what diverged, what is not there."""
    pooled = "Lines: median over seeds, machines and devices"
    said = [f"{pooled}, clip_norm = {readers.figures3(clip_norm)}."]
    diverged = (runs.clip_norm == clip_norm) & (runs.status == DIVERGED)
    dead = runs[diverged].groupby("variant").size()
    names = [
        f"{variant}, {readers.counted(dead[variant], 'run')}"
        for variant in readers.ordered(dead.index)
    ]
    if names:
        said.append(f"Diverged (x marks the last finite epoch, if any): {'; '.join(names)}.")
    return said + readers.absent_notes(runs, "run")
