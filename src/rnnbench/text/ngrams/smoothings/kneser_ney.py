"""Interpolated modified Kneser-Ney smoothing (Chen & Goodman, 1999).

The counts of an order lose a discount each, one for those of 1, of 2 and of more; what they lose
goes to the order below, down to equal shares of the vocabulary with ``<unk>``. Below the highest
order an n-gram counts the distinct tokens before it, not its occurrences. Discounts come from
counts of counts. Where these do not give any (few types, as with single characters), they are those
that KenLM falls back to.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rnnbench.text.closed import ClosedText
from rnnbench.text.ngrams.context_tree import Tree
from rnnbench.text.ngrams.smoothings import grow

SETTINGS = ()
FALLBACK = (0.5, 1.0, 1.5)
Discounts = tuple[float, float, float]  # of counts of 1, of 2, of 3 and more


@dataclass(frozen=True)
class Share:
    """How one order shares probability out; every array ends with the 0 of what was not seen."""

    kept: np.ndarray  # discounted count of each n-gram, ``(D + 1,)``
    freed: np.ndarray  # sum of the discounts after each context, ``(C + 1,)``
    totals: np.ndarray  # sum of the counts after each context, ``(C + 1,)``


@dataclass(frozen=True)
class Model:
    """What each order up to the highest shares out, shortest first."""

    tree: Tree
    discounts: Sequence[Discounts]
    shares: Sequence[Share]

    @property
    def parameters(self) -> str:
        """The discounts of each order."""
        return "; ".join(
            f"{order}: " + " ".join(f"{discount:.4g}" for discount in discounts)
            for order, discounts in enumerate(self.discounts, start=1)
        )

    def probability(self, grams: np.ndarray) -> np.ndarray:
        """Of the last token of each n-gram ``(M, order)`` after the others, ``(M,)``."""
        found, contexts = self.tree.find(grams)[1:], self.tree.find(grams[:, :-1])
        chance = np.full(len(grams), 1 / self.tree.vocab_size)
        for share, gram, context in zip(self.shares, found, contexts, strict=False):
            total = share.totals[context]
            mixed = share.kept[gram] + share.freed[context] * chance
            chance = np.divide(mixed, total, out=chance, where=total > 0)
        return chance


def models(text: ClosedText, orders: Sequence[int]) -> dict[int, Model]:
    """Train a model of each order on the training part; what is below its order they share."""
    tree = grow(text, orders)
    *lower, _ = counts(tree, max(orders))
    given = [discounts(values) for values in lower]
    shares = [share(tree, *order) for order in zip(itertools.count(1), lower, given)]
    found = {}
    for order in orders:
        values = tree.levels[order].counts
        own = discounts(values)
        highest = share(tree, order, values, own)
        found[order] = Model(tree, [*given[: order - 1], own], [*shares[: order - 1], highest])
    return found


def build(tree: Tree, given: Sequence[Discounts]) -> Model:
    """Make the model of order ``len(given)`` with these discounts of its orders 1, 2, ..."""
    orders = zip(itertools.count(1), counts(tree, len(given)), given)
    return Model(tree, given, [share(tree, *order) for order in orders])


def share(tree: Tree, length: int, values: np.ndarray, discount: Discounts) -> Share:
    """Share out by the counts of the n-grams of a length, ``(D,)``, less the discounts."""
    lost = np.array([0.0, *discount])[np.minimum(values, 3)]
    kept = np.append(values - lost, 0.0)
    return Share(kept, tree.sums(length, lost), tree.sums(length, values))


def counts(tree: Tree, order: int) -> list[np.ndarray]:
    """Counts of the n-grams of lengths 1 to ``order``, ``(D,)`` each.

    Occurrences at the highest order; below it, distinct tokens before the n-gram: none for one that
    stands at the start of the text alone.
    """
    longer = [tree.levels[length + 1].suffixes for length in range(1, order)]
    before = [
        np.bincount(suffixes, minlength=len(level.keys))
        for suffixes, level in zip(longer, tree.levels[1:order], strict=True)
    ]
    return [*before, tree.levels[order].counts]


def discounts(counts: np.ndarray) -> Discounts:
    """Estimate the discounts from how many n-grams have a count of 1, 2, 3 and 4.

    Each has to lie between 0 and the count it is taken from; otherwise all are the fallback.
    """
    n = np.bincount(np.minimum(counts, 5), minlength=6)
    if not n[1:5].all():
        return FALLBACK
    y = n[1] / (n[1] + 2 * n[2])
    one, two, three = (float(k - (k + 1) * y * n[k + 1] / n[k]) for k in (1, 2, 3))
    found = (one, two, three)
    return found if all(0 <= d <= k for k, d in enumerate(found, start=1)) else FALLBACK
