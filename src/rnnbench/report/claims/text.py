"""Words: Zipf's law.

All claims are judged on the whole of the study's first text.
"""

import itertools
from typing import Any

import numpy as np
from pandas import DataFrame

from rnnbench.report.claims import Claim, _first, _judging
from rnnbench.tables import readers

TABLES = ("zipf",)

PLAUSIBLE = 0.1  # a smaller p rejects a power law (Clauset, Shalizi & Newman, 2009)
WHOLE_LAW = 5  # a power law of counts from here on covers most of the text
NEAR = 0.2  # distance from an exponent of 1
FIT = ("corpus", "order", "text", "estimator", "exponent", "low", "high", "n_types", "p", "xmin")


def claims(tables: readers.Tables) -> list[Claim]:
    judges = (zipf, half_as_frequent, zipf_of_sequences, exponents_differ)
    return [judge(tables) for judge in judges]


def zipf(tables: readers.Tables) -> Claim:
    """Two parts: a power law is plausible for a tail, and that tail leaves out only rare words.

    If it is rejected for every tail, the claim does not hold.
    """
    said = Claim("The frequency of a word is a power of its rank (Zipf's law).", "d2l 8.3")
    tested, fits = _fits(tables, "tail_mle"), _fits(tables, "latent_rank")
    if 1 not in tested.index or 1 not in fits.index or np.isnan(tested.p[1]):
        return said
    law, fit = tested.loc[1], fits.loc[1]
    plausible = bool(law.p >= PLAUSIBLE)
    return said.judged(
        f"On {law.corpus}, a power law for the words that occur {law.xmin:.0f} times or more is "
        f"{'plausible' if plausible else 'rejected'} (p = {law.p:.2f}); the exponent is "
        f"{_exponent(fit)} over all {fit.n_types:,.0f} words.",
        [plausible, *([bool(law.xmin <= WHOLE_LAW)] if plausible else [])],
        _judging.exact(1, "text"),
        *(fit.exponent, fit.low, fit.high),
    )


def half_as_frequent(tables: readers.Tables) -> Claim:
    """The exponent is within 0.2 of 1."""
    said = Claim(
        "The second word is about half as frequent as the first, the third a third: the exponent "
        "is 1.",
        "d2l 8.3",
    )
    fits = _fits(tables, "latent_rank")
    if 1 not in fits.index:
        return said
    fit = fits.loc[1]
    return said.judged(
        f"On {fit.corpus}, the exponent is {_exponent(fit)}.",
        [_judging.within(fit.low, fit.high, 1 - NEAR, 1 + NEAR)],
        _judging.exact(1, "text"),
        *(fit.exponent, fit.low, fit.high),
    )


def zipf_of_sequences(tables: readers.Tables) -> Claim:
    """A part per order above 1: a power law is plausible."""
    said = Claim("Sequences of words follow Zipf's law, too.", "d2l 8.3")
    tested = _fits(tables, "tail_mle")
    tested = tested if tested.empty else tested[(tested.index > 1) & tested.p.notna()]
    if tested.empty:
        return said
    named = readers.english(
        f"p = {law.p:.2f} at order {law.Index} (counts of {law.xmin:.0f} or more)"
        for law in tested.itertuples()
    )
    return said.judged(
        f"On {tested.corpus.iloc[0]}, a power law for the counts of n-grams has {named}.",
        list(tested.p >= PLAUSIBLE),
        _judging.exact(1, "text"),
        tested.p.min(),
    )


def exponents_differ(tables: readers.Tables) -> Claim:
    """A part per pair of neighbouring orders: the exponent falls (true) or rises (false)."""
    said = Claim(
        "The exponents of single words, pairs and triples differ; can they be estimated?",
        "d2l 8.3, question 3",
    )
    fits = _fits(tables, "latent_rank")
    if len(fits) < 2:
        return said
    ends = [(fit.low, fit.high) for fit in fits.itertuples()]
    named = readers.english(f"{_exponent(fit)} at order {fit.Index}" for fit in fits.itertuples())
    first, last = fits.iloc[0], fits.iloc[-1]
    return said.judged(
        f"On {first.corpus}, the exponent is {named}.",
        list(itertools.starmap(_judging.higher, itertools.pairwise(ends))),
        _judging.exact(1, "text"),
        *(first.exponent - last.exponent, first.low - last.high, first.high - last.low),
    )


def _fits(tables: readers.Tables, estimator: str) -> DataFrame:
    """Exponents of words and their sequences in the whole text, by order."""
    fits = _first.words(tables, "zipf").reindex(columns=FIT)
    fits = fits[(fits.text == "whole") & (fits.estimator == estimator)]
    return fits[np.isfinite(fits.exponent.astype(float))].set_index("order").sort_index()


def _exponent(fit: Any) -> str:
    return f"{fit.exponent:.2f} (95 % {fit.low:.2f} to {fit.high:.2f})"
