"""How a long text becomes minibatches."""

from pandas import DataFrame, Series

from rnnbench.report.claims import Claim, _comparing, _judging
from rnnbench.tables import readers, sampler_pairs

TABLES = ("coverage", "detaching", "detaching_runs", "padding", "sentences", "runs")

SAME = 1e-9  # probabilities nearer than this are equal
HEAVY = 2.0  # times: a cost that speaks against a way of training


def claims(tables: readers.Tables) -> list[Claim]:
    judges = (
        offset_helps,
        not_uniform,
        gaussian,
        order_helps,
        order_costs,
        detaching,
        padding,
        whole_sentences,
    )
    return [judge(tables) for judge in judges]


def offset_helps(tables: readers.Tables) -> Claim:
    """A part per sampler: starts are nearer to uniform with the offset than without."""
    said = Claim("A random offset lets other tokens start a subsequence.", "d2l 8.3.4")
    words = (
        "{starts_uniform:,.0f} of {num_tokens:,.0f} positions can start one, {starts_none:,.0f} "
        "without"
    )
    return _nearer(said, tables, "uniform", "none", words)


def not_uniform(tables: readers.Tables) -> Claim:
    """A part per sampler: some positions are read, or start, more often than others."""
    said = Claim(
        "A random offset does not give a perfectly uniform distribution over the text.", "d2l 8.3.6"
    )
    words = (
        "{never_read_uniform:,.0f} of {num_tokens:,.0f} tokens are never read, and starts are "
        "{start_distance_uniform:.2g} from uniform in total variation"
    )
    found = _distances(tables, "uniform")
    return _by_sampler(said, tables, found.uniform > SAME, found.uniform, words)


def gaussian(tables: readers.Tables) -> Claim:
    """A part per sampler: a Gaussian offset brings starts nearer to uniform."""
    said = Claim("Drawing the offset from a Gaussian gives a more even coverage.", "d2l 8.3.6")
    words = (
        "the distance from uniform goes from {start_distance_uniform:.2g} to "
        "{start_distance_gaussian:.2g}"
    )
    return _nearer(said, tables, "gaussian", "uniform", words)


def order_helps(tables: readers.Tables) -> Claim:
    """Held-out perplexity of sequential partitioning over random sampling's: surely below 1."""
    said = Claim(
        "Sequential partitioning keeps the order of the text, and so serves models of it better.",
        "d2l 8.3.4",
    )
    words = "The held-out perplexity is {} times that of random sampling."
    return said.compared(
        _comparing.compared(_by_order(tables, "heldout_perplexity"), above=False), words
    )


def order_costs(tables: readers.Tables) -> Claim:
    """Training time per epoch of sequential partitioning over random sampling's: surely above 1."""
    said = Claim("Sequential partitioning costs more to compute.", "d2l 8.3.4")
    words = "The training time per epoch is {} times that of random sampling."
    pairs = _by_order(tables, "epoch_seconds")
    return said.compared(_comparing.compared(pairs, above=True), words, ended=False)


def _by_order(tables: readers.Tables, column: str) -> DataFrame:
    """Distinct runs that differ in the sampler alone, with the ratio of a column."""
    runs = readers.distinct(readers.ranked(readers.finished(readers.rows(tables, "runs")), tables))
    if runs.empty:
        return runs
    runs = runs.assign(epoch_seconds=runs.train_seconds / runs.get("epochs_done", runs.num_epochs))
    return _comparing.over(runs, column, "sampler", ("sequential_partition", "random_sampling"))


def detaching(tables: readers.Tables) -> Claim:
    """Whether a training surely takes twice as long without detaching, by variant."""
    said = Claim(
        "Carrying the state makes gradients costly, so it is detached before every minibatch.",
        "d2l 8.5.5",
    )
    (costs, _), (runs, words) = sampler_pairs.undetached(tables)
    if costs.empty or runs.empty:
        return said
    pairs = _comparing.over(
        runs, "train_seconds", "arm", ("attached", "detached"), ["variant", "seed"]
    )
    grown = costs[costs.arm == "attached"].peak_memory_bytes.max() / 1e6
    change = (pairs.heldout_perplexity / pairs.heldout_perplexity_other).median()
    return said.compared(
        _comparing.compared(pairs, HEAVY, above=True),
        f"Undetached, {costs.minibatch.max():.0f} minibatches take {{}} times as long, the graph "
        f"grows to {readers.figures3(grown)} MB, and the held-out perplexity is {change:.3f} times "
        f"that of detached runs (median){readers.at(words)}.",
        ended=False,
    )


def padding(tables: readers.Tables) -> Claim:
    """A part per minibatch size: sentences by length surely waste less than in random order."""
    said = Claim(
        "Whole sentences have to be padded; arranging them by length keeps the padding small.",
        "d2l 8.3.6",
    )
    table, _, why = sampler_pairs.whole(tables)
    table = table if table.empty else table[table.batch_size > 1]
    if table.empty:
        return said.without(_lacking(why))
    unit, size = max(table.unit), table.batch_size.max()  # sentences, if there are any
    pairs = _comparing.over(
        table[table.unit == unit],
        *("padding_share", "order", ("bucketed", "shuffled")),
        ["batch_size", "seed"],
    )
    if pairs.empty:
        return said
    pairs = pairs.assign(value=pairs.padding_share - pairs.padding_share_other)
    at = pairs[pairs.batch_size == size]
    return said.compared(
        _comparing.compared(pairs, 0, above=False, by="batch_size", ratio=False),
        f"With {size:.0f} {unit}s per minibatch {at.padding_share_other.median():.0%} of the "
        f"places are padding in random order and {at.padding_share.median():.0%} by length; over "
        "all sizes the share changes by {}.",
        ended=False,
    )


def whole_sentences(tables: readers.Tables) -> Claim:
    """Held-out perplexity over random sampling's: surely no more than 2 % above it."""
    said = Claim("A model learns as well from whole sentences, each read by itself.", "d2l 8.3.6")
    _, runs, why = sampler_pairs.whole(tables)
    runs, words = readers.first_setting(runs, "variant", "unit", "seed")
    pairs = _comparing.over(
        runs,
        *("heldout_perplexity", "way", ("shuffled", "random_sampling")),
        ["variant", "unit", "seed"],
    )
    if pairs.empty:
        return said.without(_lacking(why))
    return said.compared(
        _comparing.compared(pairs, _comparing.AS_GOOD, above=False),
        f"After as many passes over the same text, in {pairs.updates.median():.0f} updates each "
        f"against {pairs.updates_other.median():.0f}, the held-out perplexity is {{}} times that "
        f"of random sampling{readers.at(words)}.",
    )


def _lacking(why: str) -> str:
    """What the text lacks, if that is why."""
    return f"The text cannot give it: {why}." if why else ""


def _nearer(said: Claim, tables: readers.Tables, way: str, than: str, words: str) -> Claim:
    """Judge whether starts are nearer to uniform one way than the other."""
    found = _distances(tables, way, than)
    return _by_sampler(said, tables, found[way] < found[than] - SAME, found[way], words)


def _distances(tables: readers.Tables, *ways: str) -> DataFrame:
    """How far starts are from uniform: a row per sampler, a column per way to draw the offset."""
    coverage = readers.rows(tables, "coverage")
    wide = coverage.pivot_table("start_distance", "sampler", "offsets")
    return wide.reindex(columns=list(ways)).dropna()


def _by_sampler(
    said: Claim, tables: readers.Tables, true: Series, distances: Series, words: str
) -> Claim:
    """Judge a claim that is true of samplers or not; ``words`` are a clause for each of them.

    A fact in these words is named with the way its offset is drawn behind it.
    """
    if true.empty:
        return said
    coverage, parts = readers.rows(tables, "coverage"), []
    for sampler, rows in coverage.groupby("sampler"):
        facts = {"num_tokens": rows.num_tokens.max()}
        for row in rows.to_dict("records"):
            facts |= {f"{name}_{row['offsets']}": value for name, value in row.items()}
        parts.append(f"{sampler}: {words.format(**facts)}")
    return said.judged(
        f"By enumeration, {'; '.join(parts)}.",
        list(true),
        _judging.exact(1, "text"),
        distances.max(),
    )
