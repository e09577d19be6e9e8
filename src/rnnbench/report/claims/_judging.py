"""The rule of every verdict, and the comparisons that most claims are.

A claim has one part or more, each shown true, shown false, or undecided: its interval reaches
across the bound. All true: it holds. All false: it does not. One true and another false: it holds
partly. Anything else is not settled, nor is what rests on fewer than FEWEST independent units, or
on runs that were still improving when they ended, unless it is exact.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import ArrayLike
from pandas import DataFrame, Series
from scipy import special

from rnnbench.base.parameters import UNCONVERGED
from rnnbench.tables import readers

HOLDS, PARTLY, FAILS = "holds", "holds partly", "does not hold"
NOT_SETTLED, NOT_MEASURED = "not settled", "not measured"
VERDICTS = (HOLDS, PARTLY, FAILS, NOT_SETTLED, NOT_MEASURED)

Part = bool | None  # shown true, shown false, undecided
FEWEST = 3  # independent units that a verdict rests on
ERROR = 0.05  # of an interval
AS_GOOD = 1.02  # times a perplexity or an error: a difference that matters to nobody
RUN = ["machine", "corpus", "variant", "sampler", "clip_norm", "device", "seed"]


@dataclass(frozen=True)
class Evidence:
    """What a verdict rests on.

    Attributes:
        n: how many independent units: seeds, processes or texts.
        scale: in words, with the sizes of what was run: "64 units, 60 epochs, 3 seeds".
        lacking: why no verdict can rest on it; empty: one can.
    """

    n: int
    scale: str
    lacking: str = ""


def exact(n: int, noun: str) -> Evidence:
    """Of what was computed or counted whole, ``n`` times: another seed would change nothing."""
    return Evidence(n, readers.counted(n, noun))


def sampled(
    rows: DataFrame, n: int | None = None, unit: str = "seed", ended: bool = True
) -> Evidence:
    """Of rows about runs or timings.

    Args:
        rows: all that the verdict rests on.
        n: independent units; by default the seeds in ``rows``.
        unit: what they are.
        ended: whether the claim is about runs that have stopped improving.
    """
    n = rows.seed.nunique() if n is None else n
    statuses = rows[[name for name in rows if name.startswith("status")]] if ended else DataFrame()
    improving = int((statuses == UNCONVERGED).any(axis=1).sum())
    few = f"{readers.counted(n, unit)}, where a verdict needs {FEWEST}" if n < FEWEST else ""
    still = f"{improving} of {readers.counted(len(rows), 'run')} were still improving"
    scale = ", ".join([*_sizes(rows), readers.counted(n, unit)])
    return Evidence(n, scale, few or (still if improving else ""))


def _sizes(rows: DataFrame) -> Iterable[str]:
    epochs = "epochs_done" if "epochs_done" in rows else "num_epochs"
    for column, noun in (("hidden_size", "unit"), (epochs, "epoch")):
        values = rows[column].dropna() if column in rows else Series()
        if len(values):
            least, most = int(values.min()), int(values.max())
            yield (f"{least:,} to " if least < most else "") + readers.counted(most, noun)


def enough(rows: DataFrame, by: str) -> DataFrame:
    """Rows of the groups that have FEWEST seeds; where none has, all rows."""
    kept = rows.groupby(by).seed.transform("nunique") >= FEWEST
    return rows[kept] if kept.any() else rows


def verdict(parts: Sequence[Part], evidence: Evidence) -> tuple[str, str]:
    """The verdict, and of what is not settled the reason."""
    told = set(parts)
    if evidence.lacking or not told:
        return NOT_SETTLED, evidence.lacking
    if {True, False} <= told:
        return PARTLY, ""
    if None in told:
        return NOT_SETTLED, "an interval reaches across the bound"
    return (HOLDS if True in told else FAILS), ""


def decided(low: float, high: float, bound: float, above: bool = True) -> Part:
    """Whether an interval shows that something is above a bound, or below it; NaN: neither."""
    return above if low > bound else not above if high < bound else None


def higher(one: tuple[float, float], other: tuple[float, float]) -> Part:
    """Whether two intervals show that the first thing is above the second, or below it."""
    return decided(one[0] - other[1], one[1] - other[0], 0)


def within(low: float, high: float, least: float, most: float) -> Part:
    """Whether an interval shows that something is inside a range, or outside it."""
    return both(decided(low, high, least), decided(low, high, most, above=False))


def both(*parts: Part) -> Part:
    """One part of which every piece has to be true."""
    return False if False in parts else None if None in parts else True


def some(*parts: Part) -> Part:
    """One part of which one piece has to be true."""
    return True if True in parts else None if None in parts else False


def share(happened: ArrayLike) -> tuple[float, float, float]:
    """A share of independent cases and its exact interval (Clopper & Pearson, 1934)."""
    cases = np.asarray(happened, bool)
    k, n = int(cases.sum()), len(cases)
    low = special.betaincinv(k, n - k + 1, ERROR / 2) if k else 0.0
    high = special.betaincinv(k + 1, n - k, 1 - ERROR / 2) if k < n else 1.0
    return k / n, float(low), float(high)


def mean(values: ArrayLike, error: float = ERROR) -> tuple[float, float, float]:
    """The mean of independent values and Student's interval; NaN ends of fewer than two."""
    x = np.asarray(values, float)
    error_of_mean = x.std(ddof=1) / len(x) ** 0.5 if len(x) > 1 else nan
    half = special.stdtrit(len(x) - 1, 1 - error / 2) * error_of_mean
    return float(x.mean()), float(x.mean() - half), float(x.mean() + half)


@dataclass(frozen=True)
class Compared:
    """Values of independent seeds against a bound, on average over groups and by group.

    Attributes:
        value, low, high: of the average over groups, with its interval over seeds.
        n: seeds that every group has.
        parts: of the average, and of each group that is decided.
        groups: value, low, high and part of each group; the intervals hold together.
        rows: that they rest on.
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
    ratio: bool = True,
) -> Compared | None:
    """Hold the column ``value`` of rows against a bound; None without a row.

    Values of one seed and group are one: their average. Groups are averaged seed by seed, over the
    seeds that all have; which groups, :func:`enough` says. Intervals by group share their error
    among them (Bonferroni).

    Args:
        rows: with columns ``value``, ``seed`` and the one named ``by``.
        bound: on the scale of the values.
        above: whether the claim is that values are above it, or below.
        by: what tells groups apart.
        ratio: whether values are averaged as logarithms.
    """
    rows = rows[np.isfinite(rows.value.astype(float))] if len(rows) else rows
    if rows.empty:
        return None
    rows = enough(rows, by)
    to, back = (np.log, np.exp) if ratio else (np.asarray, np.asarray)
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
    runs: DataFrame, column: str, by: str, ends: Sequence[object], same: Sequence[str] = RUN
) -> DataFrame:
    """Rows with ``by`` at the first of two ends; ``value`` is ``column`` over that at the other.

    Rows are paired where ``same`` is the same, as far as there are such columns.
    """
    if runs.empty or by not in runs:
        return DataFrame()
    first, other = (runs[runs[by] == end] for end in ends)
    keys = [name for name in same if name in runs and name != by]
    pairs = first.merge(other, on=keys, suffixes=("", "_other"))
    return pairs.assign(value=pairs[column] / pairs[f"{column}_other"])


def last(runs: DataFrame) -> str:
    """One status for runs that are told together: still improving if one is."""
    improving = (runs.status == UNCONVERGED).any()
    return UNCONVERGED if improving else str(runs.status.iloc[0])
