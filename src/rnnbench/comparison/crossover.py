"""CPU against CUDA on one machine, over the sizes that were timed on both.

The CPU's side is its surest number of threads. Where the GPU waits for the next launch for more
than half of a step, the step is launch-bound: a larger batch or more units are nearly free there.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from pandas import DataFrame

from rnnbench.base.parameters import SIZES
from rnnbench.comparison import pairs
from rnnbench.comparison.best import surest
from rnnbench.comparison.pairs import Timed
from rnnbench.comparison.published.contract import UNKNOWN, missing
from rnnbench.comparison.published.machine import Machine
from rnnbench.timing.statistics import ratios

DEVICES = ("cpu", "cuda")
ITEM = ("variant", "implementation", "sampler", "clip_norm", "dtype", *SIZES)
LAUNCHES = ("launches_per_step", "device_busy_share", "bound")
COLUMNS = [
    *("machine", *ITEM, "cpu_threads", "cuda_threads"),
    *("cpu_tokens_per_second", "cuda_tokens_per_second", *ratios.MEASUREMENT),
    *(*ratios.JUDGED[:-1], "region", *LAUNCHES[:2], "share_of_roofline"),
    "reason",
]


def table(machines: Sequence[Machine], share: float) -> DataFrame:
    """One row per machine and work item; one per size where nothing was timed on CUDA.

    ``ratio`` is CUDA over CPU.
    """
    rows = [row for machine in machines for row in _rows(machine, share)]
    table = DataFrame(rows, columns=[*COLUMNS, *ratios.HIDDEN, "status"])
    return ratios.judge(table, share)[COLUMNS]


def _rows(machine: Machine, share: float) -> Iterator[dict[str, Any]]:
    timed = pairs.timed(machine)
    if not any(point.measured and point.point["device"] == "cuda" for point in timed):
        yield from _absent(machine, timed)
        return
    items: dict[tuple[Any, ...], dict[str, list[Timed]]] = {}
    for point in timed:
        sides = items.setdefault(tuple(point.point[name] for name in ITEM), {})
        sides.setdefault(point.point["device"], []).append(point)
    for item, sides in items.items():
        named = {"machine": machine.label} | dict(zip(ITEM, item, strict=True))
        cpu, cuda = (sides.get(device, []) for device in DEVICES)
        yield named | _compared(cpu, cuda, share)


def _absent(machine: Machine, timed: Sequence[Timed]) -> Iterator[dict[str, Any]]:
    """One row per size that was asked for, with the reason why CUDA is not there."""
    asked = {
        tuple(point.point[name] for name in SIZES): point.point.get("reason")
        for point in timed
        if point.point["device"] == "cuda"
    }
    sizes = asked or {tuple(point.point[name] for name in SIZES): None for point in timed}
    for size, reason in sizes.items():
        yield {
            **{"machine": machine.label, "status": ratios.NOT_MEASURED, "region": UNKNOWN},
            **dict(zip(SIZES, size, strict=True)),
            "reason": reason or "CUDA was not asked for",
        }


def _compared(cpu: Sequence[Timed], cuda: Sequence[Timed], share: float) -> dict[str, Any]:
    """CUDA over CPU, each by its surest number of threads."""
    measured = [[point for point in side if point.measured] for side in (cpu, cuda)]
    if not all(measured):
        lacking = [
            f"{device}: {side[0].point.get('reason') if side else 'not asked for'}"
            for device, side, there in zip(DEVICES, (cpu, cuda), measured, strict=True)
            if not there
        ]
        status = {"status": ratios.NOT_MEASURED, "reason": "; ".join(lacking)}
        return status | {"region": UNKNOWN}
    below, above = (surest(side) for side in measured)
    speeds = {
        f"{device}_{name}": side.point[name]
        for device, side in zip(DEVICES, (below, above), strict=True)
        for name in ("threads", "tokens_per_second")
    }
    return speeds | pairs.measurement(above, below, share) | _region(above)


def _region(point: Timed) -> dict[str, Any]:
    """Launches and bound of a point on CUDA, where they were measured."""
    launches = point.machine.launches.get(point.address, {})
    told = {name: launches.get(name) for name in LAUNCHES}
    share = point.point.get("share_of_roofline")
    bound = told.pop("bound")
    return told | {"region": UNKNOWN if missing(bound) else bound, "share_of_roofline": share}
