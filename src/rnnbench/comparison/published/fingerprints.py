"""Which machines there are, and where they differ, field by field, on purpose or not."""

import math
from collections.abc import Sequence
from itertools import combinations
from statistics import median
from typing import Any

import pandas as pd
from pandas import DataFrame

from rnnbench.base.parameters import MEASURED
from rnnbench.comparison.published import contract
from rnnbench.comparison.published.contract import UNKNOWN
from rnnbench.comparison.published.machine import Machine

FACTS = ["cpu_model", "usable_cores", "memory_gib", "gpus", "system", "python", "torch"]
SITTING = ["doubts", "spent_seconds", "load_average_before", "load_average_after"]
FIELDS = ["field", "machine", "value", "differs"]
DECLARED = ["field", "values", "confounded"]
Told = dict[str, frozenset[str]]  # field -> its values in a bundle


def table(machines: Sequence[Machine], baseline: Machine) -> DataFrame:
    """One row per bundle: where it is from, what it holds, and how quiet its machine was."""
    return DataFrame([_row(machine, machine.label == baseline.label) for machine in machines])


def fields(machines: Sequence[Machine]) -> DataFrame:
    """One row per field of a fingerprint and machine; a field that one lacks is unknown there."""
    names = list(dict.fromkeys(name for machine in machines for name in machine.facts))
    rows = []
    for name in names:
        values = [_plain(machine.facts.get(name)) for machine in machines]
        differs = len({*values}) > 1
        for machine, value in zip(machines, values, strict=True):
            rows.append(dict(zip(FIELDS, (name, machine.label, value, differs), strict=True)))
    return DataFrame(rows, columns=FIELDS)


def declared(machines: Sequence[Machine], baseline: Machine, vary: Sequence[str]) -> DataFrame:
    """One row per field that is declared to vary.

    ``confounded`` names the fields that differ between any two bundles between which the declared
    one does, so that nothing here tells their effects apart.

    Args:
        baseline: one of them, whose value comes last.
    """
    last = sorted(machines, key=lambda machine: machine is baseline)
    told = [_told(machine) for machine in last] if vary else []
    rows = [(name, _values(name, told), _confounded(name, told)) for name in vary]
    return DataFrame(rows, columns=DECLARED, dtype=object)


def _told(machine: Machine) -> Told:
    timed = machine.points[machine.points.status == MEASURED].to_dict("records")
    points = [contract.point(row, machine.facts) for row in timed]
    laid = [{**point, **contract.work(point, "")} for point in points]
    return {n: frozenset(contract.told(p.get(n)) for p in laid) for n in contract.fields()}


def _values(name: str, told: Sequence[Told]) -> str:
    """Every value, that of the baseline last."""
    *others, own = (", ".join(map(contract.short, sorted(one[name]))) for one in told)
    apart = [value for value in dict.fromkeys(others) if value != own]
    return f"{' and '.join(apart)} against {own}" if apart else own


def _confounded(name: str, told: Sequence[Told]) -> str:
    apart = [pair for pair in combinations(told, 2) if pair[0][name] != pair[1][name]]
    return ", ".join(
        other
        for other in told[0]
        if apart and other != name and all(one[other] != two[other] for one, two in apart)
    )


def _row(machine: Machine, is_baseline: bool) -> dict[str, Any]:
    manifest = machine.bundle.manifest
    return {
        "machine": machine.label,
        "baseline": is_baseline,
        "hardware": machine.name,
        "bundle": machine.file,
        "manifest_sha256": machine.digest,
        **{name: manifest[name] for name in ("rnnbench", "source_sha256", "lock_sha256")},
        "files": len(manifest["files"]),
        "bytes": sum(entry["bytes"] for entry in manifest["files"].values()),
        "points": len(machine.points),
        "measured": int((machine.points.status == MEASURED).sum()),
        "runs": len(machine.runs),
        **_sittings(machine),
        **{name: _plain(machine.facts.get(name)) for name in FACTS},
        **{name: _plain(machine.campaign.get(name)) for name in SITTING},
    }


def _sittings(machine: Machine) -> dict[str, Any]:
    """How often and when it was timed, and what neighbours took of it."""
    found = machine.speeds
    if not found.points:
        return {"sittings": 0, "first_sitting": UNKNOWN, "last_sitting": UNKNOWN}
    lost = [1 - math.exp(found.typical[k].centre - level.centre) for k, level in found.best.items()]
    return {
        "sittings": found.rated.sitting.nunique(),
        "first_sitting": found.rated.sitting_began.min(),
        "last_sitting": found.rated.sitting_began.max(),
        "processes_sharing_a_core": int(found.rated.shared.sum()),
        "taken_by_others": median(lost),
    }


def _plain(value: Any) -> str:
    return UNKNOWN if value is None or pd.isna(value) else str(value)
