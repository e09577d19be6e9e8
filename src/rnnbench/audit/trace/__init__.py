"""From a result to all it came of, by the records of jobs in the folder ``provenance``.

A file of the results, or a row of a table → the records it was gathered from → the jobs that made
them, with source, configuration and environment → what those read, down to what no job made. What
has changed since it was read is found. Results and bundles are followed alike. On the command line:
``python -m rnnbench trace results/tables/runs.csv:3:perplexity``.
"""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
from pandas import DataFrame

from rnnbench.audit import checks
from rnnbench.audit.tree import Tree
from rnnbench.base import csv_files
from rnnbench.base.errors import UserError
from rnnbench.base.files import digest_of, read_record
from rnnbench.base.parameters import RunConfig, TimingConfig
from rnnbench.provenance import bundle
from rnnbench.provenance.job_record import FOLDER, RESULTS

HASHES = {"manifest", "provenance", "evidence"}  # checks that say what changed, not what is said
KEYS = {  # columns that say whose row it is
    *(entry.name for config in (RunConfig, TimingConfig) for entry in dataclasses.fields(config)),
    *("order", "smoothing"),
}
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Trace:
    """The results of a folder, and of what each of them was made.

    Files have the names that the records of jobs give them: ``results/tables/runs.csv``.
    """

    root: Path  # the folder of results, or of a bundle
    _digests: dict[str, str | None] = field(default_factory=dict)

    @cached_property
    def made(self) -> dict[str, dict[str, Any]]:
        """Name of a file -> the record of the job that made it last."""
        records = map(read_record, sorted((self.root / FOLDER).rglob("*.json")))
        return {
            output: record
            for record in sorted(records, key=lambda record: str(record.get("ended")))
            for output in record["outputs"]
        }

    def inputs(self, name: str) -> dict[str, str]:
        """Name -> SHA-256 of what was read to make a file; empty for one that no job made."""
        read = self.made.get(name, {}).get("inputs", {})
        return {part: entry["sha256"] for part, entry in read.items()}

    def path(self, name: str) -> Path:
        """Where a file lies, or would lie."""
        inside = name.removeprefix(f"{RESULTS}/")
        return self.root / inside if inside != name else self.root.parent / name

    def sha256(self, name: str) -> str | None:
        """SHA-256 of a file as it is now; None where it is not here."""
        if name not in self._digests:
            path = self.path(name)
            self._digests[name] = digest_of(path) if path.is_file() else None
        return self._digests[name]

    def all_behind(self, name: str) -> dict[str, str]:
        """Name -> SHA-256, as it was read, of all that a file came of."""
        found, waiting = {}, [name]
        while waiting:
            for part, sha256 in self.inputs(waiting.pop()).items():
                if part not in found:
                    waiting.append(part)
                found[part] = sha256
        return found

    def changed(self, name: str) -> list[str]:
        """Files behind a file, and itself, that are here and no longer what was read or written."""
        own = self.made[name]["outputs"][name]["sha256"]
        told = {name: own} | self.all_behind(name)
        return [
            part for part, expected in told.items() if self.sha256(part) not in (None, expected)
        ]

    def contradictions(self, name: str) -> list[str]:
        """What is said in a file, or in one behind it, and is not what lies behind that."""
        own = {name, *self.all_behind(name)}
        return [f"{said}: {fault}" for said, fault in self._faults if said in own]

    @cached_property
    def _faults(self) -> list[tuple[str, str]]:
        """File and fault of all that the checks of integrity find in what files say."""
        looked_at = [group for check, group in checks.run(self._tree()) if check not in HASHES]
        return [(f"{RESULTS}/{c.name}", c.fault) for group in looked_at for c in group if c.fault]

    def _tree(self) -> Tree:
        """The same folder as it is audited; a bundle that is damaged is told of, not refused."""
        manifest = self.root / bundle.MANIFEST
        if manifest.is_file():
            return Tree(str(self.root), self.root, "bundle", json.loads(manifest.read_bytes()))
        return Tree.of_results(self.root)

    def parts(self, name: str, row: Row) -> list[str]:
        """Those inputs of a table that a row of it was gathered from.

        An input is left out where the job that made it, or every row in it, has another value of a
        column that says whose row it is. A row that says why there is nothing has none.
        """
        agreeing = [part for part in self.inputs(name) if self._agrees(part, row)]
        return agreeing or ([] if known(row.get("reason")) else list(self.inputs(name)))

    def _agrees(self, name: str, row: Row) -> bool:
        job = self.made.get(name, {})
        facts = {**job.get("wildcards", {}), **job.get("params", {}).get("run", {})}
        shared = KEYS & row.keys() & facts.keys()
        if not all(equal(facts[key], row[key]) for key in shared):
            return False
        inside = self.rows(name)
        shared = KEYS & row.keys() & set(inside)
        same = [inside[key].map(lambda v, key=key: equal(v, row[key])) for key in sorted(shared)]
        return bool(pd.concat(same, axis=1).all(axis=1).any()) if same else True

    def rows(self, name: str) -> DataFrame:
        """What a record or a table says; nothing for files of another kind, or not here."""
        path = self.path(name)
        if path.suffix == ".json" and path.is_file():
            return DataFrame([read_record(path)])
        return csv_files.read(path) if path.suffix == ".csv" and path.is_file() else DataFrame()


def opened(path: str | Path) -> tuple[Trace, str]:
    """The trace of the folder that a file lies in, and the file's name there.

    Raises:
        UserError: no such file, or no records of jobs above it, or no job made it.
    """
    path = Path(path).absolute()
    if not path.is_file():
        raise UserError(f"{path.name}: expected a file of the results, found no such file.")
    root = next((above for above in path.parents if (above / FOLDER).is_dir()), None)
    if root is None:
        raise UserError(
            f"{path.name}: expected a file of results or of a bundle, found no folder {FOLDER} "
            "above "
            "it. Make the results again with this release."
        )
    trace, name = Trace(root), f"{RESULTS}/{path.relative_to(root).as_posix()}"
    if name not in trace.made:
        raise UserError(
            f"{name}: no record of a job says that it made this file. Ask for one that a rule "
            "of the workflow names, or make it again."
        )
    return trace, name


def pick(table: DataFrame, name: str, chosen: str, column: str) -> dict[str, Any]:
    """One row of a table as a dict.

    Raises:
        UserError: the choice fits no row, or several; or there is no such column.
    """
    if column and column not in table:
        raise UserError(f"{name}: no column {column}; there are {', '.join(table)}.")
    if chosen.isdigit():
        fits = table.iloc[int(chosen) - 1 : int(chosen)] if int(chosen) else table[:0]
    else:
        asked = dict(part.partition("=")[::2] for part in chosen.split(","))
        unknown = [key for key in asked if key not in table]
        if unknown:
            raise UserError(f"{name}: no column {unknown[0]}; there are {', '.join(table)}.")
        fits = table[
            [all(equal(row[k], v) for k, v in asked.items()) for _, row in table.iterrows()]
        ]
    if len(fits) != 1:
        raise UserError(f"{name}: expected one row, {chosen} fits {len(fits)} of {len(table)}.")
    return fits.iloc[0].to_dict()


def known(value: Any) -> bool:
    """Whether a cell says something."""
    return value is not None and value == value


def equal(left: Any, right: Any) -> bool:
    """Whether two values are the same, as numbers where both are; unknown is equal to all."""
    if not (known(left) and known(right)):
        return True
    try:
        return float(left) == float(right)
    except (TypeError, ValueError):
        return str(left) == str(right)
