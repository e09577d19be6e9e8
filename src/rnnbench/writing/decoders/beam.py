"""Beam search: the most probable continuation among those that were ever among the best few.

After each token the ``width`` most probable continuations are kept. A width of 1 is greedy; one of
vocab_size^(num_tokens - 1) forgets nothing and finds the most probable text there is. In between a
wider beam usually finds more probable text, but need not.
"""

import numpy as np

from rnnbench.writing.decoders import Reading, Setting, log_probabilities

SETTINGS = {"width": Setting(int, 1, "a whole number of at least 1")}
DRAWS = False


def decode(
    reading: Reading, num_tokens: int, generator: np.random.Generator | None, width: int
) -> np.ndarray:
    """Continue the one text of ``reading``, ``(1, num_tokens)``."""
    found, reached = np.empty((1, 0), np.int64), np.zeros((1, 1))  # log-probabilities so far
    for _ in range(num_tokens):
        reach = reached + log_probabilities(reading.logits)  # (beams, V)
        best = np.argsort(-reach, axis=None, kind="stable")[:width]
        beams, tokens = np.divmod(best, reach.shape[1])
        found = np.column_stack([found[beams], tokens])
        reached = reach.reshape(-1, 1)[best]
        reading = reading.rows(beams).then(tokens)
    return found[:1]
