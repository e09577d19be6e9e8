"""Zipf's law: occurrences of n-grams by rank, on logarithmic axes.

The dashed line is the least-squares fit to order 1; its slope is the exponent in the title.
"""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from pandas import DataFrame, Series

from rnnbench.report import theme
from rnnbench.tables import readers

SECTION = "Text"
TABLES = ("rank_frequency", "zipf")


def draw(tables: readers.Tables) -> Figure:
    table = theme.some(readers.rows(tables, "rank_frequency"), "rank-frequency curve")
    fits = readers.rows(tables, "zipf")
    # words before chars: the law is one of words; corpora as in the sentence
    found = dict.fromkeys(zip(table.token, table.corpus, strict=True))
    keys = sorted(found, key=lambda key: (key[0] != "word", key[0]))
    columns = min(3, table.corpus.nunique())
    figure, axes = theme.panels(-(-len(keys) // columns), columns, height=2.3)
    for ax, (token, corpus) in zip(axes.flat, keys, strict=False):
        chosen = table[(table.corpus == corpus) & (table.token == token)]
        fit = _fit(fits, corpus, token)
        _panel(ax, chosen, _orders(table), fit)
        told = [f"exponent {f.exponent:.2f} [{f.low:.2f}, {f.high:.2f}]" for f in fit.itertuples()]
        title = "\n".join([corpus, f"{token} n-grams", *told[:1]])
        ax.set_title(title, fontsize=8)
    for ax in axes.flat[len(keys) :]:
        ax.set_visible(False)
    orders = [_look(i) | {"label": f"order {n:.0f}"} for i, n in enumerate(_orders(table))]
    theme.legend(figure, [Line2D([], [], **order) for order in orders], columns=5)
    return figure


def finding(tables: readers.Tables) -> str:
    every = theme.some(readers.rows(tables, "zipf"), "Zipf exponent")
    fits = every[_book_line(every)]
    fits = theme.some(fits, "Zipf exponent")
    words = fits[fits.token == "word"]
    chosen = words if len(words) else fits
    first = chosen[chosen.corpus == chosen.corpus.iloc[0]].sort_values("order")
    low, high = first.iloc[0], first.iloc[-1]
    said = (
        f"In {low.corpus}, the {low.token} frequency falls with rank to the power "
        f"{low.exponent:.2f} ({low.low:.2f} to {low.high:.2f})"
    )
    if len(first) > 1:
        verb = "falls" if high.exponent < low.exponent else "rises"
        said += f"; for n-grams of order {high.order:.0f} it {verb} to {high.exponent:.2f}"
    return f"{said}{_latent(every, low)}."


def _latent(fits: DataFrame, line: Series) -> str:
    """The exponent with unknown ranks, for the text and order of ``line``."""
    keys = ["corpus", "token", "order", "text"]
    same = fits[(fits[keys] == line[keys]).all(axis=1) & (fits.estimator == "latent_rank")]
    if same.empty or not np.isfinite(same.exponent.iloc[0]):
        return ""
    found = same.iloc[0]
    said = f"{found.exponent:.2f} ({found.low:.2f} to {found.high:.2f})"
    return f"; with unknown ranks, the exponent of order {found.order:.0f} is {said}"


def _orders(table: DataFrame) -> list[float]:
    return sorted(table.order.unique())


def _look(index: int) -> theme.Keywords:
    """Colour and marker of the n-th order, the same in every panel."""
    color = theme.SERIES[index % len(theme.SERIES)]
    return {"color": color, "marker": theme.MARKERS[index % len(theme.MARKERS)]}


def _panel(ax: Axes, table: DataFrame, orders: list[float], fit: DataFrame) -> None:
    for order, group in table.groupby("order"):
        ax.plot(*readers.curve(group), markevery=0.12, ms=3.5, **_look(orders.index(order)))
    theme.logarithmic(ax.xaxis)
    theme.logarithmic(ax.yaxis)
    ax.set(xlabel="rank", ylabel="occurrences")
    if len(fit):
        _line(ax, table[table.order == 1], fit.iloc[0])


def _line(ax: Axes, table: DataFrame, fit: Any) -> None:
    """A least-squares line passes through the means of log rank and log count."""
    if table.empty:
        return
    table = table.sort_values("count", ascending=False)
    counts = np.log(table["count"].to_numpy().repeat(table.types.astype(int)))
    ranks = np.log(np.arange(1, len(counts) + 1))
    ends = np.array([0.0, ranks[-1]])
    heights = np.exp(counts.mean() - fit.exponent * (ends - ranks.mean()))
    ax.plot(np.exp(ends), heights, color=theme.INK, linestyle="--", lw=1)


def _fit(fits: DataFrame, corpus: str, token: str) -> DataFrame:
    if fits.empty:
        return fits
    same = (fits.corpus == corpus) & (fits.token == token) & (fits.order == 1)
    return fits[same & _book_line(fits)]


def _book_line(fits: DataFrame) -> Series:
    """Rows of the least-squares line through all ranks of the whole text."""
    return (fits.estimator == "ols") & (fits.text == "whole") & np.isfinite(fits.exponent)
