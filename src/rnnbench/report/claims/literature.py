"""Beyond the tutorial: published results.

A study that has none of their texts has no such claim.
"""

import dataclasses
from typing import Any

from pandas import DataFrame

from rnnbench.report.claims import Claim, _judging
from rnnbench.tables import readers
from rnnbench.tables.book.verdicts import INSIDE, NOT_COMPARABLE

TABLES = ("literature",)
FACT = ["system", "corpus", "part", "value", "source"]
COUNTED = "none"  # the device of what is counted


def claims(tables: readers.Tables) -> list[Claim]:
    """One claim per published number on a text of the study."""
    rows = readers.rows(tables, "literature")
    return [_judged(group) for _, group in rows.groupby(FACT, sort=False)]


def _judged(rows: DataFrame) -> Claim:
    fact: Any = next(rows.itertuples())
    value = f"{fact.value:g} {fact.unit}"
    value = f"a perplexity of {fact.value:g}" if fact.unit == "perplexity" else value
    said = Claim(f"{fact.system}: {value} on the {fact.part} part of {fact.corpus}.", fact.source)
    if fact.verdict == NOT_COMPARABLE:
        ours = f"; {fact.best} has {fact.own} on the same part, n = {fact.n:.0f}" if fact.n else ""
        return dataclasses.replace(said, measured=f"Not comparable: {fact.reason}{ours}.")
    evidence = _judging.sampled(rows, int(rows.n.min()), ended=False)
    if fact.device == COUNTED:
        evidence = _judging.exact(int(fact.n), "text")
    told = [
        f"{row.own}{'' if row.device == COUNTED else f' on {row.device}'}, {row.verdict} "
        f"±{row.tolerance:g} (n = {row.n:.0f})"
        for row in rows.itertuples()
    ]
    near = [verdict == INSIDE for verdict in rows.verdict]
    return said.judged(f"At the same setting {readers.english(told)}.", near, evidence)
