"""Independently recurrent neural network (Li et al., 2018, arXiv 1803.04831).

H_t = max(0, X_t W_xh + W_hh * H_{t-1} + b_h): each unit reads no other unit's state, only its own.
"""

import torch
from torch import Tensor, nn


class Layer(nn.Module):
    num_layers, bidirectional, parts = 1, False, 1
    mode = "INDRNN"

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        self.hidden_size = hidden_size
        self.W_xh = nn.Parameter(torch.empty(input_size, hidden_size))
        self.W_hh = nn.Parameter(torch.empty(hidden_size))  # the diagonal
        self.b_h = nn.Parameter(torch.empty(hidden_size))

    def forward(self, inputs: Tensor, state: Tensor | None) -> tuple[Tensor, Tensor]:
        H = inputs.new_zeros(inputs.shape[1], self.hidden_size) if state is None else state
        outputs = []
        for from_input in inputs @ self.W_xh + self.b_h:  # those of all steps are one product
            H = torch.relu(from_input + self.W_hh * H)
            outputs.append(H)
        return torch.stack(outputs), H
