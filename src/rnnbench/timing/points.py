"""Points of a campaign: what is timed, and what is known of it so far."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import pandas as pd
from pandas import DataFrame

from rnnbench.base import presets
from rnnbench.base.parameters import MEASURED, SIZES, TIMED, TimingConfig

ADDRESS = (*TIMED, *SIZES)
CONTENT = ("variant", "implementation", "device", "dtype", *SIZES)
ARMS = "ab"


@dataclass(frozen=True)
class Protocol:
    """How a campaign goes about it."""

    processes: int  # fresh processes of each point and sitting
    sittings: int  # how often all points are timed, minutes each and hours apart
    # variants whose points by their own implementation are timed twice, as arms a and b
    twins: Sequence[str]
    seed: int  # of the order


@dataclass(frozen=True, order=True)
class Place:
    """One process of a point."""

    sitting: int  # number of its sitting, from 1
    round: int  # of the sitting, from 1
    process: int  # its number within the sitting, from 1; of a twin two belong to a round


@dataclass
class Point:
    """What is timed, and what is known of it."""

    timing: TimingConfig  # its parameters; those of process 1
    source_sha256: str  # of the code that decides the number
    protocol: Protocol  # of the campaign
    # sitting and process -> its row
    done: dict[tuple[int, int], DataFrame] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)  # what each process took, start to end
    # status, reason: why it is not timed, if so
    status: str = MEASURED
    reason: str = ""

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

    def lacking(self) -> Iterator[Place]:
        """Processes that are still to be measured."""
        if self.status != MEASURED:
            return
        for sitting in range(1, self.protocol.sittings + 1):
            for process in range(1, self.protocol.processes * self.arms + 1):
                if (sitting, process) not in self.done:
                    yield Place(sitting, self.round_of(process), process)

    def round_of(self, process: int) -> int:
        """Number of the round that a process belongs to."""
        return (process - 1) // self.arms + 1

    def at(self, process: int) -> TimingConfig:
        """Parameters of one of its processes."""
        return replace(self.timing, process=process)

    def take(self, sitting: int, process: int, rows: DataFrame, began: str, seconds: float) -> None:
        """Add what a process measured: when its campaign began, and how long the process took."""
        arm = ARMS[(process - 1) % self.arms]
        facts = {"sitting": sitting, "sitting_began": began}
        facts |= {"round": self.round_of(process), "arm": arm}
        self.done[sitting, process] = rows.assign(**facts)
        self.seconds.append(seconds)

    def samples(self) -> DataFrame:
        """One row per process, in their order."""
        return pd.concat([rows for _, rows in sorted(self.done.items())], ignore_index=True)

    def row(self) -> dict[str, Any]:
        """What became of it."""
        told = {"status": self.status, "reason": self.reason or None}
        return {key: getattr(self.timing, key) for key in ADDRESS} | told
