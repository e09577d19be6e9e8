"""Claims: what the tutorial says or asks, held against the tables. One file per topic.

The contract of a file: the first line of its docstring is the title of the topic, ``TABLES`` are
the names of the tables it reads, and it is given no other; ``claims(tables) -> list[Claim]`` judges
every claim of it, in the tutorial's order. A verdict comes
from a rule that the code states; where a table is absent or empty, or holds too little, the claim
is there all the same, not measured.
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from math import nan
from typing import Any, Self

from pandas import DataFrame

from rnnbench.base.plugins import load, names
from rnnbench.tables import readers

HOLDS, PARTLY, FAILS = "holds", "holds partly", "does not hold"
NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Claim:
    """One claim and what became of it.

    Attributes:
        claim: what the tutorial says or asks, one sentence.
        source: where it says so, such as "d2l 8.5.5".
        measured: one sentence made from the tables, with the number, its interval and n.
        verdict: HOLDS, PARTLY, FAILS or NOT_MEASURED.
        value: the number that the verdict rests on; ``measured`` says its unit. NaN: none.
        low, high: its 95 % interval, or the range over so few; NaN: none.
        n: how many independent repeats it rests on: seeds, runs, processes, positions.
    """

    claim: str
    source: str
    measured: str = "This study has no such measurement."
    verdict: str = NOT_MEASURED
    value: float = nan
    low: float = nan
    high: float = nan
    n: int = 0

    def judged(self, verdict: str, measured: str, **numbers: Any) -> Self:
        """The same claim with what became of it; ``numbers`` are value, low, high and n."""
        return dataclasses.replace(self, verdict=verdict, measured=measured, **numbers)


def findings(tables: dict[str, DataFrame]) -> DataFrame:
    """Judge every claim of every topic: one row each, with the topic's name first."""
    rows = [
        {"topic": name} | dataclasses.asdict(claim)
        for name in names("claims")
        for topic in [load("claims", name)]
        for claim in topic.claims(readers.given(tables, topic.TABLES))
    ]
    columns = ["topic", *(field.name for field in dataclasses.fields(Claim))]
    return DataFrame(rows, columns=columns)


def page(judged: DataFrame, study: dict[str, str]) -> str:
    """Write the findings as Markdown.

    Args:
        judged: as :func:`findings` gives them.
        study: label -> text: what they were measured on.
    """
    return "\n".join(_lines(judged, study)) + "\n"


def _lines(judged: DataFrame, study: dict[str, str]) -> Iterator[str]:
    counts = judged.verdict.value_counts()
    said = [f"{counts[v]} {v}" for v in (HOLDS, PARTLY, FAILS, NOT_MEASURED) if v in counts]
    yield "# Findings"
    yield ""
    yield "What the tutorial says, what was measured, and the verdict. The workflow writes this"
    yield "page from its tables; nobody edits it. What rests on one run or one seed is a hint, no"
    yield "proof: `config/full.yaml` repeats all of it over seeds and at the book's sizes."
    yield ""
    yield from (f"- {label}: {text}" for label, text in study.items())
    yield f"- Of {len(judged)} claims: {', '.join(said) or 'none'}"
    for topic, group in judged.groupby("topic", sort=False):
        yield from ("", f"## {title(topic)}", "", "| claim | measured | verdict |", "|---|---|---|")
        for row in group.itertuples():
            cells = (f"{row.claim} ({row.source})", row.measured, f"**{row.verdict}**")
            yield f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def title(topic: str) -> str:
    """The first line of the docstring of a topic's file, without its full stop."""
    return (load("claims", topic).__doc__ or topic).splitlines()[0].rstrip(".")
