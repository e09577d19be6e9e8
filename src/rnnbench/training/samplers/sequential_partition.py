"""Sequential partitioning: each row of the minibatch reads its own part of the text in order.

The book draws the offset from ``[0, num_steps]``, both ends included; here it ends at
``num_steps - 1``, as in random sampling, so that no offset repeats another.
"""

from collections.abc import Iterator

import numpy as np
from torch import Tensor

carries_state = True


def minibatches(
    tokens: Tensor, batch_size: int, num_steps: int, generator: np.random.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield ``(X, Y)``, each ``(num_steps, batch_size)``; see the package for the contract."""
    return partitioned(tokens, batch_size, num_steps, int(generator.integers(num_steps)))


def partitioned(
    tokens: Tensor, batch_size: int, num_steps: int, offset: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the minibatches of an epoch that starts at ``offset``."""
    row_length = (len(tokens) - 1 - offset) // batch_size
    used = batch_size * row_length
    inputs = tokens[offset : offset + used].view(batch_size, row_length).T
    labels = tokens[offset + 1 : offset + 1 + used].view(batch_size, row_length).T
    for first in range(0, row_length - num_steps + 1, num_steps):
        yield inputs[first : first + num_steps], labels[first : first + num_steps]
