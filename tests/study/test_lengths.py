"""Laws of the demands on texts: a text that passes is long enough for all that is done with it."""

import math

import numpy as np
import pytest
from test_study import changed, read, shipped

from rnnbench.base.errors import StudyError
from rnnbench.base.parameters import RunConfig
from rnnbench.study import lengths
from rnnbench.study.lengths import Demand
from rnnbench.training import samplers
from rnnbench.training.progress import split

WORDS = {"token": ["word"], "train_tokens": [math.inf]}


def demand(**changes) -> Demand:
    fields = {"key": "trials.words", "corpus": "short", "token": "word", "part": "train"}
    return Demand(**(fields | {"expected": 100, "why": "a minibatch"} | changes))


def said(asked, **sizes) -> str:
    found = {tuple(text.split("_")): (size,) for text, size in sizes.items()}
    with pytest.raises(StudyError) as caught:
        lengths.require(lengths.held(asked, found))
    return str(caught.value)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.25])
@pytest.mark.parametrize(("train_tokens", "validation"), [(37, 0.1), (50, 0.1), (math.inf, 0)])
def test_a_text_that_passes_can_be_split_and_one_token_less_can_not(
    share, train_tokens, validation
):
    run = read(shipped()).run({"machine": "box"}).as_row()
    run |= {"heldout_share": share, "train_tokens": train_tokens, "batch_size": 6, "num_steps": 5}
    run |= {"validation_share": validation}
    run = RunConfig.from_strings(run | {"device": "cpu"})
    asked = list(lengths.demands_of("runs", run))
    for size in range(2, 300):
        short = [
            r
            for r in lengths.held(asked, {(run.corpus, "char"): (size,)})
            if r["found"] < r["expected"]
        ]
        try:
            texts = split(np.zeros(size, np.uint8), run)
        except StudyError:
            assert short
        else:
            assert not short
            assert len(texts.train) >= samplers.tokens_needed(6, 5)


def test_what_is_too_short_is_told_at_once_by_its_key_with_what_to_do():
    asked = [demand(), demand(key="runs", expected=90), demand(key="memory.contexts", expected=80)]
    message = said(asked, short_word=85)
    assert "trials.words: short: expected at least 100 words to train on (a minibatch)" in message
    assert "runs: short: expected at least 90" in message and "memory" not in message
    assert message.count("found 85") == 2 and message.endswith("(config/README.md).")


def test_of_one_key_the_largest_demand_is_told():
    message = said([demand(expected=200), demand(), demand(expected=150)], short_word=85)
    assert message.count("expected") == 1 and "at least 200" in message


def test_a_text_of_unknown_length_is_not_too_short_but_for_what_the_study_takes_of_it():
    lengths.require(lengths.held([demand()], {}))
    message = said([demand(train_tokens=60)])
    assert "found 60, which is all that the study takes of it\n" in message
    assert "all that" not in said([demand(train_tokens=60)], short_word=59)


def test_words_are_asked_of_the_words_of_a_text_and_characters_of_its_characters():
    asked = lengths.demands(read(shipped("science")))
    texts = {(demand.corpus, demand.token) for demand in asked if demand.key == "trials.words"}
    assert texts == {("time_machine", "word")}


@pytest.mark.parametrize(
    ("key", "value", "stage"),
    [
        ("memory.contexts", [1, 9000], "memory.contexts"),
        ("speed.sizes", {"num_steps": [5000]}, "speed"),
        ("probes.axes.batch_size", [8, 4000], "probes"),
        ("texts.prefixes", ["a" * 9000], "texts.prefixes"),
        ("trials", {"words": WORDS | {"num_steps": [900]}}, "trials.words"),
    ],
)
def test_every_stage_says_what_it_needs(key, value, stage):
    config = changed(key, value)
    sizes = {("time_machine", "char"): (40_000,), ("time_machine", "word"): (8_000,)}
    held = lengths.held(lengths.demands(read(config)), sizes)
    short = {row["key"] for row in held if row["found"] < row["expected"]}
    assert short - {"probes"} == {stage} - {"probes"} and stage in short


def test_the_words_that_texts_begin_with_where_none_are_asked_for_need_held_out_text_too(tmp_path):
    expected = {
        name: next(d.expected for d in lengths.demands(read(config)) if d.key == "texts.prefixes")
        for name, config in (("book", shipped()), ("own", own(tmp_path / "a.txt", "on " * 9_000)))
    }
    assert expected == {"book": len("time traveller") + 1, "own": 2}


def test_a_stage_that_is_off_needs_nothing():
    config = shipped()
    config["speed"]["variants"] = []
    config["memory"]["variants"] = config["generation"]["variants"] = []
    keys = {demand.key.split(".")[0] for demand in lengths.demands(read(config))}
    assert keys == {"runs", "trials"}


def own(path, text: str) -> dict:
    path.write_text(text)
    config = shipped()
    config["own_texts"] = {"short": {"source": str(path)}}
    config["corpora"] = config["runs"]["corpora"] = ["short"]
    config["trials"]["words"] = WORDS
    return config


def test_the_words_of_a_short_text_on_disk_are_counted_before_any_job(tmp_path):
    with pytest.raises(
        StudyError, match=r"(?m)trials\.words: short: .* 1155 words .* found 312$"
    ) as caught:
        read(own(tmp_path / "a.txt", "many longish words. " * 130))
    assert "runs: short" not in str(caught.value)


def test_words_of_a_long_text_are_bounded_by_its_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(lengths, "COUNTED", 9)
    with pytest.raises(StudyError, match=r"(?m)trials\.words: short: .* found 800$"):
        read(own(tmp_path / "a.txt", "x" * 2_000))
    assert read(own(tmp_path / "a.txt", "x" * 9_000)).runs


@pytest.mark.parametrize(
    ("text", "entry", "told"),
    [
        ("1 2 3 " * 2_000, {}, "short: expected words of the letters a-z, found none"),
        ("все счастливые семьи ok " * 200, {}, "short: expected a text that cleaning keeps"),
        ("many longish words. " * 900, {"sha256": "0" * 64}, "Correct own_texts.short.sha256"),
    ],
)
def test_a_text_that_is_none_or_another_one_is_told_before_any_job(tmp_path, text, entry, told):
    config = own(tmp_path / "a.txt", text)
    config["own_texts"]["short"] |= entry
    with pytest.raises(StudyError, match=told):
        read(config)
