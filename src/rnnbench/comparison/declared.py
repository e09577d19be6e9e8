"""What differs on purpose, and what moved with it: a ratio cannot be laid at one of them alone."""

from collections.abc import Sequence
from itertools import combinations

from pandas import DataFrame

from rnnbench.base.parameters import MEASURED
from rnnbench.comparison import pairs
from rnnbench.comparison.published import contract
from rnnbench.comparison.published.machine import Machine

COLUMNS = ["field", "values", "confounded"]
Told = dict[str, frozenset[str]]  # field -> its values in a bundle


def table(machines: Sequence[Machine], baseline: Machine, vary: Sequence[str]) -> DataFrame:
    """One row per field that is declared to vary.

    ``confounded`` names the fields that differ between any two bundles between which the declared
    one does, so that nothing here tells their effects apart.

    Args:
        machines: those that are compared.
        baseline: one of them, whose value comes last.
        vary: names of the fields.
    """
    last = sorted(machines, key=lambda machine: machine is baseline)
    told = [_told(machine) for machine in last] if vary else []
    rows = [(name, _values(name, told), _confounded(name, told)) for name in vary]
    return DataFrame(rows, columns=COLUMNS, dtype=object)


def _told(machine: Machine) -> Told:
    timed = [point for point in pairs.timed(machine) if point.point["status"] == MEASURED]
    laid = [pairs.laid(point, "") for point in timed]
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
