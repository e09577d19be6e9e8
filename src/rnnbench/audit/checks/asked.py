"""Every run that the configuration asks for is there, with the parameters it asks for."""

from collections.abc import Iterator, Mapping
from typing import Any

from rnnbench.audit.checks import Checked
from rnnbench.audit.tree import RUNS, Tree
from rnnbench.base import csv_files
from rnnbench.base.errors import StudyError
from rnnbench.base.parameters import NOT_AVAILABLE
from rnnbench.study import schema
from rnnbench.study.study import Study


def check(tree: Tree) -> Iterator[Checked]:
    """Expand the grid of the configuration once more and look each run up."""
    config, machine, there = tree.configuration, _machine(tree), set(tree.run_names)
    if not config or not machine or not there:
        return  # timings alone can be published
    try:
        config = schema.known(config) | {"figures": []}  # what is left decides the runs
        study = Study(config, machine, _unavailable(tree), 1)
    except StudyError:
        return  # of a release with other keys; what its hashes say stands
    expected = {
        _name(address): study.run(address).as_row() for address in study.runs + study.trials
    }
    for name in sorted(expected.keys() | (there if tree.kind == "bundle" else set())):
        yield Checked(name, _fault(tree, name, expected, there))


def _fault(tree: Tree, name: str, expected: Mapping[str, dict[str, Any]], there: set[str]) -> str:
    if name not in there:
        return "missing: the configuration asks for it"
    if name not in expected:
        return "added: the configuration does not ask for it"
    record = tree.record(name)
    return "; ".join(
        f"{key}: the configuration says {value}, the record {record.get(key)}"
        for key, value in expected[name].items()
        if record.get(key) != value
    )


def _name(address: Mapping[str, str]) -> str:
    folder = RUNS["trial" in address]
    parts = (value if key == "settings" else f"{key}={value}" for key, value in address.items())
    return f"{folder}{'/'.join(parts)}/record.json"


def _machine(tree: Tree) -> str:
    records = map(tree.record, tree.named("machine/", "/record.json"))
    return tree.head.get("machine") or next((r["machine"] for r in records if r), "")


def _unavailable(tree: Tree) -> dict[str, str]:
    """Device -> why there are no runs on it, as the rows of the table of runs say."""
    if "tables/runs.csv" not in tree.names:
        return {}
    rows = csv_files.read(tree.path("tables/runs.csv"))
    missing = rows[rows.status == NOT_AVAILABLE]
    return dict(zip(missing.device, missing.reason, strict=True))
