"""Every table of the comparison."""

from collections.abc import Sequence

import pandas as pd
from pandas import DataFrame

from rnnbench.comparison import (
    best,
    caveats,
    crossover,
    ngram_target,
    overall,
    pairs,
    targets,
)
from rnnbench.comparison.published import fingerprints
from rnnbench.comparison.published.contract import Terms
from rnnbench.comparison.published.machine import Machine
from rnnbench.tables import columns
from rnnbench.tables.timed import LIMITS

LIMITED = [
    *(*columns.TIMING, "tokens_per_second", "low", "high", "typical_tokens_per_second"),
    *("typical_low", "typical_high", "sittings", "processes", *LIMITS),
    *("joules_per_million_tokens", "energy_source", "peak_memory_bytes", "status", "reason"),
]


def tables(
    machines: Sequence[Machine],
    baseline: Machine,
    perplexities: Sequence[float],
    terms: Terms,
) -> dict[str, DataFrame]:
    """Name -> table of the comparison.

    Args:
        perplexities: held-out perplexities whose time is told.
    """
    return {
        **verdicts(machines, baseline, terms),
        "fingerprint": fingerprints.fields(machines),
        "noise": twice(machines),
        "limits": limits(machines),
        "time_to_target": targets.table(machines, perplexities),
        "ngram_target": ngram_target.table(machines, baseline),
        "crossover": crossover.table(machines, terms.equal_within),
        "missing": caveats.table(machines),
    }


def verdicts(machines: Sequence[Machine], baseline: Machine, terms: Terms) -> dict[str, DataFrame]:
    """Name -> table, of those that verdicts are in or rest on; see :func:`tables`."""
    whole = overall.table(machines, baseline, terms)
    compared = [m for m in machines if m is baseline or m.label in {*whole.machine}]
    return {
        "overall": whole,
        "comparison": pairs.table(machines, baseline, terms),
        "declared": fingerprints.declared(compared, baseline, terms.vary),
        "best": best.table(machines, baseline, terms),
        "machines": fingerprints.table(machines, baseline),
    }


def limits(machines: Sequence[Machine]) -> DataFrame:
    """One row per machine and point, measured or not: the share of its limit that it reaches."""
    parts = [m.points.assign(machine=m.label).reindex(columns=LIMITED) for m in machines]
    filled = [part.dropna(axis="columns", how="all") for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True).reindex(columns=LIMITED) if filled else parts[0]


def twice(machines: Sequence[Machine]) -> DataFrame:
    """One row per point that a machine timed twice in a sitting; 95 % of these intervals hold 1."""
    parts = [machine.speeds.noise().assign(machine=machine.label) for machine in machines]
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else columns.table("noise")
