"""Gated recurrent unit that reads learnable embeddings in place of one-hot vectors (d2l 8.5.9).

A token is a row of a table. Where the vocabulary is large, a table of few columns has far fewer
weights than one for each symbol and gate, and a gathered row costs no product with zeros.
"""

import torch
from torch import Tensor, nn

from rnnbench.training.engines.scopes import INPUT, scope
from rnnbench.training.initial import uniform

initial = uniform


class Layer(nn.Module):
    num_layers, bidirectional, embedding_size = 1, False, 32

    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        self.hidden_size = hidden_size
        self.table = nn.Parameter(torch.empty(input_size, self.embedding_size))
        self.gru = nn.GRU(self.embedding_size, hidden_size)

    def forward(self, inputs: Tensor, state: Tensor | None) -> tuple[Tensor, Tensor]:
        """Read tokens ``(T, B)``, or one-hot vectors, whose product with the table is the same."""
        one_hot = inputs.is_floating_point()
        with scope(INPUT):
            embedded = inputs @ self.table if one_hot else self.table[inputs]
        return self.gru(embedded, state)


build = Layer
