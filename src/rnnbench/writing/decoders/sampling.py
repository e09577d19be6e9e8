"""Tokens drawn from q ∝ P^alpha; 1 / alpha is called temperature.

At alpha = 1 the model's own distribution, at 0 the uniform one, at inf the most probable token.
"""

import numpy as np

from rnnbench.writing.decoders import Choice, Reading, Setting, stepwise

SETTINGS = {
    "alpha": Setting(float, 0.0, "a number of at least 0 (inf: always the most probable)"),
}
DRAWS = True


def decode(
    reading: Reading, num_tokens: int, generator: np.random.Generator, alpha: float
) -> np.ndarray:
    return stepwise(reading, num_tokens, Choice(alpha), generator)
