"""Training perplexities printed by the book's own notebooks, 2021 to 2023, and by our runs at the
same setting. Circles: number of executions that printed a value; diamonds: our runs, unrounded."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from pandas import DataFrame

from rnnbench.report import theme
from rnnbench.tables import book, readers
from rnnbench.tables.book import verdicts

SECTION = "Language models"
TABLES = ("book",)
AREA = 3.0  # square points per execution


def draw(tables: readers.Tables) -> Figure:
    rows = theme.some(readers.rows(tables, "book"), "training of the book")
    trainings = rows.drop_duplicates(book.TRAINING).reset_index(drop=True)
    figure, axes = theme.panels(1, 2, height=0.9 + 0.36 * len(trainings), width_ratios=[3, 1.6])
    strips, words = axes[0]
    executions = book.published()
    for y, training in enumerate(trainings[book.TRAINING].itertuples(index=False)):
        _strip(strips, _of(executions, training), y)
        _own(strips, _of(rows, training), y)
    strips.set_yticks(range(len(trainings)), [_name(row) for row in trainings.itertuples()])
    strips.set(ylim=(len(trainings) - 0.4, -0.6), xlabel="training perplexity")
    theme.logarithmic(strips.xaxis)
    _verdicts(words, rows, trainings)
    theme.legend(figure, _handles(), 3)
    theme.note(figure, _notes(rows))
    return figure


def finding(tables: readers.Tables) -> str:
    rows = theme.some(readers.rows(tables, "book"), "training of the book")
    trainings = rows.drop_duplicates(book.TRAINING)
    run = rows[rows.n > 0]
    said = f"Of the {len(trainings)} trainings in the book's notebooks "
    if run.empty:
        return f"{said}none was run at the book's setting."
    counts = run.verdict.value_counts()
    found = [f"{count} {verdict} the published spread" for verdict, count in counts.items()]
    number = len(run.drop_duplicates(book.TRAINING))
    return (
        f"{said}{number} {'was' if number == 1 else 'were'} run at the book's setting, "
        f"{readers.english(found)} after rounding as the book does "
        f"({readers.counted(int(run.n.sum()), 'run')})."
    )


def _of(table: DataFrame, training: tuple[Any, ...]) -> DataFrame:
    return table[(table[book.TRAINING] == list(training)).all(axis=1)]


def _strip(ax: Axes, executions: DataFrame, y: int) -> None:
    """Full circles for the book, empty ones for the draft."""
    for draft, same in executions.groupby("draft"):
        counts = same.perplexity.value_counts()
        face = "white" if draft else theme.SKY
        look = {"s": AREA * counts, "facecolor": face, "edgecolor": theme.FAINT, "lw": 0.7}
        ax.scatter(counts.index, np.full(len(counts), y + 0.1 * draft), **look, alpha=0.8)


def _own(ax: Axes, rows: DataFrame, y: int) -> None:
    for row in rows[rows.n > 0].itertuples():
        values = np.array(str(row.own_perplexity).split(), float)
        values = values[np.isfinite(values)]
        ax.plot(values, np.full(len(values), y - 0.22), "D", ms=4, color=theme.ORANGE, mew=0)


def _name(row: Any) -> str:
    return f"{row.notebook} ({int(row.output_index) + 1})\n{row.variant}"


def _verdicts(ax: Axes, rows: DataFrame, trainings: DataFrame) -> None:
    """Words beside the strips: what became of each training."""
    ax.axis("off")
    ax.set(ylim=(len(trainings) - 0.4, -0.6), xlim=(0, 1))
    for y, training in enumerate(trainings[book.TRAINING].itertuples(index=False)):
        said = "; ".join(_verdict(row) for row in _of(rows, training).itertuples())
        ax.text(0, y, theme.wrapped(said, 38), va="center", fontsize=7, color=theme.INK)


def _verdict(row: Any) -> str:
    if row.n > 0:
        return f"{row.device}: {row.verdict} ({readers.counted(int(row.n), 'run')})"
    return f"{row.verdict}: {row.reason}"


def _handles() -> list[Line2D]:
    circle: theme.Keywords = {"marker": "o", "ls": "none", "mec": theme.FAINT, "ms": 6}
    return [
        Line2D([], [], **circle, mfc=theme.SKY, label="the book's executions"),
        Line2D([], [], **circle, mfc="white", label="those of a draft, another setting"),
        Line2D([], [], marker="D", ls="none", color=theme.ORANGE, ms=4, label="our runs"),
    ]


def _notes(rows: DataFrame) -> list[str]:
    trainings = rows.drop_duplicates(book.TRAINING)
    return [
        f"{int(trainings.published_n.sum())} executions and {int(trainings.drafts.sum())} of the "
        "draft; the area of a circle is their number. The book prints one decimal: a value of ours "
        "is inside the spread if it is so after the same rounding. Speeds are not compared: "
        f"{verdicts.NO_GPU}."
    ]
