"""Forecasting a noisy sine (d2l chapter 8.1): the series, the ways to forecast, the errors.

Series are ``(T,)``, float64; times count from 1. What forecasts is in
:mod:`rnnbench.sine.forecasters`.
"""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import mse_loss

from rnnbench.base import plugins
from rnnbench.sine.forecasters import Forecaster

ANGULAR_FREQUENCY = 0.01


@dataclass(frozen=True)
class SineConfig:
    """Settings of the experiment."""

    num_points: int  # length T of the series
    noise: float  # standard deviation of the noise on each point
    num_lags: int  # past values an autoregression sees
    hidden_size: int  # hidden units
    num_steps: int  # values per subsequence on which the recurrent network is trained
    train_points: int  # the first this many windows are trained on
    batch_size: int  # windows per minibatch
    learning_rate: float  # of Adam
    num_epochs: int  # passes over the training windows
    horizons: tuple[int, ...]  # steps ahead of the k-step forecasts

    @property
    def first_forecast(self) -> int:
        """Index of the first point whose window lies behind the training windows."""
        return self.train_points + self.num_lags


def clean_series(config: SineConfig) -> Tensor:
    """Return sin(0.01 t) for t = 1..T."""
    return torch.sin(ANGULAR_FREQUENCY * torch.arange(1, config.num_points + 1).double())


def noisy_series(config: SineConfig, generator: np.random.Generator) -> Tensor:
    """Add independent Gaussian noise to the sine."""
    noise = config.noise * generator.standard_normal(config.num_points)
    return clean_series(config) + torch.from_numpy(noise)


def series_of(config: SineConfig, seed: int) -> Tensor:
    """The series of a seed, the same for every forecaster."""
    return noisy_series(config, np.random.Generator(np.random.PCG64(seed)))


def fit(name: str, series: Tensor, config: SineConfig, seed: int) -> Any:
    """Fit a forecaster to the training part, with randomness that no other forecaster shares."""
    mark = zlib.crc32(name.encode())
    generator = np.random.Generator(np.random.PCG64([seed, mark]))
    return plugins.load("forecasters", name).fit(series, config, generator)


@torch.no_grad()
def one_step(model: Forecaster, series: Tensor) -> Tensor:
    """Forecast each point from the true values before it, ``(T - num_lags,)``."""
    return model.forecast(model.states(series)[:-1])


@torch.no_grad()
def multi_step(model: Forecaster, series: Tensor, config: SineConfig) -> Tensor:
    """Forecast all points behind the training windows from forecasts, ``(T - first_forecast,)``."""
    state = model.states(series[: config.first_forecast])[-1:]
    return iterate(model, state, config.num_points - config.first_forecast)[0]


@torch.no_grad()
def k_step(model: Forecaster, series: Tensor, config: SineConfig) -> Tensor:
    """Forecast up to the longest horizon from every state that true values lead to.

    Returns:
        ``(N, max horizon)``: row i, column k - 1 is the forecast of point i + num_lags + k - 1
        from the values before point i + num_lags; N = T - num_lags - max horizon + 1.
    """
    longest = max(config.horizons)
    return iterate(model, model.states(series)[:-longest], longest)


def iterate(model: Forecaster, states: Tensor, num_steps: int) -> Tensor:
    """Feed forecasts back in: from states ``(N, D)`` the next values, ``(N, num_steps)``."""
    values = []
    for _ in range(num_steps):
        values.append(model.forecast(states))
        states = model.advance(states, values[-1])
    return torch.stack(values, dim=1)


@dataclass(frozen=True)
class Forecast:
    """Forecasts of neighbouring points."""

    mode: str  # one_step, multi_step or k_step
    # steps from the last true value to the forecast; of a multi-step forecast, to its last point
    horizon: int
    first: int  # index of the first point
    trained: int  # so many of the first forecasts start from windows that were trained on
    values: Tensor  # the forecasts

    def error(self, series: Tensor) -> float:
        """Mean squared difference from the series where the windows were not trained on."""
        truth = series[self.first : self.first + len(self.values)]
        return float(mse_loss(self.values[self.trained :], truth[self.trained :]))


def iterated(model: Forecaster, series: Tensor, config: SineConfig) -> Iterator[Forecast]:
    """Every kind of forecast of a model that forecasts one step and is fed its own output."""
    trained, lags = config.train_points, config.num_lags
    yield Forecast("one_step", 1, lags, trained, one_step(model, series))
    multi = multi_step(model, series, config)
    yield Forecast("multi_step", len(multi), config.first_forecast, 0, multi)
    steps = k_step(model, series, config)
    for horizon in config.horizons:
        yield Forecast("k_step", horizon, lags + horizon - 1, trained, steps[:, horizon - 1])


def forecasts(name: str, model: Any, series: Tensor, config: SineConfig) -> list[Forecast]:
    """All forecasts of a fitted model, in the way of its own if its file has one."""
    way = getattr(plugins.load("forecasters", name), "forecasts", iterated)
    return list(way(model, series, config))


def error_rows(
    name: str, found: Iterable[Forecast], series: Tensor, config: SineConfig, seed: int
) -> Iterator[dict[str, Any]]:
    """Yield one row per forecast: how far it is from the series, squared."""
    key = {"model": name, "seed": seed, "num_lags": config.num_lags}
    for forecast in found:
        row = {"horizon": forecast.horizon, "mode": forecast.mode, "mse": forecast.error(series)}
        yield key | row


def point_rows(name: str, found: Iterable[Forecast], seed: int) -> Iterator[dict[str, Any]]:
    """Yield one row per forecast value, at the time of its point."""
    for forecast in found:
        key = {"model": name, "seed": seed, "mode": forecast.mode, "horizon": forecast.horizon}
        for time, value in enumerate(forecast.values.tolist(), start=forecast.first + 1):
            yield key | {"time": time, "value": value}
