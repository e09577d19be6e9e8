"""How a long text becomes minibatches."""

import numpy as np
from pandas import DataFrame, Series

from rnnbench.claims import FAILS, HOLDS, NOT_MEASURED, PARTLY, Claim
from rnnbench.figures import _rows, _samplers

TABLES = ("coverage", "detaching", "detaching_runs", "padding", "sentences", "runs")

FEW = 3  # pairs of runs that a verdict rests on
SAME = 1e-9  # probabilities nearer than this are equal
SPREAD = (0.0, 0.5, 1.0)  # few seeds: the range
HEAVY = 2.0  # times: a cost that speaks against a way of training


def claims(tables: _rows.Tables) -> list[Claim]:
    judges = (offset_helps, not_uniform, gaussian, order_helps, order_costs)
    return [judge(tables) for judge in (*judges, detaching, padding, whole_sentences)]


def offset_helps(tables: _rows.Tables) -> Claim:
    """Holds if for every sampler starts are nearer to uniform with the offset than without."""
    said = Claim("A random offset lets other tokens start a subsequence.", "d2l 8.3.4")
    words = (
        "{starts_uniform:,.0f} of {num_tokens:,.0f} positions can start one, {starts_none:,.0f} "
        "without"
    )
    return _nearer(said, tables, "uniform", "none", words)


def not_uniform(tables: _rows.Tables) -> Claim:
    """Holds if for every sampler some positions are read, or start, more often than others."""
    said = Claim(
        "A random offset does not give a perfectly uniform distribution over the text.", "d2l 8.3.6"
    )
    words = (
        "{never_read_uniform:,.0f} of {num_tokens:,.0f} tokens are never read, and starts are "
        "{start_distance_uniform:.2g} from uniform in total variation"
    )
    found = _distances(tables, "uniform")
    return _by_sampler(said, tables, found.uniform > SAME, found.uniform, words)


def gaussian(tables: _rows.Tables) -> Claim:
    """Holds if for every sampler a Gaussian offset brings starts nearer to uniform."""
    said = Claim("Drawing the offset from a Gaussian gives a more even coverage.", "d2l 8.3.6")
    words = (
        "the distance from uniform goes from {start_distance_uniform:.2g} to "
        "{start_distance_gaussian:.2g}"
    )
    return _nearer(said, tables, "gaussian", "uniform", words)


def order_helps(tables: _rows.Tables) -> Claim:
    """By held-out perplexity, pair by pair: holds if the interval of the ratio is below 1."""
    said = Claim(
        "Sequential partitioning keeps the order of the text, and so serves models of it better.",
        "d2l 8.3.4",
    )
    return _judge_ratio(said, tables, "heldout_perplexity", "the held-out perplexity", sign=-1)


def order_costs(tables: _rows.Tables) -> Claim:
    """By training time, pair by pair: holds if the interval of the ratio is above 1."""
    said = Claim("Sequential partitioning costs more to compute.", "d2l 8.3.4")
    return _judge_ratio(said, tables, "train_seconds", "the training time", sign=1)


def detaching(tables: _rows.Tables) -> Claim:
    """Holds if late in an epoch an undetached step takes twice the time of a detached one."""
    said = Claim(
        "Carrying the state makes gradients costly, so it is detached before every minibatch.",
        "d2l 8.5.5",
    )
    (costs, words), (runs, _) = _samplers.undetached(tables)
    if costs.empty or runs.empty:
        return said
    ratio, change = _samplers.slowdown(costs), _samplers.changes(runs)
    grown = costs[costs.arm == "attached"].peak_memory_bytes.max() / 1e6
    if not len(ratio) or len(change) < FEW:
        return said
    slow = ratio >= HEAVY
    low, middle, high = np.quantile(change, SPREAD)
    return said.judged(
        HOLDS if slow.all() else PARTLY if slow.any() else FAILS,
        f"Undetached, the last of {costs.minibatch.max():.0f} minibatches take "
        f"{_rows.figures3(np.median(ratio))} times as long and the graph holds "
        f"{_rows.figures3(grown)} MB; the held-out perplexity is {middle:.3f} times that of "
        f"detached runs ({low:.3f} to {high:.3f}; {_rows.counted(len(change), 'pair')})"
        f"{_rows.at(words)}.",
        **{"value": np.median(ratio), "low": ratio.min(), "high": ratio.max(), "n": len(ratio)},
    )


def padding(tables: _rows.Tables) -> Claim:
    """Holds if sentences by length waste less than in random order at every size and seed."""
    said = Claim(
        "Whole sentences have to be padded; arranging them by length keeps the padding small.",
        "d2l 8.3.6",
    )
    table, _, why = _samplers.whole(tables)
    if table.empty:
        return _without(said, why)
    keys = ["unit", "batch_size", "seed"]
    wide = table[table.batch_size > 1].pivot_table("padding_share", keys, "order").dropna()
    if wide.empty:
        return said
    unit = max(wide.index.get_level_values("unit"))  # sentences, if there are any
    wide = wide.loc[unit]
    less = wide.bucketed < wide.shuffled
    size = wide.index.get_level_values("batch_size").max()
    at = wide.xs(size, level="batch_size")
    low, middle, high = np.quantile(at.bucketed, SPREAD)
    return said.judged(
        HOLDS if less.all() else PARTLY if less.any() else FAILS,
        f"With {size:.0f} {unit}s per minibatch {at.shuffled.median():.0%} of the places are "
        f"padding in random order and {middle:.0%} by length ({_rows.counted(len(at), 'seed')}).",
        **{"value": middle, "low": low, "high": high, "n": len(at)},
    )


def whole_sentences(tables: _rows.Tables) -> Claim:
    """Held-out perplexity over random sampling's: holds if the median is no larger than 1."""
    said = Claim("A model learns as well from whole sentences, each read by itself.", "d2l 8.3.6")
    ratio, (_, runs, why) = _samplers.against_random_sampling(tables), _samplers.whole(tables)
    if len(ratio) < FEW:
        return _without(said, why)
    updates = runs.groupby("way").updates.median()
    low, middle, high = np.quantile(ratio, SPREAD)
    return said.judged(
        HOLDS if middle <= 1 else FAILS if low > 1 else PARTLY,
        f"After as many passes over the same text, in {updates.shuffled:.0f} updates each against "
        f"{updates.random_sampling:.0f}, the held-out perplexity is {middle:.3f} times that of "
        f"random sampling ({low:.3f} to {high:.3f}; {_rows.counted(len(ratio), 'pair')}).",
        **{"value": middle, "low": low, "high": high, "n": len(ratio)},
    )


def _without(said: Claim, why: str) -> Claim:
    """The claim, not measured, with what the text lacks, if that is why."""
    return said.judged(NOT_MEASURED, f"The text cannot give it: {why}.") if why else said


def _judge_ratio(said: Claim, tables: _rows.Tables, column: str, what: str, sign: int) -> Claim:
    pairs = _samplers.pairs(tables)
    ratio = pairs[column].dropna() if len(pairs) else Series(dtype=float)
    if len(ratio) < FEW:
        return said
    found = _samplers.bounded(ratio)
    outside = found.low > 1 if sign > 0 else found.high < 1
    inside = found.high < 1 if sign > 0 else found.low > 1
    return said.judged(
        HOLDS if outside else FAILS if inside else PARTLY,
        f"In {_rows.counted(found.n, 'pair')} of runs {what} is {found.estimate:.3f} times that of "
        f"random sampling (geometric mean over variants; 95 % interval {found.low:.3f} to "
        f"{found.high:.3f}).",
        **{"value": found.estimate, "low": found.low, "high": found.high, "n": found.n},
    )


def _nearer(said: Claim, tables: _rows.Tables, way: str, than: str, words: str) -> Claim:
    """Judge whether starts are nearer to uniform one way than the other."""
    found = _distances(tables, way, than)
    return _by_sampler(said, tables, found[way] < found[than] - SAME, found[way], words)


def _distances(tables: _rows.Tables, *ways: str) -> DataFrame:
    """How far starts are from uniform: a row per sampler, a column per way to draw the offset."""
    coverage = _rows.rows(tables, "coverage")
    wide = coverage.pivot_table("start_distance", "sampler", "offsets")
    return wide.reindex(columns=list(ways)).dropna()


def _by_sampler(
    said: Claim, tables: _rows.Tables, true: Series, distances: Series, words: str
) -> Claim:
    """Judge a claim that is true of samplers or not; ``words`` are a clause for each of them.

    A fact in these words is named with the way its offset is drawn behind it.
    """
    if true.empty:
        return said
    coverage, parts = _rows.rows(tables, "coverage"), []
    for sampler, rows in coverage.groupby("sampler"):
        facts = {"num_tokens": rows.num_tokens.max()}
        for row in rows.to_dict("records"):
            facts |= {f"{name}_{row['offsets']}": value for name, value in row.items()}
        parts.append(f"{sampler}: {words.format(**facts)}")
    return said.judged(
        HOLDS if true.all() else PARTLY if true.any() else FAILS,
        f"By enumeration, {'; '.join(parts)}.",
        **{"value": distances.max(), "low": distances.min(), "high": distances.max()},
        n=int(coverage.num_tokens.max()),
    )
