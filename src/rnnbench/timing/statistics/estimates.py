"""Levels on the scale of logs, with all that makes them uncertain.

Noise of speed is relative, so a level is a mean of logs and a ratio a difference of them. Each part
of an uncertainty has degrees of freedom of its own; together they have Welch's and Satterthwaite's
(1947), and Student's t takes its number from there. What is known of the noise between sittings is
one piece of knowledge: where it is too small, it is so for both sides of a ratio, so these parts
have no more degrees of freedom together than the least of them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LEVEL = 0.95  # of an interval
POWER = 0.9  # with which a difference that is told would have been found
ROUNDING = 1e-12  # logs that are nearer than this are equal
Part = tuple[float, float]  # variance, and its degrees of freedom


@dataclass(frozen=True)
class Estimate:
    """A level, or a difference of levels."""

    centre: float  # log of a speed, or of a ratio
    parts: tuple[Part, ...]  # parts of its variance, each found by itself
    # the part of its variance that goes by what is known of sittings
    sittings: Part = (0.0, math.inf)

    def __sub__(self, other: "Estimate") -> "Estimate":
        sittings = in_one(self.sittings, other.sittings)
        return Estimate(self.centre - other.centre, self.parts + other.parts, sittings)

    @property
    def variance(self) -> float:
        return sum(variance for variance, _ in (*self.parts, self.sittings))

    @property
    def error(self) -> float:
        """Standard error."""
        return math.sqrt(self.variance)

    @property
    def freedom(self) -> float:
        """Degrees of freedom of the variance; infinite where there is none."""
        parts = (*self.parts, self.sittings)
        lost = sum(variance**2 / freedom for variance, freedom in parts if variance)
        return self.variance**2 / lost if lost else math.inf

    @property
    def factor(self) -> float:
        """The speed, or the ratio."""
        return math.exp(self.centre)

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Low and high end, as factors."""
        reach = quantile((1 + level) / 2, self.freedom) * self.error
        return math.exp(self.centre - reach), math.exp(self.centre + reach)

    def p(self) -> float:
        """Probability of a centre as far from 0 between equals."""
        if abs(self.centre) < ROUNDING:
            return 1.0
        return 2 * below(-abs(self.centre) / self.error, self.freedom) if self.error else 0.0

    def p_unequal(self, share: float) -> float:
        """Probability of a centre as near to 0 if equals differed by ``share`` or more.

        The larger p-value of two one-sided tests (Schuirmann, 1987).
        """
        room = math.log1p(share) - abs(self.centre)
        if self.error == 0:
            return 0.0 if room > 0 else 1.0
        return below(-room / self.error, self.freedom)

    def smallest(self, alpha: float) -> float:
        """Smallest difference, as a share, that is found with POWER at level ``alpha``."""
        reach = quantile(1 - alpha / 2, self.freedom) + quantile(POWER, self.freedom)
        return math.expm1(min(reach * self.error, 50.0))


def mean(logs: Sequence[float] | np.ndarray) -> Estimate:
    """The mean of logs, two at least, each found by itself."""
    values = np.asarray(logs, float)
    n = len(values)
    return Estimate(float(values.mean()), ((float(values.var(ddof=1)) / n, float(n - 1)),))


def in_one(*parts: Part) -> Part:
    """Parts of a variance that go by the same knowledge."""
    return sum(variance for variance, _ in parts), min(freedom for _, freedom in parts)


def quantile(share: float, freedom: float) -> float:
    """Student's t."""
    from scipy.special import stdtrit  # here: every job that reads a table would pay for it

    return float(stdtrit(min(freedom, 1e9), share))


def below(t: float, freedom: float) -> float:
    """Share of Student's t below ``t``."""
    from scipy.special import stdtr

    return float(stdtr(min(freedom, 1e9), t))
