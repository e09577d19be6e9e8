"""How a long text becomes minibatches."""

from rnnbench.report.claims import Claim, _comparing
from rnnbench.tables import readers

TABLES = ("runs",)


def claims(tables: readers.Tables) -> list[Claim]:
    return [order_helps(tables)]


def order_helps(tables: readers.Tables) -> Claim:
    """Held-out perplexity of sequential partitioning over random sampling's: surely below 1."""
    said = Claim(
        "Sequential partitioning keeps the order of the text, and so serves models of it better.",
        "d2l 8.3.4",
    )
    runs = readers.distinct(readers.ranked(readers.finished(readers.rows(tables, "runs")), tables))
    samplers = "sequential_partition", "random_sampling"
    pairs = _comparing.over(runs, "heldout_perplexity", "sampler", samplers)
    return said.compared(
        _comparing.compared(pairs, above=False),
        "The held-out perplexity is {} times that of random sampling.",
    )
