"""The book's own numbers."""

from typing import Any

from rnnbench.report.claims import Claim, _judging
from rnnbench.tables import book, readers
from rnnbench.tables.book import verdicts

TABLES = ("book",)


def claims(tables: readers.Tables) -> list[Claim]:
    return [perplexities(tables)]


def perplexities(tables: readers.Tables) -> Claim:
    """A part per training at the book's settings: all seeds are inside the published range."""
    said = Claim(
        "Training at the book's settings reproduces the perplexities printed in its notebooks.",
        "d2l 8.5-9.4",
    )
    rows = readers.rows(tables, "book")
    run = rows[rows.n > 0] if len(rows) else rows
    if run.empty:
        return said
    asked = len(rows.drop_duplicates(book.TRAINING))
    return said.judged(
        f"{len(run)} of {asked} trainings at the book's settings: "
        f"{readers.english(map(_told, run.itertuples()))}; rounded as in the book, executions of "
        "the draft excluded.",
        [{verdicts.INSIDE: True, verdicts.PARTLY: None}.get(v, False) for v in run.verdict],
        _judging.sampled(run, int(run.n.min()), ended=False),
        (run.verdict == verdicts.INSIDE).mean(),
    )


def _told(row: Any) -> str:
    name = f"{row.notebook} ({int(row.output_index) + 1})"
    return (
        f"{name} {row.own_printed} on {row.device}, {row.verdict} the book's "
        f"{row.published_minimum:.1f} to {row.published_maximum:.1f} "
        f"({row.published_n:.0f} executions)"
    )
