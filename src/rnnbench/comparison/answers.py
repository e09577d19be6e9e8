"""The first screen of the hardware page: which machines, which is faster at what, and what is not
known."""

from collections.abc import Iterable

import pandas as pd
from pandas import DataFrame

from rnnbench.comparison import drawing
from rnnbench.comparison.published import releases
from rnnbench.tables import readers
from rnnbench.timing.statistics.ratios import ALIKE, FASTER, NOT_COMPARABLE, NOT_MEASURED, SLOWER

MOST = 5  # lines of an answer
VERDICTS = (FASTER, SLOWER, ALIKE, NOT_COMPARABLE, NOT_MEASURED)
Tables = readers.Tables


def lead(found: Tables, here: str) -> list[str]:
    """What the page is about, in a sentence or two."""
    machines = found["machines"]
    names = list(machines.machine)
    said = [f"{readers.counted(len(names), 'machine')}: {readers.english(_few(names))}."]
    if len(names) == 1:
        said.append(
            "There is nothing to compare it with yet: put the bundle of another machine under "
            "results/published, or name it in the configuration (hardware: bundles)."
        )
    else:
        said.append(f"Speeds are told as multiples of those of {baseline(found)}, the baseline.")
    said += releases.apart(found)
    if here not in set(machines.hardware):
        said.append(
            f"The machine that wrote this page, {here}, has no bundle here; "
            "snakemake --cores all publish_speed makes one."
        )
    return said


def summary(found: Tables, here: str) -> list[str]:
    """The lines that a terminal shows: the verdict first."""
    return [*_pairs(drawing.rows(found, "comparison")), *lead(found, here)]


def answers(found: Tables) -> list[tuple[str, list[str]]]:
    """Question and lines of what a reader wants to know first."""
    pairs = drawing.rows(found, "comparison")
    return [
        ("Faster, slower, or neither", _pairs(pairs)),
        ("By the fastest way on each machine", _ways(drawing.rows(found, "best"))),
        ("Verdicts", _verdicts(pairs)),
        ("Not compared, and why", _refused(pairs)),
        ("Compared under other conditions", _grouped(pairs, "conditions", "comparison")),
        ("Noise floors: what is closer counts as equal", _floors(drawing.rows(found, "noise"))),
        ("Missing, and why", _missing(drawing.rows(found, "missing"))),
    ]


def baseline(found: Tables) -> str:
    """The machine that the others are told as multiples of."""
    machines = found["machines"]
    return str(machines.machine[machines.baseline.astype(str) == "True"].iloc[0])


def counts(rows: DataFrame) -> DataFrame:
    """One row per machine that is held against the baseline: how many verdicts of each kind."""
    table = pd.crosstab(rows.machine, rows.verdict) if len(rows) else DataFrame()
    return table.reindex(columns=list(VERDICTS), fill_value=0).rename_axis(columns=None)


def _pairs(pairs: DataFrame) -> list[str]:
    """One line per machine, those with the most to say first."""
    done = drawing.judged(pairs)
    if pairs.empty:
        return [drawing.ALONE]
    if done.empty:
        return ["No work item of two machines could be compared."]
    sized = sorted(done.groupby("machine", sort=False), key=lambda pair: -_settled(pair[1]))
    return _few([_pair(machine, own) for machine, own in sized])


def _settled(own: DataFrame) -> int:
    return int((own.verdict != ALIKE).sum())


def _pair(machine: str, own: DataFrame) -> str:
    least, most = own.ratio.min(), own.ratio.max()
    span = f"ratios {readers.figures3(least)} to {readers.figures3(most)}"
    return f"{machine}: {drawing.counts(own.verdict)} of {len(own)} compared; {span}"


def _ways(best: DataFrame) -> list[str]:
    if best.empty:
        return ["No model was timed."]
    done = drawing.judged(best[best.machine != best.baseline])
    if done.empty:
        own = best.drop_duplicates(["machine", "family"])
        lines = [
            f"{row.family} on {row.machine}: {row.variant}, {row.device}, "
            f"{readers.figures3(row.tokens_per_second)} tokens/s"
            for row in own[own.tokens_per_second.notna()].itertuples()
        ]
        return _few(lines or ["No model was timed."])
    done = done.assign(far=(done.ratio.where(done.ratio > 1, 1 / done.ratio))).sort_values("far")
    lines = [
        f"{row.family} on {row.machine}: {drawing.ratio(row)}, {row.verdict}"
        for row in done.iloc[::-1].itertuples()
    ]
    return _few(lines)


def _verdicts(pairs: DataFrame) -> list[str]:
    if pairs.empty:
        return ["None: verdicts need two machines."]
    told = pairs.verdict.value_counts()
    return [f"{told[verdict]:,} {verdict}" for verdict in VERDICTS if verdict in told]


def _refused(pairs: DataFrame) -> list[str]:
    if pairs.empty:
        return ["Everything: there is one machine."]
    refused = pairs[pairs.verdict.isin([NOT_COMPARABLE, NOT_MEASURED])]
    return _grouped(refused, "reason", "work item")


def _grouped(rows: DataFrame, column: str, noun: str) -> list[str]:
    """Lines such as "threads 8 against 2 - 32 comparisons", the most frequent first."""
    if rows.empty:
        return ["nothing"]
    if column == "conditions":
        rows = drawing.judged(rows)
    count = rows[column].dropna().astype(str).value_counts()
    lines = [f"{words} - {readers.counted(int(n), noun)}" for words, n in count.items() if words]
    return _few(lines or ["nothing"])


def _floors(noise: DataFrame) -> list[str]:
    if noise.empty:
        return ["No machine was timed against itself: no verdict can be reached."]
    floors = noise.groupby(["machine", "device"], sort=False).floor.max()
    lines = [f"{machine}, {device}: {_percent(f)}" for (machine, device), f in floors.items()]
    return _few(lines)


def _percent(floor: float) -> str:
    if pd.isna(floor):
        return "no interval, so unknown"
    return f"{100 * (floor - 1):.1f} %"


def _missing(missing: DataFrame) -> list[str]:
    if missing.empty:
        return ["nothing"]
    told = missing.assign(reason=missing.reason.fillna(missing.status).fillna("no reason"))
    groups = told.groupby(["part", "reason"]).machine.agg(["size", "nunique"])
    groups = groups.sort_values(["nunique", "size"], ascending=False, kind="stable")
    lines = [
        f"{part}: {why} - {readers.counted(row['size'], 'row')} "
        f"on {readers.counted(row['nunique'], 'machine')}"
        for (part, why), row in groups.iterrows()
    ]
    return _few(lines)


def _few(lines: Iterable[str]) -> list[str]:
    """The first lines, and how many more there are."""
    lines = list(lines)
    if len(lines) <= MOST + 1:
        return lines
    return [*lines[:MOST], f"{len(lines) - MOST} more in the tables"]
