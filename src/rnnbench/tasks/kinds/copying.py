"""Copying: ten symbols are to be repeated after a pause (Arjovsky et al., 2016).

The ten, each out of eight, are followed by ``length`` - 1 blanks, a mark and ten blanks, at which
they are to be answered in their order; blanks are to be answered before. Who remembers nothing
answers blanks and then each of the eight equally: 10 ln 8 nats in ``length`` + 20 steps.
"""

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot

from rnnbench.tasks.kinds import Batch

COPIED, SYMBOLS = 10, 8
BLANK, MARK = SYMBOLS, SYMBOLS + 1
NUM_INPUTS, NUM_OUTPUTS = SYMBOLS + 2, SYMBOLS + 1
METRIC = "cross-entropy (nats per step)"


def baseline(length: int) -> float:
    """A blank costs nothing, each copied symbol ln 8 nats."""
    return COPIED * math.log(SYMBOLS) / (length + 2 * COPIED)


def trained(length: int) -> tuple[int, int]:
    return 1, length


def batch(length: int, batch_size: int, generator: np.random.Generator) -> Batch:
    symbols = torch.from_numpy(generator.integers(SYMBOLS, size=(COPIED, batch_size)))
    shown = torch.full((length + 2 * COPIED, batch_size), BLANK)
    answers = shown.clone()
    shown[:COPIED], shown[-COPIED - 1], answers[-COPIED:] = symbols, MARK, symbols
    return Batch(one_hot(shown, NUM_INPUTS).float(), answers)


def loss(outputs: Tensor, targets: Tensor) -> Tensor:
    return cross_entropy(outputs.movedim(-1, 1), targets, reduction="none")


error = loss
