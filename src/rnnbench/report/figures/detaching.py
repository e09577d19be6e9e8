"""A state that is carried from minibatch to minibatch, with and without detaching it.

Seconds of each step and memory of the graph over one epoch, and held-out perplexity by seed.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from pandas import DataFrame

from rnnbench.report import theme
from rnnbench.tables import readers, sampler_pairs

SECTION = "Gradients"
TABLES = ("detaching", "detaching_runs")
LOOK = {"detached": (theme.BLUE, "o"), "attached": (theme.ORANGE, "s")}
LINES = ("-", "--", ":", "-.")


def draw(tables: readers.Tables) -> Figure:
    (costs, words), (runs, _) = sampler_pairs.undetached(tables)
    if costs.empty or runs.empty:
        return theme.placard("No runs with an undetached state to show.")
    variants = readers.ordered(costs.variant)
    figure, axes = theme.panels(1, 3, height=2.3)
    for variant, line in zip(variants, LINES, strict=False):
        for arm, (color, _) in LOOK.items():
            own = costs[(costs.variant == variant) & (costs.arm == arm)]
            look = {"color": color, "ls": line, "lw": 1.1}
            axes[0, 0].plot(own.minibatch, 1000 * own.seconds, **look)
            axes[0, 1].plot(own.minibatch, own.peak_memory_bytes / 1e6, **look)
    axes[0, 0].set(xlabel="minibatch of the epoch", ylabel="milliseconds of a step")
    axes[0, 1].set(xlabel="minibatch of the epoch", ylabel="growth of memory in MB")
    theme.logarithmic(axes[0, 0].yaxis)
    _perplexities(axes[0, 2], runs, variants)
    handles = [Line2D([], [], color=color, marker=m, label=arm) for arm, (color, m) in LOOK.items()]
    if len(variants) > 1:
        named = zip(variants, LINES, strict=False)
        handles += [Line2D([], [], color=theme.INK, ls=line, label=name) for name, line in named]
    theme.legend(figure, handles)
    theme.note(figure, [f"Shown at {words}."] if words else [])
    return figure


def finding(tables: readers.Tables) -> str:
    (costs, words), (runs, _) = sampler_pairs.undetached(tables)
    if costs.empty or runs.empty:
        return "No runs with an undetached state to show."
    slowdown, change = sampler_pairs.slowdown(costs), sampler_pairs.changes(runs)
    if slowdown.empty or change.empty:
        return "No minibatch was trained on both with and without detaching."
    variant = slowdown.idxmax()
    attached = costs[(costs.arm == "attached") & (costs.variant == variant)]
    return (
        f"By minibatch {attached.minibatch.max():.0f} an undetached step of {variant} takes "
        f"{readers.figures3(slowdown.max())} times as long and its graph holds "
        f"{readers.figures3(attached.peak_memory_bytes.max() / 1e6)} MB, for "
        f"{change.median():.3f} times the held-out perplexity ({change.min():.3f} to "
        f"{change.max():.3f}, {readers.counted(len(change), 'pair')} of runs){readers.at(words)}."
    )


def _perplexities(ax: Axes, runs: DataFrame, variants: list[str]) -> None:
    paired = runs.pivot_table("heldout_perplexity", ["variant", "seed"], "arm").dropna()
    for row, variant in enumerate(variants):
        own = paired[paired.index.get_level_values("variant") == variant]
        shift = np.linspace(-0.2, 0.2, len(own)) if len(own) > 1 else [0]
        for place, values in zip(row + np.array(shift), own.itertuples(), strict=True):
            ax.plot([place] * 2, [values.attached, values.detached], color=theme.FAINT, lw=0.7)
            for arm, (color, marker) in LOOK.items():
                ax.plot(place, getattr(values, arm), color=color, marker=marker)
    ax.set_xticks(range(len(variants)), variants)
    ax.set(xlim=(-0.5, len(variants) - 0.5), ylabel="held-out perplexity")
