"""What becomes of errors when a forecaster is fed its own output, one point per seed.

Left: spectral radius of the learned map; below 1 small changes fade. Right: by how much a small
change of the state changes the forecast at the longest horizon; filled where the forecast collapsed
to a constant.
"""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from pandas import DataFrame

from rnnbench.report import theme
from rnnbench.report.figures import _sine
from rnnbench.tables import readers

SECTION = "Sine"
TABLES = ("sine_maps",)
LEAST = 1e-9  # gains below it are drawn here


def draw(tables: readers.Tables) -> Figure:
    table = readers.rows(tables, "sine_maps")
    if table.empty:
        return theme.placard("No learned maps to show.")
    models = _sine.known(table.model)
    figure, axes = theme.panels(1, 2, height=0.9 + 0.28 * len(models), sharey=True)
    for row, model in enumerate(models):
        own = table[table.model == model]
        for ax, column in zip(axes[0], ("radius", "gain"), strict=True):
            _points(ax, row, own, column, _sine.look(model)[0])
    for ax in axes[0]:
        ax.axvline(1, color=theme.INK, lw=0.8)
    axes[0, 0].set_yticks(range(len(models)), [_sine.look(name)[2] for name in models])
    axes[0, 0].set(ylim=(len(models) - 0.5, -0.5), xlabel="spectral radius, median over states")
    theme.logarithmic(axes[0, 1].xaxis)
    axes[0, 1].set_xlabel(f"change of the forecast {table.horizon.max():.0f} steps ahead")
    return figure


def finding(tables: readers.Tables) -> str:
    table = readers.rows(tables, "sine_maps")
    own = table if table.empty else table[table.model == _sine.BOOK]
    if own.empty:
        return "No learned maps to show."
    endings = [f"{n} {ending}" for ending, n in own.ending.value_counts().items()]
    return (
        f"The map that {_sine.BOOK} learns has a spectral radius of "
        f"{readers.figures3(own.radius.median())} and passes a small change on "
        f"{readers.figures3(own.gain.median())} times as large over {own.horizon.max():.0f} steps "
        f"(medians of {readers.counted(len(own), 'seed')}; multi-step forecasts: "
        f"{readers.english(endings)})."
    )


def _points(ax: Any, row: int, own: DataFrame, column: str, color: str) -> None:
    values = np.maximum(own[column], LEAST)
    places = row + np.linspace(-0.25, 0.25, len(own)) if len(own) > 1 else np.array([row])
    for ending, fill in (("collapsed", color), ("alive", "none"), ("diverged", "none")):
        at = (own.ending == ending).to_numpy()
        marker = "x" if ending == "diverged" else "o"
        style = {"c": color} if marker == "x" else {"facecolors": fill, "edgecolors": color}
        ax.scatter(values[at], places[at], s=9, marker=marker, lw=0.8, **style)
    ax.vlines(np.median(values), row - 0.35, row + 0.35, color=theme.INK, lw=0.9)
