"""Runs of trials, as figures and claims ask for them."""

from dataclasses import fields

import numpy as np
import pandas as pd
from pandas import DataFrame

from rnnbench.base.parameters import RunConfig
from rnnbench.tables import readers

TEXTS = ("text_length", "text_whole")  # texts of several lengths
ALIKE = ["machine", "corpus", "device"]
KEY = ("variant", "seed")
WORK = [field.name for field in fields(RunConfig) if field.name != "trial"]


def of(tables: readers.Tables, *trials: str) -> DataFrame:
    """Rows of the named trials, and the runs of the grid that no trial need repeat.

    Such a run has the variant and the seed of a run of the trial and differs from it in one other
    parameter at most: it is one more value of that parameter.
    """
    table = readers.rows(tables, "trials")
    table = table[table.trial.isin(trials)] if len(table) else table
    grid = readers.rows(tables, "runs") if "runs" in tables else table.iloc[:0]
    known = [name for name in WORK if name in grid and name in table]
    if table.empty or grid.empty or len(known) < len(WORK):
        return table
    beside = [_as(table, grid, [w for w in WORK if w != name]) for name in WORK if name not in KEY]
    more = grid[np.logical_or.reduce(beside) & ~_as(table, grid, WORK)]
    return pd.concat([table, more], ignore_index=True) if len(more) else table


def _as(table: DataFrame, grid: DataFrame, names: list[str]) -> np.ndarray:
    """Whether each run of the grid has the named parameters of a run of the table, ``(N,)``."""
    both = pd.concat([table[names], grid[names]])
    group = both.groupby(names, dropna=False).ngroup().to_numpy()
    return np.isin(group[len(table) :], group[: len(table)])


def alike(runs: DataFrame) -> DataFrame:
    """Those on the first text, machine and device."""
    return runs if runs.empty else runs[(runs[ALIKE] == runs.iloc[0][ALIKE]).all(axis=1)]
