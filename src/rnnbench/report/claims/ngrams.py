"""Sequences of words: n-grams.

All claims are judged on the first text of the study.
"""

from rnnbench.report.claims import FAILS, HOLDS, PARTLY, Claim, _first
from rnnbench.tables import readers

TABLES = ("zipf", "ngrams", "ngram_lm")

WORSE = 1.1  # times as perplexed: unsuitable


def claims(tables: readers.Tables) -> list[Claim]:
    return [
        few_sequences(tables),
        stored_counts(tables),
        rare_sequences(tables),
        laplace(tables),
    ]


def few_sequences(tables: readers.Tables) -> Claim:
    """Holds if every order has fewer distinct n-grams than the same words in any order would."""
    said = Claim("There are not that many distinct n-grams: language has structure.", "d2l 8.3")
    zipf = _first.words(tables, "zipf")
    if zipf.empty or not {"whole", "shuffled"} <= set(zipf.text):
        return said
    types = zipf.groupby(["order", "text"]).n_types.first().unstack()
    types = types[types.index > 1].dropna(subset=["whole", "shuffled"])
    if types.empty:
        return said
    ratio = types.whole / types.shuffled
    verdict = HOLDS if (ratio < 1).all() else PARTLY if (ratio < 1).any() else FAILS
    named = readers.english(
        f"{row.whole:,.0f} against {row.shuffled:,.0f} at order {row.Index}"
        for row in types.itertuples()
    )
    return said.judged(
        verdict,
        f"On {_first.name(zipf)}, distinct n-grams against those of the same words shuffled: "
        f"{named}.",
        value=float(ratio.max()),
        n=int(types.whole.sum()),
    )


def stored_counts(tables: readers.Tables) -> Claim:
    """Does not hold if less than one in a hundred of the possible n-grams of words is there."""
    said = Claim(
        "A model of n-grams needs to store as many counts as the vocabulary to the power of n.",
        "d2l 8.3, question 1",
    )
    counts = _first.words(tables, "ngrams")
    counts = counts if counts.empty else counts.set_index("order").sort_index()
    if len(counts) < 2 or 1 not in counts.index:
        return said
    order, last = int(counts.index[-1]), counts.iloc[-1]
    possible = float(counts.distinct[1]) ** order
    share = last.distinct / possible
    verdict = FAILS if share < 0.01 else PARTLY if share < 0.5 else HOLDS
    return said.judged(
        verdict,
        f"On {last.corpus}, {last.distinct:,.0f} of {possible:.2g} possible n-grams of order "
        f"{order} occur, and no more than the {last.tokens:,.0f} of the text can.",
        value=float(share),
        n=int(last.tokens),
    )


def rare_sequences(tables: readers.Tables) -> Claim:
    """Holds if most n-grams of every order above 1 occur once, partly if of some."""
    said = Claim("Many n-grams are very rare.", "d2l 8.3")
    counts = _first.words(tables, "ngrams")
    counts = counts if counts.empty else counts[counts.order > 1]
    if counts.empty:
        return said
    once = counts.hapax / counts.distinct
    verdict = HOLDS if (once > 0.5).all() else PARTLY if (once > 0.5).any() else FAILS
    named = readers.english(
        f"{share:.0%} at order {order:.0f}" for share, order in zip(once, counts.order, strict=True)
    )
    return said.judged(
        verdict,
        f"On {_first.name(counts)}, of the distinct n-grams of words occur once: {named}.",
        value=float(once.min()),
        n=int(counts.distinct.sum()),
    )


def laplace(tables: readers.Tables) -> Claim:
    """Holds if Laplace at its best order is 1.1 times as perplexed as Kneser-Ney or more."""
    said = Claim("Laplace smoothing is not suited for modelling language.", "d2l 8.3")
    models = _first.of_first(readers.ngram_models(tables, same_text=False))
    if models.empty:
        return said
    best = models.loc[models.groupby(["token", "smoothing"]).perplexity.idxmin()]
    pairs = best.pivot_table(index="token", columns="smoothing", values="perplexity")
    if not {"laplace", "kneser_ney"} <= set(pairs):
        return said
    pairs = pairs.dropna(subset=["laplace", "kneser_ney"])
    ratio = pairs.laplace / pairs.kneser_ney
    verdict = HOLDS if (ratio >= WORSE).all() else PARTLY if (ratio > 1).any() else FAILS
    named = readers.english(
        f"{readers.figures3(row.laplace)} against {readers.figures3(row.kneser_ney)} on "
        f"{row.Index}s"
        for row in pairs.itertuples()
    )
    return said.judged(
        verdict,
        f"On {_first.name(models)}, each at its best order, the held-out perplexity of Laplace "
        f"against Kneser-Ney smoothing is {named}.",
        value=float(ratio.min()),
        low=float(ratio.min()),
        high=float(ratio.max()),
        n=int(best.groupby("token").scored_tokens.first().sum()),
    )
