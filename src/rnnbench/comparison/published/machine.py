"""What one bundle tells of its machine, as tables that were checked.

Nothing here needs torch.
"""

import dataclasses
import hashlib
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from pandas import DataFrame, Series

from rnnbench.base import csv_files, presets
from rnnbench.base.parameters import GRID, TimingConfig
from rnnbench.provenance.bundle import MANIFEST, Bundle, BundleError
from rnnbench.tables import columns
from rnnbench.tables.speeds import Speeds
from rnnbench.timing.statistics import rates

POINT = [*columns.TIMING, "status", "reason"]
SAMPLE = [*columns.TIMING, "process"]
RUN = [*GRID[1:], "status"]
CURVE = [*GRID[1:], "epoch", "num_tokens"]
NUMBERS = {"seconds", "num_tokens", "epoch", "validation_total_nats", "validation_num_tokens"}
NUMBERS |= {"heldout_total_nats", "heldout_num_tokens"}
NUMBERS |= {"cpu_seconds", "sitting", "round", "epochs", "train_seconds"}
NUMBERS |= {field.name for field in dataclasses.fields(TimingConfig) if field.type is not str}


@dataclass(frozen=True, eq=False)
class Machine:
    """What one bundle tells."""

    label: str  # name of the hardware, with a number where several bundles are of one name
    file: str  # name of the folder or zip
    bundle: Bundle  # its content

    @property
    def name(self) -> str:
        """Name of the hardware."""
        return self.bundle.manifest["machine"]

    @property
    def digest(self) -> str:
        """SHA-256 of the manifest."""
        return hashlib.sha256(self.bundle.contents[MANIFEST]).hexdigest()

    @cached_property
    def facts(self) -> dict[str, Any]:
        """Field of the fingerprint -> value; that of the job that timed goes before all others."""
        found = self.table("tables/machines.csv", ["field", "value"])
        timed = self.bundle.files.get(f"speed/machine={self.name}/fingerprint.json", b"{}")
        try:
            told = dict(json.loads(timed))
        except (ValueError, TypeError) as error:
            raise self.fault("fingerprint.json", "a JSON record", f"{error}") from None
        told.pop("schema_version", None)
        return dict(zip(found.field, found.value, strict=True)) | told | {"machine": self.name}

    @cached_property
    def campaign(self) -> dict[str, Any]:
        """What became of the campaign, and the state of the machine around it."""
        rows = self.table("tables/campaign.csv", []).to_dict("records")
        return rows[0] if rows else {}

    @cached_property
    def points(self) -> DataFrame:
        """The table ``speed``: one row per point, measured or not."""
        return self.table("tables/speed.csv", POINT)

    @cached_property
    def speeds(self) -> Speeds:
        """What the steps of the campaign say; nothing in a bundle of a release that kept none."""
        file = f"speed/machine={self.name}/samples.csv"
        found = self.table(file, SAMPLE)
        if rates.STEPS in found and not all(map(_sound, found[rates.STEPS])):
            raise self.fault("samples.csv", "times of steps above 0", "others")
        return Speeds(found)

    @cached_property
    def launches(self) -> dict[tuple[Any, ...], dict[str, Any]]:
        """Address of a point -> its row of the table ``launches``, where there is one."""
        rows = self.table("tables/launches.csv", columns.TIMING).to_dict("records")
        return {tuple(row[key] for key in columns.TIMING): row for row in rows}

    @cached_property
    def runs(self) -> DataFrame:
        """The table ``runs``; empty in a bundle of timings alone."""
        return self.table("tables/runs.csv", RUN)

    @cached_property
    def curves(self) -> DataFrame:
        """One row per epoch of each run of the grid."""
        names = [n for n in self.bundle.files if n.startswith("runs/") and n.endswith("/curve.csv")]
        parts = [self.table(name, CURVE) for name in names]
        return pd.concat(parts, ignore_index=True) if parts else DataFrame(columns=CURVE)

    def table(self, name: str, columns: Sequence[str]) -> DataFrame:
        """Read one table; a bundle without it, or without a row in it, has an empty one.

        Raises:
            BundleError: no table, a column is missing or of another kind, or another machine's row.
        """
        if name not in self.bundle.files:
            return _empty(columns)
        try:
            found = presets.modern(csv_files.parse(io.BytesIO(self.bundle.files[name])))
            numbers = [column for column in columns if column in NUMBERS and column in found]
            found = found.assign(**{column: pd.to_numeric(found[column]) for column in numbers})
        except ValueError as error:
            raise self.fault(
                name, "a table of numbers and words", " ".join(f"{error}".split())
            ) from None
        lacking = [column for column in columns if column not in found]
        if found.empty:  # as of a campaign that admitted nothing
            return _empty([*found, *lacking])
        if lacking:
            raise self.fault(name, f"the columns {', '.join(columns)}", f"no {lacking[0]}")
        strangers = {*found.get("machine", [])} - {self.name}
        if strangers:
            raise self.fault(name, f"rows of {self.name}", f"of {min(map(str, strangers))}")
        return found

    def fault(self, name: str, expected: str, found: str) -> BundleError:
        return BundleError(
            f"{self.file}: {name}: expected {expected}, found {found[:200]}. Remove the bundle, or "
            "publish it again with the release that made it."
        )


def _sound(times: Any) -> bool:
    """Whether the times of a process are numbers above 0."""
    try:
        seconds = rates.seconds(times)
    except ValueError:
        return False
    return bool(len(seconds) and np.isfinite(seconds).all() and (seconds > 0).all())


def _empty(columns: Iterable[str]) -> DataFrame:
    kinds = {column: float if column in NUMBERS else object for column in columns}
    return DataFrame({column: Series(dtype=kind) for column, kind in kinds.items()})
