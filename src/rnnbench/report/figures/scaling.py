"""How training scales: speed by size, memory, threads and parallel processes, and the cost model
tested on sizes that it was not fitted to."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from pandas import DataFrame

from rnnbench.report import theme
from rnnbench.report.figures import _speed
from rnnbench.tables import readers
from rnnbench.timing import cost_model

SECTION = "Speed"
TABLES = ("speed", "scaling", "costs")
SETTING = ["machine", "device", "dtype"]
NOTE = (
    "Top: markers are measurements, lines the cost model. Bottom left: memory of the model and its "
    "training beyond that of the empty process. Bottom middle: filled, parallel processes of one "
    "thread each; open, threads of one process. Bottom right: each point as predicted by the model "
    "fitted to the others."
)


def draw(tables: readers.Tables) -> Figure:
    scaling = readers.rows(tables, "scaling")
    done = _chosen(scaling)
    models = _models(tables, done)
    single = done[(done.threads == 1) & (done.parallel == 1)]
    figure, axes = theme.panels(2, 3, height=1.9)
    for variant in readers.ordered(done.variant):
        style = theme.look(variant)
        own, model = single[single.variant == variant], models.get(variant)
        if len(own):
            for ax, name in zip(axes[0], cost_model.SIZES, strict=True):
                _speeds(ax, own, name, model, style)
            _memory(axes[1, 0], own, style)
            _predicted(axes[1, 2], own, style)
        _together(axes[1, 1], done[done.variant == variant], style)
    _scales(axes, single if len(single) else done)
    axes[0, 0].set_title(
        _speed.title(tuple(done.iloc[0][_speed.PANEL]), done.iloc[:1], 90), loc="left"
    )
    theme.legend(figure, theme.variant_handles(done.variant, lines=True))
    theme.note(figure, [NOTE, *readers.absent_notes(scaling, "timing")])
    return figure


def finding(tables: readers.Tables) -> str:
    done = _chosen(readers.rows(tables, "scaling"))
    said = [_error(_models(tables, done)), _gain(done, "parallel", "threads", "processes")]
    said.append(_gain(done, "threads", "parallel", "threads of one process"))
    return theme.sentence(readers.english([part for part in said if part] or [_fastest(done)]))


def _chosen(scaling: DataFrame) -> DataFrame:
    """Timings of the first setting, on the CPU if there is one."""
    done = theme.some(readers.timed(scaling), "timing of other sizes", "timing", scaling)
    first = done.sort_values(["device", "dtype"], kind="stable").iloc[0]
    return done[(done[SETTING] == first[SETTING]).all(axis=1)]


def _models(tables: readers.Tables, done: DataFrame) -> dict[str, dict[str, Any]]:
    """Variant -> its row of the table ``costs`` at one thread in the setting shown."""
    fitted = readers.rows(tables, "costs")
    if fitted.empty:
        return {}
    here = (fitted[SETTING] == done.iloc[0][SETTING]).all(axis=1) & (fitted.threads == 1)
    shown = fitted[here & fitted.variant.isin(done.variant)]
    return {row["variant"]: row for row in shown.to_dict("records")}


def _error(models: dict[str, dict[str, Any]]) -> str:
    judged = [model for model in models.values() if np.isfinite(model["heldout_worst"])]
    if not judged:
        return ""
    worst = max(judged, key=lambda model: model["heldout_worst"])
    middle = 100 * float(np.median([model["heldout_error"] for model in judged]))
    return (
        f"at sizes it was not fitted to, the cost model is off by {middle:.0f} % at the median and "
        f"{100 * worst['heldout_worst']:.0f} % at most ({worst['variant']})"
    )


def _gains(done: DataFrame, axis: str, other: str) -> DataFrame:
    """Tokens per second of all processes together over those of one, by variant and number."""
    middle = cost_model.base(done[done.parallel == 1])
    rows = done[(done[other] == 1) & (done[cost_model.SIZES] == middle).all(axis=1)]
    total = rows.assign(gain=rows.tokens_per_second * rows.parallel, number=rows[axis].astype(int))
    total = total.groupby(["variant", "number"]).gain.median().unstack()
    return total.div(total[1], axis=0) if 1 in total else total.iloc[:0]


def _gain(done: DataFrame, axis: str, other: str, noun: str) -> str:
    gains = _gains(done, axis, other)
    if gains.empty or gains.shape[1] < 2:
        return ""
    most = gains.columns.max()
    low, high = (f"{value:.2f}" for value in (gains[most].min(), gains[most].max()))
    times = low if low == high else f"{low} to {high}"
    return f"with {most} {noun} the speed is {times} times that of one"


def _fastest(done: DataFrame) -> str:
    row = done.loc[done.tokens_per_second.idxmax()]
    sizes = f"{row.hidden_size:.0f} units, {row.batch_size:.0f} subsequences"
    return (
        f"{row.variant} is fastest at {sizes}: {readers.figures3(row.tokens_per_second)} tokens/s"
    )


def _speeds(ax: Axes, own: DataFrame, name: str, model: dict[str, Any] | None, style: Any) -> None:
    middle = cost_model.base(own)
    fixed = [size for size in cost_model.SIZES if size != name]
    line = own[(own[fixed] == middle[fixed]).all(axis=1)].sort_values(name)
    marks = {"color": style.color, "marker": style.marker, "ls": "none"}
    ax.plot(line[name], line.tokens_per_second / 1e3, **marks)
    if model is None or line.empty:
        return
    reach = np.geomspace(line[name].min(), line[name].max(), 40)
    sizes = [dict(middle) | {name: value} for value in reach]
    speed = [s["batch_size"] * s["num_steps"] / cost_model.step_seconds(model, **s) for s in sizes]
    ax.plot(reach, np.array(speed) / 1e3, color=style.color, ls=style.line, lw=1)


def _memory(ax: Axes, own: DataFrame, style: Any) -> None:
    middle = cost_model.base(own)
    line = own[(own[cost_model.SIZES[1:]] == middle[cost_model.SIZES[1:]]).all(axis=1)]
    line = line.sort_values("hidden_size")
    marks = {"color": style.color, "marker": style.marker, "ls": style.line}
    ax.plot(line.hidden_size, line.model_memory_bytes / 2**20, **marks)


def _together(ax: Axes, own: DataFrame, style: Any) -> None:
    if not (own.parallel == 1).any():
        return
    for axis, other, fill in (
        ("parallel", "threads", style.color),
        ("threads", "parallel", "white"),
    ):
        for _, gains in _gains(own, axis, other).iterrows():
            if len(gains) > 1:
                ls = "-" if axis == "parallel" else ":"
                marks = {"color": style.color, "marker": style.marker, "mfc": fill, "ls": ls}
                ax.plot(gains.index, gains, **marks)


def _predicted(ax: Axes, own: DataFrame, style: Any) -> None:
    if len(own) < cost_model.LEAST_POINTS:
        return
    milliseconds = 1e3 * own.batch_size * own.num_steps / own.tokens_per_second
    marks = {"color": style.color, "marker": style.marker, "ms": 4}
    ax.plot(milliseconds, cost_model.held_out(own), ls="none", **marks)


def _scales(axes: np.ndarray, done: DataFrame) -> None:
    for ax, name in zip(axes[0], cost_model.SIZES, strict=True):
        theme.logarithmic(ax.yaxis)
        _sizes(ax, name, done)
    memory, together, error = axes[1]
    _sizes(memory, "hidden_size", done)
    axes[0, 0].set_ylabel("thousand tokens per second")
    memory.set_ylabel("memory (MiB)")
    together.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    together.set(xlabel="processes or threads", ylabel="times the speed of one")
    together.axhline(1, color=theme.FAINT, lw=0.8, zorder=0)
    error.axhline(1, color=theme.FAINT, lw=0.8, zorder=0)
    theme.logarithmic(error.xaxis)
    error.set(xlabel="milliseconds per step", ylabel="predicted / measured")


def _sizes(ax: Axes, name: str, done: DataFrame) -> None:
    """A logarithmic axis with a tick at each size that was measured."""
    theme.logarithmic(ax.xaxis)
    ax.set_xticks(sorted(done[name].unique()))
    ax.set_xlabel(name)
