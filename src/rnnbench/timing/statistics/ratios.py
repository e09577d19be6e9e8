"""Ratios of two machines' speeds: intervals, p-values and verdicts.

An arm is what one machine measured of one piece of work: processes, each with its windows. The
ratio is that of the two levels of ``stats``; its interval and its p-value are Welch's (1947), on
logs, which ask neither for equal noise nor for equal numbers of processes. Both come from the one
statistic, so that p is below 0.05 just where the interval leaves 1 out.

A pair of machines is compared on many pieces of work, and of twenty comparisons of equals one
would look unequal at 0.05. Verdicts therefore go by p-values that Holm's (1979) method adjusts
over all comparable pieces of work of a pair of machines; intervals are 95 % each, by themselves.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from pandas import DataFrame, Series

from rnnbench.base.parameters import MEASURED
from rnnbench.timing.statistics import intervals
from rnnbench.timing.statistics.intervals import Samples

ALPHA = 0.05
ROUNDING = 1e-12  # logs of speeds that are nearer than this are equal
STATEMENT = (
    "Verdicts take all comparable work of a pair of machines together: of machines that are equal "
    "in everything, at most 5 % of pairs get even one verdict faster or slower (Holm, 1979). "
    "Intervals are 95 % each, by themselves."
)
FASTER, SLOWER, ALIKE = "faster", "slower", "not distinguishable"
NOT_COMPARABLE, NOT_MEASURED = "not comparable", "not measured"
DISTURBED = "others disturbed the windows: they judge no machine"
PAIR = ["baseline", "machine"]


@dataclass(frozen=True)
class Comparison:
    """A ratio of two levels.

    Attributes:
        ratio: the first over the second.
        low, high: 95 % interval; NaN if an arm has fewer than ``stats.FEWEST_PROCESSES``.
        p: probability of a ratio as far from 1 between equals; NaN with the interval.
        n: windows of both.
        processes: of both.
    """

    ratio: float
    low: float
    high: float
    p: float
    n: int
    processes: int


def compare(above: Samples, below: Samples) -> Comparison:
    """Compare two arms.

    Args:
        above, below: process -> tokens per second of its windows, ``(windows,)``; above 0.
    """
    logs = [intervals.log_medians(arm) for arm in (above, below)]
    ratio, low, high, p = (float(part) for part in contrast(*logs))
    n = sum(len(windows) for arm in (above, below) for windows in arm.values())
    return Comparison(ratio, low, high, p, n, len(above) + len(below))


def contrast(above: np.ndarray, below: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return ratio, low, high and p of two arms, or of many pairs of arms at once.

    Args:
        above, below: log of each process's median, ``(..., processes)``.
    """
    from scipy.special import stdtr  # here: every job that reads a table would pay for it

    first, second = intervals.level(above), intervals.level(below)
    difference, variance = first.centre - second.centre, first.variance + second.variance
    difference = np.where(np.abs(difference) < ROUNDING, 0.0, difference)
    parts = first.variance**2 / first.freedom + second.variance**2 / second.freedom
    with np.errstate(invalid="ignore", divide="ignore"):
        freedom = np.where(variance > 0, variance**2 / parts, first.freedom + second.freedom)
        t = np.where(difference == 0, 0.0, difference / np.sqrt(variance))
    known = min(first.freedom, second.freedom) >= intervals.FEWEST_PROCESSES - 1
    low, high = intervals.bounds(difference, variance, np.where(known, freedom, np.nan))
    p = 2 * stdtr(np.where(known, freedom, np.nan), -np.abs(t))
    return np.exp(difference), np.exp(low), np.exp(high), p


def equal_within(share: float) -> str:
    """The verdict on speeds that are equal within a share of each other."""
    return f"equal within ±{100 * share:g} %"


def is_equal(verdict: str) -> bool:
    """Whether a verdict is that of equal speeds, within whatever share."""
    return verdict.startswith("equal within")


def noise_floor(pairs: Iterable[Comparison]) -> float:
    """Return the factor by which the same thing, timed twice, may differ on one machine.

    It is the half-width of the interval of an A/A test, as a factor of at least 1, or the ratio
    found, where that is farther from 1: of several tests the largest. NaN if there is none with
    an interval.

    Args:
        pairs: A/A tests of the machine: whatever has ``ratio``, ``low`` and ``high``.
    """
    found = [max((np.log(a.high) - np.log(a.low)) / 2, abs(np.log(a.ratio))) for a in pairs]
    known = [half for half in found if np.isfinite(half)]
    return float(np.exp(max(known))) if known else np.nan


def judge(table: DataFrame) -> DataFrame:
    """Add ``p_adjusted``, ``verdict`` and ``reason`` to comparisons.

    Args:
        table: ``ratio low high p noise_floor status``, one row per piece of work. ``status`` is
            ``measured``, or why there is no comparison: ``not comparable``, or anything else for
            what was not measured; ``reason``, if there, says more of such rows. ``disturbed``, if
            there: whether windows had to be used that others disturbed. Where there are
            columns ``baseline`` and ``machine``, p-values are adjusted within each pair of them.
    """
    measured = table.status == MEASURED
    pair = [table[name] for name in PAIR if name in table]
    p = table.p.where(measured).astype(float)
    adjusted = p.groupby(pair, dropna=False).transform(holm) if pair else holm(p)
    rows = table.assign(p_adjusted=adjusted)
    found = [_verdict(row) for _, row in rows.iterrows()]
    return rows.assign(
        verdict=Series([verdict for verdict, _ in found], table.index, dtype=object),
        reason=Series([reason for _, reason in found], table.index, dtype=object),
    )


def holm(p: Series) -> Series:
    """Adjust p-values for their number (Holm, 1979); NaN is no test and stays NaN."""
    known = p.dropna().sort_values()
    factors = np.arange(len(known), 0, -1)
    return (known * factors).cummax().clip(upper=1).reindex(p.index)


def _verdict(row: Series) -> tuple[str, str | None]:
    """Verdict and reason of one comparison."""
    if row.status != MEASURED:
        verdict = NOT_COMPARABLE if row.status == NOT_COMPARABLE else NOT_MEASURED
        return verdict, row.get("reason") or row.status
    if row.get("disturbed", False):
        return ALIKE, DISTURBED
    if np.isnan(row.p_adjusted):
        return (
            ALIKE,
            f"no interval from fewer than {intervals.FEWEST_PROCESSES} processes on each side",
        )
    if np.isnan(row.noise_floor):
        return ALIKE, "no A/A test tells the noise"
    if row.p_adjusted >= ALPHA:
        return ALIKE, f"p = {row.p_adjusted:.2g} after adjustment"
    if abs(np.log(row.ratio)) <= np.log(row.noise_floor):
        return ALIKE, f"inside the noise floor of {100 * (row.noise_floor - 1):.1f} %"
    return (FASTER if row.ratio > 1 else SLOWER), None
