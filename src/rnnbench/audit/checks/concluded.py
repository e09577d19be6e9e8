"""Findings, gates and the sentences of figures are what their tables give once more.

Of results that another source made, as that of another release, nothing is held: it may have other
words for the same tables.
"""

import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from pandas import DataFrame
from pandas.api.types import is_numeric_dtype

from rnnbench.audit.checks import Checked, unlike
from rnnbench.audit.derived.rules import of_this_source
from rnnbench.audit.tree import Tree, inside
from rnnbench.base import csv_files
from rnnbench.report import claims, figures
from rnnbench.tables import columns, gates

GATED = ("runs", "ngram_lm", "zipf", "floor", "predictors")
Tables = dict[str, DataFrame]


def check(tree: Tree) -> Iterator[Checked]:
    """Conclude from the tables again, in seconds."""
    read = cache(lambda name: csv_files.read(tree.path(name)))
    for job in tree.provenance.values():
        parts = [part for part in map(inside, job.get("inputs", {})) if part.endswith(".csv")]
        files = [*parts, *map(inside, job.get("outputs", {}))]
        there = all(tree.sha256(name) is not None for name in files)  # a bundle has not all
        if job.get("rule") in AGAIN and there and of_this_source(job):
            tables = {Path(part).stem: read(part) for part in parts}
            yield from AGAIN[job["rule"]](tree, job, tables)


def _findings(tree: Tree, job: Mapping[str, Any], tables: Tables) -> Iterator[Checked]:
    table, page = map(inside, job["outputs"])
    judged = claims.findings(tables)
    yield Checked(table, _differs(tree.path(table), judged))
    written = claims.page(judged, job["params"]["study"])
    yield Checked(page, _other_words(tree.path(page), written))


def _gates(tree: Tree, job: Mapping[str, Any], tables: Tables) -> Iterator[Checked]:
    name = inside(next(iter(job["outputs"])))
    given = (tables[table] if table in tables else columns.table(table) for table in GATED)
    yield Checked(name, _differs(tree.path(name), gates.verdicts(*given)))


def _figure(tree: Tree, job: Mapping[str, Any], tables: Tables) -> Iterator[Checked]:
    for name in map(inside, job["outputs"]):
        if name.endswith(".txt"):
            said = figures.finding(Path(name).stem, tables)
            yield Checked(name, _other_words(tree.path(name), f"{said}\n"))


AGAIN = {"findings": _findings, "gates": _gates, "figure": _figure}


def _other_words(path: Path, again: str) -> str:
    found = path.read_text(encoding="utf-8") if path.is_file() else ""
    lines = zip([*found.split("\n"), ""], [*again.split("\n"), ""], strict=False)
    pairs = ((line, other) for line, other in lines if line != other)
    return unlike(*next(((other, line) for line, other in pairs), ("", "")))


def _differs(path: Path, made: DataFrame) -> str:
    """Where a table is another than what is made again; numbers as close as other processors."""
    with tempfile.TemporaryDirectory() as folder:
        csv_files.write(Path(folder, path.name), made)
        again = csv_files.read(Path(folder, path.name))
    found = csv_files.read(path)
    if (list(found), len(found)) != (list(again), len(again)):
        return f"expected {len(again)} rows of {', '.join(again)}, found {len(found)}"
    for column in again:
        pair = found[column], again[column]
        if all(map(is_numeric_dtype, pair)):
            same = np.isclose(*pair, rtol=1e-9, atol=0, equal_nan=True)
        else:
            same = (pair[0] == pair[1]) | (pair[0].isna() & pair[1].isna())
        if not all(same):
            place = int(np.flatnonzero(~np.asarray(same, bool))[0])
            expected, there = pair[1].iloc[place], pair[0].iloc[place]
            return f"row {place + 1}, {column}: its tables give {expected}, the file says {there}"
    return ""
