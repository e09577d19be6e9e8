"""Each machine's speed over the baseline's, work item by work item, with 95 % interval, verdict and
the band inside which a machine may differ from itself."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas import DataFrame

from rnnbench.comparison import drawing
from rnnbench.report import theme
from rnnbench.tables import readers

SECTION = "Verdicts"
TABLES = ("comparison",)
MOST = 4  # machines with a panel of their own
NOTE = (
    "Threads: a number, or all cores of each machine. Intervals are 95 % each, by themselves; "
    "verdicts are adjusted for the number of comparisons. Without a line: too few processes for an "
    "interval."
)


def draw(tables: readers.Tables) -> Figure:
    done = drawing.one_setting(drawing.judged(drawing.rows(tables, "comparison")))
    if done.empty:
        return theme.placard(_nothing(tables))
    machines = list(dict.fromkeys(done.machine))
    shown, items = machines[:MOST], _items(done)
    columns = min(2, len(shown))
    height = 0.7 + 0.17 * len(items)
    figure, axes = theme.panels(-(-len(shown) // columns), columns, height, sharey=True)
    for ax, machine in zip(axes.flat, shown, strict=False):
        _panel(ax, done[done.machine == machine], items)
        ax.set_title(theme.wrapped(machine, 44))
    for ax in axes.flat[len(shown) :]:
        ax.set_axis_off()
    theme.legend(figure, drawing.verdict_handles())
    theme.note(figure, [f"Times {done.baseline.iloc[0]}, the baseline.", NOTE, *_left(machines)])
    return figure


def finding(tables: readers.Tables) -> str:
    done = drawing.judged(drawing.rows(tables, "comparison"))
    if done.empty:
        return _nothing(tables)
    least, most = done.loc[done.ratio.idxmin()], done.loc[done.ratio.idxmax()]
    said = (
        f"Of {readers.counted(len(done), 'work item')} compared with {done.baseline.iloc[0]}, "
        f"{drawing.counts(done.verdict)}"
    )
    if len(done) == 1:
        return f"{said}: {_said(most)}."
    return f"{said}; the ratios go from {_said(least)} to {_said(most)}."


def _said(row: Any) -> str:
    words = f"{row.variant}, {row.device}, threads {row.threads_policy}, {row.machine}"
    return f"{drawing.ratio(row)} for {words}"


def _items(done: DataFrame) -> list[tuple[Any, ...]]:
    """Variant, device and threads of every row, variants in the order of every figure."""
    found = sorted(
        {(r.variant, str(r.device), str(r.threads_policy), str(r.dtype)) for r in done.itertuples()}
    )
    order = readers.ordered(variant for variant, *_ in found)
    return sorted(found, key=lambda item: (order.index(item[0]), item))


def _panel(ax: Axes, own: DataFrame, items: list[tuple[Any, ...]]) -> None:
    for row in own.itertuples():
        item = (row.variant, str(row.device), str(row.threads_policy), str(row.dtype))
        y = items.index(item)
        drawing.noise(ax, row.noise_floor, y)
        drawing.mark(ax, row, y)
    drawing.ratio_axis(ax, own)
    ax.set_ylim(len(items) - 0.5, -0.5)
    ax.set_yticks(range(len(items)), [_label(item, items) for item in items])
    ax.tick_params(axis="y", labelsize=7)
    ax.grid(False, axis="y")
    ax.set_xlabel("times the baseline's tokens per second")


def _label(item: tuple[Any, ...], items: list[tuple[Any, ...]]) -> str:
    """The variant, and what differs between the items."""
    differing = [len({other[k] for other in items}) > 1 for k in range(len(item))]
    variant, device, threads, dtype = item
    words = [device, f"threads {threads}", dtype]
    told = [word for word, differs in zip(words, differing[1:], strict=True) if differs]
    return ", ".join([variant, *told])


def _left(machines: list[str]) -> list[str]:
    left = len(machines) - MOST
    if left <= 0:
        return []
    return [f"The first {MOST} machines by name; {left} more are in the tables."]


def _nothing(tables: readers.Tables) -> str:
    table = drawing.rows(tables, "comparison")
    return drawing.ALONE if table.empty else "No work item of two machines could be compared."
