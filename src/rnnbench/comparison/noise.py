"""By how much a machine differs from itself: what each timed twice within a sitting."""

from collections.abc import Sequence

import pandas as pd
from pandas import DataFrame

from rnnbench.comparison.published.machine import Machine
from rnnbench.tables import columns

COLUMNS = columns.COLUMNS["noise"]


def table(machines: Sequence[Machine]) -> DataFrame:
    """One row per point that a machine timed twice; of these intervals 95 % should hold 1."""
    parts = [machine.speeds.noise().assign(machine=machine.label) for machine in machines]
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else DataFrame(columns=COLUMNS)
