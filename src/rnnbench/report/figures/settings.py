"""The effect of the learning rate, of more training text and of more hidden units: held-out and
training perplexity of the best epoch."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from pandas import DataFrame

from rnnbench.base.parameters import DIVERGED, NOT_AVAILABLE
from rnnbench.report import theme
from rnnbench.tables import readers, trials

SECTION = "Language models"
TABLES = ("runs", "trials")
AXES = {  # column drawn across -> what it is, and the trials that vary it
    "learning_rate": ("learning rate", ("learning_rate",)),
    "train_tokens": ("tokens to train on", trials.TEXTS),
    "num_parameters": ("parameters", ("capacity",)),
}
MORE = {"train_tokens": "training tokens", "hidden_size": "hidden units"}
LINES = {"heldout_perplexity": ("held-out", "-"), "perplexity": ("training", ":")}


def draw(tables: readers.Tables) -> Figure:
    ran = _ran(tables)
    figure, axes = theme.panels(1, len(ran), height=2.6)
    for ax, (across, runs) in zip(axes.flat, ran.items(), strict=True):
        _panel(ax, runs, across)
    handles = theme.variant_handles({v for runs in ran.values() for v in runs.variant}, lines=False)
    for words, line in LINES.values():
        handles.append(Line2D([], [], color=theme.INK, ls=line, label=words))
    theme.legend(figure, handles, columns=5)
    theme.note(figure, _notes(ran, tables))
    return figure


def finding(tables: readers.Tables) -> str:
    said = []
    for across, runs in _ran(tables).items():
        done = readers.finished(runs)
        if across == "learning_rate":
            best = done.loc[done.heldout_perplexity.idxmin()]
            said.append(
                f"the learning rate with the lowest held-out perplexity, "
                f"{readers.figures3(best.heldout_perplexity)}, is "
                f"{readers.figures3(best.learning_rate)} ({best.variant})"
            )
        else:
            said.append(_more(done, "hidden_size" if across == "num_parameters" else across))
    return theme.sentence("; ".join(said))


def _more(done: DataFrame, column: str) -> str:
    medians = done.groupby(column).heldout_perplexity.median().sort_index()
    few, many = medians.index[0], medians.index[-1]
    return (
        f"with {many:,.0f} {MORE[column]} instead of {few:,.0f}, the held-out perplexity is "
        f"{readers.figures3(medians[many])} instead of {readers.figures3(medians[few])}"
    )


def _asked(tables: readers.Tables) -> dict[str, DataFrame]:
    return {across: trials.of(tables, *named) for across, (_, named) in AXES.items()}


def _ran(tables: readers.Tables) -> dict[str, DataFrame]:
    """What was drawn across -> its runs, diverged ones too; where some finished.

    All of a text is drawn at the number of tokens of an epoch that reads it.
    """
    asked, found = _asked(tables), {}
    for across, runs in asked.items():
        runs = trials.alike(runs[runs.status != NOT_AVAILABLE] if len(runs) else runs)
        if len(readers.finished(runs)):
            known = runs.train_tokens.where(np.isfinite(runs.train_tokens), runs.num_tokens)
            found[across] = runs.assign(train_tokens=known)
    if not found:
        theme.some(DataFrame(), "run of several settings", asked=pd.concat(asked.values()))
    return found


def _panel(ax: Axes, runs: DataFrame, across: str) -> None:
    ax.set(xlabel=AXES[across][0], ylabel="perplexity")
    done = readers.finished(runs)
    for variant in readers.ordered(done.variant):
        style, same = theme.look(variant), done[done.variant == variant]
        for metric, (_, line) in LINES.items():
            values = same.groupby(across)[metric].agg(["min", "median", "max"])
            marks: theme.Keywords = {"marker": style.marker, "ls": line, "ms": 4}
            ax.plot(values.index, values["median"], color=style.color, **marks)
            ax.vlines(values.index, values["min"], values["max"], color=style.color, lw=0.9)
    theme.logarithmic(ax.xaxis)
    theme.logarithmic(ax.yaxis)
    dead = runs[runs.status == DIVERGED].drop_duplicates([across, "variant"])
    look: theme.Keywords = {"marker": "x", "ms": 7, "mew": 1.8, "ls": "none", "clip_on": False}
    for run in dead.to_dict("records"):  # at the upper edge
        color = theme.look(run["variant"]).color
        ax.plot([run[across]], [1], transform=ax.get_xaxis_transform(), color=color, **look)


def _notes(ran: dict[str, DataFrame], tables: readers.Tables) -> list[str]:
    first = next(iter(ran.values())).iloc[0]
    seeds = max(runs.seed.nunique() for runs in ran.values())
    said = [
        f"{first.corpus}, {first.sampler}, clip_norm {readers.figures3(first.clip_norm)}. Points: "
        f"median of {readers.counted(seeds, 'seed')}; bars: lowest to highest; x: diverged. "
        "Training perplexity is averaged over an epoch while the model learns, so it is high for a "
        "text that is read only once."
    ]
    return said + readers.absent_notes(pd.concat(_asked(tables).values()), "run")
