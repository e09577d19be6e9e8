"""Training speed at its best with 95 % intervals, and typically; the fastest variant on top."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, StrMethodFormatter
from pandas import DataFrame

from rnnbench.report import theme
from rnnbench.tables import readers

SECTION = "Speed"
TABLES = ("speed",)
PANEL = ["machine", "device", "dtype"]
SLOT = ["sampler", "clip_norm", "threads"]


def draw(tables: readers.Tables) -> Figure:
    done = _timed(tables)
    groups = list(done.groupby(PANEL, dropna=False, sort=True))
    threads = sorted(set(done.threads))
    height = 0.9 + 0.2 * max(group.variant.nunique() for _, group in groups)
    figure, axes = theme.panels(len(groups), 1, height=height)
    for ax, (key, group) in zip(axes.flat, groups, strict=True):
        best = group.groupby("variant").tokens_per_second.max().sort_values(ascending=False)
        _panel(ax, group, list(best.index), threads)
        _scale(ax, group, list(best.index))
        ax.set_title(_title(key, done))
    theme.legend(figure, _handles(threads))
    theme.note(figure, _notes(tables, done))
    return figure


def finding(tables: readers.Tables) -> str:
    done = _timed(tables).sort_values("tokens_per_second")
    best, same = done.iloc[-1], [*PANEL, *SLOT]
    rest = done[(done[same] == best[same]).all(axis=1) & (done.variant != best.variant)]
    threads = readers.counted(int(best.threads), "thread")
    said = (
        f"The fastest is {best.variant} on {best.device} with {threads}, at "
        f"{readers.interval(best)} at its best"
    )
    if len(rest):
        second = rest.iloc[-1]
        ratio = best.tokens_per_second / second.tokens_per_second
        apart = "clear of" if best.low > second.high else "overlapping"
        said += (
            f", {ratio:.2f} times {second.variant}, the next there, its interval {apart} that one's"
        )
    return said + "."


def _timed(tables: readers.Tables) -> DataFrame:
    speed = readers.rows(tables, "speed")
    return readers.one_size(theme.some(readers.timed(speed), "timing", "timing", speed))


def _panel(ax: Axes, group: DataFrame, variants: list[str], threads: list[float]) -> None:
    """A mark per point: colour by architecture, shape and filling by threads."""
    for row in group.itertuples():
        y = variants.index(row.variant)
        color, mark = theme.look(row.variant).color, _mark(threads.index(row.threads))
        ax.plot([row.low, row.high], [y, y], color=color, lw=1.4, marker="|")
        ax.plot(row.typical_tokens_per_second, y, color=color, alpha=0.35, **mark)
        ax.plot(row.tokens_per_second, y, color=color, **mark)


def _mark(k: int) -> theme.Keywords:
    """Shape for the k-th number of threads: the fewest are filled."""
    face = {} if k == 0 else {"mfc": "white"}
    return {"marker": theme.MARKERS[k % len(theme.MARKERS)], "ls": "none", "ms": 4.5, **face}


def _handles(threads: list[float]) -> list[Line2D]:
    return [
        Line2D([], [], color=theme.INK, label=readers.counted(int(number), "thread"), **_mark(k))
        for k, number in enumerate(threads)
    ]


def _title(key: tuple[Any, ...], done: DataFrame) -> str:
    machine, device, dtype = key
    words = [str(device)] + ([str(dtype)] if done.dtype.nunique() > 1 else [])
    return f"{machine}, {', '.join(words)}"


def _scale(ax: Axes, group: DataFrame, names: list[str]) -> None:
    """Linear from 0, so that lengths compare, unless the least would be squeezed to nothing."""
    if group.tokens_per_second.max() > 20 * group.tokens_per_second.min():
        theme.logarithmic(ax.xaxis)
    else:
        ax.set_xlim(left=0)
        ax.xaxis.set_major_locator(MaxNLocator(6))
        ax.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_yticks(range(len(names)), names)
    ax.set_xlabel("tokens per second")


def _notes(tables: readers.Tables, done: DataFrame) -> list[str]:
    said, settings = [], sorted(set(zip(done.sampler, done.clip_norm, strict=True)))
    if len(settings) > 1:
        names = [f"{sampler} at clip_norm {readers.figures3(clip)}" for sampler, clip in settings]
        said.append(f"Together in a row: {readers.english(names)}.")
    said.append("Strong: at its best, the 25 % quantile of step times. Faint: tokens over time.")
    return said + readers.absent_notes(readers.rows(tables, "speed"), "timing")
