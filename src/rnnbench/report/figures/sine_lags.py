"""How many past values a forecast one step ahead needs, by the noise on the series.

Median and 5-95 % over seeds, and what no forecast from so many values can be expected to beat.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas import DataFrame

from rnnbench.report import theme
from rnnbench.report.figures import _sine
from rnnbench.tables import readers

SECTION = "Sine"
TABLES = ("sine_lags", "sine_floor")
ROUNDING = 1e-30  # errors below it are drawn here


def draw(tables: readers.Tables) -> Figure:
    table = readers.rows(tables, "sine_lags")
    if table.empty:
        return theme.placard("No errors by number of lags to show.")
    noises = sorted(table.noise.unique())
    figure, axes = theme.panels(1, len(noises), height=2.6)
    for ax, noise in zip(axes[0], noises, strict=True):
        _panel(ax, tables, table[table.noise == noise], noise)
    axes[0, 0].set_ylabel("mean squared error (no unit)")
    theme.legend(figure, axes[0, -1].get_legend_handles_labels()[0])
    return figure


def finding(tables: readers.Tables) -> str:
    table = readers.rows(tables, "sine_lags")
    if table.empty:
        return "No errors by number of lags to show."
    parts = []
    for noise in sorted(table.noise.unique()):
        own = table[(table.noise == noise) & (table.model == "ols_ar")]
        medians = own.groupby("num_lags").mse.median()
        chosen = [n for n in (1, 2, medians.index.max()) if n in medians.index]
        errors = [f"{medians[n]:.2g} with {readers.counted(int(n), 'lag')}" for n in chosen]
        if errors:
            what = f"noise of {readers.figures3(noise)}" if noise > 0 else "no noise"
            parts.append(f"with {what} it is {readers.english(dict.fromkeys(errors))}")
    seeds = readers.counted(table.seed.nunique(), "seed")
    return (
        f"The mean squared error of OLS one step ahead depends on the lags: {'; '.join(parts)} "
        f"(medians of {seeds})."
    )


def _panel(ax: Axes, tables: readers.Tables, table: DataFrame, noise: float) -> None:
    for model in _sine.known(table.model):
        own = table[table.model == model].assign(mse=lambda t: np.maximum(t.mse, ROUNDING))
        _sine.ranges(ax, model, _sine.spread(own, ["num_lags"]), "num_lags")
    _sine.floors(ax, tables, "num_lags", lambda t: (t.horizon == 1) & (t.noise == noise))
    ax.set_xscale("log", base=2)
    lags = [n for n in sorted(table.num_lags.unique()) if np.log2(n) % 1 == 0]
    ax.set_xticks(lags, [f"{n:.0f}" for n in lags])
    ax.minorticks_off()
    theme.logarithmic(ax.yaxis)
    ax.set(xlabel="lags", title=f"noise of {noise:g}" if noise > 0 else "no noise")
