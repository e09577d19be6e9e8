"""What to use on this machine: training, writing and reading by every implementation that was
timed, beside the limit of the machine, and the fastest of each model and size."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from pandas import DataFrame

from rnnbench.base import presets
from rnnbench.base.parameters import SIZES
from rnnbench.report import theme
from rnnbench.report.figures import _speed
from rnnbench.tables import columns, readers

SECTION = "Speed"
TABLES = ("speed", "inference", "speedup")
WORK = {  # kind of work -> what is counted, and what it is called in a sentence
    "training": ("thousand tokens\ntrained on per second", "training"),
    "generation": ("thousand characters\nwritten per second", "writing"),
    "throughput": ("thousand tokens\nread per second", "reading"),
}
NOTE = (
    "Marks are implementations, with 95 % intervals where several processes were timed. In words: "
    "the fastest of several, times the speed of torch.nn in the same rounds. The limit of training "
    "is the time of its matrix products alone, each at the rate the library reached for that very "
    "shape; faster ones can exceed it. Characters are written one at a time; tokens are read in "
    "minibatches without gradients."
)


def draw(tables: readers.Tables) -> Figure:
    done, asked = _timed(tables), _asked(tables)
    kinds, columns = list(dict.fromkeys(done.kind)), [w for w in WORK if w in set(done.work)]
    rows = done.assign(variant=done.kind, label=done.variant)
    figure, lines = _speed.grid(rows, len(columns), 0.36)
    for title, group, axes in lines:
        for ax, work in zip(axes, columns, strict=True):
            _panel(ax, group[group.work == work], kinds)
            _speed.variant_axis(ax, kinds)
            ax.set_xlabel(WORK[work][0])
        axes[0].set_title(title, loc="left")
    theme.legend(figure, _handles(done))
    lacking = asked[asked.reason.astype(str).str.startswith("not installed")]
    known = readers.absent(lacking, "timing").items()
    missing = [f"Missing: {why} - {many}." for why, many in known]
    theme.note(figure, [NOTE, *missing, *readers.absent_notes(asked, "timing")])
    return figure


def finding(tables: readers.Tables) -> str:
    done = _timed(tables)
    best, said = fastest(done), []
    for work, (_, named) in WORK.items():
        rows, parts = best[best.work == work], []
        for way, won in rows.groupby("implementation", sort=False):
            ends = dict.fromkeys(readers.figures3(won.ratio.agg(end)) for end in ("min", "max"))
            times = f", {' to '.join(ends)} times as fast as torch.nn"
            words = f"by {way} in {len(won)} of {len(rows)} kinds of work"
            parts.append(words + times * bool(won.ratio.notna().any()))
        said += [f"{named} is fastest {readers.english(parts)}"] if parts else []
    for row in done.dropna(subset="limit_share").nlargest(1, "limit_share").itertuples():
        said.append(
            f"closest to its limit comes {row.variant} on {row.device}, with "
            f"{100 * row.limit_share:.0f} % of what its matrix products alone would allow"
        )
    return theme.sentence("; ".join(said or ["no work was timed by several implementations"]))


def fastest(done: DataFrame) -> DataFrame:
    """The fastest of several implementations of each setting, kind of work, model and size."""
    key = [*_speed.PANEL, "work", "kind"]
    many = done.groupby(key, dropna=False).implementation.transform("nunique") > 1
    best = done[many].groupby(key, sort=False, dropna=False).tokens_per_second.idxmax()
    return done.loc[best]


def _asked(tables: readers.Tables) -> DataFrame:
    """Rows of training, writing and reading, with ``work``."""
    speed, use = (readers.rows(tables, name) for name in ("speed", "inference"))
    parts = [speed.assign(work="training"), use.assign(work=use["mode"].fillna("generation"))]
    return pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)


def _timed(tables: readers.Tables) -> DataFrame:
    """Those that were timed with the fewest threads, and their ratios to torch.nn.

    ``kind`` is a model and its sizes.
    """
    asked = _asked(tables)
    done = theme.some(readers.one_setting(readers.timed(asked)), "timing", "timing", asked)
    done = done[done.threads == done.groupby("work").threads.transform("min")]
    limits = done.get("limit_tokens_per_second", np.nan)
    done = done.assign(limit_share=done.tokens_per_second / limits)
    ratios = readers.rows(tables, "speedup").rename(columns={"low": "least", "high": "most"})
    same = [*columns.TIMING, "work"]
    told = ["ratio", "least", "most"]
    if len(ratios):
        done = done.merge(ratios[[*same, *told]], how="left", on=same)
    else:
        done = done.assign(**dict.fromkeys(told, np.nan))
    sizes = [name for name in SIZES if done[name].nunique() > 1] or ["hidden_size"]
    named = done[sizes].astype(float).map("{:.0f}".format).agg("×".join, axis=1)
    models = done.variant.map(lambda name: presets.named(name)[0])
    order = readers.ordered(models)
    done = done.assign(kind=models + " " + named, place=models.map(order.index))
    return done.sort_values(["place", *sizes], kind="stable")


def _panel(ax: Axes, rows: DataFrame, kinds: list[str]) -> None:
    for row in rows.itertuples():
        y, style = kinds.index(row.kind), theme.look(row.label)
        ax.plot([row.low / 1e3, row.high / 1e3], [y, y], color=style.color, lw=1.4)
        ax.plot(row.tokens_per_second / 1e3, y, marker=style.marker, color=style.color, ms=5)
        if row.work == "training":
            limit = row.limit_tokens_per_second / 1e3
            ax.plot(limit, y, marker="|", ms=10, mew=1.6, color=theme.INK)
    for row in fastest(rows).itertuples():
        gain = f" {_times(row)}" if row.ratio > 0 else ""
        words: theme.Keywords = {"ha": "right", "va": "bottom", "fontsize": 6.5}
        place = ax.get_yaxis_transform()
        above, told = kinds.index(row.kind) - 0.12, row.implementation + gain
        ax.text(0.99, above, told, transform=place, **words)
    if len(rows):
        theme.logarithmic(ax.xaxis, narrow=True)


def _times(row: Any) -> str:
    """The ratio, and its interval where there is one: one process has none."""
    ratio, least, most = map(readers.figures3, (row.ratio, row.least, row.most))
    return f"{ratio} ×" + (f", {least} to {most}" if row.least > 0 else "")


def _handles(done: DataFrame) -> list[Line2D]:
    ways = done.drop_duplicates("implementation")
    none: theme.Keywords = {"ls": "none", "color": theme.INK}
    return [
        *(
            Line2D([], [], marker=theme.look(row.variant).marker, label=row.implementation, **none)
            for row in ways.itertuples()
        ),
        Line2D([], [], marker="|", ms=10, mew=1.6, label="limit", **none),
    ]
