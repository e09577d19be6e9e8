"""Processes of a campaign to the tables of speed: what each point reaches, and against another."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np
from pandas import DataFrame

from rnnbench.base import presets
from rnnbench.base.parameters import MEASURED
from rnnbench.tables import columns
from rnnbench.timing.statistics import rates, sittings
from rnnbench.timing.statistics.sittings import Level

Address = tuple[Any, ...]


class Speeds:
    """What the samples of one machine say, one row per process."""

    def __init__(self, samples: DataFrame):
        self.rated = rates.with_rates(samples, columns.TIMING)

    @cached_property
    def points(self) -> dict[Address, DataFrame]:
        """Address of a point -> its processes."""
        if self.rated.empty or rates.STEPS not in self.rated:
            return {}
        return dict(list(self.rated.groupby(columns.TIMING, sort=False)))

    @cached_property
    def best(self) -> dict[Address, Level]:
        """Address of a point -> its level at its best."""
        return self._levels(rates.BEST)

    @cached_property
    def typical(self) -> dict[Address, Level]:
        """Address of a point -> its typical level."""
        return self._levels(rates.TYPICAL)

    def _levels(self, number: str) -> dict[Address, Level]:
        return sittings.levels(self.rated, columns.TIMING, number) if self.points else {}

    def summary(self, point: Mapping[str, Any]) -> dict[str, Any]:
        """Columns of the row of a point; of one without samples, none."""
        key = tuple(point[name] for name in columns.TIMING)
        if point["status"] != MEASURED or key not in self.points:
            return {}
        estimates = self.best[key].estimate, self.typical[key].estimate
        return rates.summary(self.points[key], *estimates)

    def noise(self) -> DataFrame:
        """One row per point that was timed twice: by what factor the two differ."""
        found = [(k, rates.noise(own, self.best[k].process)) for k, own in self.points.items()]
        rows = [dict(zip(columns.TIMING, key, strict=True)) | row for key, row in found if row]
        return DataFrame(rows, columns=columns.COLUMNS["noise"])


def speedup(samples: DataFrame, use: DataFrame) -> DataFrame:
    """One row per point beside which torch.nn was timed on the same model, all else equal.

    ``gru`` by other implementations and ``gru_scratch`` are compared with ``gru`` by torch.nn.

    Args:
        samples: processes that train.
        use: windows of processes that use a model; the number of a process is that of its round.
    """
    works = {"training": Speeds(samples).points}
    if len(use):
        use = use[use.counted].assign(sitting=1, round=use.process)
        use[rates.BEST] = np.log(use.num_tokens / use.seconds)
        modes = use.groupby("mode", sort=False)
        works |= {
            mode: dict(list(part.groupby(columns.TIMING, sort=False))) for mode, part in modes
        }
    rows = [row for work, points in works.items() for row in _beside_torch(points, work)]
    return DataFrame(rows, columns=columns.COLUMNS["speedup"])


def _beside_torch(points: Mapping[Address, DataFrame], work: str) -> Iterator[dict[str, Any]]:
    for key, own in points.items():
        point = dict(zip(columns.TIMING, key, strict=True))
        library = {"variant": presets.library(point["variant"]), "implementation": "torch_nn"}
        baseline = points.get(tuple((point | library).values()))
        if baseline is not None and baseline is not own:
            found = rates.speedup(own, baseline)
            if found:
                yield point | {"work": work, "baseline": library["variant"]} | found
