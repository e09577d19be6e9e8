"""Laws of the timing: whole training steps, each by itself, and enough of them."""

import dataclasses
import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from timings import TIMING, TOKENS, VOCAB_SIZE, by

from rnnbench.base import presets
from rnnbench.base.errors import StudyError
from rnnbench.base.parameters import RunConfig, TimingConfig
from rnnbench.base.plugins import names
from rnnbench.timing import steps, windows
from rnnbench.timing.statistics import rates
from rnnbench.timing.work import speed
from rnnbench.training import loop
from rnnbench.training.engines import agreement
from rnnbench.training.progress import start

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
def test_a_process_tells_every_step_it_timed(device, measured):
    (row,) = measured(device)
    wall, cpu = (row[f"sample_{name}microseconds"].split() for name in ("", "cpu_"))
    assert len(wall) == len(cpu) >= steps.FEWEST
    assert min(map(float, wall)) > 0 <= min(map(float, cpu))
    assert row["num_tokens"] == row["num_minibatches"] * TIMING.batch_size * TIMING.num_steps


@every_device
def test_steps_are_timed_as_long_as_was_asked_for_and_nothing_lies_between_them(device, measured):
    (row,) = measured(device)
    total = 1e-6 * sum(map(float, row["sample_microseconds"].split()))
    assert total >= 0.9 * TIMING.timed_seconds
    assert total <= row["seconds"] * 1.01


@every_device
def test_a_row_holds_totals_and_all_that_was_timed(device, measured):
    timing = dataclasses.replace(TIMING, device=device)
    for row in measured(device):
        assert timing.as_row().items() <= row.items()
        assert row["initialisation_seconds"] > 0
        assert row["first_step_seconds"] > 0
        assert row["peak_memory_bytes"] > 0
        assert not [name for name in row if "per_second" in name]


def test_a_slow_machine_times_as_many_steps_as_a_low_quantile_needs():
    seconds, cpu_seconds, num_tokens = steps.by_clock(iter([7] * 1000), 0.0)
    assert len(seconds) == len(cpu_seconds) == steps.FEWEST
    assert num_tokens == 7


@given(st.lists(st.floats(1e-5, 10.0), min_size=1))
def test_times_of_steps_are_written_to_a_thousandth_at_most_off(seconds):
    assert rates.seconds(steps.written(seconds)) == pytest.approx(seconds, rel=6e-3, abs=6e-8)
    long = [s for s in seconds if s > 1e-4]
    assert rates.seconds(steps.written(long)) == pytest.approx(long, rel=1e-3)


@pytest.mark.parametrize("sampler", names("samplers"))
def test_the_steps_timed_are_those_of_the_epochs_of_a_training_run(sampler):
    timing = dataclasses.replace(TIMING, sampler=sampler)
    run = as_run(timing)
    tokens, progress = torch.from_numpy(TOKENS.astype(np.int64)), start(run, VOCAB_SIZE)
    expected = [n for _ in range(3) for _, _, n in loop.steps(run, tokens, progress)]
    stepping = speed.training_steps(timing, TOKENS, VOCAB_SIZE)
    assert [next(stepping) for _ in expected] == expected


@pytest.mark.parametrize(
    ("variant", "implementation"),
    [*presets.pairs(presets.timed(), names("implementations"))],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_work_can_be_timed_in_every_type_of_number(variant, implementation, dtype):
    timing = by(variant, implementation, dtype=dtype)
    if why := agreement.why_not(variant, implementation, "cpu", dtype):
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
