"""Sums over many ranks, done on few nodes: the first ranks one by one, the rest by quadrature."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

ABSCISSAE, WEIGHTS = np.polynomial.legendre.leggauss(8)
WIDEST = 1.2  # widest panel, in units of log rank


@dataclass(frozen=True)
class RankGrid:
    """Nodes and weights that stand for ranks: sum of g over 1..last is weights @ g(nodes).

    Gauss-Legendre panels in log rank; with ``exact`` of twice the cube root of the tokens they are
    narrower than the Poisson spread of a count wherever ranks are too many to be told apart.
    """

    exact: int
    edges: np.ndarray  # of the panels, in log rank, ``(P + 1,)``

    def upto(self, last: float) -> tuple[np.ndarray, np.ndarray]:
        """Nodes and weights, each ``(K,)``, of the ranks to ``last``, which need not be whole."""
        first = np.arange(1.0, min(self.exact, int(last)) + 1)
        end = np.log(max(last, len(first)) + 0.5)
        edges = np.append(self.edges[self.edges < end], end)
        half = np.diff(edges)[:, None] / 2
        nodes = np.exp(edges[:-1, None] + half * (1 + ABSCISSAE)).ravel()
        weights = (half * WEIGHTS).ravel() * nodes
        return np.concatenate([first, nodes]), np.concatenate([np.ones(len(first)), weights])


@lru_cache
def grid(exact: int, last: float) -> RankGrid:
    """Grid for ranks to ``last`` or fewer, the first ``exact`` one by one."""
    edges = [np.log(exact + 0.5)]
    while edges[-1] < np.log(last + 1):
        edges.append(edges[-1] + min(WIDEST, 30 / exact**1.5 * np.exp(edges[-1] / 2)))
    return RankGrid(exact, np.array(edges))
