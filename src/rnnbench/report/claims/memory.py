"""Memory."""

import numpy as np
from pandas import DataFrame
from scipy import special

from rnnbench.report.claims import Claim, _comparing, _judging
from rnnbench.tables import readers

TABLES = ("half_life", "memory", "runs")

GATED = ("gru", "lstm")
LONG = 16  # characters: about three words
WORTH = 0.01  # nats: 1 % of perplexity
FARTHER = 1.1  # ratio: a smaller gain is no evidence for gates


def claims(tables: readers.Tables) -> list[Claim]:
    gains = "half of the gain from context beyond the last token is reached at"
    fades = "a token's influence falls to 1 % of that of the last token at"
    compares = (
        (
            "Gates let a network learn from farther back: on its training text, GRU and LSTM use "
            "more context than the plain RNN.",
            *("train", "half_life", f"On the training text of {{corpus}}, {gains}"),
        ),
        (
            "Gates let a network use more of the past on unseen text: the half-life of GRU and "
            "LSTM is longer than that of the plain RNN.",
            *("heldout", "half_life", f"On the held-out text of {{corpus}}, {gains}"),
        ),
        (
            "Gates keep a token in mind for longer: its influence on the prediction fades later in "
            "GRU and LSTM than in the plain RNN.",
            *("train", "trace", f"On the training text of {{corpus}}, {fades}"),
        ),
    )
    judged = [compared(tables, Claim(said, "d2l 9.1, 9.2"), *how) for said, *how in compares]
    return [*judged, distance(tables)]


def compared(tables: readers.Tables, said: Claim, split: str, measure: str, words: str) -> Claim:
    """A part per gated variant: true if farther than the RNN, false if not by a tenth."""
    rows = _of(tables, "half_life", split)
    rows = rows[rows.measure == measure] if len(rows) else rows
    gated = rows[rows.variant.isin(GATED) & rows.ratio.notna()] if len(rows) else rows
    if gated.empty:
        return said
    ends = [
        _over_seeds(row.ratio, row.ratio_low, row.ratio_high, row.seeds)
        for row in gated.itertuples()
    ]
    plain, best = rows[rows.variant == "rnn"].iloc[0], int(np.argmax(gated.ratio))
    named = readers.english(
        f"{readers.figures3(row.tokens)} for {row.variant}, {_comparing.told(row.ratio, *end)} "
        "times as far"
        for row, end in zip(gated.itertuples(), ends, strict=True)
    )
    words = words.format(corpus=plain.corpus)
    return said.judged(
        f"{words} {readers.figures3(plain.tokens)} tokens for rnn, {named}.",
        [_judging.exceeds(low, high, 1, FARTHER) for low, high in ends],
        _judging.sampled(readers.of_runs(tables, rows), int(gated.seeds.min())),
        *(gated.ratio.iloc[best], *ends[best]),
    )


def _over_seeds(ratio: float, low: float, high: float, seeds: float) -> tuple[float, float]:
    """A bootstrap interval widened for the few seeds it comes from; NaN for a single seed.

    A bootstrap over k seeds has (k - 1) / k of the variance, and normal instead of Student's
    quantiles.
    """
    if not seeds > 1:
        return np.nan, np.nan
    wider = np.sqrt(seeds / (seeds - 1)) * special.stdtrit(seeds - 1, 0.975) / special.ndtri(0.975)
    return float(ratio * (low / ratio) ** wider), float(ratio * (high / ratio) ** wider)


def distance(tables: readers.Tables) -> Claim:
    """A part per variant: some context beyond LONG gains more than 1 % over half of it."""
    said = Claim(
        "The hidden state captures long dependencies in the sequence: text more than "
        f"{LONG} characters back still helps to predict.",
        "d2l 8.4",
    )
    rows = _of(tables, "memory", "heldout")
    if rows.empty or readers.token(tables) != "char":
        return said
    far = rows[(rows.context > LONG) & rows.gain_nats.notna()]
    parts = [
        _judging.some(*(_judging.decided(row.low, row.high, WORTH) for row in of.itertuples()))
        for _, of in far.groupby("variant", sort=False)
    ]
    helps = (rows.gain_nats > WORTH) & (rows.low > 0)
    farthest = rows.context.where(helps, 1).groupby(rows.variant, sort=False).max()
    middle, low, high = farthest.median(), farthest.min(), farthest.max()
    return said.judged(
        f"On {rows.corpus.iloc[0]}, the longest context that lowers held-out perplexity by 1 % "
        f"compared with half of it is {middle:g} characters (median of "
        f"{readers.counted(len(farthest), 'variant')}; {low:g} to {high:g}).",
        parts,
        _judging.sampled(readers.of_runs(tables, rows), int(rows.seeds.min())),
        *(middle, low, high),
    )


def _of(tables: readers.Tables, name: str, split: str) -> DataFrame:
    """Rows of one split of the first text, on the first machine and device."""
    table = readers.rows(tables, name)
    table = table[table.split == split] if len(table) else table
    if table.empty:
        return table
    alike = ["machine", "corpus", "device"]
    return table[(table[alike] == table.iloc[0][alike]).all(axis=1)]
