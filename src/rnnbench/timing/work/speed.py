"""Tokens per second of whole training steps, in one process.

A sample is a window of whole minibatches that lasts at least ``window_seconds``: minibatch,
forward, loss, backward, clipping, update. The clock is monotonic and the device is synchronised
at both ends. Building the model and the first step, which compiles where something is to be
compiled, are timed apart. Steps before the windows warm caches and allocators up; their windows are
kept and marked, and left out of every estimate.
"""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnnbench.base.parameters import TimingConfig
from rnnbench.timing import windows
from rnnbench.timing.workload import Architecture
from rnnbench.training import samplers
from rnnbench.training.arithmetic import numerics, precision
from rnnbench.training.loop import steps
from rnnbench.training.model import LanguageModel, build
from rnnbench.training.progress import Progress
from rnnbench.training.update import by


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
    windows.synchronise(timing.device)
    initialisation_seconds = time.perf_counter() - began
    first_step_seconds = windows.window(timing.device, stepping, 1)["seconds"]
    warm = list(windows.warm_up(timing, stepping, windows.calibrate(timing, stepping)))
    num_minibatches = windows.enough(timing, warm)
    kept = [
        windows.paced_window(timing.device, stepping, num_minibatches)
        for _ in range(timing.windows)
    ]
    facts = {
        "initialisation_seconds": initialisation_seconds,
        "first_step_seconds": first_step_seconds,
        "peak_memory_bytes": windows.peak_memory_bytes(timing.device),
        "steady": windows.steady([row["seconds"] for row in warm]),
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
        for _, _, num_tokens in steps(timing, text, progress):
            yield num_tokens
