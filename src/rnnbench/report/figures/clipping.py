"""The effect of the clipping threshold on the share of updates clipped and on training perplexity.

Medians over samplers, seeds, machines and devices of the runs that did not diverge; bars from
lowest to highest. A threshold of inf never clips.
"""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas import DataFrame

from rnnbench.report import theme
from rnnbench.tables import readers, trials

SECTION = "Divergence"
TABLES = ("runs", "trials")
PAIR = [name for name in readers.RUN if name != "clip_norm"]
METRICS = {"clipped_share": "share of updates\nclipped", "perplexity": "training\nperplexity"}


def draw(tables: readers.Tables) -> Figure:
    asked = _asked(tables)
    runs = theme.some(readers.finished(asked), "clipped run", asked=asked)
    clip_norms = sorted(runs.clip_norm.unique())
    families = [
        f for f in (*readers.FAMILIES, "other") if f in set(map(readers.family, runs.variant))
    ]
    lines = [(corpus, metric) for corpus in runs.corpus.unique() for metric in METRICS]
    figure, axes = theme.panels(len(lines), len(families), height=1.7, sharex=True, sharey="row")
    for line, (corpus, metric) in zip(axes, lines, strict=True):
        for ax, family in zip(line, families, strict=True):
            same = (runs.corpus == corpus) & (runs.variant.map(readers.family) == family)
            _panel(ax, runs[same], metric, clip_norms)
            ax.set_title(f"{family}, {corpus}" if len(lines) > 2 else family)
        line[0].set_ylabel(METRICS[metric])
        if metric == "perplexity":
            theme.logarithmic(line[0].yaxis)
    for ax in axes[-1]:
        ax.set_xticks(range(len(clip_norms)), [readers.figures3(value) for value in clip_norms])
        ax.set_xlabel("clip_norm (threshold)")
    theme.legend(figure, theme.variant_handles(runs.variant, lines=True))
    theme.note(figure, readers.absent_notes(asked, "run"))
    return figure


def finding(tables: readers.Tables) -> str:
    asked = _asked(tables)
    runs = theme.some(readers.finished(asked), "clipped run", asked=asked)
    clipped = theme.some(runs[np.isfinite(runs.clip_norm)], "clipped run", asked=asked)
    theta = readers.threshold(clipped.clip_norm)
    clipped = clipped[clipped.clip_norm == theta]
    said = (
        f"A threshold of {readers.figures3(theta)} clips "
        f"{readers.figures3(100 * clipped.clipped_share.median())} % of the updates (median of "
        f"{readers.counted(len(clipped), 'run')}; at most "
        f"{readers.figures3(100 * clipped.clipped_share.max())} %)"
    )
    pairs = clipped.merge(runs[np.isinf(runs.clip_norm)], on=PAIR, suffixes=("", "_never"))
    if pairs.empty:
        return said + "."
    ratio = pairs.perplexity / pairs.perplexity_never
    return (
        f"{said}; its training perplexity is {readers.figures3(ratio.median())} times that without "
        f"clipping (median; from {readers.figures3(ratio.min())} to "
        f"{readers.figures3(ratio.max())}; "
        f"{readers.counted(len(pairs), 'pair')} of which neither diverged)."
    )


def _asked(tables: readers.Tables) -> DataFrame:
    """Runs of the trial ``clipping``, and of the grid, where it has several thresholds."""
    runs = readers.rows(tables, "runs")
    several = len(runs) and runs.clip_norm.nunique() > 1
    return runs if several else trials.of(tables, "clipping")


def _panel(ax: Axes, runs: DataFrame, metric: str, clip_norms: list[Any]) -> None:
    """Variants side by side at each threshold, in the order of the legend."""
    variants = readers.ordered(runs.variant)
    for index, variant in enumerate(variants):
        style = theme.look(variant)
        groups = runs[runs.variant == variant].groupby("clip_norm")[metric]
        middle, low, high = groups.median(), groups.min(), groups.max()
        beside = 0.3 * ((index + 0.5) / len(variants) - 0.5)
        x = [clip_norms.index(value) + beside for value in middle.index]
        ax.vlines(x, low, high, color=style.color, lw=1)
        look = {"marker": style.marker, "ls": style.line}
        ax.plot(x, middle, color=style.color, lw=0.9, **look)
