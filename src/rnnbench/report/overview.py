"""The first screen of the report: what it covers, what came out, what is missing and why."""

from collections.abc import Iterable

import pandas as pd
from pandas import DataFrame, Series

from rnnbench.base.parameters import NOT_AVAILABLE
from rnnbench.tables import baselines, readers

TOLD = ("Best held-out perplexity", "Fastest training", "Gates", "Missing, and why")


def coverage(tables: readers.Tables) -> str:
    """Which texts the page is about, and whether the one everybody compares with is among them."""
    corpora = list(readers.rows(tables, "corpora").get("corpus", []))
    noun = "text" if len(corpora) == 1 else "texts"
    said = f"the {noun} {readers.english(corpora)}." if corpora else "no text."
    there = any(name.startswith("time_machine") for name in corpora)
    return f"This report covers {said}" + ("" if there else " The Time Machine is not in it.")


def answers(tables: readers.Tables) -> list[tuple[str, list[str]]]:
    """Label and lines of what a reader wants to know first."""
    runs, speed = readers.rows(tables, "runs"), readers.rows(tables, "speed")
    machines = pd.concat([t.machine for t in (runs, speed) if "machine" in t] or [Series()])
    corpora = readers.rows(tables, "corpora").get("corpus", Series())
    return [
        ("Runs", _statuses(runs)),
        ("Machines", _told(machines.dropna().unique(), tables) or ["none"]),
        ("Corpora", list(corpora) or ["none"]),
        ("Best held-out perplexity", _best(tables)),
        ("Fastest training", _fastest(tables)),
        ("Missing, and why", _missing(runs, speed)),
        ("Gates", _gates(readers.rows(tables, "gates"))),
        ("What the tutorial says", _verdicts(readers.rows(tables, "findings"))),
    ]


def summary(tables: readers.Tables) -> str:
    """The results of the first screen as plain text, a line each: what a terminal shows."""
    found = [(label, lines) for label, lines in answers(tables) if label in TOLD]
    return "".join(f"{label}: {line}\n" for label, lines in found for line in lines)


def _statuses(runs: DataFrame) -> list[str]:
    if runs.empty:
        return ["none"]
    counts = runs.status.value_counts()
    ran = int((runs.status != NOT_AVAILABLE).sum())
    asked = f"{ran:,} of {readers.counted(len(runs), 'run')} asked for were made"
    return [asked, *(f"{number:,} {status}" for status, number in counts.items())]


def _told(machines: Iterable[str], tables: readers.Tables) -> list[str]:
    """Machines, with their processor and cores, and how often others disturbed their timings."""
    facts, speed = (readers.rows(tables, name) for name in ("machines", "speed"))
    known = {(row.machine, row.field): row.value for row in facts.itertuples()}
    lines = []
    for name in machines:
        cores = known.get((name, "usable_cores"))
        facets = [known.get((name, "cpu_model")), cores and f"usable cores {cores}"]
        facets.append(
            _disturbed(readers.timed(speed[speed.machine == name])) if len(speed) else None
        )
        lines.append(": ".join(filter(None, [name, ", ".join(filter(None, facets))])))
    return lines


def _disturbed(timed: DataFrame) -> str | None:
    """Say in how many of its timed windows a machine was not left alone."""
    if timed.empty:
        return None
    return f"others disturbed {timed.disturbed_share.mean():.0%} of the windows timed"


def _gates(gates: DataFrame) -> list[str]:
    if gates.empty:
        return ["not tested: no text whose source is known"]
    counts = (gates.gate + ": " + gates.verdict).value_counts(sort=False)
    return [f"{verdict} - {readers.counted(number, 'model')}" for verdict, number in counts.items()]


def _verdicts(findings: DataFrame) -> list[str]:
    if findings.empty:
        return ["not judged"]
    counts = findings.verdict.value_counts()
    return [f"{verdict} - {readers.counted(number, 'claim')}" for verdict, number in counts.items()]


def _best(tables: readers.Tables) -> list[str]:
    done = readers.ranked(readers.finished(readers.rows(tables, "runs")), tables)
    if done.empty:
        return ["none: no run of a language model finished"]
    best = done.loc[done.groupby("corpus", sort=False).heldout_perplexity.idxmin()]
    lines = baselines.table(tables)
    return [
        f"{run.corpus}: {readers.figures3(run.heldout_perplexity)} ({run.variant}, {run.sampler}, "
        f"clip_norm {readers.figures3(run.clip_norm)}, {run.device}, seed {run.seed}, {run.status})"
        + _beside(lines[lines.corpus == run.corpus])
        for run in best.itertuples()
    ]


def _beside(lines: DataFrame) -> str:
    """What the best run has to beat and what it cannot pass."""
    known = [
        f"{line.line} {readers.figures3(line.perplexity)} ({line.what})"
        for line in lines.itertuples()
    ]
    return "".join(f"; {words}" for words in known)


def _fastest(tables: readers.Tables) -> list[str]:
    done = readers.ranked(readers.timed(readers.rows(tables, "speed")), tables)
    if done.empty:
        return ["none: no timing succeeded"]
    best = done.loc[done.groupby(["machine", "device"], sort=False).tokens_per_second.idxmax()]
    return [
        f"{row.machine}, {row.device}: {row.variant}, {readers.interval(row)}"
        + (f", {row.share_of_limit:.0%} of its limit" if row.share_of_limit > 0 else "")
        for row in best.itertuples()
    ]


def _missing(runs: DataFrame, speed: DataFrame) -> list[str]:
    """Lines such as "cuda: no NVIDIA driver found - 88 runs, 11 timings"."""
    parts = readers.absent(runs, "run"), readers.absent(speed, "timing")
    reasons = dict.fromkeys([*parts[0], *parts[1]])
    lines = [f"{why} - {', '.join(part[why] for part in parts if why in part)}" for why in reasons]
    return lines or ["nothing"]
