"""What figures and claims about samplers share: pairs of runs that differ in the sampler alone."""

from pandas import DataFrame, Series

from rnnbench.tables import readers
from rnnbench.timing.statistics import intervals

PAIR = ["machine", "corpus", "variant", "clip_norm", "device", "seed"]
COMPARED = {
    "perplexity": "training perplexity",
    "heldout_perplexity": "held-out perplexity",
    "train_seconds": "training time",
}
SAMPLERS = ("random_sampling", "sequential_partition")
LATE = 5  # minibatches at the end of the epoch that is timed


def pairs(tables: readers.Tables) -> DataFrame:
    """Sequential partitioning over random sampling: one row per pair, one column per comparison."""
    runs = readers.ranked(readers.finished(readers.rows(tables, "runs")), tables)
    if runs.empty:
        return runs
    wide = runs.pivot_table(list(COMPARED), PAIR, "sampler", observed=True)
    found = {}
    for column in COMPARED:
        both = wide[column] if column in wide else DataFrame()
        if not set(SAMPLERS) <= set(both):
            return DataFrame()
        found[column] = both.sequential_partition / both.random_sampling
    return DataFrame(found).dropna(how="all")


def bounded(ratio: Series) -> intervals.Interval:
    """Typical ratio of pairs with its 95 % interval; what repeats is the variant."""
    groups = {name: values.to_numpy() for name, values in ratio.groupby("variant")}
    return intervals.interval(groups)


def whole(tables: readers.Tables) -> tuple[DataFrame, DataFrame, str]:
    """Waste and runs of whole units, and the reasons of the units that the text does not have."""
    padding, runs = readers.rows(tables, "padding"), readers.rows(tables, "sentences")
    reasons = [*padding.get("reason", []), *runs.get("reason", [])]
    why = (
        readers.english(dict.fromkeys(r for r in reasons if isinstance(r, str))) if reasons else ""
    )
    return padding[padding.padding_share.notna()], runs[runs.way.notna()], why


def undetached(tables: readers.Tables) -> list[tuple[DataFrame, str]]:
    """Costs and runs with and without detaching, each at one setting, with the words for it."""
    names = ("detaching", "detaching_runs")
    return [readers.first_setting(readers.rows(tables, name), "variant", "seed") for name in names]


def slowdown(costs: DataFrame) -> Series:
    """Seconds of an undetached step over a detached one, late in the epoch, by variant."""
    wide = costs.pivot_table("seconds", ["variant", "minibatch"], "arm").dropna()
    wide = wide.groupby("variant").filter(lambda rows: len(rows) >= LATE)
    late = wide.groupby("variant").tail(LATE).groupby("variant").median()
    return late.attached / late.detached if len(late) else Series(dtype=float)


def changes(runs: DataFrame) -> Series:
    """Held-out perplexity of undetached runs over that of detached ones, by variant and seed."""
    wide = runs.pivot_table("heldout_perplexity", ["variant", "seed"], "arm").dropna()
    return wide.attached / wide.detached if len(wide) else Series(dtype=float)
