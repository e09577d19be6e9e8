"""How a long text becomes minibatches."""

from rnnbench.report.claims import Claim, _comparing
from rnnbench.tables import readers

TABLES = ("runs",)


def claims(tables: readers.Tables) -> list[Claim]:
    return [order_helps(tables)]


def order_helps(tables: readers.Tables) -> Claim:
    """Held-out perplexity of sequential partitioning divided by random sampling's: below 1."""
    said = Claim(
        "Sequential partitioning keeps the order of the text and so gives better models.",
        "d2l 8.3.4",
    )
    runs = readers.distinct(readers.ranked(readers.finished(readers.rows(tables, "runs")), tables))
    samplers = "sequential_partition", "random_sampling"
    pairs = _comparing.over(runs, "heldout_perplexity", "sampler", samplers)
    return said.compared(
        _comparing.compared(pairs, above=False),
        "Its held-out perplexity is {} times that of random sampling.",
    )
