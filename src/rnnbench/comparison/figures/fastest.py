"""Each machine's fastest way to train a model (any code, device and number of threads) divided by
the baseline's: ratio, 95 % interval and verdict; faint: the typical ratio."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas import DataFrame

from rnnbench.comparison import figures, views
from rnnbench.report import theme
from rnnbench.tables import readers

SECTION = "Fastest ways"
TABLES = ("best",)


def draw(tables: readers.Tables) -> Figure:
    best = figures.one_setting(_others(tables))
    done = _judged(best)
    speeds = best.groupby("machine", sort=False).ratio.mean()
    machines = list(speeds.sort_values(ascending=False).index)
    families = [name for name in (*readers.FAMILIES, "other") if name in set(done.family)]
    height = 0.8 + 0.34 * len(machines)
    figure, axes = theme.panels(1, len(families), height, sharey=True)
    for ax, family in zip(axes[0], families, strict=True):
        _panel(ax, best[best.family == family], machines)
        ax.set_title(family)
    axes[0, 0].set_xlabel("times the baseline")
    theme.legend(figure, figures.ratio_handles({*done.verdict}), columns=5)
    theme.note(figure, [f"The baseline is {best.baseline.iloc[0]}."])
    return figure


def finding(tables: readers.Tables) -> str:
    done = _judged(_others(tables))
    least, most = done.loc[done.ratio.idxmin()], done.loc[done.ratio.idxmax()]
    said = f"Each machine in its fastest way: {views.counts(done.verdict)}"
    if len(done) == 1:
        return f"{said}, {_said(most)}."
    return f"{said}; from {_said(least)} to {_said(most)}."


def _said(row: pd.Series) -> str:
    what = f"{row.family} on {row.machine} ({row.variant}, {row.device})"
    return f"{views.times(row.ratio, row.low, row.high)} for {what}"


def _panel(ax: Axes, own: DataFrame, machines: list[str]) -> None:
    done = views.judged(own)
    for row in own.itertuples():
        y = machines.index(row.machine)
        if row.Index in done.index:
            figures.mark(ax, row, y)
        else:
            ax.text(0.98, y, row.verdict, ha="right", va="center", fontsize=7, color=theme.FAINT)
            ax.texts[-1].set_transform(ax.get_yaxis_transform())
    figures.ratio_axis(ax, done if len(done) else own)
    figures.machine_axis(ax, machines)


def _others(tables: readers.Tables) -> DataFrame:
    """Rows of the machines that are not the baseline."""
    best = views.rows(tables, "best")
    best = best[best.machine != best.baseline] if len(best) else best
    if best.empty:
        raise theme.Empty(views.ALONE)
    return best.assign(family=best.family.where(best.family.isin(readers.FAMILIES), "other"))


def _judged(best: DataFrame) -> DataFrame:
    done = views.judged(best)
    if done.empty:
        raise theme.Empty("No model was timed on two machines in a comparable way.")
    return done
