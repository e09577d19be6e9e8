"""The look of every figure: size, fonts, and one colour, marker and line per variant."""

import textwrap
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import rcParamsDefault
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import XAxis, YAxis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from pandas import DataFrame

from rnnbench.tables import readers

Keywords = dict[str, Any]  # of a call to matplotlib

WIDTH = 6.5  # inches: the text width of a printed page
INK, FAINT = "#333333", "#767676"

# Okabe and Ito's colours, told apart with every common colour blindness.
BLUE, ORANGE, GREEN, PURPLE, YELLOW, SKY = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#aa4499",
    "#e69f00",
    "#56b4e9",
)
SERIES = (BLUE, ORANGE, GREEN, PURPLE, YELLOW, SKY)
MARKERS = ("o", "s", "^", "D", "v", "P")
FAMILY = {"rnn": BLUE, "gru": ORANGE, "lstm": GREEN, "other": PURPLE}
# kind: share of white (+) or black (-) mixed into the family's colour, marker, line
KINDS = {
    "scratch": (0.45, "v", "--"),
    "": (0.0, "o", "-"),
    "embedding": (0.6, "d", (0, (2, 1))),
    "manual": (0.3, "P", (0, (3, 1, 1, 1))),
    "compiled": (-0.3, "X", (0, (1, 1))),
    "fused": (-0.6, "*", (0, (6, 2, 1, 2))),
    "graphed": (0.6, "p", (0, (4, 1, 1, 1, 1, 1))),
    "jax": (0.15, "h", (0, (4, 2))),
    "onnx": (-0.75, "<", (0, (2, 2))),
    "relu": (0.2, "^", "-."),
    "deep": (-0.45, "s", (0, (5, 1))),
    "bidirectional": (-0.15, "D", ":"),
}
LIGHTER = {"relu": 0.2, "deep": 0.4, "embedding": 0.5, "bidirectional": 0.3}  # by other means
SPARE = ((0.6, "P", (0, (3, 1, 1, 1))), (-0.3, "X", (0, (1, 1))), (-0.6, "*", (0, (6, 2, 1, 2))))

RC: dict[Any, Any] = {
    **rcParamsDefault,  # not what the user has set
    **{"axes.grid": True, "axes.axisbelow": True, "lines.solid_capstyle": "round"},
    **dict.fromkeys(("axes.labelcolor", "xtick.color", "ytick.color"), ".15"),
    **{"patch.edgecolor": "w", "patch.force_edgecolor": True, "patch.linewidth": 0.8},
    **{"xtick.bottom": False, "ytick.left": False, "legend.title_fontsize": 9.6},
    **dict.fromkeys(("xtick.major.size", "ytick.major.size"), 4.8),
    **dict.fromkeys(("xtick.major.width", "ytick.major.width"), 1.0),
    **dict.fromkeys(("xtick.minor.size", "ytick.minor.size"), 3.2),
    **dict.fromkeys(("xtick.minor.width", "ytick.minor.width"), 0.8),
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "axes.labelsize": 9,
    "axes.titlesize": 9,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "axes.edgecolor": "#999999",
    "axes.linewidth": 0.8,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.3,
    "lines.markersize": 4.5,
    "hatch.linewidth": 0.6,
    "text.color": INK,
    "svg.hashsalt": "rnnbench",
    "svg.fonttype": "none",
    "savefig.dpi": 200,
}


@dataclass(frozen=True)
class Look:
    """How a variant is drawn, in every figure."""

    color: str
    marker: str
    line: Any  # as Line2D takes it


def look(variant: str) -> Look:
    """Derive the look: the cell gives the hue, what computes it the marker, both the shade."""
    kind, model = readers.kind(variant), readers.model_kind(variant)
    shade, marker, line = KINDS.get(kind) or SPARE[zlib.crc32(kind.encode()) % len(SPARE)]
    shade += LIGHTER.get(model, 0.0) if kind != model else 0.0
    other = np.ones(3) if shade > 0 else np.zeros(3)
    base = np.array(to_rgb(FAMILY[readers.family(variant)]))
    color = to_hex(base + abs(shade) * (other - base))
    return Look(color, marker, line)


def panels(
    rows: int = 1, columns: int = 1, height: float = 2.4, **options: Any
) -> tuple[Figure, np.ndarray]:
    """Figure at print width and its (rows, columns) axes; ``height`` in inches per row."""
    figure = Figure(figsize=(WIDTH, rows * height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns, squeeze=False, **options)


class Empty(Exception):
    """There is nothing to draw: why, in a sentence."""


def some(
    found: DataFrame, what: str, noun: str = "run", asked: DataFrame | None = None
) -> DataFrame:
    """The rows that are drawn.

    Args:
        found: those rows.
        what: they are, in the singular.
        noun: what of ``asked`` is counted where it is missing.
        asked: rows of all that was asked for; by default ``found``.

    Raises:
        Empty: there is none.
    """
    if found.empty:
        raise Empty(readers.missing(found if asked is None else asked, what, noun))
    return found


def placard(sentence: str) -> Figure:
    """One labelled panel that says what is missing."""
    figure, axes = panels(height=1.4)
    vacant(axes[0, 0], sentence, 80)
    return figure


def vacant(ax: Axes, sentence: str, width: int = 34) -> None:
    """Say in a panel why it is empty."""
    ax.tick_params(bottom=False, left=False, labelbottom=False, labelleft=False)
    ax.grid(False)
    ax.set_facecolor("#f6f6f6")
    words = wrapped(sentence, width)
    ax.text(0.5, 0.5, words, transform=ax.transAxes, ha="center", va="center", color=FAINT)


def sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def wrapped(text: str, width: int) -> str:
    return textwrap.fill(text, width, break_long_words=True)


def note(figure: Figure, sentences: Iterable[str]) -> None:
    """Small print below the panels, one paragraph per sentence; the figure grows to hold it."""
    text = "\n".join(wrapped(sentence, 108) for sentence in sentences if sentence)
    if text:
        figure.supxlabel(text, x=0.01, ha="left", fontsize=7.5, color=FAINT)
        grow(figure, 0.16 * (text.count("\n") + 1))


def legend(figure: Figure, handles: Sequence[Artist], columns: int = 4) -> None:
    """One legend above all panels, which keep their size."""
    columns = max(1, min(columns, len(handles)))
    figure.legend(handles=handles, loc="outside upper center", ncols=columns)
    grow(figure, 0.2 * -(-len(handles) // columns))


def variant_handles(variants: Iterable[str], lines: bool) -> list[Line2D]:
    """Legend entries of variants, with or without their line."""
    handles = []
    for variant in readers.ordered(variants):
        style = look(variant)
        drawn: Keywords = {"marker": style.marker, "ls": style.line if lines else "none"}
        handles.append(Line2D([], [], color=style.color, label=variant, **drawn))
    return handles


class PlainLogLocator(LogLocator):
    """Ticks on a logarithmic axis: the fewer decades it spans, the more per decade."""

    def __init__(self, narrow: bool = False):
        super().__init__()
        self.narrow = narrow

    def tick_values(self, vmin: float, vmax: float) -> Sequence[float]:
        decades = np.log10(vmax / vmin) if vmin > 0 else np.inf
        if decades < 0.3:
            return MaxNLocator(4).tick_values(vmin, vmax)
        few = (1, 3) if self.narrow else (1, 2, 5) if decades > 1 else (1, 1.5, 2, 3, 4, 5, 7)
        self.set_params(subs=(1,) if decades > 2 else few)
        return super().tick_values(vmin, vmax)


def logarithmic(axis: XAxis | YAxis, narrow: bool = False) -> None:
    """A logarithmic axis with plain numbers; one that is ``narrow`` has room for few."""
    axis.axes.set(**{f"{axis.axis_name}scale": "log"})
    axis.set_major_locator(PlainLogLocator(narrow))
    axis.set_major_formatter(FuncFormatter(lambda value, _: readers.figures3(value)))
    axis.set_minor_formatter(NullFormatter())


def grow(figure: Figure, inches: float) -> None:
    width, height = figure.get_size_inches()
    figure.set_size_inches(width, height + inches)
