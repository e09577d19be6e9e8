"""Memory."""

from pandas import DataFrame

from rnnbench.report.claims import FAILS, HOLDS, PARTLY, Claim
from rnnbench.tables import readers

TABLES = ("half_life", "memory", "runs")

GATED = ("gru", "lstm")
RATIO = {"value": "ratio", "low": "ratio_low", "high": "ratio_high"}
LONG = 16  # characters: some three words
WORTH = 0.01  # nats: 1 % of perplexity


def claims(tables: readers.Tables) -> list[Claim]:
    gains = "half of what context beyond the last token gains is reached at"
    fades = "a token's influence falls to 1 % of the last one's at"
    return [
        compared(
            _of(tables, "half_life", "train"),
            Claim(
                "Gates let a network learn from farther back: on the text that it was trained on, "
                "GRU and LSTM use more context than the plain RNN.",
                "d2l 9.1, 9.2",
            ),
            "half_life",
            f"On the training text of {{corpus}} {gains}",
        ),
        compared(
            _of(tables, "half_life", "heldout"),
            Claim(
                "Gates let a network use more of the past on text that it never saw: the half-life "
                "of GRU and LSTM is longer than that of the plain RNN.",
                "d2l 9.1, 9.2",
            ),
            "half_life",
            f"On held-out text of {{corpus}} {gains}",
        ),
        compared(
            _of(tables, "half_life", "train"),
            Claim(
                "Gates keep a token in mind for longer: its influence on the prediction fades "
                "later in GRU and LSTM than in the plain RNN.",
                "d2l 9.1, 9.2",
            ),
            "trace",
            f"On the training text of {{corpus}} {fades}",
        ),
        distance(tables),
    ]


def compared(rows: DataFrame, said: Claim, measure: str, words: str) -> Claim:
    """Ratio of GRU and LSTM to the RNN: all intervals above 1, holds; no ratio above 1, fails."""
    rows = rows[rows.measure == measure] if len(rows) else rows
    gated = rows[rows.variant.isin(GATED) & rows.ratio_low.notna()] if len(rows) else rows
    if gated.empty:
        return said
    plain, best = rows[rows.variant == "rnn"].iloc[0], gated.loc[gated.ratio.idxmax()]
    named = readers.english(
        f"{row.variant} at {readers.figures3(row.tokens)}, {readers.figures3(row.ratio)} times as "
        "far "
        f"({readers.figures3(row.ratio_low)} to {readers.figures3(row.ratio_high)})"
        for row in gated.itertuples()
    )
    words = f"{words.format(corpus=best.corpus)} {readers.figures3(plain.tokens)} tokens in rnn"
    repeats = (
        f"{readers.counted(int(best.n), 'position')}, {readers.counted(int(best.seeds), 'seed')}"
    )
    farther = (gated.ratio_low > 1).all()
    return said.judged(
        HOLDS if farther else PARTLY if best.ratio > 1 else FAILS,
        f"{words}, in {named} (95 %; {repeats}).",
        **{name: float(best[at]) for name, at in RATIO.items()},
        n=int(best.n),
    )


def distance(tables: readers.Tables) -> Claim:
    """The longest context that still gains 1 % of perplexity over half of it, by variant.

    More than LONG in every variant holds, in none fails.
    """
    said = Claim(
        "The hidden state captures long dependencies in the sequence: what stands more than "
        f"{LONG} characters back still helps to predict.",
        "d2l 8.4",
    )
    rows = _of(tables, "memory", "heldout")
    if rows.empty or readers.token(tables) == "word":
        return said
    helps = (rows.gain_nats > WORTH) & (rows.low > 0)
    farthest = rows.context.where(helps, 1).groupby(rows.variant, sort=False).max()
    beyond = int((farthest > LONG).sum())
    middle, low, high = farthest.median(), farthest.min(), farthest.max()
    return said.judged(
        HOLDS if beyond == len(farthest) else PARTLY if beyond else FAILS,
        f"On {rows.corpus.iloc[0]} the longest context worth 1 % of held-out perplexity over half "
        f"of it is {middle:g} characters (median of {readers.counted(len(farthest), 'variant')}; "
        f"{low:g} to {high:g}; {readers.counted(int(rows.n.iloc[0]), 'position')}).",
        **{"value": float(middle), "low": float(low), "high": float(high)},
        n=int(rows.n.iloc[0]),
    )


def _of(tables: readers.Tables, name: str, split: str) -> DataFrame:
    """Rows of one part of the first text, on the first machine and device."""
    table = readers.rows(tables, name)
    table = table[table.split == split] if len(table) else table
    if table.empty:
        return table
    alike = ["machine", "corpus", "device"]
    return table[(table[alike] == table.iloc[0][alike]).all(axis=1)]
