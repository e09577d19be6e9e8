"""Laws of the sine experiment: what is forecast from what, and how well."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from rnnbench import sine

CONFIG = sine.SineConfig(
    num_points=1000,
    noise=0.2,
    num_lags=4,
    hidden_size=10,
    train_points=600,
    batch_size=16,
    learning_rate=0.01,
    num_epochs=5,
    horizons=(1, 4, 16, 64),
)
SMALL = dataclasses.replace(CONFIG, num_points=60, train_points=20, num_epochs=1, horizons=(1, 3))
SEEDS = range(1, 4)


class Oscillator(nn.Module):
    """x_t = 2 cos(0.01) x_{t-1} - x_{t-2}, which every sine of this frequency obeys."""

    def forward(self, values):
        return 2 * math.cos(sine.ANGULAR_FREQUENCY) * values[:, -1] - values[:, -2]


def pure_sine(num_points):
    return torch.sin(sine.ANGULAR_FREQUENCY * torch.arange(1, num_points + 1).double())


def generator(seed=1):
    return np.random.Generator(np.random.PCG64(seed))


@given(num_points=st.integers(2, 30), num_lags=st.integers(1, 8))
def test_a_window_holds_the_points_just_before_its_label(num_points, num_lags):
    num_lags = min(num_lags, num_points - 1)
    inputs, labels = sine.windows(torch.arange(num_points), num_lags)
    wanted = [list(range(t - num_lags, t)) for t in range(num_lags, num_points)]
    assert inputs.tolist() == wanted
    assert labels.tolist() == list(range(num_lags, num_points))


def test_the_series_is_the_sine_of_the_book_from_time_one():
    clean = sine.clean_series(CONFIG)
    assert clean.shape == (1000,)
    torch.testing.assert_close(clean.double(), pure_sine(1000), rtol=0, atol=1e-6)


def test_the_noise_has_the_standard_deviation_asked_for():
    noise = torch.cat(
        [sine.noisy_series(CONFIG, generator(s)) - sine.clean_series(CONFIG) for s in SEEDS]
    )
    assert float(noise.std()) == pytest.approx(0.2, rel=6 / math.sqrt(2 * len(noise)))
    assert abs(float(noise.mean())) < 6 * 0.2 / math.sqrt(len(noise))


def test_without_noise_the_series_is_clean():
    silent = dataclasses.replace(CONFIG, noise=0)
    assert torch.equal(sine.noisy_series(silent, generator()), sine.clean_series(silent))


@pytest.mark.parametrize("num_lags", [2, 4, 7])
def test_a_perfect_model_stays_perfect_over_any_horizon(num_lags):
    config = dataclasses.replace(CONFIG, num_lags=num_lags)
    series, oscillator = pure_sine(config.num_points), Oscillator()
    close = {"rtol": 0, "atol": 1e-7}
    one_step = sine.one_step(oscillator, series, config)
    torch.testing.assert_close(one_step, series[num_lags:], **close)
    multi_step = sine.multi_step(oscillator, series, config)
    torch.testing.assert_close(multi_step, series[config.first_forecast :], **close)
    for column, forecast in enumerate(sine.k_step(oscillator, series, config).T):
        first = num_lags + column
        torch.testing.assert_close(forecast, series[first : first + len(forecast)], **close)


def test_a_multi_step_forecast_never_looks_at_the_points_it_forecasts():
    series = sine.noisy_series(SMALL, generator())
    changed = series.clone()
    changed[SMALL.first_forecast :] = 9
    model = sine.build(SMALL, generator())
    forecasts = sine.multi_step(model, series, SMALL)
    assert torch.equal(forecasts, sine.multi_step(model, changed, SMALL))
    assert (series[SMALL.first_forecast :] != forecasts).any()


def test_the_first_multi_step_forecast_is_a_one_step_forecast():
    series, model = sine.noisy_series(SMALL, generator()), sine.build(SMALL, generator())
    one_step = sine.one_step(model, series, SMALL)
    multi_step = sine.multi_step(model, series, SMALL)
    torch.testing.assert_close(multi_step[0], one_step[SMALL.train_points])


def test_a_k_step_forecast_of_one_step_is_a_one_step_forecast():
    series, model = sine.noisy_series(SMALL, generator()), sine.build(SMALL, generator())
    forecasts = sine.k_step(model, series, SMALL)[:, 0]
    torch.testing.assert_close(forecasts, sine.one_step(model, series, SMALL)[: len(forecasts)])


def test_a_k_step_forecast_is_a_multi_step_forecast_from_every_window():
    series, model = sine.noisy_series(SMALL, generator()), sine.build(SMALL, generator())
    found = sine.k_step(model, series, SMALL)
    for row in (0, 7, len(found) - 1):
        start = dataclasses.replace(SMALL, train_points=row)
        wanted = sine.multi_step(model, series, start)[: found.shape[1]]
        torch.testing.assert_close(found[row], wanted)


def test_forecasts_have_the_shapes_they_say():
    series, model = sine.noisy_series(SMALL, generator()), sine.build(SMALL, generator())
    assert sine.one_step(model, series, SMALL).shape == (60 - 4,)
    assert sine.multi_step(model, series, SMALL).shape == (60 - 24,)
    assert sine.k_step(model, series, SMALL).shape == (60 - 4 - 3 + 1, 3)


def test_an_error_leaves_out_what_was_trained_on():
    series = torch.arange(10.0)
    values = series[2:8].clone()
    values[:3] += 100
    assert sine.Forecast("one_step", 1, 2, 3, values).error(series) == 0
    assert sine.Forecast("one_step", 1, 2, 2, values).error(series) == 100**2 / 4


def test_first_weights_are_xavier_uniform():
    config = dataclasses.replace(CONFIG, num_lags=30, hidden_size=50)
    model = sine.build(config, generator())
    for layer in (model[0], model[2]):
        fan_out, fan_in = layer.weight.shape
        largest = float(layer.weight.detach().abs().max())
        assert 0.9 < largest / math.sqrt(6 / (fan_in + fan_out)) <= 1 + 1e-6
        assert float(layer.bias.detach().abs().max()) <= (1 + 1e-6) / math.sqrt(fan_in)


def test_a_seed_gives_the_same_rows_and_another_seed_does_not():
    first, again, other = (sine.experiment(SMALL, seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other


@pytest.fixture(scope="module")
def experiments():
    return {seed: sine.experiment(CONFIG, seed) for seed in SEEDS}


def test_a_trained_network_comes_near_the_noise_floor_but_not_below_it(experiments):
    for errors, _ in experiments.values():
        mse = {(row["mode"], row["horizon"]): row["mse"] for row in errors}
        assert 0.03 < mse["one_step", 1] < 0.08
        assert mse["k_step", 1] == pytest.approx(mse["one_step", 1], rel=0.1)


def test_forecasts_far_ahead_are_worse(experiments):
    for errors, _ in experiments.values():
        mse = {(row["mode"], row["horizon"]): row["mse"] for row in errors}
        assert mse["k_step", 64] > mse["k_step", 1]


def test_there_is_one_error_per_forecast_and_one_row_per_point(experiments):
    errors, points = experiments[1]
    modes = [(row["mode"], row["horizon"]) for row in errors]
    last = CONFIG.num_points - CONFIG.first_forecast
    assert modes == [
        ("one_step", 1),
        ("multi_step", last),
        *(("k_step", k) for k in CONFIG.horizons),
    ]
    lengths = [1000, 1000, 996, last] + [1000 - 4 - 64 + 1] * 4
    assert len(points) == sum(lengths)
    assert all(1 <= row["time"] <= 1000 for row in points)


def test_rows_of_forecasts_stand_at_the_time_of_their_point(experiments):
    _, points = experiments[1]
    first = {(row["mode"], row["horizon"]): row["time"] for row in reversed(points)}
    wanted = {("data", 0): 1, ("clean", 0): 1, ("one_step", 1): 5, ("multi_step", 396): 605}
    assert first == wanted | {("k_step", k): 4 + k for k in CONFIG.horizons}
