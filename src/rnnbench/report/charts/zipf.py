"""Zipf's law: how often the n-gram of each rank occurs, by order, on logarithmic axes."""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from pandas import DataFrame

from rnnbench.report import theme
from rnnbench.report.charts import _parts
from rnnbench.tables import readers

TABLES = ("rank_frequency",)

MOST = 80  # points per line
LINE = ["token", "corpus", "order"]


def draw(tables: readers.Tables) -> alt.Chart | None:
    table = readers.rows(tables, "rank_frequency")
    if table.empty:
        return None
    lines = [_line(line, dict(zip(LINE, key, strict=True))) for key, line in table.groupby(LINE)]
    rows = pd.concat(lines, ignore_index=True)
    choices = _parts.Choices(rows, corpus=None, token="word", order=None)
    orders = sorted(set(rows.order))
    colors = [theme.SERIES[k % len(theme.SERIES)] for k in range(len(orders))]
    chart = choices.of(rows).mark_line(point={"size": 24}, strokeWidth=1.2)
    chart = chart.encode(
        color=alt.Color("order:N", scale=alt.Scale(domain=orders, range=colors)),
        x=_parts.logarithmic("rank", "rank", alt.X),
        y=_parts.logarithmic("count", "frequency (occurrences)"),
        detail="order:N",
        tooltip=_parts.words(rows, [*LINE, "rank", "count"]),
    )
    return _parts.framed(chart, choices)


def _line(table: DataFrame, key: dict[str, Any]) -> DataFrame:
    """Ranks and counts of one line, spread evenly along its logarithmic axis."""
    ranks, counts = readers.curve(table)
    expected = np.geomspace(1, ranks[-1], MOST)
    kept = np.unique(np.searchsorted(ranks, expected).clip(max=len(ranks) - 1))
    key |= {"order": f"order {key['order']:.0f}"}
    return DataFrame({**key, "rank": ranks[kept], "count": counts[kept]})
