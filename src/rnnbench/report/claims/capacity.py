"""Hidden sizes, depth and cost."""

import numpy as np
from pandas import DataFrame, concat

from rnnbench.base import presets
from rnnbench.report.claims import FAILS, HOLDS, PARTLY, Claim
from rnnbench.tables import readers, trials

TABLES = ("speed", "inference", "equal_cost", "runs", "trials")

ORDER = ("rnn", "gru", "lstm")
SETTING = ["machine", "device", "threads", "dtype", "sampler", "clip_norm"]
PAIR = ["machine", "corpus", "sampler", "clip_norm", "device", "seed"]
METRICS = ["heldout_perplexity", "perplexity"]
REPEATS = 2
EQUAL = 1.25  # costs within this factor of each other count as equal


def claims(tables: readers.Tables) -> list[Claim]:
    return [
        training_cost(tables),
        writing_cost(tables),
        equal_parameters(tables),
        equal_perplexity(tables),
        more_units(tables),
        more_layers(tables),
    ]


def training_cost(tables: readers.Tables) -> Claim:
    """Speeds of the timed training steps, judged by :func:`dearer`."""
    said = Claim(
        "At equal hidden size an LSTM costs more to train than a GRU, and a GRU more than a plain "
        "RNN.",
        "d2l 9.1, 9.2",
    )
    timed = readers.timed(readers.rows(tables, "speed"))
    return dearer(said, timed, "trains on {speeds} tokens/s")


def writing_cost(tables: readers.Tables) -> Claim:
    """Characters written per second, one at a time, judged by :func:`dearer`."""
    said = Claim(
        "At equal hidden size an LSTM takes longer to write a character than a GRU, and a GRU "
        "longer than a plain RNN.",
        "d2l 9.1, 9.2",
    )
    timed = readers.timed(readers.rows(tables, "inference"))
    timed = timed[timed["mode"] == "generation"] if len(timed) else timed
    return dearer(said, timed, "writes {speeds} characters/s")


def dearer(said: Claim, timed: DataFrame, words: str) -> Claim:
    """RNN faster than GRU faster than LSTM: intervals apart, holds; medians alone, partly.

    The value is the speed of the RNN over that of the LSTM, its bounds those of the farthest ends.
    """
    rows = _one_setting(timed)
    if set(rows.index) != set(ORDER):
        return said
    first = rows.iloc[0]
    speed = rows.loc[list(ORDER), "tokens_per_second"].to_numpy(float)
    low, high = (rows.loc[list(ORDER), end].to_numpy(float) for end in ("low", "high"))
    apart = (low[:-1] > high[1:]).all()
    falling = (np.diff(speed) < 0).all()
    speeds = ", ".join(
        f"{readers.figures3(row.tokens_per_second)} ({variant}; {_interval(row.low, row.high)})"
        for variant, row in rows.loc[list(ORDER)].iterrows()
    )
    n, threads = int(rows.n.min()), readers.counted(int(first.threads), "thread")
    return said.judged(
        HOLDS if apart and falling else PARTLY if falling else FAILS,
        f"On {first.device} ({threads}) the network {words.format(speeds=speeds)} "
        f"(95 %; n = {n} each or more).",
        **{"value": speed[0] / speed[2], "low": low[0] / high[2], "high": high[0] / low[2]},
        n=n,
    )


def _interval(low: float, high: float) -> str:
    """A single process has no interval: nothing says how the next would differ."""
    if np.isnan(low):
        return "one process, no interval"
    return f"{readers.figures3(low)} to {readers.figures3(high)}"


def _one_setting(timed: DataFrame) -> DataFrame:
    """The first timed setting of the three plain layers, by variant."""
    rows = timed[timed.variant.isin(ORDER)] if len(timed) else DataFrame(columns=["variant"])
    if len(rows):
        rows = rows[(rows[SETTING] == rows.iloc[0][SETTING]).all(axis=1)]
    return rows.set_index("variant")


def equal_parameters(tables: readers.Tables) -> Claim:
    """Seconds per epoch over those of the RNN: all within a factor of 1.25, holds; none, fails.

    The runs share the machine, so that times of fewer than REPEATS of them decide nothing.
    """
    said = Claim(
        "GRU and LSTM cost more because they have more parameters: with as many parameters as a "
        "plain RNN they take as long to train.",
        "d2l 9.1, 9.2",
    )
    rows = _equal(tables)
    if rows.empty or rows.seeds.min() < REPEATS:
        return said
    ratio = rows.seconds_per_epoch / rows.loc["rnn", "seconds_per_epoch"]
    gated = ratio.drop("rnn")
    within = ((gated <= EQUAL) & (gated >= 1 / EQUAL)).sum()
    named = readers.english(
        f"{readers.figures3(gated[variant])} times as long in {variant} of "
        f"{int(rows.hidden_size[variant])} units"
        for variant in gated.index
    )
    return said.judged(
        HOLDS if within == len(gated) else PARTLY if within else FAILS,
        f"At {int(rows.num_parameters['rnn']):,} parameters an epoch takes {named} as in rnn of "
        f"{int(rows.hidden_size['rnn'])} ({_seeds(rows)}, beside other jobs).",
        **{"value": float(gated.max()), "n": int(rows.seeds.min())},
    )


def equal_perplexity(tables: readers.Tables) -> Claim:
    """Held-out perplexity below that of the RNN: of both, holds; of none, fails."""
    said = Claim(
        "Gated networks predict unseen text better than a plain RNN with as many parameters.",
        "d2l 9.1, 9.2",
    )
    rows = _equal(tables)
    if rows.empty:
        return said
    ratio = (rows.heldout_perplexity / rows.loc["rnn", "heldout_perplexity"]).drop("rnn")
    better = (ratio < 1).sum()
    named = readers.english(
        f"{readers.figures3(row.heldout_perplexity)} ({variant})"
        for variant, row in rows.iterrows()
    )
    return said.judged(
        HOLDS if better == len(ratio) else PARTLY if better else FAILS,
        f"At {int(rows.num_parameters['rnn']):,} parameters the held-out perplexity is {named} "
        f"({_seeds(rows)}).",
        **{"value": float(ratio.min()), "n": int(rows.seeds.min())},
    )


def _equal(tables: readers.Tables) -> DataFrame:
    """Rows at equal parameters of the first setting, by variant; empty without an RNN in them."""
    table = readers.rows(tables, "equal_cost")
    table = table[table.basis == "parameters"] if len(table) else table
    table = trials.alike(table).set_index("variant") if len(table) else table
    return table if len(table) > 1 and "rnn" in table.index else DataFrame()


def _seeds(rows: DataFrame) -> str:
    return readers.counted(int(rows.seeds.min()), "seed")


def more_units(tables: readers.Tables) -> Claim:
    """Largest over smallest hidden size, seed by seed: held-out perplexity lower in all, holds."""
    said = Claim("More hidden units lower the perplexity.", "d2l 8.5, 8.6")
    runs = readers.ranked(readers.finished(trials.of(tables, "capacity")), tables)
    ratios = ratio(trials.alike(runs), ["variant", "seed"], "hidden_size")
    if ratios.empty:
        return said
    smallest, largest = int(runs.hidden_size.min()), int(runs.hidden_size.max())
    where = f"From {smallest} to {largest} units"
    return lower(said, ratios, where, readers.counted(len(ratios), "pair"))


def more_layers(tables: readers.Tables) -> Claim:
    """Two layers over one, run by run: held-out perplexity lower in all, holds; in none, fails."""
    said = Claim("More layers lower the perplexity.", "d2l 9.3")
    runs = readers.ranked(readers.finished(readers.rows(tables, "runs")), tables)
    if runs.empty:
        return said
    plain = runs[runs.variant.isin(ORDER)].assign(layers=1)
    deep = runs[[presets.differs(name, "num_layers") for name in runs.variant]].assign(layers=2)
    deep = deep.assign(variant=deep.variant.map(presets.plain))
    ratios = ratio(concat([plain, deep]), [*PAIR, "variant"], "layers")
    if ratios.empty:
        return said
    return lower(said, ratios, "From one layer to two", readers.counted(len(ratios), "pair"))


def ratio(runs: DataFrame, same: list[str], by: str) -> DataFrame:
    """Perplexities at the largest ``by`` over those at the smallest, where all else is the same."""
    rows = [
        (group.iloc[-1][METRICS] / group.iloc[0][METRICS]).astype(float)
        for _, group in (runs.sort_values(by).groupby(same) if len(runs) else ())
        if group[by].nunique() > 1
    ]
    return DataFrame(rows, columns=METRICS)


def lower(said: Claim, ratios: DataFrame, where: str, repeats: str) -> Claim:
    """Judge ratios of perplexities: below 1 in all, holds; in none, fails."""
    unseen, own = ratios.heldout_perplexity, ratios.perplexity
    below = (unseen < 1).mean()
    low, middle, high = np.quantile(unseen, [0.05, 0.5, 0.95])
    return said.judged(
        HOLDS if below == 1 else PARTLY if below else FAILS,
        f"{where} the held-out perplexity is {readers.figures3(middle)} times as high (median; "
        "5-95 "
        f"% {readers.figures3(low)} to {readers.figures3(high)}; {repeats}), lower in {below:.0%} "
        "of "
        f"them, and the training perplexity {readers.figures3(own.median())} times.",
        **{"value": float(middle), "low": float(low), "high": float(high), "n": len(ratios)},
    )
