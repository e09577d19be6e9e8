"""The most probable token after the last, again and again (d2l chapter 8.5.6)."""

import numpy as np

from rnnbench.writing.decoders import Reading, Setting, stepwise

SETTINGS: dict[str, Setting] = {}
DRAWS = False


def decode(
    reading: Reading, num_tokens: int, generator: np.random.Generator | None = None
) -> np.ndarray:
    return stepwise(reading, num_tokens, choose)


def choose(logits: np.ndarray) -> np.ndarray:
    """Index of the largest logit of each text, ``(B,)``; the first of equals."""
    return logits.argmax(axis=1)
