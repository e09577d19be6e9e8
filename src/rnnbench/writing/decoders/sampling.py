"""Tokens drawn from q ∝ P^alpha; 1 / alpha is called temperature.

At alpha = 1 the model's own distribution, at 0 the uniform one, at inf the most probable token.
"""

from functools import partial

import numpy as np

from rnnbench.writing.decoders import Reading, Setting, stepwise

SETTINGS = {
    "alpha": Setting(float, 0.0, "a number of at least 0 (inf: always the most probable)"),
}
DRAWS = True


def decode(
    reading: Reading, num_tokens: int, generator: np.random.Generator, alpha: float
) -> np.ndarray:
    return stepwise(reading, num_tokens, partial(choose, generator=generator, alpha=alpha))


def choose(logits: np.ndarray, generator: np.random.Generator, alpha: float) -> np.ndarray:
    """Draw one token of each text, ``(B,)``."""
    return draw(weights(logits, alpha), generator)


def weights(logits: np.ndarray, alpha: float) -> np.ndarray:
    """P^alpha over that of the most probable token, ``(B, V)``; equals share alike at inf."""
    gaps = logits - logits.max(axis=1, keepdims=True)
    with np.errstate(over="ignore"):
        powers = np.multiply(alpha, gaps, out=np.zeros_like(gaps), where=gaps < 0)  # no inf * 0
    return np.exp(powers)


def draw(weights: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Draw an index of each row with probabilities ∝ weights ``(B, V)``, ``(B,)``.

    One uniform number a row; an index of weight 0 is never drawn.
    """
    reached = weights.cumsum(axis=1)
    reached /= reached[:, -1:]
    return (reached <= generator.random((len(weights), 1))).sum(axis=1)
