"""Word models and character models of the same text: bits per character, parameters and time.
Words that the training text lacks are <unk>, and their spelling is charged letter by letter."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas import DataFrame

from rnnbench.report import theme
from rnnbench.tables import readers, trials

SECTION = "Language models"
TABLES = ("trials",)
TRIALS = ("text_whole", "words")


def draw(tables: readers.Tables) -> Figure:
    runs = _chosen(tables)
    models = _models(runs)
    figure, axes = theme.panels(1, 3, height=1.2 + 0.3 * len(models), sharey=True)
    bits, size, time = axes[0]
    _bits(bits, runs, models)
    for ax, column, words in (
        (size, "thousands", "thousand parameters"),
        (time, "micros_per_char", "training (µs per character)"),
    ):
        for y, model in enumerate(models):
            same = _of(runs, model)
            _mark(ax, same[column], y, model[1], True)
        theme.logarithmic(ax.xaxis)
        ax.set_xlabel(words)
    bits.set_yticks(range(len(models)), [f"{variant}, {token}s" for token, variant in models])
    bits.set_ylim(len(models) - 0.5, -0.5)
    theme.note(figure, _notes(runs, tables))
    return figure


def finding(tables: readers.Tables) -> str:
    runs = _chosen(tables)
    said = [
        f"{variant} of {token}s needs "
        f"{readers.figures3(_of(runs, (token, variant)).heldout_bits_per_char.median())} held-out "
        "bits per character"
        for token, variant in _models(runs)
    ]
    return f"On all of the training text of {runs.corpus.iloc[0]}, {readers.english(said)}."


def _chosen(tables: readers.Tables) -> DataFrame:
    """Finished runs on all of the first text."""
    asked = trials.of(tables, *TRIALS)
    runs = trials.alike(readers.finished(asked))
    runs = runs if "word" in set(runs.token) else runs.iloc[:0]
    theme.some(runs, "model of words", asked=asked)
    read = runs.num_chars * runs.epochs_done
    micros = 1e6 * runs.train_seconds / read
    return runs.assign(micros_per_char=micros, thousands=runs.num_parameters / 1e3)


def _models(runs: DataFrame) -> list[tuple[str, str]]:
    """Token and variant of each model, characters first."""
    return [
        (token, variant)
        for token in sorted(runs.token.unique())
        for variant in readers.ordered(runs[runs.token == token].variant)
    ]


def _of(runs: DataFrame, model: tuple[str, str]) -> DataFrame:
    return runs[(runs.token == model[0]) & (runs.variant == model[1])]


def _bits(ax: Axes, runs: DataFrame, models: list[tuple[str, str]]) -> None:
    for y, model in enumerate(models):
        same = _of(runs, model)
        _mark(ax, same.bits_per_char, y + 0.15, model[1], False)
        _mark(ax, same.heldout_bits_per_char, y - 0.15, model[1], True)
    ax.set(xlabel="bits per character", title="full: held-out; empty: training")
    ax.margins(x=0.15)


def _mark(ax: Axes, values: DataFrame, y: float, variant: str, full: bool) -> None:
    style = theme.look(variant)
    face = style.color if full else "white"
    ax.plot([values.min(), values.max()], [y, y], color=style.color, lw=1)
    ax.plot([values.median()], [y], marker=style.marker, color=style.color, mfc=face, ms=5)


def _notes(runs: DataFrame, tables: readers.Tables) -> list[str]:
    words = runs[runs.token == "word"].iloc[0]
    chars = runs[runs.token == "char"]
    epochs = f"{int(words.num_epochs)} epochs of words"
    epochs += f", {int(chars.iloc[0].num_epochs)} of characters" if len(chars) else ""
    seeds = readers.counted(runs.seed.nunique(), "seed")
    said = [
        f"{words.heldout_oov_share:.1%} of the held-out words are unknown, "
        f"{int(words.vocab_size):,} are known; {epochs}; {seeds}. Times are of runs that shared "
        "the machine."
    ]
    return said + readers.absent_notes(trials.of(tables, *TRIALS), "run")
