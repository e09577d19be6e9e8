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
