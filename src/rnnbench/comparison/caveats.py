"""What was asked for and is not there, on each machine, with the reason."""

from collections.abc import Sequence

import pandas as pd
from pandas import DataFrame

from rnnbench.base.parameters import CONVERGED, DIVERGED, MEASURED, UNCONVERGED
from rnnbench.comparison.published.machine import Machine
from rnnbench.tables import columns

COLUMNS = ["machine", "part", *columns.TIMING[1:], "corpus", "seed", "status", "reason"]
DONE = {MEASURED, CONVERGED, UNCONVERGED, DIVERGED}
PARTS = ("speed", "runs", "inference", "breakdown", "scaling", "launches", "probes")
NOT_THERE = "not in the bundle"


def table(machines: Sequence[Machine]) -> DataFrame:
    """One row per machine and thing that it lacks; of a whole table that it lacks, one row."""
    parts = [_of(machine, part) for machine in machines for part in PARTS]
    found = pd.concat([DataFrame(columns=COLUMNS, dtype=object), *parts], ignore_index=True)
    return found.drop_duplicates().reset_index(drop=True)


def _of(machine: Machine, part: str) -> DataFrame:
    own = {"machine": machine.label, "part": part}
    if f"tables/{part}.csv" not in machine.bundle.files:
        reason = f"the bundle has no table {part}"
        return DataFrame([own | {"status": NOT_THERE, "reason": reason}], dtype=object)
    rows = machine.table(f"tables/{part}.csv", ["status", "reason"])
    return rows[~rows.status.isin(DONE)].assign(**own).reindex(columns=COLUMNS).astype(object)
