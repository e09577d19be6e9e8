"""Adding: the sum of the two numbers that are marked (Hochreiter & Schmidhuber, 1997).

Each step shows a number uniform between 0 and 1 and whether it is marked: one is in the first half
of the steps and one in the second, as in Arjovsky et al. (2016). Their sum is to be answered at the
last step. It has mean 1 and variance 1/6, which is the error of always answering 1.
"""

from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from rnnbench.tasks.kinds import Batch

NUM_INPUTS, NUM_OUTPUTS = 2, 1
METRIC = "mean squared error"


def baseline(length: int) -> float:
    """Twice the variance of a uniform number, 1/12."""
    return 1 / 6


def trained(length: int) -> tuple[int, int]:
    return 2, length


def batch(length: int, batch_size: int, generator: np.random.Generator) -> Batch:
    values = generator.random((length, batch_size))
    marks, halves = np.zeros_like(values), (0, length // 2, length)
    for start, end in pairwise(halves):
        marks[generator.integers(start, end, batch_size), np.arange(batch_size)] = 1
    inputs = torch.from_numpy(np.stack([values, marks], axis=2)).float()
    return Batch(inputs, torch.from_numpy((values * marks).sum(0, keepdims=True)).float())


def loss(outputs: Tensor, targets: Tensor) -> Tensor:
    return (outputs.squeeze(-1) - targets) ** 2


error = loss
