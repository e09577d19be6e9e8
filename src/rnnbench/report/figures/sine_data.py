"""The sine series to forecast: noisy data, the noise-free sine, and the part trained on."""

import numpy as np
from matplotlib.figure import Figure

from rnnbench.report import theme
from rnnbench.report.figures import _sine
from rnnbench.tables import readers

SECTION = "Sine"
TABLES = ("sine_predictions",)


def draw(tables: readers.Tables) -> Figure:
    if _sine.mode(tables, "data").empty:
        return theme.placard("No sine series to show.")
    figure, axes = theme.panels()
    _sine.backdrop(axes[0, 0], tables)
    clean = _sine.mode(tables, "clean")
    axes[0, 0].plot(clean.time, clean.value, color=theme.BLUE, label="noise-free sine")
    _sine.legend(axes[0, 0], 3)
    return figure


def finding(tables: readers.Tables) -> str:
    data, floor = _sine.mode(tables, "data"), _sine.floor(tables)
    if data.empty:
        return "No sine series to show."
    said = f"The series has {readers.counted(len(data), 'point')}"
    if np.isfinite(floor):
        said += f", scattered around the sine with variance {readers.figures3(floor)}"
        said += ", an error that no forecast can be expected to beat"
    return said + "."
