"""What each machine could do at most, and the share of it that each point reaches."""

from collections.abc import Sequence

import pandas as pd
from pandas import DataFrame

from rnnbench.comparison.published.machine import Machine
from rnnbench.tables import columns
from rnnbench.tables.timed import LIMITS

ENERGY = ["joules_per_million_tokens", "energy_source", "peak_memory_bytes"]
SPEED = [
    *("tokens_per_second", "low", "high", "typical_tokens_per_second", "typical_low"),
    *("typical_high", "sittings", "processes"),
]
COLUMNS = [*columns.TIMING, *SPEED, *LIMITS, *ENERGY, "status", "reason"]


def table(machines: Sequence[Machine]) -> DataFrame:
    """One row per machine and point, measured or not."""
    parts = [m.points.assign(machine=m.label).reindex(columns=COLUMNS) for m in machines]
    filled = [part.dropna(axis="columns", how="all") for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True).reindex(columns=COLUMNS) if filled else parts[0]
