"""Comparisons of independent seeds with a bound, which is what most claims are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from pandas import DataFrame
from scipy import special

from rnnbench.base.parameters import UNCONVERGED
from rnnbench.report.claims._judging import FEWEST, Part, decided
from rnnbench.tables import readers

ERROR = 0.05  # of an interval
SCALES: dict[
    str, tuple[Callable[[Any], Any], Callable[[Any], Any]]
] = {  # the transformation before averaging, and its inverse
    "ratio": (np.log, np.exp),
    "difference": (np.asarray, np.asarray),
    "share": (np.asarray, lambda values: np.clip(values, 0, 1)),
}
AS_GOOD = 1.02  # ratio of perplexities or errors: 2 % or less is negligible


def share(happened: ArrayLike) -> tuple[float, float, float]:
    """A share of independent cases and its exact interval (Clopper & Pearson, 1934)."""
    cases = np.asarray(happened, bool)
    k, n = int(cases.sum()), len(cases)
    low = special.betaincinv(k, n - k + 1, ERROR / 2) if k else 0.0
    high = special.betaincinv(k + 1, n - k, 1 - ERROR / 2) if k < n else 1.0
    return k / n, float(low), float(high)


def mean(values: ArrayLike, error: float = ERROR) -> tuple[float, float, float]:
    """The mean of independent values and Student's interval, which is NaN for fewer than two."""
    x = np.asarray(values, float)
    error_of_mean = x.std(ddof=1) / len(x) ** 0.5 if len(x) > 1 else nan
    half = special.stdtrit(len(x) - 1, 1 - error / 2) * error_of_mean
    return float(x.mean()), float(x.mean() - half), float(x.mean() + half)


@dataclass(frozen=True)
class Compared:
    """Values of independent seeds compared with a bound, averaged over groups and by group.

    Attributes:
        value, low, high: the average over groups and its interval over seeds.
        n: seeds that all groups have.
        parts: one for the average and one for each group that is decided.
        groups: value, low, high and part of each group; the intervals are simultaneous.
        rows: the rows behind all this.
    """

    value: float
    low: float
    high: float
    n: int
    parts: list[Part]
    groups: DataFrame
    rows: DataFrame

    @property
    def numbers(self) -> dict[str, float]:
        """For a claim."""
        return {"value": self.value, "low": self.low, "high": self.high}

    def __str__(self) -> str:
        apart = {True, False} <= set(self.groups.part)
        named = (f"{readers.figures3(g.value)} for {g.Index}" for g in self.groups.itertuples())
        return f"{told(**self.numbers)}" + (f", {readers.english(named)}" if apart else "")


def told(value: float, low: float, high: float) -> str:
    """A number with its interval in words."""
    if np.isnan(low):
        return f"{readers.figures3(value)} (no interval)"
    ends = map(readers.figures3, (low, high))
    return f"{readers.figures3(value)} (95 % {' to '.join(ends)})"


def compared(
    rows: DataFrame,
    bound: float = 1.0,
    *,
    above: bool,
    by: str = "variant",
    scale: str = "ratio",
) -> Compared | None:
    """Compare the column ``value`` with a bound; None without rows.

    Values of the same seed and group are averaged first. Groups, selected by :func:`enough`, are
    then averaged seed by seed, over the seeds that all of them have. The intervals of groups are
    corrected for their number (Bonferroni).

    Args:
        rows: with columns ``value``, ``seed`` and the one named ``by``.
        bound: on the scale of the values.
        above: True if the claim is that values are above the bound, False if below.
        by: the column that defines the groups.
        scale: one of SCALES.
    """
    rows = rows[np.isfinite(rows.value.astype(float))] if len(rows) else rows
    if rows.empty:
        return None
    rows = enough(rows, by)
    to, back = SCALES[scale]
    scaled = rows.assign(value=to(rows.value.astype(float)))
    wide = scaled.pivot_table("value", "seed", by, sort=False, observed=True)
    common = wide.dropna() if len(wide.dropna()) else wide
    whole = mean(common.mean(axis=1))
    each = [mean(wide[name].dropna(), ERROR / len(wide.columns)) for name in wide]
    groups = DataFrame(back(each), columns=["value", "low", "high"], index=wide.columns)
    found = [decided(g.low, g.high, bound, above) for g in groups.itertuples()]
    groups["part"] = np.array(found, object)
    value, low, high = map(float, back(whole))
    parts = [decided(low, high, bound, above), *(p for p in groups.part if p is not None)]
    return Compared(value, low, high, len(common), parts, groups, rows)


def over(
    runs: DataFrame, column: str, by: str, ends: Sequence[object], same: Sequence[str] = readers.RUN
) -> DataFrame:
    """Rows with ``by`` at the first of two ends; ``value`` is ``column`` over that at the second.

    Rows are paired if they agree in the columns ``same``, as far as these exist.
    """
    if runs.empty or by not in runs:
        return DataFrame()
    first, other = (runs[runs[by] == end] for end in ends)
    keys = [name for name in same if name in runs and name != by]
    pairs = first.merge(other, on=keys, suffixes=("", "_other"))
    return pairs.assign(value=pairs[column] / pairs[f"{column}_other"])


def last(runs: DataFrame) -> str:
    """One status for runs reported together: still improving if any of them is."""
    improving = (runs.status == UNCONVERGED).any()
    return UNCONVERGED if improving else str(runs.status.iloc[0])


def enough(rows: DataFrame, by: str) -> DataFrame:
    """Rows of the groups that have at least FEWEST seeds; all rows if no group has."""
    kept = rows.groupby(by).seed.transform("nunique") >= FEWEST
    return rows[kept] if kept.any() else rows
