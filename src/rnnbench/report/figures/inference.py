"""How fast a trained model is in use: the time to write one character, and the text it reads
per second in whole minibatches without gradients."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas import DataFrame

from rnnbench.report import theme
from rnnbench.report.figures import _speed
from rnnbench.tables import readers

SECTION = "Speed"
TABLES = ("speed", "inference")
NOTE = (
    "Left: median over characters, with the central 90 % (thick) and up to the slowest of a "
    "hundred (thin). Right: median over windows with its 95 % interval."
)


def draw(tables: readers.Tables) -> Figure:
    timings = readers.rows(tables, "inference")
    timed = theme.some(readers.timed(timings), "timing of use", "timing", timings)
    done = readers.one_size(readers.one_setting(timed))
    figure, lines = _speed.grid(done, 2, 0.23)
    for title, group, (left, right) in lines:
        variants = readers.ordered(group.variant)
        _writing(left, group[group["mode"] == "generation"], variants)
        _reading(right, group[group["mode"] == "throughput"], variants)
        _speed.variant_axis(left, variants)
        right.grid(False, axis="y")
        left.set_title(title, loc="left")
    theme.note(figure, [NOTE, *readers.absent_notes(timings, "timing")])
    return figure


def finding(tables: readers.Tables) -> str:
    timings = readers.rows(tables, "inference")
    done = theme.some(readers.timed(timings), "timing of use", "timing", timings)
    writing = done[done["mode"] == "generation"].sort_values("latency_q50")
    reading = done[done["mode"] == "throughput"]
    first, last = writing.iloc[0], writing.iloc[-1]
    most = reading.loc[reading.tokens_per_second.idxmax()]
    slower = "" if len(writing) == 1 else f" to {_micro(last)} ({last.variant} on {last.device})"
    return (
        f"Writing one character takes from {_micro(first)} ({first.variant} on {first.device})"
        f"{slower}, and {most.variant} on {most.device} reads fastest, "
        f"{readers.figures3(most.tokens_per_second)} tokens/s in minibatches."
    )


def _micro(row: Any) -> str:
    return f"{readers.figures3(1e6 * row.latency_q50)} µs"


def _writing(ax: Axes, group: DataFrame, variants: list[str]) -> None:
    for row in group.itertuples():
        low, middle, high, most = (
            1e6 * value
            for value in (row.latency_q05, row.latency_q50, row.latency_q95, row.latency_q99)
        )
        y, style = variants.index(row.variant), theme.look(row.variant)
        ax.plot([low, most], [y, y], color=style.color, lw=0.9)
        ax.plot([low, high], [y, y], color=style.color, lw=3, alpha=0.45, solid_capstyle="butt")
        ax.plot([middle], [y], marker=style.marker, color=style.color, ms=5)
    _speed.from_zero(ax, *ax.dataLim.intervalx)
    ax.set_xlabel("microseconds per character written")


def _reading(ax: Axes, group: DataFrame, variants: list[str]) -> None:
    for row in group.itertuples():
        y, style = variants.index(row.variant), theme.look(row.variant)
        speed, low, high = (v / 1e3 for v in (row.tokens_per_second, row.low, row.high))
        marks: theme.Keywords = {"fmt": style.marker, "ms": 5}
        reach = [[speed - low], [high - speed]]
        ax.errorbar([speed], [y], xerr=reach, capsize=2, elinewidth=1.2, color=style.color, **marks)
    _speed.from_zero(ax, *ax.dataLim.intervalx)
    ax.set_xlabel("thousand tokens read per second")
