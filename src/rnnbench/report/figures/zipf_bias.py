"""Estimators of the Zipf exponent against known truth, on texts of independent words.

Medians of estimate minus truth, bars from the least to the greatest seed, by length of text. Below:
the same, nearer; the grey band is 0.01 wide to either side.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from pandas import DataFrame, Series

from rnnbench.report import theme
from rnnbench.tables import readers

SECTION = "Text"
TABLES = ("zipf_bias",)
BAND, NEAR = 0.01, 0.05


def draw(tables: readers.Tables) -> Figure:
    table = _estimated(tables)
    if table.empty:
        return theme.placard(readers.missing(table, "bias of Zipf exponents"))
    lengths = sorted(table.tokens.unique())
    figure, axes = theme.panels(2, len(lengths), height=1.7, sharex=True, sharey="row")
    names = list(dict.fromkeys(table.estimator))
    for column, length in zip(axes.T, lengths, strict=True):
        for ax in column:
            _panel(ax, table[table.tokens == length], names)
        column[0].set_title(f"{length:,.0f} tokens")
        column[1].set(xlabel="true exponent", ylim=(-NEAR, NEAR))
    for ax in axes[:, 0]:
        ax.set_ylabel("estimate minus truth")
    handles = [Line2D([], [], **_look(i), label=name) for i, name in enumerate(names)]
    theme.legend(figure, handles, columns=6)
    return figure


def finding(tables: readers.Tables) -> str:
    table = _estimated(tables)
    if table.empty:
        return readers.missing(table, "bias of Zipf exponents")
    medians = table.groupby(["estimator", "alpha", "tokens"]).bias.median()
    worst = medians.abs().groupby("estimator").max().sort_values()
    names = dict.fromkeys([worst.index[0], *worst.index[worst.index == "ols"], worst.index[-1]])
    off = readers.english(f"{readers.figures3(worst[name])} ({name})" for name in names)
    return (
        f"With known exponents from {readers.figures3(table.alpha.min())} to "
        f"{readers.figures3(table.alpha.max())}, the median estimate is off by at most {off}."
    )


def _estimated(tables: readers.Tables) -> DataFrame:
    table = readers.rows(tables, "zipf_bias")
    return table if table.empty else table[np.isfinite(table.bias)]


def _look(index: int) -> theme.Keywords:
    color = theme.SERIES[index % len(theme.SERIES)]
    return {"color": color, "marker": theme.MARKERS[index % len(theme.MARKERS)], "ls": "none"}


def _panel(ax: Axes, table: DataFrame, names: list[str]) -> None:
    """Estimators side by side at each exponent, in the order of the legend."""
    alphas = np.sort(table.alpha.unique())
    gap = np.diff(alphas).min() if len(alphas) > 1 else 1.0
    for index, name in enumerate(names):
        beside = 0.6 * gap * ((index + 0.5) / len(names) - 0.5)
        _estimator(ax, table[table.estimator == name].groupby("alpha").bias, beside, index)
    ax.axhspan(-BAND, BAND, color="#e4e4e4", zorder=0)
    ax.axhline(0, color=theme.INK, lw=0.8, zorder=1)
    ax.set_xticks(alphas)


def _estimator(ax: Axes, seeds: Series, beside: float, index: int) -> None:
    medians = seeds.median()
    ax.vlines(medians.index + beside, seeds.min(), seeds.max(), color=_look(index)["color"], lw=1)
    ax.plot(medians.index + beside, medians, **_look(index))
