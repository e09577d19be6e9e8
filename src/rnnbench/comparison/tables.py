"""Every table of the comparison."""

from collections.abc import Sequence

from pandas import DataFrame

from rnnbench.comparison import (
    best,
    caveats,
    crossover,
    limits,
    noise,
    overall,
    pairs,
    targets,
)
from rnnbench.comparison.published import fingerprints
from rnnbench.comparison.published.machine import Machine


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
        "noise": noise.table(machines),
        "limits": limits.table(machines),
        "time_to_target": targets.table(machines, perplexities),
        "crossover": crossover.table(machines, share),
        "missing": caveats.table(machines),
    }
