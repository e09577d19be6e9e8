"""Whole sentences as minibatches: places lost to padding, and what is learnt as against samplers.

Left: lines are ranges over seeds. Right: one point per seed after as many passes over one text.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas import DataFrame

from rnnbench.report import theme
from rnnbench.tables import readers, sampler_pairs

SECTION = "Language models"
TABLES = ("padding", "sentences")
ORDERS = {"shuffled": (theme.ORANGE, "in random order"), "bucketed": (theme.BLUE, "by length")}
UNITS = {"sentence": ("o", "-"), "line": ("s", "--")}
WAYS = {
    "shuffled": "whole, random order",
    "bucketed": "whole, by length",
    "random_sampling": "random_sampling",
    "sequential_partition": "sequential_partition",
}


def draw(tables: readers.Tables) -> Figure:
    padding, runs, why = sampler_pairs.whole(tables)
    if padding.empty or runs.empty:
        return theme.placard(_nothing(why))
    figure, axes = theme.panels(1, 2, height=2.5)
    shown, words = readers.first_setting(runs, "unit", "seed")
    _padding(axes[0, 0], padding)
    _learnt(axes[0, 1], shown)
    theme.legend(figure, axes[0, 0].get_legend_handles_labels()[0], 2)
    theme.note(figure, [f"Right: shown at {words}."] if words else [])
    return figure


def finding(tables: readers.Tables) -> str:
    padding, runs, why = sampler_pairs.whole(tables)
    if padding.empty or runs.empty:
        return _nothing(why)
    size, unit = padding.batch_size.max(), max(padding.unit)  # sentences, if there are any
    own = padding[(padding.batch_size == size) & (padding.unit == unit)]
    shares = own.groupby("order").padding_share.median()
    said = [f"{share:.0%} {ORDERS[order][1]}" for order, share in shares.items()]
    runs, words = readers.first_setting(runs, "seed")
    medians = runs.groupby("way").heldout_perplexity.median()
    learnt = [f"{medians[way]:.2f} ({WAYS[way]})" for way in WAYS if way in medians]
    return (
        f"With {size:.0f} {unit}s per minibatch {readers.english(said)} of all places are padding, "
        f"and after training the median held-out perplexity is {readers.english(learnt)} of "
        f"{readers.counted(runs.seed.nunique(), 'seed')}{readers.at(words)}."
    )


def _nothing(why: str) -> str:
    return "No minibatches of whole sentences to show" + (f" ({why})." if why else ".")


def _padding(ax: Axes, padding: DataFrame) -> None:
    for unit, (marker, line) in UNITS.items():
        for order, (color, label) in ORDERS.items():
            own = padding[(padding.unit == unit) & (padding.order == order)]
            if own.empty:
                continue
            shares = own.groupby("batch_size").padding_share.agg(["min", "median", "max"])
            reach = [shares["median"] - shares["min"], shares["max"] - shares["median"]]
            style: theme.Keywords = {"color": color, "marker": marker, "ls": line, "capsize": 2}
            ax.errorbar(
                shares.index, shares["median"], yerr=reach, label=f"{unit}s {label}", **style
            )
    ax.set_xscale("log", base=2)
    sizes = sorted(padding.batch_size.unique())
    ax.set_xticks(sizes, [f"{size:.0f}" for size in sizes])
    ax.set(xlabel="units per minibatch", ylabel="share of padding", ylim=(-0.03, 1))


def _learnt(ax: Axes, runs: DataFrame) -> None:
    ways = [way for way in WAYS if way in set(runs.way)]
    for row, way in enumerate(ways):
        for unit, (marker, _) in UNITS.items():
            values = runs.heldout_perplexity[(runs.way == way) & (runs.unit == unit)]
            places = np.full(len(values), row + (0.15 if unit == "line" else -0.15))
            ax.plot(values, places, marker=marker, ls="none", mfc="none", color=theme.INK)
            if len(values):
                ax.vlines(values.median(), places[0] - 0.15, places[0] + 0.15, color=theme.INK)
    ax.set_yticks(range(len(ways)), [WAYS[way] for way in ways])
    ax.set(xlabel="held-out perplexity", ylim=(len(ways) - 0.5, -0.5))
