"""Multi-step forecasts of the sine: after the training part, the model is fed its own output.

One-step forecasts of the same model are drawn for comparison; the band holds 5-95 % of the seeds.
"""

import numpy as np
from matplotlib.figure import Figure

from rnnbench.report import theme
from rnnbench.report.figures import _sine
from rnnbench.tables import readers

SECTION = "Sine"
TABLES = ("sine_bands", "sine", "sine_predictions")


def draw(tables: readers.Tables) -> Figure:
    forecast = theme.some(_sine.mode(tables, "multi_step"), "multi-step forecast")
    near = _sine.mode(tables, "one_step")
    figure, axes = theme.panels(height=2.6)
    ax, data = axes[0, 0], _sine.mode(tables, "data")
    ax.plot(data.time, data.value, label="data", **_sine.NOISE)
    if len(data):
        trained = {"color": theme.SKY, "alpha": 0.15, "lw": 0, "label": "training part"}
        ax.axvspan(data.time.min(), forecast.time.iloc[0] - 1, **trained)
    ax.set(xlabel="time (steps)", ylabel="x(t) (no unit)")
    ax.plot(near.time, near.value, color=theme.BLUE, lw=0.9, label="one step ahead")
    bands = readers.rows(tables, "sine_bands")
    if len(bands):
        band = bands[bands.model == _sine.BOOK]
        look = {"color": theme.ORANGE, "alpha": 0.2, "lw": 0}
        ax.fill_between(band.time, band.low, band.high, label="multi-step, all seeds", **look)
    style = {"color": theme.ORANGE, "ls": (0, (4, 1)), "lw": 1.8}
    ax.plot(forecast.time, forecast.value, label="multi-step", **style)
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)  # where it hides no point
    return figure


def finding(tables: readers.Tables) -> str:
    near, far = _sine.errors(tables, "one_step"), _sine.errors(tables, "multi_step")
    both = near.merge(far, on="model", suffixes=("", "_far"))
    both = theme.some(both, "multi-step error")
    row = both[both.model == "mlp"].iloc[0] if "mlp" in set(both.model) else both.iloc[0]
    ratio = row.mse_far / row.mse if row.mse else np.inf
    zero = far[far.model == "zero"].mse
    beside = f"; always predicting 0 has {readers.figures3(zero.iloc[0])}" if len(zero) else ""
    return (
        f"Fed with its own output, {row.model} has a mean squared error of "
        f"{readers.figures3(row.mse_far)}, {readers.figures3(ratio)} times its one-step error of "
        f"{readers.figures3(row.mse)}{beside} (medians of "
        f"{readers.counted(int(row.seeds), 'seed')})."
    )
