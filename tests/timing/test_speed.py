"""Laws of the timing: whole training steps, enough of them, and warm-ups told apart."""

import dataclasses
import itertools
import math
import statistics

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.base.errors import StudyError
from rnnbench.base.parameters import RunConfig, TimingConfig
from rnnbench.base.plugins import names
from rnnbench.timing import windows
from rnnbench.timing.work import speed
from rnnbench.training import loop
from rnnbench.training.engines import agreement
from rnnbench.training.progress import start

TIMING = TimingConfig(
    machine="any",
    variant="rnn",
    sampler="sequential_partition",
    clip_norm=1.0,
    device="cpu",
    threads=1,
    dtype="float32",
    process=1,
    corpus="squares",
    batch_size=4,
    num_steps=5,
    hidden_size=8,
    learning_rate=1.0,
    windows=6,
    window_seconds=0.02,
    warmup_seconds=0.05,
)
TOKENS = (np.arange(300) ** 2 % 7 % 6).astype(np.uint8)
VOCAB_SIZE = 6

CUDA = pytest.param("cuda", marks=pytest.mark.cuda)
every_device = pytest.mark.parametrize("device", ["cpu", CUDA])


@pytest.fixture(scope="module")
def measured():
    """Rows by device, each timed once."""
    rows = {}

    def measure(device: str) -> list[dict]:
        if device not in rows:
            timing = dataclasses.replace(TIMING, device=device)
            rows[device] = speed.rows(timing, TOKENS, VOCAB_SIZE)
        return rows[device]

    return measure


@every_device
def test_as_many_windows_count_as_were_asked_for_and_they_come_last(device, measured):
    counted = [row["counted"] for row in measured(device)]
    assert counted == [False] * (len(counted) - TIMING.windows) + [True] * TIMING.windows
    assert [row["window"] for row in measured(device)] == list(range(1, len(counted) + 1))


@every_device
def test_windows_before_are_kept_and_warm_up_long_enough(device, measured):
    warm_up = [row["seconds"] for row in measured(device) if not row["counted"]]
    assert sum(warm_up) >= TIMING.warmup_seconds or len(warm_up) == windows.MOST_WARMUP_WINDOWS
    assert windows.steady(warm_up) or len(warm_up) == windows.MOST_WARMUP_WINDOWS


@every_device
def test_a_window_lasts_as_long_as_it_should(device, measured):
    """The middle one does, and a fifth less is allowed: a busy machine may calm down meanwhile."""
    seconds = [row["seconds"] for row in measured(device) if row["counted"]]
    assert statistics.median(seconds) >= 0.8 * TIMING.window_seconds


@every_device
def test_a_window_is_a_number_of_whole_minibatches(device, measured):
    rows = measured(device)
    kept, warm_up = (
        {r["num_minibatches"] for r in rows if r["counted"] is c} for c in (True, False)
    )
    assert len(kept) == len(warm_up) == 1
    for row in rows:
        assert row["num_tokens"] == row["num_minibatches"] * TIMING.batch_size * TIMING.num_steps
        assert row["num_tokens"] > 0


@every_device
def test_a_row_holds_totals_and_all_that_was_timed(device, measured):
    timing = dataclasses.replace(TIMING, device=device)
    for row in measured(device):
        assert timing.as_row().items() <= row.items()
        assert row["initialisation_seconds"] > 0
        assert row["first_step_seconds"] > 0
        assert row["peak_memory_bytes"] > 0
        assert not [name for name in row if "per_second" in name]


@pytest.mark.parametrize("sampler", names("samplers"))
def test_the_steps_timed_are_those_of_the_epochs_of_a_training_run(sampler):
    timing = dataclasses.replace(TIMING, sampler=sampler)
    run = as_run(timing)
    tokens, progress = torch.from_numpy(TOKENS.astype(np.int64)), start(run, VOCAB_SIZE)
    expected = [n for _ in range(3) for _, _, n in loop.steps(run, tokens, progress)]
    stepping = speed.training_steps(timing, TOKENS, VOCAB_SIZE)
    assert [next(stepping) for _ in expected] == expected


@pytest.mark.parametrize("variant", names("variants"))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_variant_can_be_timed_in_every_type_of_number(variant, dtype):
    timing = dataclasses.replace(TIMING, variant=variant, dtype=dtype)
    if why := agreement.unavailable(timing, dtype):
        pytest.skip(why)
    assert list(itertools.islice(speed.training_steps(timing, TOKENS, VOCAB_SIZE), 3)) == [20] * 3


def as_run(timing: TimingConfig) -> RunConfig:
    more = {"seed": timing.process, "num_epochs": 3, "train_tokens": 300.0}
    more |= {"trial": "grid", "token": "char", "engine": "own"}
    heldout = {
        "validation_share": 0.1,
        "heldout_share": 0.1,
        "evaluate_every": 1,
        "patience": math.inf,
    }
    return RunConfig.from_strings(timing.as_row() | more | heldout)


def test_a_text_shorter_than_a_minibatch_is_a_mistake_of_the_study():
    with pytest.raises(StudyError, match="expected at least 25 tokens"):
        speed.rows(TIMING, TOKENS[:24], VOCAB_SIZE)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ([], False),
        ([1.0] * 4, False),
        ([1.0] * 5, True),
        ([5.0, 4.0, 3.0, 2.0, 1.0], False),
        ([1.0, 2.0, 3.0, 5.0, 4.0], False),
        ([1.2, 1.0, 1.1, 1.2, 1.0], True),
        ([1.004, 1.003, 1.002, 1.001, 1.0], True),
        ([9.0, 1.2, 1.0, 1.1, 1.2, 1.0], True),
        ([1.0, 1.0, 1.0, 1.0, 9.0], True),
    ],
)
def test_five_windows_without_a_trend_are_steady_however_they_scatter(seconds, expected):
    assert windows.steady(seconds) is expected


@given(st.permutations([1.0, 1.1, 1.2, 1.3, 1.4]), st.floats(0.01, 100))
def test_whether_windows_are_steady_depends_neither_on_their_unit_nor_on_the_way_of_time(s, unit):
    assert windows.steady([unit * x for x in s]) is windows.steady(s) is windows.steady(s[::-1])


def test_windows_in_random_order_are_rarely_taken_for_a_trend():
    orders = [list(order) for order in itertools.permutations([1.0, 1.1, 1.2, 1.3, 1.4])]
    assert sum(not windows.steady(order) for order in orders) / len(orders) < 0.1


def test_a_machine_that_is_never_steady_is_warmed_up_only_so_long(monkeypatch):
    slower = ({"seconds": 0.1 * k} for k in itertools.count(1))
    monkeypatch.setattr(windows, "window", lambda *_: next(slower))
    assert len(list(windows.warm_up(TIMING, iter(()), 1))) == windows.MOST_WARMUP_WINDOWS


@given(st.lists(st.floats(0.001, 1), min_size=1, max_size=9), st.integers(1, 50))
def test_a_sample_is_long_enough_at_the_pace_of_the_fastest_warm_up(paces, num_minibatches):
    """However slow the first steps were: seconds per minibatch of each window, and their number."""
    warm = [{"seconds": p * num_minibatches, "num_minibatches": num_minibatches} for p in paces]
    assert windows.enough(TIMING, warm) * min(paces) >= TIMING.window_seconds


@pytest.mark.cuda
def test_the_clock_waits_for_the_gpu():
    """Work that is only queued when the window begins to count is finished when it ends."""
    matrix = torch.randn(4096, 4096, device="cuda")

    def steps():
        while True:
            matrix @ matrix
            yield 1

    one, many = (windows.window("cuda", steps(), n)["seconds"] for n in (1, 100))
    assert many > 5 * one
