"""Forecasters: autoregressive and latent autoregressive models (d2l chapter 8.1.1). One file each.

The contract of a file:

* ``fit(series, config, generator) -> model``: learns from the training part of a series ``(T,)``;
  ``generator`` is the source of all randomness. The model is a :class:`Forecaster`, unless the file
  has
* ``forecasts(model, series, config)``: yield every :class:`rnnbench.sine.forecasting.Forecast` of
  the model, only where it is not fed its own output.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor


class Forecaster(Protocol):
    """Keeps what it needs of the past in a state, and forecasts the next value from it."""

    def states(self, series: Tensor) -> Tensor:
        """States ``(T - num_lags + 1, D)`` after each value from the num_lags-th on."""

    def forecast(self, states: Tensor) -> Tensor:
        """The next value after each state, ``(N,)``."""

    def advance(self, states: Tensor, values: Tensor) -> Tensor:
        """The states after the next values, ``(N,)``, have been seen."""


@dataclass(frozen=True)
class Autoregression:
    """A forecaster whose state is the last ``num_lags`` values themselves."""

    num_lags: int  # past values it sees
    # maps them, ``(N, num_lags)``, oldest first, to the next value, ``(N,)``
    rule: Callable[[Tensor], Tensor]

    def states(self, series: Tensor) -> Tensor:
        return series.unfold(0, self.num_lags, 1)

    def forecast(self, states: Tensor) -> Tensor:
        return self.rule(states)

    def advance(self, states: Tensor, values: Tensor) -> Tensor:
        return torch.cat([states[:, 1:], values[:, None]], dim=1)


def windows(series: Tensor, num_lags: int, horizon: int = 1) -> tuple[Tensor, Tensor]:
    """Pair ``num_lags`` values with the value ``horizon`` steps behind the last of them.

    Returns windows ``(T - num_lags - horizon + 1, num_lags)`` and labels.
    """
    return series.unfold(0, num_lags, 1)[:-horizon], series[num_lags + horizon - 1 :]


def training_part(series: Tensor, config: Any) -> Tensor:
    """The values that training windows and their labels, one step ahead, are made of."""
    return series[: config.first_forecast]
