"""Counts as estimators read them: the distinct values, and how many types share each."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from scipy.special import gammaln


@dataclass(frozen=True)
class Spectrum:
    """All of a rank-frequency curve in few numbers: most types share their count."""

    values: np.ndarray  # the distinct counts, falling, ``(D,)``
    types: np.ndarray  # number of types with that count, ``(D,)``

    @classmethod
    def of(cls, counts: np.ndarray) -> Self:
        """Build from the counts of the distinct types, ``(V,)``, in any order."""
        values, types = np.unique(counts, return_counts=True)
        return cls(values[::-1].astype(float), types[::-1].astype(float))

    @cached_property
    def n_types(self) -> int:
        return int(self.types.sum())

    @cached_property
    def n_tokens(self) -> float:
        return float(self.types @ self.values)

    @cached_property
    def last_rank(self) -> np.ndarray:
        """Last of the ranks that share each count, ``(D,)``."""
        return np.cumsum(self.types)

    def log_rank_sums(self, shift: float = 0.0) -> np.ndarray:
        """Sum of log(rank + shift) over the ranks that share each count, ``(D,)``."""
        before = self.last_rank - self.types
        return gammaln(self.last_rank + shift + 1) - gammaln(before + shift + 1)

    def at_least(self, least: float) -> "Spectrum":
        """The types seen at least this often."""
        kept = self.values >= least
        return Spectrum(self.values[kept], self.types[kept])
