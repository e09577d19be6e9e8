"""By how much a machine differs from itself: the A/A tests of each, and the floor they make."""

from collections.abc import Sequence

from pandas import DataFrame

from rnnbench.comparison.published.machine import Machine
from rnnbench.tables import columns

COLUMNS = ["machine", *columns.TIMING[1:], "ratio", "low", "high", "n", "processes", "floor"]


def table(machines: Sequence[Machine]) -> DataFrame:
    """One row per point that a machine timed twice; ``floor`` is that of its device and threads."""
    rows = []
    for machine in machines:
        for key, found in machine.twice.items():
            address = dict(zip(columns.TIMING, key, strict=True)) | {"machine": machine.label}
            rows.append(
                {
                    **address,
                    **vars(found),
                    "floor": machine.floor(address["device"], address["threads"]),
                }
            )
    return DataFrame(rows, columns=COLUMNS)
