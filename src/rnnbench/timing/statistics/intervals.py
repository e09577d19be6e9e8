"""Intervals of rates that come in groups of windows: the probes', and those of pairs of runs.

What repeats is the group, a process: windows of one share its memory layout and its moment, so they
are summed up by their median before anything is said of the scatter. A level is the mean of the
logs of these medians, and its interval Student's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnnbench.timing.statistics import estimates

FEWEST_PROCESSES = 3  # of fewer there is no interval
Samples = Mapping[Any, np.ndarray]  # process -> its samples, (windows,)


@dataclass(frozen=True)
class Interval:
    """A level with its 95 % interval."""

    estimate: float  # geometric mean over processes of the median of their samples
    # low, high: ends of the interval; NaN for fewer than FEWEST_PROCESSES
    low: float
    high: float
    n: int  # number of samples
    processes: int  # number of processes they come from


def interval(samples: Samples) -> Interval:
    """Bound the level of samples that come in processes.

    Args:
        samples: process -> its samples, ``(windows,)``; above 0.
    """
    logs = np.log([np.median(np.asarray(windows, float)) for windows in samples.values()])
    n, low, high = len(logs), np.nan, np.nan
    if n >= FEWEST_PROCESSES:
        low, high = estimates.mean(logs).interval()
    return Interval(float(np.exp(logs.mean())), low, high, sum(map(len, samples.values())), n)
