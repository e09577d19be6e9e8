"""How far back trained models see: perplexity by length of the context, the influence of one token
by its distance, and the context that gives half of the gain over the last token alone."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from pandas import DataFrame

from rnnbench.report import theme
from rnnbench.tables import readers

SECTION = "Language models"
TABLES = ("memory", "half_life")
SPLITS = {"train": "training text", "heldout": "held-out text"}
FAINTEST = 1e-7  # nats; below it a float32 prediction does not move


def draw(tables: readers.Tables) -> Figure:
    asked = readers.rows(tables, "memory")
    contexts = theme.some(_measured(tables, "memory"), "memory", "variant", asked)
    corpora = list(contexts.corpus.unique())
    figure, axes = theme.panels(2 * len(corpora), 2, height=1.9)
    for line, corpus in enumerate(corpora):
        (own, unseen), (influence, half) = axes[2 * line : 2 * line + 2]
        same = contexts[contexts.corpus == corpus]
        for ax, (split, words) in zip((own, unseen), SPLITS.items(), strict=True):
            _curves(ax, same[same.split == split], "perplexity")
            ax.set(title=f"{corpus}, {words}", ylabel="perplexity", xlabel="tokens of context")
            theme.logarithmic(ax.yaxis)
        _curves(influence, same[same.split == "heldout"], "influence_nats")
        influence.set(ylabel="influence (nats)", xlabel="tokens back", yscale="log")
        influence.set_ylim(FAINTEST, 10)
        influence.set_title("influence of one token, held-out text")
        halves = _of(_measured(tables, "half_life"), corpus, "half_life")
        _halves(half, halves)
    theme.legend(figure, theme.variant_handles(contexts.variant, lines=True))
    theme.note(figure, _notes(tables, contexts))
    return figure


def finding(tables: readers.Tables) -> str:
    asked = readers.rows(tables, "memory")
    measures = theme.some(_measured(tables, "half_life"), "memory", "variant", asked)
    corpus = measures.corpus.iloc[0]
    halves, traces = (_of(measures, corpus, name) for name in ("half_life", "trace"))
    farthest = halves.loc[halves.groupby("split", sort=False).tokens.idxmax()]
    said = [
        f"{interval(row)} on {SPLITS[row.split]} ({row.variant})" for row in farthest.itertuples()
    ]
    traces = traces[traces.split == "heldout"].sort_values("tokens")
    ends = [f"{interval(row)} ({row.variant})" for row in traces.iloc[[0, -1]].itertuples()]
    return (
        f"On {corpus}, half of the gain from context beyond the last token comes from at most "
        f"{readers.english(said)} tokens; the influence of a token falls to 1 % of the last "
        f"one's after {' to '.join(ends)} tokens."
    )


def interval(row: Any) -> str:
    """A number of tokens with its interval."""
    number, low, high = map(readers.figures3, (row.tokens, row.low, row.high))
    return f"{number} ({low} to {high})"


def _measured(tables: readers.Tables, name: str) -> DataFrame:
    """Rows with numbers, of the first machine and device."""
    table = readers.rows(tables, name)
    table = table if table.empty else table[table.split.notna()]
    if table.empty:
        return table
    first = table.iloc[0]
    return table[(table.machine == first.machine) & (table.device == first.device)]


def _of(measures: DataFrame, corpus: str, measure: str) -> DataFrame:
    if measures.empty:
        return measures
    return measures[(measures.corpus == corpus) & (measures.measure == measure)]


def _curves(ax: Axes, rows: DataFrame, column: str) -> None:
    for variant in readers.ordered(rows.variant):
        chosen, style = rows[rows.variant == variant].sort_values("context"), theme.look(variant)
        values = chosen[column].where(chosen[column] > FAINTEST)
        ax.plot(
            chosen.context, values, color=style.color, marker=style.marker, ls=style.line, ms=3.5
        )
    _doublings(ax)


def _doublings(ax: Axes) -> None:
    """A logarithmic axis of whole numbers of tokens."""
    ax.set_xscale("log", base=2)
    ax.xaxis.set_major_locator(FixedLocator([2**k for k in range(12)]))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _halves(ax: Axes, halves: DataFrame) -> None:
    """Half-lives of the variants, training text above held-out text."""
    variants = readers.ordered(halves.variant) if len(halves) else []
    for row in halves.itertuples():
        y = variants.index(row.variant) + (-0.17 if row.split == "train" else 0.17)
        face = theme.look(row.variant).color if row.split == "train" else "white"
        ends = [min(row.low, row.tokens), max(row.high, row.tokens)]
        ax.plot(ends, [y, y], color=theme.look(row.variant).color, lw=1.2)
        ax.plot([row.tokens], [y], "o", color=theme.look(row.variant).color, mfc=face, ms=4.5)
    ax.set_yticks(range(len(variants)), variants)
    ax.set(ylim=(len(variants) - 0.5, -0.5), xlabel="half-life (tokens of context)")
    ax.set_title("full: training text; empty: held-out")
    ax.grid(False, axis="y")


def _notes(tables: readers.Tables, contexts: DataFrame) -> list[str]:
    first = contexts.iloc[0]
    said = [
        f"{first.sampler}, clip_norm {readers.figures3(first.clip_norm)}; the same "
        f"{readers.counted(int(first.n), 'token')} are predicted after every context; "
        f"{readers.counted(int(first.seeds), 'seed')}. Bars: 95 % intervals over blocks of "
        "text and seeds."
    ]
    table = readers.rows(tables, "memory")
    left = table[table.reason.notna()].drop_duplicates(["variant", "reason"])
    return said + [f"Left out: {row.variant} {row.reason}." for row in left.itertuples()]
