"""One network per horizon, each the book's, trained for its own: no forecast is fed back in."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnnbench.sine.forecasters import mlp
from rnnbench.sine.forecasting import Forecast


def fit(series: Tensor, config: Any, generator: np.random.Generator) -> dict[int, mlp.Network]:
    """Return horizon -> network."""
    return {k: mlp.network(series, config, generator, k) for k in config.horizons}


@torch.no_grad()
def forecasts(model: dict[int, mlp.Network], series: Tensor, config: Any) -> Iterator[Forecast]:
    """Forecast each horizon from every window that all horizons can be forecast from."""
    lags, trained = config.num_lags, config.train_points
    past = series.unfold(0, lags, 1)[: -max(config.horizons)]
    for horizon, network in model.items():
        yield Forecast("k_step", horizon, lags + horizon - 1, trained, network(past).double())
