"""Sequential partitioning that starts every epoch at the first token, as Zaremba et al. (2014) do.

All epochs have the same minibatches, and no token at the start of one is ever inside another.
"""

from collections.abc import Iterator

import numpy as np
from torch import Tensor

from rnnbench.training.samplers.sequential_partition import partitioned

carries_state = True


def minibatches(
    tokens: Tensor, batch_size: int, num_steps: int, generator: np.random.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield ``(X, Y)``, each ``(num_steps, batch_size)``; see the package for the contract."""
    return partitioned(tokens, batch_size, num_steps, 0)
