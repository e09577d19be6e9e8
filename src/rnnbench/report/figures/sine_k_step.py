"""k-step forecasts of the sine: every value is forecast k steps ahead of the last one observed.

Left: the network's forecasts, each shifted by a fixed amount. Right: error by k, median and 5-95 %
over seeds, above the lowest expected error.
"""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rnnbench.report import theme
from rnnbench.report.figures import _sine
from rnnbench.tables import readers

SECTION = "Sine"
TABLES = ("sine", "sine_floor", "sine_predictions")


def draw(tables: readers.Tables) -> Figure:
    forecast = theme.some(_sine.mode(tables, "k_step"), "k-step forecast")
    figure, axes = theme.panels(1, 2, height=3.4, width_ratios=[1.7, 1])
    horizons = sorted(forecast.horizon.dropna().unique())
    for index, horizon in enumerate(horizons):
        chosen = forecast[forecast.horizon == horizon]
        _strip(axes[0, 0], tables, chosen.time, chosen.value, -3.0 * index)
    axes[0, 0].set(xlabel="time (steps)", ylabel="x(t), one strip per k")
    axes[0, 0].set_yticks([-3.0 * i for i in range(len(horizons))])
    axes[0, 0].set_yticklabels([f"k = {k:.0f}" for k in horizons])
    _errors(axes[0, 1], tables)
    theme.legend(figure, axes[0, 1].get_legend_handles_labels()[0])
    return figure


def finding(tables: readers.Tables) -> str:
    errors = _sine.errors(tables, "k_step")
    models = _sine.known(errors.model)
    chosen = errors[errors.model == models[0]].sort_values("horizon") if models else errors
    if len(chosen) < 2:
        return "No k-step errors to compare."
    near, far = chosen.iloc[0], chosen.iloc[-1]
    verb = "grows" if far.mse > near.mse else "goes"
    direct = errors[(errors.model == "direct") & (errors.horizon == far.horizon)]
    said = (
        f"The mean squared error of {near.model} {verb} from {_told(near)} at "
        f"k = {near.horizon:.0f} to {_told(far)} at k = {far.horizon:.0f} (median and 5-95 % of "
        f"{readers.counted(int(far.seeds), 'seed')})"
    )
    if len(direct):
        said += f"; networks trained for that k have {_told(direct.iloc[0])}"
    return said + "."


def _told(row: Any) -> str:
    low, middle, high = map(readers.figures3, (row.low, row.mse, row.high))
    return f"{middle} ({low} to {high})"


def _strip(ax: Axes, tables: readers.Tables, time: Any, value: Any, shift: float) -> None:
    data = _sine.mode(tables, "data")
    ax.plot(data.time, data.value + shift, **_sine.NOISE)
    ax.plot(time, np.clip(value, -1.5, 1.5) + shift, color=theme.BLUE, lw=1)


def _errors(ax: Axes, tables: readers.Tables) -> None:
    errors = _sine.errors(tables, "k_step")
    if errors.empty:
        return theme.vacant(ax, "No k-step errors to show.", 22)
    drawn = [name for name in _sine.LOOK if name in set(errors.model)]
    for index, model in enumerate(drawn):
        shift = 1.08 ** (index - (len(drawn) - 1) / 2)
        _sine.ranges(ax, model, errors[errors.model == model], shift)
    _sine.floors(ax, tables)
    theme.logarithmic(ax.yaxis)
    ax.set_xscale("log", base=2)
    horizons = sorted(errors.horizon.unique())
    ax.set_xticks(horizons, [f"{k:.0f}" for k in horizons])
    ax.minorticks_off()
    ax.set(xlabel="k (steps ahead)", ylabel="mean squared error (no unit)")
