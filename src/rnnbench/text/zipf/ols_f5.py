"""Least squares of log count on log rank, ranks of types seen five times or more.

The steps of the rare types, long and flat, are left out; else as ``ols``, and as descriptive.
"""

import numpy as np

from rnnbench.text.zipf import Fit, Spectrum, ols

LEAST, MIN_RANKS = 5, 10


def fit(spectrum: Spectrum, near: Fit | None = None) -> Fit:
    common = spectrum.at_least(LEAST)
    if common.n_types < MIN_RANKS:
        return Fit(np.nan, status=f"no exponent: fewer than {MIN_RANKS} types seen {LEAST} times")
    return ols.fit(common)
