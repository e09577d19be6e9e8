"""Gated recurrent unit (Cho et al., 2014).

R_t = sigmoid(X_t W_xr + H_{t-1} W_hr + b_r), Z_t likewise,
N_t = tanh(X_t W_xn + R_t * (H_{t-1} W_hn) + b_n), H_t = Z_t * H_{t-1} + (1 - Z_t) * N_t.

The reset gate acts after the product with W_hn, as in torch.nn and cuDNN, so that the two can be
held against each other; the book's equation 9.1.2 resets before it, (R_t * H_{t-1}) W_hn.
"""

import torch
from torch import Tensor, nn


class Layer(nn.Module):
    num_layers, bidirectional, parts = 1, False, 1
    mode = "GRU"
    library = nn.GRU

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        self.hidden_size = hidden_size
        for gate in "rzn":
            self.register_parameter(
                f"W_x{gate}", nn.Parameter(torch.empty(input_size, hidden_size))
            )
            self.register_parameter(
                f"W_h{gate}", nn.Parameter(torch.empty(hidden_size, hidden_size))
            )
            self.register_parameter(f"b_{gate}", nn.Parameter(torch.empty(hidden_size)))

    def forward(self, inputs: Tensor, state: Tensor | None) -> tuple[Tensor, Tensor]:
        H = inputs.new_zeros(inputs.shape[1], self.hidden_size) if state is None else state
        outputs = []
        for X in inputs:
            R = torch.sigmoid(X @ self.W_xr + H @ self.W_hr + self.b_r)
            Z = torch.sigmoid(X @ self.W_xz + H @ self.W_hz + self.b_z)
            N = torch.tanh(X @ self.W_xn + R * (H @ self.W_hn) + self.b_n)
            H = Z * H + (1 - Z) * N
            outputs.append(H)
        return torch.stack(outputs), H
