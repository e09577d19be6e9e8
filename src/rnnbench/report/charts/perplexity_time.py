"""What the time buys: held-out perplexity against training time, one mark per run."""

import altair as alt

from rnnbench.report.charts import _parts
from rnnbench.tables import readers

TABLES = ("runs",)

SAID = ["variant", "heldout_perplexity", "train_seconds", "corpus", "sampler", "clip_norm"]
SAID += ["device", "machine", "seed", "num_epochs", "status"]


def draw(tables: readers.Tables) -> alt.Chart | None:
    runs = readers.finished(readers.rows(tables, "runs"))
    runs = runs if runs.empty else runs[runs.train_seconds > 0]
    if runs.empty:
        return None
    rows = _parts.labelled(runs, tables)[SAID]
    free = dict.fromkeys(["corpus", "sampler", "clip_norm", "device", "machine", "variant"])
    choices = _parts.Choices(rows, **free)
    chart = choices.of(rows).mark_point(size=55, filled=True, opacity=0.8)
    chart = chart.encode(
        **_parts.hues(rows.variant),
        x=_parts.logarithmic("train_seconds", "training time (s)", alt.X),
        y=_parts.logarithmic("heldout_perplexity", "held-out perplexity"),
        tooltip=_parts.words(rows, SAID),
    )
    return _parts.framed(chart, choices)
