"""Every run that the configuration asks for exists, with the parameters it asks for."""

from collections.abc import Iterator, Mapping
from typing import Any

from rnnbench.audit.checks import Checked
from rnnbench.audit.derived import plan
from rnnbench.audit.tree import RUNS, Tree, inside
from rnnbench.base.errors import StudyError
from rnnbench.provenance.crate.workflow import CONFIG
from rnnbench.study.study import Study


def check(tree: Tree) -> Iterator[Checked]:
    """Expand the grid of the configuration once more, for each machine, and look each run up."""
    if not tree.configuration:
        if tree.names:  # else a comparison alone
            yield Checked(CONFIG, "missing: without it nothing says what was asked for")
        return
    there = set(tree.run_names)
    if not there and not tree.named("tables/", "runs.csv"):
        return  # timings alone can be published
    try:
        for study in [plan.study(tree, machine) for machine in plan.machines(tree)]:
            yield from _of(tree, study, there)
    except StudyError as error:
        if tree.kind == "results":  # a bundle may be of a release with other keys
            fault = f"expected a configuration that this release can read, found: {error}"
            yield Checked(CONFIG, fault)


def _of(tree: Tree, study: Study, there: set[str]) -> Iterator[Checked]:
    expected = {
        plan.record_name(address): study.run(address).as_row()
        for address in study.runs + study.trials
    }
    own = {name for name in there if f"/machine={study.machine}/" in name}
    if not _gathered(tree, own) and not _alike(tree, expected, own):
        return
    for name in sorted(expected.keys() | (own if tree.kind == "bundle" else set())):
        yield Checked(name, _fault(tree, name, expected, there))


def _gathered(tree: Tree, own: set[str]) -> bool:
    """Whether the table of runs, if there is one, is of this machine's."""
    job = tree.made_by.get("tables/runs.csv", {})
    read = [inside(part) for part in job.get("inputs", {})]
    return not own.isdisjoint(read) or not any(part.startswith(RUNS) for part in read)


def _alike(tree: Tree, expected: Mapping[str, dict[str, Any]], own: set[str]) -> bool:
    """Whether what lies there of another machine is of the same study."""
    common = own & expected.keys()
    return bool(common) and not any(_fault(tree, name, expected, own) for name in common)


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
