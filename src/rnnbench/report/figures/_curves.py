"""What the figures over epochs share: the chosen clip_norm, medians over runs, where runs died."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from pandas import DataFrame, Series

from rnnbench.base.parameters import DIVERGED
from rnnbench.report import theme
from rnnbench.tables import readers

RUN = readers.RUN


def chosen(tables: readers.Tables) -> DataFrame:
    """Curves at one clip_norm: 1 if it was run, else the median threshold."""
    curves = readers.rows(tables, "curves").dropna(how="all")
    if curves.empty:
        return curves
    return curves[curves.clip_norm == readers.threshold(curves.clip_norm.dropna())]


def grid(curves: DataFrame, ylabel: str) -> tuple[Figure, list[tuple[Axes, DataFrame]]]:
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
        ax.set_ylabel(ylabel)
    for ax in axes[-1]:
        ax.set_xlabel("epoch")
        ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    return figure, cells


def median(curves: DataFrame, column: str) -> Series:
    """Median over runs by epoch, of the runs that have a finite value there."""
    finite = curves[np.isfinite(curves[column])]
    return finite.groupby("epoch")[column].median()


def diverged(tables: readers.Tables, curves: DataFrame) -> DataFrame:
    """The last finite epoch of every diverged run in ``curves``."""
    runs = readers.rows(tables, "runs")
    if runs.empty or curves.empty:
        return curves.iloc[:0]
    dead = runs[runs.status == DIVERGED][RUN]
    finite = curves[np.isfinite(curves.perplexity)]
    last = finite.sort_values("epoch").groupby(RUN, as_index=False).tail(1)
    return last.merge(dead, on=RUN)


def limit(ax: Axes, most: float) -> None:
    """A run about to diverge must not flatten the others: the axis ends at ``most``."""
    low, high = ax.get_ylim()
    if low < most < high:
        ax.set_ylim(low, most)


def crosses(ax: Axes, dead: DataFrame, column: str) -> None:
    """Mark where diverged runs were last seen."""
    for point in dead[np.isfinite(dead[column])].itertuples():
        color = theme.look(point.variant).color
        value = min(getattr(point, column), ax.get_ylim()[1])
        look: theme.Keywords = {"marker": "x", "ms": 7, "mew": 1.8, "ls": "none", "clip_on": False}
        ax.plot([point.epoch], [value], zorder=5, color=color, **look)


def notes(tables: readers.Tables, curves: DataFrame) -> list[str]:
    """What was pooled, what diverged, what is not there."""
    clip_norm = readers.figures3(curves.clip_norm.iloc[0])
    pooled = "Lines: median over seeds, machines and devices"
    said = [f"{pooled}, clip_norm = {clip_norm}."]
    runs = readers.rows(tables, "runs")
    if runs.empty:
        return said
    runs = runs[runs.clip_norm == curves.clip_norm.iloc[0]]
    dead = runs[runs.status == DIVERGED].groupby("variant").size()
    names = [
        f"{name}, {readers.counted(int(dead[name]), 'run')}" for name in readers.ordered(dead.index)
    ]
    if names:
        said.append(f"Diverged (x marks the last finite epoch, if any): {'; '.join(names)}.")
    return said + readers.absent_notes(readers.rows(tables, "runs"), "run")
