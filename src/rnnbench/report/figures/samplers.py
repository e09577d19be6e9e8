"""Sequential partitioning against random sampling, in pairs of runs that differ in nothing else.

Each point is a pair, the line its variant's median; below, all pairs with a 95 % interval.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas import DataFrame

from rnnbench.report import theme
from rnnbench.tables import readers, sampler_pairs

SECTION = "Language models"
TABLES = ("runs",)


def draw(tables: readers.Tables) -> Figure:
    pairs = sampler_pairs.pairs(tables)
    if pairs.empty:
        return theme.placard("No pairs of runs by both samplers to show.")
    variants = readers.ordered(pairs.index.get_level_values("variant"))
    height = 1.1 + 0.2 * len(variants)
    figure, axes = theme.panels(1, len(sampler_pairs.COMPARED), height=height, sharey=True)
    for ax, (column, title) in zip(axes[0], sampler_pairs.COMPARED.items(), strict=True):
        _panel(ax, pairs[column].dropna(), variants)
        ax.set_xlabel(f"{title},\nsequential / random")
    axes[0, 0].set_yticks(range(len(variants) + 1), [*variants, "all pairs"])
    axes[0, 0].set_ylim(len(variants) + 0.5, -0.5)
    return figure


def finding(tables: readers.Tables) -> str:
    pairs = sampler_pairs.pairs(tables)
    if pairs.empty:
        return "No pairs of runs by both samplers to show."
    parts = []
    for column, title in sampler_pairs.COMPARED.items():
        found = sampler_pairs.bounded(pairs[column].dropna())
        parts.append(
            f"{found.estimate:.3f} times the {title} ({found.low:.3f} to {found.high:.3f})"
        )
    return (
        f"Over {readers.counted(len(pairs), 'pair')} of runs, sequential partitioning has "
        f"{readers.english(parts)} of random sampling (geometric mean over "
        "variants and 95 % interval)."
    )


def _panel(ax: Axes, ratio: DataFrame, variants: list[str]) -> None:
    for row, variant in enumerate(variants):
        values = ratio[ratio.index.get_level_values("variant") == variant]
        look = theme.look(variant)
        ax.scatter(
            values, np.full(len(values), row), s=12, facecolors="none", edgecolors=look.color
        )
        if len(values):
            ax.vlines(values.median(), row - 0.3, row + 0.3, color=look.color)
    found = sampler_pairs.bounded(ratio)
    reach = [[found.estimate - found.low], [found.high - found.estimate]]
    ax.errorbar(found.estimate, len(variants), xerr=reach, fmt="D", color=theme.INK, capsize=3)
    ax.axvline(1, color=theme.FAINT, lw=0.8)
    theme.logarithmic(ax.xaxis)
    ax.tick_params(axis="x", labelrotation=30)
