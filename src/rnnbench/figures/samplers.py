"""Sequential partitioning against random sampling, in pairs of runs that differ in nothing else.

Each point is a pair, the line its variant's median; below, all pairs with a 95 % interval.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas import DataFrame

from rnnbench.figures import _rows, _samplers, _theme

SECTION = "Minibatches"
TABLES = ("runs",)


def draw(tables: _rows.Tables) -> Figure:
    pairs = _samplers.pairs(tables)
    if pairs.empty:
        return _theme.placard("No pairs of runs by both samplers to show.")
    variants = _rows.ordered(pairs.index.get_level_values("variant"))
    height = 1.1 + 0.2 * len(variants)
    figure, axes = _theme.panels(1, len(_samplers.COMPARED), height=height, sharey=True)
    for ax, (column, title) in zip(axes[0], _samplers.COMPARED.items(), strict=True):
        _panel(ax, pairs[column].dropna(), variants)
        ax.set_xlabel(f"{title},\nsequential / random")
    axes[0, 0].set_yticks(range(len(variants) + 1), [*variants, "all pairs"])
    axes[0, 0].set_ylim(len(variants) + 0.5, -0.5)
    return figure


def finding(tables: _rows.Tables) -> str:
    pairs = _samplers.pairs(tables)
    if pairs.empty:
        return "No pairs of runs by both samplers to show."
    parts = []
    for column, title in _samplers.COMPARED.items():
        found = _samplers.bounded(pairs[column].dropna())
        parts.append(
            f"{found.estimate:.3f} times the {title} ({found.low:.3f} to {found.high:.3f})"
        )
    return (
        f"Over {_rows.counted(len(pairs), 'pair')} of runs, sequential partitioning has "
        f"{_rows.english(parts)} of random sampling (geometric mean over "
        "variants and 95 % interval)."
    )


def _panel(ax: Axes, ratio: DataFrame, variants: list[str]) -> None:
    for row, variant in enumerate(variants):
        values = ratio[ratio.index.get_level_values("variant") == variant]
        look = _theme.look(variant)
        ax.scatter(
            values, np.full(len(values), row), s=12, facecolors="none", edgecolors=look.color
        )
        if len(values):
            ax.vlines(values.median(), row - 0.3, row + 0.3, color=look.color)
    found = _samplers.bounded(ratio)
    reach = [[found.estimate - found.low], [found.high - found.estimate]]
    ax.errorbar(found.estimate, len(variants), xerr=reach, fmt="D", color=_theme.INK, capsize=3)
    ax.axvline(1, color=_theme.FAINT, lw=0.8)
    _theme.logarithmic(ax.xaxis)
    ax.tick_params(axis="x", labelrotation=30)
