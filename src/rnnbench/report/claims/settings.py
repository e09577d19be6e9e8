"""Learning rate, amount of text, words and embeddings."""

from typing import Any

import numpy as np
from pandas import DataFrame

from rnnbench.base import presets
from rnnbench.base.parameters import DIVERGED, NOT_AVAILABLE
from rnnbench.report.claims import FAILS, HOLDS, PARTLY, Claim
from rnnbench.tables import readers, trials

TABLES = ("runs", "trials")

BOOK_RATE = 1.0
NEAR = 1.05  # times the lowest perplexity: as good as it
BETTER = 0.99  # times the bits: less of a gain another seed would take back
KEY = ["variant", "seed"]


def claims(tables: readers.Tables) -> list[Claim]:
    return [
        book_rate(tables),
        divergence(tables),
        more_text(tables),
        words(tables),
        embeddings(tables),
    ]


def book_rate(tables: readers.Tables) -> Claim:
    """Held-out perplexity at 1 over the lowest: within 1.05 for all, holds; for none, fails."""
    said = Claim("A learning rate of 1 suits these models.", "d2l 8.5.6")
    runs = trials.alike(readers.finished(trials.of(tables, "learning_rate")))
    if runs.empty or BOOK_RATE not in set(runs.learning_rate) or runs.learning_rate.nunique() < 2:
        return said
    lowest = runs.groupby(KEY).heldout_perplexity.transform("min")
    best = runs[runs.heldout_perplexity == lowest]
    ratio = (runs.heldout_perplexity / lowest)[runs.learning_rate == BOOK_RATE]
    near = (ratio <= NEAR).mean()
    rates = readers.english(readers.figures3(rate) for rate in sorted(best.learning_rate.unique()))
    return said.judged(
        HOLDS if near == 1 else PARTLY if near else FAILS,
        f"At 1 the held-out perplexity is {readers.figures3(ratio.median())} times the lowest, "
        "which "
        f"is at {rates} ({readers.counted(len(ratio), 'run')}).",
        **_spread(ratio),
    )


def divergence(tables: readers.Tables) -> Claim:
    """Runs at the highest rate: all diverge, holds; none does, fails."""
    said = Claim("Too large a learning rate makes training diverge.", "d2l 8.5.5")
    runs = trials.of(tables, "learning_rate")
    runs = runs[runs.status != NOT_AVAILABLE] if len(runs) else runs
    if runs.empty or runs.learning_rate.nunique() < 2:
        return said
    highest = runs[runs.learning_rate == runs.learning_rate.max()]
    share = float((highest.status == DIVERGED).mean())
    return said.judged(
        HOLDS if share == 1 else PARTLY if share else FAILS,
        f"At {readers.figures3(runs.learning_rate.max())} with clip_norm "
        f"{readers.figures3(highest.clip_norm.iloc[0])} {share:.0%} of "
        f"{readers.counted(len(highest), 'run')} diverged.",
        value=share,
        n=len(highest),
    )


def more_text(tables: readers.Tables) -> Claim:
    """Held-out perplexity after as many updates: each text longer and better, holds."""
    said = Claim(
        "More text to train on lowers the perplexity on text never seen.", "d2l 8.5 exercise"
    )
    texts = by_text(tables, "heldout_perplexity")
    if texts.empty:
        return said
    ratio = texts.iloc[:, -1] / texts.iloc[:, 0]
    falling = (np.diff(texts, axis=1) < 0).all(axis=1).mean()
    return said.judged(
        HOLDS if falling == 1 else PARTLY if (ratio < 1).any() else FAILS,
        f"After about as many updates, {_along(texts)}: {readers.figures3(ratio.median())} times "
        "as "
        f"high (median of {readers.counted(len(ratio), 'model')}).",
        **_spread(ratio),
    )


def by_text(tables: readers.Tables, metric: str) -> DataFrame:
    """``metric`` by model, a column per number of training tokens; models that have them all."""
    runs = readers.finished(trials.of(tables, *trials.TEXTS))
    runs = trials.alike(readers.ranked(runs, tables))
    if runs.empty:
        return runs
    table = runs.pivot_table(metric, KEY, "train_tokens").dropna()
    return table if len(table.columns) > 1 else table.iloc[:0]


def words(tables: readers.Tables) -> Claim:
    """Held-out bits of words over those of characters: 1 % fewer in all, holds; in none, fails."""
    said = Claim(
        "A model of words, which spells out unknown ones, predicts better than one of characters.",
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
    ratio = pairs.heldout_bits_per_char / pairs.heldout_bits_per_char_char
    better = (ratio < BETTER).mean()
    first = pairs.iloc[0]
    return said.judged(
        HOLDS if better == 1 else PARTLY if better else FAILS,
        f"On all of the training text of {first.corpus} words take "
        f"{readers.figures3(pairs.heldout_bits_per_char.median())} held-out bits per character, "
        f"{first.heldout_oov_share:.1%} of them unknown and spelled out, after "
        f"{int(first.num_epochs)} epochs, characters "
        f"{readers.figures3(pairs.heldout_bits_per_char_char.median())} after "
        f"{int(first.num_epochs_char)} (median of {readers.counted(len(pairs), 'pair of runs')}).",
        **_spread(ratio),
    )


def embeddings(tables: readers.Tables) -> Claim:
    """Embedding over one-hot: 1 % fewer held-out bits in all pairs, holds; in none, fails."""
    said = Claim(
        "Learnable embeddings in place of one-hot vectors lead to better performance.",
        "d2l 8.5 exercise",
    )
    runs = trials.alike(readers.finished(trials.of(tables, "words")))
    if runs.empty:
        return said
    embedded = runs[[presets.differs(name, "embedding_size") for name in runs.variant]]
    embedded = embedded.assign(variant=embedded.variant.map(presets.plain))
    pairs = embedded.merge(runs, on=KEY, suffixes=("", "_one_hot"))
    if pairs.empty:
        return said
    names = ("heldout_bits_per_char", "num_parameters", "train_seconds")
    bits, size, seconds = (pairs[name] / pairs[f"{name}_one_hot"] for name in names)
    better = (bits < BETTER).mean()
    return said.judged(
        HOLDS if better == 1 else PARTLY if better else FAILS,
        f"Of words, embeddings take {readers.figures3(bits.median())} times the held-out bits per "
        f"character, {readers.figures3(size.median())} times the parameters and "
        f"{readers.figures3(seconds.median())} times the training time (median of "
        f"{readers.counted(len(pairs), 'pair of runs')}).",
        **_spread(bits),
    )


def _spread(values: Any) -> dict[str, float]:
    """Value, low, high and n of a claim: median and range."""
    low, middle, high = (float(v) for v in np.quantile(values, [0, 0.5, 1]))
    return {"value": middle, "low": low, "high": high, "n": len(values)}


def _along(texts: DataFrame) -> str:
    """The median perplexity at each length of text, in words."""
    said = [f"{readers.figures3(texts[n].median())} with {_tokens(n)}" for n in texts]
    return f"held-out perplexity is {readers.english(said)}"


def _tokens(number: float) -> str:
    return "all tokens" if np.isinf(number) else f"{number:,.0f} tokens"
