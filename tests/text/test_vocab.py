"""Laws of the vocabulary: who is where, what is forgotten, what comes back from disk."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.text.vocab import UNKNOWN, Vocab

WORDS = st.lists(st.sampled_from(["a", "b", "to", "null", "nan", "inf", "<unk>", "é"]), max_size=60)


TOP_WORDS = {
    **{"the": 2261, "i": 1267, "and": 1245, "of": 1155, "a": 816},
    **{"to": 695, "was": 552, "in": 541, "that": 443, "my": 440},
}


@given(WORDS, st.integers(0, 4))
def test_after_unknown_come_the_frequent_tokens_by_falling_count_and_then_by_code_point(
    words, min_freq
):
    vocab = Vocab.build(words, min_freq)
    seen = Counter(words)
    unknown, *rest = vocab.tokens
    assert unknown == UNKNOWN
    assert set(rest) == {t for t, n in seen.items() if n >= min_freq} - {UNKNOWN}
    assert len(set(rest)) == len(rest)
    assert list(rest) == sorted(rest, key=lambda token: (-seen[token], token))


@given(WORDS, st.integers(0, 4))
def test_no_occurrence_is_lost(words, min_freq):
    vocab = Vocab.build(words, min_freq)
    assert sum(vocab.counts) == len(words)
    assert vocab.counts == tuple(np.bincount(vocab.encode(words), minlength=len(vocab)))
    assert vocab.num_types == len(set(vocab.decode(vocab.encode(words))))


@given(WORDS, st.randoms(use_true_random=False))
def test_the_order_of_the_text_does_not_matter(words, random):
    shuffled = random.sample(words, len(words))
    assert Vocab.build(shuffled) == Vocab.build(words)


@given(WORDS)
def test_what_is_encoded_is_decoded(words):
    vocab = Vocab.build(words)
    assert vocab.decode(vocab.encode(words)) == words


@given(WORDS, st.integers(2, 4))
def test_what_is_rare_or_never_seen_is_decoded_as_unknown(words, min_freq):
    vocab = Vocab.build(words, min_freq)
    seen = Counter(words)
    expected = [token if seen[token] >= min_freq else UNKNOWN for token in words]
    assert vocab.decode(vocab.encode([*words, "zebra"])) == [*expected, UNKNOWN]


@pytest.mark.parametrize("size", [2, 255, 256, 257, 65_536, 65_537])
def test_indices_use_the_smallest_type_that_holds_the_last_one(size):
    vocab = Vocab((UNKNOWN, *map(str, range(1, size))), (0,) * size)
    ids = vocab.encode([vocab.tokens[-1]])
    assert ids.tolist() == [size - 1]
    assert ids.dtype == next(
        t for t in (np.uint8, np.uint16, np.uint32) if np.iinfo(t).max >= size - 1
    )


def test_a_vocabulary_comes_back_from_disk_with_all_its_words(tmp_path: Path):
    words = ["null", "nan", "inf", "-inf", "true", "1", "é", "\u2028", '"', "null"]
    vocab = Vocab.build(words, 2)
    vocab.write(tmp_path / "vocab.json")
    assert Vocab.read(tmp_path / "vocab.json") == vocab


def test_words_are_shown_apart_and_characters_are_not():
    vocab = Vocab.build(["time", "t"])
    assert vocab.show(vocab.encode(["time", "t"]), "word") == "time t"
    assert vocab.show(vocab.encode(["t", "time"]), "char") == "ttime"


def test_the_time_machine_has_the_sizes_of_the_book(time_machine):
    sizes = {}
    for token in ("word", "char"):
        tokens = time_machine.tokens(token)
        sizes[token] = len(tokens), Vocab.build(tokens).num_types
    assert len(time_machine.lines) == 3_221
    assert sizes == {"word": (32_775, 4_579), "char": (170_580, 27)}
    assert len(time_machine.tokens("char", " ")) == 173_427


def test_the_time_machine_has_28_symbols_with_unknown(time_machine):
    assert len(Vocab.build(time_machine.tokens("char"))) == 28


def test_the_most_frequent_words_of_the_time_machine_are_those_of_the_book(time_machine):
    vocab = Vocab.build(time_machine.tokens("word"))
    assert dict(zip(vocab.tokens[1:11], vocab.counts[1:11], strict=True)) == TOP_WORDS
    assert vocab.tokens[1:11] == tuple(TOP_WORDS)
