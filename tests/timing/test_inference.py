"""Laws of the timing of use: what is timed is what the suite writes and reads."""

import dataclasses
import itertools

import numpy as np
import pytest
import torch
from timings import TIMING, TOKENS, VOCAB_SIZE

from rnnbench.base import presets
from rnnbench.base.errors import StudyError
from rnnbench.base.plugins import load, names
from rnnbench.timing import windows
from rnnbench.timing.work import inference, speed
from rnnbench.training import native
from rnnbench.training.native.reader import checked
from rnnbench.writing.decoders import greedy
from rnnbench.writing.trained import Reading

NATIVE = [] if native.missing() else ["gru fused"]


@pytest.fixture(scope="module", params=[*presets.timed(), *NATIVE])
def rows(request):
    variant, way = presets.named(request.param)
    timing = dataclasses.replace(TIMING, variant=variant, implementation=way)
    return inference.rows(timing, TOKENS, VOCAB_SIZE)


def test_both_modes_are_timed_with_as_many_windows_as_asked_for(rows):
    for mode in ("generation", "throughput"):
        counted = [row["counted"] for row in rows if row["mode"] == mode]
        assert counted[-5:] == [False, True, True, True, True]
        assert sum(counted) == windows.WINDOWS


def test_rows_hold_totals(rows):
    for row in rows:
        assert row["num_tokens"] > 0 and row["seconds"] > 0
        assert not [name for name in row if "per_second" in name]


def test_the_quantiles_are_those_of_the_characters_of_the_window(rows):
    for row in rows:
        if row["mode"] == "generation":
            spread = [row[name] for name in inference.QUANTILES]
            assert spread == sorted(spread) and spread[0] > 0
            assert (
                row["num_tokens"] % (inference.TEXT if row["implementation"] == "fused" else 1) == 0
            )
            assert row["num_tokens"] * row["latency_q05"] * 0.9 < row["seconds"]


def test_every_character_timed_is_the_one_the_suite_would_write():
    timing = dataclasses.replace(TIMING, variant="gru")
    model = speed.model(timing, VOCAB_SIZE)
    seconds = []
    assert list(itertools.islice(inference.characters(model, 3, seconds), 5)) == [1] * 5
    assert len(seconds) == 5
    read = []
    model.register_forward_hook(lambda _, inputs, __: read.append(int(inputs[0])))
    list(itertools.islice(inference.characters(model, 3, seconds), 5))
    (written,) = greedy.decode(Reading.of(model, [[3]]), 4)
    assert read[:5] == [3, *written]


@pytest.mark.skipif(not NATIVE, reason="no native reader")
def test_what_writes_by_itself_is_timed_text_by_text():
    reader, seconds = checked(speed.model(TIMING, VOCAB_SIZE)), []
    assert list(itertools.islice(inference.characters(reader, 3, seconds), 2)) == [200, 200]
    assert len(seconds) == 400 and len(set(seconds)) <= 2


@pytest.mark.parametrize("sampler", names("samplers"))
def test_minibatches_are_read_without_gradients_and_for_ever(sampler):
    timing = dataclasses.replace(TIMING, sampler=sampler)
    model = speed.model(timing, VOCAB_SIZE)
    model.register_forward_hook(lambda *_: seen.append(torch.is_grad_enabled()))
    seen = []
    with torch.no_grad():
        read = list(itertools.islice(inference.minibatches(timing, model, TOKENS), 50))
    assert read == [20] * 50 and not any(seen)


def test_quantiles_skip_the_characters_of_the_calibration():
    found = list(
        inference._with_quantiles([{"num_tokens": 2}, {"num_tokens": 3}], [9, 9, 1, 1, 2, 2, 2])
    )
    assert [row["latency_q50"] for row in found] == [1, 2]


def test_a_text_shorter_than_a_minibatch_is_a_mistake_of_the_study():
    with pytest.raises(StudyError, match="expected at least 25 tokens"):
        inference.rows(TIMING, TOKENS[:24], VOCAB_SIZE)


def test_rows_say_of_what_architecture_they_are():
    (row, *_) = inference.rows(dataclasses.replace(TIMING, variant="lstm_deep"), TOKENS, VOCAB_SIZE)
    sizes = {"gates": 4, "hidden_size": 8, "num_layers": 2, "directions": 1}
    assert sizes.items() <= row.items()
    assert np.isfinite(row["seconds"])


@pytest.mark.parametrize("hidden_size", [8, 64])
@pytest.mark.parametrize("variant", ["rnn", "gru", "lstm", "lstm_scratch"])
def test_another_reader_reads_and_writes_what_the_model_does(variant, hidden_size):
    if why := presets.lacking("onnx"):
        pytest.skip(why)
    timing = dataclasses.replace(TIMING, variant=variant, hidden_size=hidden_size)
    model = speed.model(timing, VOCAB_SIZE)
    other = load("implementations", "onnx").reader(model)
    state, end = None, None
    for X in torch.randint(VOCAB_SIZE, (2, 11, 3), generator=torch.Generator().manual_seed(1)):
        logits, state = model(X, state)
        found, end = other(X, end)
        assert torch.allclose(found, logits, atol=1e-6, rtol=1e-5)
    (written,) = greedy.decode(Reading.of(model, [[3]]), 9)
    assert [*itertools.islice(other.characters(3), 9)] == [*written]
    rows = inference.rows(dataclasses.replace(timing, implementation="onnx"), TOKENS, VOCAB_SIZE)
    assert {row["mode"] for row in rows} == {"generation", "throughput"}
