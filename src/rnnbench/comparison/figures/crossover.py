"""The GPU's speed divided by the CPU's on the same machine, by hidden and batch size, with the
verdict and whether the GPU waits for launches or computes."""

from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from pandas import DataFrame, Series

from rnnbench.comparison import views
from rnnbench.report import theme
from rnnbench.tables import readers

SECTION = "CPU against CUDA"
TABLES = ("crossover",)
MOST = 6  # rows of panels
PANEL = ["machine", "num_steps"]
LAUNCH = "launch-bound"
NOTE = (
    "Numbers: CUDA over CPU, each with its best number of threads; blue: the GPU is ahead. "
    "▲ faster, ▼ slower, = equal, ≈ not distinguishable. Hatched: launch-bound, the GPU waits for "
    "launches."
)


def draw(tables: readers.Tables) -> Figure:
    done = _done(tables)
    panels = list(done.groupby(PANEL, sort=False))
    variants = readers.ordered(done.variant)
    most = max(own.batch_size.nunique() for _, own in panels)
    height = 0.8 + 0.4 * most
    figure, axes = theme.panels(min(len(panels), MOST), len(variants), height)
    for line, ((machine, steps), own) in zip(axes, panels, strict=False):
        for ax, variant in zip(line, variants, strict=True):
            _panel(ax, own[own.variant == variant], own)
            ax.set_title(variant)
        title = f"{theme.wrapped(machine, 24)}\nnum_steps {steps:.0f}"
        line[0].set_ylabel(f"{title}\nbatch_size", fontsize=8)
    for ax in axes[-1]:
        ax.set_xlabel("hidden_size")
    left = [f"{len(panels) - MOST} more maps are in the table."] if len(panels) > MOST else []
    theme.note(figure, [NOTE, *left])
    return figure


def finding(tables: readers.Tables) -> str:
    done = _done(tables)
    least, most = done.loc[done.ratio.idxmin()], done.loc[done.ratio.idxmax()]
    bound = int((done.region == LAUNCH).sum())
    return (
        f"CUDA against the CPU of the same machine: {views.counts(done.verdict)} of "
        f"{readers.counted(len(done), 'piece')} of work, from {_said(least)} to {_said(most)}; "
        f"{bound} launch-bound."
    )


def _said(row: Any) -> str:
    sizes = f"{row.hidden_size:.0f} units, batch_size {row.batch_size:.0f}"
    return f"{views.times(row.ratio, row.low, row.high)} for {row.variant}, {sizes}"


def _done(tables: readers.Tables) -> DataFrame:
    """One row per machine, sizes and variant that a cell can hold: the plain variants, else all."""
    rows = views.rows(tables, "crossover")
    done = views.judged(rows)
    if done.empty:
        why = list(dict.fromkeys(rows.get("reason", Series(dtype=str)).dropna()))
        said = f" ({readers.english(why[:3])})" if why else ""
        raise theme.Empty(f"No machine was timed on both CPU and CUDA{said}.")
    plain = done[done.variant.isin(readers.FAMILIES)]
    chosen = plain if len(plain) else done[done.variant.isin(readers.ordered(done.variant)[:3])]
    return chosen.drop_duplicates([*PANEL, "variant", "hidden_size", "batch_size"])


def _panel(ax: Axes, own: DataFrame, everyone: DataFrame) -> None:
    widths, heights = (sorted({*everyone[name]}) for name in ("hidden_size", "batch_size"))
    norm = TwoSlopeNorm(0, -np.log(10), np.log(10))
    for row in own.itertuples():
        x, y = widths.index(row.hidden_size), heights.index(row.batch_size)
        face = colormaps["RdBu"](norm(np.clip(np.log(row.ratio), -np.log(10), np.log(10))))
        hatch = "////" if row.region == LAUNCH else None
        box = {"facecolor": face, "edgecolor": "#c4c4c4", "lw": 0.6, "hatch": hatch}
        ax.add_patch(Rectangle((x, y), 1, 1, **box))
        words = f"{readers.figures3(row.ratio)} {views.SIGNS[views.kind(row.verdict)]}"
        ink = "white" if np.dot(face[:3], (0.3, 0.59, 0.11)) < 0.5 else theme.INK
        back = {"facecolor": face, "edgecolor": "none", "pad": 1}
        ax.text(x + 0.5, y + 0.5, words, ha="center", va="center", size=7.5, color=ink, bbox=back)
    ax.set(xlim=(0, len(widths)), ylim=(len(heights), 0))
    ax.set_xticks(np.arange(len(widths)) + 0.5, [f"{w:.0f}" for w in widths])
    ax.set_yticks(np.arange(len(heights)) + 0.5, [f"{h:.0f}" for h in heights])
    ax.grid(False)
