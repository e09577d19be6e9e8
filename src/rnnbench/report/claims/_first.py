"""Shared by the claims about the text, which are judged on the first text of the study."""

from pandas import DataFrame

from rnnbench.tables import readers


def of_first(table: DataFrame) -> DataFrame:
    """Rows of the first text."""
    return table if table.empty else table[table.corpus == table.corpus.iloc[0]]


def words(tables: readers.Tables, name: str) -> DataFrame:
    """Rows of the words of the first text."""
    table = of_first(readers.rows(tables, name))
    return table if table.empty else table[table.token == "word"]


def name(table: DataFrame) -> str:
    """Name of the text that the rows are about."""
    return str(table.corpus.iloc[0])
