"""Forecasting a noisy sine with a small network (d2l chapter 8.1).

Series are ``(T,)``, windows of past values ``(N, num_lags)``; times count from 1.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

ANGULAR_FREQUENCY = 0.01


@dataclass(frozen=True)
class SineConfig:
    """Settings of the experiment.

    Attributes:
        num_points: length T of the series.
        noise: standard deviation of the noise on each point.
        num_lags: past values the network sees.
        hidden_size: hidden units.
        train_points: the first this many windows are trained on.
        batch_size: windows per minibatch.
        learning_rate: of Adam.
        num_epochs: passes over the training windows.
        horizons: steps ahead of the k-step forecasts.
    """

    num_points: int
    noise: float
    num_lags: int
    hidden_size: int
    train_points: int
    batch_size: int
    learning_rate: float
    num_epochs: int
    horizons: tuple[int, ...]

    @property
    def first_forecast(self) -> int:
        """Index of the first point whose window lies behind the training windows."""
        return self.train_points + self.num_lags


def clean_series(config: SineConfig) -> Tensor:
    """Return sin(0.01 t) for t = 1..T."""
    return torch.sin(ANGULAR_FREQUENCY * torch.arange(1, config.num_points + 1))


def noisy_series(config: SineConfig, generator: np.random.Generator) -> Tensor:
    """Add independent Gaussian noise to the sine."""
    noise = config.noise * generator.standard_normal(config.num_points)
    return clean_series(config) + torch.from_numpy(noise).float()


def windows(series: Tensor, num_lags: int) -> tuple[Tensor, Tensor]:
    """Pair each point with the ``num_lags`` before it: ``(T - num_lags, num_lags)`` and labels."""
    return series.unfold(0, num_lags, 1)[:-1], series[num_lags:]


def build(config: SineConfig, generator: np.random.Generator) -> nn.Module:
    """Two layers with a ReLU between them, Xavier-uniform weights (Glorot & Bengio, 2010)."""
    model = nn.Sequential(
        nn.Linear(config.num_lags, config.hidden_size),
        nn.ReLU(),
        nn.Linear(config.hidden_size, 1),
        nn.Flatten(0),
    )
    with torch.no_grad():
        for layer in (model[0], model[2]):
            fan_out, fan_in = layer.weight.shape
            _draw_uniform(layer.weight, np.sqrt(6 / (fan_in + fan_out)), generator)
            _draw_uniform(layer.bias, 1 / np.sqrt(fan_in), generator)
    return model


def train(
    model: nn.Module, series: Tensor, config: SineConfig, generator: np.random.Generator
) -> None:
    """Minimise the squared error, summed over each minibatch, with Adam."""
    inputs, labels = (part[: config.train_points] for part in windows(series, config.num_lags))
    optimiser = torch.optim.Adam(model.parameters(), lr=config.learning_rate)
    for _ in range(config.num_epochs):
        order = torch.from_numpy(generator.permutation(config.train_points))
        for batch in order.split(config.batch_size):
            optimiser.zero_grad()
            mse_loss(model(inputs[batch]), labels[batch], reduction="sum").backward()
            optimiser.step()


@torch.no_grad()
def one_step(model: nn.Module, series: Tensor, config: SineConfig) -> Tensor:
    """Forecast each point from the true values before it, ``(T - num_lags,)``."""
    return model(windows(series, config.num_lags)[0])


@torch.no_grad()
def multi_step(model: nn.Module, series: Tensor, config: SineConfig) -> Tensor:
    """Forecast all points behind the training windows from forecasts, ``(T - first_forecast,)``."""
    values = series.clone()
    for i in range(config.first_forecast, len(values)):
        values[i] = model(values[None, i - config.num_lags : i])
    return values[config.first_forecast :]


@torch.no_grad()
def k_step(model: nn.Module, series: Tensor, config: SineConfig) -> Tensor:
    """Forecast up to the longest horizon from every window of true values.

    Returns:
        ``(N, max horizon)``: row i, column k - 1 is the forecast of point i + num_lags + k - 1
        from the values before point i + num_lags; N = T - num_lags - max horizon + 1.
    """
    longest = max(config.horizons)
    values = series.unfold(0, config.num_lags, 1)[: len(series) - config.num_lags - longest + 1]
    for _ in range(longest):
        forecast = model(values[:, -config.num_lags :])
        values = torch.cat([values, forecast[:, None]], dim=1)
    return values[:, config.num_lags :]


@dataclass(frozen=True)
class Forecast:
    """Forecasts of neighbouring points.

    Attributes:
        mode: one_step, multi_step or k_step.
        horizon: steps from the last true value to the forecast; of a multi-step forecast, to its
            last point.
        first: index of the first point.
        trained: so many of the first forecasts start from windows that were trained on.
        values: the forecasts.
    """

    mode: str
    horizon: int
    first: int
    trained: int
    values: Tensor

    def error(self, series: Tensor) -> float:
        """Mean squared difference from the series where the windows were not trained on."""
        truth = series[self.first : self.first + len(self.values)]
        return float(mse_loss(self.values[self.trained :], truth[self.trained :]))


def experiment(config: SineConfig, seed: int) -> tuple[list[dict], list[dict]]:
    """Run once and return the rows of the error table and those of the forecasts."""
    generator = np.random.Generator(np.random.PCG64(seed))
    series = noisy_series(config, generator)
    model = build(config, generator)
    train(model, series, config, generator)
    forecasts = list(_forecasts(model, series, config))
    key = {"model": "mlp", "seed": seed, "num_lags": config.num_lags}
    errors = [
        key | {"horizon": f.horizon, "mode": f.mode, "mse": f.error(series)} for f in forecasts
    ]
    data = Forecast("data", 0, 0, 0, series)
    clean = Forecast("clean", 0, 0, 0, clean_series(config))
    points = [
        {"seed": seed, "time": f.first + i, "mode": f.mode, "horizon": f.horizon, "value": value}
        for f in (data, clean, *forecasts)
        for i, value in enumerate(f.values.tolist(), start=1)
    ]
    return errors, points


def _forecasts(model: nn.Module, series: Tensor, config: SineConfig) -> Iterator[Forecast]:
    trained, lags = config.train_points, config.num_lags
    yield Forecast("one_step", 1, lags, trained, one_step(model, series, config))
    multi = multi_step(model, series, config)
    yield Forecast("multi_step", len(multi), config.first_forecast, 0, multi)
    steps = k_step(model, series, config)
    for horizon in config.horizons:
        yield Forecast("k_step", horizon, lags + horizon - 1, trained, steps[:, horizon - 1])


def _draw_uniform(parameter: Tensor, bound: float, generator: np.random.Generator) -> None:
    values = (2 * generator.random(parameter.shape) - 1) * bound
    parameter.copy_(torch.from_numpy(values))
