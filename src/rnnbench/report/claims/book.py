"""The book's own numbers."""

from typing import Any

from rnnbench.report.claims import FAILS, HOLDS, PARTLY, Claim
from rnnbench.tables import book, readers
from rnnbench.tables.book import verdicts

TABLES = ("book",)


def claims(tables: readers.Tables) -> list[Claim]:
    return [perplexities(tables)]


def perplexities(tables: readers.Tables) -> Claim:
    """Of the trainings that were run at the book's setting: all inside, holds; none, fails."""
    said = Claim(
        "Training again at the book's settings gives the perplexities that its notebooks print.",
        "d2l 8.5-9.4",
    )
    rows = readers.rows(tables, "book")
    run = rows[rows.n > 0] if len(rows) else rows
    if run.empty:
        return said
    inside = (run.verdict == verdicts.INSIDE).mean()
    asked, number = len(rows.drop_duplicates(book.TRAINING)), len(run)
    return said.judged(
        HOLDS if inside == 1 else PARTLY if inside else FAILS,
        f"{readers.counted(number, 'training')} out of {asked} at the book's setting: "
        f"{readers.english(map(_told, run.itertuples()))}, by the book's rounding and without the "
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
