"""Truncated backpropagation through time against the full gradient, and trainings with each.

Left and middle: trained models, at the mean number of steps that a loss reaches back; lengths are
shares of the norm of the full gradient. Medians over seeds and minibatches, bars from 5 to 95 %.
Right: training perplexity by steps between cuts (tau), at the same tokens, updates and states; bars
from the least to the greatest seed.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from pandas import DataFrame

from rnnbench.report import theme
from rnnbench.tables import gradient_rows, readers

SECTION = "Gradients"
TABLES = ("bptt_training", "bptt")
LOOKS: dict[str, theme.Keywords] = {
    "regular": {"color": theme.BLUE, "marker": "o"},
    "randomized": {"color": theme.ORANGE, "marker": "s"},
}


def draw(tables: readers.Tables) -> Figure:
    gradients, words = gradient_rows.trained(tables)
    training, _ = gradient_rows.trainings(tables)
    if gradients.empty:
        return theme.placard(readers.missing(gradients, "truncated gradient"))
    variants = readers.ordered(gradients.variant)
    figure, axes = theme.panels(len(variants), 3, height=2.5)
    for line, variant in zip(axes, variants, strict=True):
        chosen = gradients[gradients.variant == variant]
        _against_reach(line[0], chosen, "rmse")
        _bias(line[0], chosen)
        _against_reach(line[1], chosen, "cosine")
        theme.logarithmic(line[0].yaxis)
        line[0].set(ylabel=f"{variant}\nerror of the gradient")
        line[1].set(ylabel="cosine with the full gradient")
        for ax in line[:2]:
            ax.set_xlabel("mean reach (steps)")
        _trainings(line[2], training, variant)
    handles = [Line2D([], [], **look, label=f"{name} cuts") for name, look in LOOKS.items()]
    handles.append(Line2D([], [], color=theme.BLUE, ls=":", label="its bias alone"))
    handles.append(Line2D([], [], color=theme.INK, label="full"))
    theme.legend(figure, handles)
    theme.note(figure, [f"Shown at {words}."] if words else [])
    return figure


def finding(tables: readers.Tables) -> str:
    gradients, words = gradient_rows.trained(tables)
    both = gradient_rows.pairs(gradients)
    if both.empty:
        return readers.missing(both, "truncated gradient")
    ratio = (both.rmse_randomized / both.rmse_regular).groupby(both.tau).median()
    near, far = ratio.index.min(), ratio.index.max()
    return (
        f"At equal mean reach the randomized gradient, which has no bias, is off by "
        f"{readers.figures3(ratio[near])} times as much as the regularly truncated one where cuts "
        f"are {near:.0f} steps apart, and by {readers.figures3(ratio[far])} times as much at "
        f"{far:.0f} (medians over {readers.counted(len(both), 'pair')}){readers.at(words)}."
    )


def _against_reach(ax: Axes, gradients: DataFrame, metric: str) -> None:
    for method, look in LOOKS.items():
        groups = gradients[gradients.method == method].groupby("tau")
        x, values = groups.reach.median(), groups[metric]
        low, middle, high = (values.quantile(q) for q in (0.05, 0.5, 0.95))
        ax.vlines(x, low, high, color=look["color"], lw=1)
        ax.plot(x, middle, **look)
    _steps(ax)


def _bias(ax: Axes, gradients: DataFrame) -> None:
    groups = gradients[gradients.method == "regular"].groupby("tau")
    ax.plot(groups.reach.median(), groups.bias.median(), color=theme.BLUE, ls=":")


def _trainings(ax: Axes, training: DataFrame, variant: str) -> None:
    chosen = training if training.empty else training[training.variant == variant]
    chosen = chosen if chosen.empty else chosen[np.isfinite(chosen.perplexity)]
    if chosen.empty:
        return theme.vacant(ax, "No training ended with a finite loss.", 22)
    full = chosen[chosen.method == "full"].perplexity
    ax.axhspan(full.min(), full.max(), color="#d9d9d9", zorder=0)
    ax.axhline(full.median(), color=theme.INK)
    for method, look in LOOKS.items():
        groups = chosen[chosen.method == method].groupby("tau").perplexity
        ax.vlines(groups.median().index, groups.min(), groups.max(), color=look["color"], lw=1)
        ax.plot(groups.median().index, groups.median(), **look)
    _steps(ax)
    ax.set(xlabel="tau (steps)", ylabel="training perplexity")


def _steps(ax: Axes) -> None:
    ax.set_xscale("log", base=2)
    ax.xaxis.set_major_formatter(lambda value, _: readers.figures3(value))
