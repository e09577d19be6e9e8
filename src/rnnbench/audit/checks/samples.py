"""Raw timing samples have the hash in their record."""

from collections.abc import Iterator

from rnnbench.audit.checks import Checked
from rnnbench.audit.tree import Tree


def check(tree: Tree) -> Iterator[Checked]:
    """Hold the samples of each process against the hash in the record beside them."""
    for name in tree.named("speed/", "/record.json"):
        record = tree.record(name)
        if "samples_sha256" in record:
            samples = name.removesuffix("record.json") + "samples.csv"
            yield Checked(samples, _fault(record["samples_sha256"], tree.sha256(samples)))


def _fault(expected: str, found: str | None) -> str:
    return "" if expected == found else f"the record has SHA-256 {expected}, found {found}"
