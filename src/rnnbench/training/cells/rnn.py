"""Vanilla recurrent network (Elman, 1990).

H_t = tanh(X_t W_xh + H_{t-1} W_hh + b_h), d2l equation 8.4.5.
"""

from typing import Any

import torch
from torch import Tensor, nn


class Layer(nn.Module):
    num_layers, bidirectional, parts = 1, False, 1
    library: Any = nn.RNN
    mode = "RNN_TANH"
    activation: Any = staticmethod(torch.tanh)

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        self.hidden_size = hidden_size
        self.W_xh = nn.Parameter(torch.empty(input_size, hidden_size))
        self.W_hh = nn.Parameter(torch.empty(hidden_size, hidden_size))
        self.b_h = nn.Parameter(torch.empty(hidden_size))

    def forward(self, inputs: Tensor, state: Tensor | None) -> tuple[Tensor, Tensor]:
        H = inputs.new_zeros(inputs.shape[1], self.hidden_size) if state is None else state
        outputs = []
        for X in inputs:
            H = self.activation(X @ self.W_xh + H @ self.W_hh + self.b_h)
            outputs.append(H)
        return torch.stack(outputs), H
