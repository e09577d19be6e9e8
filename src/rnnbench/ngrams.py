"""Exact n-gram counts of an integer-coded text (d2l chapter 8.3).

n-grams run over line ends, as the book's do: the text is one long sequence of tokens.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

CHUNK = 1 << 22  # positions counted at a time; bounds the memory beside the counts themselves


@dataclass(frozen=True)
class Counts:
    """Distinct n-grams and how often each occurs, most frequent first, ties by token indices.

    Attributes:
        ngrams: token indices, ``(D, order)``.
        counts: occurrences, ``(D,)``.
    """

    ngrams: np.ndarray
    counts: np.ndarray

    @property
    def total(self) -> int:
        """Number of n-grams in the text, repeats included."""
        return int(self.counts.sum())

    @property
    def hapax(self) -> int:
        """Number of n-grams that occur exactly once."""
        return int((self.counts == 1).sum())

    def top(self, most: int) -> Iterator[tuple[np.ndarray, int]]:
        """Yield the ``most`` most frequent n-grams, ``(order,)``, and how often they occur."""
        return zip(self.ngrams[:most], self.counts[:most].tolist(), strict=True)

    def spectrum(self) -> Iterator[tuple[int, int]]:
        """Yield (count, number of types with that count), by falling count.

        It holds all of the rank-frequency curve in few rows: most types share their count.
        """
        values, types = np.unique(self.counts, return_counts=True)
        return zip(values[::-1].tolist(), types[::-1].tolist(), strict=True)


def count(ids: np.ndarray, order: int, vocab_size: int, chunk: int = CHUNK) -> Counts:
    """Count the n-grams of ``ids``, ``(N,)``, chunk by chunk.

    A text shorter than ``order`` has no n-grams: ``D`` is then 0.
    """
    keys, counts = _no_keys(order, vocab_size), np.empty(0, np.int64)
    for part in _chunks(ids, order, vocab_size, chunk):
        part_keys, part_counts = np.unique(part, return_counts=True, axis=0)
        keys, counts = _merge(keys, counts, part_keys, part_counts)
    ngrams = _unpack(keys, order, vocab_size)
    by_rank = np.argsort(-counts, kind="stable")  # keys are sorted, hence ties by token indices
    return Counts(ngrams[by_rank], counts[by_rank])


def leave_one_block_out(
    ids: np.ndarray, order: int, vocab_size: int, blocks: int
) -> Iterator[np.ndarray]:
    """Yield the sorted counts, ``(D_b,)``, of the text without the n-grams that start in block b.

    The blocks are contiguous and of equal length, as a delete-a-block jackknife wants them.
    """
    keys = _pack(ids, order, vocab_size)
    _, inverse, total = np.unique(keys, return_inverse=True, return_counts=True, axis=0)
    for block in np.array_split(inverse.ravel(), blocks):
        rest = total - np.bincount(block, minlength=len(total))
        yield -np.sort(-rest[rest > 0])


def _fits_one_word(order: int, vocab_size: int) -> bool:
    return vocab_size**order < 2**63


def _pack(ids: np.ndarray, order: int, vocab_size: int) -> np.ndarray:
    """One sortable key per position: an int64 ``(M,)`` where it fits, else a row ``(M, order)``."""
    windows = np.lib.stride_tricks.sliding_window_view(ids, order) if len(ids) >= order else None
    if windows is None:
        return _no_keys(order, vocab_size)
    if not _fits_one_word(order, vocab_size):
        return windows.astype(np.int64)
    key = np.zeros(len(windows), np.int64)
    for column in range(order):
        key *= vocab_size
        key += windows[:, column]
    return key


def _unpack(keys: np.ndarray, order: int, vocab_size: int) -> np.ndarray:
    if keys.ndim == 2:
        return keys
    columns = []
    for _ in range(order):
        keys, column = np.divmod(keys, vocab_size)
        columns.append(column)
    return np.stack(columns[::-1], axis=1)


def _no_keys(order: int, vocab_size: int) -> np.ndarray:
    return np.empty(0 if _fits_one_word(order, vocab_size) else (0, order), np.int64)


def _chunks(ids: np.ndarray, order: int, vocab_size: int, chunk: int) -> Iterator[np.ndarray]:
    for start in range(0, len(ids), chunk):
        yield _pack(ids[start : start + chunk + order - 1], order, vocab_size)


def _merge(
    keys: np.ndarray, counts: np.ndarray, more_keys: np.ndarray, more_counts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Add two sorted counts."""
    both = np.concatenate([keys, more_keys])
    merged, inverse = np.unique(both, return_inverse=True, axis=0)
    sums = np.zeros(len(merged), np.int64)
    np.add.at(sums, inverse.ravel(), np.concatenate([counts, more_counts]))
    return merged, sums
