"""Parity: whether the number of ones among the bits so far is odd.

A recurrence that is linear in its state, with positive eigenvalues and finite precision, cannot
tell it at all lengths (Grazzi et al., 2024, arXiv 2411.12537). As there, networks are trained on
shorter sequences than they are tested on, since what is short can be learned by heart: on 1 to
``length`` / 2 bits. The answers that count are those of the second half, so that each of a test is
about more bits than any in training.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from rnnbench.tasks.kinds import Batch

NUM_INPUTS, NUM_OUTPUTS = 2, 1
METRIC = "share of wrong answers"


def baseline(length: int) -> float:
    """Odd and even are equally likely."""
    return 0.5


def trained(length: int) -> tuple[int, int]:
    return 1, length // 2


def batch(length: int, batch_size: int, generator: np.random.Generator) -> Batch:
    bits = torch.from_numpy(generator.integers(2, size=(length, batch_size)))
    odd = bits.cumsum(0)[length // 2 :] % 2
    return Batch(torch.stack([bits, 1 - bits], dim=2).float(), odd.float())


def loss(outputs: Tensor, targets: Tensor) -> Tensor:
    return binary_cross_entropy_with_logits(outputs.squeeze(-1), targets, reduction="none")


def error(outputs: Tensor, targets: Tensor) -> Tensor:
    return ((outputs.squeeze(-1) > 0) != targets.bool()).float()
