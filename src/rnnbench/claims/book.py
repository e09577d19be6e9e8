"""The book's own numbers."""

from typing import Any

from rnnbench import book
from rnnbench.book import verdicts
from rnnbench.claims import FAILS, HOLDS, PARTLY, Claim
from rnnbench.figures import _rows

TABLES = ("book",)


def claims(tables: _rows.Tables) -> list[Claim]:
    return [perplexities(tables)]


def perplexities(tables: _rows.Tables) -> Claim:
    """Of the trainings that were run at the book's setting: all inside, holds; none, fails."""
    said = Claim(
        "Training again at the book's settings gives the perplexities that its notebooks print.",
        "d2l 8.5-9.4",
    )
    rows = _rows.rows(tables, "book")
    run = rows[rows.n > 0] if len(rows) else rows
    if run.empty:
        return said
    inside = (run.verdict == verdicts.INSIDE).mean()
    asked, number = len(rows.drop_duplicates(book.TRAINING)), len(run)
    return said.judged(
        HOLDS if inside == 1 else PARTLY if inside else FAILS,
        f"{_rows.counted(number, 'training')} out of {asked} at the book's setting: "
        f"{_rows.english(map(_told, run.itertuples()))}, by the book's rounding and without the "
        "executions of a draft.",
        **{"value": inside, "n": int(run.n.sum())},
    )


def _told(row: Any) -> str:
    name = f"{row.notebook} ({int(row.output_index) + 1})"
    return (
        f"{name} {row.own_printed} on {row.device}, {row.verdict} the book's "
        f"{row.published_minimum:.1f} to {row.published_maximum:.1f} "
        f"({row.published_n:.0f} executions)"
    )
