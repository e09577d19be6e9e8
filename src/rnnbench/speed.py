"""Tokens per second of whole training steps, in one process.

A sample is a window of whole minibatches that lasts at least ``window_seconds``: minibatch,
forward, loss, backward, clipping, update. The clock is monotonic and the device is synchronised
at both ends. Building the model and the first step, which compiles where something is to be
compiled, are timed apart. Steps before the windows warm caches and allocators up; their windows are
kept and marked, and left out of every estimate.
"""

import math
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnnbench import energy, machine, numerics, pace, precision, samplers
from rnnbench.jobs import TimingConfig
from rnnbench.load import Clock
from rnnbench.model import LanguageModel, build
from rnnbench.progress import Progress
from rnnbench.train import steps
from rnnbench.trend import kendall
from rnnbench.update import own
from rnnbench.work import Architecture

MOST_WARMUP_WINDOWS = 30
TREND_WINDOWS = 5
TREND = 8  # of 10 pairs, this many more going one way than the other: p = 0.08 in random order
LEVEL = 0.01  # a trend within this share is no drift


def rows(timing: TimingConfig, tokens: np.ndarray, vocab_size: int) -> list[dict[str, Any]]:
    """Return one row per window: totals, never rates.

    Args:
        timing: what to time; its threads must already be in force.
        tokens: the training text, ``(N,)``.
        vocab_size: of the text.

    Raises:
        StudyError: the text is shorter than one minibatch.
    """
    began = time.perf_counter()
    stepping = training_steps(timing, tokens, vocab_size)
    synchronise(timing.device)
    initialisation_seconds = time.perf_counter() - began
    first_step_seconds = window(timing.device, stepping, 1)["seconds"]
    warm = list(warm_up(timing, stepping, calibrate(timing, stepping)))
    num_minibatches = enough(timing, warm)
    kept = [paced_window(timing.device, stepping, num_minibatches) for _ in range(timing.windows)]
    facts = {
        "initialisation_seconds": initialisation_seconds,
        "first_step_seconds": first_step_seconds,
        "peak_memory_bytes": peak_memory_bytes(timing.device),
        "steady": steady([row["seconds"] for row in warm]),
        "numerics_id": numerics.identify(),
        **Architecture.of(model(timing, vocab_size)).as_row(),
    }
    marked = [{"counted": False} | row for row in warm] + [{"counted": True} | row for row in kept]
    return [timing.as_row() | facts | {"window": i} | row for i, row in enumerate(marked, start=1)]


def training_steps(timing: TimingConfig, tokens: np.ndarray, vocab_size: int) -> Iterator[int]:
    """Build the model, then train for ever, by the very steps of a training run.

    Each item is the number of tokens of a step.

    Raises:
        StudyError: the text is shorter than one minibatch.
    """
    samplers.check_size(len(tokens), timing.batch_size, timing.num_steps)
    generator = np.random.Generator(np.random.PCG64(timing.process))
    built = model(timing, vocab_size)
    progress = Progress(built, generator, own(timing.variant, built))
    text = torch.from_numpy(tokens.astype(np.int64)).to(timing.device)
    return _endless(timing, text, progress)


def model(timing: TimingConfig, vocab_size: int) -> LanguageModel:
    """Build the model to time, on its device; each process draws weights of its own."""
    generator = np.random.Generator(np.random.PCG64(timing.process))
    dtype = precision.stored(timing.dtype)
    built = build(timing.variant, vocab_size, timing.hidden_size, generator, dtype)
    return built.to(timing.device)


def _endless(timing: TimingConfig, text: Tensor, progress: Progress) -> Iterator[int]:
    while True:
        for _, _, num_tokens in steps(timing, text, progress):
            yield num_tokens


def window(device: str, stepping: Iterator[int], num_minibatches: int) -> dict[str, Any]:
    """Time ``num_minibatches`` steps; the energy is that of the device, if it can be read."""
    load_average, meter = machine.load_average(), energy.of(device)
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
        "outside_load": Clock.read().outside_load(before),
        "load_average": load_average,
        "energy_joules": meter.joules(joules, meter.read()),
        "energy_source": meter.source,
    }


def paced_window(device: str, stepping: Iterator[int], num_minibatches: int) -> dict[str, Any]:
    """Do the same, and tell the pace of the cores before or after it, the slower of the two."""
    before = pace.seconds()
    row = window(device, stepping, num_minibatches)
    return row | {"pace_seconds": max(before, pace.seconds())}


def calibrate(timing: TimingConfig, stepping: Iterator[int]) -> int:
    """Return how many minibatches last at least ``window_seconds``, with a quarter to spare."""
    num_minibatches = 1
    while True:
        tries = [window(timing.device, stepping, num_minibatches)["seconds"] for _ in range(3)]
        if min(tries) >= timing.window_seconds / 4:
            return math.ceil(1.25 * num_minibatches * timing.window_seconds / min(tries))
        num_minibatches *= 2


def enough(timing: TimingConfig, warm: list[dict[str, Any]]) -> int:
    """Calibrate anew by the fastest window of the warm-up.

    Who shares the machine while the first steps are timed would otherwise shorten every sample.
    """
    fastest = min(row["seconds"] / row["num_minibatches"] for row in warm)
    return math.ceil(1.25 * timing.window_seconds / fastest)


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
    return machine.peak_memory_bytes()
