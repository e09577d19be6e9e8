"""Whether two sets of seeds give equal perplexity: two one-sided tests (Schuirmann, 1987).

A t-test that finds nothing proves nothing. Here the difference must be shown to be small: the 90 %
interval of the difference of mean log perplexities (Welch, 1947) lies within the margin, which the
configuration declares before. Beside it stands a guard against results that are too good: those
there must not be better than those made again by more than half the margin, at 95 %.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from rnnbench.audit.again.classes import DIFFERS, NOT_COMPARABLE, STATISTICAL, Judged

FEWEST_SEEDS = 5  # a side
ALPHA = 0.05


@dataclass(frozen=True)
class Difference:
    """Of the mean log perplexity there from that made again.

    Attributes:
        mean: of it; below 0: there it is better.
        error: its standard error.
        freedom: degrees of freedom of the error.
    """

    mean: float
    error: float
    freedom: float

    def p_above(self, bound: float) -> float:
        """Probability of as large a difference as was seen if the true one were ``bound``."""
        if self.error == 0:
            return float(self.mean <= bound)
        return float(1 - stdtr(self.freedom, (self.mean - bound) / self.error))

    def p_below(self, bound: float) -> float:
        """Probability of as small a difference as was seen if the true one were ``bound``."""
        if self.error == 0:
            return float(self.mean >= bound)
        return float(stdtr(self.freedom, (self.mean - bound) / self.error))

    def interval(self) -> tuple[float, float]:
        """The 90 % interval, which lies within a margin just where both tests say so."""
        half = float(stdtrit(self.freedom, 1 - ALPHA)) * self.error if self.error else 0.0
        return self.mean - half, self.mean + half


def difference(there: Sequence[float], again: Sequence[float]) -> Difference:
    """Welch's difference of two means."""
    parts = [np.var(side, ddof=1) / len(side) for side in (there, again)]
    total = sum(parts)
    sizes = [len(side) - 1 for side in (there, again)]
    spread = sum(part**2 / size for part, size in zip(parts, sizes, strict=True))
    freedom = total**2 / spread if spread else float(sum(sizes))
    return Difference(float(np.mean(there) - np.mean(again)), math.sqrt(total), float(freedom))


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
            f"expected {FEWEST_SEEDS} seeds on each side to compare perplexities, "
            f"found {len(there)} there and {len(again)} here",
        )
    if not np.isfinite([*there, *again]).all():
        return Judged(NOT_COMPARABLE, "some seeds diverged and have no perplexity")
    found, bound = difference(there, again), math.log1p(margin)
    low, high = found.interval()
    words = (
        f"perplexity there over here {math.exp(found.mean):.4f}, 90 % interval "
        f"{math.exp(low):.4f} to {math.exp(high):.4f}, margin {margin:.0%}, "
        f"{len(there)} and {len(again)} seeds"
    )
    if max(found.p_above(-bound), found.p_below(bound)) >= ALPHA:
        return Judged(DIFFERS, f"not shown to be equivalent: {words}")
    if found.p_below(-bound / 2) < ALPHA:
        return Judged(DIFFERS, f"too good: better than here by more than half the margin; {words}")
    return Judged(STATISTICAL, words)
