"""The rows of tables that a finding rests on: without them it would say otherwise."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import Any

import pandas as pd
from pandas import DataFrame

from rnnbench.base import plugins
from rnnbench.report.claims import Claim
from rnnbench.tables import readers

MOST = 50  # values of a column, or rows, that are left out one by one
SHOWN = 12  # numbers or spans of them
FINDINGS = "results/findings/findings.csv"


def rows(tables: Mapping[str, DataFrame], finding: Mapping[str, Any]) -> dict[str, list[int]]:
    """Table -> the numbers of such rows, 1 the first; nothing of tables that it does not rest on.

    A finding may rest on rows that could each be spared: then all of them are told. That is a
    matter of seconds, or of a minute where there are thousands of rows.

    Args:
        finding: topic and claim; of a topic that this release has not, nothing is told.
    """
    if finding["topic"] not in plugins.names("claims"):
        return {}
    topic = plugins.load("claims", str(finding["topic"]))
    given = readers.given(dict(tables), topic.TABLES)

    def said(name: str, table: DataFrame) -> Claim | str | None:
        try:
            judged = topic.claims(readers.Given(given | {name: table}))
        except Exception as error:  # whatever a table with too few rows makes of a claim
            return type(error).__name__
        return next((str(claim) for claim in judged if claim.claim == finding["claim"]), None)

    whole = said("", DataFrame())

    def other(name: str, left: DataFrame) -> bool:
        return said(name, left) != whole

    found = {name: _needed(table, partial(other, name)) for name, table in given.items()}
    return {name: [place + 1 for place in places] for name, places in found.items() if places}


def _needed(table: DataFrame, other: Callable[[DataFrame], bool]) -> list[int]:
    """Places of the rows without which a table makes another finding.

    First those of some values are left out, column by column, then single rows; more rows than are
    needed stay where that takes too long.
    """

    def matter(rows: DataFrame) -> bool:
        return bool(len(rows)) and other(table.drop(rows.index).reset_index(drop=True))

    if not matter(table):
        return []
    rows = table
    for column in sorted(table, key=lambda name: table[name].nunique()):
        if 1 < rows[column].nunique() <= min(MOST, len(rows) // 2):
            groups = [group for _, group in rows.groupby(column)]
            kept = [group for group in groups if matter(group)]
            rows = pd.concat(kept).sort_index() if kept else rows
    single = (
        [place for place in range(len(rows)) if matter(rows.iloc[[place]])]
        if len(rows) <= MOST
        else []
    )
    return list(rows.index[single] if single else rows.index)


def spans(places: Sequence[int]) -> str:
    """``1-3, 7`` for the numbers 1, 2, 3 and 7."""
    runs = groupby(enumerate(places), key=lambda pair: pair[1] - pair[0])
    ends = [[place for _, place in run] for _, run in runs]
    told = [f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in ends]
    more = ["..."] if len(told) > SHOWN else []
    return ", ".join(told[:SHOWN] + more)
