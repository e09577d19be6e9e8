"""Maximum likelihood of tokens with p(rank) ∝ (rank + q)^(-alpha) over the observed ranks.

Mandelbrot (1953), "An informational theory of the statistical structure of language". The ranks
are taken for true, as in ``rank_mle``. A shift below 0 is not looked for: where the likelihood
would rise there, the exponent is that of no shift, and the status says so.
"""

from typing import Any

import numpy as np
from scipy.optimize import minimize

from rnnbench.text.zipf import Fit, Spectrum, at_the_bound, rank_mle
from rnnbench.text.zipf._ranks import grid

EXPONENTS, SHIFTS = (0.0, 10.0), (0.0, 1e4)


def fit(spectrum: Spectrum, near: Fit | None = None) -> Fit:
    nodes, weights = grid(rank_mle.EXACT, spectrum.n_types).upto(spectrum.n_types)

    def mean_nats(theta: np.ndarray) -> float:
        """Nats per token of (alpha, log(1 + q)), times 10,000: the search ends at a small slope."""
        alpha, shift = theta[0], np.expm1(theta[1])
        mean_log = spectrum.values @ spectrum.log_rank_sums(shift) / spectrum.n_tokens
        log_p = -alpha * np.log((nodes + shift) / (1 + shift))
        log_sum = np.log(weights @ np.exp(log_p)) - alpha * np.log1p(shift)
        return 1e4 * (alpha * mean_log + log_sum)

    start = near or Fit(rank_mle.fit(spectrum).exponent, shift=1.0)
    bounds: list[Any] = [EXPONENTS, np.log1p(SHIFTS)]
    theta = [start.exponent, np.log1p(start.shift)]
    settings: dict[str, Any] = {"method": "L-BFGS-B", "bounds": bounds, "options": {"ftol": 1e-12}}
    alpha, log_shift = minimize(mean_nats, theta, **settings).x
    status = at_the_bound(exponent=(alpha, *EXPONENTS), shift=(log_shift, *bounds[1]))
    return Fit(float(alpha), shift=float(np.expm1(log_shift)), status=status)
