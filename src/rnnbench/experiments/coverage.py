"""How evenly a sampler reads a text: by enumeration of all offsets, and by simulation (d2l 8.3.4).

A position is read where it is in an ``X``; a start is where a column of an ``X`` begins.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from scipy.stats import chi2

from rnnbench.base import plugins

PLACES = 50  # bins of equal expected counts in the test of where subsequences start


def none(num_steps: int) -> np.ndarray:
    """No random offset: always 0."""
    return np.ones(1)


def uniform(num_steps: int) -> np.ndarray:
    """Each of 0 to num_steps - 1, as the samplers draw it."""
    return np.full(num_steps, 1 / num_steps)


def book(num_steps: int) -> np.ndarray:
    """Each of 0 to num_steps: the book's sequential partition, where the last repeats the first."""
    return np.full(num_steps + 1, 1 / (num_steps + 1))


def gaussian(num_steps: int) -> np.ndarray:
    """Normal about the middle, three standard deviations from end to end of each side."""
    middle = (num_steps - 1) / 2
    weights = np.exp(-(((np.arange(num_steps) - middle) / (num_steps / 6)) ** 2) / 2)
    return weights / weights.sum()


OFFSETS: dict[str, Callable[[int], np.ndarray]] = {
    draw.__name__: draw for draw in (none, uniform, book, gaussian)
}


def starts(
    sampler: str, sizes: tuple[int, int, int], weights: np.ndarray, share: bool = False
) -> np.ndarray:
    """Probability that a subsequence starts at each position in an epoch, ``(num_tokens,)``.

    Args:
        sampler: its name.
        sizes: num_tokens, batch_size, num_steps.
        weights: probability of each offset, from 0.
        share: of one subsequence drawn from the epoch instead, summing to 1.
    """
    of_offset = plugins.load("samplers", sampler).start_probability
    total = np.zeros(sizes[0])
    for offset, weight in enumerate(weights):
        found = of_offset(*sizes, offset)
        total += weight * (found / found.sum() if share else found)
    return total


def read(starting: np.ndarray, num_steps: int) -> np.ndarray:
    """Probability that each position is read: no token is read twice, so those of starts add up."""
    return np.convolve(starting, np.ones(num_steps))[: len(starting)]


def rows(
    samplers: Sequence[str], sizes: tuple[int, int, int], epochs: int, seed: int
) -> Iterator[dict[str, Any]]:
    """Yield one row per sampler and way to draw the offset; the samplers' own way is simulated."""
    for sampler in samplers:
        for name, draw in OFFSETS.items():
            found = summary(starts(sampler, sizes, draw(sizes[2])), sizes[2])
            if draw is uniform:
                found |= simulation(sampler, sizes, epochs, seed)
            keys = dict(zip(("num_tokens", "batch_size", "num_steps"), sizes, strict=True))
            yield {"sampler": sampler, "offsets": name, **keys, **found}


def summary(starting: np.ndarray, num_steps: int) -> dict[str, float]:
    """How even the probabilities of one epoch are.

    ``start_distance`` is the total variation distance of a start from one drawn uniformly out of
    all positions at which a subsequence and its last label fit: 0 is even, 1 as uneven as can be.
    """
    being_read = read(starting, num_steps)
    places = len(starting) - num_steps
    distance = np.abs(starting[:places] / starting.sum() - 1 / places).sum() / 2
    return {
        "unread_tokens": float(len(starting) - being_read.sum()),
        "read_min": float(being_read.min()),
        "read_median": float(np.median(being_read)),
        "read_max": float(being_read.max()),
        "never_read": int((being_read == 0).sum()),
        "start_distance": float(distance),
        "starts": int((starting > 0).sum()),
    }


def simulation(
    sampler: str, sizes: tuple[int, int, int], epochs: int, seed: int
) -> dict[str, float]:
    """Hold the sampler itself against its probabilities, by Pearson's chi-square.

    Of each epoch one subsequence is drawn, so that the draws are independent. ``p_places`` tests
    where in the text they start, ``p_phases`` on which position modulo num_steps.
    """
    expected = epochs * starts(sampler, sizes, uniform(sizes[2]), share=True)
    drawn = np.bincount(_drawn_starts(sampler, sizes, epochs, seed), minlength=sizes[0])
    positions = np.arange(sizes[0])
    places = np.minimum(np.cumsum(expected) * PLACES // epochs, PLACES - 1).astype(int)
    found: dict[str, float] = {"epochs": epochs}
    for name, bins in (("places", places), ("phases", positions % sizes[2])):
        found[f"p_{name}"] = pearson(np.bincount(bins, drawn), np.bincount(bins, expected))
    return found


def pearson(counts: np.ndarray, expected: np.ndarray) -> float:
    """Probability of counts as far from the expected ones, or farther, ``(bins,)`` each."""
    used = expected > 0
    if counts[~used].any():
        return 0.0
    statistic = ((counts[used] - expected[used]) ** 2 / expected[used]).sum()
    return float(chi2.sf(statistic, used.sum() - 1))


def _drawn_starts(sampler: str, sizes: tuple[int, int, int], epochs: int, seed: int) -> np.ndarray:
    """The start of one subsequence of each epoch over the text 0, 1, 2, ..., ``(epochs,)``."""
    num_tokens, batch_size, num_steps = sizes
    minibatches = plugins.load("samplers", sampler).minibatches
    generator, text = np.random.Generator(np.random.PCG64(seed)), torch.arange(num_tokens)
    found = np.empty(epochs, np.int64)
    for epoch in range(epochs):
        firsts = [X[0] for X, _ in minibatches(text, batch_size, num_steps, generator)]
        found[epoch] = torch.cat(firsts)[generator.integers(len(firsts) * batch_size)]
    return found
