"""Maximum likelihood with unknown ranks: types of a lexicon, seen or not, by how often.

Tokens are drawn independently from a lexicon of V* types with p(r) ∝ (r + q)^(-alpha). Ranks by
observed frequency follow the noise and bias every estimator that takes them for the true ones
(Pilgrim & Hills, 2021, "Bias in Zipf's law estimators", Scientific Reports 11: 17309). Here the
rank of a type is unknown: it is seen m times with probability P(m) = mean over r of
Poisson(m; N p(r)), and the V types seen out of V* have the likelihood

    Binomial(V; V*, 1 - P(0)) · product over types of P(count) / (1 - P(0)),

maximised over alpha, V* >= V and q >= 0. A lexicon seen whole (V* = V) is a value of the model; at
any other end of the search, no shift (q = 0) among them, the status says so.
"""

from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import betaln, digamma, gammaln

from rnnbench.text.zipf import Fit, Spectrum, at_the_bound
from rnnbench.text.zipf._ranks import grid

EXPONENTS, SHIFTS, UNSEEN = (0.05, 10.0), (0.0, 1e5), 1e4  # searched; V* is at most UNSEEN · V
# a first look: the likelihood has many peaks, for frequent types are few and far between
FIRST_EXPONENTS = np.geomspace(0.4, 5, 15)
FIRST_SHIFTS = (0, 1, 3, 10, 30, 100, 500)
FIRST_UNSEEN = (1.02, 2, 8, 64)


def fit(spectrum: Spectrum, near: Fit | None = None) -> Fit:
    loss = Loss(spectrum)
    bounds = [EXPONENTS, np.log1p(SHIFTS), np.log(spectrum.n_types * np.array([1, UNSEEN]))]
    low, high = np.transpose(bounds)
    starts = [_theta(near)] if near else _starts(loss, spectrum.n_types)
    settings: dict[str, Any] = {"method": "L-BFGS-B", "bounds": bounds, "jac": True}
    settings["options"] = {"ftol": 1e-12}
    tried = (minimize(loss, np.clip(start, low, high), **settings) for start in starts)
    alpha, log_shift, log_size = min(tried, key=lambda found: found.fun).x
    status = at_the_bound(
        exponent=(alpha, *EXPONENTS),
        shift=(log_shift, low[1], high[1]),
        lexicon_size=(log_size, -np.inf, high[2]),
    )
    shift, size = float(np.expm1(log_shift)), float(np.exp(log_size))
    return Fit(float(alpha), shift=shift, lexicon_size=size, status=status)


class Loss:
    """Minus the log-likelihood, in nats, but for a constant; theta is alpha, log(1 + q), log V*.

    A call returns it and its gradient, ``(3,)``. K nodes stand for the ranks, D are the counts.
    """

    def __init__(self, spectrum: Spectrum):
        self.values, self.types = spectrum.values, spectrum.types
        self.seen, self.n_tokens = spectrum.n_types, spectrum.n_tokens
        exact = int(np.ceil(2 * self.n_tokens ** (1 / 3)))
        self.grid = grid(min(exact, self.seen // 2), UNSEEN * self.seen)
        self.log_factorials = self.types @ gammaln(self.values + 1)

    def __call__(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        size, shift = max(np.exp(theta[2]), self.seen), np.expm1(theta[1])
        nodes, weights = self.grid.upto(size)
        ranks = np.append(nodes, size + 0.5) + shift  # the last is where a larger lexicon goes on
        log_means, by_theta = self._log_means(theta[0], ranks, weights, size)
        nats, by_means, by_size = self._given_means(log_means, weights, size)
        gradient = by_means @ by_theta + [0, 0, size * by_size]
        return -nats, -gradient

    def _log_means(
        self, alpha: float, ranks: np.ndarray, weights: np.ndarray, size: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Log of the expected counts, ``(K + 1,)``; of those at nodes by theta, ``(K, 3)``."""
        log_p = -alpha * np.log(ranks / ranks[0])
        p = np.exp(log_p)
        total = weights @ p[:-1]
        by_alpha = -np.log(ranks[:-1])
        by_log_shift = -alpha * ranks[0] / ranks[:-1]
        by_theta = np.stack([by_alpha, by_log_shift, np.zeros(len(weights))], axis=1)
        by_theta -= (weights * p[:-1] / total) @ by_theta
        by_theta[:, 2] = -size * p[-1] / total
        return log_p + np.log(self.n_tokens / total), by_theta

    def _given_means(
        self, log_means: np.ndarray, weights: np.ndarray, size: float
    ) -> tuple[float, np.ndarray, float]:
        """Log-likelihood, by log mean at the nodes, ``(K,)``, and by the size at fixed means."""
        means, unseen = np.exp(log_means), size - self.seen
        absent = np.exp(-means)
        all_absent = max(weights @ absent[:-1], 1e-300)  # size · P(0)
        logs = np.multiply.outer(log_means, self.values) - means[:, None]  # (K + 1, D)
        peak = logs.max(axis=0)
        chances = np.exp(np.subtract(logs, peak, out=logs), out=logs)  # up to a factor
        sums = weights @ chances[:-1]
        per_sum = self.types / sums
        nats = self.types @ (np.log(sums) + peak) - self.log_factorials - self.seen * np.log(size)
        nats += gammaln(self.seen) - betaln(unseen + 1, self.seen)  # log of size! / unseen!
        nats += unseen * np.log(all_absent / size)
        by_means = chances[:-1] @ (per_sum * self.values) - means[:-1] * (chances[:-1] @ per_sum)
        by_means -= unseen * means[:-1] * absent[:-1] / all_absent
        by_size = chances[-1] @ per_sum + unseen * absent[-1] / all_absent
        by_size += digamma(size + 1) - digamma(unseen + 1) + np.log(all_absent / size) - 1
        return float(nats), weights * by_means, by_size


def _starts(loss: Loss, seen: int) -> list[np.ndarray]:
    """The best point of the first look at each shift."""
    points = [
        [
            np.array([alpha, np.log1p(shift), np.log(unseen * seen)])
            for alpha in FIRST_EXPONENTS
            for unseen in FIRST_UNSEEN
        ]
        for shift in FIRST_SHIFTS
    ]
    return [min(at_shift, key=lambda theta: loss(theta)[0]) for at_shift in points]


def _theta(fitted: Fit) -> np.ndarray:
    return np.array([fitted.exponent, np.log1p(fitted.shift), np.log(fitted.lexicon_size)])
