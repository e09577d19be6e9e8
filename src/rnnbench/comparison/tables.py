"""Every table of the comparison."""

from collections.abc import Sequence

import pandas as pd
from pandas import DataFrame

from rnnbench.comparison import (
    best,
    caveats,
    crossover,
    limits,
    overall,
    pairs,
    targets,
)
from rnnbench.comparison.published import fingerprints
from rnnbench.comparison.published.machine import Machine
from rnnbench.tables import columns


def tables(
    machines: Sequence[Machine],
    baseline: Machine,
    perplexities: Sequence[float],
    share: float,
) -> dict[str, DataFrame]:
    """Name -> table of the comparison.

    Args:
        machines: all of them, the baseline among them.
        baseline: what the others are told as multiples of.
        perplexities: held-out perplexities whose time is told.
        share: within which two speeds are equal.
    """
    return {
        "overall": overall.table(machines, baseline, share),
        "comparison": pairs.table(machines, baseline, share),
        "best": best.table(machines, baseline, share),
        "machines": fingerprints.table(machines, baseline),
        "fingerprint": fingerprints.fields(machines),
        "noise": twice(machines),
        "limits": limits.table(machines),
        "time_to_target": targets.table(machines, perplexities),
        "crossover": crossover.table(machines, share),
        "missing": caveats.table(machines),
    }


def twice(machines: Sequence[Machine]) -> DataFrame:
    """One row per point that a machine timed twice in a sitting; 95 % of these intervals hold 1."""
    parts = [machine.speeds.noise().assign(machine=machine.label) for machine in machines]
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else columns.table("noise")
