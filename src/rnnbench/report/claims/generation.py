"""Generated text.

Texts are those of all runs that write, before and after training; leaky models are left out.
"""

import numpy as np
from pandas import DataFrame

from rnnbench.report.claims import FAILS, HOLDS, PARTLY, Claim
from rnnbench.tables import readers

TABLES = ("generation", "runs")

RESAMPLES = 500
SOME, MOST = 0.05, 0.5  # shares: of a text in loops or copied; of real text's words
SAME = 1e-6  # bits per character: less is rounding
STAGES = ("untrained", "trained")
BITS = "judge_bits_per_char"
AS_MODELLED = "alpha 1"  # sampling from the model's own distribution


def claims(tables: readers.Tables) -> list[Claim]:
    return [
        readable(tables),
        greedy(tables),
        new_text(tables),
        temperature(tables),
        beam(tables),
        better_by_beam(tables),
    ]


def readable(tables: readers.Tables) -> Claim:
    """Holds if samples have, after training, half as many words of the corpus as real text or more.

    Partly if they have more than before training; intervals decide both.
    """
    said = Claim(
        "What an untrained model writes is no language; after training it is readable.",
        "d2l 8.5.6, 8.6.3",
    )
    column = "known_word_share"
    before, after = (_at(tables, stage, "sampling", AS_MODELLED) for stage in STAGES)
    real = _at(tables, "trained", readers.REAL)
    if before.empty or after.empty or real.empty:
        return said
    value, (low, high), full = after[column].mean(), _interval(after, column), real[column].mean()
    better = low > _interval(before, column)[1]
    return said.judged(
        FAILS if not better else HOLDS if low >= MOST * full else PARTLY,
        f"Of the words drawn from the model's own distribution, {before[column].mean():.0%} are "
        f"words of the corpus before training and {value:.0%} after (95 % {low:.0%} to {high:.0%}; "
        f"{_counted(after)}), of real text's {full:.0%}.",
        **{"value": float(value), "low": low, "high": high, "n": len(after)},
    )


def greedy(tables: readers.Tables) -> Claim:
    """Does not hold if most of greedy text lies in loops, partly if more than a twentieth does."""
    said = Claim(
        "To write, the most probable character is taken again and again.", "d2l 8.5.2, 8.5.6"
    )
    texts, real = _at(tables, "trained", "greedy"), _at(tables, "trained", readers.REAL)
    if texts.empty:
        return said
    value, (low, high) = texts.loop_share.mean(), _interval(texts, "loop_share")
    reference = f"; of real text {real.loop_share.mean():.0%}" if len(real) else ""
    return said.judged(
        FAILS if value > MOST else PARTLY if value > SOME else HOLDS,
        f"After training, {value:.0%} of the characters that are written so lie in exact loops "
        f"(95 % {low:.0%} to {high:.0%}; {_counted(texts)}){reference}.",
        **{"value": float(value), "low": low, "high": high, "n": len(texts)},
    )


def new_text(tables: readers.Tables) -> Claim:
    """Holds if less than a twentieth of any decoder's text is copied, partly if less than half."""
    said = Claim("A trained model writes text of its own.", "d2l 8.5.6")
    texts = _at(tables, "trained")
    texts = texts if texts.empty else texts[texts.decoder != readers.REAL]
    if texts.empty:
        return said
    groups = texts.groupby(["decoder", "setting"], sort=False)
    decoder, setting = groups.copied_share.mean().idxmax()
    most = groups.get_group((decoder, setting))
    value, (low, high) = most.copied_share.mean(), _interval(most, "copied_share")
    by = f"{decoder} at {setting}" if setting else decoder
    return said.judged(
        HOLDS if value < SOME else PARTLY if value < MOST else FAILS,
        f"Of its text, at most {value:.1%} is copied from the training text in stretches of 20 "
        f"characters or more, by {by} (95 % {low:.1%} to {high:.1%}; {_counted(most)}).",
        **{"value": float(value), "low": low, "high": high, "n": len(most)},
    )


def temperature(tables: readers.Tables) -> Claim:
    """Holds if with every larger alpha the judge needs fewer bits and fewer triples are distinct.

    Partly if that is so from the least to the largest alpha alone.
    """
    said = Claim(
        "Sampling from q ∝ P^alpha trades diversity for quality as alpha grows.",
        "d2l 8.5, exercise",
    )
    drawn = _at(tables, "trained", "sampling")
    if drawn.empty or drawn.alpha.nunique() < 2:
        return said
    found = drawn.groupby("alpha")[[BITS, "distinct_chars_3_share"]].mean()
    whole = found.iloc[-1] - found.iloc[0]
    falls = (np.diff(found.to_numpy(), axis=0) < 0).all()
    (first, last), texts = found.index[[0, -1]], dict(list(drawn.groupby("alpha")))
    low, high = np.quantile(_means(texts[last], BITS) - _means(texts[first], BITS), [0.025, 0.975])
    return said.judged(
        HOLDS if falls else PARTLY if (whole < 0).all() else FAILS,
        f"From alpha {first:g} to {last:g}, over {len(found)} alphas, the judge's bits per "
        f"character go from {found.iloc[0, 0]:.2f} to {found.iloc[-1, 0]:.2f} (change, 95 % "
        f"{low:.2f} to {high:.2f}; {_counted(texts[first])} each) and the share of distinct "
        f"triples from {found.iloc[0, 1]:.0%} to {found.iloc[-1, 1]:.0%}.",
        **{"value": float(whole.iloc[0]), "low": float(low), "high": float(high)},
        n=len(texts[first]),
    )


def beam(tables: readers.Tables) -> Claim:
    """Holds if beams are never less probable than greedy text of the same start, and one is more.

    Partly if they are not less probable on average.
    """
    said = Claim(
        "Beam search finds text that the model holds more probable than greedy text.", "d2l 8.3"
    )
    saved = _saved(tables, "own_bits_per_char")
    if saved.empty:
        return said
    value, (low, high) = saved.bits.mean(), _interval(saved, "bits")
    never_less, better = (saved.bits > -SAME).all(), (saved.bits > SAME).mean()
    return said.judged(
        HOLDS if never_less and better else PARTLY if value > -SAME else FAILS,
        f"After training, beams are more probable than greedy text after the same prefix in "
        f"{better:.0%} of {_counted(saved)}, by {value:.3f} bits per character on average (95 % "
        f"{low:.3f} to {high:.3f}).",
        **{"value": float(value), "low": low, "high": high, "n": len(saved)},
    )


def better_by_beam(tables: readers.Tables) -> Claim:
    """Holds if the judge surely needs fewer bits for beams than for greedy text.

    Partly if it does not need more on average.
    """
    said = Claim("Beam search gives better text than greedy search.", "d2l 8.3, question 6")
    saved = _saved(tables, BITS)
    if saved.empty:
        return said
    value, (low, high) = saved.bits.mean(), _interval(saved, "bits")
    return said.judged(
        HOLDS if low > 0 else PARTLY if value > -SAME else FAILS,
        f"Against greedy text after the same prefix it saves the judge {value:.3f} bits per "
        f"character (95 % {low:.3f} to {high:.3f}; {_counted(saved)}), and "
        f"{saved.loop_share.mean():.0%} of it lies in loops.",
        **{"value": float(value), "low": low, "high": high, "n": len(saved)},
    )


def _at(
    tables: readers.Tables, stage: str, decoder: str | None = None, setting: str | None = None
) -> DataFrame:
    """Texts of a stage, and of a decoder and a setting where these are given."""
    texts = readers.texts(tables)
    for column, expected in (("stage", stage), ("decoder", decoder), ("setting", setting)):
        if len(texts) and expected is not None:
            texts = texts[texts[column] == expected]
    return texts


def _saved(tables: readers.Tables, column: str) -> DataFrame:
    """Beams, with the ``bits`` they are below greedy text of the same run and prefix."""
    beams, greedy = _at(tables, "trained", "beam"), _at(tables, "trained", "greedy")
    if beams.empty or greedy.empty:
        return DataFrame()
    key = [name for name in (*readers.RUN, "prefix") if name in beams]
    pairs = beams.merge(greedy[[*key, column]], "inner", key, suffixes=("", "_greedy"))
    return pairs.assign(bits=pairs[f"{column}_greedy"] - pairs[column])


def _interval(texts: DataFrame, column: str) -> tuple[float, float]:
    """95 % interval of a mean: runs are drawn with replacement, then texts within each."""
    low, high = np.quantile(_means(texts, column), [0.025, 0.975])
    return float(low), float(high)


def _means(texts: DataFrame, column: str) -> np.ndarray:
    """Means of RESAMPLES draws, ``(RESAMPLES,)``; the draws are always the same."""
    keys = [name for name in readers.RUN if name in texts]
    known = texts.dropna(subset=column)  # no share of words where there is no word
    groups = [values.to_numpy() for _, values in known.groupby(keys, dropna=False)[column]]
    draw = np.random.Generator(np.random.PCG64(1)).choice
    means = []
    for _ in range(RESAMPLES):
        drawn = (groups[i] for i in draw(len(groups), len(groups)))
        means.append(np.concatenate([draw(group, len(group)) for group in drawn]).mean())
    return np.array(means)


def _counted(texts: DataFrame) -> str:
    """How many texts of how many runs."""
    runs = len(texts[[name for name in readers.RUN if name in texts]].drop_duplicates())
    return f"{readers.counted(len(texts), 'text')} of {readers.counted(runs, 'run')}"
