"""Laws of the n-gram counts: the same as counting tuples, whatever the order and the cuts."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnbench.text.ngrams import counts as ngrams

TEXTS = st.lists(st.integers(0, 3), max_size=40)
ORDERS = st.integers(1, 5)
SCALES = st.sampled_from([1, 1 << 20, 1 << 30])  # times 3: with large ones, keys exceed one word
CUTS = st.integers(1, 50)


def by_hand(ids: list[int], order: int) -> Counter:
    return Counter(tuple(ids[i : i + order]) for i in range(len(ids) - order + 1))


def as_counter(counts: ngrams.Counts) -> Counter:
    return Counter(
        dict(zip(map(tuple, counts.ngrams.tolist()), counts.counts.tolist(), strict=True))
    )


def scaled(text: list[int], scale: int) -> tuple[np.ndarray, int]:
    """Token indices and the size of their vocabulary."""
    return np.array([scale * token for token in text], np.min_scalar_type(3 * scale)), 3 * scale + 1


@given(TEXTS, ORDERS, SCALES, CUTS)
def test_the_counts_are_those_of_tuples(text, order, scale, chunk):
    ids, vocab_size = scaled(text, scale)
    counts = ngrams.count(ids, order, vocab_size, chunk)
    assert as_counter(counts) == by_hand(ids.tolist(), order)
    assert counts.ngrams.shape == (len(counts.counts), order)
    assert counts.ngrams.tolist() == sorted(counts.ngrams.tolist())


@pytest.mark.parametrize(
    ("vocab_size", "tokens"), [(1, 62), (2, 62), (4_580, 5), (1 << 21, 2), (3 << 30, 1)]
)
def test_a_word_holds_as_many_tokens_as_stay_below_2_to_the_63(vocab_size, tokens):
    assert ngrams._tokens_per_word(vocab_size) == tokens
    last = np.full((1, 2 * tokens + 1), vocab_size - 1)
    keys = ngrams._pack(last, vocab_size)
    assert keys.shape == (1, 3)
    assert (keys >= 0).all()
    assert ngrams._unpack(keys, 2 * tokens + 1, vocab_size).tolist() == last.tolist()


@given(TEXTS, ORDERS, SCALES, st.integers(1, 8), CUTS)
def test_shards_add_up_to_the_whole_to_the_digit(
    tmp_path_factory, text, order, scale, shards, rows
):
    ids, vocab_size = scaled(text, scale)
    folder = tmp_path_factory.mktemp("shards")
    opened = []
    for k in range(1, shards + 1):
        part = ngrams.shard(ids, order, f"{k}-of-{shards}")
        ngrams.count(part, order, vocab_size).write(folder / f"{k}.npy")
        opened.append(ngrams.Shard(folder / f"{k}.npy", order, vocab_size))
    parts = list(ngrams.merge(opened, rows))
    whole = ngrams.count(ids, order, vocab_size)
    assert [n for part in parts for n in part.ngrams.tolist()] == whole.ngrams.tolist()
    assert [n for part in parts for n in part.counts.tolist()] == whole.counts.tolist()
    assert all(len(part.counts) <= max(rows, shards) for part in parts)


@given(TEXTS, ORDERS, st.integers(1, 8))
def test_every_ngram_starts_in_one_shard(text, order, shards):
    ids = np.array(text, np.uint8)
    parts = [ngrams.shard(ids, order, f"{k}-of-{shards}") for k in range(1, shards + 1)]
    lengths = [max(0, len(part) - order + 1) for part in parts]
    assert sum(lengths) == max(0, len(text) - order + 1)
    assert max(lengths) - min(lengths) <= 1


@given(TEXTS, ORDERS, SCALES, st.integers(1, 10), CUTS)
def test_a_summary_is_that_of_all_counts_whatever_the_parts(text, order, scale, most, rows):
    ids, vocab_size = scaled(text, scale)
    counts = ngrams.count(ids, order, vocab_size)
    found = ngrams.summarise(ngrams.merge([counts], rows), most, order, vocab_size)
    known = by_hand(ids.tolist(), order)
    assert (found.total, found.distinct) == (known.total(), len(known))
    assert found.hapax == sum(n == 1 for n in known.values())
    top = sorted(known.items(), key=lambda item: (-item[1], item[0]))[:most]
    assert list(zip(map(tuple, found.top.ngrams.tolist()), found.top.counts, strict=True)) == top
    curve = [n for n, types in found.spectrum.items() for _ in range(types)]
    assert curve == sorted(known.values(), reverse=True)


@settings(max_examples=60)
@given(TEXTS, ORDERS, SCALES, st.integers(1, 6))
def test_without_a_block_the_counts_are_those_of_the_ngrams_that_start_elsewhere(
    text, order, scale, blocks
):
    ids, vocab_size = scaled(text, scale)
    starts = max(0, len(text) - order + 1)
    expected = []
    for b in range(blocks):
        block = range(starts * b // blocks, starts * (b + 1) // blocks)
        kept = [start for start in range(starts) if start not in block]
        rest = Counter(tuple(text[start : start + order]) for start in kept)
        expected.append(sorted(rest.values()))
    found = ngrams.leave_one_block_out(ids, order, vocab_size, blocks)
    assert [sorted(counts.tolist()) for counts in found] == expected
