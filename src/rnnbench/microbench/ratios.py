"""How fast each micro-benchmark is, as a ratio to the stored reference, with its 95 % interval.

Left: time of one round. Right: speed over that of the reference; within the grey bar a machine
differs from itself.
"""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas import DataFrame

from rnnbench.comparison import SLOWER
from rnnbench.figures import _rows, _theme
from rnnbench.hardware.figures import _machines

SECTION = "Speed"
TABLES = ("microbench",)


def draw(tables: _rows.Tables) -> Figure:
    table = _machines.rows(tables, "microbench")
    if table.empty:
        return _theme.placard(_rows.missing(table, "micro-benchmarks"))
    figure, axes = _theme.panels(1, 2, height=0.9 + 0.17 * len(table), sharey=True)
    _times(axes[0, 0], table)
    _ratios(axes[0, 1], table)
    _machines.machine_axis(axes[0, 0], list(table.benchmark))
    _theme.legend(figure, _machines.verdict_handles())
    return figure


def finding(tables: _rows.Tables) -> str:
    table = _machines.rows(tables, "microbench")
    judged = _machines.judged(table)
    if judged.empty:
        return _rows.missing(judged, "micro-benchmark with a reference")
    slower = judged[judged.verdict == SLOWER].sort_values("ratio")
    worst = f"; slowest {slower.benchmark.iloc[0]}" if len(slower) else ""
    many = _rows.counted(len(judged), "micro-benchmark")
    return f"Of {many} {_machines.counts(judged.verdict)} against the reference{worst}."


def _times(ax: Axes, table: DataFrame) -> None:
    for y, (seconds, low, high) in enumerate(
        zip(table.seconds, table.seconds_low, table.seconds_high, strict=True)
    ):
        ax.plot([1e6 * low, 1e6 * high], [y, y], color=_theme.BLUE, lw=1.5)
        ax.plot([1e6 * seconds], [y], marker="o", color=_theme.BLUE, ls="none")
    _theme.logarithmic(ax.xaxis)
    ax.set_xlabel("microseconds per round")


def _ratios(ax: Axes, table: DataFrame) -> None:
    judged = _machines.judged(table)
    for y, row in zip(judged.index, judged.itertuples(), strict=True):
        _machines.noise(ax, row.noise_floor, y)
        _machines.mark(ax, row, y)
    _machines.ratio_axis(ax, judged)
    ax.set_xlabel("speed over the reference's")
    ax.grid(False, axis="y")
