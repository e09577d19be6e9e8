"""Raw timing samples have the hash in their record."""

from collections.abc import Iterator

from rnnbench.audit.checks import Checked, unlike
from rnnbench.audit.tree import Tree


def check(tree: Tree) -> Iterator[Checked]:
    """Hold the samples of each process against the hash in the record beside them."""
    for name in tree.named("speed/", "/record.json"):
        record, samples = tree.record(name), name.removesuffix("record.json") + "samples.csv"
        if "samples_sha256" in record:
            yield Checked(samples, unlike(record["samples_sha256"], tree.sha256(samples)))
