"""The effect of the learning rate and of more training text: held-out and training perplexity of
the best epoch."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from pandas import DataFrame

from rnnbench.base.parameters import DIVERGED, NOT_AVAILABLE
from rnnbench.report import theme
from rnnbench.tables import readers, trials

SECTION = "Language models"
TABLES = ("runs", "trials")
AXES = {"learning_rate": "learning rate", "train_tokens": "tokens to train on"}
LINES = {"heldout_perplexity": ("held-out", "-"), "perplexity": ("training", ":")}


def draw(tables: readers.Tables) -> Figure:
    rates, texts = _rates(tables), _texts(tables)
    if _shown(rates).empty:
        theme.some(_shown(texts), "run of several settings", asked=_asked(tables))
    drawn = [
        (runs, across, words)
        for runs, (across, words) in zip((rates, texts), AXES.items(), strict=True)
        if len(_shown(runs))
    ]
    figure, axes = theme.panels(1, len(drawn), height=2.6)
    for ax, panel in zip(axes.flat, drawn, strict=True):
        _panel(ax, *panel)
    variants = {*rates.get("variant", []), *texts.get("variant", [])}
    handles = theme.variant_handles(variants, lines=False)
    for words, line in LINES.values():
        handles.append(Line2D([], [], color=theme.INK, ls=line, label=words))
    theme.legend(figure, handles, columns=5)
    theme.note(figure, _notes(rates, texts, tables))
    return figure


def finding(tables: readers.Tables) -> str:
    rates, texts = _shown(_rates(tables)), _shown(_texts(tables))
    if rates.empty:
        theme.some(texts, "run of several settings", asked=_asked(tables))
    said = []
    if len(rates):
        best = rates.loc[rates.heldout_perplexity.idxmin()]
        said.append(
            f"the learning rate with the lowest held-out perplexity, "
            f"{readers.figures3(best.heldout_perplexity)}, is "
            f"{readers.figures3(best.learning_rate)} ({best.variant})"
        )
    if len(texts):
        medians = texts.groupby("train_tokens").heldout_perplexity.median().sort_index()
        few, many = medians.index[0], medians.index[-1]
        said.append(
            f"with {many:,.0f} training tokens instead of {few:,.0f}, the held-out perplexity is "
            f"{readers.figures3(medians[many])} instead of {readers.figures3(medians[few])}"
        )
    sentence = "; ".join(said)
    return sentence[0].upper() + sentence[1:] + "."


def _asked(tables: readers.Tables) -> DataFrame:
    return trials.of(tables, "learning_rate", *trials.TEXTS)


def _rates(tables: readers.Tables) -> DataFrame:
    return _ran(trials.of(tables, "learning_rate"))


def _texts(tables: readers.Tables) -> DataFrame:
    """All of a text is drawn at the number of tokens of an epoch that reads it."""
    runs = _ran(trials.of(tables, *trials.TEXTS))
    if runs.empty:
        return runs
    return runs.assign(
        train_tokens=runs.train_tokens.where(np.isfinite(runs.train_tokens), runs.num_tokens)
    )


def _ran(runs: DataFrame) -> DataFrame:
    """Those that ran, diverged ones too."""
    ran = runs[runs.status != NOT_AVAILABLE] if len(runs) else runs
    return trials.alike(ran)


def _shown(runs: DataFrame) -> DataFrame:
    return readers.finished(runs)


def _panel(ax: Axes, runs: DataFrame, across: str, words: str) -> None:
    ax.set(xlabel=words, ylabel="perplexity")
    done = _shown(runs)
    for variant in readers.ordered(done.variant):
        style, same = theme.look(variant), done[done.variant == variant]
        for metric, (_, line) in LINES.items():
            values = same.groupby(across)[metric].agg(["min", "median", "max"])
            marks: theme.Keywords = {"marker": style.marker, "ls": line, "ms": 4}
            ax.plot(values.index, values["median"], color=style.color, **marks)
            ax.vlines(values.index, values["min"], values["max"], color=style.color, lw=0.9)
    theme.logarithmic(ax.xaxis)
    theme.logarithmic(ax.yaxis)
    _crosses(ax, runs, across)


def _crosses(ax: Axes, runs: DataFrame, across: str) -> None:
    """Diverged runs: a cross at the upper edge."""
    for run in (
        runs[runs.status == DIVERGED].drop_duplicates([across, "variant"]).to_dict("records")
    ):
        look: theme.Keywords = {"marker": "x", "ms": 7, "mew": 1.8, "ls": "none", "clip_on": False}
        color = theme.look(run["variant"]).color
        ax.plot([run[across]], [1], transform=ax.get_xaxis_transform(), color=color, **look)


def _notes(rates: DataFrame, texts: DataFrame, tables: readers.Tables) -> list[str]:
    first = (rates if len(rates) else texts).iloc[0]
    seeds = max(runs.seed.nunique() if len(runs) else 0 for runs in (rates, texts))
    said = [
        f"{first.corpus}, {first.sampler}, clip_norm {readers.figures3(first.clip_norm)}. Points: "
        f"median of {readers.counted(seeds, 'seed')}; bars: lowest to highest; x: diverged. "
        "Training perplexity is averaged over an epoch while the model learns, so it is high for a "
        "text that is read only once."
    ]
    return said + readers.absent_notes(_asked(tables), "run")
