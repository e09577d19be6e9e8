"""The noise between the sittings of a machine, for ``statistics/noise.csv``."""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from pandas import DataFrame

from rnnbench.base.errors import UserError
from rnnbench.tables import columns
from rnnbench.timing.statistics import rates, sittings
from rnnbench.timing.statistics.between import THREADS, Kind, Known, components

NOTHING = Known(0.0, 0.0, 0.0)
FREEDOM = 8  # what the noise of one machine is worth on another: see docs/statistics.md
FEWEST = 3


def joined(files: list[DataFrame]) -> DataFrame:
    """Samples of several bundles of one machine; each file has sittings of its own."""
    parts, before = [], 0
    for samples in files:
        number = samples.sitting.rank(method="dense").astype(int) + before
        parts.append(samples.assign(sitting=number, machine="machine"))
        before = int(number.max())
    return pd.concat(parts, ignore_index=True)


def measured(samples: DataFrame) -> DataFrame:
    """Rows of noise.csv, and ``along``: how kinds of work go along from sitting to sitting.

    Args:
        samples: one row per process, as a campaign writes them.

    Raises:
        UserError: too few sittings.
    """
    found = samples.sitting.nunique()
    if found < FEWEST:
        raise UserError(
            f"noise: expected timings of at least {FEWEST} sittings, found {found}. Add some: "
            "snakemake --cores all publish"
        )
    rated = rates.with_rates(samples, columns.TIMING)
    return DataFrame(
        [row for number in (rates.BEST, rates.TYPICAL) for row in _rows(rated, number)]
    )


def _rows(rated: DataFrame, number: str) -> Iterator[dict[str, Any]]:
    kinds = sittings.by_kind(rates.counted(rated, number), columns.TIMING)
    logs = {kind: sittings.by_sitting([*own.values()], number) for kind, own in kinds.items()}
    tables = {kind: sittings.of_processes(own) for kind, own in logs.items()}
    along = correlation({kind: table for kind, (table, *_) in tables.items()})
    for kind, (table, process, _, noise) in tables.items():
        (common, _), (own, _) = components(table, noise, NOTHING)
        device, several, implementation = kind
        facts = {"number": number, "device": device, "threads": THREADS[several]}
        facts |= {"implementation": implementation}
        scatter = np.mean(process) ** 0.5
        sizes = {"common": common**0.5 / scatter, "own": own**0.5 / scatter, "process": scatter}
        told = {name: round(float(size), 5) for name, size in sizes.items()}
        yield facts | told | {"freedom": FREEDOM, "sittings": table.shape[1], "along": along}


def correlation(tables: dict[Kind, np.ndarray]) -> float:
    """Mean correlation between kinds of what sittings do to all work of each."""
    whole = [table[~np.isnan(table).any(axis=1)] for table in tables.values()]
    shifts = [(own - own.mean(axis=1, keepdims=True)).mean(axis=0) for own in whole if len(own)]
    pairs = itertools.combinations(shifts, 2)
    found = [np.corrcoef(*pair)[0, 1] for pair in pairs if len({len(one) for one in pair}) == 1]
    return round(float(np.mean(found)), 2) if found else np.nan
