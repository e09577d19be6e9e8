"""Timings as a machine makes them: how they scatter, drift and are disturbed.

The log of a window's speed is the sum of

* the level of its process, normal: memory layout and moment, which all its windows share;
* the scatter of windows within the process, autocorrelated (AR(1)), its innovations Student's t
  with few degrees of freedom: now and then a window stands still;
* a slow drift over the sitting, which all points of a machine share, as they are timed in turn.

What each amounts to is estimated from samples of a campaign.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
from pandas import DataFrame, Series

from rnnbench.base import csv_files
from rnnbench.base.errors import UserError
from rnnbench.timing import disturbance
from rnnbench.timing.points import ADDRESS
from rnnbench.timing.statistics import rates

REFERENCE = Path(__file__).parent / "reference.csv"
FEWEST_WINDOWS, FEWEST_ROUNDS = 8, 3
GAUSSIAN = 1e6  # degrees of freedom
MOST_CORRELATED = 0.95
FARTHEST = 5.0  # log; no window is 150 times as fast as its process, or as slow
WINDOW_SECONDS = 0.125  # how long a window lasts, by which a tick of the clock is judged
ARM, KIND = [*ADDRESS, "arm"], ["machine", "device", "threads"]


@dataclass(frozen=True)
class Components:
    """What the noise of one kind of points is made of; logs of speed, thus shares.

    Attributes:
        process: standard deviation of the levels of processes.
        window: scale of the innovations of windows.
        autocorrelation: of neighbouring windows, from 0 to below 1.
        tail_freedom: degrees of freedom of the innovations; the fewer, the heavier their tails.
        drift: change over a sitting, from its first round to its last; of either sign.
    """

    process: float
    window: float = 0.0
    autocorrelation: float = 0.0
    tail_freedom: float = GAUSSIAN
    drift: float = 0.0

    @classmethod
    def of(cls, row: Series) -> Self:
        """Take them from a row of :func:`estimate`."""
        return cls(**{name: float(row[name]) for name in cls.__dataclass_fields__})

    def times(self, factor: float) -> Self:
        """The noise of a machine that is noisier in everything by a factor."""
        sizes = {name: factor * getattr(self, name) for name in ("process", "window", "drift")}
        return replace(self, **sizes)


@dataclass(frozen=True)
class Burst:
    """Load from outside that hits some rounds of a sitting in a row.

    Attributes:
        share: of the rounds.
        slowdown: of the windows it hits, as a share of their speed.
        seen: cores that the mark sees busy; 0 of what it is blind to.
    """

    share: float
    slowdown: float
    seen: float


@dataclass(frozen=True)
class Windows:
    """Simulated windows.

    Attributes:
        rates: speeds, of which the true level is 1, ``(..., points, processes, windows)``.
        disturbed: what the protocol marked, likewise.
    """

    rates: np.ndarray
    disturbed: np.ndarray


def draw(noise: Components, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Speeds around a level of 1, ``shape`` being ``(..., points, processes, windows)``."""
    *sittings, _, processes, windows = shape
    logs = noise.process * rng.standard_normal((*shape[:-1], 1))
    logs = logs + _within(noise, (*shape[:-1], windows), rng)
    way = rng.choice([-1.0, 1.0], (*sittings, 1, 1, 1))
    return np.exp(logs + way * noise.drift * np.linspace(-0.5, 0.5, processes)[:, None])


def _within(noise: Components, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Scatter of windows within their processes, stationary from the first."""
    innovations = noise.window * rng.standard_t(noise.tail_freedom, shape)
    found = np.empty(shape)
    found[..., 0] = innovations[..., 0] / np.sqrt(1 - noise.autocorrelation**2)
    for k in range(1, shape[-1]):
        found[..., k] = noise.autocorrelation * found[..., k - 1] + innovations[..., k]
    return np.clip(found, -FARTHEST, FARTHEST)


def disturb(
    speeds: np.ndarray, burst: Burst, outside_load: float, rng: np.random.Generator
) -> Windows:
    """Let a burst hit a sitting, and mark windows as the protocol does.

    Args:
        speeds: ``(..., points, processes, windows)``.
        burst: it begins at a random round.
        outside_load: bound of the mark, cores.
        rng: of where it begins, and of the ticks that the system's clock is off.
    """
    *sittings, _, processes, _ = speeds.shape
    length = round(burst.share * processes)
    start = rng.integers(0, processes - length + 1, (*sittings, 1, 1, 1))
    rounds = np.arange(processes)[:, None]
    hit = np.broadcast_to((rounds >= start) & (rounds < start + length), speeds.shape)
    off = rng.uniform(-1, 1, speeds.shape) * disturbance.TICK / WINDOW_SECONDS
    seen = DataFrame({"outside_load": (burst.seen * hit + off).ravel()}).assign(
        seconds=WINDOW_SECONDS, core_slowdown=0.0
    )
    marked = disturbance.disturbed(seen, outside_load, np.inf).to_numpy().reshape(speeds.shape)
    return Windows(np.where(hit, (1 - burst.slowdown) * speeds, speeds), marked)


def estimate(samples: DataFrame) -> DataFrame:
    """Estimate the components of each kind of points of a campaign.

    Args:
        samples: every window of every point, as the campaign writes them.

    Returns:
        One row per machine, device and number of threads: the fields of :class:`Components`, what
        they come from, and ``start_seconds``, what a process takes before it warms up.

    Raises:
        UserError: too few windows or rounds.
    """
    windows = samples[samples.counted].groupby([*ARM, "process"]).size().min()
    rounds = samples["round"].nunique()
    if not (windows >= FEWEST_WINDOWS and rounds >= FEWEST_ROUNDS):
        raise UserError(
            f"noise: expected timings of at least {FEWEST_WINDOWS} windows per process and "
            f"{FEWEST_ROUNDS} rounds, found {windows:g} and {rounds}. Time them anew: "
            "snakemake --cores all speed --configfile config/noise.yaml"
        )
    kinds = samples.groupby(KIND, sort=True)
    return DataFrame([dict(zip(KIND, key, strict=True)) | _kind(part) for key, part in kinds])


def reference() -> DataFrame:
    """The noise of the machine that the suite was written on, as :func:`estimate` found it."""
    return csv_files.read(REFERENCE)


def named(rows: DataFrame) -> dict[str, Components]:
    """Name of each kind of points -> its components."""
    return {
        f"measured on {row.device}, threads {row.threads}": Components.of(row)
        for _, row in rows.iterrows()
    }


def _kind(samples: DataFrame) -> dict[str, float]:
    counted = samples[samples.counted]
    used = pd.concat([rates.used(part) for _, part in samples.groupby(ARM)])
    used = used.assign(log=np.log(used.num_tokens / used.seconds))
    process = [used[name] for name in [*ARM, "process"]]
    apart = used.log - used.log.groupby(process).transform("median")
    start = samples.initialisation_seconds + samples.first_step_seconds
    return {
        **_levels(used),
        **_scatter([group.to_numpy() for _, group in apart.groupby(process)]),
        "start_seconds": start.median(),
        "arms": samples.groupby(ARM).ngroups,
        "processes": samples.groupby([*ARM, "process"]).ngroups,
        "windows": len(counted),
        "outside_load": counted.outside_load.mean(),
        "disturbed_share": counted.disturbed.mean(),
    }


def _levels(used: DataFrame) -> dict[str, float]:
    """Scatter of processes and drift over rounds.

    What both halves of a process share is its own, and no scatter of windows: the variance of
    levels is the covariance of the medians of the halves. Arms and rounds are taken out first; of
    a single arm its rounds cannot be.
    """
    half = (used.groupby([*ARM, "process"]).window.rank(pct=True) > 0.5).rename("half")
    medians = used.groupby([*ARM, "round", half]).log.median().unstack("half").dropna()
    levels = medians - medians.groupby(ARM).transform("mean")
    arms, rounds = levels.groupby(ARM).ngroups, levels.groupby("round").mean().mean(axis=1)
    slope = np.polyfit(rounds.index, rounds, 1)[0]
    own = levels - levels.groupby("round").transform("mean") if arms > 1 else levels
    shared = own.prod(axis=1).sum() / ((len(rounds) - 1) * max(arms - 1, 1))
    drift = abs(slope) * (rounds.index.max() - rounds.index.min())
    return {"process": max(shared, 0.0) ** 0.5, "drift": drift}


def _scatter(groups: list[np.ndarray]) -> dict[str, float]:
    """Autocorrelation, scale and tails of windows within processes, each around its median.

    Around a centre of their own, n windows look less alike than they are, by (1 + 3 r) / n
    (Marriott & Pope, 1954).
    """
    from scipy.stats import t  # here: every job that draws would pay for it

    before = np.concatenate([group[:-1] for group in groups])
    after = np.concatenate([group[1:] for group in groups])
    found = (before @ after) / np.sqrt((before @ before) * (after @ after))
    windows = np.mean([len(group) for group in groups])
    alike = float(np.clip(found + (1 + 3 * found) / windows, 0, MOST_CORRELATED))
    freedom, _, scale = t.fit(after - alike * before, floc=0)
    return {"window": scale, "autocorrelation": alike, "tail_freedom": min(freedom, GAUSSIAN)}
