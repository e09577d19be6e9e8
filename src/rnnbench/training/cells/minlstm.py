"""Minimal long short-term memory (Feng et al., 2024, arXiv 2410.01201, section 3.2).

F_t = sigmoid(X_t W_f + b_f), I_t = sigmoid(X_t W_i + b_i),
H_t = (F_t * H_{t-1} + I_t * (X_t W_h + b_h)) / (F_t + I_t).

As in :mod:`rnnbench.training.cells.mingru`, the sum alone reads the state, and the candidate is
plain.
"""

import torch
from torch import Tensor, nn


class Layer(nn.Module):
    num_layers, bidirectional, parts = 1, False, 1

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        self.hidden_size = hidden_size
        self.forget = nn.Linear(input_size, hidden_size)
        self.admit = nn.Linear(input_size, hidden_size)
        self.propose = nn.Linear(input_size, hidden_size)

    def forward(self, inputs: Tensor, state: Tensor | None) -> tuple[Tensor, Tensor]:
        H = inputs.new_zeros(inputs.shape[1], self.hidden_size) if state is None else state
        F, I = torch.sigmoid(self.forget(inputs)), torch.sigmoid(self.admit(inputs))  # noqa: E741
        outputs = []
        for kept, added in zip(F / (F + I), I / (F + I) * self.propose(inputs), strict=True):
            H = kept * H + added
            outputs.append(H)
        return torch.stack(outputs), H
