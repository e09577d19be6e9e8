"""Estimates of the Zipf exponent against the truth, on texts of independent words."""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np

from rnnbench.text import zipf


def text(
    alpha: float, lexicon_size: int, tokens: int, generator: np.random.Generator, shift: float = 0.0
) -> zipf.Spectrum:
    """Counts of ``tokens`` independent words with p(rank) ∝ (rank + shift)^(-alpha)."""
    weights = (np.arange(1.0, lexicon_size + 1) + shift) ** -alpha
    counts = generator.multinomial(tokens, weights / weights.sum())
    return zipf.Spectrum.of(counts[counts > 0])


def rows(
    alphas: Sequence[float],
    lexicon_size: int,
    tokens: Sequence[int],
    seeds: Sequence[int],
    estimators: Sequence[str],
) -> Iterator[dict[str, Any]]:
    """Yield estimate minus truth, per true exponent, length of text, seed and estimator."""
    for alpha, length, seed in product(alphas, tokens, seeds):
        generator = np.random.Generator(np.random.PCG64(seed))
        spectrum = text(alpha, lexicon_size, length, generator)
        for name in estimators:
            found = zipf.fit(name, spectrum)
            yield {
                "alpha": float(alpha),
                "lexicon_size": lexicon_size,
                "tokens": length,
                "seed": seed,
                "estimator": name,
                "exponent": found.exponent,
                "bias": found.exponent - alpha,
                "n_types": spectrum.n_types,
                "status": found.status,
            }
