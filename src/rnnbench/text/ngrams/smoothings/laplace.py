"""Laplace smoothing towards the unigram, the book's recursion (d2l chapter 8.3).

P(x) = (n(x) + e1 / m) / (n + e1), where m is the size of the vocabulary with ``<unk>``;
P(x' | x) = (n(x, x') + e2 P(x')) / (n(x) + e2);
P(x'' | x, x') = (n(x, x', x'') + e3 P(x'')) / (n(x, x') + e3).
Each order falls back to the unigram, not to the order below it, and orders above 3 go on the same
way, each with an epsilon of its own. n of a context counts its occurrences that are followed by a
token, all but one at the very end of the text, so that probabilities sum to 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from rnnbench.text.closed import ClosedText
from rnnbench.text.ngrams.context_tree import Tree
from rnnbench.text.ngrams.smoothings import grow

SETTINGS = ("epsilons",)
LOG_EPSILONS = (np.log(1e-3), np.log(1e7))  # where a fit looks


@dataclass(frozen=True)
class Model:
    """Counts of a text and the two epsilons that the order needs, the unigram's and its own."""

    tree: Tree
    order: int
    unigram_epsilon: float
    epsilon: float

    @property
    def parameters(self) -> str:
        first = f"e1={self.unigram_epsilon:.4g}"
        return first if self.order == 1 else f"{first} e{self.order}={self.epsilon:.4g}"

    def probability(self, grams: np.ndarray) -> np.ndarray:
        """Of the last token of each n-gram ``(M, order)`` after the others, ``(M,)``."""
        uniform = 1 / self.tree.vocab_size
        unigram = _smoothed(*_counts(self.tree, grams[:, -1:]), self.unigram_epsilon, uniform)
        if self.order == 1:
            return unigram
        return _smoothed(*_counts(self.tree, grams), self.epsilon, unigram)


def models(
    text: ClosedText, orders: Sequence[int], epsilons: Sequence[float] | str
) -> dict[int, Model]:
    """Train a model of each order.

    Args:
        text: its training part is counted.
        orders: lengths of n-grams.
        epsilons: of orders 1, 2, ...; ``auto``: those that make the last ``heldout_share`` of the
            training part likeliest after the rest of it.
    """
    auto = isinstance(epsilons, str)
    known = fit(text.inner(), orders) if auto else dict(enumerate(map(float, epsilons), start=1))
    tree = grow(text, orders)
    return {order: Model(tree, order, known[1], known[order]) for order in orders}


def fit(text: ClosedText, orders: Sequence[int]) -> dict[int, float]:
    """Epsilon of each order that makes the held-out part likeliest; that of order 1 comes first."""
    tree, start = grow(text, orders), text.heldout.start
    grams = _ending_from(text.ids, start, 1)
    fitted = {1: _likeliest(*_counts(tree, grams), 1 / tree.vocab_size)}
    for order in sorted(set(orders) - {1}):
        grams = _ending_from(text.ids, start, order)
        unigram = Model(tree, 1, fitted[1], fitted[1]).probability(grams)
        fitted[order] = _likeliest(*_counts(tree, grams), unigram)
    return fitted


def _ending_from(ids: np.ndarray, start: int, order: int) -> np.ndarray:
    """The n-grams ``(M, order)`` that end at ``start`` or later."""
    if len(ids) < order:
        return np.empty((0, order), np.int64)
    return np.lib.stride_tricks.sliding_window_view(ids, order)[max(0, start - order + 1) :]


def _counts(tree: Tree, grams: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Occurrences of each n-gram and of its context before a token, ``(M,)`` each."""
    order = grams.shape[1]
    counts = tree.levels[order].counts
    totals = tree.sums(order, counts)
    found, contexts = tree.find(grams)[order], tree.find(grams[:, :-1])[order - 1]
    return np.append(counts, 0)[found], totals[contexts]


def _smoothed(
    counts: np.ndarray, totals: np.ndarray, epsilon: float, fallback: np.ndarray | float
) -> np.ndarray:
    return (counts + epsilon * fallback) / (totals + epsilon)


def _likeliest(counts: np.ndarray, totals: np.ndarray, fallback: np.ndarray | float) -> float:
    def nats(log_epsilon: float) -> float:
        return -np.log(_smoothed(counts, totals, np.exp(log_epsilon), fallback)).sum()

    return float(np.exp(minimize_scalar(nats, bounds=LOG_EPSILONS, method="bounded").x))
