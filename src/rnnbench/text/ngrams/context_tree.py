"""Every n-gram of a text up to a length, in arrays that are walked for many n-grams at once.

An n-gram of length k is found from its last token leftwards: its key is the index of its last
k - 1 tokens, times the vocabulary size, plus its first token. Keys fit 64 bits at any length.
Index -1 stands for an n-gram that the text does not have.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LAST_KEY = np.iinfo(np.int64).max
SAMPLE = 1 << 18  # tokens of a text that tell how many n-grams to expect of the rest
PER_TOKEN, PER_GRAM = 64, 80  # bytes at the peak, models and scoring included: measured, rounded up


@dataclass(frozen=True)
class Level:
    """The ``D`` distinct n-grams of one length, in the order of their keys."""

    keys: np.ndarray  # sorted, ``(D,)``
    counts: np.ndarray  # occurrences, ``(D,)``
    contexts: np.ndarray  # index of each n-gram without its last token, one level below, ``(D,)``
    suffixes: np.ndarray  # index of each n-gram without its first token, one level below, ``(D,)``


@dataclass(frozen=True)
class Tree:
    """Levels by length of n-gram; level 0 holds the empty one."""

    vocab_size: int
    levels: Sequence[Level]

    @classmethod
    def grow(cls, ids: np.ndarray, vocab_size: int, highest: int) -> "Tree":
        """Collect the n-grams of lengths 0 to ``highest`` of a text, ``(N,)``."""
        nothing = np.zeros(1, np.int64)
        levels = [Level(nothing, np.array([len(ids)]), nothing, nothing)]
        ending = np.zeros(len(ids) + 1, np.int64)  # n-gram that ends at each position
        for length in range(1, highest + 1):
            keys = ending[1:] * vocab_size + ids[: max(0, len(ids) - length + 1)]
            keys, first, now, counts = np.unique(
                keys, return_index=True, return_inverse=True, return_counts=True
            )
            levels.append(Level(keys, counts, ending[:-1][first], keys // vocab_size))
            ending = now if len(now) else ending[:1]
        return cls(vocab_size, levels)

    @classmethod
    def expected_bytes(cls, ids: np.ndarray, vocab_size: int, highest: int) -> float:
        """Bytes that it will take to grow a tree, and to make models of it and score the text.

        New n-grams are expected to go on coming up as they did between the first half of a sample,
        the beginning of the text, and its end: by a power of the length.
        """
        sample = ids[:SAMPLE]
        half, whole = (
            np.array([len(level.keys) for level in cls.grow(part, vocab_size, highest).levels])
            for part in (sample[: len(sample) // 2], sample)
        )
        power = np.log2(whole / np.maximum(half, 1))
        grams = whole * (len(ids) / max(len(sample), 1)) ** np.clip(power, 0, 1)
        return float(PER_TOKEN * len(ids) + PER_GRAM * grams.sum())

    def find(self, grams: np.ndarray) -> list[np.ndarray]:
        """Index of the last 0, 1, ... n tokens of each n-gram, n + 1 arrays ``(M,)``.

        Args:
            grams: token indices, ``(M, n)``.
        """
        found = [np.zeros(len(grams), np.int64)]
        for level, tokens in zip(self.levels[1:], grams.T[::-1], strict=False):
            expected = np.where(found[-1] < 0, -1, found[-1] * self.vocab_size + tokens)
            at = np.searchsorted(level.keys, expected)
            found.append(np.where(np.append(level.keys, LAST_KEY)[at] == expected, at, -1))
        return found

    def sums(self, length: int, values: np.ndarray) -> np.ndarray:
        """Sum values of the n-grams of a length over each context, and 0 for a context not seen.

        Args:
            length: of the n-grams.
            values: one per n-gram, ``(D,)``.
        """
        contexts = len(self.levels[length - 1].keys)
        return np.append(np.bincount(self.levels[length].contexts, values, contexts), 0.0)
