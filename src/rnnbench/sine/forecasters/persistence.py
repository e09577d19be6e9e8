"""The last value again."""

from typing import Any

import numpy as np
from torch import Tensor

from rnnbench.sine.forecasters import Autoregression


def fit(series: Tensor, config: Any, generator: np.random.Generator) -> Autoregression:
    return Autoregression(config.num_lags, lambda past: past[:, -1])
