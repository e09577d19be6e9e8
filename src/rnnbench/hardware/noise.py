"""By how much a machine differs from itself: the A/A tests of each, and the floor they make."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from pandas import DataFrame

from rnnbench import tables
from rnnbench.hardware.machine import Machine

COLUMNS = ["machine", *tables.TIMING_KEYS[1:], "ratio", "low", "high", "n", "processes", "floor"]


def table(machines: Sequence[Machine]) -> DataFrame:
    """One row per point that a machine timed twice; ``floor`` is that of the machine and device."""
    rows = []
    for machine in machines:
        for key, found in machine.twice.items():
            address = dict(zip(tables.TIMING_KEYS, key, strict=True)) | {"machine": machine.label}
            rows.append({**address, **vars(found), "floor": machine.floors[address["device"]]})
    return DataFrame(rows, columns=COLUMNS)


def between(floors: Sequence[dict[str, float]], devices: Sequence[str]) -> float:
    """The floor of a comparison of two machines: the larger one; NaN if one is not known."""
    found = [floor.get(device, np.nan) for floor, device in zip(floors, devices, strict=True)]
    return np.nan if any(map(pd.isna, found)) else max(found)
