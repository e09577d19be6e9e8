"""The book's network: the lags, one layer of ReLUs, one output; trained one step ahead."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from rnnbench.sine.forecasters import Autoregression, _adam, training_part, windows


class Network(nn.Module):
    """Two layers with a ReLU between them, Xavier-uniform weights (Glorot & Bengio, 2010)."""

    def __init__(self, num_lags: int, hidden_size: int, generator: np.random.Generator):
        super().__init__()
        self.hidden, self.output = nn.Linear(num_lags, hidden_size), nn.Linear(hidden_size, 1)
        with torch.no_grad():
            for layer in (self.hidden, self.output):
                fan_out, fan_in = layer.weight.shape
                _draw_uniform(layer.weight, np.sqrt(6 / (fan_in + fan_out)), generator)
                _draw_uniform(layer.bias, 1 / np.sqrt(fan_in), generator)

    def forward(self, past: Tensor) -> Tensor:
        """Map past values ``(N, num_lags)`` to one value each, ``(N,)``."""
        return self.output(self.hidden(past.float()).relu()).squeeze(1)


def fit(series: Tensor, config: Any, generator: np.random.Generator) -> Autoregression:
    return Autoregression(config.num_lags, network(series, config, generator, horizon=1))


def network(series: Tensor, config: Any, generator: np.random.Generator, horizon: int) -> Network:
    """Train for one horizon, on labels of the training part alone."""
    model = Network(config.num_lags, config.hidden_size, generator)
    inputs, labels = windows(training_part(series, config).float(), config.num_lags, horizon)
    _adam.descend(model, inputs, labels, config, generator)
    return model


def _draw_uniform(parameter: Tensor, bound: float, generator: np.random.Generator) -> None:
    values = (2 * generator.random(parameter.shape) - 1) * bound
    parameter.copy_(torch.from_numpy(values))
