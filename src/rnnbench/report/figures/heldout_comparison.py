"""Held-out bits per character of n-gram models by order; lines across are each variant's best run.

Lower is better. Pale curves are of n-gram models trained on more text than the variants. A word
model spells words that it does not know letter by letter.
"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from pandas import DataFrame

from rnnbench.base.parameters import DIVERGED
from rnnbench.report import theme
from rnnbench.tables import readers

SECTION = "Language models"
TABLES = ("runs", "floor", "ngram_lm")
GREYS = ("#9a9a9a", theme.INK, theme.YELLOW, theme.SKY)  # smoothings; variants have the colours
TOKENS = {"char": ("o", "-"), "word": ("s", "--"), "byte": ("^", ":")}


def draw(tables: readers.Tables) -> Figure:
    ladder, best = _ladder(tables), _best(tables)
    corpora = list(dict.fromkeys([*best.corpus, *ladder.corpus]))
    if not corpora:
        return theme.placard(readers.missing(readers.rows(tables, "runs"), "held-out bits"))
    figure, axes = theme.panels(len(corpora), height=2.5, sharex=True)
    smoothings, floors = list(dict.fromkeys(ladder.smoothing)), readers.rows(tables, "floor")
    for ax, corpus in zip(axes.flat, corpora, strict=True):
        _steps(ax, _of(ladder, corpus), smoothings)
        for run in _of(best, corpus).itertuples():
            style = theme.look(run.variant)
            ax.axhline(run.heldout_bits_per_char, color=style.color, ls=style.line, lw=1.1)
        for bits in _of(floors, corpus).floor_bits_per_char[:1]:
            ax.axhline(bits, color=theme.PURPLE, lw=1.6)
        ax.set(title=corpus, ylabel="held-out bits per character")
    axes[-1, 0].set_xlabel("order of the n-grams")
    axes[-1, 0].xaxis.set_major_locator(MaxNLocator(integer=True))
    theme.legend(figure, _handles(ladder, smoothings, best, floors))
    theme.note(figure, _notes(tables))
    return figure


def finding(tables: readers.Tables) -> str:
    ladder, best = _ladder(tables), _best(tables)
    if ladder.empty:
        return readers.missing(ladder, "n-gram language model")
    said = []
    for corpus, models in ladder.groupby("corpus", sort=False):
        low = _rival(models)
        words = (
            f"on {corpus}, {low.smoothing} over {low.token}s at order {low.order:.0f} needs "
            f"{low.bits_per_char:.3f} held-out bits per character"
        )
        runs = _of(best, corpus)
        if len(runs):
            top = runs.loc[runs.heldout_bits_per_char.idxmin()]
            better = int((runs.heldout_bits_per_char < low.bits_per_char).sum())
            words += f", the best run {top.heldout_bits_per_char:.3f} ({top.variant}); "
            words += f"{better} of {readers.counted(len(runs), 'variant')} beat the n-grams"
        said.append(words)
    return theme.sentence("; ".join(said))


def _ladder(tables: readers.Tables) -> DataFrame:
    """Held-out rows of the n-gram models of the variants' text, and of those that read ``more``.

    Of the corpora that variants were trained on; of the first one if none finished.
    """
    same, every = (readers.ngram_models(tables, same_text=same) for same in (True, False))
    table = pd.concat([same.assign(more=False), every.assign(more=True)], ignore_index=True)
    table = table[np.isfinite(table.bits_per_char.astype(float))]
    table = table.drop_duplicates(["corpus", "token", "smoothing", "order", "train_tokens"])
    best = _best(tables)
    return table[table.corpus.isin(best.corpus if len(best) else table.corpus[:1])]


def _rival(models: DataFrame) -> Any:
    """The best model, of those that read no more text than the variants if there are such."""
    same = models if models.more.all() else models[~models.more]
    return same.loc[same.bits_per_char.idxmin()]


def _best(tables: readers.Tables) -> DataFrame:
    """The run with the lowest held-out bits of each corpus and variant."""
    done = readers.finished(readers.rows(tables, "runs"))
    if done.empty:
        return done
    return done.loc[done.groupby(["corpus", "variant"], sort=False).heldout_bits_per_char.idxmin()]


def _of(table: DataFrame, corpus: str) -> DataFrame:
    return table[table.corpus == corpus]


def _steps(ax: Axes, ladder: DataFrame, smoothings: list[str]) -> None:
    groups = ladder.groupby(["smoothing", "token", "more"], sort=False)
    for (smoothing, token, more), models in groups:
        models = models.sort_values("order")
        pale = 0.4 if more and not ladder.more.all() else 1.0
        ax.plot(
            models.order, models.bits_per_char, alpha=pale, **_look(smoothing, token, smoothings)
        )


def _look(smoothing: str, token: str, smoothings: list[str]) -> theme.Keywords:
    marker, line = TOKENS[token]
    color = GREYS[smoothings.index(smoothing) % len(GREYS)]
    face = color if token == "char" else "white"
    return {"color": color, "marker": marker, "linestyle": line, "markerfacecolor": face}


def _handles(
    ladder: DataFrame, smoothings: list[str], best: DataFrame, floors: DataFrame
) -> list[Line2D]:
    pairs = dict.fromkeys(zip(ladder.smoothing, ladder.token, strict=True))
    handles = [
        Line2D([], [], label=f"{smoothing}, {token}s", **_look(smoothing, token, smoothings))
        for smoothing, token in sorted(pairs, key=lambda pair: (pair[1], pair[0]))
    ]
    for variant in readers.ordered(best.variant):
        style = theme.look(variant)
        handles.append(Line2D([], [], color=style.color, ls=style.line, label=variant))
    if floors.corpus.isin([*ladder.corpus, *best.corpus]).any():
        handles.append(Line2D([], [], color=theme.PURPLE, lw=1.6, label="floor: entropy rate"))
    return handles


def _notes(tables: readers.Tables) -> list[str]:
    runs, ladder = readers.rows(tables, "runs"), _ladder(tables)
    said = []
    if "train_tokens" in runs and "train_tokens" in ladder and len(_best(tables)):
        read = {"char": "characters", "word": "words", "byte": "bytes"}[readers.token(tables)]
        models = ladder[ladder.token == readers.token(tables)]
        said += [f"Training {read}: {_span_of(models)} (n-grams), {_span_of(runs)} (variants)."]
    words = ladder[ladder.token == "word"] if len(ladder) else ladder
    if len(words):
        shares = words.groupby("corpus", sort=False).oov_share.max()
        named = readers.english(f"{share:.1%} ({corpus})" for corpus, share in shares.items())
        said.append(f"Unknown among held-out words: {named}.")
    dead = int((runs.status == DIVERGED).sum())
    said += [f"Not drawn: {readers.counted(dead, 'diverged run')}."] if dead else []
    return said + readers.absent_notes(runs, "run")


def _span_of(table: DataFrame) -> str:
    """The numbers of training tokens, in words."""
    sizes = sorted(table.train_tokens.dropna().astype(float).unique())
    named = ["all before the validation part" if np.isinf(n) else f"{n:,.0f}" for n in sizes]
    return " to ".join(dict.fromkeys([named[0], named[-1]])) if named else "unknown"
