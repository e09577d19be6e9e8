"""Maximum likelihood of tokens with p(rank) = rank^(-alpha) / sum over the observed ranks.

Hanel, Corominas-Murtra, Liu & Thurner (2017), "Fitting power-laws in empirical data with
estimators that work for all exponents", PLoS ONE 12(2): e0170920.
"""

import numpy as np
from scipy.optimize import minimize_scalar

from rnnbench.text.zipf import Fit, Spectrum, at_the_bound
from rnnbench.text.zipf._ranks import grid

EXPONENTS = (0.0, 10.0)
EXACT = 64  # ranks summed one by one


def fit(spectrum: Spectrum, near: Fit | None = None) -> Fit:
    nodes, weights = grid(EXACT, spectrum.n_types).upto(spectrum.n_types)
    log_nodes = np.log(nodes)
    mean_log_rank = spectrum.values @ spectrum.log_rank_sums() / spectrum.n_tokens

    def mean_nats(alpha: float) -> float:
        return alpha * mean_log_rank + np.log(weights @ np.exp(-alpha * log_nodes))

    found = minimize_scalar(mean_nats, bounds=EXPONENTS, method="bounded", options={"xatol": 1e-7})
    return Fit(float(found.x), status=at_the_bound(exponent=(found.x, *EXPONENTS)))
