"""Sequences of words: n-grams.

All claims are judged on the first text of the study, whole.
"""

from rnnbench.report.claims import Claim, _first, _judging
from rnnbench.tables import readers

TABLES = ("zipf", "ngrams", "ngram_lm")

WORSE = 1.1  # times as perplexed: unsuitable


def claims(tables: readers.Tables) -> list[Claim]:
    judges = (few_sequences, stored_counts, rare_sequences, laplace)
    return [judge(tables) for judge in judges]


def few_sequences(tables: readers.Tables) -> Claim:
    """A part per order: fewer distinct n-grams than the same words in any order would have."""
    said = Claim("There are not that many distinct n-grams: language has structure.", "d2l 8.3")
    zipf = _first.words(tables, "zipf")
    if zipf.empty or not {"whole", "shuffled"} <= set(zipf.text):
        return said
    types = zipf.groupby(["order", "text"]).n_types.first().unstack()
    types = types[types.index > 1].dropna(subset=["whole", "shuffled"])
    if types.empty:
        return said
    ratio = types.whole / types.shuffled
    named = readers.english(
        f"{row.whole:,.0f} against {row.shuffled:,.0f} at order {row.Index}"
        for row in types.itertuples()
    )
    return said.judged(
        f"On {_first.name(zipf)}, distinct n-grams against those of the same words shuffled: "
        f"{named}.",
        list(ratio < 1),
        _judging.exact(1, "text"),
        ratio.max(),
    )


def stored_counts(tables: readers.Tables) -> Claim:
    """Whether half of the possible n-grams of words are there."""
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
    return said.judged(
        f"On {last.corpus}, {last.distinct:,.0f} of {possible:.2g} possible n-grams of order "
        f"{order} occur, and no more than the {last.tokens:,.0f} of the text can.",
        [bool(share >= 0.5)],
        _judging.exact(1, "text"),
        share,
    )


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
        f"On {_first.name(counts)}, of the distinct n-grams of words occur once: {named}.",
        list(once > 0.5),
        _judging.exact(1, "text"),
        once.min(),
    )


def laplace(tables: readers.Tables) -> Claim:
    """A part per token: the best Laplace model is 1.1 times as perplexed as the best Kneser-Ney."""
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
    named = readers.english(
        f"{readers.figures3(row.laplace)} against {readers.figures3(row.kneser_ney)} on "
        f"{row.Index}s"
        for row in pairs.itertuples()
    )
    return said.judged(
        f"On {_first.name(models)}, each at its best order, the held-out perplexity of Laplace "
        f"against Kneser-Ney smoothing is {named}.",
        list(ratio >= WORSE),
        _judging.exact(1, "text"),
        ratio.min(),
    )
