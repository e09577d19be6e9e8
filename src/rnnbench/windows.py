"""Windows of any repeated work, by the protocol of the training steps."""

from collections.abc import Iterator
from typing import Any

from rnnbench import speed
from rnnbench.jobs import TimingConfig


def rows(timing: TimingConfig, stepping: Iterator[int]) -> list[dict[str, Any]]:
    """Calibrate, warm up, and time as many windows as ``timing`` asks for; one row per window.

    Args:
        timing: length and number of the windows; its threads must already be in force.
        stepping: does one step for each item; an item is the step's size in tokens.
    """
    num_steps = speed.calibrate(timing, stepping)
    found = list(speed.warm_up(timing, stepping, num_steps))
    counted = [False] * len(found) + [True] * timing.windows
    found += [speed.paced_window(timing.device, stepping, num_steps) for _ in range(timing.windows)]
    return [
        timing.as_row() | {"window": i, "counted": kept} | row
        for i, (row, kept) in enumerate(zip(found, counted, strict=True), start=1)
    ]
