"""Minimal gated unit (Zhou et al., 2016): a template to copy. See docs/own_variant.md."""

import torch
from torch import Tensor, nn


class Layer(nn.Module):
    num_layers, bidirectional, parts = 1, False, 1

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        self.hidden_size = hidden_size
        self.forget = nn.Linear(input_size + hidden_size, hidden_size)
        self.propose = nn.Linear(input_size + hidden_size, hidden_size)

    def forward(self, inputs: Tensor, state: Tensor | None) -> tuple[Tensor, Tensor]:
        H = inputs.new_zeros(inputs.shape[1], self.hidden_size) if state is None else state
        outputs = []
        for X in inputs:  # (B, input_size), one time step
            F = torch.sigmoid(self.forget(torch.cat([X, H], dim=1)))
            H = (1 - F) * H + F * torch.tanh(self.propose(torch.cat([X, F * H], dim=1)))
            outputs.append(H)
        return torch.stack(outputs), H
