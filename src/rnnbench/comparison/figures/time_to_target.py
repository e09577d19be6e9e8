"""Seconds of training until a validation perplexity, for the fastest run of each architecture on
each machine; the interval is that of the measured speed."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from pandas import DataFrame

from rnnbench.comparison import views
from rnnbench.comparison.targets import REACHED
from rnnbench.report import theme
from rnnbench.tables import readers

SECTION = "Time to a target"
TABLES = ("time_to_target",)
MARKS = dict(zip((*readers.FAMILIES, "other"), theme.MARKERS, strict=False))
NOTE = (
    "Epochs come from the curve of a run, seconds from the speed measured for it. The validation "
    "text is read every few epochs, so the target may have been reached a little earlier."
)


def draw(tables: readers.Tables) -> Figure:
    rows = views.rows(tables, "time_to_target")
    done = soonest(rows)
    machines, targets = list(dict.fromkeys(rows.machine)), sorted({*rows.target_perplexity})[::-1]
    figure, axes = theme.panels(1, len(targets), 0.8 + 0.36 * len(machines), sharey=True)
    for ax, target in zip(axes[0], targets, strict=True):
        _panel(ax, done[done.target_perplexity == target], machines)
        ax.set_title(f"perplexity {target:g}")
    axes[0, 0].set_xlabel("seconds of training")
    shown = [family for family in MARKS if family in set(done.family)]
    theme.legend(figure, [Line2D([], [], label=family, **_look(family)) for family in shown])
    theme.note(figure, [NOTE])
    return figure


def finding(tables: readers.Tables) -> str:
    done = soonest(views.rows(tables, "time_to_target"))
    first = done.loc[done.groupby("target_perplexity").seconds.idxmin()]
    said = [
        f"{row.target_perplexity:g} after {readers.figures3(row.seconds)} s "
        f"({readers.figures3(row.low)} to {readers.figures3(row.high)}) by {row.variant}, "
        f"{row.device}, on {row.machine}"
        for row in first.iloc[::-1].itertuples()
    ]
    return f"Fastest to a validation perplexity of {readers.english(said)}."


def soonest(rows: DataFrame) -> DataFrame:
    """One row per machine, target and architecture that reached it, language models only."""
    if rows.empty:
        raise theme.Empty("No target perplexity was asked for.")
    leaky = rows.variant.map(readers.reads_backward).astype(bool)
    done = rows[(rows.status == REACHED) & np.isfinite(rows.seconds) & ~leaky]
    if done.empty:
        raise theme.Empty("No run whose speed was measured reached a target perplexity.")
    done = done.assign(family=[readers.family(variant) for variant in done.variant])
    keys = ["machine", "target_perplexity", "family"]
    return done.sort_values("seconds").drop_duplicates(keys)


def _panel(ax: Axes, done: DataFrame, machines: list[str]) -> None:
    for row in done.itertuples():
        y = machines.index(row.machine) + 0.18 * (list(MARKS).index(row.family) - 1)
        ax.plot([row.seconds], [y], **_look(row.family))
        if row.low <= row.high:
            ax.plot([row.low, row.high], [y, y], color=theme.FAMILY[row.family], lw=1.3)
    for y, machine in enumerate(machines):
        if machine not in set(done.machine):
            ax.text(0.5, y, "never reached", ha="center", va="center", fontsize=7)
            ax.texts[-1].set(transform=ax.get_yaxis_transform(), color=theme.FAINT)
    if len(done):
        theme.logarithmic(ax.xaxis)
        ax.set_xlim(done[["seconds", "low"]].min().min() / 1.3, 1.3 * done.high.max())
    else:
        ax.set_xticks([])
    ax.set_ylim(len(machines) - 0.5, -0.5)
    ax.set_yticks(range(len(machines)), [theme.wrapped(name, 26) for name in machines])
    ax.grid(False, axis="y")


def _look(family: str) -> theme.Keywords:
    return {"marker": MARKS[family], "color": theme.FAMILY[family], "ms": 4, "ls": "none"}
