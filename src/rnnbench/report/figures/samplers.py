"""Sequential partitioning against random sampling, in pairs of runs that differ in nothing else.

Each point is a pair, each line a variant's median; the last row is all pairs with a 95 % interval.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas import DataFrame, Series

from rnnbench.report import theme
from rnnbench.tables import readers
from rnnbench.timing.statistics import intervals

SECTION = "Language models"
TABLES = ("runs",)
PAIR = [name for name in readers.RUN if name != "sampler"]
COMPARED = {
    "perplexity": "training perplexity",
    "heldout_perplexity": "held-out perplexity",
    "train_seconds": "training time",
}
SAMPLERS = ("random_sampling", "sequential_partition")


def draw(tables: readers.Tables) -> Figure:
    pairs = theme.some(_pairs(tables), "pairs of runs by both samplers")
    variants = readers.ordered(pairs.index.get_level_values("variant"))
    height = 1.1 + 0.2 * len(variants)
    figure, axes = theme.panels(1, len(COMPARED), height=height, sharey=True)
    for ax, (column, title) in zip(axes[0], COMPARED.items(), strict=True):
        _panel(ax, pairs[column].dropna(), variants)
        ax.set_xlabel(f"{title},\nsequential / random")
    axes[0, 0].set_yticks(range(len(variants) + 1), [*variants, "all pairs"])
    axes[0, 0].set_ylim(len(variants) + 0.5, -0.5)
    return figure


def finding(tables: readers.Tables) -> str:
    pairs = theme.some(_pairs(tables), "pairs of runs by both samplers")
    parts = []
    for column, title in COMPARED.items():
        found = _bounded(pairs[column].dropna())
        parts.append(
            f"{found.estimate:.3f} times the {title} ({found.low:.3f} to {found.high:.3f})"
        )
    return (
        f"Over {readers.counted(len(pairs), 'pair')} of runs, sequential partitioning has "
        f"{readers.english(parts)} of random sampling (geometric mean over "
        "variants and 95 % interval)."
    )


def _pairs(tables: readers.Tables) -> DataFrame:
    """Sequential partitioning over random sampling: one row per pair, one column per comparison."""
    runs = readers.ranked(readers.finished(readers.rows(tables, "runs")), tables)
    if runs.empty:
        return runs
    wide = runs.pivot_table(list(COMPARED), PAIR, "sampler", observed=True)
    found = {}
    for column in COMPARED:
        both = wide[column] if column in wide else DataFrame()
        if not set(SAMPLERS) <= set(both):
            return DataFrame()
        found[column] = both.sequential_partition / both.random_sampling
    return DataFrame(found).dropna(how="all")


def _bounded(ratio: Series) -> intervals.Interval:
    """Typical ratio of pairs with its 95 % interval; what repeats is the variant."""
    groups = {name: values.to_numpy() for name, values in ratio.groupby("variant")}
    return intervals.interval(groups)


def _panel(ax: Axes, ratio: DataFrame, variants: list[str]) -> None:
    for row, variant in enumerate(variants):
        values = ratio[ratio.index.get_level_values("variant") == variant]
        look = theme.look(variant)
        ax.scatter(
            values, np.full(len(values), row), s=12, facecolors="none", edgecolors=look.color
        )
        if len(values):
            ax.vlines(values.median(), row - 0.3, row + 0.3, color=look.color)
    found = _bounded(ratio)
    reach = [[found.estimate - found.low], [found.high - found.estimate]]
    ax.errorbar(found.estimate, len(variants), xerr=reach, fmt="D", color=theme.INK, capsize=3)
    ax.axvline(1, color=theme.FAINT, lw=0.8)
    theme.logarithmic(ax.xaxis)
    ax.tick_params(axis="x", labelrotation=30)
