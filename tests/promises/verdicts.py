"""Two simulated machines held against each other over a table of work, as ``hardware.pairs`` does.

Each machine times its points in one sitting, the first of them twice, as arms a and b: that A/A
test is its noise floor, and in the comparison the processes of both arms count.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas import DataFrame

from rnnbench.base.parameters import MEASURED
from rnnbench.timing.statistics import ratios
from rnnbench.timing.statistics.ratios import Comparison

from . import sittings
from .noise_model import Windows


@dataclass(frozen=True)
class Machine:
    """Many sittings of one machine.

    Attributes:
        twice: levels of the arms of the point that is timed twice, ``(sittings, 2, processes)``.
        once: levels of the other points, ``(sittings, points - 1, processes)``.
        disturbed: whether disturbed windows had to be used, ``(sittings, points)``.
    """

    twice: np.ndarray
    once: np.ndarray
    disturbed: np.ndarray

    @classmethod
    def of(cls, windows: Windows) -> "Machine":
        """Take the first two points of ``(sittings, points + 1, processes, windows)`` as arms."""
        found, disturbed = sittings.marked_levels(windows)
        both = np.concatenate([disturbed[:, :2].any(1, keepdims=True), disturbed[:, 2:]], axis=1)
        return cls(found[:, :2], found[:, 2:], both)

    @classmethod
    def undisturbed(cls, speeds: np.ndarray) -> "Machine":
        """The same where nothing disturbs."""
        found = sittings.levels(speeds)
        return cls(found[:, :2], found[:, 2:], np.zeros((len(found), found.shape[1] - 1), bool))

    @property
    def floors(self) -> np.ndarray:
        """Noise floor of each sitting, ``(sittings,)``."""
        found = sittings.contrast(self.twice[:, 1], self.twice[:, 0])[:3].T
        tests = [Comparison(ratio, low, high, np.nan, 0, 0) for ratio, low, high in found]
        return np.array([ratios.noise_floor([test]) for test in tests])


def table(above: Machine, below: Machine) -> DataFrame:
    """Judge every sitting of one machine against one of another, by ``comparison.judge``.

    Returns:
        One row per sitting (column ``machine``) and ``point``.
    """
    both = [side.twice.reshape(len(side.twice), 1, -1) for side in (above, below)]
    parts = sittings.contrast(*both), sittings.contrast(above.once, below.once)
    found = np.concatenate(parts, axis=-1)
    sitting, point = np.indices(found.shape[1:])
    floors = np.maximum(above.floors, below.floors)[:, None] * np.ones(found.shape[1:])
    columns = dict(zip(["ratio", "low", "high", "p"], found, strict=True))
    columns |= {"machine": sitting, "point": point, "noise_floor": floors}
    columns |= {"disturbed": above.disturbed | below.disturbed}
    rows = DataFrame({name: values.ravel() for name, values in columns.items()})
    return ratios.judge(rows.assign(baseline="", status=MEASURED))


def told_apart(judged: DataFrame) -> pd.Series:
    """Whether a row of :func:`table` says faster or slower."""
    return judged.verdict.isin([ratios.FASTER, ratios.SLOWER])
