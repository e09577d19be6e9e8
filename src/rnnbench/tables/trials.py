"""Runs of trials, as figures and claims ask for them."""

from pandas import DataFrame

from rnnbench.tables import readers

TEXTS = ("text_short", "text_book", "text_whole")  # as many updates on texts of three lengths
ALIKE = ["machine", "corpus", "device"]


def of(tables: readers.Tables, *trials: str) -> DataFrame:
    """Rows of the named trials."""
    table = readers.rows(tables, "trials")
    return table[table.trial.isin(trials)] if len(table) else table


def alike(runs: DataFrame) -> DataFrame:
    """Those on the first text, machine and device."""
    return runs if runs.empty else runs[(runs[ALIKE] == runs.iloc[0][ALIKE]).all(axis=1)]
