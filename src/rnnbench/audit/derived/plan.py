"""What the configuration of results asks for on the machine that made them, planned once more.

What a machine lacks is read off its record and off what ran there, never off a table that says so.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from rnnbench.audit.tree import RUNS, Tree
from rnnbench.base.errors import StudyError
from rnnbench.machine.gpus import NONE
from rnnbench.machine.identity import NAME
from rnnbench.study import schema
from rnnbench.study.study import Study

NO_GPU, NO_CUDA = "its record names no GPU", "its record names no CUDA in torch"
HIDDEN = "its GPU was hidden: nothing ran on one"


def machines(tree: Tree) -> list[str]:
    """The machines that results are filed under: a folder of results can hold several."""
    if tree.kind == "bundle":
        return [tree.head["machine"]]
    records = map(tree.record, tree.named("machine/", "/record.json"))
    filed = {name.split("/")[1].partition("=")[2] for name in tree.run_names}
    return sorted(filed | {record["machine"] for record in records if record})


def configuration(tree: Tree) -> dict[str, Any]:
    """The configuration of results as this release reads it.

    Stages and figures that only other releases have are left out; those that it does not tell were
    none of its release's, and do nothing. What is left decides all that is made again;
    ``hardware`` decides none of it.
    """
    off = schema.off()
    told = off | schema.known(tree.configuration)
    return told | {"figures": [], "hardware": off["hardware"]}


def study(tree: Tree, machine: str) -> Study:
    """The study of one machine.

    Raises:
        StudyError: this release cannot read the configuration.
    """
    return Study(configuration(tree), machine, unavailable(tree, machine), _cores(tree, machine))


def studies(tree: Tree) -> list[Study]:
    """The studies of all machines; none where this release cannot read the configuration."""
    with suppress(StudyError):
        return [study(tree, machine) for machine in machines(tree)]
    return []


def record_name(address: Mapping[str, str]) -> str:
    """Name of the record of a run, of the grid or outside it."""
    folder = RUNS["trial" in address]
    parts = (value if key == "settings" else f"{key}={value}" for key, value in address.items())
    return f"{folder}{'/'.join(parts)}/record.json"


def unavailable(tree: Tree, machine: str) -> dict[str, str]:
    """Device -> why it could not be used on a machine; the CPU always can.

    A GPU that is there can be hidden from a study, and is then from all of it.
    """
    record, named = _record(tree, machine), NAME.fullmatch(machine)
    told = record.get("gpu", record.get("gpus"))  # bundles of earlier releases name all there are
    if (told or (named and named["gpus"]) or NONE) == NONE:
        return {"cuda": NO_GPU}
    if record.get("torch_cuda") == NONE:
        return {"cuda": NO_CUDA}
    return {} if _used(tree, machine, "cuda") else {"cuda": HIDDEN}


def _cores(tree: Tree, machine: str) -> int:
    named = NAME.fullmatch(machine)
    cores: Any = _record(tree, machine).get("usable_cores") or (named["cores"] if named else 1)
    return int(cores)


def _record(tree: Tree, machine: str) -> dict[str, Any]:
    return tree.record(f"machine/machine={machine}/record.json")


def unexplained(studies: Iterable[Study], table: str, told: Iterable[Mapping[str, Any]]) -> str:
    """A row of a table that says it could not be had, and could; empty if there is none."""
    expected = [_without_reason(row) for study in studies for row in study.missing(table)]
    wrong = [row for row in told if _without_reason(row) not in expected]
    return f"says that this was not available, but it was: {wrong[0]}" if wrong else ""


def _without_reason(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != "reason"}


def _used(tree: Tree, machine: str, device: str) -> bool:
    return any(
        f"machine={machine}/" in name and tree.record(name).get("device") == device
        for name in tree.run_names
    )
