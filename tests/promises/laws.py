"""What the statistics promise, counted over pairs of machines whose truth is known.

A count has an interval of its own, and a law is broken where that lies outside what was promised.
Where no bound is given, a row tells what happens where nothing is promised.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
from pandas import DataFrame
from scipy.special import betaincinv

from rnnbench.base.errors import UserError
from rnnbench.timing.statistics import rates, ratios, sittings
from rnnbench.timing.statistics.estimates import Estimate

from . import machines
from .machines import Machine, Noise

SHARE = 0.05  # hardware.equal_within
KEPT, BROKEN, TOLD = "kept", "broken", "reported"
COVERS, AT_LEAST, NEVER_LESS, MOSTLY = (0.93, 0.97), (0.9, 1.0), (0.93, 1.0), (0.5, 1.0)
AT_MOST, NEAR, NOTHING = (0.0, 0.05), (0.85, 0.95), (np.nan, np.nan)
EXACT = (0.93, 0.99)  # where the noise is just the known one, and is taken to be doubtful
AS_KNOWN, SPREAD, SHARING = Noise(), Noise(spread=True), Noise(sharing=0.375)
APART = Noise(along=0.0)
OTHER = {  # times the known noise, and sittings -> least coverage, where less is promised
    (2.0, 1): 0.7,
    (2.0, 2): 0.8,
    (2.0, 3): 0.82,
    (0.5, 1): 0.95,
    (0.5, 3): 0.95,
}
PIECE = machines.names().index(("fused", 1))  # a single piece of work that differs
COLUMNS = [*("promise", "machines", "low_bound", "high_bound"), *("found", "low", "high", "law")]


class LawError(UserError):
    """A promise of the statistics is not kept."""


@dataclass(frozen=True)
class Pairs:
    """Machines two by two, equal in everything."""

    above: Sequence[Machine]
    below: Sequence[Machine]

    @classmethod
    def drawn(cls, noise: Noise, number: int, times: tuple[int, int], seed: int) -> "Pairs":
        rng = np.random.default_rng([seed, *times, *map(ord, repr(noise))])
        return cls(*(machines.draw(noise, number, own, rng) for own in times))

    @cached_property
    def singles(self) -> list[list[Estimate]]:
        """Ratio of each piece of work."""
        return [
            [one.estimate - other.estimate for one, other in zip(*pair, strict=True)]
            for pair in zip(self.above, self.below, strict=True)
        ]

    @cached_property
    def overall(self) -> list[list[Estimate]]:
        """Ratio over all of them; one in each list."""
        both = zip(self.above, self.below, strict=True)
        return [[sittings.together(one) - sittings.together(other)] for one, other in both]


def judged(found: list[list[Estimate]], times: tuple[int, int] = (2, 2)) -> DataFrame:
    """Verdicts on pairs as the comparison gives them, one row per piece of work."""
    told = {"sittings": times[0], "baseline_sittings": times[1], "baseline": "a"}
    rows = [
        ratios.measurement(one, one, SHARE) | told | {"machine": pair}
        for pair, own in enumerate(found)
        for one in own
    ]
    return ratios.judge(DataFrame(rows), SHARE)


def shifted(
    found: list[list[Estimate]], by: Sequence[float], piece: int | None = None
) -> list[list[Estimate]]:
    """The same if machines above were faster by shares, one of each pair; in all, or in a piece."""
    return [
        [
            replace(one, centre=one.centre + np.log1p(share) * (piece in (None, k)))
            for k, one in enumerate(own)
        ]
        for own, share in zip(found, by, strict=True)
    ]


def table(number: int, seed: int = 1) -> DataFrame:
    """One row per promise and kind of machines, over so many pairs of each."""
    parts = (
        equals(number, seed),
        itself(number, seed),
        differing(number, seed),
        planned(number, seed),
    )
    return DataFrame([row for part in parts for row in part], columns=COLUMNS)


def equals(number: int, seed: int) -> Iterator[dict[str, Any]]:
    """Coverage and false verdicts."""
    known = [(AS_KNOWN, (k, k), EXACT) for k in (1, 2, 3)]
    spread = [(SPREAD, times, COVERS) for times in ((1, 1), (2, 2), (3, 3), (1, 3))]
    for noise, times, bounds in (*known, *spread, (SHARING, (1, 1), EXACT)):
        pairs = Pairs.drawn(noise, number, times, seed)
        yield from covered(pairs, words(noise, times), bounds, bounds)
        yield from mistaken(pairs, words(noise, times))
    other = [(Noise(times=size), (k, k), (least, 1.0)) for (size, k), least in OTHER.items()]
    for noise, times, bounds in other:
        pairs = Pairs.drawn(noise, number, times, seed)
        yield from covered(pairs, words(noise, times), bounds, bounds)
    pairs = Pairs.drawn(APART, number, (2, 2), seed)
    yield from covered(pairs, words(APART, (2, 2)), EXACT, NEVER_LESS)


def itself(number: int, seed: int) -> Iterator[dict[str, Any]]:
    """Intervals of what is timed twice.

    The scatter of its processes is taken over both arms; of few, their difference counts as well.
    """
    for k, bounds in ((1, NEVER_LESS), (3, COVERS)):
        arms = machines.twins(number, k, np.random.default_rng([seed, k]))
        found = [rates.noise(*arm) for arm in arms]
        holds = np.array([one is not None and one["holds_1"] for one in found])
        promise = "intervals of a piece of work against itself (A/A) contain 1"
        yield counted(promise, words(AS_KNOWN, (k, k)), holds, bounds)


def covered(
    pairs: Pairs, said: str, single: tuple[float, float], overall: tuple[float, float]
) -> Iterator[dict[str, Any]]:
    for what, found, bounds in (
        ("single ratios", pairs.singles, single),
        ("the overall ratio", pairs.overall, overall),
    ):
        ends = np.array([[one.interval() for one in own] for own in found])
        holds = (ends[..., 0] <= 1) & (ends[..., 1] >= 1)
        yield counted(f"95 % intervals of {what} contain the true value", said, holds, bounds)


def mistaken(pairs: Pairs, said: str) -> Iterator[dict[str, Any]]:
    for what, found in (("any single", pairs.singles), ("the overall", pairs.overall)):
        rows = judged(found)
        false = rows.verdict.isin([ratios.FASTER, ratios.SLOWER]).groupby(rows.machine).any()
        promise = f"equal machines, {what} verdict is faster or slower"
        yield counted(promise, said, false.to_numpy(), AT_MOST)


def differing(number: int, seed: int) -> Iterator[dict[str, Any]]:
    """What is found with two sittings each."""
    for noise in (AS_KNOWN, SPREAD):
        pairs, said = Pairs.drawn(noise, number, (2, 2), seed), words(noise, (2, 2))
        row, five, ten = partial(counted, machines=said), [0.05] * number, [0.1] * number
        single, overall = pairs.singles, pairs.overall
        slow = judged(shifted(overall, five))
        yield row("5 % is detected overall", hits=faster(slow), bounds=AT_LEAST)
        one = judged(shifted(single, ten, PIECE)).groupby("machine").nth(PIECE)
        promise = "10 % on a single piece of fused work on one thread is detected"
        yield row(promise, hits=faster(one), bounds=AT_LEAST)
        for what, found in (("a single", judged(shifted(single, five))), ("the overall", slow)):
            equal = found.verdict.map(ratios.is_equal).to_numpy().reshape(number, -1)
            promise = f"machines that differ by 5 %, {what} verdict is equal within 5 %"
            yield row(promise, hits=equal, bounds=AT_MOST)
        narrow = np.array([own[0].interval()[1] <= own[0].factor * 1.02 for own in overall])
        promise = "the overall interval reaches at most 2 % to either side"
        yield row(promise, hits=narrow, bounds=MOSTLY)
        alike = judged(overall).verdict.map(ratios.is_equal).to_numpy()
        yield row("equal machines are equal within 5 % overall", hits=alike, bounds=NOTHING)


def planned(number: int, seed: int) -> Iterator[dict[str, Any]]:
    """Whether a difference that would have been found is, and with how many sittings 3 % are."""
    for times in ((1, 1), (2, 2)):
        pairs, said = Pairs.drawn(SPREAD, number, times, seed), words(SPREAD, times)
        for what, found, piece in _asked(pairs):
            rows = judged(found, times).groupby("machine").nth(piece)
            there = judged(shifted(found, list(rows.smallest_difference), piece), times)
            hits = faster(there.groupby("machine").nth(piece))
            yield counted(f"the smallest difference on {what} is detected", said, hits, NEAR)
            needed = int(rows.sittings_needed.median())
            more = Pairs.drawn(SPREAD, number, (needed, needed), seed)
            (found,) = (own for name, own, _ in _asked(more) if name == what)
            there = judged(shifted(found, [ratios.ASKED] * number, piece), (needed, needed))
            hits = faster(there.groupby("machine").nth(piece))
            promise = f"3 % on {what} is detected with the sittings needed"
            yield counted(promise, f"{said}: {needed} needed", hits, (0.85, 1.0))


def _asked(pairs: Pairs) -> Iterator[tuple[str, list[list[Estimate]], int]]:
    yield "a single piece of fused work on one thread", pairs.singles, PIECE
    yield "the overall ratio", pairs.overall, 0


def require(rows: DataFrame) -> None:
    """End where a law is broken.

    Raises:
        LawError: which ones, and what was found.
    """
    broken = [
        f"{row.promise} ({row.machines}): expected {row.low_bound:.0%} to {row.high_bound:.0%}, "
        f"found {row.found:.1%} ({row.low:.1%} to {row.high:.1%})"
        for row in rows[rows.law == BROKEN].itertuples()
    ]
    if broken:
        head = "the statistics do not keep what they promise:"
        told = "Look for an edit of timing/statistics/, noise.csv among it, or of tests/promises/."
        raise LawError("\n  ".join([head, *broken]) + f"\n{told}")


def faster(rows: DataFrame) -> np.ndarray:
    return (rows.verdict == ratios.FASTER).to_numpy()


def words(noise: Noise, times: tuple[int, int]) -> str:
    """What machines they are."""
    said = {
        AS_KNOWN: "noise as known",
        SPREAD: "noise of each around the known",
        SHARING: "noise as known, 3 of 8 processes on two threads share a core",
        APART: "noise as known, kinds of work independent",
        Noise(times=2.0): "twice the known noise",
        Noise(times=0.5): "half the known noise",
    }[noise]
    one, other = times
    if one != other:
        return f"{one} against {other} sittings, {said}"
    return f"{one} sitting{'s' * (one > 1)} each, {said}"


def counted(
    promise: str, machines: str, hits: np.ndarray, bounds: tuple[float, float]
) -> dict[str, Any]:
    """Row of a share of pairs, or of the mean over pairs of a share of their pieces of work.

    Args:
        promise, machines: what, and of which.
        hits: ``(pairs,)`` or ``(pairs, pieces)``.
        bounds: what was promised of the share.
    """
    low, high = interval(hits)
    law = KEPT if low <= bounds[1] and high >= bounds[0] else BROKEN
    values = (
        promise,
        machines,
        *bounds,
        hits.mean(),
        low,
        high,
        law if bounds != NOTHING else TOLD,
    )
    return dict(zip(COLUMNS, values, strict=True))


def interval(hits: np.ndarray) -> tuple[float, float]:
    """95 % interval of a count: Clopper's and Pearson's (1934), or of a mean over pairs."""
    n = len(hits)
    shares = hits.reshape(n, -1).mean(axis=1)
    if hits.size > n:
        reach = 1.96 * shares.std(ddof=1) / np.sqrt(n)
        return shares.mean() - reach, shares.mean() + reach
    k = shares.sum()
    low = betaincinv(k, n - k + 1, 0.025) if k else 0.0
    high = betaincinv(k + 1, n - k, 0.975) if k < n else 1.0
    return float(low), float(high)
