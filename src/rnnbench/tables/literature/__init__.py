"""Published results of other texts than the book's, and ours beside them.

``published.csv`` holds one number per row: whose it is, the text and the setting it belongs to as
columns of the table that ours stand in, metric and unit, the value as printed, how far ours may lie
from it (half a unit of the last digit that authors agree on, or 2 % of a trained model's), and its
source. Where a ``hindrance`` is told, no run of ours can be at its setting.

A result of ours is ``inside`` or ``outside`` the tolerance only where text, split, setting and
metric match. Elsewhere the row says why not, and what our best model has on the same part of the
same text: that can be ranked, but is no reproduction.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pandas import DataFrame

from rnnbench.base.parameters import DEFAULTS
from rnnbench.tables import columns, readers
from rnnbench.tables.book.verdicts import INSIDE, NOT_COMPARABLE, SAME_RUN, differences

OUTSIDE = "outside"
UNITS: dict[str, Callable[[Any], Any]] = {  # unit -> what makes it of a perplexity per token
    **{"perplexity": np.asarray, "nats per character": np.log, "bits per character": np.log2},
}


def published() -> list[dict[str, Any]]:
    """The facts, one per row; ``text`` and ``setting`` as columns and their values."""
    facts = pd.read_csv(Path(__file__).with_name("published.csv"), keep_default_na=False)
    for name in ("text", "setting"):
        facts[name] = facts[name].map(_values)
    return facts.to_dict("records")


def table(runs: DataFrame, curves: DataFrame, ngram_lm: DataFrame) -> DataFrame:
    """One row per published number on a text of ours, and per device that ran at its setting."""
    ours = {"runs": _runs(runs, curves), "ngram_lm": _ngrams(ngram_lm)}
    rows = [
        {**fact, "corpus": fact["text"]["corpus"], **judged}
        for fact in published()
        for judged in _judged(ours[fact["table"]], fact)
    ]
    return columns.table("literature", rows)[columns.COLUMNS["literature"]]


def _judged(own: DataFrame, fact: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The verdicts on one number: none where its text is not ours."""
    text = [fact["text"][name] for name in columns.TEXT]
    own = own[(own[columns.TEXT] == text).all(axis=1)]
    if own.empty:
        return
    alike, reason = _at(own, fact["text"])
    if alike.empty:
        yield {"n": 0, "verdict": NOT_COMPARABLE, "reason": reason}
        return
    usual = DEFAULTS if fact["table"] == "runs" else {}
    same, reason = _at(alike, usual | fact["setting"])
    if fact["hindrance"] or same.empty:
        best = alike.groupby("variant")[fact["metric"]].median().fillna(np.inf).idxmin()
        told = {"best": best, "verdict": NOT_COMPARABLE, "reason": fact["hindrance"] or reason}
        yield _told(alike[alike.variant == best], fact) | told
        return
    for device, group in same.groupby("device"):
        yield {"device": device} | _told(group, fact)


def _at(own: DataFrame, expected: dict[str, Any]) -> tuple[DataFrame, str]:
    """The rows of ours that are as expected, each run once, and what the closest one has else."""
    found = ["; ".join(differences(row, expected)) for row in own.to_dict("records")]
    return own[[not differing for differing in found]], min(found, key=lambda s: s.count(";"))


def _told(rows: DataFrame, fact: dict[str, Any]) -> dict[str, Any]:
    """What ours have in the unit of a fact, and whether their median is near enough to it."""
    rows = rows.drop_duplicates(SAME_RUN)
    values = np.sort(UNITS[fact["unit"]](rows[fact["metric"]].to_numpy(float)))
    near = abs(float(np.median(values)) - fact["value"]) <= fact["tolerance"]
    digits = 3 if fact["value"] < 10 else 2
    own = ", ".join(f"{value:.{digits}f}" for value in values)
    return {"n": len(rows), "own": own, "verdict": INSIDE if near else OUTSIDE}


def _runs(runs: DataFrame, curves: DataFrame) -> DataFrame:
    """Language models that were trained, with the validation perplexity of their last epoch."""
    tables = {"runs": runs}
    made = readers.ranked(readers.here(readers.rows(tables, "runs")), tables)
    if made.empty or curves.empty:  # columns without values have no type to merge on
        return made.assign(last_validation_perplexity=np.nan)
    read = curves.sort_values("epoch").groupby(columns.RUN, as_index=False).last()
    last = read[[*columns.RUN, "validation_perplexity"]]
    return made.merge(
        last.rename(columns={"validation_perplexity": "last_validation_perplexity"}), "left"
    )


def _ngrams(models: DataFrame) -> DataFrame:
    """Held-out scores of n-gram models, which no device and no seed decides."""
    scored = models[models.split == "heldout"]
    model = scored.smoothing.astype(str) + " of order " + scored.order.astype(str)
    return scored.assign(variant=model, device="none", seed=0, engine="counts")


def _values(text: str) -> dict[str, Any]:
    """Names and values of ``name=value/name=value``; numbers as numbers."""
    pairs = (part.partition("=")[::2] for part in text.split("/") if part)
    return {name: _number(value) for name, value in pairs}


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text
