"""Minimal gated recurrent unit (Feng et al., 2024, arXiv 2410.01201, section 3.1).

Z_t = sigmoid(X_t W_xz + b_z), H_t = (1 - Z_t) * H_{t-1} + Z_t * (X_t W_xh + b_h).

Gate and candidate do not read the state, so those of all steps are one product. This is the form of
the equations, with a plain candidate; the form in logarithms, for which the paper makes candidates
positive, is another model.
"""

from typing import Any

import torch
from torch import Tensor, nn


class Layer(nn.Module):
    num_layers, bidirectional, parts = 1, False, 1
    mode = "MINGRU"

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        self.hidden_size = hidden_size
        for gate in "hz":
            self.register_parameter(
                f"W_x{gate}", nn.Parameter(torch.empty(input_size, hidden_size))
            )
            self.register_parameter(f"b_{gate}", nn.Parameter(torch.empty(hidden_size)))

    def forward(self, inputs: Tensor, state: Tensor | None) -> tuple[Tensor, Tensor]:
        H = inputs.new_zeros(inputs.shape[1], self.hidden_size) if state is None else state
        X: Any = inputs  # (T, B, input_size), all time steps at once
        gates = torch.sigmoid(X @ self.W_xz + self.b_z)
        candidates = X @ self.W_xh + self.b_h
        outputs = []
        for Z, N in zip(gates, candidates, strict=True):
            H = (1 - Z) * H + Z * N
            outputs.append(H)
        return torch.stack(outputs), H
