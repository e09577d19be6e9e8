"""Random sampling: non-overlapping subsequences in random order, each from a fresh state."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

carries_state = False


def minibatches(
    tokens: Tensor, batch_size: int, num_steps: int, generator: np.random.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield ``(X, Y)``, each ``(num_steps, batch_size)``; see the package for the contract."""
    offset = int(generator.integers(num_steps))
    num_subsequences = (len(tokens) - 1 - offset) // num_steps
    order = offset + num_steps * generator.permutation(num_subsequences)
    # moved to the device once: the host would wait for the device at every minibatch
    starts = torch.from_numpy(order).to(tokens.device)
    steps = torch.arange(num_steps, device=tokens.device)[:, None]
    for first in range(0, num_subsequences - batch_size + 1, batch_size):
        positions = steps + starts[first : first + batch_size]
        yield tokens[positions], tokens[positions + 1]
