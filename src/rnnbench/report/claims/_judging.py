"""The rule behind every verdict.

A claim has one or more parts, each shown true, shown false, or undecided (its interval includes the
bound). All true: it holds. All false: it does not hold. At least one true and one false: it holds
partly. Anything else is not settled. Unless it is exact, a claim is not settled either if it rests
on fewer than FEWEST independent units or on runs that were still improving when they ended.
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
FEWEST = 3  # independent units that a verdict needs


@dataclass(frozen=True)
class Evidence:
    """What a verdict rests on.

    Attributes:
        n: number of independent units: seeds, processes or texts.
        scale: in words, with the sizes of what was run: "64 units, 60 epochs, 3 seeds".
        lacking: why it is not enough for a verdict; empty if it is.
    """

    n: int
    scale: str
    lacking: str = ""


def exact(n: int, noun: str) -> Evidence:
    """Evidence computed exactly or counted in full, ``n`` times; seeds do not affect it."""
    return Evidence(n, readers.counted(n, noun))


def sampled(
    rows: DataFrame, n: int | None = None, unit: str = "seed", ended: bool = True
) -> Evidence:
    """Evidence from rows about runs or timings.

    Args:
        rows: all rows that the verdict rests on.
        n: number of independent units; by default the seeds in ``rows``.
        unit: what the units are.
        ended: whether the claim is about runs that have stopped improving.
    """
    n = rows.seed.nunique() if n is None else n
    statuses = rows[[name for name in rows if name.startswith("status")]] if ended else DataFrame()
    improving = int((statuses == UNCONVERGED).any(axis=1).sum())
    few = f"{readers.counted(n, unit)}; a verdict needs {FEWEST}" if n < FEWEST else ""
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
    """The verdict, and if it is not settled the reason."""
    told = set(parts)
    if evidence.lacking or not told:
        return NOT_SETTLED, evidence.lacking
    if {True, False} <= told:
        return PARTLY, ""
    if None in told:
        return NOT_SETTLED, "an interval includes the bound"
    return (HOLDS if True in told else FAILS), ""


def decided(low: float, high: float, bound: float, above: bool = True) -> Part:
    """Whether an interval lies above a bound (or below, if not ``above``); NaN: undecided."""
    return above if low > bound else not above if high < bound else None


def exceeds(low: float, high: float, bound: float, least: float) -> Part:
    """True if an interval lies above a bound, False if below the least effect that counts."""
    return True if low > bound else False if high < least else None


def higher(one: tuple[float, float], other: tuple[float, float]) -> Part:
    """Whether the first of two intervals lies above the second; undecided if they overlap."""
    return decided(one[0] - other[1], one[1] - other[0], 0)


def within(low: float, high: float, least: float, most: float) -> Part:
    """Whether an interval lies inside a range; undecided if it includes an end of it."""
    return both(decided(low, high, least), decided(low, high, most, above=False))


def both(*parts: Part) -> Part:
    """One part that is true if every piece is."""
    return False if False in parts else None if None in parts else True


def some(*parts: Part) -> Part:
    """One part that is true if any piece is."""
    return True if True in parts else None if None in parts else False
