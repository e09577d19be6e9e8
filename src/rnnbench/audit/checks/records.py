"""The record of a run agrees with its path."""

from collections.abc import Iterator

from rnnbench.audit.checks import Checked
from rnnbench.audit.derived import gathered
from rnnbench.audit.tree import Tree
from rnnbench.base.parameters import path_value


def check(tree: Tree) -> Iterator[Checked]:
    """Hold the parameters in the path against those in the record."""
    for name in tree.run_names:
        record = tree.record(name)
        wrong = [
            f"{key}: the path says {expected}, the record {path_value(record.get(key))}"
            for key, expected in gathered.keys(name).items()
            if path_value(record.get(key)) != expected
        ]
        yield Checked(name, "; ".join(wrong) if record else "expected a record, found none")
