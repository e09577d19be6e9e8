"""Training speed of every timed point by variant, with its interval, or its extremes if few."""

import altair as alt
from pandas import DataFrame

from rnnbench.base.parameters import SIZES
from rnnbench.report.charts import _parts
from rnnbench.tables import readers

TABLES = ("speed",)

WAYS = ["machine", "device", "threads", "dtype", "sampler", "clip_norm"]
SAID = ["variant", "tokens_per_second", "low", "high", "minimum", "maximum", "n", "share_of_limit"]
SAID += [*WAYS, *SIZES, "status"]


def draw(tables: readers.Tables) -> alt.LayerChart | None:
    done = readers.timed(readers.rows(tables, "speed"))
    if done.empty:
        return None
    rows = _spans(_parts.labelled(done, tables))
    free = dict.fromkeys(name for name in [*WAYS, *SIZES] if name in rows)
    choices = _parts.Choices(rows, **free, variant=None)
    axis = alt.Y("variant:N", title=None, sort=_parts.ordered(rows.variant))
    base = choices.of(rows).encode(
        color=_parts.hues(rows.variant, legend=None)["color"],
        y=axis.axis(labelLimit=220),
        tooltip=_parts.words(rows, SAID),
    )
    spans = base.mark_rule(strokeWidth=2).encode(x="from:Q", x2="to:Q")
    speed = alt.X("tokens_per_second:Q", scale=alt.Scale(zero=True))
    points = base.mark_point(size=55, filled=True).encode(
        x=speed.axis(title="tokens per second", format=",~r"),
        shape=_parts.hues(rows.variant, legend=None)["shape"],
    )
    return _parts.framed(alt.layer(spans, points), choices)


def _spans(rows: DataFrame) -> DataFrame:
    """The ends of each line: the interval where there is one, else the extremes."""
    known = rows.low <= rows.high
    least, most = (rows.get(name, rows.tokens_per_second) for name in ("minimum", "maximum"))
    ends = {"from": rows.low.where(known, least), "to": rows.high.where(known, most)}
    said = rows[[name for name in SAID if name in rows]]
    return said.assign(threads=rows.threads.map("{:g}".format), **ends)
