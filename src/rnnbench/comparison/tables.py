"""Every table of the comparison."""

from collections.abc import Sequence

from pandas import DataFrame

from rnnbench.comparison import best, caveats, crossover, limits, noise, pairs, targets
from rnnbench.comparison.published import fingerprints
from rnnbench.comparison.published.machine import Machine


def tables(
    machines: Sequence[Machine], baseline: Machine, perplexities: Sequence[float]
) -> dict[str, DataFrame]:
    """Name -> table of the comparison.

    Args:
        machines: all of them, the baseline among them.
        baseline: what the others are told as multiples of.
        perplexities: held-out perplexities whose time is told.
    """
    return {
        "comparison": pairs.table(machines, baseline),
        "best": best.table(machines, baseline),
        "machines": fingerprints.table(machines, baseline),
        "fingerprint": fingerprints.fields(machines),
        "noise": noise.table(machines),
        "limits": limits.table(machines),
        "time_to_target": targets.table(machines, perplexities),
        "crossover": crossover.table(machines),
        "missing": caveats.table(machines),
    }
