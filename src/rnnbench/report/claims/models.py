"""Recurrent language models."""

import numpy as np
import pandas as pd
from pandas import DataFrame

from rnnbench.report.claims import FAILS, HOLDS, PARTLY, Claim
from rnnbench.tables import readers

TABLES = ("runs", "trials", "ngram_lm", "generation")

MEMORISED = 1.5  # times: unseen text perplexes the model that much more than its own
SAME = 0.02  # share of a perplexity: initial weights make it differ from the uniform guess
BLIND = 2.0  # times as perplexed once the future is hidden


def claims(tables: readers.Tables) -> list[Claim]:
    return [
        uniform_at_first(tables),
        memorisation(tables),
        beyond_ngrams(tables),
        leaky_perplexity(tables),
        leaky_writing(tables),
    ]


def uniform_at_first(tables: readers.Tables) -> Claim:
    """Holds if no run's first perplexity is more than 2 % off the size of its vocabulary."""
    said = Claim(
        "Before training, a model is as perplexed as by guessing uniformly: the size of the "
        "vocabulary.",
        "d2l 8.4.4",
    )
    runs = readers.rows(tables, "runs").reindex(columns=["initial_perplexity", "vocab_size"])
    ratio = (runs.initial_perplexity / runs.vocab_size.astype(float)).dropna()
    if ratio.empty:
        return said
    off = (ratio - 1).abs()
    return said.judged(
        HOLDS if off.max() < SAME else PARTLY if off.median() < SAME else FAILS,
        f"The perplexity of untrained models is {readers.figures3(ratio.median())} times the size "
        "of "
        f"their vocabulary (median; {ratio.min():.3f} to {ratio.max():.3f}; "
        f"{readers.counted(len(ratio), 'run')}).",
        **{"value": ratio.median(), "low": ratio.min(), "high": ratio.max(), "n": len(ratio)},
    )


def memorisation(tables: readers.Tables) -> Claim:
    """Held-out over training perplexity of those trained longest; memorised at 1.5 or more."""
    said = Claim(
        "The perplexity after training measures how well a model knows the language.", "d2l 8.5.6"
    )
    runs = _longest(tables)
    if runs.empty:
        return said
    ratio = (runs.heldout_perplexity / runs.perplexity).to_numpy(float)
    low, middle, high = np.quantile(ratio, [0.05, 0.5, 0.95])
    return said.judged(
        HOLDS if high < MEMORISED else FAILS if low > MEMORISED else PARTLY,
        f"After {runs.num_epochs.iloc[0]:.0f} epochs the training perplexity, which the book "
        f"prints, is {readers.figures3(runs.perplexity.median())}; that of held-out text is "
        f"{readers.figures3(middle)} times as high (medians; {readers.figures3(low)} to "
        f"{readers.figures3(high)} in 5-95 % of {readers.counted(len(runs), 'run')}).",
        **{"value": middle, "low": low, "high": high, "n": len(runs)},
    )


def _longest(tables: readers.Tables) -> DataFrame:
    """Runs of the most epochs, of the grid or of the trial at the book's sizes."""
    grid, trials = (
        readers.ranked(readers.finished(readers.rows(tables, name)), tables)
        for name in ("runs", "trials")
    )
    book = trials if trials.empty else trials[trials.trial == "book"]
    runs = pd.concat([part for part in (grid, book) if len(part)] or [grid])
    return runs if runs.empty else runs[runs.num_epochs == runs.num_epochs.max()]


def beyond_ngrams(tables: readers.Tables) -> Claim:
    """Holds if the best run of most variants beats every n-gram model of its text, partly if one.

    By held-out bits per character; both are trained on the same text.
    """
    said = Claim("Recurrent models do better than models of n-grams.", "d2l 8.3, 8.4")
    runs = readers.ranked(readers.finished(readers.rows(tables, "runs")), tables)
    models = readers.ngram_models(tables, same_text=True)
    if runs.empty or models.empty:
        return said
    best = runs.groupby(["corpus", "variant"]).heldout_bits_per_char.min().reset_index()
    bar = models.loc[models.groupby("corpus").bits_per_char.idxmin()].set_index("corpus")
    best = best[best.corpus.isin(bar.index)]
    if best.empty:
        return said
    behind = best.heldout_bits_per_char - best.corpus.map(bar.bits_per_char)
    won, first = behind < 0, bar.loc[best.corpus.iloc[0]]
    return said.judged(
        HOLDS if won.mean() > 0.5 else PARTLY if won.any() else FAILS,
        f"The best run of {int(won.sum())} of {readers.counted(len(best), 'variant')} needs fewer "
        f"held-out bits per character than the best n-gram model ({first.smoothing} over "
        f"{first.token}s of order {first.order:.0f}, {first.bits_per_char:.2f}); the median is "
        f"{behind.median():+.2f}, from {behind.min():+.2f} to {behind.max():+.2f}"
        f"{_lengths(runs, models, readers.token(tables))}.",
        **{"value": behind.median(), "low": behind.min(), "high": behind.max(), "n": len(best)},
    )


def leaky_perplexity(tables: readers.Tables) -> Claim:
    """Holds if every leaky run is less perplexed by held-out text than the best honest run."""
    said = Claim(
        "A bidirectional model reads what it is to predict: its perplexity is low and no "
        "language model's.",
        "d2l 9.4.3",
    )
    runs = readers.finished(readers.rows(tables, "runs"))
    honest = readers.ranked(runs, tables)
    leaky = runs if runs.empty else runs[~runs.index.isin(honest.index)]
    if honest.empty or leaky.empty:
        return said
    best, found = honest.heldout_perplexity.min(), leaky.heldout_perplexity
    low, high = found.min(), found.max()
    return said.judged(
        HOLDS if high < best else PARTLY if low < best else FAILS,
        f"With the future in sight its held-out perplexity is {readers.figures3(found.median())} "
        f"(median; {readers.figures3(low)} to {readers.figures3(high)}; "
        f"{readers.counted(len(found), 'run')}), that of the best honest run "
        f"{readers.figures3(best)}.",
        **{"value": found.median(), "low": low, "high": high, "n": len(found)},
    )


def leaky_writing(tables: readers.Tables) -> Claim:
    """Holds if, character by character, real text perplexes it twice as much as an honest model.

    Partly if it perplexes it more.
    """
    said = Claim("A bidirectional model cannot write: the future is not there yet.", "d2l 9.4.3")
    texts = readers.rows(tables, "generation")
    if texts.empty or "own_bits_per_char" not in texts:
        return said
    real = texts[(texts.decoder == readers.REAL) & (texts.stage == "trained")]
    honest = readers.ranked(real, tables)
    leaky = real[~real.index.isin(honest.index)]
    if honest.empty or leaky.empty:
        return said
    bits = leaky.own_bits_per_char
    more = bits.mean() - honest.own_bits_per_char.mean()
    return said.judged(
        HOLDS if more >= np.log2(BLIND) else PARTLY if more > 0 else FAILS,
        f"Reading real text character by character it needs {bits.mean():.2f} bits per character "
        f"(5-95 % {bits.quantile(0.05):.2f} to {bits.quantile(0.95):.2f}; "
        f"{readers.counted(len(bits), 'text')}), honest models "
        f"{honest.own_bits_per_char.mean():.2f}.",
        **{"value": bits.mean(), "low": bits.quantile(0.05), "high": bits.quantile(0.95)},
        n=len(bits),
    )


def _lengths(runs: DataFrame, models: DataFrame, token: str) -> str:
    """How long the texts were that each was trained on, where both are known."""
    if "train_tokens" not in runs or "train_tokens" not in models:
        return ""
    least = runs.train_tokens.astype(float).min()
    own = models[(models.token == token) & models.corpus.isin(runs.corpus)]
    most = own.train_tokens.astype(float)
    if most.empty or np.isinf(least):
        return ""
    noun = {"char": "characters", "word": "words"}[token]
    return f", after training on {least:,.0f} {noun} against {most.max():,.0f}"
