"""Levels of a machine's points, over sittings, processes and points at once.

The log rate of a process is the level of its point, plus what its sitting does to all work of a
kind, plus what the sitting does to this point alone, plus what the process has of its own.
Variances of processes are moderated over the points of a kind (Smyth, 2004).
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pandas import DataFrame

from rnnbench.timing.statistics import rates
from rnnbench.timing.statistics.between import Kind, Known, components, known
from rnnbench.timing.statistics.estimates import Estimate, Part, in_one
from rnnbench.timing.statistics.moderated import moderated

PROCESS = 0.03  # scatter of processes where none tells it: each point has one


@dataclass(frozen=True)
class Level:
    """A point of a machine."""

    centre: float  # log of its rate
    processes: Part  # variance that it has from its processes
    alone: Part  # variance that it has from what sittings do to it alone; estimated over its kind
    common: Part  # variance that it has from what sittings do to all points of its kind
    kind: Kind  # of its work
    process: Part  # variance of a single process

    @property
    def estimate(self) -> Estimate:
        return Estimate(self.centre, (self.processes,), in_one(self.alone, self.common))


def levels(rated: DataFrame, point: list[str], number: str) -> dict[tuple[Any, ...], Level]:
    """Address of a point -> its level.

    Args:
        rated: processes of a machine, as :func:`rates.with_rates` returns them.
        number: ``best`` or ``typical``.
    """
    if rated.empty:
        return {}
    found: dict[tuple[Any, ...], Level] = {}
    for kind, points in by_kind(rates.counted(rated, number), point).items():
        logs = by_sitting(list(points.values()), number)
        slowed = np.array([number == rates.BEST and own.shared.all() for own in points.values()])
        found |= dict(zip(points, of_kind(logs, slowed, kind, known(kind, number)), strict=True))
    return found


def by_kind(rated: DataFrame, point: list[str]) -> dict[Kind, dict[tuple[Any, ...], DataFrame]]:
    """Kind of work -> address of a point -> its processes."""
    kinds: dict[Kind, dict[tuple[Any, ...], DataFrame]] = {}
    for key, own in rated.groupby(point):
        first = own.iloc[0]
        kind = (first.device, bool(first.threads > 1), first.implementation)
        kinds.setdefault(kind, {})[key] = own
    return kinds


def by_sitting(points: Sequence[DataFrame], number: str) -> np.ndarray:
    """Logs of points' processes, ``(points, sittings, processes)``; NaN where there is none."""
    sittings = sorted({sitting for own in points for sitting in own.sitting})
    most = max(int(own.groupby("sitting").size().max()) for own in points)
    logs = np.full((len(points), len(sittings), most), np.nan)
    for k, own in enumerate(points):
        for sitting, part in own.groupby("sitting")[number]:
            logs[k, sittings.index(sitting), : len(part)] = part
    return logs


def of_kind(logs: np.ndarray, slowed: np.ndarray, kind: Kind, before: Known) -> list[Level]:
    """Levels of the points of a kind.

    Args:
        logs: as :func:`by_sitting` returns them; every point has a process.
        slowed: whether threads of all processes of a point shared a core, ``(points,)``; how fast
            it is at its best is then known but to the factor that this takes.
        kind: whose.
        before: what is known of its sittings, where a process has a variance of 1.
    """
    table, process, degrees, pooled = of_processes(logs)
    size = (~np.isnan(logs)).sum(2)
    noise = pooled[0] / size[size > 0].mean() if pooled[1] else 0.0
    usual = pooled if pooled[1] else (PROCESS**2, 1.0)
    common, alone = components(table, noise, before.scaled(usual))
    sittings = (size > 0).sum(1)
    centres = np.where(size > 0, table, 0.0).sum(1) / sittings
    return [
        Level(
            float(centres[k]),
            doubted(over(process[k], degrees[k], int(size[k].sum())), bool(slowed[k])),
            over(*alone, int(sittings[k])),
            over(*common, int(sittings[k])),
            kind,
            (float(process[k]), float(degrees[k])),
        )
        for k in range(len(table))
    ]


def of_processes(logs: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, Part]:
    """What the processes of a kind tell.

    Returns:
        Their means, ``(points, sittings)``, NaN where there is none; the variance of a process and
        its degrees of freedom, ``(points,)``; and the variance of a process of any point.
    """
    there = ~np.isnan(logs)
    size = there.sum(2)
    own = np.where(there, logs, 0.0)
    table = np.where(size > 0, own.sum(2) / np.maximum(size, 1), np.nan)
    squares = ((own - np.where(there, table[:, :, None], 0.0)) ** 2).sum((1, 2))
    freedom = np.maximum(size - 1, 0).sum(1)
    process, degrees = moderated(squares / np.maximum(freedom, 1), freedom.astype(float))
    number = int(freedom.sum())
    return table, process, degrees, (float(squares.sum() / max(number, 1)), float(number))


def over(variance: float, freedom: float, number: int) -> Part:
    """The part of a mean of so many; nothing where no variance is known."""
    return (float(variance) / number, float(freedom)) if freedom else (0.0, 1.0)


def doubted(part: Part, slowed: bool) -> Part:
    """A part with the doubt about the mode in which processes ran."""
    return (part[0] + math.log(rates.SHARED) ** 2, part[1]) if slowed else part


def together(points: Sequence[Level]) -> Estimate:
    """Mean level of points.

    What sittings do to one kind of work is taken to go along with what they do to another, which is
    the widest that can be.
    """
    n, first = len(points), {point.kind: point for point in points}
    share = {kind: number / n for kind, number in Counter(p.kind for p in points).items()}
    errors = {kind: share[kind] * math.sqrt(own.common[0]) for kind, own in first.items()}
    freedom = _freedom(errors, {kind: own.common[1] for kind, own in first.items()})
    alone = sum(share[kind] / n * own.alone[0] for kind, own in first.items())
    processes = tuple((point.processes[0] / n**2, point.processes[1]) for point in points)
    centre = sum(point.centre for point in points) / n
    return Estimate(centre, processes, (sum(errors.values()) ** 2 + alone, freedom))


def _freedom(errors: Mapping[Kind, float], freedom: Mapping[Kind, float]) -> float:
    """Degrees of freedom of a sum: what is known of sittings is one, each kind's scale its own."""
    most, whole = max(freedom.values()), sum(errors.values()) or 1.0
    lost = sum((errors[kind] / whole) ** 2 * (1 / freedom[kind] - 1 / most) for kind in errors)
    return 1 / (1 / most + lost)
