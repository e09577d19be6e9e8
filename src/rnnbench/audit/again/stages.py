"""What a job of another stage made, beside what it made again: sine, memory, gradients, texts.

Values are promised to be equal where nothing was trained, and by the same arithmetic and source.
Elsewhere training parts within tens of epochs: there the means of every column must lie within the
margin, or nothing is said.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pandas import DataFrame

from rnnbench.audit.again import rows
from rnnbench.audit.again.classes import (
    BITWISE,
    CLASSES,
    DIFFERS,
    NOT_COMPARABLE,
    NUMERICAL,
    Judged,
)
from rnnbench.audit.again.remake import Scratch
from rnnbench.audit.again.sample import Item
from rnnbench.audit.derived import gathered, rules
from rnnbench.audit.tree import PROVENANCE, Tree
from rnnbench.base import csv_files
from rnnbench.base.files import read_record
from rnnbench.tables import gather

SHORT = 12  # digits of a hash


@dataclass(frozen=True)
class Pair:
    """Rows that are there, and those that were made again, of one file or table."""

    name: str
    there: DataFrame
    again: DataFrame


def judge(tree: Tree, scratch: Scratch, item: Item, margin: float) -> Judged:
    """The worst of what is said of each file of a job."""
    made = read_record(scratch.path(f"{PROVENANCE}{item.name}.json"))
    there, again = _of_bundle(tree, made), _arithmetic(made)
    if tree.kind == "results":
        there = _arithmetic(tree.record(f"{PROVENANCE}{item.name}.json"))
    pairs = list(_pairs(tree, scratch, item))
    judged = [_judged(pair, there, again, margin) for pair in pairs]
    worst = max(judged, key=lambda found: CLASSES.index(found.verdict))
    if worst.verdict != BITWISE:
        return worst
    count = sum(len(pair.there) for pair in pairs)
    return Judged(BITWISE, f"{count} rows of {len(pairs)} tables are equal in every digit")


def _pairs(tree: Tree, scratch: Scratch, item: Item) -> Iterator[Pair]:
    if tree.kind == "results":
        for name in item.files:
            yield Pair(name, _read(tree.path(name)), _read(scratch.path(name)))
        return
    for table, parts in gathered.of_one_stage(tree).items():
        for part in set(parts) & set(item.files):
            kind = Path(table).stem
            made = rows.as_written(gather.gather(kind, [str(scratch.path(part))], []))
            whole = csv_files.read(tree.path(table))
            there = whole[gathered.rows_of(whole, part)].reset_index(drop=True)
            yield Pair(table, there, made)


def _judged(
    pair: Pair, there: Mapping[str, str], again: Mapping[str, str], margin: float
) -> Judged:
    sides = rows.told(pair.there), rows.told(pair.again)
    found = rows.close(*sides)
    if found.verdict != DIFFERS:
        return found
    words, unlike = f"{pair.name}: {found.evidence}", _unlike(there, again)
    if len(sides[0]) != len(sides[1]) or not again.get("numerics_id"):
        return Judged(DIFFERS, words)
    if not unlike:
        return Judged(DIFFERS, f"the same arithmetic gave different values: {words}")
    share, column = rows.apart(*sides)
    verdict = NUMERICAL if share <= margin else NOT_COMPARABLE
    return Judged(
        verdict,
        f"{pair.name}: means differ by up to {share:.1e}, in {column}, margin {margin:.0%}; "
        f"conditions that differ: {unlike}",
    )


def _unlike(there: Mapping[str, str], again: Mapping[str, str]) -> str:
    pairs = ((name, there.get(name, "untold"), again[name]) for name in again)
    return ", ".join(f"{name} {one}, here {other}" for name, one, other in pairs if one != other)


def _arithmetic(job: Mapping[str, Any]) -> dict[str, str]:
    """What the record of a job says of all that its bits depend on."""
    source = job.get("params", {}).get("source")
    digest = source.get("sha256") if isinstance(source, dict) else source
    mode = job.get("determinism", {}).get("mode")
    found = {"numerics_id": job.get("numerics_id"), "source": digest, "determinism": mode}
    return {key: str(value)[:SHORT] for key, value in found.items() if value}


def _of_bundle(tree: Tree, made: Mapping[str, Any]) -> dict[str, str]:
    """The same of a job that a bundle has no record of: as its runs say, and its head."""
    records = map(tree.record, tree.run_names)
    ids = {str(record.get("numerics_id")) for record in records if record.get("device") == "cpu"}
    found = {"numerics_id": " or ".join(sorted(ids))[:SHORT]}
    if tree.head.get("source_sha256") == rules.whole_source():
        found |= {"source": _arithmetic(made).get("source", "")}
    mode = tree.configuration.get("runs", {}).get("determinism")
    return found | {"determinism": str(mode)}


def _read(path: Path) -> DataFrame:
    if path.suffix == ".json":
        return DataFrame([read_record(path)])
    return csv_files.read(path)
