"""Learning rate, amount of text, words and embeddings."""

import numpy as np

from rnnbench.base import presets
from rnnbench.base.parameters import DIVERGED, NOT_AVAILABLE
from rnnbench.report.claims import Claim, _comparing
from rnnbench.tables import readers, trials

TABLES = ("runs", "trials")

BOOK_RATE = 1.0
NEAR = 1.05  # times the lowest perplexity: as good as the best
KEY = ["variant", "seed"]


def claims(tables: readers.Tables) -> list[Claim]:
    judges = (book_rate, divergence, more_text, words, embeddings)
    return [judge(tables) for judge in judges]


def book_rate(tables: readers.Tables) -> Claim:
    """Held-out perplexity at 1 divided by the lowest of the same seed is below 1.05."""
    said = Claim("A learning rate of 1 suits these models.", "d2l 8.5.6")
    runs = trials.alike(readers.finished(trials.of(tables, "learning_rate")))
    if runs.empty or BOOK_RATE not in set(runs.learning_rate) or runs.learning_rate.nunique() < 2:
        return said
    lowest = runs.groupby(KEY).heldout_perplexity.transform("min")
    best = runs[runs.heldout_perplexity == lowest]
    rates = readers.english(readers.figures3(rate) for rate in sorted(best.learning_rate.unique()))
    runs = runs.assign(value=runs.heldout_perplexity / lowest)
    return said.compared(
        _comparing.compared(runs[runs.learning_rate == BOOK_RATE], NEAR, above=False),
        f"At 1, the held-out perplexity is {{}} times the lowest, which is at {rates}.",
    )


def divergence(tables: readers.Tables) -> Claim:
    """A part per variant: more than half of the runs at the highest rate diverge."""
    said = Claim("Too high a learning rate makes training diverge.", "d2l 8.5.5")
    runs = trials.of(tables, "learning_rate")
    runs = runs[runs.status != NOT_AVAILABLE] if len(runs) else runs
    if runs.empty or runs.learning_rate.nunique() < 2:
        return said
    highest = runs[runs.learning_rate == runs.learning_rate.max()]
    rate, clip_norm = highest.iloc[0][["learning_rate", "clip_norm"]].map(readers.figures3)
    return said.shares(
        highest.assign(diverged=highest.status == DIVERGED),
        "diverged",
        "variant",
        f"At {rate} with clip_norm {clip_norm}, {{}} diverged.",
    )


def more_text(tables: readers.Tables) -> Claim:
    """Held-out perplexity at the best epoch: for the longest text over that for the shortest."""
    said = Claim("Training on more text lowers the perplexity on unseen text.", "d2l 8.5 exercise")
    runs = readers.finished(trials.of(tables, *trials.TEXTS))
    runs = trials.alike(readers.ranked(runs, tables))
    if runs.empty or runs.train_tokens.nunique() < 2:
        return said
    texts = runs.groupby("train_tokens").heldout_perplexity.median()
    ends = texts.index.max(), texts.index.min()
    pairs = _comparing.over(runs, "heldout_perplexity", "train_tokens", ends, KEY)
    along = readers.english(f"{readers.figures3(p)} with {_tokens(n)}" for n, p in texts.items())
    return said.compared(
        _comparing.compared(pairs, above=False),
        f"At the best epoch, the held-out perplexity is {along} (medians): with the most text, "
        "{} times as high as with the least.",
    )


def words(tables: readers.Tables) -> Claim:
    """Held-out bits per character of word models over those of character models, by variant."""
    said = Claim(
        "A word model, which spells out unknown words, predicts better than a character model.",
        "d2l 8.2, 8.5",
    )
    plain = trials.alike(readers.finished(trials.of(tables, "words")))
    chars = trials.alike(readers.finished(trials.of(tables, "text_whole")))
    if plain.empty or chars.empty:
        return said
    chars = chars[chars.token == "char"]  # where the runs of a study read words, so does this trial
    pairs = plain.merge(chars, on=KEY, suffixes=("", "_char"))
    if pairs.empty:
        return said
    first = pairs.iloc[0]
    pairs = pairs.assign(value=pairs.heldout_bits_per_char / pairs.heldout_bits_per_char_char)
    return said.compared(
        _comparing.compared(pairs, above=False),
        f"Trained on all of the training text of {first.corpus}, word models need "
        f"{readers.figures3(pairs.heldout_bits_per_char.median())} held-out bits per character "
        f"(median), {{}} times those of character models; {first.heldout_oov_share:.1%} of the "
        "words are unknown and spelled out.",
    )


def embeddings(tables: readers.Tables) -> Claim:
    """Held-out bits with an embedding: at least 2 % fewer than with one-hot vectors, by variant."""
    said = Claim(
        "Learned embeddings instead of one-hot vectors improve performance.",
        "d2l 8.5 exercise",
    )
    runs = trials.alike(readers.finished(trials.of(tables, "words")))
    if runs.empty:
        return said
    embedded = [presets.differs(name, "embedding_size") for name in runs.variant]
    runs = runs.assign(embedded=embedded, plain=runs.variant.map(presets.plain))
    runs = runs[runs.embedded | (runs.variant == runs.plain)].assign(variant=runs.plain)
    pairs = _comparing.over(runs, "heldout_bits_per_char", "embedded", (True, False), KEY)
    if pairs.empty:
        return said
    size, seconds = (
        readers.figures3((pairs[name] / pairs[f"{name}_other"]).median())
        for name in ("num_parameters", "train_seconds")
    )
    return said.compared(
        _comparing.compared(pairs, 1 / _comparing.AS_GOOD, above=False),
        f"In word models, embeddings take {{}} times the held-out bits per character, {size} times "
        f"the parameters and {seconds} times the training time (medians).",
    )


def _tokens(number: float) -> str:
    return "all tokens" if np.isinf(number) else f"{number:,.0f} tokens"
