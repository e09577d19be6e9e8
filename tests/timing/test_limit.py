"""Laws of the measured limit: every product is timed, at its own shape, in totals."""

import dataclasses

import numpy as np
import pytest
import torch
from timings import TIMING, TOKENS, VOCAB_SIZE

from rnnbench.base import presets
from rnnbench.timing import windows, workload
from rnnbench.timing.work import limit


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(limit, "SQUARES", {"cpu": (8, 16)})
    monkeypatch.setattr(limit, "STREAM_NUMBERS", 64)


@pytest.mark.parametrize("variant", ["rnn_scratch", "lstm_deep", "lstm_bidirectional"])
def test_every_product_of_a_training_step_is_timed_at_its_shape(variant):
    timing = dataclasses.replace(TIMING, variant=variant)
    rows = limit.rows(timing, TOKENS, VOCAB_SIZE)
    model = limit.architecture(timing, VOCAB_SIZE)
    listed = workload.products(model, timing.batch_size, timing.num_steps)
    assert {p.part: p.shape for p in listed} | {"square": (16, 16, 16)} == {
        row["probe"]: (row["rows"], row["inner"], row["columns"]) for row in rows if "flops" in row
    }
    assert {row["probe"] for row in rows if "bytes" in row} == {"triad", "copy"}


def test_a_row_holds_totals_of_whole_calls_and_as_many_count_as_were_asked_for():
    rows = limit.rows(TIMING, TOKENS, VOCAB_SIZE)
    for row in rows:
        assert row["seconds"] > 0 and TIMING.as_row().items() <= row.items()
        assert not [name for name in row if "per_second" in name]
        if "flops" in row:
            one = 2 * row["rows"] * row["inner"] * row["columns"]
            assert row["flops"] == one * row["num_minibatches"]
    assert sum(row["counted"] and row["probe"] == "triad" for row in rows) == windows.WINDOWS


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_pass_over_the_memory_is_counted_in_bytes(dtype):
    size = 64 * torch.tensor([], dtype=dtype).element_size()
    assert next(limit.triad("cpu", dtype)) == 3 * size
    assert next(limit.copy("cpu", dtype)) == 2 * size


def test_the_arrays_of_a_pass_are_far_more_than_a_cache_holds(monkeypatch):
    monkeypatch.undo()
    assert 2 * 4 * limit.STREAM_NUMBERS >= 512 * 2**20


@pytest.mark.parametrize("variant", presets.timed())
def test_the_architecture_of_every_variant_has_the_sizes_asked_for(variant):
    found = limit.architecture(dataclasses.replace(TIMING, variant=variant), VOCAB_SIZE)
    assert (found.hidden_size, found.vocab_size) == (TIMING.hidden_size, VOCAB_SIZE)


def test_windows_of_any_work_come_warm_ups_first():
    rows = windows.rows(TIMING, iter(lambda: int(np.ones(5000).sum()), None))
    assert [row["counted"] for row in rows][-5:] == [False, *[True] * 4]
    assert [row["window"] for row in rows] == list(range(1, len(rows) + 1))
    assert all(row["num_tokens"] == 5000 * row["num_minibatches"] for row in rows)
