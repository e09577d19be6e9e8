"""Ratios of two machines' speeds, and verdicts on them.

A pair of machines is compared on many pieces of work, and of twenty comparisons of equals one
would look unequal at 0.05. Verdicts faster and slower therefore go by p-values that Holm's (1979)
method adjusts over all comparable pieces of work of a pair of machines; intervals are 95 % each, by
themselves. Equal within a share is shown by two one-sided tests (Schuirmann, 1987).
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from pandas import DataFrame, Series

from rnnbench.base.parameters import MEASURED
from rnnbench.timing.statistics.estimates import Estimate

ALPHA = 0.05
ASKED = 0.03  # the difference for which the sittings are told that would find it
STATEMENT = (
    "Verdicts on single pieces of work are adjusted for all comparable work of a pair of machines: "
    "of pairs that are equal in everything, at most 5 % get even one faster or slower (Holm, "
    "1979). Each interval is 95 % by itself and includes the variation between sittings."
)
FASTER, SLOWER, ALIKE = "faster", "slower", "not distinguishable"
EQUAL = "equal within"
NOT_COMPARABLE, NOT_MEASURED = "not comparable", "not measured"
PAIR = ["baseline", "machine"]
MEASUREMENT = [
    *("ratio", "low", "high", "typical_ratio", "typical_low", "typical_high"),
    *("sittings", "baseline_sittings", "processes", "p"),
]
JUDGED = ["p_adjusted", "smallest_difference", "sittings_needed", "verdict", "reason"]
HIDDEN = ["p_unequal", "found"]  # columns that a verdict goes by and no table shows


def equal_within(share: float) -> str:
    """The verdict on two that differ by no more than a share."""
    return f"{EQUAL} ±{100 * share:g} %"


def is_equal(verdict: str) -> bool:
    """Whether a verdict is that of equality."""
    return verdict.startswith(EQUAL)


def measurement(best: Estimate, typical: Estimate, share: float) -> dict[str, Any]:
    """Columns of a ratio.

    Args:
        best, typical: differences of two logs.
        share: within which two are equal.
    """
    (low, high), (typical_low, typical_high) = best.interval(), typical.interval()
    return {
        **{"ratio": best.factor, "low": low, "high": high, "p": best.p()},
        **{"typical_ratio": typical.factor, "typical_low": typical_low},
        **{"typical_high": typical_high, "p_unequal": best.p_unequal(share), "found": best},
        "status": MEASURED,
    }


def judge(table: DataFrame, share: float) -> DataFrame:
    """Add JUDGED to comparisons.

    Args:
        table: columns MEASUREMENT, HIDDEN and ``status``, one row per piece of work. ``status`` is
            ``measured``, or why there is no comparison: ``not comparable``, or anything else for
            what was not measured; ``reason``, if there, says more of such rows. Where there are
            columns ``baseline`` and ``machine``, p-values are adjusted within each pair of them.
        share: within which two are equal.
    """
    measured = table.status == MEASURED
    pair = [table[name] for name in PAIR if name in table]
    p = table.p.where(measured).astype(float)
    adjusted = p.groupby(pair, dropna=False).transform(holm) if pair else holm(p)
    number = p.groupby(pair, dropna=False).transform("count") if pair else p * 0 + p.count()
    rows = table.assign(p_adjusted=adjusted)
    pieces = zip(rows.to_dict("records"), number, strict=True)
    told = [_judged(row, n, share) for row, n in pieces]
    columns = {
        name: Series([t[name] for t in told], table.index, dtype=object) for name in JUDGED[1:]
    }
    numbers = {name: columns[name].astype(float) for name in JUDGED[1:3]}
    return rows.assign(**columns | numbers)


def holm(p: Series) -> Series:
    """Adjust p-values for their number (Holm, 1979); NaN is no test and stays NaN."""
    known = p.dropna().sort_values()
    factors = np.arange(len(known), 0, -1)
    return (known * factors).cummax().clip(upper=1).reindex(p.index)


def _judged(row: Mapping[Any, Any], number: float, share: float) -> dict[str, Any]:
    """Verdict and reason of one comparison out of so many."""
    nothing = {"smallest_difference": np.nan, "sittings_needed": np.nan}
    if row["status"] != MEASURED:
        verdict = NOT_COMPARABLE if row["status"] == NOT_COMPARABLE else NOT_MEASURED
        return nothing | {"verdict": verdict, "reason": row.get("reason") or row["status"]}
    smallest = row["found"].smallest(ALPHA / number)
    fewest = min(row["sittings"], row["baseline_sittings"])
    needed = math.ceil(fewest * (math.log1p(smallest) / math.log1p(ASKED)) ** 2)
    told = {"smallest_difference": smallest, "sittings_needed": max(needed, 1)}
    p = f"p = {row['p_adjusted']:.2g} after adjustment"
    if row["p_adjusted"] < ALPHA:
        return told | {"verdict": FASTER if row["ratio"] > 1 else SLOWER, "reason": p}
    if row["p_unequal"] < ALPHA:
        reason = f"p = {row['p_unequal']:.2g} for a difference of {100 * share:g} %"
        return told | {"verdict": equal_within(share), "reason": reason}
    return told | {"verdict": ALIKE, "reason": p}
