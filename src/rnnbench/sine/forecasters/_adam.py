"""How the networks learn: squared error, summed over each minibatch, and Adam."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss


def descend(
    model: nn.Module, inputs: Tensor, labels: Tensor, config: Any, generator: np.random.Generator
) -> None:
    """Pass ``num_epochs`` times over the examples, ``(N, ...)``, in random order."""
    optimiser = torch.optim.Adam(model.parameters(), lr=config.learning_rate)
    for _ in range(config.num_epochs):
        order = torch.from_numpy(generator.permutation(len(inputs)))
        for batch in order.split(config.batch_size):
            optimiser.zero_grad()
            mse_loss(model(inputs[batch]), labels[batch], reduction="sum").backward()
            optimiser.step()
