"""Claims: what the tutorial says or asks, tested against the tables. One file per topic.

The contract of a file: the first line of its docstring is the title of the topic; ``TABLES`` names
the tables it reads, and it is given no others; ``claims(tables) -> list[Claim]`` judges each of its
claims, in the tutorial's order. A claim states its parts and its evidence; the verdict comes from
the one rule in ``_judging``. If a table is missing, empty or too small, the claim is still listed,
as not measured.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import nan
from typing import Self

from pandas import DataFrame

from rnnbench.base.plugins import load, names
from rnnbench.report.claims import _comparing, _judging
from rnnbench.report.claims._comparing import Compared
from rnnbench.report.claims._judging import (
    FAILS,
    HOLDS,
    NOT_MEASURED,
    NOT_SETTLED,
    PARTLY,
    VERDICTS,
    Evidence,
    Part,
)
from rnnbench.tables import readers

__all__ = ["FAILS", "HOLDS", "NOT_MEASURED", "NOT_SETTLED", "PARTLY", "VERDICTS", "Claim"]

SPOKEN = {  # in the plural
    **{HOLDS: "hold", PARTLY: "hold partly", FAILS: "do not hold"},
    **{NOT_SETTLED: "are not settled", NOT_MEASURED: "are not measured"},
}


@dataclass(frozen=True)
class Claim:
    """One claim and its verdict.

    Attributes:
        claim: what the tutorial says or asks, one sentence.
        source: where it says so, such as "d2l 8.5.5".
        measured: one sentence made from the tables, with the number, its interval and n.
        verdict: one of VERDICTS.
        reason: why it is not settled; empty if it is, or if it was not measured.
        scale: what it is based on, such as "64 units, 60 epochs, 3 seeds".
        value: the number that decides the verdict; ``measured`` gives its unit. NaN: none.
        low, high: its 95 % interval; NaN: none.
        n: number of independent units behind it: seeds, processes or texts.
    """

    claim: str
    source: str
    measured: str = "This study has no such measurement."
    verdict: str = NOT_MEASURED
    reason: str = ""
    scale: str = ""
    value: float = nan
    low: float = nan
    high: float = nan
    n: int = 0

    def judged(
        self,
        measured: str,
        parts: Sequence[Part],
        evidence: Evidence,
        value: float = nan,
        low: float = nan,
        high: float = nan,
    ) -> Self:
        """The same claim with what was measured, and the verdict from its parts and evidence.

        This is the only way to a verdict.
        """
        verdict, reason = _judging.verdict(parts, evidence)
        said = self.claim, self.source, measured, verdict, reason, evidence.scale
        return type(self)(*said, float(value), float(low), float(high), evidence.n)

    def compared(
        self, found: Compared | None, words: str, *, unit: str = "seed", ended: bool = True
    ) -> Self:
        """Judge by one comparison over seeds; {} in ``words`` stands for its result.

        ``ended`` as in :func:`_judging.sampled`. Without a comparison the claim is not measured.
        """
        if found is None:
            return self
        evidence = _judging.sampled(found.rows, found.n, unit, ended)
        return self.judged(words.format(found), found.parts, evidence, **found.numbers)

    def shares(self, rows: DataFrame, column: str, by: str, words: str) -> Self:
        """A part per group of independent runs: more than half of them are as ``column`` says.

        {} in the words is what was counted. Without a row the claim is not measured.
        """
        if rows.empty:
            return self
        rows = _comparing.enough(rows, by)
        found = {name: _comparing.share(group[column]) for name, group in rows.groupby(by)}
        named = readers.english(
            f"{group[column].sum():.0f} of {len(group)} of {name} (95 % "
            f"{found[name][1]:.0%} to {found[name][2]:.0%})"
            for name, group in rows.groupby(by)
        )
        return self.judged(
            words.format(named),
            [_judging.decided(low, high, 0.5) for _, low, high in found.values()],
            _judging.sampled(rows, ended=False),
            *_comparing.share(rows[column]),
        )


def findings(tables: dict[str, DataFrame]) -> DataFrame:
    """Judge every claim of every topic: one row each, the topic's name first."""
    rows = [
        {"topic": name} | dataclasses.asdict(claim)
        for name in names("claims")
        for topic in [load("claims", name)]
        for claim in topic.claims(readers.given(tables, topic.TABLES))
    ]
    first = ["topic", "verdict", "reason"]
    rest = [field.name for field in dataclasses.fields(Claim) if field.name not in first]
    return DataFrame(rows, columns=[*first, *rest])


def page(judged: DataFrame, study: dict[str, str]) -> str:
    """Write the findings as Markdown.

    Args:
        judged: as returned by :func:`findings`.
        study: label -> text: what they were measured on.
    """
    return "\n".join(_lines(judged, study)) + "\n"


def _lines(judged: DataFrame, study: dict[str, str]) -> Iterator[str]:
    yield "# Findings"
    yield ""
    yield "The workflow writes this page from its tables; do not edit it. A verdict needs either an"
    yield f"exact result or intervals over at least {_judging.FEWEST} seeds of runs that had"
    yield "stopped improving. A claim holds partly if one part is shown true and another false. It"
    yield "is not settled if an interval includes the bound, there are too few seeds, or runs were"
    yield "still improving. `config/science.yaml` is the study designed to settle verdicts."
    yield ""
    yield from (f"- {label}: {text}" for label, text in study.items())
    yield f"- {counted(judged)}"
    there = judged.groupby("topic").measured.transform(lambda said: (said != Claim.measured).any())
    if absent := [title(topic) for topic in judged.topic[~there].unique()]:
        yield f"- Not measured at all: {'; '.join(absent)}"
    for topic, group in judged[there].groupby("topic", sort=False):
        yield from ("", f"## {title(topic)}", "", "| verdict | claim | measured | scale |")
        yield "|---|---|---|---|"
        for row in group.itertuples():
            why = f" ({row.reason})" if row.reason else ""
            first = f"**{row.verdict}**{why}", f"{row.claim} ({row.source})"
            cells = *first, row.measured, row.scale or "none"
            yield f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def counted(judged: DataFrame) -> str:
    """How many claims have which verdict: "Of 3 claims: 2 hold, 0 hold partly, …"."""
    counts = judged.verdict.value_counts()
    said = [f"{counts.get(verdict, 0)} {SPOKEN[verdict]}" for verdict in VERDICTS]
    return f"Of {readers.counted(len(judged), 'claim')}: {', '.join(said)}"


def title(topic: str) -> str:
    """The first line of the docstring of a topic's file, without its full stop."""
    return (load("claims", topic).__doc__ or topic).splitlines()[0].rstrip(".")
