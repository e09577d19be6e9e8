"""Laws of the scores of generated text, and of the study that gives them."""

import math
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pandas import DataFrame

from rnnbench.base import csv_files
from rnnbench.base.parameters import RunConfig
from rnnbench.tables import gather
from rnnbench.text.vocab import Vocab
from rnnbench.training import checkpoint, loop
from rnnbench.training.progress import split, start
from rnnbench.writing import decoders, judge, repetition
from rnnbench.writing import texts as generation
from rnnbench.writing.judge import Judge
from rnnbench.writing.texts import REAL, Task
from rnnbench.writing.trained import Reading, Trained, untrained

GENERATOR = np.random.Generator(np.random.PCG64(1))
WORDS = ("time", "traveller", "the", "machine", "weena", "and", "moon", "was", "red", "a")
TEXT = " ".join(GENERATOR.choice(WORDS, 2000))
VOCAB = Vocab.build(TEXT)
RUN = RunConfig(
    **{"machine": "here", "trial": "grid", "corpus": "made_up", "token": "char"},
    **{"variant": "gru", "sampler": "random_sampling", "engine": "own"},
    **{"clip_norm": 1.0, "device": "cpu", "seed": 3, "batch_size": 8, "num_steps": 10},
    **{"hidden_size": 16, "learning_rate": 1.0, "num_epochs": 2, "train_tokens": 2000.0},
    **{"validation_share": 0.1, "heldout_share": 0.1, "evaluate_every": 1},
    **{"patience": math.inf},
)
TASK = Task(["time", "red "], 30, 3, {"greedy": {}, "sampling": {"alpha": [0.5, 2]}})


def judge_of(run=RUN, order=4):
    return Judge.of(VOCAB.encode(TEXT), VOCAB, Vocab.build(TEXT.split()), run, order)


@pytest.fixture(scope="module")
def judged():
    """All texts of a barely trained run, and the weights they were written with."""
    texts = split(VOCAB.encode(TEXT), RUN)
    progress = start(RUN, len(VOCAB))
    taken = partial(loop.steps, RUN, texts.train, progress)
    for _ in loop.epochs(RUN, texts.validation, progress, taken):
        pass
    trained = Trained(RUN, VOCAB, progress.model)
    return DataFrame(generation.rows(trained, judge_of(), TASK))


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("abcabcabc", 1),
        ("aaaaaaa", 1),
        ("the moon was red", 0),
        ("xyz" + "ab " * 5, 15 / 18),
        ("abcdefghij" * 2, 1),
        ("abcdefghij" + "abcdefghi", 0),  # the second round is not whole
        ("banana", 0),
        ("", 0),
        ("little by little moon", 0),
        ("little by little by little", 1),
    ],
)
def test_a_loop_is_what_comes_again_and_again_at_once(text, share):
    assert repetition.loop_chars(text) == pytest.approx(share * len(text))


@given(
    block=st.text("abc", min_size=1, max_size=9),
    rounds=st.integers(2, 6),
    before=st.text("xyz", max_size=5),
)
def test_a_block_is_a_loop_if_enough_of_it_comes_again(block, rounds, before):
    again = (rounds - 1) * len(block)
    found = repetition.loop_chars(before + block * rounds)
    if again >= repetition.LOOP:
        assert found >= len(block) * rounds
    assert found <= len(before) + len(block) * rounds


@given(text=st.text("ab", max_size=40))
def test_a_text_read_backwards_has_the_same_loops(text):
    assert repetition.loop_chars(text) == repetition.loop_chars(text[::-1])


@given(tokens=st.lists(st.sampled_from("ab"), max_size=30), order=st.integers(1, 4))
def test_there_are_no_more_distinct_ngrams_than_ngrams(tokens, order):
    found = repetition.distinct(tokens, order)
    assert found <= max(0, min(len(tokens) - order + 1, 2**order))
    assert bool(found) == (len(tokens) >= order)


def test_distinct_ngrams_of_a_loop_are_its_period():
    assert [repetition.distinct("abc" * 10, n) for n in (1, 2, 3)] == [3, 3, 3]


def test_a_copy_is_what_stands_so_elsewhere():
    known = repetition.pieces("the time traveller for so it will be", 10)
    assert repetition.copied_chars("xx traveller for so yy", known, 10) == len(" traveller for so ")
    assert repetition.copied_chars("for so it", known, 10) == 0


@pytest.mark.parametrize(
    ("before", "text", "expected"),
    [
        ("time trav", "eller was red", ["traveller", "was", "red"]),
        ("time traveller", " was", ["was"]),
        ("time ", "moon", ["moon"]),
        ("a", "   ", []),
        ("ti", "me", ["time"]),
    ],
)
def test_the_first_word_of_a_text_may_begin_before_it(before, text, expected):
    assert judge.completed(before, text) == expected


@pytest.mark.parametrize(
    ("text", "known", "words"),
    [
        ("the moon was red ", 4, 4),
        ("the mxon was red ", 3, 4),
        ("the moon was trav", 4, 4),  # cut off, and may yet become a word
        ("the moon was trav ", 3, 4),
        ("the moon was travx", 3, 4),
        ("zzzz", 0, 1),
    ],
)
def test_words_of_the_corpus_are_known(text, known, words):
    scores = judge_of().scores("a ", text)
    assert (scores["known_words"], scores["num_words"]) == (known, words)


@pytest.mark.parametrize("order", [1, 3, 6])
def test_the_judges_probabilities_of_the_next_character_sum_to_1(order):
    found = judge_of(order=order)
    for before in ("the moo", "q", ""):
        chances = [np.exp(-found.nats(before, char)) for char in VOCAB.tokens[1:]]
        unknown = np.exp(-found.nats(before, judge.UNKNOWN))
        assert sum(chances) + unknown == pytest.approx(1)


def test_the_judge_scores_a_text_as_the_chain_rule_says():
    found = judge_of()
    text = "the moon was red"
    parts = sum(found.nats("a " + text[:i], text[i]) for i in range(len(text)))
    assert found.nats("a ", text) == pytest.approx(parts)


def test_the_judge_likes_real_text_better_than_its_letters_in_disorder():
    found = judge_of()
    real = found.heldout[:200]
    mixed = "".join(GENERATOR.permutation(list(real)))
    assert found.nats("", real) < 0.5 * found.nats("", mixed)


def test_the_judge_has_seen_neither_what_the_writer_learned_nor_the_held_out_text():
    """A word that stands in the middle of the text alone is known to it, and in the ends not."""
    ids, size = VOCAB.encode(TEXT), len(TEXT)
    assert judge_of().independent
    found = {}
    for place in (1000, size // 2, size - 500):
        marked = ids.copy()
        marked[place : place + 6] = VOCAB.encode("xxqqxx" if "x" in VOCAB.index else "wwwwww")
        witness = Judge.of(marked, VOCAB, Vocab.build(TEXT.split()), RUN, 4)
        found[place] = witness.nats("www", "www")
    inside = found.pop(size // 2)
    assert all(inside < 0.7 * outside for outside in found.values())


def test_a_judge_that_would_have_too_little_to_read_reads_all_and_says_so():
    found = judge_of(replace(RUN, train_tokens=float("inf")))
    assert not found.independent
    assert not found.scores("a", " moon")["judge_independent"]


def test_every_decoder_setting_prefix_and_draw_has_a_row_before_and_after(judged):
    counts = judged.groupby(["stage", "decoder", "alpha"], dropna=False).size()
    assert counts.groupby("stage").sum().to_dict() == {"untrained": 20, "trained": 20}
    assert counts["trained", "greedy"].tolist() == [2]
    assert counts["trained", "sampling"].tolist() == [6, 6]
    assert counts["trained", REAL].tolist() == [6]
    assert (judged.num_chars == TASK.num_tokens).all()
    key = ["stage", "decoder", "alpha", "prefix", "draw"]
    assert not judged[judged.decoder != REAL].duplicated(key).any()


def test_texts_are_written_and_scored_the_same_again(judged):
    model = start(RUN, len(VOCAB)).model
    once, again = (
        DataFrame(generation.rows(Trained(RUN, VOCAB, model), judge_of(), TASK)) for _ in range(2)
    )
    assert once.equals(again)
    before = judged[judged.stage == "untrained"].reset_index(drop=True)
    assert before.equals(once[once.stage == "untrained"].reset_index(drop=True))


def test_real_text_is_held_out_and_scored_alike_by_the_judge_before_and_after(judged):
    real = judged[judged.decoder == REAL]
    heldout = judge_of().heldout
    assert all(row.prefix + row.text in heldout for row in real.itertuples())
    before, after = (real[real.stage == stage] for stage in ("untrained", "trained"))
    assert np.array_equal(before.judge_nats, after.judge_nats)
    assert (before.own_nats.to_numpy() > after.own_nats.to_numpy()).all()


@pytest.mark.parametrize("size", [2, 4, 5, 9])
def test_real_text_is_there_however_short_the_held_out_text_is_beside_the_prefixes(size):
    short = replace(judge_of(), heldout=judge_of().heldout[:size])
    model = start(RUN, len(VOCAB)).model
    found = DataFrame(generation.rows(Trained(RUN, VOCAB, model), short, TASK))
    real = found[found.decoder == REAL]
    assert len(real) == 2 * TASK.draws * len(TASK.prefixes)
    assert all(row.text and row.prefix + row.text == short.heldout for row in real.itertuples())


def test_training_brings_text_nearer_to_the_judge(judged):
    """Of what is drawn in earnest; two epochs are enough for letters and spaces."""
    drawn = judged[judged.decoder == "sampling"].groupby("stage").judge_nats.mean()
    assert drawn["trained"] < drawn["untrained"]


def test_own_nats_are_the_decoders(judged):
    row = judged[(judged.decoder == "sampling") & (judged.stage == "untrained")].iloc[-1]
    reading = Reading.of(untrained(RUN, len(VOCAB)), [VOCAB.encode(row.prefix)])
    tokens = VOCAB.encode(row.text.replace("<unk>", judge.UNKNOWN)).astype(int)
    assert decoders.nats(reading, tokens[None]) == pytest.approx(row.own_nats)


def test_the_table_turns_totals_into_shares_and_bits(judged, tmp_path):
    csv_files.write(tmp_path / "texts.csv", judged)
    table = gather.gather("generation", [tmp_path / "texts.csv"], [])
    assert np.allclose(table.judge_bits_per_char, judged.judge_nats / 30 / np.log(2))
    assert np.allclose(np.log(table.own_perplexity), judged.own_nats / 30)
    shares = table[[name for name in table if name.endswith("_share")]]
    assert ((shares >= 0) & (shares <= 1) | shares.isna()).all(axis=None)
    assert np.allclose(table.distinct_chars_3_share, judged.distinct_chars_3 / 28)
    assert table.text.tolist() == judged.text.tolist()


def test_runs_that_cannot_be_had_are_rows_that_say_so():
    missing = [{"variant": "gru", "device": "cuda", "status": "not available here", "reason": "r"}]
    table = gather.gather("generation", [], missing)
    assert table.reason.tolist() == ["r"] and table.decoder.isna().all()


def test_a_run_that_was_trained_on_a_gpu_writes_where_there_is_none(tmp_path):
    model, found = start(RUN, len(VOCAB)).model, {}
    for device in ("cpu", "cuda"):
        run = replace(RUN, device=device)
        facts = run.as_row() | {"vocab": VOCAB.tokens}
        checkpoint.write_weights(tmp_path / device, model, facts)
        rows = generation.rows(Trained.read(tmp_path / device), judge_of(run), TASK)
        found[device] = DataFrame(rows)
        assert set(found[device].pop("device")) == {device}
    assert found["cpu"].equals(found["cuda"])


def test_a_run_whose_weights_are_no_numbers_writes_all_the_same(tmp_path):
    model = start(RUN, len(VOCAB)).model
    with torch.no_grad():
        model.output.weight.fill_(torch.nan)
    checkpoint.write_weights(
        tmp_path / "weights.safetensors", model, RUN.as_row() | {"vocab": VOCAB.tokens}
    )
    trained = Trained.read(tmp_path / "weights.safetensors")
    found = DataFrame(generation.rows(trained, judge_of(), TASK))
    assert np.isfinite(found.own_nats).all() and (found.num_chars == 30).all()
