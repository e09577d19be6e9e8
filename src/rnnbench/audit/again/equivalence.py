"""Whether two sets of seeds give equal perplexity: two one-sided tests (Schuirmann, 1987).

A t-test that finds nothing proves nothing. Here the difference must be shown to be small: the 90 %
interval of the difference of mean log perplexities (Welch, 1947) lies within the margin, which the
configuration declares before. Beside it stands a guard against results that are too good: those
there must not be better than those made again by more than half the margin, at 95 %.
"""

from collections.abc import Sequence

import numpy as np

from rnnbench.audit.again.classes import DIFFERS, NOT_COMPARABLE, STATISTICAL, Judged
from rnnbench.timing.statistics import estimates

FEWEST_SEEDS = 5  # a side
LEVEL = 0.9  # of the interval: each of its ends is a test at 5 %


def judge(there: Sequence[float], again: Sequence[float], margin: float) -> Judged:
    """Judge two sets of seeds.

    Args:
        there, again: log of the perplexity of each seed, the median of its last epochs.
        margin: how far apart perplexities may lie, as a share.
    """
    fewest = min(len(there), len(again))
    if fewest < FEWEST_SEEDS:
        return Judged(
            NOT_COMPARABLE,
            f"expected {FEWEST_SEEDS} seeds a side to compare perplexities over seeds, "
            f"found {len(there)} there and {len(again)} here",
        )
    if not np.isfinite([*there, *again]).all():
        return Judged(NOT_COMPARABLE, "some seeds diverged and have no perplexity")
    found = estimates.mean(there) - estimates.mean(again)
    low, high = found.interval(LEVEL)
    words = (
        f"perplexity there over here {found.factor:.4f}, 90 % interval {low:.4f} to "
        f"{high:.4f}, margin {margin:.0%}, {len(there)} and {len(again)} seeds"
    )
    if not 1 / (1 + margin) < low <= high < 1 + margin:
        return Judged(DIFFERS, f"not shown to be equivalent: {words}")
    if high < (1 + margin) ** -0.5:
        return Judged(DIFFERS, f"too good: better than here by more than half the margin; {words}")
    return Judged(STATISTICAL, words)
