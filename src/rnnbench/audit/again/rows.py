"""Rows of tables beside those that were made again: equal, nearly so, or not."""

import re
from io import BytesIO

import numpy as np
import pandas as pd
from pandas import DataFrame, Series

from rnnbench.audit.again.classes import BITWISE, DIFFERS, NUMERICAL, Judged
from rnnbench.base import csv_files

CLOSE = 1e-9  # relative: what another arithmetic may change
ROUNDED = 1e-4  # means below are those of rounding errors, and gradients that have vanished
MEASURED = re.compile(r"(.*_)?seconds|.*_bytes|machine")  # columns that no two jobs agree in


def as_written(table: DataFrame) -> DataFrame:
    """A table as it is read back from its file."""
    return csv_files.parse(BytesIO(csv_files.text(table).encode()))


def told(table: DataFrame) -> DataFrame:
    """A table without what is measured of the job itself."""
    return table[[name for name in table if not MEASURED.fullmatch(name)]]


def close(there: DataFrame, again: DataFrame) -> Judged:
    """Judge rows; the first cell that is apart is named."""
    again = again.reindex(columns=there.columns)
    if there.equals(again):
        return Judged(BITWISE, f"{len(there)} rows are equal in every digit")
    if there.shape != again.shape:
        return Judged(DIFFERS, f"{len(there)} rows there, {len(again)} here")
    for name in there:
        apart = np.flatnonzero(~_near(there[name], again[name]))
        if len(apart):
            values = there[name].iloc[apart[0]], again[name].iloc[apart[0]]
            place = f"row {apart[0] + 1}, {name}"
            return Judged(DIFFERS, f"{place}: {values[0]} there, {values[1]} here")
    return Judged(NUMERICAL, f"{len(there)} rows agree within {CLOSE:g}")


def apart(there: DataFrame, again: DataFrame) -> tuple[float, str]:
    """By which share of it the mean of a column differs, and of which column: the largest."""
    shares = {name: _apart(there[name], again[name]) for name in there if _numbers(there[name])}
    return max(((share, name) for name, share in shares.items()), default=(0.0, "none"))


def _apart(there: Series, again: Series) -> float:
    left, right = there.to_numpy(float), again.to_numpy(float)
    both = np.isfinite(left) & np.isfinite(right)
    size = max(np.abs(left[both]).sum(), ROUNDED * both.sum())
    return float(abs(left[both].sum() - right[both].sum()) / size) if size else 0.0


def _numbers(column: Series) -> bool:
    return pd.api.types.is_numeric_dtype(column)


def _near(there: Series, again: Series) -> np.ndarray:
    if _numbers(there) and _numbers(again):
        left, right = there.to_numpy(float), again.to_numpy(float)
        return np.isclose(left, right, rtol=CLOSE, atol=0, equal_nan=True)
    return (there.astype(str) == again.astype(str)).to_numpy()
