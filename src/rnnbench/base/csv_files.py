"""Tables on disk, as CSV: what is written is what is read."""

import csv
from pathlib import Path
from typing import IO

import pandas as pd
from pandas import DataFrame

from rnnbench.base.errors import RecordError
from rnnbench.base.files import write_text

WORDS = ("ngram", "prefix", "text")  # columns whose numbers and truths are words as well


def read(path: str | Path) -> DataFrame:
    """Read a table written by :func:`write`; only an empty cell is a missing value.

    Words such as "null" and "nan" are words here.

    Raises:
        RecordError: no table.
    """
    try:
        return parse(path)
    except (OSError, ValueError) as error:
        raise RecordError(f"{path}: expected a table, found {error}. Make it again.") from None


def parse(source: str | Path | IO[bytes]) -> DataFrame:
    """Read a table as :func:`read` does, from anywhere.

    Raises:
        ValueError: no table.
    """
    words = dict.fromkeys(WORDS, str)
    return pd.read_csv(source, keep_default_na=False, na_values=[""], dtype=words, encoding="utf-8")


def write(path: str | Path, table: DataFrame) -> None:
    """Write a table as :func:`text` has it."""
    write_text(path, text(table))


def text(table: DataFrame) -> str:
    """A table as CSV; an infinity is ``inf``, a missing value an empty cell."""
    return table.to_csv(index=False, quoting=csv.QUOTE_MINIMAL, lineterminator="\n")
