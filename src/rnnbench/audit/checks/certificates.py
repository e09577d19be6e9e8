"""Verdicts on machines and their certificates follow from the bundles.

Bundles are those published among the results, and where one calls from. What a bundle that is not
there would have to give is said to be unchecked, and so are verdicts of another source.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pandas import DataFrame

from rnnbench.audit.checks import Checked
from rnnbench.audit.checks.concluded import differs
from rnnbench.audit.derived.rules import of_this_source
from rnnbench.audit.tree import Tree
from rnnbench.base import csv_files
from rnnbench.comparison import tables
from rnnbench.comparison.published import places
from rnnbench.comparison.published.contract import Terms
from rnnbench.comparison.published.machine import Machine
from rnnbench.provenance import bundle

JOB = "provenance/hardware/overall.csv.json"
TABLE, MACHINES = "hardware.csv", "hardware/machines.csv"
PLACES = ["published", "results/published", "reference"]  # of the results, and of who calls
ANEW = "; `make hardware` compares the bundles that are here"


def check(tree: Tree) -> Iterator[Checked]:
    """Compare the bundles again, in seconds; hold the tables of verdicts against that."""
    if tree.kind != "results" or not tree.path(TABLE).is_file():
        return
    job, listed = tree.record(JOB), csv_files.read(tree.path(MACHINES))
    asked, there = job["params"], _there(tree, listed)
    for row in listed[~listed.machine.isin(there)].itertuples():
        digest = f"whose manifest has SHA-256 {row.manifest_sha256}"
        yield Checked(TABLE, unchecked=f"no bundle of {row.machine} is here, {digest}")
    baseline = there.get(str(listed.machine[listed.baseline].iloc[0]))
    if not of_this_source(job):
        yield Checked(
            TABLE, unchecked="made by another version of the source, which may judge differently"
        )
    elif baseline is not None:
        terms = Terms(asked["equal_within"], tuple(asked["vary"]))
        made = tables.verdicts([*there.values()], baseline, terms)
        made |= {"hardware": made["comparison"]}
        if len(there) < len(listed):
            made.pop("declared")  # is of all of them
        for name, again in made.items():
            file = TABLE if name == "hardware" else f"hardware/{name}.csv"
            found = csv_files.read(tree.path(file))
            held = found[found.machine.isin(there)] if "machine" in found else found
            fault = differs(held, again)
            yield Checked(file, fault and fault + ANEW)


def _there(tree: Tree, listed: DataFrame) -> dict[str, Machine]:
    """What the tables call a machine -> its bundle: that of its digest, else of its file's name.

    A name that is another machine's is not taken over.
    """
    of_results, *of_caller = PLACES
    paths = places.found([tree.path(of_results), *of_caller], [])
    read = [Machine("", Path(path).name, made) for path in paths if (made := _sound(path))]
    names, found = {machine.name for machine in read}, {}
    for row in listed.itertuples():
        own = [m for m in read if m.digest == row.manifest_sha256]
        for machine in [*own, *(m for m in read if m.file == row.bundle)][:1]:
            taken = row.machine in names - {machine.name}
            label = machine.name if taken else str(row.machine)
            found[str(row.machine)] = replace(machine, label=label, file=str(row.bundle))
    return found


def _sound(path: str) -> bundle.Bundle | None:
    try:
        return bundle.read(path)
    except bundle.BundleError:  # which another check tells
        return None
