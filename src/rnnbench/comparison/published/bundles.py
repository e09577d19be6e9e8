"""Bundles of many machines: checked and named.

A bundle is believed only after :func:`rnnbench.provenance.bundle.read` has held every byte against
its manifest, and a table only if it has the columns that are asked of it.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rnnbench.base.errors import UserError
from rnnbench.comparison.published.machine import Machine
from rnnbench.provenance import bundle

AUTO = "auto"


def read(paths: Sequence[str], own: str = "") -> list[Machine]:
    """Read bundles, sorted by label; one that is given twice counts once.

    A bundle is called by the name of its hardware. Where several are of one name, that at the path
    ``own`` keeps it, and the others are called by their file, with as much of its folder as tells
    them apart.

    Raises:
        UserError: there is none, or one of them cannot be believed.
    """
    told: dict[str, tuple[str, Machine]] = {}
    for path in sorted(paths, key=lambda path: path != own):
        machine = Machine("", Path(path).name, bundle.read(path))
        told.setdefault(machine.digest, (path, machine))
    if not told:
        raise UserError(
            "hardware: expected at least one bundle under results/published or in "
            "hardware.bundles, "
            "found none. Make one of this machine with: snakemake --cores all publish_speed"
        )
    machines = dict(told.values())
    count = Counter(machine.name for machine in machines.values())
    names = {p: m.name for p, m in machines.items() if p == own or count[m.name] == 1}
    labels = names | _files([p for p in machines if p not in names], {*names.values()})
    labelled = [replace(machine, label=labels[path]) for path, machine in machines.items()]
    return sorted(labelled, key=lambda machine: machine.label)


def _files(paths: Sequence[str], taken: Collection[str]) -> dict[str, str]:
    """Path -> its shortest end that no other has and that is not taken."""
    whole = {path: Path(path).absolute().parts for path in paths}
    found = {}
    for path, parts in whole.items():
        ends = (parts[-number:] for number in range(1, len(parts) + 1))
        found[path] = next(
            "/".join(end)
            for end in ends
            if "/".join(end) not in taken
            and sum(other[-len(end) :] == end for other in whole.values()) == 1
        )
    return found


def baseline(machines: Sequence[Machine], asked: str, here: str) -> Machine:
    """The machine that others are told as multiples of.

    Args:
        asked: a label; ``auto`` is the machine that asks if it is among them, else the first.

    Raises:
        UserError: there is no machine of that label.
    """
    labels: Mapping[str, Machine] = {machine.label: machine for machine in machines}
    if asked == AUTO:
        return labels.get(here, machines[0])
    if asked not in labels:
        raise UserError(
            f"hardware.baseline: expected {AUTO} or one of {', '.join(labels)}, found {asked}."
        )
    return labels[asked]
