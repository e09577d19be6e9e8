"""CPU time that others take while this process measures."""

import os
import time
from dataclasses import dataclass
from typing import Self

import psutil

TICK = 1 / os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 0.01  # seconds
UNCOUNTED = {"idle", "iowait", "guest", "guest_nice"}  # a guest's time is in user's already


@dataclass(frozen=True)
class Clock:
    """A reading of the three clocks, seconds.

    Attributes:
        wall: monotonic time.
        busy: CPU time of everybody on the cores this process may use, time that a hypervisor gave
            to other machines included.
        own: CPU time of this process, all threads.
    """

    wall: float
    busy: float
    own: float

    @classmethod
    def read(cls) -> Self:
        return cls(time.perf_counter(), busy_seconds(), time.process_time())

    def outside_load(self, since: Self) -> float:
        """Cores that others kept busy between two readings.

        The system counts in ticks (10 ms on Linux), so a short span may read a tick too much or too
        little, and below 0; the mean over many spans is right.
        """
        outside = (self.busy - since.busy) - (self.own - since.own)
        return outside / (self.wall - since.wall)


def busy_seconds() -> float:
    """CPU time that was not idle, since the system started."""
    return sum(
        seconds
        for core in usable(psutil.cpu_times(percpu=True))
        for name, seconds in core._asdict().items()
        if name not in UNCOUNTED
    )


def usable(cores: list) -> list:
    """Those of all cores that this process may run on."""
    if not hasattr(os, "sched_getaffinity"):
        return cores
    return [cores[k] for k in os.sched_getaffinity(0) if k < len(cores)]
