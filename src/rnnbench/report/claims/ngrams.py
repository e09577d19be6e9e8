"""Sequences of words: n-grams.

All claims are judged on the whole of the study's first text.
"""

from rnnbench.report.claims import Claim, _first, _judging
from rnnbench.tables import readers

TABLES = ("ngrams", "ngram_lm")

WORSE = 1.1  # ratio of perplexities from which smoothing is unsuitable


def claims(tables: readers.Tables) -> list[Claim]:
    return [rare_sequences(tables), laplace(tables)]


def rare_sequences(tables: readers.Tables) -> Claim:
    """A part per order above 1: most n-grams occur once."""
    said = Claim("Many n-grams are very rare.", "d2l 8.3")
    counts = _first.words(tables, "ngrams")
    counts = counts if counts.empty else counts[counts.order > 1]
    if counts.empty:
        return said
    once = counts.hapax / counts.distinct
    named = readers.english(
        f"{share:.0%} at order {order:.0f}" for share, order in zip(once, counts.order, strict=True)
    )
    return said.judged(
        f"On {_first.name(counts)}, the share of distinct word n-grams that occur only once is "
        f"{named}.",
        list(once > 0.5),
        _judging.exact(1, "text"),
        once.min(),
    )


def laplace(tables: readers.Tables) -> Claim:
    """A part per token: the best Laplace perplexity is at least 1.1 times the best Kneser-Ney."""
    said = Claim("Laplace smoothing is not suitable for language modelling.", "d2l 8.3")
    models = _first.of_first(readers.ngram_models(tables, same_text=False))
    if models.empty:
        return said
    best = models.loc[models.groupby(["token", "smoothing"]).perplexity.idxmin()]
    pairs = best.pivot_table(index="token", columns="smoothing", values="perplexity")
    if not {"laplace", "kneser_ney"} <= set(pairs):
        return said
    pairs = pairs.dropna(subset=["laplace", "kneser_ney"])
    ratio = pairs.laplace / pairs.kneser_ney
    named = readers.english(
        f"{readers.figures3(row.laplace)} against {readers.figures3(row.kneser_ney)} over "
        f"{row.Index}s"
        for row in pairs.itertuples()
    )
    return said.judged(
        f"On {_first.name(models)}, the held-out perplexity of Laplace against Kneser-Ney "
        f"smoothing, each at its best order, is {named}.",
        list(ratio >= WORSE),
        _judging.exact(1, "text"),
        ratio.min(),
    )
