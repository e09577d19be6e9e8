"""What is left of the base line's error in tasks whose truth is known, by the length T of their
sequences: 1 is as good as the best answer that heeds no input, and below the dotted line a task
counts as solved. Median over seeds; thin lines go from the lowest to the highest."""

from matplotlib.figure import Figure

from rnnbench.report import theme
from rnnbench.tables import readers

SECTION = "Synthetic tasks"
TABLES = ("tasks",)
SOLVED, LEAST = 0.1, 1e-3  # shares of the base line's error; a smaller one is drawn as this


def draw(tables: readers.Tables) -> Figure:
    rows = theme.some(readers.rows(tables, "tasks"), "task")
    tasks = sorted(rows.task.unique())
    figure, axes = theme.panels(1, len(tasks), height=2.8, sharey=True)
    for ax, task in zip(axes[0], tasks, strict=True):
        same = rows[rows.task == task]
        for variant in readers.ordered(same.variant):
            of, style = same[same.variant == variant], theme.look(variant)
            left = (of.value / of.baseline).clip(lower=LEAST).groupby(of.length)
            found = left.agg(["min", "median", "max"])
            look: theme.Keywords = {"color": style.color, "marker": style.marker, "ls": style.line}
            ax.plot(found.index, found["median"], ms=4, **look)
            ax.vlines(found.index, found["min"], found["max"], color=style.color, lw=0.9)
        ax.axhline(1, color=theme.INK, lw=0.8)
        ax.axhline(SOLVED, color=theme.INK, lw=0.8, ls=":")
        theme.logarithmic(ax.yaxis)
        ax.set_xscale("log")
        ax.set_xticks(lengths := sorted(same.length.unique()), [f"{T:.0f}" for T in lengths])
        ax.minorticks_off()
        ax.set(title=task, xlabel="T (steps)")
    axes[0, 0].set_ylabel("error over that of the base line")
    theme.legend(figure, theme.variant_handles(rows.variant, lines=True))
    return figure


def finding(tables: readers.Tables) -> str:
    rows = theme.some(readers.rows(tables, "tasks"), "task")
    said = []
    for task, same in rows.groupby("task"):
        solved = same.groupby(["variant", "length"]).solved.mean().gt(0.5).reset_index()
        longest = solved.length.where(solved.solved, 0).groupby(solved.variant).max()
        named = (f"{longest[name]:.0f} ({name})" for name in readers.ordered(longest.index))
        said.append(f"{task} {readers.english(named)}")
    return f"The longest T that most seeds solve, 0 where none does, is for {'; for '.join(said)}."
