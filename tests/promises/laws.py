"""What the statistics promise, each promise counted over simulated machines.

* Of 95 % intervals of a ratio whose truth is known, 93 to 97 % hold it; no fewer where the machine
  drifts, which counts as scatter, or with the noise that was measured, which may be of any shape.
* Of pairs of machines that are equal in everything, at most 5 % get even one verdict.
* A true difference of 3 % of one piece of work is found in at least 90 % of comparisons by as many
  processes as ``planning`` asks for, of which a very noisy machine has too few.

A row without a law tells what happens where nothing is promised.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from pandas import DataFrame

from rnnbench.base.errors import UserError
from rnnbench.timing.statistics import ratios

from . import noise_model, planning, sittings, verdicts
from .noise_model import Burst, Components
from .verdicts import Machine

PASSED, FAILED, NO_LAW = "passed", "failed", "no law"
COVERED, FALSE, FOUND = "intervals that hold the truth", "pairs told apart", "differences found"
HOLDS, NOT_LESS, TOLD = (0.93, 0.97), (0.93, 1.0), (np.nan, np.nan)
AT_MOST, AT_LEAST = (0.0, 0.05), (0.9, 1.0)
POINTS, ROUNDS, WINDOWS = 8, 40, 4
PRECISION = 0.02
NORMAL = Components(process=0.01, window=0.005)
SHAPES = {
    "normal": NORMAL,
    "autocorrelated": replace(NORMAL, autocorrelation=0.8),
    "heavy tails": replace(NORMAL, window=0.01, tail_freedom=1.5),
}
DRIFTING = replace(NORMAL, drift=0.03)
CALM = {f"scatter {100 * s:g} %": Components(s, window=0.005) for s in (0.005, 0.01, 0.015, 0.02)}
HARSH = replace(NORMAL, window=0.01, autocorrelation=0.8, tail_freedom=1.5)
SEEN = Burst(share=0.3, slowdown=0.15, seen=0.5)
WHOLE, UNSEEN = replace(SEEN, share=1.0), replace(SEEN, share=1.0, seen=0.0)
COLUMNS = [
    "scenario",
    "quantity",
    "wanted_low",
    "wanted_high",
    "found",
    "low",
    "high",
    "n",
    "verdict",
]


class LawError(UserError):
    """A promise of the statistics is not kept."""


@dataclass(frozen=True)
class Trial:
    """What is simulated.

    Attributes:
        intervals, comparisons: simulated per scenario.
        seed: of all that is drawn; scenarios do not share draws.
        outside_load: bound of the mark, cores.
        noises: name of a kind of points of a real machine -> its noise.
    """

    intervals: int
    comparisons: int
    seed: int
    outside_load: float
    noises: Mapping[str, Components]

    def rng(self, scenario: str) -> np.random.Generator:
        return np.random.default_rng([self.seed, *scenario.encode()])


def table(trial: Trial, items: int, budget: int) -> DataFrame:
    """One row per scenario.

    Args:
        trial: how much is simulated.
        items: pieces of work on which two machines are compared.
        budget: processes that the study has time for.
    """
    parts = coverage(trial), false_verdicts(trial, items), power(trial, items, budget)
    return DataFrame([row for part in parts for row in part], columns=COLUMNS)


def coverage(trial: Trial) -> Iterator[dict[str, Any]]:
    """Intervals of ratios: by shape of the noise, numbers of processes, and when to stop."""
    for shape, noise in SHAPES.items():
        for k in (3, 5, 10):
            yield covered(trial, f"{shape}, {k} processes", (noise, noise), (k, k))
    yield covered(trial, "drifting, 5 processes", (DRIFTING, DRIFTING), (5, 5), NOT_LESS)
    for k in (3, 5, 10):
        noises = NORMAL.times(3), NORMAL
        yield covered(trial, f"one three times as noisy, {k} processes", noises, (k, k))
    for shape in ("normal", "heavy tails"):
        noises = SHAPES[shape], SHAPES[shape]
        yield covered(trial, f"{shape}, 3 against 10 processes", noises, (3, 10))
    for kind, noise in trial.noises.items():
        yield covered(trial, f"{kind}, 5 processes", (noise, noise), (5, 5), NOT_LESS)
    for percent in (1, 2, 3):
        noise = Components(process=percent / 100)
        yield stopped(trial, f"stopped at 2 %, scatter {percent} %", noise, POINTS, HOLDS)
    yield stopped(trial, "a single point stopped at 2 %, scatter 3 %", Components(0.03), 1, TOLD)


def covered(
    trial: Trial,
    scenario: str,
    noises: tuple[Components, Components],
    processes: tuple[int, int],
    law: tuple[float, float] = HOLDS,
) -> dict[str, Any]:
    """Intervals of the ratio of two equal arms."""
    rng, found = trial.rng(scenario), []
    for noise, k in zip(noises, processes, strict=True):
        drawn = noise_model.draw(noise, (trial.intervals, 1, k, WINDOWS), rng)
        found.append(sittings.levels(drawn))
    return share(scenario, COVERED, holding(*found), law)


def stopped(
    trial: Trial, scenario: str, noise: Components, points: int, law: tuple[float, float]
) -> dict[str, Any]:
    """The same where both campaigns go on until intervals are narrow."""
    rng, shape = trial.rng(scenario), (trial.intervals, points, ROUNDS, WINDOWS)
    arms = (sittings.levels(noise_model.draw(noise, shape, rng)) for _ in "ab")
    kept = [sittings.stop(logs, 3, PRECISION)[:, :1] for logs in arms]
    return share(scenario, COVERED, holding(*kept), law)


def holding(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Whether each interval of the ratio of equal arms holds 1."""
    _, low, high, _ = sittings.contrast(above, below)
    return (low <= 1) & (high >= 1)


def false_verdicts(trial: Trial, items: int) -> Iterator[dict[str, Any]]:
    """Equal machines over a whole table: quiet, harsh, and with load on one of them."""
    for kind, noise in trial.noises.items():
        yield equals(trial, f"{kind}, 5 processes", noise, 5, items)
    for k in (3, 10):
        yield equals(trial, f"normal, {k} processes", NORMAL, k, items)
        yield equals(trial, f"autocorrelated, heavy tails, {k} processes", HARSH, k, items)
    for k in (3, 10):
        hit = f"load on one machine for a third of its time, {k} processes"
        yield equals(trial, hit, HARSH, k, items, SEEN)
    yield equals(trial, "load on one machine all the time, 10 processes", HARSH, 10, items, WHOLE)
    unseen = "load that the mark does not see, all the time, 10 processes"
    yield equals(trial, unseen, HARSH, 10, items, UNSEEN, TOLD)


def equals(
    trial: Trial,
    scenario: str,
    noise: Components,
    processes: int,
    items: int,
    burst: Burst | None = None,
    law: tuple[float, float] = AT_MOST,
) -> dict[str, Any]:
    """Pairs of equal machines of which any piece of work is told apart; a burst hits the first."""
    rng = trial.rng(scenario)
    pair = [machine(trial, noise, processes, items, rng, hit) for hit in (burst, None)]
    judged = verdicts.table(*pair)
    false = verdicts.told_apart(judged).groupby(judged.machine).any()
    return share(scenario, FALSE, false.to_numpy(), law)


def power(trial: Trial, items: int, budget: int) -> Iterator[dict[str, Any]]:
    """One piece of work that is 3 % faster, by processes as planned and by those of the study."""
    for kind, noise in {**CALM, **trial.noises}.items():
        planned = planning.processes(noise, items, WINDOWS)
        scenario = f"3 % of one in {items}, {kind}"
        if planned is None:
            most = planning.MOST_PROCESSES
            yield found(trial, f"{scenario}, {most} processes (too few)", noise, most, items, TOLD)
        else:
            name = f"{scenario}, {planned} processes (planned)"
            yield found(trial, name, noise, planned, items, AT_LEAST)
        name = f"{scenario}, {budget} processes (this study)"
        yield found(trial, name, noise, budget, items, TOLD)


def found(
    trial: Trial,
    scenario: str,
    noise: Components,
    processes: int,
    items: int,
    law: tuple[float, float],
) -> dict[str, Any]:
    """Comparisons in which the last piece of work, which is faster, is told to be."""
    rng = trial.rng(scenario)
    above, below = (machine(trial, noise, processes, items, rng) for _ in "ab")
    faster = above.once.copy()
    faster[:, -1] += np.log1p(planning.DIFFERENCE)
    judged = verdicts.table(replace(above, once=faster), below)
    last = judged[judged.point == items - 1]
    return share(scenario, FOUND, (last.verdict == ratios.FASTER).to_numpy(), law)


def machine(
    trial: Trial,
    noise: Components,
    processes: int,
    items: int,
    rng: np.random.Generator,
    burst: Burst | None = None,
) -> Machine:
    """Sittings of a machine, disturbed or not."""
    drawn = noise_model.draw(noise, (trial.comparisons, items + 1, processes, WINDOWS), rng)
    if burst is None:
        return Machine.undisturbed(drawn)
    return Machine.of(noise_model.disturb(drawn, burst, trial.outside_load, rng))


def share(
    scenario: str, quantity: str, hits: np.ndarray, law: tuple[float, float]
) -> dict[str, Any]:
    """Row of a share, with its 95 % interval (Clopper & Pearson, 1934)."""
    n, k = hits.size, int(hits.sum())
    low, high = clopper_pearson(k, n)
    verdict = NO_LAW if law == TOLD else PASSED if law[0] <= k / n <= law[1] else FAILED
    values = (scenario, quantity, *law, k / n, low, high, n, verdict)
    return dict(zip(COLUMNS, values, strict=True))


def clopper_pearson(k: int, n: int) -> tuple[float, float]:
    """Exact 95 % interval of the share of ``k`` in ``n``."""
    from scipy.special import betaincinv  # here: every job that reads a table would pay for it

    low = betaincinv(k, n - k + 1, 0.025) if k else 0.0
    high = betaincinv(k + 1, n - k, 0.975) if k < n else 1.0
    return float(low), float(high)


def require(rows: DataFrame) -> None:
    """End where a law does not hold.

    Raises:
        LawError: which ones, and what was found.
    """
    broken = [
        f"{row.scenario}: {row.quantity}: expected {row.wanted_low:.0%} to {row.wanted_high:.0%}, "
        f"found {row.found:.1%} of {row.n}"
        for row in rows[rows.verdict == FAILED].itertuples()
    ]
    if broken:
        raise LawError(
            "\n  ".join(["the statistics break what they promise:", *broken])
            + "\nLook for a speed.outside_load that load passes under, or for an edit of stats.py, "
            "comparison.py, load.py or tests/promises/."
        )
