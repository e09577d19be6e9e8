"""Learning curves: the median perplexity of each setting by epoch, on either part of the text."""

import altair as alt
import numpy as np
from pandas import DataFrame

from rnnbench.report.charts import _parts
from rnnbench.tables import readers

TABLES = ("runs", "curves")

MOST = 60  # epochs per line
PARTS = {"validation_perplexity": "validation", "perplexity": "training"}
SETTING = ["corpus", "variant", "sampler", "clip_norm"]
LINE = [*SETTING, "text"]


def draw(tables: readers.Tables) -> alt.Chart | None:
    curves = readers.rows(tables, "curves").dropna(how="all")
    lines = curves if curves.empty else _medians(curves)
    if lines.empty:
        return None
    start = {"sampler": lines.sampler.iloc[0], "clip_norm": _parts.threshold(lines)}
    rows = _parts.labelled(lines, tables)
    choices = _parts.Choices(rows, corpus=None, text="held-out", **start, variant=None)
    chart = choices.of(rows).mark_line(point={"size": 28}, strokeWidth=1.5)
    chart = chart.encode(
        **_parts.hues(rows.variant),
        strokeDash=_parts.dashes(rows.variant),
        x=alt.X("epoch:Q", axis=alt.Axis(title="epoch", format="d"), scale=alt.Scale(zero=False)),
        y=_parts.logarithmic("perplexity", "perplexity"),
        detail=[f"{name}:N" for name in LINE],
        tooltip=_parts.words(rows, [*LINE, "epoch", "perplexity", "runs"]),
    )
    return _parts.framed(chart, choices)


def _medians(curves: DataFrame) -> DataFrame:
    """One row per setting, part of the text and epoch: median over the runs that are finite."""
    wide = curves[[*SETTING, "epoch", *PARTS]].rename(columns=PARTS)
    long = wide.melt([*SETTING, "epoch"], var_name="text", value_name="perplexity")
    finite = long[np.isfinite(long.perplexity)]
    groups = finite.groupby([*LINE, "epoch"], sort=False).perplexity
    rows = groups.agg(perplexity="median", runs="size").reset_index().sort_values("epoch")
    lines = (line.iloc[_parts.thinned(len(line), MOST)] for _, line in rows.groupby(LINE))
    kept = [index for line in lines for index in line.index]
    return rows.loc[sorted(kept)]
