"""The comparison in plain words and tables, as Markdown: the verdict first."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from pandas import DataFrame

from rnnbench.comparison import answers, targets, views
from rnnbench.tables import readers
from rnnbench.timing.statistics.ratios import STATEMENT

LONGEST = 160  # characters of a cell
Tables = readers.Tables


def page(found: Tables, here: str) -> str:
    """Write the page from the tables of the comparison; ``here`` is the machine that asks."""
    parts = ["# Machines compared", *map(_plain, answers.lead(found, here))]
    for title, body in {
        "Machines": _machines(found),
        "Pieces of work": _pieces(found),
        "The fastest way to train a model, on each machine": _best(found),
        "Time to a validation perplexity": _targets(found),
        "A/A check: each machine against itself": _noise(found),
        "What differs between the machines": _differing(found),
        "What is missing": [_table(views.missing(found))],
        "Certificates": [
            f"- {_plain(line)}" for line in views.scope(found, "all").get("certificate", ())
        ],
    }.items():
        told = [part for part in body if part]
        parts += [f"## {title}", *told] if told else []
    return "\n\n".join(parts) + "\n"


def _machines(found: Tables) -> list[str]:
    columns = ["machine", "verdict", *views.BOTH, "sittings", "cpu_model", "usable_cores", "gpus"]
    shown = ["machine", "group", *views.BOTH, "verdict", "pieces"]
    return [_table(views.machines(found), columns), _table(views.groups(found), shown)]


def _pieces(found: Tables) -> list[str]:
    rows = views.judged(views.pieces(found))
    columns = ["machine", "piece", *views.BOTH, "n", "verdict", "reason"]
    done = [STATEMENT, _table(rows, columns[rows.machine.nunique() < 2 :])] if len(rows) else []
    refused = [f"- {_plain(line)}" for line in answers.refused(found)]
    return [*done, *["Not compared, and why:", "\n".join(refused)] * bool(refused)]


def _best(found: Tables) -> list[str]:
    rows = views.rows(found, "best")
    if rows.empty:
        return ["No model was timed."]
    columns = ["machine", "family", "variant", "device", "threads", "tokens_per_second"]
    note = "Chosen by the lower end of the interval, among all ways to compute the same function."
    return [note, _table(views.worded(rows), [*columns, views.BOTH[0], "verdict"])]


def _targets(found: Tables) -> list[str]:
    rows = views.rows(found, "time_to_target")
    reached = rows[rows.status == targets.REACHED]
    if reached.empty:
        return ["No run whose speed was measured reached a target."]
    keys = ["target_perplexity", "machine"]
    first = reached.sort_values("seconds").groupby(keys, sort=True).head(1).sort_values(keys)
    count = readers.english(f"{n} {status}" for status, n in rows.status.value_counts().items())
    columns = [*keys[::-1], "variant", "device", "threads", "epochs", "seconds", "low", "high"]
    return [f"Of {readers.counted(len(rows), 'row')}: {count}.", _table(first, columns)]


def _noise(found: Tables) -> list[str]:
    rows = views.rows(found, "noise")
    if rows.empty:
        return []
    said = [views.times(row.ratio, row.low, row.high) for row in rows.itertuples()]
    columns = ["machine", "variant", "device", "threads", "second over first", "holds_1"]
    return [f"{answers.holding(rows)}.", _table(rows.assign(**{columns[4]: said}), columns)]


def _differing(found: Tables) -> list[str]:
    table = views.fields(found)
    differing = table[table.nunique(axis=1) > 1].reset_index()
    told = [_table(views.rows(found, "declared"))]
    told += [_table(differing)] if len(differing) else ["Nothing, according to the fingerprints."]
    return told


def _table(rows: DataFrame, columns: Iterable[str] = ()) -> str:
    """A table of those columns that say anything."""
    told = views.telling(rows.reindex(columns=[*columns] or list(rows)))
    body = [[_cell(value) for value in row] for row in told.itertuples(index=False)]
    lines = [[*map(_cell, told)], ["---"] * told.shape[1], *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) if body else ""


def _cell(value: Any) -> str:
    """A value as it may stand in a table."""
    if isinstance(value, float) and np.isfinite(value):
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    text = str("" if pd.isna(value) else value)
    return _plain(text if len(text) <= LONGEST else text[: LONGEST - 1] + "…")


def _plain(text: str) -> str:
    """Words of a bundle are nobody's markup."""
    line = " ".join(text.split())
    for mark in "\\|<>`*[]":
        line = line.replace(mark, "\\" + mark)
    return line
