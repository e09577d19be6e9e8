"""Laws of the n-gram counts: the same as counting tuples, whatever the order and the chunk."""

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnbench import ngrams

TEXTS = st.lists(st.integers(0, 3), max_size=40)
ORDERS = st.integers(1, 5)
SCALES = st.sampled_from([1, 1 << 20, 1 << 30])  # times 3: with large ones, keys exceed one word


def by_hand(ids: list[int], order: int) -> Counter:
    return Counter(tuple(ids[i : i + order]) for i in range(len(ids) - order + 1))


def as_counter(counts: ngrams.Counts) -> Counter:
    return Counter(
        dict(zip(map(tuple, counts.ngrams.tolist()), counts.counts.tolist(), strict=True))
    )


@given(TEXTS, ORDERS, SCALES, st.integers(1, 50))
def test_the_counts_are_those_of_tuples(text, order, scale, chunk):
    ids = [scale * token for token in text]
    counts = ngrams.count(np.array(ids, np.min_scalar_type(3 * scale)), order, 3 * scale + 1, chunk)
    assert as_counter(counts) == by_hand(ids, order)
    assert counts.ngrams.shape == (len(counts.counts), order)


def test_a_large_vocabulary_does_not_fit_one_word():
    sizes = [(order, 3 * (1 << 30) + 1) for order in range(1, 6)]
    assert [ngrams._fits_one_word(*size) for size in sizes] == [True, False, False, False, False]


@given(TEXTS, ORDERS, SCALES)
def test_the_most_frequent_come_first_and_ties_are_in_order_of_indices(text, order, scale):
    counts = ngrams.count(np.array(text, np.int64) * scale, order, 3 * scale + 1)
    rows = list(zip((-counts.counts).tolist(), counts.ngrams.tolist(), strict=True))
    assert rows == sorted(rows)


@given(TEXTS, ORDERS)
def test_a_text_of_n_tokens_has_n_minus_order_plus_one_ngrams(text, order):
    counts = ngrams.count(np.array(text, np.uint8), order, 4)
    assert counts.total == max(0, len(text) - order + 1)
    assert counts.hapax == sum(n == 1 for n in by_hand(text, order).values())


@given(TEXTS, ORDERS, st.integers(0, 10))
def test_the_top_is_the_head_of_the_counts(text, order, most):
    top = ngrams.count(np.array(text, np.uint8), order, 4).top(most)
    wanted = sorted(by_hand(text, order).items(), key=lambda item: (-item[1], item[0]))[:most]
    assert [(tuple(ngram.tolist()), n) for ngram, n in top] == wanted


@given(TEXTS, ORDERS)
def test_the_spectrum_holds_all_counts_by_falling_count(text, order):
    counts = ngrams.count(np.array(text, np.uint8), order, 4)
    again = [n for n, types in counts.spectrum() for _ in range(types)]
    assert again == counts.counts.tolist()


@settings(max_examples=60)
@given(TEXTS, ORDERS, SCALES, st.integers(1, 6))
def test_without_a_block_the_counts_are_those_of_the_ngrams_that_start_elsewhere(
    text, order, scale, blocks
):
    ids = [scale * token for token in text]
    starts = np.array_split(np.arange(max(0, len(ids) - order + 1)), blocks)
    wanted = []
    for block in starts:
        kept = [s for s in range(len(ids) - order + 1) if s not in set(block.tolist())]
        rest = Counter(tuple(ids[s : s + order]) for s in kept)
        wanted.append(sorted(rest.values(), reverse=True))
    found = ngrams.leave_one_block_out(np.array(ids, np.int64), order, 3 * scale + 1, blocks)
    assert [counts.tolist() for counts in found] == wanted
