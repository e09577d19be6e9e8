"""The sine study as tables: every forecaster over many seeds."""

import logging
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from pandas import DataFrame

from rnnbench.base import plugins
from rnnbench.sine import forecasting
from rnnbench.sine.forecasting import Forecast, SineConfig

SPREAD = (0.05, 0.5, 0.95)  # quantiles over seeds

log = logging.getLogger(__name__)


def run(config: SineConfig, models: Sequence[str], seeds: Sequence[int]) -> dict[str, DataFrame]:
    """Fit and judge every model on the series of every seed.

    Returns ``errors``, ``predictions`` (of the first seed) and ``bands`` (of the multi-step
    forecasts, over seeds).
    """
    errors, points = list[Any](), list(_series_rows(config, seeds[0]))
    multi: dict[str, list[np.ndarray]] = {}
    for seed in seeds:
        series = forecasting.series_of(config, seed)
        for name in models:
            model = forecasting.fit(name, series, config, seed)
            found = forecasting.forecasts(name, model, series, config)
            errors += forecasting.error_rows(name, found, series, config, seed)
            points += forecasting.point_rows(name, found, seed) if seed == seeds[0] else ()
            if not hasattr(plugins.load("forecasters", name), "forecasts"):
                multi.setdefault(name, []).append(_multi_step(found))
        log.info("seed %d done", seed)
    return {
        "errors": DataFrame(errors),
        "predictions": DataFrame(points),
        "bands": pd.concat([bands(name, values, config) for name, values in multi.items()]),
    }


def bands(name: str, values: Sequence[np.ndarray], config: SineConfig) -> DataFrame:
    """Spread of forecasts of the same points over seeds, ``(seeds, N)``."""
    low, median, high = np.quantile(np.stack(values), SPREAD, axis=0)
    time = np.arange(len(median)) + config.first_forecast + 1
    columns = {"median": median, "low": low, "high": high, "n": len(values)}
    return DataFrame({"model": name, "time": time} | columns)


def _multi_step(found: Sequence[Forecast]) -> np.ndarray:
    (values,) = (forecast.values for forecast in found if forecast.mode == "multi_step")
    return values.numpy()


def _series_rows(config: SineConfig, seed: int) -> Iterator[dict[str, Any]]:
    data = Forecast("data", 0, 0, 0, forecasting.series_of(config, seed))
    clean = Forecast("clean", 0, 0, 0, forecasting.clean_series(config))
    return forecasting.point_rows("", [data, clean], seed)
