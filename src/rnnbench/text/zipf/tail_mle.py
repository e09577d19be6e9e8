"""Discrete power law on the counts, p(count) ∝ count^(-beta) from xmin on; alpha = 1 / (beta - 1).

Clauset, Shalizi & Newman (2009), "Power-law distributions in empirical data", SIAM Review 51: beta
by maximum likelihood for every xmin, the xmin of the least Kolmogorov-Smirnov distance, and a test
of the law by drawing texts from it. Of the counts, ``CANDIDATES`` spread evenly over log count are
tried as xmin, all those that leave ``MIN_TAIL`` types; drawn texts are treated alike. The xmin of
a fit nearby is kept: an interval is that of the exponent given xmin, which jumps from text to text.
A large p is no proof of the law: beyond a large xmin, few counts are left to tell laws apart.
"""

import numpy as np
from scipy.special import zeta

from rnnbench.text.zipf import Fit, Spectrum, at_the_bound

BETAS = (1.05, 21.0)  # that is, exponents from 0.05 to 20
CANDIDATES, MIN_TAIL = 40, 50
STEP, ROUNDS = 1e-4, 30  # of Newton's method
TABLE = 1 << 14  # counts drawn exactly; beyond, a power law is smooth


def fit(spectrum: Spectrum, near: Fit | None = None) -> Fit:
    if spectrum.n_types < MIN_TAIL:
        return Fit(np.nan, status=f"no exponent: fewer than {MIN_TAIL} types")
    xmins, mean_logs = _candidates(spectrum) if near is None else _from(spectrum, near.xmin)
    betas = maximise(xmins, mean_logs)
    distances = ks(spectrum, xmins, betas)
    best = int(np.argmin(distances))
    beta = betas[best]
    return Fit(
        float(1 / (beta - 1)),
        xmin=float(xmins[best]),
        ks=float(distances[best]),
        status=at_the_bound(exponent=(beta, *BETAS)),
    )


def p_value(
    spectrum: Spectrum, fitted: Fit, replicates: int, generator: np.random.Generator
) -> float:
    """Share of texts drawn from the fitted law that lie farther from their own fits."""
    drawn = (fit(replicate(spectrum, fitted, generator)).ks for _ in range(replicates))
    return float(np.mean([distance >= fitted.ks for distance in drawn]))


def replicate(spectrum: Spectrum, fitted: Fit, generator: np.random.Generator) -> Spectrum:
    """As many types: below xmin drawn from the counts there, else from the law."""
    below = spectrum.values < fitted.xmin
    chances = np.append(spectrum.types[below], spectrum.types[~below].sum()) / spectrum.n_types
    *rare, tail = generator.multinomial(spectrum.n_types, chances)
    law = Spectrum.of(draw(fitted.xmin, 1 + 1 / fitted.exponent, tail, generator))
    values, types = spectrum.values[below], np.array(rare, float)
    kept = types > 0
    return Spectrum(
        np.concatenate([law.values, values[kept]]), np.concatenate([law.types, types[kept]])
    )


def draw(xmin: float, beta: float, size: int, generator: np.random.Generator) -> np.ndarray:
    """Counts of a discrete power law, ``(size,)``, by inversion of P(X >= x)."""
    table = xmin + np.arange(TABLE)
    at_least = zeta(beta, table) / zeta(beta, xmin)
    chance = 1 - generator.random(size)
    found = xmin + np.searchsorted(-at_least, -chance, side="right") - 1
    beyond = (table[-1] - 0.5) * (chance / at_least[-1]) ** (-1 / (beta - 1)) + 0.5
    return np.where(chance < at_least[-1], np.minimum(np.floor(beyond), 2.0**53), found)


def maximise(xmins: np.ndarray, mean_logs: np.ndarray) -> np.ndarray:
    """Beta by maximum likelihood for each xmin and mean log count from there on, ``(C,)``."""
    betas = np.clip(1 + 1 / (mean_logs - np.log(xmins - 0.5)), *BETAS)
    for _ in range(ROUNDS):
        below, here, above = (np.log(zeta(betas + d, xmins)) for d in (-STEP, 0, STEP))
        slope = (above - below) / (2 * STEP) + mean_logs
        bend = np.maximum((above - 2 * here + below) / STEP**2, 1e-6)
        moved = np.clip(betas - np.clip(slope / bend, -1, (betas - 1) / 2), *BETAS)
        done = np.abs(moved - betas).max() < 1e-7
        betas = moved
        if done:
            break
    return betas


def ks(spectrum: Spectrum, xmins: np.ndarray, betas: np.ndarray) -> np.ndarray:
    """Greatest difference of the distribution functions from each xmin on, ``(C,)``.

    Between two counts that occur, it is greatest at the first of them or just before the second.
    """
    values, types = spectrum.values, spectrum.types
    at_least = np.cumsum(types)  # types of this count or a larger one
    law = zeta(betas[:, None], np.maximum(values, xmins[:, None]))  # (C, D)
    whole = zeta(betas, xmins)[:, None]
    tail = np.array([at_least[values >= xmin][-1] for xmin in xmins])[:, None]
    here = np.abs(law / whole - at_least / tail)
    mass = values ** -betas[:, None]
    after = np.abs((law - mass) / whole - (at_least - types) / tail)
    return np.where(values >= xmins[:, None], np.maximum(here, after), 0).max(axis=1)


def _from(spectrum: Spectrum, xmin: float) -> tuple[np.ndarray, np.ndarray]:
    """This xmin and the mean log count from it on, both ``(1,)``."""
    tail = spectrum.at_least(xmin)
    return np.array([xmin]), np.array([tail.types @ np.log(tail.values) / tail.n_types])


def _candidates(spectrum: Spectrum) -> tuple[np.ndarray, np.ndarray]:
    """Values of xmin to try and the mean log count from each on, both ``(C,)``."""
    at_least = np.cumsum(spectrum.types)
    mean_logs = np.cumsum(spectrum.types * np.log(spectrum.values)) / at_least
    possible = np.flatnonzero(at_least >= MIN_TAIL)
    logs = np.log(spectrum.values[possible])
    expected = np.linspace(logs[-1], logs[0], CANDIDATES)
    chosen = possible[np.unique(np.abs(logs[:, None] - expected).argmin(axis=0))]
    few = possible if len(possible) <= CANDIDATES else chosen
    return spectrum.values[few], mean_logs[few]
