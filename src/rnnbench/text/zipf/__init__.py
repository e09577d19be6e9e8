"""Zipf exponents of a rank-frequency curve (d2l chapter 8.3). One estimator a file.

Each estimates alpha of  frequency ∝ rank^(-alpha). The contract of a file:

* ``fit(spectrum, near)``: a :class:`Fit` to the :class:`Spectrum` of a text. ``near`` is the fit to
  nearly the same text, from which a search may start, or None.
* ``p_value(spectrum, fit, replicates, generator)``, only where there is a test of fit: the share of
  ``replicates`` texts drawn from the fitted law that fit it worse.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import numpy as np
from scipy.special import stdtrit

from rnnbench.base.plugins import load
from rnnbench.text.zipf._spectrum import Spectrum

__all__ = ["ESTIMATED", "MIN_TYPES", "Estimate", "Fit", "Spectrum", "at_the_bound", "estimate"]

MIN_TYPES = 50  # below this, as with single characters, a power law over ranks means nothing
ESTIMATED = "estimated"


@dataclass(frozen=True)
class Fit:
    """An exponent and what was estimated with it; NaN is a parameter that the law has not."""

    # alpha of frequency ∝ rank^(-alpha); NaN where ``status`` says why there is none
    exponent: float
    shift: float = np.nan  # q of frequency ∝ (rank + q)^(-alpha)
    xmin: float = np.nan  # the least count that the law holds for
    ks: float = np.nan  # Kolmogorov-Smirnov distance of the counts from the law
    lexicon_size: float = np.nan  # types there are to be seen, those not seen included
    status: str = ESTIMATED  # ``estimated``, or which parameter met an end of its search


@dataclass(frozen=True)
class Estimate:
    """A fit with the 95 % interval of its exponent and the p-value of the law; NaN: there is none.

    The other attributes are those of :class:`Fit`.
    """

    estimator: str
    exponent: float
    low: float
    high: float
    n_types: int
    status: str
    shift: float = np.nan
    xmin: float = np.nan
    ks: float = np.nan
    p: float = np.nan
    lexicon_size: float = np.nan


def texts(ids: np.ndarray, order: int, generator: np.random.Generator) -> dict[str, np.ndarray]:
    """The texts whose n-grams are worth a fit: ``whole``, for orders from 2 beside two to compare.

    ``shuffled`` has the same tokens in random order, so that only their frequencies are left;
    ``half`` is the first half, which a statistic that moves with the length of a text tells apart.
    """
    if order == 1:
        return {"whole": ids}
    return {"whole": ids, "shuffled": generator.permutation(ids), "half": ids[: len(ids) // 2]}


def fit(name: str, spectrum: Spectrum, near: Fit | None = None) -> Fit:
    """Fit with the estimator called ``name``; too few types have no exponent."""
    if spectrum.n_types < MIN_TYPES:
        return Fit(np.nan, status=f"no exponent: fewer than {MIN_TYPES} types")
    return load("zipf", name).fit(spectrum, near)


def estimate(
    name: str,
    spectrum: Spectrum,
    without_block: Iterable[Spectrum],
    replicates: int,
    generator: np.random.Generator,
) -> Estimate:
    """Estimate with a delete-a-block jackknife interval.

    Args:
        name: of the estimator.
        spectrum: of the whole text.
        without_block: of the text without each of its contiguous blocks.
        replicates: texts drawn for the p-value, where the estimator has one; 0 for none.
        generator: draws them.
    """
    whole = fit(name, spectrum)
    low = high = p = np.nan
    if np.isfinite(whole.exponent):
        rest = np.array([fit(name, part, whole).exponent for part in without_block])
        half = jackknife_half_width(rest)
        low, high = whole.exponent - half, whole.exponent + half
        test = getattr(load("zipf", name), "p_value", None)
        if test and replicates:
            p = test(spectrum, whole, replicates, generator)
    return Estimate(
        estimator=name, low=low, high=high, p=p, n_types=spectrum.n_types, **asdict(whole)
    )


def jackknife_half_width(replicates: np.ndarray) -> float:
    """Half of the 95 % interval from delete-a-block replicates, ``(blocks,)`` (Tukey 1958)."""
    blocks = len(replicates)
    spread = (replicates - replicates.mean()) ** 2
    standard_error = np.sqrt((blocks - 1) / blocks * spread.sum())
    return float(stdtrit(blocks - 1, 0.975) * standard_error)


def at_the_bound(**searched: tuple[float, float, float]) -> str:
    """The status of a search: parameter=(found, least, most), in any one scale."""
    met = [
        name
        for name, (found, *ends) in searched.items()
        if np.isclose(found, ends, rtol=0, atol=1e-6).any()
    ]
    return f"at the bound: {', '.join(met)}" if met else ESTIMATED
