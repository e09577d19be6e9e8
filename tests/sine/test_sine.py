"""Laws of the sine experiment: what is forecast from what, and how well."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.base import plugins
from rnnbench.sine import floors, forecasting, tables
from rnnbench.sine.forecasters import Autoregression, ols_ar, windows

CONFIG = forecasting.SineConfig(
    num_points=1000,
    noise=0.2,
    num_lags=4,
    hidden_size=10,
    num_steps=16,
    train_points=600,
    batch_size=16,
    learning_rate=0.01,
    num_epochs=5,
    horizons=(1, 4, 16, 64),
)
SMALL = replace(CONFIG, num_points=60, train_points=20, num_epochs=1, horizons=(1, 3))
SEEDS = range(1, 4)
FREQUENCY = forecasting.ANGULAR_FREQUENCY
MODELS = plugins.names("forecasters")
FED_BACK = [n for n in MODELS if not hasattr(plugins.load("forecasters", n), "forecasts")]
every_model = pytest.mark.parametrize("name", MODELS)
every_fed_back = pytest.mark.parametrize("name", FED_BACK)


def oscillator(num_lags):
    """x_t = 2 cos(0.01) x_{t-1} - x_{t-2}, which every sine of this frequency obeys."""
    return Autoregression(num_lags, lambda x: 2 * math.cos(FREQUENCY) * x[:, -1] - x[:, -2])


def fitted(name, config=SMALL, seed=1):
    series = forecasting.series_of(config, seed)
    return forecasting.fit(name, series, config, seed), series


def pure_sine(num_points):
    return torch.sin(FREQUENCY * torch.arange(1, num_points + 1).double())


def generator(seed=1):
    return np.random.Generator(np.random.PCG64(seed))


# The series and its windows


@given(num_points=st.integers(2, 30), num_lags=st.integers(1, 8))
def test_a_window_holds_the_points_just_before_its_label(num_points, num_lags):
    num_lags = min(num_lags, num_points - 1)
    inputs, labels = windows(torch.arange(num_points), num_lags)
    expected = [list(range(t - num_lags, t)) for t in range(num_lags, num_points)]
    assert inputs.tolist() == expected
    assert labels.tolist() == list(range(num_lags, num_points))


def test_a_label_of_another_horizon_lies_that_far_behind_its_window():
    inputs, labels = windows(torch.arange(10), 3, horizon=4)
    assert inputs[0].tolist() == [0, 1, 2] and labels[0] == 6
    assert len(inputs) == len(labels) == 10 - 3 - 4 + 1


def test_the_series_is_the_sine_of_the_book_from_time_one():
    clean = forecasting.clean_series(CONFIG)
    assert clean.shape == (1000,)
    torch.testing.assert_close(clean, pure_sine(1000), rtol=0, atol=1e-12)


def test_the_noise_has_the_standard_deviation_asked_for():
    noise = torch.cat(
        [forecasting.series_of(CONFIG, s) - forecasting.clean_series(CONFIG) for s in SEEDS]
    )
    assert float(noise.std()) == pytest.approx(0.2, rel=6 / math.sqrt(2 * len(noise)))
    assert abs(float(noise.mean())) < 6 * 0.2 / math.sqrt(len(noise))


def test_without_noise_the_series_is_clean():
    silent = replace(CONFIG, noise=0)
    assert torch.equal(
        forecasting.noisy_series(silent, generator()), forecasting.clean_series(silent)
    )


# Forecasts


@pytest.mark.parametrize("num_lags", [2, 4, 7])
def test_a_perfect_model_stays_perfect_over_any_horizon(num_lags):
    config = replace(CONFIG, num_lags=num_lags)
    series, model = pure_sine(config.num_points), oscillator(num_lags)
    close = {"rtol": 0, "atol": 1e-7}
    torch.testing.assert_close(forecasting.one_step(model, series), series[num_lags:], **close)
    multi_step = forecasting.multi_step(model, series, config)
    torch.testing.assert_close(multi_step, series[config.first_forecast :], **close)
    for column, forecast in enumerate(forecasting.k_step(model, series, config).T):
        first = num_lags + column
        torch.testing.assert_close(forecast, series[first : first + len(forecast)], **close)


@every_fed_back
def test_a_multi_step_forecast_never_looks_at_the_points_it_forecasts(name):
    model, series = fitted(name)
    changed = series.clone()
    changed[SMALL.first_forecast :] = 9
    forecasts = forecasting.multi_step(model, series, SMALL)
    assert torch.equal(forecasts, forecasting.multi_step(model, changed, SMALL))
    assert (series[SMALL.first_forecast :] != forecasts).any()


@every_model
def test_nothing_behind_the_training_part_is_learnt_from(name):
    _, series = fitted(name)
    changed = series.clone()
    changed[SMALL.first_forecast :] = 9
    models = [forecasting.fit(name, values, SMALL, 1) for values in (series, changed)]
    first, second = (
        [f.values for f in forecasting.forecasts(name, m, series, SMALL)] for m in models
    )
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


@every_fed_back
def test_the_first_multi_step_forecast_is_a_one_step_forecast(name):
    model, series = fitted(name)
    one_step = forecasting.one_step(model, series)
    multi_step = forecasting.multi_step(model, series, SMALL)
    torch.testing.assert_close(multi_step[0], one_step[SMALL.train_points])


@every_fed_back
def test_a_k_step_forecast_of_one_step_is_a_one_step_forecast(name):
    model, series = fitted(name)
    forecasts = forecasting.k_step(model, series, SMALL)[:, 0]
    torch.testing.assert_close(forecasts, forecasting.one_step(model, series)[: len(forecasts)])


@every_fed_back
def test_a_k_step_forecast_is_a_multi_step_forecast_from_every_window(name):
    model, series = fitted(name)
    found = forecasting.k_step(model, series, SMALL)
    for row in (0, 7, len(found) - 1):
        start = replace(SMALL, train_points=row)
        expected = forecasting.multi_step(model, series, start)[: found.shape[1]]
        torch.testing.assert_close(found[row], expected)


@every_model
def test_forecasts_have_the_shapes_they_say(name):
    model, series = fitted(name)
    lengths = {f.mode: len(f.values) for f in forecasting.forecasts(name, model, series, SMALL)}
    there = {"one_step": 60 - 4, "multi_step": 60 - 24, "k_step": 60 - 4 - 3 + 1}
    assert lengths == {mode: there[mode] for mode in lengths}
    assert "k_step" in lengths


@pytest.mark.parametrize(
    ("name", "expected"), [("zero", 0.0), ("persistence", 7.0), ("lag_mean", 4.0)]
)
def test_a_base_line_forecasts_what_it_is_named_after(name, expected):
    model = plugins.load("forecasters", name).fit(torch.zeros(9), SMALL, generator())
    assert model.forecast(torch.tensor([[1.0, 2.0, 6.0, 7.0]])).tolist() == [expected]


def test_an_error_leaves_out_what_was_trained_on():
    series = torch.arange(10.0)
    values = series[2:8].clone()
    values[:3] += 100
    assert forecasting.Forecast("one_step", 1, 2, 3, values).error(series) == 0
    assert forecasting.Forecast("one_step", 1, 2, 2, values).error(series) == 100**2 / 4


def test_first_weights_are_xavier_uniform():
    model = plugins.load("forecasters", "mlp").Network(30, 50, generator())
    for layer in (model.hidden, model.output):
        fan_out, fan_in = layer.weight.shape
        largest = float(layer.weight.detach().abs().max())
        assert 0.9 < largest / math.sqrt(6 / (fan_in + fan_out)) <= 1 + 1e-6
        assert float(layer.bias.detach().abs().max()) <= (1 + 1e-6) / math.sqrt(fan_in)


@every_model
def test_a_seed_gives_the_same_forecasts_and_another_seed_does_not(name):
    first, again, other = (
        [f.values for f in forecasting.forecasts(name, *fitted(name, seed=seed), SMALL)]
        for seed in (1, 1, 2)
    )
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert name == "zero" or not torch.equal(first[0], other[0])


# Floors


def test_the_best_linear_forecast_of_the_book_errs_by_0_0501():
    assert floors.best_linear(4, 1, 0.2, FREQUENCY) == pytest.approx(0.0501, abs=5e-5)


@pytest.mark.parametrize("horizon", [1, 16])
@pytest.mark.parametrize("num_lags", [1, 2, 4])
def test_the_best_linear_forecast_is_that_of_least_squares_on_a_long_series(num_lags, horizon):
    series = forecasting.series_of(replace(CONFIG, num_points=400_000), 1)
    past, following = windows(series, num_lags, horizon)
    weights = torch.linalg.lstsq(past, following[:, None]).solution
    mse = float(((past @ weights)[:, 0] - following).square().mean())
    assert mse == pytest.approx(floors.best_linear(num_lags, horizon, 0.2, FREQUENCY), rel=0.02)


@pytest.mark.parametrize("horizon", [1, 64])
def test_no_floor_lies_below_the_noise_and_none_above_the_best_linear_forecast(horizon):
    for num_lags in (1, 2, 4, 16):
        linear = floors.best_linear(num_lags, horizon, 0.2, FREQUENCY)
        assert 0.04 < floors.best(num_lags, horizon, 0.2, FREQUENCY) < linear


@pytest.mark.parametrize("num_lags", [16, 64])
def test_what_small_noise_adds_to_the_best_forecast_falls_as_its_square(num_lags):
    """With phases too far apart the true one is the only likely one, and nothing is added."""
    noises = (0.05, 0.01, 0.002)
    added = [floors.best(num_lags, 1, s, FREQUENCY) / s**2 - 1 for s in noises]
    assert max(added) < 1.4 * min(added)


def test_noise_too_small_for_the_phases_leaves_the_best_forecast_out():
    found = {
        noise: {row["floor"] for row in floors.rows(replace(CONFIG, noise=noise), FREQUENCY)}
        for noise in (1e-6, 1e-2)
    }
    assert found == {1e-6: {"noise", "best_linear"}, 1e-2: {"noise", "best_linear", "best"}}


def test_more_lags_never_make_the_best_linear_forecast_worse():
    found = [floors.best_linear(num_lags, 1, 0.2, FREQUENCY) for num_lags in range(1, 65)]
    assert all(more < fewer for fewer, more in pairwise(found))
    assert found[-1] > 0.04


def test_one_lag_cannot_tell_rising_from_falling():
    """From one value v of a sine of one frequency: v cos(w) at best, so sin(w)^2 / 2 is left."""
    left = math.sin(FREQUENCY) ** 2 / 2
    assert floors.best_linear(1, 1, 0, FREQUENCY) == pytest.approx(left, rel=1e-9)


@pytest.mark.parametrize("num_lags", [2, 3, 8])
def test_without_noise_two_lags_suffice_for_least_squares_and_one_does_not(num_lags):
    past, following = windows(pure_sine(1000), num_lags)
    weights = ols_ar.coefficients(pure_sine(604), num_lags)
    assert float((past @ weights - following).abs().max()) < 1e-10
    past, following = windows(pure_sine(1000), 1)
    alone = ols_ar.coefficients(pure_sine(604), 1)
    assert float((past @ alone - following).abs().max()) > 1e-3


def test_with_two_lags_least_squares_finds_the_differential_equation():
    weights = ols_ar.coefficients(pure_sine(604), 2)
    expected = torch.tensor([-1, 2 * math.cos(FREQUENCY)], dtype=torch.float64)
    torch.testing.assert_close(weights, expected, rtol=0, atol=1e-9)


# The study


def test_bands_are_quantiles_over_seeds_at_each_point():
    values = [np.full(36, float(v)) for v in range(101)]
    found = tables.bands("mlp", values, SMALL)
    assert found[["low", "median", "high"]].iloc[0].tolist() == [5, 50, 95]
    assert (found.time.iloc[0], len(found)) == (SMALL.first_forecast + 1, 36)


@pytest.fixture(scope="module")
def study():
    return tables.run(CONFIG, MODELS, list(SEEDS))


def test_a_trained_network_comes_near_the_noise_floor_but_not_below_it(study):
    errors = study["errors"]
    for _, rows in errors[errors.model == "mlp"].groupby("seed"):
        mse = rows.set_index(["mode", "horizon"]).mse
        assert 0.03 < mse["one_step", 1] < 0.08
        assert mse["k_step", 1] == pytest.approx(mse["one_step", 1], rel=0.1)
        assert mse["k_step", 64] > mse["k_step", 1]


def test_there_is_one_error_per_forecast(study):
    last = CONFIG.num_points - CONFIG.first_forecast
    steps = {("k_step", k) for k in CONFIG.horizons}
    for (name, _), rows in study["errors"].groupby(["model", "seed"]):
        found = set(zip(rows["mode"], rows.horizon, strict=True))
        fed_back = {("one_step", 1), ("multi_step", last)} if name in FED_BACK else set()
        assert found == steps | fed_back
        assert len(rows) == len(found)


def test_rows_of_forecasts_stand_at_the_time_of_their_point(study):
    points = study["predictions"]
    assert set(points.seed) == {SEEDS[0]}
    points = points[points.model.isin(["", "mlp"])]
    first = points.groupby(["mode", "horizon"]).time.min().to_dict()
    expected = {("data", 0): 1, ("clean", 0): 1, ("one_step", 1): 5, ("multi_step", 396): 605}
    assert first == expected | {("k_step", k): 4 + k for k in CONFIG.horizons}
    lengths = points.groupby(["mode", "horizon"]).size().to_dict()
    assert lengths["one_step", 1] == 996 and lengths["k_step", 64] == 1000 - 4 - 64 + 1
