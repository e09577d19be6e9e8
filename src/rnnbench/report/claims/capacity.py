"""Hidden sizes, depth and cost."""

import itertools

from pandas import DataFrame, concat

from rnnbench.base import presets
from rnnbench.report.claims import Claim, _comparing, _judging
from rnnbench.tables import equal_cost, readers, trials

TABLES = ("speed", "inference", "runs", "trials")

ORDER = ("rnn", "gru", "lstm")


def claims(tables: readers.Tables) -> list[Claim]:
    judges = (training_cost, writing_cost, equal_perplexity, more_units, more_layers)
    return [judge(tables) for judge in judges]


def training_cost(tables: readers.Tables) -> Claim:
    """Speeds of the timed training steps, judged by :func:`dearer`."""
    said = Claim(
        "At equal hidden size an LSTM costs more to train than a GRU, and a GRU more than a plain "
        "RNN.",
        "d2l 9.1, 9.2",
    )
    return dearer(said, readers.rows(tables, "speed"), "tokens trained on per second")


def writing_cost(tables: readers.Tables) -> Claim:
    """Characters generated per second, one at a time, judged by :func:`dearer`."""
    said = Claim(
        "At equal hidden size an LSTM takes longer to generate a character than a GRU, and a GRU "
        "longer than a plain RNN.",
        "d2l 9.1, 9.2",
    )
    timed = readers.rows(tables, "inference")
    timed = timed[timed["mode"] == "generation"] if len(timed) else timed
    return dearer(said, timed, "characters generated per second")


def dearer(said: Claim, timed: DataFrame, words: str) -> Claim:
    """A part per implementation that has all three cells: each is slower than the one before.

    The value is the smallest ratio of the RNN's speed to the LSTM's over implementations.
    """
    parts, named, ratios, used = [], [], [], []
    for implementation, rows in readers.implementations(readers.timed(timed)):
        cells = rows.set_index("cell")
        if set(cells.index) != set(ORDER):
            continue
        rnn, gru, lstm = (cells.loc[name] for name in ORDER)
        ends = [(speed.low, speed.high) for speed in (rnn, gru, lstm)]
        parts.append(_judging.both(*itertools.starmap(_judging.higher, itertools.pairwise(ends))))
        speeds = ", ".join(
            _comparing.told(r.tokens_per_second, r.low, r.high) for r in (rnn, gru, lstm)
        )
        named.append(f"{implementation} {speeds}")
        ratios.append(rnn.tokens_per_second / lstm.tokens_per_second)
        used.append(rows)
    if not parts:
        return said
    rows = concat(used)
    where = f"{rows.device.iloc[0]} ({readers.counted(int(rows.threads.iloc[0]), 'thread')})"
    return said.judged(
        f"On {where}, {words} by rnn, gru and lstm: {'; '.join(named)}.",
        parts,
        _judging.sampled(rows, int(rows.processes.min()), "process", ended=False),
        min(ratios),
    )


def equal_perplexity(tables: readers.Tables) -> Claim:
    """Held-out perplexity divided by that of the RNN is below 1, by variant."""
    said = Claim(
        "Gated networks predict unseen text better than a plain RNN with equally many parameters.",
        "d2l 9.1, 9.2",
    )
    pairs = _equal(tables, "heldout_perplexity")
    if pairs.empty:
        return said
    return said.compared(
        _comparing.compared(pairs, above=False),
        f"At {int(pairs.num_parameters.iloc[0]):,} parameters the held-out perplexity is {{}} "
        "times that of rnn.",
    )


def _equal(tables: readers.Tables, column: str) -> DataFrame:
    """GRU and LSTM with as many parameters as the RNN: ``column`` over the RNN's, by seed."""
    runs = trials.alike(equal_cost.known(readers.rows(tables, "trials")))
    rows = [
        equal_cost.table(same).assign(seed=seed, status=_comparing.last(same))
        for seed, same in (runs.groupby("seed") if len(runs) else ())
        if set(same.variant) >= set(ORDER)
    ]
    table = concat(rows) if rows else DataFrame()
    table = table[table.basis == "parameters"] if len(table) else table
    gated = [
        _comparing.over(table, column, "variant", (name, "rnn"), ["trial", "seed"])
        for name in ORDER[1:]
    ]
    return concat(gated)


def more_units(tables: readers.Tables) -> Claim:
    """Held-out perplexity of the largest hidden size over that of the smallest, by variant."""
    said = Claim("More hidden units lower the perplexity.", "d2l 8.5, 8.6")
    runs = readers.ranked(readers.finished(trials.of(tables, "capacity")), tables)
    runs = trials.alike(runs)
    if runs.empty or runs.hidden_size.nunique() < 2:
        return said
    ends = int(runs.hidden_size.max()), int(runs.hidden_size.min())
    pairs = _comparing.over(runs, "heldout_perplexity", "hidden_size", ends)
    words = f"With {ends[0]} units the held-out perplexity is {{}} times that with {ends[1]}"
    return _lower(said, pairs, words)


def more_layers(tables: readers.Tables) -> Claim:
    """Held-out perplexity of two layers over that of one, by variant."""
    said = Claim("More layers lower the perplexity.", "d2l 9.3")
    runs = readers.distinct(readers.ranked(readers.finished(readers.rows(tables, "runs")), tables))
    if runs.empty:
        return said
    plain = runs[runs.variant.isin(ORDER)].assign(layers=1)
    deep = runs[[presets.differs(name, "num_layers") for name in runs.variant]].assign(layers=2)
    deep = deep.assign(variant=deep.variant.map(presets.plain))
    pairs = _comparing.over(concat([plain, deep]), "heldout_perplexity", "layers", (2, 1))
    return _lower(said, pairs, "With two layers the held-out perplexity is {} times that with one")


def _lower(said: Claim, pairs: DataFrame, words: str) -> Claim:
    if pairs.empty:
        return said
    own = (pairs.perplexity / pairs.perplexity_other).median()
    return said.compared(
        _comparing.compared(pairs, above=False),
        f"{words}; the training perplexity is {readers.figures3(own)} times (median).",
    )
