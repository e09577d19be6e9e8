"""The comparison in plain words and tables, as Markdown."""

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd
from pandas import DataFrame, Series

from rnnbench.base import presets
from rnnbench.comparison import targets
from rnnbench.comparison.pairs import NEAREST
from rnnbench.comparison.published import releases
from rnnbench.timing.statistics.ratios import (
    ALIKE,
    FASTER,
    NOT_COMPARABLE,
    NOT_MEASURED,
    SLOWER,
    STATEMENT,
)

SETTLED = (FASTER, SLOWER, ALIKE)
LONGEST = 120  # characters of a cell
Tables = dict[str, DataFrame]


def page(found: Tables, here: str) -> str:
    """Write the page from the tables of the comparison; ``here`` is the machine that asks."""
    parts = [
        "# Machines compared",
        *_opening(found, here),
        *_section("Work items", _items(found["comparison"])),
        *_section("The fastest way to train a model, on each machine", _best(found["best"])),
        *_section("Time to a held-out perplexity", _targets(found["time_to_target"])),
        *_section("Noise: each machine against itself", _noise(found["noise"])),
        *_section("What differs between the machines", _differing(found["fingerprint"])),
        *_section("What is missing", _missing(found["missing"])),
    ]
    return "\n\n".join(parts) + "\n"


def verdicts(comparison: DataFrame) -> list[str]:
    """One sentence per machine that was held against the baseline."""
    return [_sentence(machine, rows) for machine, rows in comparison.groupby("machine", sort=False)]


def _opening(found: Tables, here: str) -> list[str]:
    machines = found["machines"]
    baseline = machines.machine[machines.baseline].iloc[0]
    said = []
    if here not in set(machines.hardware):
        said.append(
            f"The machine that wrote this page, {_cell(here)}, has no bundle here. To take part: "
            "`snakemake --cores all publish_speed`."
        )
    if len(machines) == 1:
        said.append(f"Only one machine is here, {_cell(baseline)}: nothing to compare it with.")
        return said
    said += [_escaped(sentence) for sentence in releases.apart(found)]
    said.append(f"Speeds are told as multiples of those of {_cell(baseline)}, the baseline.")
    said.append("\n".join(f"- {sentence}" for sentence in verdicts(found["comparison"])))
    return [*said, STATEMENT]


def _sentence(machine: str, rows: DataFrame) -> str:
    count = {verdict: int((rows.verdict == verdict).sum()) for verdict in rows.verdict.unique()}
    settled = sum(count.get(verdict, 0) for verdict in SETTLED)
    if not settled:
        return f"{_cell(machine)}: no work item could be compared ({_counts(count)})."
    compared = rows[rows.verdict.isin(SETTLED)]
    least, most = compared.loc[compared.ratio.idxmin()], compared.loc[compared.ratio.idxmax()]
    span = (
        f"The ratios go from {_ratio(least)} for {_name(least)} to {_ratio(most)} for {_name(most)}"
    )
    return f"{_cell(machine)}: of {len(rows)} work items {_counts(count)}. {span}."


def _counts(count: dict[str, int]) -> str:
    order = [*SETTLED, NOT_COMPARABLE, NOT_MEASURED]
    return ", ".join(f"{count[verdict]} {verdict}" for verdict in order if verdict in count)


def _items(rows: DataFrame) -> list[str]:
    refused = rows.verdict.isin([NOT_MEASURED, NOT_COMPARABLE])
    there, lacking = rows[~refused], rows[refused]
    shown = [
        [row.machine, _name(row), _sizes(row), _speed(row), _ratio(row), _n(row), *_verdict(row)]
        for _, row in there.iterrows()
    ]
    head = ["machine", "what", "units × batch × steps", "tokens/s", "ratio", "n", "verdict", "why"]
    said = [_table(head, shown)] if shown else ["No work item could be compared."]
    why = lacking.reason.astype(str).str.split(NEAREST, regex=False).str[0]
    counted = lacking.groupby([lacking.machine, lacking.verdict, why], sort=False).size()
    if counted.empty:
        return said
    reasons = [[machine, n, *words] for (machine, *words), n in counted.items()]
    return [*said, "Not compared:", _table(["machine", "work items", "verdict", "why"], reasons)]


def _best(rows: DataFrame) -> list[str]:
    shown = [
        [row.machine, row.family, _sizes(row), _way(row), _speed(row), _ratio(row), row.verdict]
        for _, row in rows.iterrows()
    ]
    head = ["machine", "model", "units × batch × steps", "fastest way", "tokens/s", "ratio"]
    note = "Chosen by the lower end of each interval, among all that compute the same function."
    return [note, _table([*head, "verdict"], shown)] if shown else ["No model was timed."]


def _targets(rows: DataFrame) -> list[str]:
    reached = rows[rows.status == targets.REACHED]
    if reached.empty:
        return ["No run whose speed was measured reached a target."]
    first = reached.sort_values("seconds").groupby(["machine", "target_perplexity"]).head(1)
    shown = [
        [row.machine, _number(row.target_perplexity), _name(row), _epochs(row), _seconds(row)]
        for _, row in first.sort_values(["target_perplexity", "machine"]).iterrows()
    ]
    count = ", ".join(f"{n} {status}" for status, n in rows.status.value_counts().items())
    head = ["machine", "perplexity", "soonest by", "epochs", "seconds"]
    return [f"Of {len(rows)} rows: {count}.", _table(head, shown)]


def _noise(rows: DataFrame) -> list[str]:
    shown = [
        [row.machine, _name(row), _ratio(row), _n(row), _number(row.floor)]
        for _, row in rows.iterrows()
    ]
    head = ["machine", "timed twice", "second over first", "n", "floor"]
    return [_table(head, shown)] if shown else ["No machine was held against itself."]


def _differing(rows: DataFrame) -> list[str]:
    differing = rows[rows.differs]
    if differing.empty:
        return ["Nothing that the fingerprints tell."]
    wide = differing.pivot(index="field", columns="machine", values="value")
    wide = wide.loc[list(dict.fromkeys(differing.field))]
    shown = [[name, *row] for name, row in zip(wide.index, wide.to_numpy(), strict=True)]
    return [_table(["field", *wide.columns], shown)]


def _missing(rows: DataFrame) -> list[str]:
    keys = ["machine", "part", "status", "reason"]
    counted = rows[keys].fillna("").value_counts(sort=False).reset_index()
    head = [*keys[:2], "rows", *keys[2:]]
    shown = [
        [row[name] if name != "rows" else row["count"] for name in head]
        for _, row in counted.iterrows()
    ]
    return [_table(head, shown)] if shown else ["Nothing."]


def _section(title: str, body: Iterable[str]) -> list[str]:
    return [f"## {title}", *body]


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [head, ["---"] * len(head), *([_cell(value) for value in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(value: Any) -> str:
    """A value as it may stand in a table; a bundle's words are nobody's markup."""
    text = " ".join(str("" if pd.isna(value) else value).split())
    return _escaped(text if len(text) <= LONGEST else text[: LONGEST - 1] + "…")


def _escaped(text: str) -> str:
    for mark in "\\|<>`*[]":
        text = text.replace(mark, "\\" + mark)
    return text


def _name(row: Series) -> str:
    threads = f", {row.threads:.0f} threads" if pd.notna(row.threads) else ""
    called = presets.label(row.variant, row.implementation)
    return f"{called}, {row.device}{threads.replace(' 1 threads', ' 1 thread')}"


def _sizes(row: Series) -> str:
    return f"{row.hidden_size:.0f} × {row.batch_size:.0f} × {row.num_steps:.0f}"


def _way(row: Series) -> str:
    return _name(row) if pd.notna(row.variant) else ""


def _verdict(row: Series) -> list[str]:
    return [row.verdict, "" if pd.isna(row.reason) else row.reason]


def _epochs(row: Series) -> str:
    return f"{row.epochs:.0f}"


def _seconds(row: Series) -> str:
    return f"{_number(row.seconds)} {_ends(row)}"


def _speed(row: Series) -> str:
    return "" if pd.isna(row.tokens_per_second) else f"{row.tokens_per_second:,.0f}"


def _n(row: Series) -> str:
    return "" if pd.isna(row.n) else f"{row.n:.0f}"


def _ratio(row: Series) -> str:
    return "" if pd.isna(row.ratio) else f"{row.ratio:.3f} {_ends(row, 3)}"


def _ends(row: Series, digits: int = 0) -> str:
    if pd.isna(row.low) or pd.isna(row.high):
        return "(no interval)"
    low, high = (f"{end:.3f}" if digits else _number(end) for end in (row.low, row.high))
    return f"({low} to {high})"


def _number(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
