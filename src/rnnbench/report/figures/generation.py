"""Quality against diversity of generated text, one mark per decoder and setting, over all runs.

Medians over texts, bars from the 5th to the 95th percentile. Quality: bits per character by a
judge, an n-gram model that has seen neither the writer's training text nor the real text shown.
Diversity: share of distinct triples of characters. The closer to the real text, the better.
"""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from pandas import DataFrame

from rnnbench.report import theme
from rnnbench.tables import readers

SECTION = "Language models"
TABLES = ("generation", "runs")
STAGES = {"untrained": "before training", "trained": "after training"}
X, Y = "distinct_chars_3_share", "judge_bits_per_char"
SIDES = ((7, -8), (-7, 4))  # points from a mark to its label
APART = 0.07  # of a panel: marks nearer than this to one with a label of the same decoder have none


def draw(tables: readers.Tables) -> Figure:
    texts = _texts(tables)
    figure, axes = theme.panels(1, 2, height=3.0, sharex=True, sharey=True)
    decoders = [name for name in dict.fromkeys(texts.decoder) if name != readers.REAL]
    for ax, (stage, title) in zip(axes.flat, STAGES.items(), strict=True):
        marks = _marks(texts[texts.stage == stage])
        for decoder in (readers.REAL, *reversed(decoders)):  # greedy over the beams that equal it
            _decoder(ax, marks[marks.decoder == decoder], _look(decoder, decoders))
        ax.set(title=title, xlabel="distinct triples of characters, share", xlim=(-0.08, 1.1))
    axes[0, 0].set_ylabel("judge's bits per character")
    for ax, stage in zip(axes.flat, STAGES, strict=True):
        _labels(ax, _marks(texts[texts.stage == stage]), decoders)
    handles = [
        Line2D([], [], **_look(name, decoders), label=_name(name, texts)) for name in decoders
    ]
    real = Line2D([], [], **_look(readers.REAL, decoders), label="held-out real text")
    theme.legend(figure, [*handles, real], columns=5)
    theme.note(figure, _notes(tables, texts))
    return figure


def finding(tables: readers.Tables) -> str:
    marks = _marks(_texts(tables, "trained"))
    shown, real = marks[marks.decoder != readers.REAL], marks[marks.decoder == readers.REAL]
    theme.some(shown, "generated text")
    best = shown.loc[shown.y.idxmin()]
    said = f"the judge finds {_called(best)} easiest to predict, {_said(best)}"
    for text in real.itertuples():
        near = shown.loc[(shown.x - text.x).abs().idxmin()]
        said += f"; nearest to real text in diversity is {_called(near)}, {_said(near)}"
        said += f"; real text: {_said(text)}"
    return f"After training, {said}."


def _marks(texts: DataFrame) -> DataFrame:
    """One row per decoder and setting: medians x and y, and the ends of their bars."""
    groups = texts.groupby(["decoder", "setting"], sort=False)
    found = {"x": groups[X].median(), "y": groups[Y].median(), "n": groups[Y].count()}
    for name, column in (("x", X), ("y", Y)):
        found |= {f"{name}_low": groups[column].quantile(0.05)}
        found |= {f"{name}_high": groups[column].quantile(0.95)}
    return DataFrame(found | {"loops": groups.loop_share.mean()}).reset_index()


def _decoder(ax: Axes, marks: DataFrame, look: theme.Keywords) -> None:
    ax.hlines(marks.y, marks.x_low, marks.x_high, color=look["color"], lw=0.7, alpha=0.5)
    ax.vlines(marks.x, marks.y_low, marks.y_high, color=look["color"], lw=0.7, alpha=0.5)
    ax.plot(marks.x, marks.y, **look)


def _labels(ax: Axes, marks: DataFrame, decoders: list[str]) -> None:
    """Write each setting's number at its mark, where there is room; neighbours on other sides."""
    to_panel = ax.transData + ax.transAxes.inverted()
    near: theme.Keywords = {"fontsize": 7, "color": theme.INK, "ha": "center"}
    for decoder, own in marks[marks.setting != ""].groupby("decoder"):
        side = SIDES[decoders.index(decoder) % len(SIDES)]
        taken: list[np.ndarray] = []
        for mark in own.itertuples():
            at = to_panel.transform((mark.x, mark.y))
            if all(np.abs(at - other).max() > APART for other in taken):
                number = mark.setting.split()[-1]
                ax.annotate(number, (mark.x, mark.y), side, textcoords="offset points", **near)
                taken.append(at)


def _look(decoder: str, decoders: list[str]) -> theme.Keywords:
    if decoder == readers.REAL:
        return {"color": theme.INK, "marker": "*", "ms": 10, "ls": "none"}
    at = decoders.index(decoder)
    marker = theme.MARKERS[at % len(theme.MARKERS)]
    return {"color": theme.SERIES[at % len(theme.SERIES)], "marker": marker, "ls": ":", "lw": 0.8}


def _name(decoder: str, texts: DataFrame) -> str:
    """A decoder and what the numbers at its marks are: "sampling (alpha)"."""
    (first, *_) = texts.setting[texts.decoder == decoder]
    return f"{decoder} ({first.rpartition(' ')[0]})" if first else decoder


def _called(mark: Any) -> str:
    return f"{mark.decoder} at {mark.setting}" if mark.setting else mark.decoder


def _said(mark: Any) -> str:
    return (
        f"{readers.figures3(mark.y)} bits per character with {mark.x:.0%} distinct triples and "
        f"{mark.loops:.0%} in loops (n = {mark.n:.0f})"
    )


def _notes(tables: readers.Tables, texts: DataFrame) -> list[str]:
    runs = texts.drop_duplicates([key for key in readers.RUN if key in texts])
    variants = readers.english(readers.ordered(runs.variant))
    said = [f"Texts of {readers.counted(len(runs), 'run')} ({variants})."]
    asked = readers.rows(tables, "generation")
    if "judge_independent" in asked and (asked.judge_independent.astype(str) == "False").any():
        said.append("The judge has seen what the writer learned from: too little text was left.")
    return said


def _texts(tables: readers.Tables, stage: str = "") -> DataFrame:
    """Texts of a stage, or of all."""
    texts, asked = readers.texts(tables), readers.rows(tables, "generation")
    texts = texts[texts.stage == stage] if stage and len(texts) else texts
    return theme.some(texts, "generated text", asked=asked)
