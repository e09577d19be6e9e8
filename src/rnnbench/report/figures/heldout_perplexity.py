"""Variants ranked by their perplexity on held-out text. Lower is better; 1 is perfect.

Each variant is shown at its best setting: small circles are seeds, the mark and the number their
median. Vertical lines are n-gram models to beat and, where it is known, the lowest possible value.
"""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from pandas import DataFrame

from rnnbench.report import theme
from rnnbench.tables import baselines, ranking, readers

SECTION = "Language models"
TABLES = ("runs", "floor", "ngram_lm")
DASHES = {baselines.SAME_TEXT: "--", baselines.ALL_TEXT: ":", baselines.FLOOR: "-"}


def draw(tables: readers.Tables) -> Figure:
    ranks, runs = _ranks(tables), ranking.runs(tables)
    corpora = list(ranks.corpus.unique())
    lines = baselines.table(tables).drop_duplicates(["corpus", "perplexity"])
    most = int(ranks.corpus.value_counts().max())
    figure, axes = theme.panels(len(corpora), height=0.9 + 0.22 * most, sharex=True)
    for ax, corpus in zip(axes.flat, corpora, strict=True):
        found = ranks[ranks.corpus == corpus]
        _panel(ax, found, runs.merge(found[ranking.SETTING]))
        for line in lines[lines.corpus == corpus].itertuples():
            ax.axvline(line.perplexity, color=theme.PURPLE, ls=DASHES[line.line], lw=1.2)
        theme.logarithmic(ax.xaxis)
        ax.set_title(corpus)
    axes[-1, 0].set_xlabel("held-out perplexity (median over seeds)")
    theme.legend(figure, _handles(lines[lines.corpus.isin(corpora)]), 2)
    theme.note(figure, _notes(ranks, readers.rows(tables, "runs")))
    return figure


def finding(tables: readers.Tables) -> str:
    ranks = _ranks(tables)
    lines, said = baselines.table(tables), []
    for corpus, found in ranks.groupby("corpus"):
        best = found.iloc[0]
        known = "the best variant is" if best.ranked else "no variant converged, lowest is"
        words = f"on {corpus} {known} {_told(best)}"
        if len(found) > 1 and found.ranked.iloc[1] == best.ranked:
            words += f", followed by {_told(found.iloc[1])}"
        same = lines[(lines.corpus == corpus) & (lines.line == baselines.SAME_TEXT)]
        for line in same.itertuples():
            verb = "beats" if best.heldout < line.perplexity else "does not beat"
            words += f"; it {verb} n-grams trained on the same text ({_number(line.perplexity)})"
        said.append(words)
    return theme.sentence("; ".join(said))


def _ranks(tables: readers.Tables) -> DataFrame:
    asked = readers.rows(tables, "runs")
    return theme.some(ranking.table(tables), "held-out perplexity", asked=asked)


def _told(row: Any) -> str:
    return f"{row.variant} with {_number(row.heldout)} ({readers.counted(row.seeds, 'seed')})"


def _number(value: float) -> str:
    """As many decimals for every perplexity below 100, so that they can be compared by eye."""
    return f"{value:.2f}" if value < 100 else readers.figures3(value)


def _panel(ax: Axes, found: DataFrame, runs: DataFrame) -> None:
    """Ranks down, those that did not converge grey below a line."""
    for y, row in enumerate(found.itertuples()):
        style = theme.look(row.variant)
        color = style.color if row.ranked else theme.FAINT
        own = runs[runs.variant == row.variant].heldout_perplexity
        ax.plot([row.low, row.high], [y, y], color=color, lw=1)
        ax.plot(own, [y] * len(own), "o", color=color, mfc="white", ms=3, mew=0.8)
        face = color if row.ranked else "white"
        ax.plot(row.heldout, y, marker=style.marker, color=color, mfc=face, ms=6)
        beside: theme.Keywords = {"textcoords": "offset points", "va": "center", "color": theme.INK}
        ax.annotate(_number(row.heldout), (row.high, y), (7, 0), fontsize=8, **beside)
    ranked = int(found.ranked.sum())
    if 0 < ranked < len(found):
        ax.axhline(ranked - 0.5, color=theme.FAINT, lw=0.8)
    ranks = [f"{y + 1}. " if row.ranked else "" for y, row in enumerate(found.itertuples())]
    ends = ["" if ranked else " (unconverged)" for ranked in found.ranked]
    names = [r + name + e for r, name, e in zip(ranks, found.variant, ends, strict=True)]
    ax.set_yticks(range(len(found)), names)
    ax.set_ylim(len(found) - 0.4, -0.6)
    ax.margins(x=0.12)
    ax.grid(False, axis="y")


def _handles(lines: DataFrame) -> list[Line2D]:
    there = dict.fromkeys(lines.line)
    found = [
        Line2D([], [], color=theme.PURPLE, ls=DASHES[name], label=_line(name, lines))
        for name in there
    ]
    seed: theme.Keywords = {"marker": "o", "ls": "none", "mfc": "white", "ms": 3}
    return [*found, Line2D([], [], color=theme.INK, label="one seed", **seed)]


def _line(name: str, lines: DataFrame) -> str:
    own = lines[lines.line == name]
    values = readers.english(_number(value) for value in own.perplexity)
    return f"{name}: {values}"


def _notes(ranks: DataFrame, runs: DataFrame) -> list[str]:
    settings = ranks[["sampler", "clip_norm"]].drop_duplicates()
    told = [
        f"{r.sampler} at clip_norm {readers.figures3(r.clip_norm)}" for r in settings.itertuples()
    ]
    said = [f"Settings chosen: {readers.english(told)}."] if len(told) < 4 else []
    if not ranks.ranked.all():
        said.append("Unconverged: still improving when training ended, therefore not ranked.")
    return said + readers.absent_notes(runs, "run")
