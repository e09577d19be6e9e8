"""Heat maps of a perplexity: variants down, clipping thresholds across, a panel per sampler.

Each cell is the median over the runs that did not diverge. Lower is better; a perfect guess is 1.
"""

from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.typing import ColorType
from pandas import DataFrame, Series

from rnnbench.base.parameters import DIVERGED, NOT_AVAILABLE
from rnnbench.report import theme
from rnnbench.tables import readers

COLORS = "viridis_r"
PLAIN = "#e3e3e3"


def draw(tables: readers.Tables, metric: str) -> Figure:
    """Draw the column ``metric`` of the runs."""
    runs = readers.rows(tables, "runs")
    if runs.empty or (runs.status == NOT_AVAILABLE).all():
        return theme.placard(readers.missing(runs, "perplexity"))
    leaky = readers.leaky(tables)
    corpora, samplers = list(runs.corpus.unique()), sorted(runs.sampler.unique())
    variants, clip_norms = readers.ordered(runs.variant), sorted(runs.clip_norm.unique())
    figure, axes = theme.panels(
        len(corpora), len(samplers), height=0.8 + 0.27 * len(variants), sharey=True
    )
    for line, corpus in zip(axes, corpora, strict=True):
        same = runs[runs.corpus == corpus]
        norm = _norm(readers.ranked(readers.finished(same), tables)[metric])
        for ax, sampler in zip(line, samplers, strict=True):
            chosen = same[same.sampler == sampler]
            for y, variant in enumerate(variants):
                for x, clip_norm in enumerate(clip_norms):
                    here = (chosen.variant == variant) & (chosen.clip_norm == clip_norm)
                    _cell(ax, x, y, chosen[here], metric, None if variant in leaky else norm)
            _frame(ax, f"{corpus}\n{sampler}", variants, clip_norms, leaky)
    theme.note(figure, _notes(runs, leaky))
    return figure


def finding(tables: readers.Tables, metric: str, words: str) -> str:
    """Say where the column ``metric``, called ``words``, is lowest, and how many runs diverged."""
    runs = readers.rows(tables, "runs")
    done = readers.ranked(readers.finished(runs), tables)
    if done.empty:
        return readers.missing(runs, words)
    keys = ["corpus", "variant", "sampler", "clip_norm"]
    cells = done.groupby(keys, sort=False)[metric].median().reset_index()
    best = cells.loc[cells.groupby("corpus", sort=False)[metric].idxmin()]
    winners = [
        f"{readers.figures3(row[metric])} on {row['corpus']} ({row['variant']}, {row['sampler']}, "
        f"clip_norm {readers.figures3(row['clip_norm'])})"
        for _, row in best.iterrows()
    ]
    ran = runs[runs.status != NOT_AVAILABLE]
    dead = int((ran.status == DIVERGED).sum())
    return (
        f"The lowest median {words} is {readers.english(winners)}; "
        f"{dead} of {readers.counted(len(ran), 'run')} diverged."
    )


def _norm(values: Series) -> LogNorm:
    """Colours span the compared runs, at most a factor of 100 above the best."""
    if values.empty:
        return LogNorm(1, 100)
    low, high = values.min(), values.max()
    return LogNorm(low, max(min(high, 100 * low), 1.01 * low))


def _cell(ax: Axes, x: int, y: int, runs: DataFrame, metric: str, norm: LogNorm | None) -> None:
    ran = runs[runs.status != NOT_AVAILABLE]
    done, dead = readers.finished(ran), int((ran.status == DIVERGED).sum())
    face: ColorType = PLAIN
    ink = theme.INK
    if len(done):
        value = done[metric].median()
        words = _number(value) + (f"\n{dead} of {len(ran)} div." if dead else "")
        if norm:
            face = red, green, blue, _ = colormaps[COLORS](min(1.0, float(norm(value))))
            ink = "white" if np.dot((red, green, blue), (0.3, 0.59, 0.11)) < 0.5 else theme.INK
    else:
        words = "diverged" if dead else "n/a" if len(runs) else ""
        face = "white"
    hatch = "////" if dead and not len(done) else None
    ax.add_patch(Rectangle((x, y), 1, 1, facecolor=face, edgecolor="#c4c4c4", hatch=hatch, lw=0.6))
    back = {"facecolor": face, "edgecolor": "none", "pad": 1.2}
    size = 6.5 if dead else 8
    ax.text(x + 0.5, y + 0.5, words, ha="center", va="center", size=size, color=ink, bbox=back)


def _number(value: float) -> str:
    """As many decimals for every cell below 100, so that columns can be compared by eye."""
    return f"{value:.2f}" if value < 100 else readers.figures3(value)


def _frame(
    ax: Axes, title: str, variants: list[Any], clip_norms: list[Any], leaky: set[str]
) -> None:
    ax.set(xlim=(0, len(clip_norms)), ylim=(len(variants), 0), title=title)
    ax.set_xticks(np.arange(len(clip_norms)) + 0.5, [readers.figures3(c) for c in clip_norms])
    names = [theme.label(name, name in leaky) for name in variants]
    ax.set_yticks(np.arange(len(variants)) + 0.5, names)
    ax.set_xlabel("clip_norm (threshold)")
    ax.grid(False)


def _notes(runs: DataFrame, leaky: set[str]) -> list[str]:
    said = ["Colour: what stands out is high, within each corpus. Hatched: every run diverged."]
    if leaky & set(runs.variant):
        said.append("Grey: leaky, sees the text that it predicts, and is not compared.")
    return said + readers.absent_notes(runs, "run")
