"""Laws of the load from outside: others' work is seen, one's own is not."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest
from test_campaign import PROTOCOL
from test_timing import TIMING, VOCAB_SIZE

from rnnbench import machine
from rnnbench.load import Clock
from rnnbench.points import Point
from rnnbench.timing import Interpreter, Text

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
        subprocess.Popen([sys.executable, "-c", SPIN.format(300)]) for _ in range(processes)
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
    """The windows that count of one process, timed and marked as a campaign does it."""
    np.save(tmp_path / "ids.npy", np.arange(300, dtype=np.uint8) % VOCAB_SIZE)
    with Interpreter(Text(tmp_path / "ids.npy", VOCAB_SIZE), tmp_path / "log") as interpreter:
        rows = interpreter.rows("speed", TIMING)
    point = Point.of(TIMING.as_row(), "0", PROTOCOL)
    point.take(1, pd.DataFrame(rows), "now", 1.0)
    windows = point.windows()
    return windows[windows.counted]


def test_processes_that_spin_beside_a_timing_disturb_its_windows(tmp_path):
    with busy(machine.usable_cores()):
        windows = timed_windows(tmp_path)
    assert windows.disturbed.all()
    assert windows.outside_load.mean() > 0.3


def test_a_timing_that_is_left_alone_is_not_disturbed(tmp_path):
    """Where others are busy anyway, nothing can be said of it."""
    before = others()
    windows = timed_windows(tmp_path)
    if max(before, others()) > PROTOCOL.outside_load / 2:
        pytest.skip(f"others keep this machine busy: {before:.2f} cores before the timing")
    assert windows.disturbed.mean() <= 0.5
