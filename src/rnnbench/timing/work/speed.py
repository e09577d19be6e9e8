"""Whole training steps in one process, each of them timed.

A step is minibatch, forward, loss, backward, clipping, update. Building the model and the first
step, which compiles where something is to be compiled, are timed apart. Steps before the timed ones
warm caches and allocators up, until they show no trend.
"""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnnbench.base.parameters import TimingConfig
from rnnbench.timing import steps, windows
from rnnbench.timing.workload import Architecture
from rnnbench.training import loop, samplers
from rnnbench.training.arithmetic import numerics, precision
from rnnbench.training.model import LanguageModel, build
from rnnbench.training.progress import Progress
from rnnbench.training.update import by


def rows(timing: TimingConfig, tokens: np.ndarray, vocab_size: int) -> list[dict[str, Any]]:
    """Return one row: every step of this process.

    Args:
        timing: what to time; its threads must already be in force.
        tokens: the training text, ``(N,)``.
        vocab_size: of the text.

    Raises:
        StudyError: the text is shorter than one minibatch.
    """
    stepping, start = started(timing, tokens, vocab_size)
    warm = list(windows.warm_up(timing, stepping, windows.calibrate(timing, stepping)))
    timed = steps.timed(timing, stepping, min(row["step_seconds"] for row in warm))
    facts = {
        "peak_memory_bytes": windows.peak_memory_bytes(timing.device),
        "steady": windows.steady([row["seconds"] for row in warm]),
        "numerics_id": numerics.identify(),
        **Architecture.of(model(timing, vocab_size)).as_row(),
    }
    return [timing.as_row() | start | facts | timed]


def started(
    timing: TimingConfig, tokens: np.ndarray, vocab_size: int
) -> tuple[Iterator[int], dict[str, float]]:
    """:func:`training_steps` whose first is done, and the seconds that it and all before took."""
    began = time.perf_counter()
    stepping = training_steps(timing, tokens, vocab_size)
    windows.synchronise(timing.device)
    initialisation_seconds = time.perf_counter() - began
    return stepping, {
        "initialisation_seconds": initialisation_seconds,
        "first_step_seconds": windows.window(timing.device, stepping, 1)["seconds"],
    }


def training_steps(timing: TimingConfig, tokens: np.ndarray, vocab_size: int) -> Iterator[int]:
    """Build the model, then train for ever, by the very steps of a training run.

    Each item is the number of tokens of a step.

    Raises:
        StudyError: the text is shorter than one minibatch.
    """
    samplers.check_size(len(tokens), timing.batch_size, timing.num_steps)
    generator = np.random.Generator(np.random.PCG64(timing.process))
    built = model(timing, vocab_size)
    progress = Progress(built, generator, by(timing.implementation, timing.variant, built))
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
        for _, _, num_tokens in loop.steps(timing, text, progress):
            yield num_tokens
