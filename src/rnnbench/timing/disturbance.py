"""What others take of the machine while this process measures: CPU time, cores' speed, the GPU."""

import os
import time
from dataclasses import dataclass
from typing import Any, Self

import pandas as pd
import psutil
from pandas import DataFrame, Series

TICK = 1 / os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 0.01  # seconds
CALM = 0.05  # quantile
OUTSIDE_LOAD = 0.1  # cores that others may keep busy during a window
CORE_SLOWDOWN = 0.1  # how much slower than calm the cores may be around it, as a share
HEAT_OR_FAULT = "hardware|thermal|brake"  # reasons why a GPU is slower than under its own load
LIMITED = f"{HEAT_OR_FAULT}|power cap|clocks|boost"
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


def calm_pace(windows: DataFrame) -> Series:
    """The pace of the cores while nobody slows them, ``pace_seconds`` by number of threads.

    Nearly the fastest of all: few windows are calm where a neighbour works most of the time.
    """
    return windows.groupby("threads").pace_seconds.quantile(CALM)


def core_slowdown(windows: DataFrame, calm: Series) -> Series:
    """How much slower than calm the cores were around each window, as a share; NaN if not told."""
    return windows.pace_seconds / windows.threads.map(calm) - 1


def disturbed(windows: DataFrame) -> Series:
    """Whether others kept cores busy during each window, or slowed them or the GPU.

    A window counts as disturbed by load only if the excess is more than one tick of the system's
    clock. Processes of one's own that run side by side are others to each other, and are no
    disturbance.

    Args:
        windows: with ``outside_load``, ``core_slowdown`` and ``seconds``; ``parallel`` where there
            are several; ``plain_seconds`` where that is the length and ``seconds`` a part; and the
            conditions of the GPU where it was at work.
    """
    siblings = windows["parallel"] - 1 if "parallel" in windows else 0
    seconds = windows["plain_seconds" if "plain_seconds" in windows else "seconds"]
    loaded = windows.outside_load - siblings - TICK / seconds > OUTSIDE_LOAD
    slowed = (windows.core_slowdown > CORE_SLOWDOWN) | _says(windows, HEAT_OR_FAULT)
    return loaded | slowed | gpu_shared(windows)


def gpu_shared(rows: DataFrame) -> Series:
    """Whether another process than the timed one was on the GPU; False where there is none."""
    there = rows.get("gpu_processes", Series(1, rows.index))
    return pd.to_numeric(there, errors="coerce") > 1


def of_gpu(samples: DataFrame) -> list[str]:
    """Say what was done to the GPU under the load of timed processes, one row each."""
    if "gpu_processes" not in samples:
        return []
    timed = samples[samples.device == "cuda"]
    shared, reasons = int(gpu_shared(timed).sum()), timed[_says(timed, LIMITED)]
    said = [f"others were on the GPU beside {shared} of {len(timed)} processes timed on it"]
    said += [
        f"the GPU was slowed under {number} of {len(timed)} processes timed on it: {why}"
        for why, number in reasons.gpu_throttle_reasons.value_counts().items()
    ]
    return said[not shared :]


def _says(rows: DataFrame, words: str) -> Series:
    return rows.get("gpu_throttle_reasons", Series("", rows.index)).astype(str).str.contains(words)


def busy_seconds() -> float:
    """CPU time that was not idle, since the system started."""
    return sum(
        seconds
        for core in usable(psutil.cpu_times(percpu=True))
        for name, seconds in core._asdict().items()
        if name not in UNCOUNTED
    )


def usable(cores: list[Any]) -> list[Any]:
    """Those of all cores that this process may run on."""
    if not hasattr(os, "sched_getaffinity"):
        return cores
    return [cores[k] for k in os.sched_getaffinity(0) if k < len(cores)]
