"""Tokens drawn from the k most probable ones, in the model's proportions (Fan et al., 2018)."""

import numpy as np

from rnnbench.writing.decoders import Choice, Reading, Setting, stepwise

SETTINGS = {"k": Setting(int, 1, "a whole number of at least 1")}
DRAWS = True


def decode(reading: Reading, num_tokens: int, generator: np.random.Generator, k: int) -> np.ndarray:
    return stepwise(reading, num_tokens, Choice(k=k), generator)
