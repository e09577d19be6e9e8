"""Totals to metrics. Jobs store totals; a metric is a function of a table that holds them.

Every function takes a table (or one row of it) and returns a column (or one number).
"""

import math
from typing import Any

import numpy as np


def perplexity(total_nats: Any, num_tokens: Any) -> Any:
    """exp(total_nats / num_tokens); infinite where that overflows, NaN of no token."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.exp(np.asarray(total_nats, float) / np.asarray(num_tokens, float))


def bits_per_char(total_nats: Any, num_chars: Any) -> Any:
    """total_nats / ln 2 / num_chars; NaN of no character."""
    with np.errstate(invalid="ignore"):
        return np.asarray(total_nats, float) / math.log(2) / np.asarray(num_chars, float)


def share(part: Any, whole: Any) -> Any:
    """part / whole; NaN of nothing."""
    part, whole = np.asarray(part, float), np.asarray(whole, float)
    return np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)


def relative_difference(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Of two series of losses, ``(n,)`` each: 0 where both are lost, infinite where one is."""
    lost = ~np.isfinite(left) | ~np.isfinite(right)
    both = ~np.isfinite(left) & ~np.isfinite(right)
    with np.errstate(invalid="ignore"):
        apart = np.abs(left - right) / np.maximum(np.abs(left), np.abs(right))
    return np.where(both | (left == right), 0.0, np.where(lost, np.inf, apart))
