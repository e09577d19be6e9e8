"""Laws of the load from outside: others' work is seen, one's own is not."""

import subprocess
import sys
import time

import pytest

from rnnbench.load import Clock

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
