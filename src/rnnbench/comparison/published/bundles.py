"""Bundles of many machines: checked and named.

A bundle is believed only after :func:`rnnbench.provenance.bundle.read` has held every byte against
its manifest, and a table only if it has the columns that are asked of it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rnnbench.base.errors import UserError
from rnnbench.comparison.published.machine import Machine
from rnnbench.provenance import bundle

AUTO = "auto"


def read(paths: Sequence[str]) -> list[Machine]:
    """Read bundles, sorted by label; one that is given twice counts once.

    Several bundles of one name are numbered in the order of their manifests' digests.

    Raises:
        UserError: there is none, or one of them cannot be believed.
    """
    read = [Machine("", Path(path).name, bundle.read(path)) for path in paths]
    told = {machine.digest: machine for machine in reversed(read)}
    if not told:
        raise UserError(
            "hardware: expected at least one bundle under results/published or in "
            "hardware.bundles, "
            "found none. Make one of this machine with: snakemake --cores all publish"
        )
    count: Counter[str] = Counter()
    machines = []
    for _, machine in sorted(told.items()):
        count[machine.name] += 1
        number = f" ({count[machine.name]})" if count[machine.name] > 1 else ""
        machines.append(replace(machine, label=machine.name + number))
    return sorted(machines, key=lambda machine: machine.label)


def baseline(machines: Sequence[Machine], asked: str, here: str) -> Machine:
    """The machine that others are told as multiples of.

    Args:
        machines: all there are.
        asked: a label; ``auto`` is the machine that asks if it is among them, else the first.
        here: name of the machine that asks.

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
