"""Recurrent language models."""

from dataclasses import replace

from pandas import DataFrame, Series, concat

from rnnbench.report.claims import Claim, _comparing, _judging
from rnnbench.tables import readers

TABLES = ("runs", "trials", "ngram_lm", "generation")

MEMORISED = 1.5  # ratio of held-out to training perplexity from which text counts as memorised
SAME = 0.05  # share of a perplexity: initial weights make it differ from a uniform guess
BLIND = 1.0  # bits: perplexity doubles once the future is hidden


def claims(tables: readers.Tables) -> list[Claim]:
    judges = (uniform_at_first, memorisation, beyond_ngrams, leaky_perplexity, leaky_writing)
    return [judge(tables) for judge in judges]


def uniform_at_first(tables: readers.Tables) -> Claim:
    """A part per variant: its first perplexity is within 5 % of the size of the vocabulary."""
    said = Claim(
        "Before training, a model's perplexity is that of a uniform guess: the size of the "
        "vocabulary.",
        "d2l 8.4.4",
    )
    runs = readers.rows(tables, "runs")
    if runs.empty:
        return said
    runs = runs.drop_duplicates(["variant", "seed"])
    runs = runs.assign(value=runs.initial_perplexity / runs.vocab_size.astype(float))
    found = _comparing.compared(runs, above=True)
    if found is None:
        return said
    ends = found.groups.value.min(), found.groups.value.max()
    return said.judged(
        f"The perplexity of untrained models is {found.value:.3f} times the size of their "
        f"vocabulary (from {ends[0]:.3f} to {ends[1]:.3f} by variant).",
        [_judging.within(g.low, g.high, 1 - SAME, 1 + SAME) for g in found.groups.itertuples()],
        _judging.sampled(found.rows, found.n, ended=False),
        **found.numbers,
    )


def memorisation(tables: readers.Tables) -> Claim:
    """Held-out divided by training perplexity of the longest runs; 1.5 or more is memorised.

    Both at the last epoch, whose training perplexity is the one the book prints.
    """
    said = Claim(
        "The perplexity after training measures how well a model knows the language.", "d2l 8.5.6"
    )
    runs = _longest(tables)
    if runs.empty:
        return said
    runs = runs.assign(value=runs.last_heldout_perplexity / runs.perplexity)
    return said.compared(
        _comparing.compared(runs, MEMORISED, above=False),
        f"After {runs.num_epochs.iloc[0]:.0f} epochs the training perplexity, which the book "
        f"prints, is {readers.figures3(runs.perplexity.median())} (median); the held-out "
        "perplexity is {} times as high.",
    )


def _longest(tables: readers.Tables) -> DataFrame:
    """Runs with the most epochs, from the grid and the trial at the book's sizes."""
    grid, trials = (
        readers.ranked(readers.finished(readers.rows(tables, name)), tables)
        for name in ("runs", "trials")
    )
    book = trials if trials.empty else trials[trials.trial == "book"]
    runs = concat([part for part in (grid, book) if len(part)] or [grid])
    return runs if runs.empty else runs[runs.num_epochs == runs.num_epochs.max()]


def beyond_ngrams(tables: readers.Tables) -> Claim:
    """Held-out bits of runs minus those of the best n-gram model of the same training tokens.

    Not settled if no n-gram model was trained on the text of the runs.
    """
    said = Claim("Recurrent models do better than n-gram models.", "d2l 8.3, 8.4")
    runs = readers.ranked(readers.finished(readers.rows(tables, "runs")), tables)
    runs = readers.distinct(runs)
    alike = readers.ngram_models(tables, same_text=True)
    fair = len(alike) > 0
    models = alike if fair else readers.ngram_models(tables, same_text=False)
    if runs.empty or models.empty:
        return said
    bar = models.loc[models.groupby("corpus").bits_per_char.idxmin()].set_index("corpus")
    runs = runs[runs.corpus.isin(bar.index)]
    runs = runs.assign(value=runs.heldout_bits_per_char - runs.corpus.map(bar.bits_per_char))
    found = _comparing.compared(runs, 0, above=False, scale="difference")
    if found is None:
        return said
    first = bar.loc[found.rows.corpus.iloc[0]]
    evidence = _judging.sampled(found.rows, found.n)
    unfair = "" if fair else "no n-gram model was trained on the runs' own tokens"
    told = found.rows.get("validation_share", Series())
    chosen = ", at the epoch that this text chose," if (told == 0).any() else ""
    return said.judged(
        f"Held-out bits per character of runs{chosen} minus those of the best n-gram model trained "
        f"on {'the same' if fair else 'more'} text: {found} (n-grams: {first.smoothing} over "
        f"{first.token}s of order {first.order:.0f}, {first.bits_per_char:.2f} bits).",
        found.parts,
        replace(evidence, lacking=evidence.lacking or unfair),
        **found.numbers,
    )


def leaky_perplexity(tables: readers.Tables) -> Claim:
    """Held-out perplexity of leaky runs divided by that of the best honest run of the same seed.

    A leaky run may be judged while still improving: its perplexity could only get lower.
    """
    said = Claim(
        "A bidirectional model sees what it has to predict: its perplexity is low, but not that "
        "of a language model.",
        "d2l 9.4.3",
    )
    runs = readers.finished(readers.rows(tables, "runs"))
    honest = readers.ranked(runs, tables)
    leaky = runs if runs.empty else runs[~runs.index.isin(honest.index)]
    if honest.empty or leaky.empty:
        return said
    best = honest.groupby("seed").heldout_perplexity.min()
    leaky = leaky.assign(value=leaky.heldout_perplexity / leaky.seed.map(best))
    return said.compared(
        _comparing.compared(leaky, above=False),
        f"Seeing the future, its held-out perplexity "
        f"({readers.figures3(leaky.heldout_perplexity.median())}, median) is {{}} times that of "
        "the best honest run.",
        ended=False,
    )


def leaky_writing(tables: readers.Tables) -> Claim:
    """Fed real text one character at a time, its perplexity is over twice that of honest models."""
    said = Claim(
        "A bidirectional model cannot generate text: the future does not exist yet.", "d2l 9.4.3"
    )
    texts = readers.rows(tables, "generation")
    if texts.empty or "own_bits_per_char" not in texts:
        return said
    real = texts[(texts.decoder == readers.REAL) & (texts.stage == "trained")]
    honest = readers.ranked(real, tables)
    leaky = real[~real.index.isin(honest.index)]
    if honest.empty or leaky.empty:
        return said
    known = honest.groupby("seed").own_bits_per_char.mean()
    leaky = leaky.assign(value=leaky.own_bits_per_char - leaky.seed.map(known))
    found = _comparing.compared(leaky, BLIND, above=True, scale="difference")
    if found is None:
        return said
    return said.judged(
        f"Fed real text one character at a time, it needs {leaky.own_bits_per_char.mean():.2f} "
        f"bits per character, {found} more than honest models.",
        found.parts,
        _judging.sampled(readers.of_runs(tables, leaky), found.n),
        **found.numbers,
    )
