"""Tokens drawn from the k most probable ones, in the model's proportions (Fan et al., 2018)."""

from functools import partial

import numpy as np

from rnnbench.writing.decoders import Reading, Setting, stepwise
from rnnbench.writing.decoders.sampling import draw, weights

SETTINGS = {"k": Setting(int, 1, "a whole number of at least 1")}
DRAWS = True


def decode(reading: Reading, num_tokens: int, generator: np.random.Generator, k: int) -> np.ndarray:
    return stepwise(reading, num_tokens, partial(choose, generator=generator, k=k))


def choose(logits: np.ndarray, generator: np.random.Generator, k: int) -> np.ndarray:
    """Draw one token of each text, ``(B,)``; of equals, the first are among the k."""
    kept = weights(logits, 1.0)
    rest = np.argsort(-logits, axis=1, kind="stable")[:, k:]
    np.put_along_axis(kept, rest, 0.0, axis=1)
    return draw(kept, generator)
