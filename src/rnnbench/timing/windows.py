"""Windows of repeated work: what probes keep, and what shows whether a warm-up is over."""

import math
import time
from collections.abc import Iterator
from typing import Any

import torch

from rnnbench.base.parameters import TimingConfig
from rnnbench.machine import energy, gpus, identity
from rnnbench.timing import core_pace
from rnnbench.timing.disturbance import Clock
from rnnbench.timing.statistics.trend import kendall

WINDOWS = 4  # of a probe
SHARE = 16  # of them would last as long as a process times training steps
MOST_WARMUP_WINDOWS = 30
TREND_WINDOWS = 5
TREND = 8  # of 10 pairs, this many more going one way than the other: p = 0.08 in random order
LEVEL = 0.01  # a trend within this share is no drift


def rows(timing: TimingConfig, stepping: Iterator[int]) -> list[dict[str, Any]]:
    """Calibrate, warm up, and time WINDOWS windows; one row per window.

    Args:
        timing: how long steps are timed; its threads must already be in force.
        stepping: does one step for each item; an item is the step's size in tokens.
    """
    num_steps = calibrate(timing, stepping)
    found = list(warm_up(timing, stepping, num_steps))
    counted = [False] * len(found) + [True] * WINDOWS
    found += [paced_window(timing.device, stepping, num_steps) for _ in range(WINDOWS)]
    return [
        timing.as_row() | {"window": i, "counted": kept} | row
        for i, (row, kept) in enumerate(zip(found, counted, strict=True), start=1)
    ]


def window(device: str, stepping: Iterator[int], num_minibatches: int) -> dict[str, Any]:
    """Time ``num_minibatches`` steps; the energy is that of the device, if it can be read."""
    load_average, meter = identity.load_average(), energy.of(device)
    synchronise(device)
    joules, before = meter.read(), Clock.read()
    began = time.perf_counter()
    num_tokens = sum(next(stepping) for _ in range(num_minibatches))
    synchronise(device)
    seconds = time.perf_counter() - began
    return {
        "num_minibatches": num_minibatches,
        "num_tokens": num_tokens,
        "seconds": seconds,
        "step_seconds": seconds / num_minibatches,
        "outside_load": Clock.read().outside_load(before),
        "load_average": load_average,
        "energy_joules": meter.joules(joules, meter.read()),
        "energy_source": meter.source,
    }


def paced_window(device: str, stepping: Iterator[int], num_minibatches: int) -> dict[str, Any]:
    """Do the same, and tell the state of the GPU right after it, if that was at work.

    And the pace of the cores before or after it, the slower of the two.
    """
    before = core_pace.seconds()
    row = window(device, stepping, num_minibatches)
    row |= gpus.conditions() if device == "cuda" else {}
    return row | {"pace_seconds": max(before, core_pace.seconds())}


def calibrate(timing: TimingConfig, stepping: Iterator[int]) -> int:
    """Return how many minibatches last as long as a window, with a quarter to spare."""
    length = timing.timed_seconds / SHARE
    num_minibatches = 1
    while True:
        tries = [window(timing.device, stepping, num_minibatches)["seconds"] for _ in range(3)]
        if min(tries) >= length / 4:
            return math.ceil(1.25 * num_minibatches * length / min(tries))
        num_minibatches *= 2


def warm_up(
    timing: TimingConfig, stepping: Iterator[int], num_minibatches: int
) -> Iterator[dict[str, Any]]:
    """Yield windows until ``warmup_seconds`` are over and they are steady, or 30 are done.

    They are a quarter as long as those that count: what they must show is a trend, not a rate.
    """
    seconds: list[float] = []
    while len(seconds) < MOST_WARMUP_WINDOWS:
        row = window(timing.device, stepping, max(1, num_minibatches // 4))
        seconds.append(row["seconds"])
        yield row
        if sum(seconds) >= timing.warmup_seconds and steady(seconds):
            return


def steady(seconds: list[float]) -> bool:
    """Whether the last five windows have no trend (Mann & Kendall), or none of more than 1 %.

    Windows that merely scatter are steady: how much they do is what the interval says.
    """
    last = seconds[-TREND_WINDOWS:]
    if len(last) < TREND_WINDOWS:
        return False
    return abs(kendall(last)) < TREND or max(last) / min(last) - 1 <= LEVEL


def synchronise(device: str) -> None:
    """Wait for the device; the CPU is never ahead of itself."""
    if device == "cuda":
        torch.cuda.synchronize()


def peak_memory_bytes(device: str) -> int:
    """Largest memory so far: of the device's allocator, or of the process on the CPU."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    return identity.peak_memory_bytes()
