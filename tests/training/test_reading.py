"""Laws of reading: characters as in the book, words by training, every letter paid for."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_train import RUN

from rnnbench.text.form import Form
from rnnbench.text.spelling import Spelling
from rnnbench.text.vocab import Vocab
from rnnbench.training import reading

WORD_RUN = dataclasses.replace(RUN, token="word", heldout_share=0.25, train_tokens=math.inf)
LEXICON = ["a", "be", "sea", "deep", "never"]
TEXTS = st.lists(st.sampled_from(LEXICON), min_size=12, max_size=60)


def read(text: list[str], run=WORD_RUN) -> reading.RunText:
    vocab = Vocab.build(text)
    return reading.read(run, vocab.encode(text), vocab, 2)


def spelling(text: list[str], token: str = "word") -> Spelling:
    return Spelling.of(np.arange(len(text)), text, token, Form(), [])


@given(TEXTS)
def test_a_word_has_an_index_only_if_training_shows_it_twice(text):
    found = read(text)
    train = text[found.train]
    expected = [word if train.count(word) > 1 else "<unk>" for word in text]
    assert found.vocab.decode(found.ids) == expected


@given(TEXTS)
def test_the_parts_are_those_that_a_run_is_trained_and_held_out_on(text):
    found = read(text)
    assert found.heldout.start == len(text) - round(0.25 * len(text))
    assert found.validation.stop == found.heldout.start
    assert found.train == slice(0, found.validation.start)


@given(TEXTS)
def test_all_characters_of_a_part_are_counted_and_unknown_words_are_spelled(text):
    found = read(text)
    words = text[found.heldout]
    totals = found.totals({"num_tokens": 1, "heldout_num_tokens": len(words)}, spelling(text))
    unknown = [w for w, i in zip(words, found.ids[found.heldout], strict=True) if i == 0]
    assert totals["heldout_num_chars"] == len(" ".join([*words, ""]))
    letters = len("".join(f"{word} " for word in unknown))
    assert totals["heldout_spelling_nats"] == pytest.approx(letters * math.log(27))
    assert totals["heldout_oov_share"] == pytest.approx(len(unknown) / len(words))


def test_a_uniform_guess_of_letters_is_worth_as_much_as_spelling_every_word():
    text = ["once", "upon", "time", "there", "was", "one", "more", "sea"]
    totals = read(text).totals({"num_tokens": 6, "heldout_num_tokens": 2}, spelling(text))
    bits = totals["heldout_spelling_nats"] / math.log(2) / totals["heldout_num_chars"]
    assert totals["heldout_oov_share"] == 1
    assert bits == pytest.approx(math.log2(27))


@given(st.lists(st.sampled_from("abc "), min_size=12, max_size=60), st.integers(1, 10))
def test_characters_are_read_as_they_are_numbered_and_each_counts_once(text, num_tokens):
    vocab = Vocab.build(text)
    run = dataclasses.replace(WORD_RUN, token="char")
    found = reading.read(run, vocab.encode(text), vocab, 2)
    assert np.array_equal(found.ids, vocab.encode(text)) and found.vocab is vocab
    record = {"num_tokens": num_tokens, "heldout_num_tokens": 3}
    totals = found.totals(record, spelling(text, "char"))
    assert (totals["num_chars"], totals["heldout_num_chars"]) == (num_tokens, 3)
    assert totals["spelling_nats"] == totals["heldout_spelling_nats"] == 0


def test_a_run_that_never_read_the_held_out_text_has_no_characters_of_it():
    text, record = LEXICON * 4, {"num_tokens": 5, "heldout_num_tokens": None}
    totals = read(text).totals(record, spelling(text))
    assert totals["heldout_num_chars"] is None and totals["heldout_spelling_nats"] == 0
