"""Intervals of measured rates, their ratio, and a test for drift."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 2000
Samples = Mapping[object, np.ndarray]  # process -> its samples, (windows,)


@dataclass(frozen=True)
class Interval:
    """A median, or a ratio of medians, with its 95 % interval.

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

    @property
    def reach(self) -> float:
        """The farther end's distance from the median, as a share of the median."""
        return max(self.high - self.median, self.median - self.low) / self.median


@dataclass(frozen=True)
class Drift:
    """A trend within processes.

    Attributes:
        share: change from the first window to the last, as a share of the median.
        p: probability of a trend as strong in windows of random order.
    """

    share: float
    p: float


def hierarchical_bootstrap(samples: Samples, generator: np.random.Generator) -> Interval:
    """Bound the median of samples that come in processes (Kalibera & Jones, 2013).

    Processes are drawn with replacement, then windows within each drawn process; the interval is
    the central 95 % of the medians. No normality is assumed. With few processes it is too narrow
    at times, so n and the number of processes belong beside it wherever it is shown.

    Args:
        samples: process -> its samples, ``(windows,)``.
        generator: source of the resampling.
    """
    medians, pooled = resampled_medians(samples, generator), _pool(samples)
    low, high = np.quantile(medians, [0.025, 0.975])
    return Interval(float(np.median(pooled)), float(low), float(high), len(pooled), len(samples))


def ratio(above: Samples, below: Samples, generator: np.random.Generator) -> Interval:
    """Bound the ratio of two medians, each resampled by itself as above; n counts both."""
    upper, lower = (resampled_medians(arm, generator) for arm in (above, below))
    low, high = np.quantile(upper / lower, [0.025, 0.975])
    found = np.median(_pool(above)) / np.median(_pool(below))
    n = len(_pool(above)) + len(_pool(below))
    return Interval(float(found), float(low), float(high), n, len(above) + len(below))


def resampled_medians(samples: Samples, generator: np.random.Generator) -> np.ndarray:
    """Medians of RESAMPLES draws of processes and of windows within them, ``(RESAMPLES,)``."""
    groups = [np.asarray(group, float) for group in samples.values()]
    sizes = np.array([len(group) for group in groups])
    longest = sizes.max()
    table = np.full((len(groups), longest), np.nan)  # (processes, windows), filled up with NaN
    for row, group in zip(table, groups, strict=True):
        row[: len(group)] = group
    drawn = generator.integers(len(groups), size=(RESAMPLES, len(groups)))
    share = generator.random((RESAMPLES, len(groups), longest))
    windows = (share * sizes[drawn][..., None]).astype(int)
    values = table[drawn[..., None], windows]
    values[np.arange(longest) >= sizes[drawn][..., None]] = np.nan  # a draw is as long as its group
    flat = values.reshape(RESAMPLES, -1)
    return np.nanmedian(flat, axis=1) if (sizes < longest).any() else np.median(flat, axis=1)


def drift(samples: Samples) -> Drift:
    """Test for a trend within processes: Mann & Kendall's, summed over processes.

    The change is the median slope over all pairs of windows (Theil & Sen), each process relative
    to its own median, so that differences between processes are no trend.
    """
    groups = [np.asarray(group, float) for group in samples.values()]
    total = sum(kendall(group) for group in groups)
    variance = sum(n * (n - 1) * (2 * n + 5) / 18 for n in map(len, groups))
    if variance == 0:
        return Drift(0.0, 1.0)
    z = max(abs(total) - 1, 0) / math.sqrt(variance)
    slopes = np.concatenate([_slopes(group / np.median(group)) for group in groups])
    last = max(map(len, groups)) - 1
    return Drift(float(np.median(slopes)) * last, math.erfc(z / math.sqrt(2)))


def kendall(values: Sequence[float]) -> int:
    """Pairs in which the later value is the larger one, less those in which it is the smaller."""
    values = np.asarray(values, float)
    return int(np.triu(np.sign(values[None, :] - values[:, None]), 1).sum())


def _slopes(values: np.ndarray) -> np.ndarray:
    first, second = np.triu_indices(len(values), 1)
    return (values[second] - values[first]) / (second - first)


def _pool(samples: Samples) -> np.ndarray:
    return np.concatenate([np.asarray(group, float) for group in samples.values()])
