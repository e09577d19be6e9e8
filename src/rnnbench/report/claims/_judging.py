"""The rule of every verdict.

A claim has one part or more, each shown true, shown false, or undecided: its interval reaches
across the bound. All true: it holds. All false: it does not. One true and another false: it holds
partly. Anything else is not settled, nor is what rests on fewer than FEWEST independent units, or
on runs that were still improving when they ended, unless it is exact.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pandas import DataFrame, Series

from rnnbench.base.parameters import UNCONVERGED
from rnnbench.tables import readers

HOLDS, PARTLY, FAILS = "holds", "holds partly", "does not hold"
NOT_SETTLED, NOT_MEASURED = "not settled", "not measured"
VERDICTS = (HOLDS, PARTLY, FAILS, NOT_SETTLED, NOT_MEASURED)

Part = bool | None  # shown true, shown false, undecided
FEWEST = 3  # independent units that a verdict rests on


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


def exceeds(low: float, high: float, bound: float, least: float) -> Part:
    """Whether an interval shows that something is above a bound, or below the least that counts."""
    return True if low > bound else False if high < least else None


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
