"""Where other implementations overtake torch.nn: times its speed, over hidden and batch sizes."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator
from pandas import DataFrame

from rnnbench.report import theme
from rnnbench.tables import readers

SECTION = "Speed"
TABLES = ("speedup",)
SETTING = ["machine", "device", "threads", "dtype", "num_steps"]
WANTED = "fused"
NOTE = (
    "Ratios are of medians of the same round; bars: 95 % intervals over rounds, or, thin, the "
    "extremes of fewer than 6 rounds. The line at 1 is torch.nn."
)


def draw(tables: readers.Tables) -> Figure:
    done = _compared(tables)
    if done.empty:
        return theme.placard(_nothing())
    families = [name for name in readers.FAMILIES if name in set(done.baseline)]
    batches = sorted(done.batch_size.unique())
    figure, axes = theme.panels(len(batches), len(families), height=2.1, sharex=True, sharey=True)
    for line, batch in zip(axes, batches, strict=True):
        for ax, family in zip(line, families, strict=True):
            _panel(ax, done[(done.batch_size == batch) & (done.baseline == family)])
            ax.set_title(f"{family}, batch_size {batch:.0f}")
        line[0].set_ylabel("times torch.nn")
    for ax in axes[-1]:
        ax.set_xlabel("hidden_size")
    sizes = done.hidden_size
    axes[0, 0].set_xlim(sizes.min() / 1.15, 1.15 * sizes.max())
    axes[0, 0].set_ylim(0, 1.05 * max(1, done.top.max()))
    theme.legend(figure, theme.variant_handles(done.variant, set(), lines=True))
    theme.note(figure, [_setting(done), NOTE])
    return figure


def finding(tables: readers.Tables) -> str:
    done = _compared(tables)
    if done.empty:
        return _nothing()
    wanted = done.implementation == WANTED
    chosen = done[wanted] if wanted.any() else done
    what = "native training steps" if wanted.any() else "implementations timed"
    best, worst = chosen.loc[chosen.ratio.idxmax()], chosen.loc[chosen.ratio.idxmin()]
    ahead, behind = int((chosen.bottom > 1).sum()), int((chosen.top < 1).sum())
    return (
        f"Of {readers.counted(len(chosen), 'comparison')} of {what} with torch.nn, {ahead} "
        f"{'is' if ahead == 1 else 'are'} ahead, {behind} behind and "
        f"{len(chosen) - ahead - behind} not distinguishable; the ratios go from {_said(worst)} "
        f"to {_said(best)}."
    )


def _said(row: pd.Series) -> str:
    ends = "interval" if row.known else "extremes"
    sizes = f"{row.hidden_size:.0f} units, batch_size {row.batch_size:.0f}"
    span = f"{ends} {row.bottom:.2f} to {row.top:.2f}, n = {row.n:.0f}"
    return f"{row.ratio:.2f} ({row.variant}, {sizes}; {span})"


def _compared(tables: readers.Tables) -> DataFrame:
    """Ratios of one setting, with ``bottom`` and ``top`` of the interval or of all rounds."""
    rows = readers.rows(tables, "speedup")
    if rows.empty:
        return rows
    plain = rows.baseline.isin(readers.FAMILIES)
    rows = readers.one_setting(rows[plain & np.isfinite(rows.ratio)])
    if rows.empty:
        return rows
    settings = sorted(rows.groupby(SETTING), key=lambda pair: (-len(pair[1]), pair[0]))
    rows = settings[0][1]
    known = rows.low <= rows.high
    bottom, top = rows.low.where(known, rows.minimum), rows.high.where(known, rows.maximum)
    return rows.assign(known=known, bottom=bottom, top=top)


def _panel(ax: Axes, group: DataFrame) -> None:
    ax.axhline(1, color=theme.INK, lw=1, zorder=1)
    for variant in readers.ordered(group.variant):
        style = theme.look(variant)
        own = group[group.variant == variant].sort_values("hidden_size")
        ax.plot(own.hidden_size, own.ratio, color=style.color, marker=style.marker, ls=style.line)
        for row in own.itertuples():
            ends = (row.bottom, row.top)
            ax.plot([row.hidden_size] * 2, ends, color=style.color, lw=2 if row.known else 0.7)
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(FixedLocator(sorted(group.hidden_size.unique())))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter("{x:.0f}")


def _setting(done: DataFrame) -> str:
    row = done.iloc[0]
    threads = readers.counted(int(row.threads), "thread")
    return f"{row.machine}, {row.device}, {threads}, {row['dtype']}, num_steps {row.num_steps:.0f}."


def _nothing() -> str:
    return "No step was timed beside the plain torch.nn layer that computes the same."
