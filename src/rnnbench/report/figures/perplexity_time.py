"""What the time buys: held-out perplexity against training time, one point per run."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas import DataFrame

from rnnbench.base.parameters import DIVERGED
from rnnbench.report import theme
from rnnbench.tables import readers

SECTION = "Language models"
TABLES = ("runs",)
PANEL = ["corpus", "machine", "device"]


def draw(tables: readers.Tables) -> Figure:
    runs = readers.rows(tables, "runs")
    done = _timed(runs)
    if done.empty:
        return theme.placard(readers.missing(runs, "finished run"))
    groups = list(done.groupby(PANEL, sort=False))
    columns = min(2, len(groups))
    figure, axes = theme.panels(-(-len(groups) // columns), columns, height=2.9)
    for ax, ((corpus, machine, device), group) in zip(axes.flat, groups, strict=False):
        _panel(ax, group)
        ax.set_title(f"{theme.wrapped(machine, 80 // columns)}\n{corpus}, {device}")
    for ax in axes.flat[len(groups) :]:
        ax.set_visible(False)
    theme.legend(figure, theme.variant_handles(done.variant, lines=False))
    theme.note(figure, _notes(runs))
    return figure


def finding(tables: readers.Tables) -> str:
    runs = readers.rows(tables, "runs")
    done = _timed(runs)
    if done.empty:
        return readers.missing(runs, "finished run")
    done = done[(done[PANEL] == done.iloc[0][PANEL]).all(axis=1)]
    best = done.loc[done.heldout_perplexity.idxmin()]
    near = done[done.heldout_perplexity <= 1.1 * best.heldout_perplexity]
    quick = near.loc[near.train_seconds.idxmin()]
    said = (
        f"On {best.corpus} ({best.device}), the best held-out perplexity, "
        f"{readers.figures3(best.heldout_perplexity)} ({best.variant}), took "
        f"{readers.figures3(best.train_seconds)} s"
    )
    if quick.train_seconds < best.train_seconds:
        within = f"; {quick.variant} came within 10 % of it"
        said += f"{within} in {readers.figures3(quick.train_seconds)} s"
    return said + "."


def _timed(runs: DataFrame) -> DataFrame:
    done = readers.finished(runs)
    return done if done.empty else done[done.train_seconds > 0]


def _panel(ax: Axes, group: DataFrame) -> None:
    for variant in readers.ordered(group.variant):
        chosen, style = group[group.variant == variant], theme.look(variant)
        at = chosen.train_seconds, chosen.heldout_perplexity
        ax.scatter(*at, marker=style.marker, s=24, alpha=0.85, linewidth=0.9, color=style.color)
    theme.logarithmic(ax.xaxis)
    theme.logarithmic(ax.yaxis)
    ax.set(xlabel="training time (s)", ylabel="held-out perplexity")


def _notes(runs: DataFrame) -> list[str]:
    dead = int((runs.status == DIVERGED).sum())
    said = [f"Not drawn: {readers.counted(dead, 'diverged run')}."] if dead else []
    return said + readers.absent_notes(runs, "run")
