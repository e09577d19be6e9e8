"""Laws of the characters behind tokens: none is lost, and what words leave open is paid for."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_ngram_lm import score
from test_tokens import LINES, blocks
from test_train import RUN

from rnnbench.text import tokens
from rnnbench.text.closed import ClosedText
from rnnbench.text.form import Form
from rnnbench.text.spelling import NATS_PER_LETTER, Spelling, places
from rnnbench.text.vocab import UNKNOWN, Vocab
from rnnbench.training import reading

JOINS = st.sampled_from(["", " ", "-", "\n"])
WHOLE = slice(None)


def spelled(lines: list[str], token: str, line_join: str) -> Spelling:
    numbered = tokens.tokenize(blocks(lines, 50), token, Form(line_join))
    return Spelling.of(*numbered, token, Form(line_join), blocks(lines, 50))


def known(spelling: Spelling) -> np.ndarray:
    return np.zeros(len(spelling.num_chars), bool)


@given(LINES, JOINS)
def test_words_and_characters_stand_for_the_same_characters_however_lines_are_joined(lines, join):
    text = join.join(" ".join(line.split()) for line in lines if line.split())
    words, chars = (spelled(lines, token, join) for token in ("word", "char"))
    behind = join if text else ""  # the last word
    assert words.num_chars.sum() == len(text + behind)
    assert chars.num_chars.sum() == len(text)


@given(LINES, JOINS)
def test_where_lines_end_is_paid_for_unless_a_space_joins_them(lines, join):
    words = spelled(lines, "word", join)
    total = words.totals(WHOLE, known(words))["spelling_nats"]
    ends = sum(bool(line.split()) for line in lines)
    number = sum(len(line.split()) for line in lines)
    assert total == (0 if join == " " else pytest.approx(places(number, ends)))
    chars = spelled(lines, "char", join)
    assert chars.totals(WHOLE, known(chars))["spelling_nats"] == 0


@given(st.lists(st.booleans(), max_size=40))
def test_places_cost_what_laplaces_rule_gives_one_by_one(chosen):
    nats, seen = 0.0, [0, 0]
    for one in chosen:
        nats -= math.log((seen[one] + 1) / (sum(seen) + 2))
        seen[one] += 1
    assert places(len(chosen), sum(chosen)) == pytest.approx(nats)


@pytest.mark.parametrize("min_freq", [0, 2, 5, 1000])
@pytest.mark.parametrize("token", ["word", "char"])
def test_a_model_that_knows_nothing_pays_for_every_character_whatever_is_unknown_to_it(
    token, min_freq, time_machine
):
    """The true characters are counted, not those of the word <unk>."""
    lines = time_machine.lines[:400]
    numbered = tokens.tokenize(blocks(lines, 50), token, Form())
    spelling = Spelling.of(*numbered, token, Form(), blocks(lines, 50))
    text = ClosedText(*numbered, 0.1, math.inf, min_freq)
    found = spelling.totals(WHOLE, text.ids == 0)
    behind = int(token == "word")
    assert found["num_chars"] == len(" ".join(line for line in lines if line)) + behind
    every = [text.spelled[number] for number in numbered[0]]
    unknown = [one for one in every if one not in text.vocab.index]
    letters = sum(len(one) + behind for one in unknown)
    assert found["spelling_nats"] == pytest.approx(letters * NATS_PER_LETTER)


def test_an_unknown_character_is_one_character():
    spelling = Spelling.of(np.array([0, 1, 0]), [UNKNOWN, "a"], "char", Form(""), [])
    found = spelling.totals(WHOLE, np.array([True, False, True]))
    assert found == {"num_chars": 3, "spelling_nats": 2 * NATS_PER_LETTER}


@pytest.mark.parametrize("min_freq", [1, 2, 5])
def test_runs_and_ngram_models_have_one_vocabulary_and_one_number_of_characters(
    min_freq, time_machine
):
    """So that their rows compare."""
    lines = [line for line in time_machine.lines if line]
    numbers, words = tokens.tokenize(blocks(lines, 1 << 20), "word", Form(""))
    spelling = Spelling.of(numbers, words, "word", Form(""), blocks(lines, 1 << 20))
    run = dataclasses.replace(RUN, token="word", heldout_share=0.1, train_tokens=math.inf)
    run = dataclasses.replace(run, validation_share=0.05)
    whole = Vocab.build(words[number] for number in numbers)
    ids = whole.encode(words)[numbers]
    text = reading.read(run, ids, whole, min_freq)
    closed = ClosedText(numbers, words, 0.1, math.inf, min_freq, 0.05)
    row = score("laplace", closed, [1], spelling=spelling, epsilons=[1.0])[1, "heldout"]
    record = {"num_tokens": 1, "heldout_num_tokens": row["scored_tokens"]}
    totals = text.totals(record, spelling)
    assert text.vocab == closed.vocab
    assert totals["heldout_num_chars"] == row["num_chars"]
    assert totals["heldout_spelling_nats"] == pytest.approx(row["spelling_nats"])
    assert totals["heldout_oov_share"] == row["oov_tokens"] / row["scored_tokens"]
