"""Variances of many alike things, each from few numbers, drawn towards what is usual among them.

Smyth (2004, Statistical Applications in Genetics and Molecular Biology 3:3): true variances scatter
as if each had been estimated before, by ``usual`` with ``freedom`` degrees; both come from how far
apart the found ones lie. Where these scatter no more than chance alone would have it, all are one.
"""

import math

import numpy as np

STEPS = 50
LARGEST = 1e6  # degrees of freedom: as good as infinitely many


def moderated(variances: np.ndarray, freedom: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Variances drawn together, and their degrees of freedom.

    Args:
        variances: as found, ``(N,)``; 0 counts as next to nothing.
        freedom: their degrees, ``(N,)``; of one with none only the others tell.
    """
    known = freedom > 0
    if not known.any():
        return np.full(len(variances), np.nan), np.zeros(len(variances))
    usual, before = prior(variances[known], freedom[known])
    found = np.where(known, variances, 0.0)
    together = (before * usual + freedom * found) / np.maximum(before + freedom, 1e-30)
    return together, np.minimum(freedom + before, freedom.sum())


def prior(variances: np.ndarray, freedom: np.ndarray) -> tuple[float, float]:
    """The usual variance and its degrees of freedom, by the moments of logs (Smyth, section 6.2).

    Args:
        variances, freedom: ``(N,)``, both above 0; a variance of 0 is lifted to next to nothing.
    """
    from scipy.special import digamma, polygamma  # here: every reader of a table would pay for it

    variances = np.maximum(variances, 1e-5 * max(float(np.median(variances)), 1e-30))
    e = np.log(variances) - digamma(freedom / 2) + np.log(freedom / 2)
    mean = float(e.mean())
    if len(e) < 2:
        return math.exp(mean), 0.0
    beyond = float(np.sum((e - mean) ** 2) / (len(e) - 1) - polygamma(1, freedom / 2).mean())
    if beyond <= 0:
        return float(np.average(variances, weights=freedom)), LARGEST
    before = min(2 * inverse_trigamma(beyond), LARGEST)
    return math.exp(mean + digamma(before / 2) - math.log(before / 2)), before


def inverse_trigamma(value: float) -> float:
    """The x of which the trigamma function is ``value``, by Newton's method (Smyth, appendix)."""
    from scipy.special import polygamma

    x = 0.5 + 1 / value
    for _ in range(STEPS):
        trigamma = float(polygamma(1, x))
        step = trigamma * (1 - trigamma / value) / float(polygamma(2, x))
        x += step
        if -step / x < 1e-8:
            break
    return x
