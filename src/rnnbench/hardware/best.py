"""The fastest way that each machine has to train one model, whatever the code, device and threads.

Only variants that compute what their cell computes are candidates. The choice is by the lower end
of the interval, or the minimum where there is none: by the median, of many noisy ways the luckiest
would win. The chosen speed is still a little flattered, on every machine alike, and more so where
more ways were timed; hence ``candidates``.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from pandas import DataFrame

from rnnbench import comparison, names
from rnnbench.hardware import contract, pairs
from rnnbench.hardware.machine import Machine
from rnnbench.hardware.pairs import Timed

BASELINE = "baseline"
MODEL = ("sampler", "clip_norm", "dtype", "hidden_size", "batch_size", "num_steps")
FREE = {"variant", "device", "threads_policy", "source_sha256"}  # what may differ between ways
WAY = ("variant", "device", "threads")
CHOSEN = [*WAY, "tokens_per_second", "candidates"]
COLUMNS = [
    *("baseline", "machine", "family", *MODEL, *(f"baseline_{name}" for name in CHOSEN), *CHOSEN),
    *(*pairs.MEASUREMENT, *pairs.JUDGED),
]
Models = dict[tuple[Any, ...], list[Timed]]  # family and MODEL -> the ways that were timed


def table(machines: Sequence[Machine], baseline: Machine) -> DataFrame:
    """One row per machine and model, the baseline's own rows among them."""
    models = {machine.label: ways(machine) for machine in machines}
    keys = sorted({key for found in models.values() for key in found}, key=str)
    rows = [row for machine in machines for row in _rows(machine, baseline, models, keys)]
    judged = comparison.judge(DataFrame(rows, columns=[*COLUMNS, "status"]))
    own = judged.status == BASELINE
    return judged.assign(verdict=judged.verdict.mask(own, BASELINE))[COLUMNS]


def ways(machine: Machine) -> Models:
    """Points that were measured, by the model that they train."""
    found: Models = {}
    for point in pairs.timed(machine):
        variant = point.point["variant"]
        if point.measured and names.plain(variant):
            key = (names.cell(variant), *(point.point[name] for name in MODEL))
            found.setdefault(key, []).append(point)
    return found


def surest(candidates: Sequence[Timed]) -> Timed:
    """The way that is fastest even at the lower end of its interval."""
    return max(candidates, key=lambda way: (_lower(way.point), str(way.address)))


def _lower(point: contract.Point) -> float:
    return float(point["low"] if "low" in point else point["minimum"])


def _rows(
    machine: Machine, baseline: Machine, models: dict[str, Models], keys: Sequence[tuple[Any, ...]]
) -> Iterator[dict[str, Any]]:
    """Rows of one machine against the baseline."""
    for key in keys:
        above, below = (models[side.label].get(key, []) for side in (machine, baseline))
        row = {"baseline": baseline.label, "machine": machine.label}
        row |= dict(zip(("family", *MODEL), key, strict=True))
        row |= _chosen("", above) | _chosen("baseline_", below)
        if not above or not below:
            lacking = [m.label for m, w in ((machine, above), (baseline, below)) if not w]
            reason = f"{' and '.join(dict.fromkeys(lacking))}: not timed there"
            yield row | {"status": comparison.NOT_MEASURED, "reason": reason}
        elif machine is baseline:
            yield row | {"status": BASELINE}
        else:
            yield row | _compared(surest(above), surest(below))


def _chosen(side: str, candidates: Sequence[Timed]) -> dict[str, Any]:
    if not candidates:
        return {}
    point = surest(candidates).point
    chosen = {name: point[name] for name in CHOSEN[:-1]} | {"candidates": len(candidates)}
    return {f"{side}{name}": value for name, value in chosen.items()}


def _compared(above: Timed, below: Timed) -> dict[str, Any]:
    one, other = (contract.work(side.point, "") for side in (above, below))
    why = contract.refusal(one, other, free=FREE)
    if why:
        return {"status": comparison.NOT_COMPARABLE, "reason": why}
    conditions = {"conditions": contract.labels(above.point, below.point)}
    return conditions | pairs.measurement(above, below)
