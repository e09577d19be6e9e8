"""Laws of the load from outside: others' work is seen, one's own is not."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from timings import TIMING, VOCAB_SIZE

from rnnbench.machine import identity
from rnnbench.timing import core_pace, disturbance, probes
from rnnbench.timing.disturbance import Clock, calm_pace, core_slowdown, disturbed
from rnnbench.timing.processes import Text

SPIN = "import time\nend = time.monotonic() + {}\nwhile time.monotonic() < end: pass"


def spin(seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


def test_own_work_is_no_load_from_outside_and_anothers_is():
    """Others may be busy too, so the two are compared."""
    readings = []
    for other in (None, subprocess.Popen([sys.executable, "-c", SPIN.format(20)])):
        time.sleep(0.3)
        before = Clock.read()
        spin(1.0)
        readings.append(Clock.read().outside_load(before))
        if other:
            other.kill()
            other.wait()
    assert readings[1] > 0.3
    assert readings[0] < readings[1] or readings[0] > 0.9


def test_the_load_is_what_is_busy_and_not_own_by_the_clock():
    before, after = Clock(10.0, 100.0, 5.0), Clock(12.0, 103.5, 6.5)
    assert after.outside_load(before) == pytest.approx(1.0)


@contextmanager
def busy(processes: int) -> Iterator[None]:
    """Processes that do nothing but spin, for as long as the block lasts."""
    spinning = [
        subprocess.Popen([sys.executable, "-c", SPIN.format(3600)]) for _ in range(processes)
    ]
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
            process.wait()


def others() -> float:
    """Cores that others keep busy during a second in which this process rests."""
    before = Clock.read()
    time.sleep(1.0)
    return Clock.read().outside_load(before)


def timed_windows(tmp_path) -> pd.DataFrame:
    """The windows that count of one process of a probe."""
    np.save(tmp_path / "ids.npy", np.arange(300, dtype=np.uint8) % VOCAB_SIZE)
    text = Text(tmp_path / "ids.npy", VOCAB_SIZE)
    asked = {"inference": [replace(TIMING, timed_seconds=1.6)]}
    found, _ = probes.measure(asked, 1, 1, text, tmp_path / "log")
    return found["inference"][found["inference"].counted]


def test_processes_that_spin_beside_a_timing_disturb_its_windows(tmp_path):
    with busy(identity.usable_cores()):
        windows = timed_windows(tmp_path)
    assert windows.disturbed.all()
    assert windows.outside_load.mean() > 0.3


def test_a_timing_that_is_left_alone_is_not_disturbed(tmp_path):
    """Where others are busy anyway, nothing can be said of it."""
    before = others()
    windows = timed_windows(tmp_path)
    if max(before, others()) > disturbance.OUTSIDE_LOAD / 2:
        pytest.skip(f"others keep this machine busy: {before:.2f} cores before the timing")
    assert windows.disturbed.mean() <= 0.5


def test_cores_that_were_slower_than_calm_mark_a_window_and_those_of_other_threads_do_not():
    """Of 20 windows per number of threads one is slowed, as much as others are slow anyway."""
    paces = [1.0] * 19 + [1.5] + [3.0] * 20
    windows = pd.DataFrame({"pace_seconds": paces, "threads": [1] * 20 + [2] * 20})
    windows = windows.assign(seconds=0.1, outside_load=0.0)
    windows["core_slowdown"] = core_slowdown(windows, calm_pace(windows))
    assert windows.core_slowdown[19] == pytest.approx(0.5)
    assert disturbed(windows).tolist() == [False] * 19 + [True] + [False] * 20


def test_where_most_windows_were_slowed_the_few_calm_ones_are_known():
    windows = pd.DataFrame({"pace_seconds": [1.5] * 18 + [1.0] * 2, "threads": 1})
    windows = windows.assign(seconds=0.1, outside_load=0.0)
    windows["core_slowdown"] = core_slowdown(windows, calm_pace(windows))
    assert disturbed(windows).tolist() == [True] * 18 + [False] * 2


GPU = {"device": "cuda", "gpu_processes": 1, "gpu_throttle_reasons": "software power cap"}


@pytest.mark.parametrize(
    ("told", "marked"),
    [
        ({}, False),  # its own load brings a GPU to its power cap
        ({"gpu_processes": 2}, True),
        ({"gpu_processes": "unknown", "gpu_throttle_reasons": "unknown"}, False),
        ({"gpu_throttle_reasons": "sync boost, hardware thermal slowdown"}, True),
    ],
)
def test_who_shares_the_gpu_and_what_heats_it_disturbs_a_window_of_it(told, marked):
    facts = {"seconds": 0.1, "outside_load": 0.0, "core_slowdown": 0.0}
    windows = pd.DataFrame([facts | GPU | told, facts | {"device": "cpu"}])
    assert disturbed(windows).tolist() == [marked, False]


def test_what_was_done_to_the_gpu_under_load_is_said_of_all_processes_together():
    rows = [GPU, GPU | {"gpu_processes": 3}, GPU | {"gpu_throttle_reasons": "idle"}]
    assert disturbance.of_gpu(pd.DataFrame([*rows, {"device": "cpu"}])) == [
        "others were on the GPU beside 1 of 3 processes timed on it",
        "the GPU was slowed under 2 of 3 processes timed on it: software power cap",
    ]
    calm = {"device": "cuda", "gpu_processes": 1, "gpu_throttle_reasons": "no reason"}
    assert disturbance.of_gpu(pd.DataFrame([calm])) == []
    assert disturbance.of_gpu(pd.DataFrame([{"device": "cpu"}])) == []


def test_asking_for_the_pace_changes_nothing_in_torch():
    before = torch.get_num_threads(), torch.get_rng_state(), torch.is_grad_enabled()
    assert 0 < core_pace.seconds() < 1
    assert torch.get_num_threads() == before[0]
    assert torch.equal(torch.get_rng_state(), before[1])
    assert torch.is_grad_enabled() == before[2]
