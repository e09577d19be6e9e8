"""Skill of forecasts k steps ahead: 1 - error / error of a base line on the same series.

One panel per base line; median and 5-95 % over seeds. Below 0 the base line is the better one.
"""

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas import DataFrame

from rnnbench.report import theme
from rnnbench.report.figures import _sine
from rnnbench.tables import readers

SECTION = "Sine"
TABLES = ("sine_skill",)
DRAWN = ("mlp", "direct", "rnn", "ols_ar")
LOWEST = -2.0  # of the axis; longer lines are cut there


def draw(tables: readers.Tables) -> Figure:
    table = _skill(tables)
    if table.empty:
        return theme.placard("No skill of forecasts to show.")
    baselines = list(dict.fromkeys(table.baseline))
    figure, axes = theme.panels(1, len(baselines), height=2.6, sharey=True)
    for ax, baseline in zip(axes[0], baselines, strict=True):
        _panel(ax, table[table.baseline == baseline])
        ax.set_title(f"against\n{_sine.look(baseline)[2]}")
    axes[0, 0].set(ylabel="skill", ylim=(LOWEST, 1.05))
    found: dict[str, Artist] = {}
    for ax in axes[0]:
        found |= {label: h for h, label in zip(*ax.get_legend_handles_labels(), strict=True)}
    theme.legend(figure, list(found.values()))
    return figure


def finding(tables: readers.Tables) -> str:
    table = readers.rows(tables, "sine_skill")
    if table.empty:
        return "No skill of forecasts to show."
    own = table[(table.model == _sine.BOOK) & (table["mode"] == "one_step")]
    if own.empty:
        return "No skill of the network to show."
    parts = [
        f"{readers.figures3(row.skill)} against {row.baseline} ({row.worse_share:.0%} of seeds "
        "worse)"
        for row in own.sort_values("skill").itertuples()
    ]
    return (
        f"One step ahead the skill of {_sine.BOOK} is {readers.english(parts)}, median of "
        f"{readers.counted(int(own.n.max()), 'seed')}."
    )


def _skill(tables: readers.Tables) -> DataFrame:
    table = readers.rows(tables, "sine_skill")
    return table if table.empty else table[(table["mode"] == "k_step") & table.model.isin(DRAWN)]


def _panel(ax: Axes, table: DataFrame) -> None:
    ax.axhline(0, color=theme.INK, lw=0.8)
    models = _sine.known(table.model)
    for index, model in enumerate(models):
        found = table[table.model == model].rename(columns={"skill": "mse"})
        _sine.ranges(ax, model, found, "horizon", 1.12 ** (index - (len(models) - 1) / 2))
    ax.set_xscale("log", base=2)
    horizons = sorted(table.horizon.unique())
    ax.set_xticks(horizons, [f"{k:.0f}" for k in horizons])
    ax.minorticks_off()
    ax.set_xlabel("k (steps ahead)")
