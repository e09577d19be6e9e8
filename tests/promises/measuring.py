"""What the sittings of a machine tell: the noise between them, for ``statistics/noise.csv``, and
how often two machines that are made of them are told apart."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from pandas import DataFrame

from rnnbench.base.errors import UserError
from rnnbench.tables import columns
from rnnbench.tables.speeds import Speeds
from rnnbench.timing.statistics import rates, ratios, sittings
from rnnbench.timing.statistics.between import THREADS, Kind, Known, components
from rnnbench.timing.statistics.sittings import Level

NOTHING = Known(0.0, 0.0, 0.0)
FREEDOM = 8  # what the noise of one machine is worth on another: see docs/statistics.md
FEWEST = 3
EACH = 2  # sittings of a machine that is made of another's
SLOWDOWN = np.log(1.05)  # of one of them


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
    enough(samples, FEWEST)
    rated = rates.with_rates(samples, columns.TIMING)
    return DataFrame(
        [row for number in (rates.BEST, rates.TYPICAL) for row in _rows(rated, number)]
    )


def enough(samples: DataFrame, fewest: int) -> None:
    found = samples.sitting.nunique()
    if found < fewest:
        raise UserError(
            f"noise: expected timings of at least {fewest} sittings, found {found}. Add some: "
            "make sitting"
        )


def _rows(rated: DataFrame, number: str) -> Iterator[dict[str, Any]]:
    kinds = sittings.by_kind(rates.counted(rated, number), columns.TIMING)
    logs = {kind: sittings.by_sitting([*own.values()], number) for kind, own in kinds.items()}
    tables = {kind: sittings.of_processes(own) for kind, own in logs.items()}
    along = correlation({kind: table for kind, (table, *_) in tables.items()})
    for kind, (table, _, _, (process, _)) in tables.items():
        size = (~np.isnan(logs[kind])).sum(2)
        (common, _), (own, _) = components(table, process / size[size > 0].mean(), NOTHING)
        device, several, implementation = kind
        facts = {"number": number, "device": device, "threads": THREADS[several]}
        facts |= {"implementation": implementation}
        scatter = process**0.5
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


def resampled(samples: DataFrame) -> DataFrame:
    """Shares and means over all ways to make two machines of EACH sittings out of one; one row.

    Args:
        samples: as those of :func:`measured`.

    Raises:
        UserError: too few sittings.
    """
    enough(samples, 2 * EACH)
    some = itertools.combinations(sorted({*samples.sitting}), EACH)
    levels = {own: Speeds(samples[samples.sitting.isin(own)]).best for own in some}
    pairs = [two for two in itertools.combinations(levels, 2) if not {*two[0]} & {*two[1]}]
    rows = [_compared(levels[one], levels[other]) for one, other in pairs]
    return DataFrame([{"pairs": len(rows)} | DataFrame(rows).astype(float).mean().to_dict()])


def _compared(above: dict[Any, Level], below: dict[Any, Level]) -> dict[str, Any]:
    """What is said of equal machines, and of the same where one is 5 % faster or slower."""
    both = [key for key in above if key in below]
    one, other = (sittings.together([side[key] for key in both]) for side in (above, below))
    overall = one - other
    singles = [above[key].estimate - below[key].estimate for key in both]
    p = np.array([single.p() for single in singles])
    moved = [replace(overall, centre=overall.centre + by) for by in (SLOWDOWN, -SLOWDOWN)]
    right = [there.centre * by > 0 for there, by in zip(moved, (1, -1), strict=True)]
    found = [there.p() < ratios.ALPHA for there in moved]
    return {
        "overall_false": overall.p() < ratios.ALPHA,
        "any_single_false": len(p) * p.min() < ratios.ALPHA,
        "singles_contain_1": np.mean(p >= ratios.ALPHA),
        "5_percent_found": np.mean([a and b for a, b in zip(found, right, strict=True)]),
        "overall_reach": overall.interval()[1] / overall.factor - 1,
    }
