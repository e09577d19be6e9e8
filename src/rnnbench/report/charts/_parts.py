"""What charts share: the reader's choices, one colour and shape per variant, words on hover."""

from collections.abc import Iterable, Sequence
from typing import Any, TypedDict

import altair as alt
import numpy as np
from pandas import DataFrame

from rnnbench.report import theme
from rnnbench.tables import readers

ALONE = {"corpus", "token"}  # columns of which no two values compare: one is always chosen
SHAPES = {"rnn": "circle", "gru": "square", "lstm": "triangle-up", "other": "diamond"}
DASHES = {"-": [1, 0], "--": [5, 3], "-.": [6, 2, 1, 2], ":": [1, 2]}
EXACT = ",.6~r"  # six significant digits, as d3-format writes them
FONT = 'system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif'  # that of the page
HEIGHT = 340  # pixels; the width is that of the page


class Choices:
    """A select per column in which rows differ; charts made from it show the rows chosen."""

    def __init__(self, rows: DataFrame, **starts: Any) -> None:
        """Offer the values of columns.

        Args:
            rows: what there is to choose from.
            starts: column -> value chosen at first, None for all of them.
        """
        self.params = [
            _select(column, list(dict.fromkeys(rows[column])), start)
            for column, start in starts.items()
            if rows[column].nunique() > 1
        ]

    def of(self, rows: DataFrame) -> alt.Chart:
        """Return a chart of the rows that are chosen; it asks for no column that they lack."""
        chart = alt.Chart(alt.InlineData(values=plain(rows)))
        for name in (param.name for param in self.params if param.name in rows):
            chart = chart.transform_filter(f"{name} === null || datum.{name} === {name}")
        return chart


def plain(rows: DataFrame) -> list[dict[str, Any]]:
    """Rows as JSON has them: what is not finite is absent."""
    return [
        {name: value for name, value in row.items() if _there(value)}
        for row in rows.to_dict("records")
    ]


def labelled(rows: DataFrame, tables: readers.Tables) -> DataFrame:
    """Rows with thresholds as words, in the order of their sizes, and leaky variants as such."""
    rows, leaky = rows.sort_values("clip_norm", kind="stable"), readers.leaky(tables)
    return rows.assign(
        variant=[theme.label(name, name in leaky) for name in rows.variant],
        clip_norm=[readers.figures3(value) for value in rows.clip_norm],
    )


def threshold(rows: DataFrame) -> str:
    """The clipping threshold to begin with, as :func:`labelled` words it."""
    return readers.figures3(readers.threshold(rows.clip_norm.dropna()))


class Hues(TypedDict):
    """Channels of a chart that tell variants apart."""

    color: alt.Color
    shape: alt.Shape


def hues(variants: Iterable[str], **options: Any) -> Hues:
    """Colour and shape, with one legend for both, in the order of every figure."""
    names = ordered(variants)
    colors = [theme.look(_bare(name)).color for name in names]
    shapes = [SHAPES[readers.family(name)] for name in names]
    return {
        "color": alt.Color("variant:N", scale=alt.Scale(domain=names, range=colors), **options),
        "shape": alt.Shape("variant:N", scale=alt.Scale(domain=names, range=shapes), **options),
    }


def dashes(variants: Iterable[str], **options: Any) -> alt.StrokeDash:
    """The line of each variant, as in every figure."""
    names = ordered(variants)
    lines = [theme.look(_bare(name)).line for name in names]
    known = [DASHES[line] if isinstance(line, str) else list(line[1]) for line in lines]
    return alt.StrokeDash("variant:N", scale=alt.Scale(domain=names, range=known), **options)


def ordered(variants: Iterable[str]) -> list[str]:
    """Labels of variants in the order of every figure, those of leaky ones too."""
    labels = {_bare(name): name for name in variants}
    return [labels[name] for name in readers.ordered(labels)]


def logarithmic(column: str, title: str, kind: Any = alt.Y) -> Any:
    """A logarithmic axis, X or Y, with plain numbers and no zero."""
    scale = alt.Scale(type="log", nice=False, padding=12)
    return kind(f"{column}:Q", scale=scale, axis=alt.Axis(title=title, format="~r"))


def words(rows: DataFrame, columns: Sequence[str]) -> list[alt.Tooltip]:
    """What a mark says when it is pointed at: these columns, where the rows have them."""
    there = [name for name in columns if name in rows]
    numeric = {name for name in there if rows[name].dtype.kind in "fiu"}
    return [
        alt.Tooltip(f"{name}:Q", format=EXACT, title=name)
        if name in numeric
        else alt.Tooltip(f"{name}:N", title=name)
        for name in there
    ]


def thinned(count: int, most: int) -> np.ndarray:
    """Positions of at most ``most`` of ``count`` rows: the first, the last, evenly between."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int))


def framed(chart: Any, choices: Choices) -> Any:
    """Give a chart its size and its choices, and the look that the page's style completes."""
    legend = {"title": None, "orient": "bottom", "labelLimit": 200, "columnPadding": 18}
    axis = {"titleFontWeight": "normal", "gridColor": "#e4e4e4", "domainColor": "#999999"}
    sizes = {"labelFontSize": 12, "titleFontSize": 12}
    columns = {"expr": "max(1, floor(width / 170))"}
    return (
        chart.properties(width="container", height=HEIGHT, background="transparent")
        .add_params(*choices.params)
        .configure(font=FONT, autosize={"type": "fit-x", "contains": "padding"})
        .configure_legend(labelFontSize=12, columns=columns, **legend)
        .configure_axis(**axis, **sizes, tickColor="#999999")
        .configure_view(stroke=None)
    )


def _select(column: str, values: list[Any], start: Any) -> alt.Parameter:
    options = values if column in ALONE else [None, *values]
    labels = ["all" if value is None else str(value) for value in options]
    first = start if start in options else options[0]
    bind = alt.binding_select(options=options, labels=labels, name=column)
    return alt.param(name=column, value=first, bind=bind)


def _there(value: Any) -> bool:
    if isinstance(value, float):
        return bool(np.isfinite(value))
    return value is not None


def _bare(label: str) -> str:
    return label.removesuffix(" (leaky)")
