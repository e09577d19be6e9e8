"""A timing of a small model and the text it reads, which tests vary."""

import dataclasses

import numpy as np

from rnnbench.base import presets
from rnnbench.base.parameters import TimingConfig

TIMING = TimingConfig(
    machine="any",
    variant="rnn",
    implementation="torch_nn",
    sampler="sequential_partition",
    clip_norm=1.0,
    device="cpu",
    threads=1,
    dtype="float32",
    process=1,
    corpus="squares",
    batch_size=4,
    num_steps=5,
    hidden_size=8,
    learning_rate=1.0,
    warmup_seconds=0.0,
    timed_seconds=0.008,
)
TOKENS = (np.arange(300) ** 2 % 7 % 6).astype(np.uint8)
VOCAB_SIZE = 6


def by(variant: str, implementation: str = "", **changes) -> TimingConfig:
    """The timing of a variant by an implementation; else by its own."""
    named = {"variant": variant, "implementation": implementation or presets.own(variant)}
    return dataclasses.replace(TIMING, **named | changes)
