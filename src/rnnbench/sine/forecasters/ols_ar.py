"""Linear autoregression by ordinary least squares, without an intercept."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnnbench.sine.forecasters import Autoregression, training_part, windows


def fit(series: Tensor, config: Any, generator: np.random.Generator) -> Autoregression:
    weights = coefficients(training_part(series, config), config.num_lags)
    return Autoregression(config.num_lags, lambda past: past @ weights)


def coefficients(series: Tensor, num_lags: int) -> Tensor:
    """Weights of the lags, oldest first, ``(num_lags,)``; the smallest of equally good ones.

    A sine without noise gives lags of rank 2: singular values below 1e-10 of the largest are none.
    """
    past, following = windows(series, num_lags)
    return torch.linalg.pinv(past, rtol=1e-10) @ following
