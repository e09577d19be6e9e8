"""Intervals of measured rates."""

from dataclasses import dataclass

import numpy as np

RESAMPLES = 2000


@dataclass(frozen=True)
class Interval:
    """A median with its 95 % interval.

    Attributes:
        median: of all samples.
        low, high: ends of the interval.
        n: number of samples.
        processes: number of processes they come from.
    """

    median: float
    low: float
    high: float
    n: int
    processes: int


def hierarchical_bootstrap(
    samples: dict[object, np.ndarray], generator: np.random.Generator
) -> Interval:
    """Bound the median of samples that come in processes (Kalibera & Jones, 2013).

    Processes are drawn with replacement, then windows within each drawn process; the interval is
    the central 95 % of the medians. No normality is assumed. With few processes it is too narrow
    at times, so n and the number of processes belong beside it wherever it is shown.

    Args:
        samples: process -> its samples, ``(windows,)``.
        generator: source of the resampling.
    """
    groups = [np.asarray(group, float) for group in samples.values()]
    pooled = np.concatenate(groups)
    medians = np.empty(RESAMPLES)
    for i in range(RESAMPLES):
        drawn = [groups[k] for k in generator.integers(len(groups), size=len(groups))]
        windows = [group[generator.integers(len(group), size=len(group))] for group in drawn]
        medians[i] = np.median(np.concatenate(windows))
    low, high = np.quantile(medians, [0.025, 0.975])
    return Interval(float(np.median(pooled)), float(low), float(high), len(pooled), len(groups))
