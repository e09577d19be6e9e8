"""What no forecast of the noisy sine can be expected to beat.

The sine is seen at a random time: a phase uniform over a period, and white noise on each value.
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

PHASES, DRAWS = 720, 4000
MOST_PHASES = 1 << 16
AT_ONCE = 1 << 22  # phases x draws that are weighed together


def autocovariance(distance: ArrayLike, noise: float, frequency: float) -> np.ndarray:
    """Covariance of two values of the series that are ``distance`` steps apart.

    The mean of sin(a) sin(a + b) over all phases a is cos(b) / 2; the noise adds its variance where
    a value meets itself.
    """
    distance = np.asarray(distance)
    return np.cos(frequency * distance) / 2 + noise**2 * (distance == 0)


def best_linear(num_lags: int, horizon: int, noise: float, frequency: float) -> float:
    """Mean squared error of the best linear forecast ``horizon`` steps behind ``num_lags`` values.

    gamma(0) - r' Gamma^-1 r, Gamma being the covariances of the lags and r theirs with the value
    to forecast (Brockwell & Davis, 1991, section 5.1).
    """
    lags = np.arange(num_lags)
    between = autocovariance(lags[:, None] - lags, noise, frequency)
    ahead = autocovariance(horizon + lags, noise, frequency)
    own = float(autocovariance(0, noise, frequency))
    explained = ahead @ np.linalg.pinv(between, rcond=1e-10, hermitian=True) @ ahead
    return float(max(0.0, own - explained))


def phases_needed(num_lags: int, noise: float) -> int:
    """How many phases around the circle stand for all of them.

    The lags leave the phase open by noise / sqrt(num_lags) at the least; a mean over phases that
    are no more than 1.5 times as far apart is off by 1e-3 of what it is to tell. With fewer, the
    true phase, which is one of them, would be the only likely one, and the floor too low.
    """
    return max(PHASES, math.ceil(2 * math.pi * math.sqrt(num_lags) / (1.5 * noise)))


def best(num_lags: int, horizon: int, noise: float, frequency: float) -> float:
    """Mean squared error of the best forecast of any kind, which knows amplitude and frequency.

    The forecast is the mean over phases, each as likely as it makes the lags; its error is averaged
    over 4,000 draws of the noise from a fixed seed (``noise`` above 0), all at one true phase and
    turned to another: a standard error of about 2 % of what is above the variance of the noise.
    Below a noise of 6e-5 times the root of ``num_lags`` that takes more phases than are weighed.
    """
    generator = np.random.Generator(np.random.PCG64(1))
    number = phases_needed(num_lags, noise)
    phases = 2 * np.pi * np.arange(number) / number
    lags = np.arange(1 - num_lags, 1)
    true = phases[generator.integers(number, size=DRAWS)]
    seen = np.sin(true[:, None] + frequency * lags)
    seen = seen + noise * generator.standard_normal(seen.shape)
    shapes = np.sin(phases[:, None] + frequency * lags)  # (phases, lags)
    ahead = np.sin(phases + frequency * horizon)
    parts = np.array_split(seen, math.ceil(number * DRAWS / AT_ONCE))
    mean = np.concatenate([_mean_ahead(part, shapes, ahead, noise) for part in parts])
    return float(np.mean((np.sin(true + frequency * horizon) - mean) ** 2)) + noise**2


def _mean_ahead(
    seen: np.ndarray, shapes: np.ndarray, ahead: np.ndarray, noise: float
) -> np.ndarray:
    """Mean of the value ahead, ``(phases,)``, after the lags of each draw, ``(draws,)``."""
    fit = (seen @ shapes.T - (shapes**2).sum(1) / 2) / noise**2  # log likelihood but for a constant
    weights = np.exp(fit - fit.max(1, keepdims=True))
    return weights @ ahead / weights.sum(1)


def rows(config: Any, frequency: float) -> Iterator[dict[str, Any]]:
    """Yield one row per floor and horizon of a study.

    ``best`` is left out where the noise is so small, or 0, that its phases cannot be told apart.
    """
    num_lags, noise = config.num_lags, config.noise
    for horizon in config.horizons:
        key = {"num_lags": num_lags, "horizon": horizon, "noise": noise}
        yield {"floor": "noise", **key, "mse": noise**2}
        linear = best_linear(num_lags, horizon, noise, frequency)
        yield {"floor": "best_linear", **key, "mse": linear}
        if noise > 0 and phases_needed(num_lags, noise) <= MOST_PHASES:
            yield {"floor": "best", **key, "mse": best(num_lags, horizon, noise, frequency)}
