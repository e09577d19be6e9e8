"""Exact n-gram counts of an integer-coded text (d2l chapter 8.3), at any size.

n-grams run over line ends, as the book's do: the text is one long sequence of tokens. It is counted
chunk by chunk and, where expected, shard by shard. Counts add up: what comes out does not depend on
where a text is cut, and memory grows with the distinct n-grams of a shard, not with the text.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd

from rnnbench.base import arrays

CHUNK = 1 << 20  # n-grams held at a time, beside the counts themselves
FIRST_GUESS = 1 << 10  # distinct n-grams of a chunk: what its hash table should have room for


@dataclass(frozen=True)
class Counts:
    """Distinct n-grams, in the order of their token indices, and how often each occurs."""

    # the n-grams as numbers to the base of ``vocab_size``, int64 ``(D, W)``: as few words W as hold
    # them, the first the most significant
    keys: np.ndarray
    counts: np.ndarray  # occurrences, int64 ``(D,)``
    order: int  # tokens of an n-gram
    vocab_size: int  # every token index is below it

    @property
    def ngrams(self) -> np.ndarray:
        """Token indices, ``(D, order)``."""
        return _unpack(self.keys, self.order, self.vocab_size)

    def __getitem__(self, rows: slice | np.ndarray) -> Self:
        return type(self)(self.keys[rows], self.counts[rows], self.order, self.vocab_size)

    def write(self, path: str | Path) -> None:
        """Write as a NumPy array ``(D, W + 1)``, for :class:`Shard`."""
        arrays.write(path, np.column_stack([self.keys, self.counts]))


@dataclass(frozen=True)
class Shard:
    """Counts on disk; a slice of them is read when it is asked for, and nothing is kept."""

    path: str | Path
    order: int
    vocab_size: int

    def __getitem__(self, rows: slice) -> Counts:
        found = np.array(np.load(self.path, mmap_mode="r", allow_pickle=False)[rows])
        return Counts(found[:, :-1], found[:, -1], self.order, self.vocab_size)


@dataclass(frozen=True)
class Summary:
    """What is reported of the n-grams of a text."""

    total: int  # n-grams, repeats included
    distinct: int  # different n-grams
    hapax: int  # n-grams that occur exactly once
    top: Counts  # the most frequent, ties in the order of their token indices
    # count -> number of types with that count, by falling count. It holds all of the rank-frequency
    # curve in few rows: most types share their count
    spectrum: dict[int, int]


def count(ids: np.ndarray, order: int, vocab_size: int, chunk: int = CHUNK) -> Counts:
    """Count the n-grams of ``ids``, ``(N,)``, chunk by chunk; a short text has none: D is 0."""
    parts, waiting, guess = [_none(order, vocab_size)], 0, FIRST_GUESS
    for keys in _chunks(ids, order, vocab_size, chunk):
        part = Counts(*_distinct(keys, guess), order, vocab_size)
        guess = len(part.counts)
        parts.append(part)
        waiting += guess
        if waiting > max(chunk, len(parts[0].counts)):  # so that nothing is merged over and over
            parts, waiting = [add(parts)], 0
    return add(parts)


def add(parts: Sequence[Counts]) -> Counts:
    """Put counts together, occurrences of equal n-grams added up."""
    keys = np.concatenate([part.keys for part in parts])
    counts = np.concatenate([part.counts for part in parts])
    rows = np.lexsort(keys.T[::-1])  # stable: where parts are sorted, this is a merge
    keys, counts = keys[rows], counts[rows]
    first = np.flatnonzero(np.append(True, (keys[1:] != keys[:-1]).any(axis=1))[: len(keys)])
    sums = np.add.reduceat(counts, first) if len(first) else counts
    return Counts(keys[first], sums, parts[0].order, parts[0].vocab_size)


def shard(ids: np.ndarray, order: int, item: str) -> np.ndarray:
    """The tokens whose n-grams are shard ``item`` (``"2-of-5"``) of the text ``ids``, ``(N,)``.

    Shards are contiguous; every n-gram belongs to the one that it starts in.
    """
    number, shards = map(int, item.split("-of-"))
    starts = max(0, len(ids) - order + 1)
    begin, end = starts * (number - 1) // shards, starts * number // shards
    return ids[begin : end + order - 1] if begin < end else ids[:0]


def merge(shards: Sequence[Counts | Shard], rows: int = CHUNK // 2) -> Iterator[Counts]:
    """Add shards up, part by part, with about ``rows`` n-grams of them in memory.

    Each part holds the next n-grams in the order of token indices.
    """
    step = max(1, rows // len(shards))
    done = [0] * len(shards)
    while True:
        heads = [part[at : at + step] for part, at in zip(shards, done, strict=True)]
        ends = [tuple(head.keys[-1]) for head in heads if len(head.keys)]
        if not ends:
            return
        taken = [_up_to(head.keys, min(ends)) for head in heads]
        yield add([head[:n] for head, n in zip(heads, taken, strict=True)])
        done = [at + n for at, n in zip(done, taken, strict=True)]


def summarise(parts: Iterable[Counts], most: int, order: int, vocab_size: int) -> Summary:
    """Read the parts of a merge and keep the ``most`` frequent n-grams."""
    total = distinct = 0
    top, spectrum = _none(order, vocab_size), dict[int, int]()
    for part in parts:
        total += int(part.counts.sum())
        distinct += len(part.counts)
        values, types = np.unique(part.counts, return_counts=True)
        for value, number in zip(values.tolist(), types.tolist(), strict=True):
            spectrum[value] = spectrum.get(value, 0) + number
        least = values[types[::-1].cumsum()[::-1] >= most].max(initial=0)
        top = _head([top, part[part.counts >= least]], most)
    falling = dict(sorted(spectrum.items(), reverse=True))
    return Summary(total, distinct, spectrum.get(1, 0), top, falling)


def leave_one_block_out(
    ids: np.ndarray, order: int, vocab_size: int, blocks: int
) -> Iterator[np.ndarray]:
    """Yield the counts, ``(D_b,)``, of the text without the n-grams that start in block b.

    The blocks are contiguous and of equal length, as a delete-a-block jackknife wants them.
    """
    items = [f"{block}-of-{blocks}" for block in range(1, blocks + 1)]
    parts = [count(shard(ids, order, item), order, vocab_size) for item in items]
    codes, rows = _codes(np.concatenate([part.keys for part in parts]), FIRST_GUESS)
    counts = np.concatenate([part.counts for part in parts])
    whole = np.zeros(len(rows), np.int64)
    np.add.at(whole, codes, counts)
    ends = np.cumsum([len(part.counts) for part in parts])
    for end, part in zip(ends.tolist(), parts, strict=True):
        rest = whole.copy()
        rest[codes[end - len(part.counts) : end]] -= part.counts
        yield rest[rest > 0]


def _tokens_per_word(vocab_size: int) -> int:
    """How many token indices fit one int64."""
    tokens = 1
    while max(2, vocab_size) ** (tokens + 1) < 2**63:
        tokens += 1
    return tokens


def _chunks(ids: np.ndarray, order: int, vocab_size: int, chunk: int) -> Iterator[np.ndarray]:
    """Yield the keys, ``(M, W)``, of the n-grams in the order of the text."""
    for start in range(0, len(ids) - order + 1, chunk):
        part = np.asarray(ids[start : start + chunk + order - 1], np.int64)
        yield _pack(np.lib.stride_tricks.sliding_window_view(part, order), vocab_size)


def _pack(ngrams: np.ndarray, vocab_size: int) -> np.ndarray:
    """Keys ``(M, W)`` of token indices ``(M, order)``."""
    order, tokens = ngrams.shape[1], _tokens_per_word(vocab_size)
    words = []
    for end in range(order, 0, -tokens):
        word = ngrams[:, max(0, end - tokens)].copy()
        for column in range(max(0, end - tokens) + 1, end):
            word *= vocab_size
            word += ngrams[:, column]
        words.append(word)
    return np.stack(words[::-1], axis=1)


def _unpack(keys: np.ndarray, order: int, vocab_size: int) -> np.ndarray:
    """Token indices ``(M, order)`` of keys ``(M, W)``."""
    tokens, columns = _tokens_per_word(vocab_size), list[np.ndarray]()
    for word in keys.T[::-1]:
        for _ in range(min(tokens, order - len(columns))):
            word, column = np.divmod(word, vocab_size)
            columns.append(column)
    return np.stack(columns[::-1], axis=1)


def _none(order: int, vocab_size: int) -> Counts:
    keys = _pack(np.empty((0, order), np.int64), vocab_size)
    return Counts(keys, np.empty(0, np.int64), order, vocab_size)


def _codes(keys: np.ndarray, guess: int) -> tuple[np.ndarray, np.ndarray]:
    """A number for each row of ``keys``, ``(M, W)``, and number -> row, ``(D, W)``.

    Args:
        keys: rows, many of them equal.
        guess: how many are distinct; a hash table of about this size stays in the cache.
    """
    codes, distinct = pd.factorize(keys[:, 0], size_hint=guess)
    rows = distinct[:, np.newaxis]
    for word in keys.T[1:]:
        more, others = pd.factorize(word, size_hint=guess)
        codes, pairs = pd.factorize(codes * len(others) + more, size_hint=guess)
        heads, tails = np.divmod(pairs, max(1, len(others)))
        rows = np.column_stack([rows[heads], others[tails]])
    return codes, rows


def _distinct(keys: np.ndarray, guess: int) -> tuple[np.ndarray, np.ndarray]:
    """The distinct rows of ``keys``, ``(M, W)``, sorted, and how often each occurs."""
    codes, found = _codes(keys, guess)
    counts = np.bincount(codes, minlength=len(found))
    rows = np.lexsort(found.T[::-1])
    return found[rows], counts[rows]


def _up_to(keys: np.ndarray, bound: tuple[int, ...]) -> int:
    """How many rows of the sorted ``keys``, ``(M, W)``, are not above ``bound``, ``(W,)``."""
    above = np.zeros(len(keys), bool)
    for word, limit in zip(keys.T[::-1], bound[::-1], strict=True):
        above = (word > limit) | (word == limit) & above
    return len(keys) - int(above.sum())


def _head(parts: Sequence[Counts], most: int) -> Counts:
    """The ``most`` frequent n-grams, equal counts in the order of token indices."""
    keys = np.concatenate([part.keys for part in parts])
    counts = np.concatenate([part.counts for part in parts])
    rows = np.lexsort([*keys.T[::-1], -counts])[:most]
    return Counts(keys[rows], counts[rows], parts[0].order, parts[0].vocab_size)
