"""What becomes of a forecaster that is fed its own output: errors that grow or fade.

The learned map takes a state to the state after its own forecast; for an autoregression it is the
companion map (x1, ..., xL) -> (x2, ..., xL, f(x1, ..., xL)).
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from rnnbench.sine import forecasting
from rnnbench.sine.forecasters import Forecaster

ROUNDING = 1e-6  # radii this near to 1 are 1
FAR = 3.0  # a sine with noise of 0.2 does not come as far from 0
LAST, STILL = 100, 0.1  # over so many last points, a collapsed forecast moves less than this share


def learned_map(model: Forecaster) -> Callable[[Tensor], Tensor]:
    """States ``(N, D)`` to the states after the model's own forecasts."""
    return lambda states: model.advance(states, model.forecast(states))


def jacobians(function: Callable[[Tensor], Tensor], states: Tensor) -> Tensor:
    """Derivatives ``(N, D, D)`` of a map at each of the states ``(N, D)``; rows are outputs."""
    stacked = torch.autograd.functional.jacobian(lambda s: function(s).sum(0), states)
    return stacked.transpose(0, 1)


def spectral_radii(model: Forecaster, states: Tensor) -> Tensor:
    """Largest absolute eigenvalue of the learned map's Jacobian at each state, ``(N,)``.

    Below 1, a small change of the state fades as the map is repeated there; above 1 it grows.
    """
    found = jacobians(learned_map(model), states).double()
    return torch.linalg.eigvals(found).abs().amax(1)


def gains(model: Forecaster, states: Tensor, horizon: int) -> Tensor:
    """By how much a small change of each state changes the forecast ``horizon`` ahead, ``(N,)``.

    The change is in the worst direction: it is the norm of the derivative.
    """
    states = states.detach().requires_grad_()
    last = forecasting.iterate(model, states, horizon)[:, -1]
    (found,) = torch.autograd.grad(last.sum(), states)
    return found.double().norm(dim=1)


def ending(forecast: Tensor, clean: Tensor) -> str:
    """What became of a multi-step forecast, beside the noise-free series at its points, ``(N,)``.

    ``diverged``: it left ±3. ``collapsed``: over its last 100 points it covers less than a tenth of
    the range of the sine there. ``alive``: neither.
    """
    if not (forecast.abs() <= FAR).all():
        return "diverged"
    moved, true = (float(part[-LAST:].max() - part[-LAST:].min()) for part in (forecast, clean))
    return "collapsed" if moved < STILL * true else "alive"


def row(
    name: str, model: Forecaster, series: Tensor, config: forecasting.SineConfig, seed: int
) -> dict[str, Any]:
    """Describe the learned map at the states behind the training part, medians over them."""
    states = model.states(series)[config.train_points : -1].detach()
    radii, longest = spectral_radii(model, states), max(config.horizons)
    multi = forecasting.multi_step(model, series, config)
    found = gains(model, states, longest)
    return {
        **{"model": name, "seed": seed, "num_lags": config.num_lags},
        **{
            "radius": float(radii.median()),
            "above_one": float((radii > 1 + ROUNDING).double().mean()),
        },
        **{"horizon": longest, "gain": float(found.median())},
        **{"ending": ending(multi, forecasting.clean_series(config)[config.first_forecast :])},
        **{"largest": float(multi.abs().max()), "last": float(multi[-1])},
    }
