"""Forecasts of the noisy sine. Top: the model is fed its own output after the training part, beside
forecasts one step ahead; the band holds 5-95 % of the seeds. Middle: every value is forecast k
steps ahead of the last one observed. Bottom: error by k, median and 5-95 % over seeds, above the
lowest expected error."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas import DataFrame

from rnnbench.report import theme
from rnnbench.tables import readers

SECTION = "Sine"
TABLES = ("sine", "sine_floor", "sine_predictions", "sine_bands")
NOISE: theme.Keywords = {"color": "#b0b0b0", "lw": 0.7}
BOOK = "mlp"  # the model whose forecasts are drawn
SPREAD = {"low": 0.05, "mse": 0.5, "high": 0.95}  # quantiles over seeds
LOOK = {
    "mlp": (theme.BLUE, "o", "network"),
    "direct": (theme.ORANGE, "s", "network per horizon"),
    "rnn": (theme.GREEN, "^", "RNN"),
    "ols_ar": (theme.PURPLE, "D", "OLS on the lags"),
}  # of the models whose errors are drawn
FLOORS = {
    "best_linear": ((0, (4, 2)), "best linear forecast"),
    "best": ((0, (2, 1, 1, 1)), "best forecast"),
    "noise": (":", "noise variance"),
}


def draw(tables: readers.Tables) -> Figure:
    theme.some(_mode(tables, "k_step"), "forecast of the sine")
    figure, axes = theme.panels(3, 1, height=2.9)
    _multi_step(axes[0, 0], tables)
    _strips(axes[1, 0], tables)
    _errors(axes[2, 0], tables)
    return figure


def finding(tables: readers.Tables) -> str:
    near, far = _quantiles(tables, "one_step"), _quantiles(tables, "multi_step")
    both = theme.some(near.merge(far, on="model", suffixes=("", "_far")), "error of the sine")
    row = both[both.model == BOOK].iloc[0] if BOOK in set(both.model) else both.iloc[0]
    ratio = row.mse_far / row.mse if row.mse else np.inf
    zero = far[far.model == "zero"].mse
    beside = f"; always predicting 0 has {readers.figures3(zero.iloc[0])}" if len(zero) else ""
    return (
        f"Fed with its own output, {row.model} has a mean squared error of "
        f"{readers.figures3(row.mse_far)}, {readers.figures3(ratio)} times its one-step error of "
        f"{readers.figures3(row.mse)}{beside}{_by_horizon(tables)} (medians of "
        f"{readers.counted(int(row.seeds), 'seed')})."
    )


def _by_horizon(tables: readers.Tables) -> str:
    errors = _quantiles(tables, "k_step")
    own, direct = (errors[errors.model == m].sort_values("horizon") for m in (BOOK, "direct"))
    if len(own) < 2:
        return ""
    near, far = own.iloc[0], own.iloc[-1]
    verb = "grows" if far.mse > near.mse else "goes"
    said = (
        f"; its error {verb} from {_told(near)} at k = {near.horizon:.0f} to {_told(far)} at "
        f"k = {far.horizon:.0f}"
    )
    same = direct[direct.horizon == far.horizon]
    return said + "".join(
        f", where networks trained for that k have {_told(row)}" for row in same.itertuples()
    )


def _told(row: Any) -> str:
    low, middle, high = map(readers.figures3, (row.low, row.mse, row.high))
    return f"{middle} (5-95 %: {low} to {high})"


def _mode(tables: readers.Tables, name: str) -> DataFrame:
    """Rows of one mode in the order of time: the series, or the network's forecasts."""
    table = readers.rows(tables, "sine_predictions")
    if table.empty:
        return table
    table = table[(table["mode"] == name) & ((table.model == BOOK) | (name == "data"))]
    return table[table.seed == table.seed.min()].sort_values("time")


def _quantiles(tables: readers.Tables, name: str) -> DataFrame:
    """Mean squared errors over seeds, one row per model and horizon: median, 5 and 95 %."""
    table = readers.rows(tables, "sine")
    table = table if table.empty else table[(table["mode"] == name) & np.isfinite(table.mse)]
    if table.empty:
        return DataFrame(columns=["model", "horizon", *SPREAD, "seeds"])
    groups = table.groupby(["model", "horizon"], dropna=False).mse
    found = groups.quantile(list(SPREAD.values())).unstack().set_axis(list(SPREAD), axis=1)
    return found.assign(seeds=groups.count()).reset_index()


def _multi_step(ax: Axes, tables: readers.Tables) -> None:
    data, near, far = (_mode(tables, name) for name in ("data", "one_step", "multi_step"))
    ax.plot(data.time, data.value, label="data", **NOISE)
    if len(data) and len(far):
        trained = data.time.min(), far.time.iloc[0] - 1
        ax.axvspan(*trained, color=theme.SKY, alpha=0.15, lw=0, label="training part")
    ax.plot(near.time, near.value, color=theme.BLUE, lw=0.9, label="one step ahead")
    bands = readers.rows(tables, "sine_bands")
    if len(bands):
        band = bands[bands.model == BOOK]
        look: theme.Keywords = {"color": theme.ORANGE, "alpha": 0.2, "lw": 0}
        ax.fill_between(band.time, band.low, band.high, label="multi-step, all seeds", **look)
    style: theme.Keywords = {"color": theme.ORANGE, "ls": (0, (4, 1)), "lw": 1.8}
    ax.plot(far.time, far.value, label="multi-step", **style)
    ax.set(xlabel="time (steps)", ylabel="x(t) (no unit)")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)  # where it hides no point


def _strips(ax: Axes, tables: readers.Tables) -> None:
    """The network's forecasts, those of each k shifted by a fixed amount."""
    data, forecast = _mode(tables, "data"), _mode(tables, "k_step")
    horizons = sorted(forecast.horizon.dropna().unique())
    shifts = [-3.0 * place for place in range(len(horizons))]
    for horizon, shift in zip(horizons, shifts, strict=True):
        own = forecast[forecast.horizon == horizon]
        ax.plot(data.time, data.value + shift, **NOISE)
        ax.plot(own.time, np.clip(own.value, -1.5, 1.5) + shift, color=theme.BLUE, lw=1)
    ax.set(xlabel="time (steps)", ylabel="x(t), one strip per k")
    ax.set_yticks(shifts, [f"k = {k:.0f}" for k in horizons])


def _errors(ax: Axes, tables: readers.Tables) -> None:
    errors, floors = _quantiles(tables, "k_step"), readers.rows(tables, "sine_floor")
    drawn = [model for model in LOOK if model in set(errors.model)]
    for place, model in enumerate(drawn):
        color, marker, label = LOOK[model]
        own = errors[errors.model == model].sort_values("horizon")
        reach = [own.mse - own.low, own.high - own.mse]
        beside = 1.08 ** (place - (len(drawn) - 1) / 2)
        style: theme.Keywords = {"color": color, "marker": marker, "lw": 1.1, "elinewidth": 0.8}
        ax.errorbar(own.horizon * beside, own.mse, yerr=reach, label=label, capsize=2, **style)
    for name, (line, label) in FLOORS.items():
        own = floors[floors.floor == name].sort_values("horizon")
        if len(own) and (own.mse > 0).all():
            ax.plot(own.horizon, own.mse, color=theme.INK, lw=0.9, ls=line, label=label)
    theme.logarithmic(ax.yaxis)
    ax.set_xscale("log", base=2)
    ax.set_xticks(ticks := sorted(errors.horizon.unique()), [f"{k:.0f}" for k in ticks])
    ax.minorticks_off()
    ax.set(xlabel="k (steps ahead)", ylabel="mean squared error (no unit)")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4)
