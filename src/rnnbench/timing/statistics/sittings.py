"""Levels of a machine's points, over sittings, processes and points at once.

The log rate of a process is the level of its point, plus what its sitting does to all work of a
kind, plus what the sitting does to this point alone, plus what the process has of its own. Few
sittings tell little of the second and third, so their variances are drawn towards those measured
on a machine that was timed often (noise.csv beside this file); of a single sitting these are all
there is. Variances of processes are moderated over the points of a kind (Smyth, 2004).
"""

import csv
import functools
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pandas import DataFrame

from rnnbench.timing.statistics import rates
from rnnbench.timing.statistics.estimates import Estimate, Part, in_one
from rnnbench.timing.statistics.moderated import moderated

NOISE = Path(__file__).with_name("noise.csv")
Kind = tuple[str, bool, str]  # device, whether on several threads, implementation


@dataclass(frozen=True)
class Known:
    """Noise between sittings of a kind of work, as it was measured.

    Attributes:
        common: variance of what a sitting does to all points of the kind.
        own: variance of what it does to a single one.
        freedom: degrees of freedom that both are worth on another machine, whose variances are
            taken to scatter about these as a scaled inverse chi-square: at 8, the noise of 95 % of
            machines is between .7 and 1.9 times this one.
    """

    common: float
    own: float
    freedom: float


@dataclass(frozen=True)
class Level:
    """A point of a machine.

    Attributes:
        centre: log of its rate.
        processes: variance that it has from its processes.
        alone: variance that it has from what sittings do to it alone; estimated over its kind.
        common: variance that it has from what sittings do to all points of its kind.
        kind: of its work.
        process: variance of a single process.
    """

    centre: float
    processes: Part
    alone: Part
    common: Part
    kind: Kind
    process: Part

    @property
    def estimate(self) -> Estimate:
        return Estimate(self.centre, (self.processes,), in_one(self.alone, self.common))


def levels(rated: DataFrame, point: list[str], number: str) -> dict[tuple[Any, ...], Level]:
    """Address of a point -> its level.

    Args:
        rated: processes of a machine, as :func:`rates.with_rates` returns them.
        point: columns of the address.
        number: ``best`` or ``typical``.
    """
    if rated.empty:
        return {}
    kinds: dict[Kind, dict[tuple[Any, ...], DataFrame]] = {}
    for key, own in rates.counted(rated, number).groupby(point):
        first = own.iloc[0]
        kind = (first.device, bool(first.threads > 1), first.implementation)
        kinds.setdefault(kind, {})[key] = own
    found: dict[tuple[Any, ...], Level] = {}
    for kind, points in kinds.items():
        logs = by_sitting(list(points.values()), number)
        slowed = np.array([number == rates.BEST and own.shared.all() for own in points.values()])
        found |= dict(zip(points, of_kind(logs, slowed, kind, known(kind, number)), strict=True))
    return found


def known(kind: Kind, number: str) -> Known:
    """Noise of a kind of work; of one that was never measured, the largest of the nearest kinds."""
    device, several, implementation = kind
    rows = [row for row in _noise() if row["number"] == number]
    for asked in (
        {"device": device, "threads": THREADS[several], "implementation": implementation},
        {"device": device, "threads": THREADS[several]},
        {"threads": THREADS[several]},
    ):
        near = [row for row in rows if all(row[k] == v for k, v in asked.items())]
        if near:
            common, own = (max(float(row[name]) for row in near) for name in ("common", "own"))
            return Known(common**2, own**2, min(float(row["freedom"]) for row in near))
    raise KeyError(kind)


THREADS = {False: "one", True: "several"}


@functools.cache
def _noise() -> list[dict[str, str]]:
    with NOISE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


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
        before: what is known of its sittings.
    """
    there = ~np.isnan(logs)
    size = there.sum(2)
    own = np.where(there, logs, 0.0)
    table = np.where(size > 0, own.sum(2) / np.maximum(size, 1), np.nan)
    squares = ((own - np.where(there, table[:, :, None], 0.0)) ** 2).sum((1, 2))
    freedom = np.maximum(size - 1, 0).sum(1)
    process, degrees = moderated(squares / np.maximum(freedom, 1), freedom.astype(float))
    noise = 0.0 if np.isnan(process).all() else float(np.mean(process) / size[size > 0].mean())
    common, alone = components(table, noise, before)
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


def over(variance: float, freedom: float, number: int) -> Part:
    """The part of a mean of so many; nothing where no variance is known."""
    return (float(variance) / number, float(freedom)) if freedom else (0.0, 1.0)


def doubted(part: Part, slowed: bool) -> Part:
    """A part with the doubt about the mode in which processes ran."""
    return (part[0] + math.log(rates.SHARED) ** 2, part[1]) if slowed else part


def components(table: np.ndarray, noise: float, before: Known) -> tuple[Part, Part]:
    """Variance between sittings that all points share, and that of each alone.

    Args:
        table: mean logs, ``(points, sittings)``; NaN where a point was not timed.
        noise: variance that the mean of a cell has from its processes.
        before: what is known of the kind.
    """
    whole = table[~np.isnan(table).any(axis=1)]
    points, sittings = whole.shape
    if points == 0 or sittings < 2:
        return (before.common, before.freedom), (before.own, before.freedom)
    apart = whole - whole.mean(axis=1, keepdims=True)
    shift = apart.mean(axis=0)
    common = drawn(float(np.sum(shift**2) / (sittings - 1)), sittings - 1, before.common, before)
    rest = (sittings - 1) * (points - 1)
    if rest == 0:
        return common, (before.own, before.freedom)
    found = float(np.sum((apart - shift) ** 2) / rest) - noise
    return common, drawn(max(found, 0.0), rest, before.own, before)


def drawn(found: float, freedom: float, usual: float, before: Known) -> Part:
    """A variance drawn towards the usual one."""
    total = freedom + before.freedom
    return (freedom * found + before.freedom * usual) / total, total


def together(points: Sequence[Level]) -> Estimate:
    """Mean level of points.

    What sittings do to one kind of work is taken to go along with what they do to another, which is
    the widest that can be.
    """
    n, kinds = len(points), Counter(point.kind for point in points)
    parts = {point.kind: (point.common, point.alone) for point in points}
    error = sum(kinds[kind] / n * math.sqrt(common[0]) for kind, (common, _) in parts.items())
    common = error**2, min(common[1] for common, _ in parts.values())
    alone = [(kinds[kind] / n**2 * own[0], own[1]) for kind, (_, own) in parts.items()]
    processes = tuple((point.processes[0] / n**2, point.processes[1]) for point in points)
    centre = sum(point.centre for point in points) / n
    return Estimate(centre, processes, in_one(common, *alone))
