"""A latent autoregression: torch.nn's RNN reads value after value and keeps a state of its own.

It is trained on subsequences of ``num_steps`` values from a zero state, each value followed by its
label, and forecasts from the state that the whole past leads to.
"""

from typing import Any

import numpy as np
from torch import Tensor, nn

from rnnbench.sine.forecasters import _adam, training_part
from rnnbench.training import initial


class Network(nn.Module):
    """One recurrent layer and a linear output."""

    def __init__(self, num_lags: int, hidden_size: int, generator: np.random.Generator):
        super().__init__()
        self.num_lags = num_lags  # states of fewer values are left out, to forecast the same points
        self.layer = nn.RNN(1, hidden_size, batch_first=True)
        self.output = nn.Linear(hidden_size, 1)
        for part in (self.layer, self.output):
            initial.draw(part, hidden_size, initial.uniform, generator)

    def forward(self, values: Tensor) -> Tensor:
        """Map values ``(N, num_steps)`` to the value after each, ``(N, num_steps)``."""
        return self.output(self.layer(values.float()[..., None])[0]).squeeze(-1)

    def states(self, series: Tensor) -> Tensor:
        return self.layer(series.float()[None, :, None])[0][0, self.num_lags - 1 :]

    def forecast(self, states: Tensor) -> Tensor:
        return self.output(states).squeeze(1)

    def advance(self, states: Tensor, values: Tensor) -> Tensor:
        return self.layer(values.float()[:, None, None], states[None].contiguous())[1][0]


def fit(series: Tensor, config: Any, generator: np.random.Generator) -> Network:
    model = Network(config.num_lags, config.hidden_size, generator)
    subsequences = training_part(series, config).float().unfold(0, config.num_steps + 1, 1)
    _adam.descend(model, subsequences[:, :-1], subsequences[:, 1:], config, generator)
    return model
