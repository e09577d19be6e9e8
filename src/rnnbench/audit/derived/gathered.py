"""Tables gathered from their parts once more, and which rows come of which part."""

import csv
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
from pandas import DataFrame

from rnnbench.audit.tree import Tree, inside
from rnnbench.base import csv_files
from rnnbench.base.errors import UserError
from rnnbench.base.parameters import path_value
from rnnbench.tables import gather

FAULTS = (UserError, ValueError, KeyError, AttributeError, IndexError, TypeError, OSError)


def derived(tree: Tree, name: str) -> str:
    """Gather a table from its parts; the first line that comes out otherwise, or nothing."""
    record = tree.made_by[name]
    parts = [str(tree.path(inside(part))) for part in record["inputs"]]
    try:
        missing = record.get("params", {}).get("missing", [])
        gathered = gather.gather(Path(name).stem, parts, missing)
        again = csv_files.text(_as_stated_there(gathered, tree.path(name)))
    except FAULTS as error:
        return f"cannot be gathered again: {type(error).__name__} {error}"
    return first_difference(tree.path(name).read_bytes(), again.encode())


def of_one_stage(tree: Tree) -> dict[str, list[str]]:
    """Tables that lie there -> their parts, of one stage each: what is of several can be any's."""
    found = {}
    for name in tree.named("tables/", ".csv"):
        parts = [inside(part) for part in tree.made_by.get(name, {}).get("inputs", {})]
        if len({part.partition("/")[0] for part in parts}) == 1:
            found[name] = parts
    return found


def keys(part: str) -> dict[str, str]:
    """The parameters in the path of a record: of a part of a table, the columns that name it."""
    return dict(step.partition("=")[::2] for step in part.split("/")[1:-1])


def rows_of(table: DataFrame, part: str) -> np.ndarray:
    """Which rows of a table come of one of its parts, by what its path says, ``(rows,)``."""
    told = {key: value for key, value in keys(part).items() if key in table}
    kept = [table[key].map(path_value) == value for key, value in told.items()]
    return np.logical_and.reduce([np.ones(len(table), bool), *kept])


def _as_stated_there(gathered: DataFrame, path: Path) -> DataFrame:
    """The columns of a table as its release stated them, where all that is left out is empty."""
    own = pd.read_csv(path, dtype=str, nrows=0).columns.tolist()
    left_out = gathered.columns.difference(own)
    same = {*own} <= {*gathered.columns} and gathered[left_out].isna().all(axis=None)
    return gathered[own] if same else gathered


def first_difference(there: bytes, again: bytes) -> str:
    """Say in which line, and column of a CSV, two tables part; empty if nowhere."""
    if there == again:
        return ""
    rows = _rows(there), _rows(again)
    pairs = enumerate(zip(*rows, strict=False), start=1)
    number, (old, new) = next(
        ((number, pair) for number, pair in pairs if pair[0] != pair[1]),
        (min(map(len, rows)) + 1, ([], [])),
    )
    cells = zip(rows[0][0], old, new, strict=False)
    found = next((cell for cell in cells if cell[1] != cell[2]), None)
    if found is None:
        return f"line {number}: {len(rows[0])} lines, its records give {len(rows[1])}"
    column, was, gives = found
    return f"line {number}, {column}: the table says {was[:80]}, its records give {gives[:80]}"


def _rows(table: bytes) -> list[list[str]]:
    """The cells of each line, which a quoted text may take more than one for; at least one line."""
    text = table.decode(errors="replace")
    try:
        return list(csv.reader(StringIO(text, newline=""))) or [[]]
    except csv.Error:  # damaged: a cell without end
        return [[line] for line in text.split("\n")]
