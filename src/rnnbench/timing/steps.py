"""Every training step of a process, each by itself: what a machine does at its best, and typically.

A step on the CPU lies between two readings of the clock, with the CPU time that the process took
meanwhile. On CUDA the host runs ahead of the device, so events in the device's queue mark the ends;
they resolve half a microsecond, and a sample is as many steps as make that a thousandth.
"""

import itertools
import math
import time
from collections.abc import Iterator
from typing import Any

import psutil
import torch

from rnnbench.base.parameters import TimingConfig
from rnnbench.machine import energy, gpus, identity
from rnnbench.timing import windows
from rnnbench.timing.disturbance import Clock

FEWEST = 50  # samples: of fewer, a low quantile is the fastest step
LEAST_SECONDS = 5e-4  # of a sample by events
FINE = 1000  # microseconds: of longer steps a whole microsecond is less than a thousandth


def timed(timing: TimingConfig, stepping: Iterator[int], step_seconds: float) -> dict[str, Any]:
    """Time steps for ``timed_seconds``, FEWEST of them at least; one row for all.

    Args:
        timing: its threads must already be in force, and the steps be warm.
        stepping: does one step for each item; an item is the step's size in tokens.
        step_seconds: what a step takes, about.

    Returns:
        ``sample_microseconds`` and ``sample_cpu_microseconds``, one number for each sample in their
        order, of ``num_minibatches`` steps and ``num_tokens`` tokens each; and what the machine
        tells of the whole, on CUDA with :func:`rnnbench.machine.gpus.conditions`.
    """
    load_average, meter = identity.load_average(), energy.of(timing.device)
    windows.synchronise(timing.device)
    switches, joules, before = involuntary_switches(), meter.read(), Clock.read()
    group, under_load = 1, dict[str, Any]()
    if timing.device == "cuda":
        group = math.ceil(LEAST_SECONDS / step_seconds)
        number = max(FEWEST, math.ceil(timing.timed_seconds / (group * step_seconds)))
        seconds, cpu_seconds, num_tokens, under_load = by_events(stepping, group, number)
    else:
        seconds, cpu_seconds, num_tokens = by_clock(stepping, timing.timed_seconds)
    after = Clock.read()
    return {
        "num_minibatches": group,
        "num_tokens": num_tokens,
        "sample_microseconds": written(seconds),
        "sample_cpu_microseconds": written(cpu_seconds),
        "seconds": after.wall - before.wall,
        "cpu_seconds": after.own - before.own,
        "involuntary_switches": involuntary_switches() - switches,
        "outside_load": after.outside_load(before),
        "load_average": load_average,
        "energy_joules": meter.joules(joules, meter.read()),
        "energy_source": meter.source,
        **under_load,
    }


def by_clock(stepping: Iterator[int], least_seconds: float) -> tuple[list[float], list[float], int]:
    """Seconds and CPU seconds of each step, and the tokens of one; on the CPU."""
    wall, cpu, num_tokens = [time.perf_counter()], [time.process_time()], 0
    end = wall[0] + least_seconds
    while wall[-1] < end or len(wall) <= FEWEST:
        num_tokens = next(stepping)
        wall.append(time.perf_counter())
        cpu.append(time.process_time())
    return differences(wall), differences(cpu), num_tokens


def by_events(
    stepping: Iterator[int], group: int, number: int
) -> tuple[list[float], list[float], int, dict[str, Any]]:
    """The same of ``number`` groups of steps on CUDA; the CPU seconds are the host's.

    And the state of the GPU, read while it is at work on the last of them.
    """
    events = [torch.cuda.Event(enable_timing=True) for _ in range(number + 1)]
    cpu, num_tokens = [time.process_time()], 0
    events[0].record()
    for event in events[1:]:
        num_tokens = sum(next(stepping) for _ in range(group))
        event.record()
        cpu.append(time.process_time())
    under_load = gpus.conditions()
    torch.cuda.synchronize()
    seconds = [a.elapsed_time(b) / 1000 for a, b in itertools.pairwise(events)]
    return seconds, differences(cpu), num_tokens, under_load


def differences(readings: list[float]) -> list[float]:
    """From each reading to the next."""
    return [b - a for a, b in itertools.pairwise(readings)]


def written(seconds: list[float]) -> str:
    """Microseconds with a space between them, to a tenth where they are short."""
    return " ".join(f"{1e6 * s:.{int(1e6 * s < FINE)}f}" for s in seconds)


def involuntary_switches() -> int:
    """How often others were let in before this process."""
    return psutil.Process().num_ctx_switches().involuntary
