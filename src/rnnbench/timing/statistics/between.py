"""Noise between sittings: what is known of it, and what a few sittings add to that.

Few sittings tell little of how much sittings differ, so variances are drawn towards those measured
on a machine that was timed often (noise.csv beside this file); of a single sitting these are all
there is. They are told in terms of the scatter of processes: where neighbours come and go within a
sitting, processes scatter and so do sittings, and on a quiet machine neither does.
"""

import csv
import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rnnbench.timing.statistics.estimates import Part

NOISE = Path(__file__).with_name("noise.csv")
Kind = tuple[str, bool, str]  # device, whether on several threads, implementation


@dataclass(frozen=True)
class Known:
    """Noise between sittings of a kind of work."""

    common: float  # variance of what a sitting does to all points of the kind
    own: float  # variance of what it does to a single one
    # degrees of freedom that both are worth on another machine, whose variances are taken to
    # scatter about these as a scaled inverse chi-square: at 8, the noise of 95 % of machines is
    # between .7 and 1.9 times this one
    freedom: float

    def scaled(self, process: Part) -> "Known":
        """The same where a process has this variance, as far as that is known."""
        variance, freedom = process
        together = 1 / (1 / self.freedom + 1 / freedom)  # relative errors of a product add up
        return Known(variance * self.common, variance * self.own, together)


def known(kind: Kind, number: str) -> Known:
    """Noise of a kind of work, where a process has a variance of 1.

    Of a kind that was never measured it is the largest of the nearest kinds.
    """
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
