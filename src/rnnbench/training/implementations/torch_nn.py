"""torch.nn's recurrent layers, which are cuDNN's on CUDA, differentiated by torch."""

from typing import Any

import torch
from torch import Tensor, nn

from rnnbench.base import plugins
from rnnbench.base.presets import Model
from rnnbench.training.engines.scopes import INPUT, scope
from rnnbench.training.update import step as step

LAYOUT = "torch_nn"
LIMITS = {"work": ["training", "inference"], "cell": ["rnn", "rnn_relu", "gru", "lstm"]}


class Embedded(nn.Module):
    """Layers over learnable embeddings in place of one-hot vectors (d2l 8.5.9).

    A token is a row of a table. Where the vocabulary is large, a table of few columns has far fewer
    weights than one for each symbol and gate, and a gathered row costs no product with zeros.
    """

    def __init__(self, cell: str, table: nn.Parameter, layers: Any):
        super().__init__()
        self.cell, self.table, self.embedding_size = cell, table, table.shape[1]
        self.add_module(cell, layers)
        self.hidden_size, self.num_layers = layers.hidden_size, layers.num_layers
        self.bidirectional = layers.bidirectional

    def forward(self, inputs: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Read tokens ``(T, B)``, or one-hot vectors, whose product with the table is the same."""
        one_hot = inputs.is_floating_point()
        with scope(INPUT):
            embedded = inputs @ self.table if one_hot else self.table[inputs]
        outputs, state = self.get_submodule(self.cell)(embedded, state)
        return outputs, state


def build(model: Model, input_size: int, hidden_size: int) -> nn.Module:
    library = plugins.load("cells", model.cell).Layer.library
    depth = {"num_layers": model.num_layers, "bidirectional": model.bidirectional}
    if not model.embedding_size:
        return library(input_size, hidden_size, **depth)
    table = nn.Parameter(torch.empty(input_size, model.embedding_size))
    return Embedded(model.cell, table, library(model.embedding_size, hidden_size, **depth))
