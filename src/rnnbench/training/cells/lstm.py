"""Long short-term memory (Hochreiter & Schmidhuber, 1997).

I_t, F_t, O_t = sigmoid(X_t W_x + H_{t-1} W_h + b) with weights of their own,
C_t = F_t * C_{t-1} + I_t * tanh(X_t W_xc + H_{t-1} W_hc + b_c), H_t = O_t * tanh(C_t);
d2l equations 9.2.1-9.2.4.
"""

import torch
from torch import Tensor, nn


class Layer(nn.Module):
    num_layers, bidirectional, parts = 1, False, 2
    mode = "LSTM"
    library = nn.LSTM

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        self.hidden_size = hidden_size
        for gate in "ifoc":
            self.register_parameter(
                f"W_x{gate}", nn.Parameter(torch.empty(input_size, hidden_size))
            )
            self.register_parameter(
                f"W_h{gate}", nn.Parameter(torch.empty(hidden_size, hidden_size))
            )
            self.register_parameter(f"b_{gate}", nn.Parameter(torch.empty(hidden_size)))

    def forward(
        self, inputs: Tensor, state: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        zeros = inputs.new_zeros(inputs.shape[1], self.hidden_size)
        H, C = (zeros, zeros) if state is None else state
        outputs = []
        for X in inputs:
            I = torch.sigmoid(X @ self.W_xi + H @ self.W_hi + self.b_i)  # noqa: E741
            F = torch.sigmoid(X @ self.W_xf + H @ self.W_hf + self.b_f)
            O = torch.sigmoid(X @ self.W_xo + H @ self.W_ho + self.b_o)  # noqa: E741
            C = F * C + I * torch.tanh(X @ self.W_xc + H @ self.W_hc + self.b_c)
            H = O * torch.tanh(C)
            outputs.append(H)
        return torch.stack(outputs), (H, C)
