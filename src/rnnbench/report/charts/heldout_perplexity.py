"""Held-out perplexity of every run by variant, beside what it has to beat and cannot pass."""

import altair as alt
from pandas import DataFrame

from rnnbench.report import theme
from rnnbench.report.charts import _parts
from rnnbench.tables import baselines, readers

TABLES = ("runs", "floor", "ngram_lm")

SAID = ["variant", "heldout_perplexity", "heldout_bits_per_char", "corpus", "sampler"]
SAID += ["clip_norm", "device", "machine", "seed", "status"]
DASHES = {baselines.SAME_TEXT: [2, 2], baselines.ALL_TEXT: [1, 3], baselines.FLOOR: [6, 3]}


def draw(tables: readers.Tables) -> alt.LayerChart | None:
    runs = readers.finished(readers.rows(tables, "runs"))
    if runs.empty:
        return None
    rows, variants = _parts.labelled(runs, tables)[SAID], alt.Y("variant:N", title=None)
    names = _parts.ordered(rows.variant)
    choices = _parts.Choices(rows, corpus=None, sampler=None, clip_norm=None, variant=None)
    points = (
        choices.of(rows)
        .mark_point(size=55, filled=True, opacity=0.8)
        .encode(
            **_parts.hues(rows.variant, legend=None),
            x=_parts.logarithmic("heldout_perplexity", "held-out perplexity", alt.X),
            y=variants.sort(names).axis(labelLimit=220),
            tooltip=_parts.words(rows, SAID),
        )
    )
    lines = baselines.table(tables)
    lines = lines if lines.empty else lines[lines.corpus.isin(rows.corpus)]
    return _parts.framed(alt.layer(*_rules(lines, choices), points), choices)


def _rules(lines: DataFrame, choices: _parts.Choices) -> list[alt.Chart]:
    if lines.empty:
        return []
    names = list(dict.fromkeys(lines.line))
    dashes = alt.Scale(domain=names, range=[DASHES[name] for name in names])
    said = _parts.words(lines, ["corpus", "line", "what", "perplexity", "bits_per_char"])
    rules = choices.of(lines).mark_rule(strokeWidth=2, color=theme.INK)
    dash = alt.StrokeDash("line:N", scale=dashes)
    return [rules.encode(x="perplexity:Q", strokeDash=dash, tooltip=said)]
