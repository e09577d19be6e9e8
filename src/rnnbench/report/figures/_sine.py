"""What the sine figures share: the series, the end of the training part, typical errors."""

from collections.abc import Iterable

import numpy as np
from matplotlib.axes import Axes
from pandas import DataFrame

from rnnbench.report import theme
from rnnbench.tables import readers

NOISE: theme.Keywords = {"color": "#b0b0b0", "lw": 0.7}
SERIES = ("data", "clean")
BOOK = "mlp"  # the model whose forecasts are drawn
SPREAD = {"low": 0.05, "mse": 0.5, "high": 0.95}  # quantiles over seeds
LOOK = {
    "mlp": (theme.BLUE, "o", "network"),
    "direct": (theme.ORANGE, "s", "network per horizon"),
    "rnn": (theme.GREEN, "^", "RNN"),
    "ols_ar": (theme.PURPLE, "D", "OLS on the lags"),
}  # of the models that are drawn
FLOORS = {
    "best_linear": ((0, (4, 2)), "best linear forecast"),
    "best": ((0, (2, 1, 1, 1)), "best forecast"),
    "noise": (":", "noise variance"),
}


def mode(tables: readers.Tables, name: str) -> DataFrame:
    """Rows of one mode in the order of time: the series, or the network's forecasts."""
    table = readers.rows(tables, "sine_predictions")
    if table.empty:
        return table
    table = table[(table["mode"] == name) & ((table.model == BOOK) | table["mode"].isin(SERIES))]
    return table[table.seed == table.seed.min()].sort_values("time")


def errors(tables: readers.Tables, name: str) -> DataFrame:
    """Mean squared errors over seeds, one row per model and horizon: median, 5 and 95 %."""
    table = readers.rows(tables, "sine")
    table = table if table.empty else table[(table["mode"] == name) & np.isfinite(table.mse)]
    if table.empty:
        return DataFrame(columns=["model", "horizon", *SPREAD, "seeds"])
    groups = table.groupby(["model", "horizon"], dropna=False).mse
    found = groups.quantile(list(SPREAD.values())).unstack().set_axis(list(SPREAD), axis=1)
    return found.assign(seeds=groups.count()).reset_index()


def known(models: Iterable[str]) -> list[str]:
    """Models in the order of their looks; others last, by name."""
    order = list(LOOK)
    return sorted(
        set(models), key=lambda name: (order.index(name) if name in order else len(order), name)
    )


def ranges(ax: Axes, model: str, found: DataFrame, shift: float) -> None:
    """Medians of a model over seeds by horizon, with lines from 5 to 95 %."""
    color, marker, label = LOOK[model]
    found = found.sort_values("horizon")
    reach = [found.mse - found.low, found.high - found.mse]
    style: theme.Keywords = {"color": color, "marker": marker, "lw": 1.1, "elinewidth": 0.8}
    ax.errorbar(found.horizon * shift, found.mse, yerr=reach, label=label, capsize=2, **style)


def floors(ax: Axes, tables: readers.Tables) -> None:
    """Lines below which no forecast of their kind is expected."""
    table = readers.rows(tables, "sine_floor")
    for name, (line, label) in FLOORS.items():
        own = table if table.empty else table[table.floor == name].sort_values("horizon")
        if len(own) and (own.mse > 0).all():
            ax.plot(own.horizon, own.mse, color=theme.INK, lw=0.9, ls=line, label=label)
