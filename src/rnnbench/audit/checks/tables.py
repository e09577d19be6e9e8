"""Every table is what its records give once more, to the byte."""

from collections.abc import Iterator
from pathlib import Path

from rnnbench.audit.checks import Checked
from rnnbench.audit.derived import gathered, plan
from rnnbench.audit.tree import RUNS, Tree, inside


def check(tree: Tree) -> Iterator[Checked]:
    """Gather every table again; a bundle holds the parts of some tables alone.

    Nothing is gathered of a bundle whose configuration this release cannot read: its records and
    tables are another release's, as its runs are for the check of what was asked for.
    """
    studies = plan.studies(tree)
    if tree.kind == "bundle" and not studies:
        return
    for name in tree.named("tables/", ".csv"):
        record = tree.made_by.get(name)
        if record is None:
            continue  # which the check of evidence says
        told = record.get("params", {}).get("missing") or []
        invented = plan.unexplained(studies, Path(name).stem, told) if studies else ""
        if invented:
            yield Checked(name, invented)
        gone = [part for part in map(inside, record["inputs"]) if tree.sha256(part) is None]
        if not gone:
            yield Checked(name, gathered.derived(tree, name))
        elif tree.kind == "results" or any(map(_bound, gone)):
            yield Checked(name, f"made of {gone[0]}, which is not there")


def _bound(part: str) -> bool:
    """Whether every bundle of runs holds a file; it leaves weights and generated texts out."""
    return part.startswith(RUNS) and part.endswith("/record.json")
