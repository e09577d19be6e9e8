"""What the sine figures share: the series, the end of the training part, typical errors."""

import numpy as np
from matplotlib.axes import Axes
from pandas import DataFrame

from rnnbench.figures import _rows, _theme

NOISE = {"color": "#b0b0b0", "lw": 0.7}


def mode(tables: _rows.Tables, name: str) -> DataFrame:
    """Rows of one mode in the order of time, of the first seed if there are several."""
    table = _rows.rows(tables, "sine_predictions")
    if table.empty:
        return table
    if "seed" in table:
        table = table[table.seed == table.seed.min()]
    return table[table["mode"] == name].sort_values("time")


def training_end(tables: _rows.Tables) -> float:
    """Time of the last value before the multi-step forecast; NaN where there is none."""
    forecast = mode(tables, "multi_step")
    return np.nan if forecast.empty else float(forecast.time.iloc[0]) - 1


def floor(tables: _rows.Tables) -> float:
    """Variance of the noise: mean squared distance of the data from the noise-free sine."""
    both = mode(tables, "data"), mode(tables, "clean")
    if any(table.empty for table in both):
        return np.nan
    joined = both[0].merge(both[1], on="time", suffixes=("", "_clean"))
    return float(np.mean((joined.value - joined.value_clean) ** 2))


def backdrop(ax: Axes, tables: _rows.Tables) -> None:
    """The noisy series, and a tint over the part that was trained on."""
    data, end = mode(tables, "data"), training_end(tables)
    ax.plot(data.time, data.value, label="data", **NOISE)
    if np.isfinite(end) and len(data):
        start = data.time.min()
        ax.axvspan(start, end, color=_theme.SKY, alpha=0.15, lw=0, label="training part")
    ax.set(xlabel="time (steps)", ylabel="x(t) (no unit)")


def errors(tables: _rows.Tables, name: str) -> DataFrame:
    """Median mean squared error over seeds, one row per model and horizon."""
    table = _rows.rows(tables, "sine")
    table = table if table.empty else table[(table["mode"] == name) & np.isfinite(table.mse)]
    if table.empty:
        return DataFrame(columns=["model", "horizon", "mse", "seeds"])
    groups = table.groupby(["model", "horizon"], dropna=False)
    return groups.mse.agg(mse="median", seeds="count").reset_index()


def legend(ax: Axes, columns: int) -> None:
    """Above the panel, where no point can hide it."""
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=columns)
