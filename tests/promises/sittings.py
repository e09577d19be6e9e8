"""Simulated windows to levels of processes, by the rules of a campaign; many sittings at once.

Levels are logs, ``(..., points, processes)``. A process that is lacking, because it was never
measured or because nothing of it counts, is NaN.
"""

import numpy as np

from rnnbench.timing.statistics import intervals, rates, ratios

from .noise_model import Windows


def levels(speeds: np.ndarray) -> np.ndarray:
    """Log of the median of each process of windows that nothing disturbed."""
    return np.log(np.median(speeds, axis=-1))


def marked_levels(windows: Windows) -> tuple[np.ndarray, np.ndarray]:
    """The same of windows that count by :func:`rnnbench.timing.statistics.rates.used`.

    Returns:
        The levels, and for each point whether disturbed windows had to be used, ``(..., points)``.
    """
    calm = ~windows.disturbed
    enough = calm.sum((-2, -1)) >= rates.FEWEST_WINDOWS
    enough &= calm.any(-1).sum(-1) >= intervals.FEWEST_PROCESSES
    counts = calm | ~enough[..., None, None]
    ordered = np.sort(np.where(counts, windows.rates, np.inf), axis=-1)
    n = counts.sum(-1, keepdims=True)
    middle = [np.take_along_axis(ordered, np.maximum(k, 0), -1) for k in ((n - 1) // 2, n // 2)]
    medians = np.where(n > 0, sum(middle) / 2, np.nan)[..., 0]
    return np.log(medians), ~enough & windows.disturbed.any((-2, -1))


def stop(logs: np.ndarray, processes_min: int, precision: float) -> np.ndarray:
    """Take away what a campaign does not measure: rounds of points that are known well enough.

    Time never ends it; what is left after the last round is all that there is.

    Args:
        logs: levels of one kind of points, none lacking.
        processes_min: rounds of the pilot.
        precision: as :class:`rnnbench.timing.points.Protocol` has it.
    """
    rounds = np.full(logs.shape[:-1], logs.shape[-1])
    scatter = np.zeros(logs.shape[:-1])
    active = np.ones(logs.shape[:-1], bool)
    for k in range(processes_min, logs.shape[-1]):
        found = intervals.level(logs[..., :k])
        scatter = np.where(active, found.scatter, scatter)
        usual = np.median(scatter, axis=-1, keepdims=True)
        precise = active & (intervals.reach(found, usual) <= precision)
        rounds[precise] = k
        active &= ~precise
    return np.where(np.arange(logs.shape[-1]) < rounds[..., None], logs, np.nan)


def contrast(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """:func:`rnnbench.timing.statistics.ratios.contrast` where processes may be lacking.

    Returns:
        Ratio, low, high and p, ``(4, ..., points)``.
    """
    above, below = np.sort(above, axis=-1), np.sort(below, axis=-1)  # NaN comes last
    counts = np.stack([(~np.isnan(arm)).sum(-1) for arm in (above, below)], axis=-1)
    found = np.full((4, *counts.shape[:-1]), np.nan)
    for i, j in np.unique(counts.reshape(-1, 2), axis=0):
        here = (counts == (i, j)).all(-1)
        found[:, here] = ratios.contrast(above[here][:, :i], below[here][:, :j])
    return found
