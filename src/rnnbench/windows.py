"""Windows of any repeated work, by the protocol of the training steps."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from rnnbench import speed, variants
from rnnbench.jobs import TimingConfig
from rnnbench.variants import LanguageModel


def rows(timing: TimingConfig, stepping: Iterator[int]) -> list[dict[str, Any]]:
    """Calibrate, warm up, and time as many windows as ``timing`` asks for; one row per window.

    Args:
        timing: length and number of the windows; its threads must already be in force.
        stepping: does one step for each item; an item is the step's size in tokens.
    """
    num_steps = speed.calibrate(timing, stepping)
    found = list(speed.warm_up(timing, stepping, num_steps))
    counted = [False] * len(found) + [True] * timing.windows
    found += [speed.window(timing.device, stepping, num_steps) for _ in range(timing.windows)]
    return [
        timing.as_row() | {"window": i, "counted": kept} | row
        for i, (row, kept) in enumerate(zip(found, counted, strict=True), start=1)
    ]


def model(timing: TimingConfig, vocab_size: int) -> LanguageModel:
    """Build the model to time, on its device; each process draws weights of its own."""
    generator = np.random.Generator(np.random.PCG64(timing.process))
    dtype = getattr(torch, timing.dtype)
    built = variants.build(timing.variant, vocab_size, timing.hidden_size, generator, dtype)
    return built.to(timing.device)
