"""Runs of trials, as figures and claims ask for them."""

from dataclasses import fields

import pandas as pd
from pandas import DataFrame

from rnnbench.base.parameters import RunConfig
from rnnbench.tables import readers

TEXTS = ("text_length", "text_whole")  # texts of several lengths
ALIKE = ["machine", "corpus", "device"]
WORK = [field.name for field in fields(RunConfig) if field.name != "trial"]


def of(tables: readers.Tables, *trials: str) -> DataFrame:
    """Rows of the named trials, and of runs of the grid that stand between them.

    A run of the grid does where it is equal to them in all that they have in common: no trial need
    repeat it.
    """
    table = readers.rows(tables, "trials")
    table = table[table.trial.isin(trials)] if len(table) else table
    grid = readers.rows(tables, "runs") if "runs" in tables else table.iloc[:0]
    known = [name for name in WORK if name in grid and name in table]
    if table.empty or grid.empty or len(known) < len(WORK):
        return table
    common = [name for name in known if table[name].nunique(dropna=False) == 1]
    same = grid[(grid[common] == table[common].iloc[0]).all(axis=1)]
    if same.empty:
        return table
    there = same[known].merge(table[known].drop_duplicates(), "left", known, indicator="there")
    alone = same[(there.there == "left_only").to_numpy()]
    return pd.concat([table, alone], ignore_index=True)


def alike(runs: DataFrame) -> DataFrame:
    """Those on the first text, machine and device."""
    return runs if runs.empty else runs[(runs[ALIKE] == runs.iloc[0][ALIKE]).all(axis=1)]
