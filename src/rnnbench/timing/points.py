"""Points of a campaign: what is timed, and what is known of it so far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import pandas as pd
from pandas import DataFrame, Series

from rnnbench.base import presets
from rnnbench.base.parameters import MEASURED, SIZES, TIMED, TimingConfig
from rnnbench.timing import disturbance
from rnnbench.timing.statistics import intervals, rates
from rnnbench.timing.statistics.intervals import Level

ADDRESS = (*TIMED, *SIZES)
CONTENT = ("variant", "implementation", "device", "dtype", *SIZES)


@dataclass(frozen=True)
class Protocol:
    """How a campaign goes about it.

    Attributes:
        processes_min: rounds of the pilot.
        precision: a point is known well enough when its interval reaches no further than this
            share of its median to either side.
        most_seconds: no process is to end later than this, but for the pilot.
        outside_load: windows with more cores kept busy by others are marked as disturbed.
        core_slowdown: so are those around which the cores were slower by more than this share.
        twins: variants whose points by their own implementation are timed twice, as arms a and b.
        seed: of the order.
    """

    processes_min: int
    precision: float
    most_seconds: float
    outside_load: float
    core_slowdown: float
    twins: Sequence[str]
    seed: int


def unknown() -> Series:
    """The pace of calm cores before anything was timed."""
    return Series(dtype=float)


@dataclass
class Point:
    """What is timed, and what is known of it.

    Attributes:
        timing: its parameters; those of process 1.
        source_sha256: of the code that decides the number.
        protocol: of the campaign.
        done: number of a process -> its windows.
        seconds: what each process took, start to end.
        status, reason: why it is not timed, if so.
        calm: the pace of calm cores by number of threads, as far as known.
        disturbed_rounds: rounds, by this pace, in which all of an arm was disturbed.
    """

    timing: TimingConfig
    source_sha256: str
    protocol: Protocol
    done: dict[int, DataFrame] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    status: str = MEASURED
    reason: str = ""
    calm: Series = field(default_factory=unknown)
    disturbed_rounds: int = 0

    @classmethod
    def of(cls, row: Mapping[str, Any], source_sha256: str, protocol: Protocol) -> Self:
        """Build from the row of a study."""
        return cls(TimingConfig.from_strings(row), source_sha256, protocol)

    def __str__(self) -> str:
        return " ".join(f"{key}={getattr(self.timing, key)}" for key in ADDRESS[1:])

    @property
    def content(self) -> tuple[Any, ...]:
        """What must be correct before it is timed."""
        return tuple(getattr(self.timing, key) for key in CONTENT)

    @property
    def arms(self) -> int:
        """Processes per round: of a twin two, odd numbers arm a and even ones arm b."""
        own = self.timing.implementation == presets.own(self.timing.variant)
        return 2 if own and self.timing.variant in self.protocol.twins else 1

    @property
    def rounds(self) -> int:
        """Whole rounds that are done, without a gap."""
        missing = (k for k in range(1, len(self.done) + 2) if k not in self.done)
        return (next(missing) - 1) // self.arms

    @property
    def piloted(self) -> bool:
        return self.pilot_left() == 0

    @property
    def kind(self) -> tuple[str, int]:
        """Points of one kind are about equally noisy."""
        return self.timing.device, self.timing.threads

    @property
    def level(self) -> Level:
        """Where it lies, by the windows that count."""
        return intervals.level(intervals.log_medians(rates.by_process(rates.used(self.windows()))))

    def precise(self, usual: Mapping[tuple[str, int], float]) -> bool:
        """Whether it is known well enough, where so much scatter is :func:`usual_scatter`."""
        return bool(intervals.reach(self.level, usual[self.kind]) <= self.protocol.precision)

    def ended(self, usual: Mapping[tuple[str, int], float]) -> str:
        """What ended the measurement."""
        if self.status != MEASURED:
            return f"not timed: {self.reason}"
        return "precision" if self.precise(usual) else "time cap"

    @property
    def round_seconds(self) -> float:
        """What a round of this point takes."""
        return self.arms * float(np.mean(self.seconds))

    def process(self, number: int) -> TimingConfig:
        """Parameters of one of its processes."""
        return replace(self.timing, process=number)

    def take(self, number: int, rows: DataFrame, sitting: str, seconds: float) -> None:
        """Add the windows of a process: when its campaign began, and how long it took."""
        self.done[number] = rows.assign(sitting=sitting)
        self.seconds.append(seconds)

    def know_calm(self, calm: Series) -> None:
        """Mark by this pace from now on."""
        self.calm = calm
        if self.done:
            windows = self.windows()
            arms = windows[windows.counted].groupby(["round", "arm"]).disturbed.all()
            self.disturbed_rounds = int(arms.groupby("round").any().sum())

    def lacking(self) -> list[int]:
        """Processes of the next round that are still to be measured."""
        first = self.rounds * self.arms + 1
        return [k for k in range(first, first + self.arms) if k not in self.done]

    @property
    def pilot_rounds(self) -> int:
        """Rounds of the pilot: one more for each that was disturbed, at most twice as many."""
        least = self.protocol.processes_min
        return min(least + self.disturbed_rounds, 2 * least)

    def pilot_left(self) -> int:
        """Processes that the pilot still lacks."""
        asked = range(1, self.pilot_rounds * self.arms + 1)
        return sum(k not in self.done for k in asked) if self.status == MEASURED else 0

    def windows(self) -> DataFrame:
        """All windows: their round, their arm, and whether others disturbed them."""
        parts = [
            part.assign(round=(number - 1) // self.arms + 1, arm="ab"[(number - 1) % self.arms])
            for number, part in sorted(self.done.items())
        ]
        windows = pd.concat(parts, ignore_index=True)
        windows["core_slowdown"] = disturbance.core_slowdown(windows, self.calm)
        bounds = self.protocol.outside_load, self.protocol.core_slowdown
        return windows.assign(disturbed=disturbance.disturbed(windows, *bounds))

    def row(self, usual: Mapping[tuple[str, int], float]) -> dict[str, Any]:
        """What became of it."""
        return {key: getattr(self.timing, key) for key in ADDRESS} | {
            "status": self.status,
            "reason": self.reason or None,
            "ended": self.ended(usual),
            "rounds": self.rounds,
        }


def know_calm(points: Sequence[Point]) -> None:
    """Tell every point the pace of calm cores, by all windows that count of all points."""
    parts = [part[part.counted] for point in points for part in point.done.values()]
    calm = disturbance.calm_pace(pd.concat(parts)) if parts else unknown()
    for point in points:
        point.know_calm(calm)


def usual_scatter(points: Sequence[Point]) -> dict[tuple[str, int], float]:
    """Kind of points -> the median variance of a process among those that are past their pilot."""
    found: dict[tuple[str, int], list[float]] = {}
    for point in points:
        if point.status == MEASURED and point.piloted:
            found.setdefault(point.kind, []).append(float(point.level.scatter))
    return {kind: float(np.median(scatters)) for kind, scatters in found.items()}
