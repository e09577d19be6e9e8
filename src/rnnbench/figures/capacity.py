"""What more hidden units bring: held-out and training perplexity against the number of parameters
and against training time, a line per variant through its hidden sizes."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator
from pandas import DataFrame

from rnnbench.figures import _rows, _theme, _trials

SECTION = "Language models"
TABLES = ("trials",)
ACROSS = {"num_parameters": "parameters", "train_seconds": "training time (s)"}
DOWN = {"heldout_perplexity": "held-out perplexity", "perplexity": "training perplexity"}


def draw(tables: _rows.Tables) -> Figure:
    runs = _chosen(tables)
    if runs.empty:
        return _theme.placard(_rows.missing(_asked(tables), "run of several hidden sizes"))
    figure, axes = _theme.panels(2, 2, height=2.3, sharex="col")
    for line, (metric, words) in zip(axes, DOWN.items(), strict=True):
        for ax, (across, label) in zip(line, ACROSS.items(), strict=True):
            _panel(ax, runs, across, metric)
            ax.set(ylabel=words)
            if metric == "perplexity":
                ax.set(xlabel=label)
    _theme.legend(figure, _theme.variant_handles(runs.variant, set(), lines=True))
    _theme.note(figure, [_explained(runs), *_rows.absent_notes(_asked(tables), "run")])
    return figure


def finding(tables: _rows.Tables) -> str:
    runs = _chosen(tables)
    if runs.empty:
        return _rows.missing(_asked(tables), "run of several hidden sizes")
    medians = runs.groupby(["variant", "hidden_size"], sort=False)[list(DOWN)].median()
    best = medians.heldout_perplexity.idxmin()
    ends = [
        f"{_rows.figures3(sizes.heldout_perplexity.iloc[0])} to "
        f"{_rows.figures3(sizes.heldout_perplexity.iloc[-1])} ({variant})"
        for variant, sizes in medians.sort_index().groupby(level="variant", sort=False)
    ]
    smallest, largest = int(runs.hidden_size.min()), int(runs.hidden_size.max())
    return (
        f"From {smallest} to {largest} hidden units the held-out perplexity goes from "
        f"{_rows.english(ends)}, and the lowest is "
        f"{_rows.figures3(medians.heldout_perplexity[best])} ({best[0]}, {best[1]} units)."
    )


def _asked(tables: _rows.Tables) -> DataFrame:
    return _trials.of(tables, "capacity")


def _chosen(tables: _rows.Tables) -> DataFrame:
    """Finished runs of the first text, machine and device."""
    return _trials.alike(_rows.ranked(_rows.finished(_asked(tables)), tables))


def _panel(ax: Axes, runs: DataFrame, across: str, metric: str) -> None:
    for variant in _rows.ordered(runs.variant):
        style, same = _theme.look(variant), runs[runs.variant == variant]
        sizes = same.groupby("hidden_size")
        middle = sizes[[across, metric]].median()
        ax.plot(middle[across], middle[metric], color=style.color, ls=style.line, lw=1.1)
        spread = sizes[metric].agg(["min", "max"])
        ax.vlines(middle[across], spread["min"], spread["max"], color=style.color, lw=0.9)
        look: _theme.Keywords = {"marker": style.marker, "ls": "none", "ms": 4}
        ax.plot(middle[across], middle[metric], color=style.color, **look)
    _theme.logarithmic(ax.xaxis)
    _theme.logarithmic(ax.yaxis)
    ax.xaxis.set_minor_locator(NullLocator())


def _explained(runs: DataFrame) -> str:
    first, sizes = runs.iloc[0], sorted(int(size) for size in runs.hidden_size.unique())
    return (
        f"{first.corpus}, {first.sampler}, clip_norm {_rows.figures3(first.clip_norm)}, "
        f"{_rows.counted(int(first.num_epochs), 'epoch')}; hidden sizes "
        f"{_rows.english(map(str, sizes))}; points: median of "
        f"{_rows.counted(runs.seed.nunique(), 'seed')}, bars: from the lowest to the highest. "
        "Training times are of runs that shared the machine."
    )
