"""Causal Transformer (Vaswani et al., 2017) with norms before each part (Radford et al., 2019).

X_t = sqrt(H) W_e[token] + position_t; in every layer X = X + attention(norm(X)), then
X = X + W_2 gelu(W_1 norm(X)) with 4 H units between; norm(X) is what the output layer reads.

Positions are sines, so none has weights; norms and products have no weights of their own and no
biases. There is one head per 32 units, or the next lower number that divides them.
"""

import math
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, layer_norm, scaled_dot_product_attention

UNITS_OF_HEAD = 32
linear: Any = partial(nn.Linear, bias=False)


class Block(nn.Module):
    """Attention and a network for each step on its own."""

    def __init__(self, hidden_size: int):
        super().__init__()
        most = max(1, hidden_size // UNITS_OF_HEAD)
        self.num_heads = next(n for n in range(most, 0, -1) if hidden_size % n == 0)
        H = hidden_size
        self.attention_in, self.attention_out = linear(H, 3 * H), linear(H, H)
        self.mlp_in, self.mlp_out = linear(H, 4 * H), linear(4 * H, H)

    def forward(self, X: Tensor) -> Tensor:
        X = X + self.attention_out(self.attend(self.attention_in(norm(X))))
        return X + self.mlp_out(gelu(self.mlp_in(norm(X))))

    def attend(self, inputs: Tensor) -> Tensor:
        """Map queries, keys and values ``(T, B, 3 H)`` to what each step sees, ``(T, B, H)``."""
        T, B, _ = inputs.shape
        Q, K, V = inputs.view(T, B, 3, self.num_heads, -1).permute(2, 1, 3, 0, 4)
        seen = scaled_dot_product_attention(Q, K, V, is_causal=True)  # (B, heads, T, H / heads)
        return seen.permute(2, 0, 1, 3).reshape(T, B, -1)


class Layer(nn.Module):
    bidirectional, parts = False, 0

    def __init__(self, input_size: int, hidden_size: int, num_layers: int = 1):
        super().__init__()
        self.hidden_size, self.num_layers = hidden_size, num_layers
        self.W_e = nn.Parameter(torch.empty(input_size, hidden_size))
        self.blocks = nn.ModuleList(Block(hidden_size) for _ in range(num_layers))

    def forward(self, inputs: Tensor, state: None) -> tuple[Tensor, None]:
        X = math.sqrt(self.hidden_size) * (inputs @ self.W_e)
        X = X + positions(len(inputs), self.hidden_size, X.device).to(X.dtype)[:, None]
        for block in self.blocks:
            X = block(X)
        return norm(X), None


def norm(X: Tensor) -> Tensor:
    return layer_norm(X, X.shape[-1:])


def positions(num_steps: int, hidden_size: int, device: torch.device | None = None) -> Tensor:
    """Sines and cosines of each step, ``(num_steps, hidden_size)``, from 1 to 10000 steps long."""
    exact: Any = {"dtype": torch.float64, "device": device}
    rates = 10000 ** (-torch.arange(0, hidden_size, 2, **exact) / hidden_size)
    angles = torch.arange(num_steps, **exact)[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=1)[:, :hidden_size]
