"""How a long text becomes minibatches."""

from pandas import DataFrame

from rnnbench.report.claims import Claim, _comparing
from rnnbench.tables import readers

TABLES = ("runs",)


def claims(tables: readers.Tables) -> list[Claim]:
    return [order_helps(tables), order_costs(tables)]


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
