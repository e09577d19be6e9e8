"""The gain from more hidden units: held-out and training perplexity by number of parameters and
training time, one line per variant through its hidden sizes."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator
from pandas import DataFrame

from rnnbench.report import theme
from rnnbench.tables import readers, trials

SECTION = "Language models"
TABLES = ("runs", "trials")
ACROSS = {"num_parameters": "parameters", "train_seconds": "training time (s)"}
DOWN = {"heldout_perplexity": "held-out perplexity", "perplexity": "training perplexity"}


def draw(tables: readers.Tables) -> Figure:
    runs = _chosen(tables)
    figure, axes = theme.panels(2, 2, height=1.7, sharex="col")
    for line, (metric, words) in zip(axes, DOWN.items(), strict=True):
        for ax, (across, label) in zip(line, ACROSS.items(), strict=True):
            _panel(ax, runs, across, metric)
            ax.set(ylabel=words)
            if metric == "perplexity":
                ax.set(xlabel=label)
    theme.legend(figure, theme.variant_handles(runs.variant, lines=True))
    theme.note(figure, [_explained(runs), *readers.absent_notes(_asked(tables), "run")])
    return figure


def finding(tables: readers.Tables) -> str:
    runs = _chosen(tables)
    medians = runs.groupby(["variant", "hidden_size"], sort=False)[list(DOWN)].median()
    best = medians.heldout_perplexity.idxmin()
    ends = [
        f"{readers.figures3(sizes.heldout_perplexity.iloc[0])} to "
        f"{readers.figures3(sizes.heldout_perplexity.iloc[-1])} ({variant})"
        for variant, sizes in medians.sort_index().groupby(level="variant", sort=False)
    ]
    smallest, largest = int(runs.hidden_size.min()), int(runs.hidden_size.max())
    return (
        f"From {smallest} to {largest} hidden units the held-out perplexity goes from "
        f"{readers.english(ends)}, and the lowest is "
        f"{readers.figures3(medians.heldout_perplexity[best])} ({best[0]}, {best[1]} units)."
    )


def _asked(tables: readers.Tables) -> DataFrame:
    return trials.of(tables, "capacity")


def _chosen(tables: readers.Tables) -> DataFrame:
    """Finished runs of the first text, machine and device."""
    asked = _asked(tables)
    runs = trials.alike(readers.finished(asked))
    return theme.some(runs, "run of several hidden sizes", asked=asked)


def _panel(ax: Axes, runs: DataFrame, across: str, metric: str) -> None:
    for variant in readers.ordered(runs.variant):
        style, same = theme.look(variant), runs[runs.variant == variant]
        sizes = same.groupby("hidden_size")
        middle = sizes[[across, metric]].median()
        ax.plot(middle[across], middle[metric], color=style.color, ls=style.line, lw=1.1)
        spread = sizes[metric].agg(["min", "max"])
        ax.vlines(middle[across], spread["min"], spread["max"], color=style.color, lw=0.9)
        look: theme.Keywords = {"marker": style.marker, "ls": "none", "ms": 4}
        ax.plot(middle[across], middle[metric], color=style.color, **look)
    theme.logarithmic(ax.xaxis)
    theme.logarithmic(ax.yaxis)
    ax.xaxis.set_minor_locator(NullLocator())


def _explained(runs: DataFrame) -> str:
    first, sizes = runs.iloc[0], sorted(int(size) for size in runs.hidden_size.unique())
    return (
        f"{first.corpus}, {first.sampler}, clip_norm {readers.figures3(first.clip_norm)}, "
        f"{readers.counted(int(first.num_epochs), 'epoch')}; hidden sizes "
        f"{readers.english(map(str, sizes))}; points: median of "
        f"{readers.counted(runs.seed.nunique(), 'seed')}, bars: from the lowest to the highest. "
        "Training times include sharing the machine with other runs."
    )
