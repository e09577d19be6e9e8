"""Zipf exponents of a rank-frequency curve (d2l chapter 8.3).

Every estimator takes the counts of the distinct types, ``(V,)``, most frequent first, and returns
alpha of  frequency ∝ rank^(-alpha). Each is a descriptive statistic of the text at its length.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.stats import t as student_t

MIN_TYPES = 50  # below this, as with single characters, a power law over ranks means nothing


def ols(counts: np.ndarray) -> float:
    """Slope of the least-squares line of log count on log rank over all ranks (the book's line)."""
    log_rank = np.log(np.arange(1, len(counts) + 1))
    return float(-np.polyfit(log_rank, np.log(counts), 1)[0])


def rank_mle(counts: np.ndarray) -> float:
    """Maximum likelihood of tokens with p(rank) = rank^(-alpha) / sum over the observed ranks.

    Hanel, Corominas-Murtra, Liu & Thurner (2017), "Fitting power-laws in empirical data with
    estimators that work for all exponents", PLoS ONE 12(2): e0170920.
    """
    log_rank = np.log(np.arange(1, len(counts) + 1))
    mean_log_rank = float(np.average(log_rank, weights=counts))

    def mean_nats(alpha: float) -> float:
        return alpha * mean_log_rank + float(np.log(np.exp(-alpha * log_rank).sum()))

    return float(minimize_scalar(mean_nats, bounds=(0.0, 10.0), method="bounded").x)


ESTIMATORS: dict[str, Callable[[np.ndarray], float]] = {"ols": ols, "rank_mle": rank_mle}


@dataclass(frozen=True)
class Estimate:
    """An exponent with its 95 % interval; all NaN where ``status`` is not ``estimated``."""

    estimator: str
    exponent: float
    low: float
    high: float
    n_types: int
    status: str


def estimate(name: str, counts: np.ndarray, without_block: Iterable[np.ndarray]) -> Estimate:
    """Estimate with a delete-a-block jackknife interval.

    Args:
        name: one of :data:`ESTIMATORS`.
        counts: counts of the whole text, most frequent first, ``(V,)``.
        without_block: the same of the text without each of its contiguous blocks.
    """
    if len(counts) < MIN_TYPES:
        status = f"no exponent: fewer than {MIN_TYPES} types"
        return Estimate(name, np.nan, np.nan, np.nan, len(counts), status)
    estimator = ESTIMATORS[name]
    exponent = estimator(counts)
    replicates = np.array([estimator(rest) for rest in without_block])
    half = jackknife_half_width(replicates)
    return Estimate(name, exponent, exponent - half, exponent + half, len(counts), "estimated")


def jackknife_half_width(replicates: np.ndarray) -> float:
    """Half of the 95 % interval from delete-a-block replicates, ``(blocks,)`` (Tukey 1958)."""
    blocks = len(replicates)
    spread = (replicates - replicates.mean()) ** 2
    standard_error = np.sqrt((blocks - 1) / blocks * spread.sum())
    return float(student_t.ppf(0.975, blocks - 1) * standard_error)
