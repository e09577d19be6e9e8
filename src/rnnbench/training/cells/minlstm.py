"""Minimal long short-term memory (Feng et al., 2024, arXiv 2410.01201, section 3.2).

F_t = sigmoid(X_t W_xf + b_f), I_t = sigmoid(X_t W_xi + b_i),
H_t = (F_t * H_{t-1} + I_t * (X_t W_xh + b_h)) / (F_t + I_t).

As in :mod:`rnnbench.training.cells.mingru`, the sum alone reads the state, and the candidate is
plain.
"""

from typing import Any

import torch
from torch import Tensor, nn


class Layer(nn.Module):
    num_layers, bidirectional, parts = 1, False, 1
    mode = "MINLSTM"

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        self.hidden_size = hidden_size
        for gate in "hif":
            self.register_parameter(
                f"W_x{gate}", nn.Parameter(torch.empty(input_size, hidden_size))
            )
            self.register_parameter(f"b_{gate}", nn.Parameter(torch.empty(hidden_size)))

    def forward(self, inputs: Tensor, state: Tensor | None) -> tuple[Tensor, Tensor]:
        H = inputs.new_zeros(inputs.shape[1], self.hidden_size) if state is None else state
        X: Any = inputs  # (T, B, input_size), all time steps at once
        F = torch.sigmoid(X @ self.W_xf + self.b_f)
        I = torch.sigmoid(X @ self.W_xi + self.b_i)  # noqa: E741
        candidates = X @ self.W_xh + self.b_h
        outputs = []
        for kept, added in zip(F / (F + I), I / (F + I) * candidates, strict=True):
            H = kept * H + added
            outputs.append(H)
        return torch.stack(outputs), H
