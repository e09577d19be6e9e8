"""Least squares of log count on log rank, all ranks: the book's line.

It describes a text at its length and estimates nothing: it moves as the text grows.
"""

import numpy as np

from rnnbench.text.zipf import Fit, Spectrum


def fit(spectrum: Spectrum, near: Fit | None = None) -> Fit:
    log_rank = np.log(np.arange(1, spectrum.n_types + 1))
    log_count = np.log(spectrum.values)
    mean = spectrum.types @ log_count / spectrum.n_types
    covariance = spectrum.log_rank_sums() @ (log_count - mean)
    return Fit(float(-covariance / (log_rank.var() * spectrum.n_types)))
