"""How far updates change the loss of their own minibatch, by length of the update.

Every update of trainings that clip was tried at several thresholds. Crosses: the loss rose. Dashed:
the largest change per length among the updates clipped at the threshold named in the legend.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from pandas import DataFrame

from rnnbench.report import theme
from rnnbench.tables import gradient_rows, readers

SECTION = "Gradients"
TABLES = ("lipschitz",)
MOST = 1e6  # axes end here: a loss that explodes knows no bound


def draw(tables: readers.Tables) -> Figure:
    updates = gradient_rows.tried(tables)
    if updates.empty:
        return theme.placard(readers.missing(updates, "update"))
    variants, thetas = readers.ordered(updates.variant), sorted(updates.theta.unique())
    theta = readers.threshold(updates.theta)
    figure, axes = theme.panels(1, len(variants), height=2.8, sharex=True, sharey=True)
    for ax, variant in zip(axes[0], variants, strict=True):
        chosen = updates[updates.variant == variant]
        for index, value in reversed(list(enumerate(thetas))):
            _points(ax, chosen[chosen.theta == value], theme.SERIES[index % 6])
        _bound(ax, chosen[chosen.theta == theta])
        ax.set(title=variant, xlabel="length of the update")
        theme.logarithmic(ax.xaxis)
        theme.logarithmic(ax.yaxis)
    axes[0, 0].set_ylabel("change of the loss (nats)")
    _limits(axes[0, 0], updates)
    theme.legend(figure, _handles(thetas, theta))
    beyond = int((_size(updates) > MOST).sum())
    note = f"{readers.counted(beyond, 'change')} above a million nats, at the upper edge."
    together = readers.pooled(updates, "variant", "seed")
    notes = [f"Shown together: {together}."] if together else []
    theme.note(figure, [note, *notes] if beyond else notes)
    return figure


def finding(tables: readers.Tables) -> str:
    updates = gradient_rows.tried(tables)
    if updates.empty:
        return readers.missing(updates, "update")
    said = []
    for theta in sorted({readers.threshold(updates.theta), updates.theta.max()}):
        chosen = updates[updates.theta == theta]
        rises = chosen.change[~(chosen.change <= 0)]
        most = rises.fillna(np.inf).max() if len(rises) else 0.0
        words = f"clipped at {readers.figures3(theta)}" if np.isfinite(theta) else "never clipped"
        said.append(
            f"{words}, {readers.figures3(100 * len(rises) / len(chosen))} % of "
            f"{readers.counted(len(chosen), 'update')} raise the loss of their own minibatch, by "
            "at "
            f"most {readers.figures3(most)} nats"
        )
    sentence, together = "; ".join(said), readers.pooled(updates, "variant", "seed")
    together = f", of {together} together" if together else ""
    return f"{sentence[0].upper()}{sentence[1:]}{together}."


def _size(updates: DataFrame) -> np.ndarray:
    return updates.change.abs().fillna(np.inf).to_numpy(float)


def _points(ax: Axes, updates: DataFrame, color: str) -> None:
    x = np.clip(updates.step_norm.to_numpy(float), None, MOST)
    y, rose = np.clip(_size(updates), None, MOST), ~(updates.change <= 0).to_numpy()
    ax.plot(x[~rose], y[~rose], "o", ms=2, color=color, alpha=0.4, mew=0, rasterized=True)
    ax.plot(x[rose], y[rose], "x", ms=3, color=color, alpha=0.7, mew=0.7, rasterized=True)


def _bound(ax: Axes, updates: DataFrame) -> None:
    largest = float(np.max(_size(updates) / updates.step_norm))
    ends = np.array([1e-3, MOST])
    ax.plot(ends, largest * ends, color=theme.INK, lw=0.9, ls="--")


def _limits(ax: Axes, updates: DataFrame) -> None:
    ax.set_xlim(0.5 * updates.step_norm.min(), 2 * min(MOST, updates.step_norm.max()))
    ax.set_ylim(1e-5, 2 * min(MOST, _size(updates).max()))


def _handles(thetas: list[float], theta: float) -> list[Line2D]:
    named = [
        (f"clipped at {readers.figures3(value)}" if np.isfinite(value) else "never clipped", value)
        for value in thetas
    ]
    handles = [
        Line2D([], [], ls="none", marker="o", color=theme.SERIES[i % 6], label=label)
        for i, (label, _) in enumerate(named)
    ]
    bound = f"L times length, L seen at {readers.figures3(theta)}"
    return [*handles, Line2D([], [], color=theme.INK, lw=0.9, ls="--", label=bound)]
