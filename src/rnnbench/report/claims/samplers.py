"""How a long text becomes minibatches."""

from pandas import DataFrame, Series

from rnnbench.report.claims import Claim, _comparing, _judging
from rnnbench.tables import readers

TABLES = ("coverage", "runs")

SAME = 1e-9  # probabilities nearer than this are equal


def claims(tables: readers.Tables) -> list[Claim]:
    judges = (
        offset_helps,
        not_uniform,
        gaussian,
        order_helps,
        order_costs,
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
