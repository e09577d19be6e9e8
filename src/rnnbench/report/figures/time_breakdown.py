"""Where the time of a training step goes, by variant: input projection, recurrence, output layer,
loss, update, and everything outside torch's operators."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import PercentFormatter
from pandas import DataFrame

from rnnbench.report import theme
from rnnbench.report.figures import _speed
from rnnbench.tables import readers

SECTION = "Speed"
TABLES = ("speed", "breakdown")
OVERHEAD = "overhead"
COLORS = {
    "minibatch": theme.YELLOW,
    "input projection": theme.SKY,
    "recurrence": theme.BLUE,
    "layer in one operator": theme.BLUE,
    "output layer": theme.GREEN,
    "loss": theme.PURPLE,
    "update": theme.ORANGE,
    "not told apart": "#e2e2e2",
    "recorded graph": theme.INK,
    OVERHEAD: "#c4c4c4",
}
LABELS = {OVERHEAD: "outside operators"}
NOTE = (
    "A layer in one operator includes its input projection. Steps that do not mark their parts, "
    "and recorded graphs, are not split. Outside torch's operators: Python, autograd's bookkeeping "
    "and other native code."
)
SMALLEST = 0.055  # share that has room for its number


def draw(tables: readers.Tables) -> Figure:
    parts = readers.rows(tables, "breakdown")
    done = _measured(parts)
    figure, lines = _speed.grid(done, 1, 0.23)
    for title, group, (ax,) in lines:
        variants = readers.ordered(group.variant)
        for y, variant in enumerate(variants):
            _bar(ax, y, group[group.variant == variant])
        _speed.variant_axis(ax, variants)
        _scale(ax, title)
    shown = [part for part in COLORS if done.share[done.part == part].max() >= 0.001]
    theme.legend(figure, [_handle(part) for part in shown], 4)
    theme.note(figure, [NOTE, _slowdown(done), *readers.absent_notes(parts, "part")])
    return figure


def finding(tables: readers.Tables) -> str:
    done = _measured(readers.rows(tables, "breakdown"))
    layer = done[done.part.isin(["recurrence", "layer in one operator"])]
    layer = layer.groupby([*_speed.PANEL, "variant"], dropna=False).share.sum()
    told = layer[layer > 0]  # a native step or one compiled graph does not show its layer
    outside = done[done.part == OVERHEAD].sort_values("share").iloc[-1]
    inside = f"{_range(told)} of the time of a training step" if len(told) else "an unknown share"
    return (
        f"The recurrent layer takes {inside}; everything outside torch's operators takes at most "
        f"{100 * outside.share:.0f} % ({outside.variant} on {outside.device})."
    )


def _measured(parts: DataFrame) -> DataFrame:
    told = parts[parts.share.notna()] if len(parts) else parts
    some = theme.some(told, "breakdown", "breakdown", parts)
    return readers.one_setting(readers.one_size(some))


def _range(shares: Any) -> str:
    low, high = (f"{100 * share:.0f}" for share in (shares.min(), shares.max()))
    return f"{low} %" if low == high else f"{low} to {high} %"


def _bar(ax: Axes, y: int, group: DataFrame) -> None:
    """Stack the parts of one variant in the order of a step."""
    left = 0.0
    for part, color in COLORS.items():
        share = group.share[group.part == part].sum()
        ax.barh(y, share, left=left, height=0.7, **_face(part), lw=0.6)
        if share >= SMALLEST:
            ink = "white" if sum(to_rgb(color)) < 1.6 else theme.INK
            box = {"facecolor": color, "edgecolor": "none", "pad": 0.8}
            style: theme.Keywords = {"ha": "center", "va": "center", "fontsize": 7, "color": ink}
            ax.text(left + share / 2, y, f"{100 * share:.0f}", bbox=box, **style)
        left += share


def _face(part: str) -> theme.Keywords:
    hatch = "////" if part == "layer in one operator" else ""
    return {"facecolor": COLORS[part], "edgecolor": "white", "hatch": hatch}


def _handle(part: str) -> Patch:
    return Patch(label=LABELS.get(part, part), **_face(part))


def _scale(ax: Axes, title: str) -> None:
    ax.set_xlim(0, 1)
    ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    ax.set_xlabel("share of the time of a training step")
    ax.set_title(title)


def _slowdown(done: DataFrame) -> str:
    low, high = (f"{value:.2f}" for value in (done.slowdown.min(), done.slowdown.max()))
    times = low if low == high else f"{low} to {high}"
    return f"With the profiler, steps took {times} times as long as without."
