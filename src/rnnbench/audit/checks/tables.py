"""Every table follows from its records, byte for byte."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from rnnbench.audit.checks import Checked
from rnnbench.audit.derived import gathered, plan
from rnnbench.audit.tree import RUNS, Tree, inside
from rnnbench.base import csv_files


def check(tree: Tree) -> Iterator[Checked]:
    """Gather every table again; a bundle holds the parts of some tables alone.

    Nothing is gathered of a bundle whose configuration this release cannot read: its records and
    tables are another release's, as its runs are for the check of what was asked for.
    """
    studies = plan.studies(tree)
    if tree.kind == "bundle" and not studies:
        return
    alone = gathered.of_one_stage(tree)
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
            yield Checked(name, f"made from {gone[0]}, which is missing")
        elif name in alone:
            yield Checked(name, _of_no_part(tree, name, alone[name]))


def _of_no_part(tree: Tree, name: str, parts: list[str]) -> str:
    """A row that comes of none of the parts a table is said to be gathered from, nor is missing."""
    table = csv_files.read(tree.path(name))
    told = [gathered.rows_of(table, part) for part in parts]
    if "reason" in table:
        told.append(table["reason"].notna().to_numpy())
    places = np.flatnonzero(~np.logical_or.reduce(told))
    return f"row {places[0] + 1} comes from none of its parts" if len(places) else ""


def _bound(part: str) -> bool:
    """Whether every bundle of runs holds a file; it leaves weights and generated texts out."""
    return part.startswith(RUNS) and part.endswith("/record.json")
