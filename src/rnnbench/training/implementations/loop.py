"""The cell's own loop over time steps, differentiated by torch: readable, and slow."""

from torch import nn

from rnnbench.base import plugins
from rnnbench.base.presets import Model
from rnnbench.training.update import step as step

LAYOUT = "loop"
LIMITS = {"num_layers": [1], "directions": [1], "embedding_size": [0]}


def build(model: Model, input_size: int, hidden_size: int) -> nn.Module:
    layer: nn.Module = plugins.load("cells", model.cell).Layer(input_size, hidden_size)
    return layer
