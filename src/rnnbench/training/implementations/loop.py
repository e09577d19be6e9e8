"""The cell's own loop over time steps, differentiated by torch: readable, and slow."""

from typing import Any, cast

from torch import Tensor, nn

from rnnbench.base import plugins
from rnnbench.base.presets import Model
from rnnbench.training.update import step as step

LAYOUT = "loop"
LIMITS = {
    "work": ["training", "inference"],
    "directions": [1],
    "embedding_size": [0],
    "dropout": [0],
}


class Stack(nn.Module):
    """Cells that read each other's outputs; a state has the parts of all, from the lowest on."""

    bidirectional = False

    def __init__(self, layers: list[Any]):
        super().__init__()
        self.layers: Any = nn.ModuleList(layers)
        self.num_layers, self.hidden_size = len(self.layers), self.layers[0].hidden_size
        self.parts: int = sum(layer.parts for layer in layers)

    def forward(
        self, inputs: Tensor, state: tuple[Tensor, ...] | None
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        ends: list[Tensor] = []
        for layer in self.layers:
            start = state and state[len(ends) : len(ends) + layer.parts]
            inputs, end = layer(inputs, start[0] if start and layer.parts == 1 else start)
            ends.extend(end if layer.parts > 1 else [end])
        return inputs, tuple(ends)


def build(model: Model, input_size: int, hidden_size: int) -> nn.Module:
    cell = plugins.load("cells", model.cell).Layer
    if cell.parts == 0:
        return cast(nn.Module, cell(input_size, hidden_size, model.num_layers))
    sizes = [input_size, *[hidden_size] * (model.num_layers - 1)]
    layers: list[Any] = [cell(size, hidden_size) for size in sizes]
    made: nn.Module = layers[0] if len(layers) == 1 else Stack(layers)
    return made
