"""The first screen of the report: what ran, whether it is sound, and what came out."""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd
from pandas import DataFrame

from rnnbench.base.parameters import DIVERGED, NOT_AVAILABLE, UNCONVERGED
from rnnbench.report import claims, figures
from rnnbench.tables import readers

SOUND, CHECK, FAULTY = "Sound", "Check", "Faulty"  # one word for the whole study
FIRST = "First results"  # the same while the study goes on
TAKEN = 0.1  # of typical speed by others: told from here on
PICTURES = ("heldout_perplexity", "tokens_per_second")  # of the first screen
TO_COME = (
    "Timings, all other experiments and the verdicts will be in report.html, next to this page."
)


@dataclass(frozen=True)
class Status:
    """One line: a word, what ran, and what is wrong with it."""

    word: str
    ran: str
    faults: list[str]
    away: list[str]  # what this machine cannot have

    @property
    def line(self) -> str:
        """All of it as plain text."""
        faults = [f"{fault}." for fault in self.faults] or ["No problems found."]
        return " ".join(
            [f"{self.ran}.", *faults, *(f"Not available here: {what}." for what in self.away)]
        )


def status(tables: readers.Tables, first: bool = False) -> Status:
    """What ran, when and where; faulty if something failed, to check if a result is weak."""
    failed, weak = list(_failed(tables)), list(_weak(tables))
    word = FAULTY if failed else FIRST if first else CHECK if weak else SOUND
    return Status(word, _ran(tables, first), failed + weak, _away(tables, first))


def sentences(tables: readers.Tables, first: bool = False) -> list[tuple[str, str]]:
    """Label and sentence of the three results that a reader wants first.

    Args:
        first: whether nothing but the grid of runs is there yet.
    """
    if first:
        return [("Best model", figures.finding(PICTURES[0], tables)), ("Still to come", TO_COME)]
    best, fastest = (figures.finding(name, tables) for name in PICTURES)
    return [
        ("Best model", best),
        ("Fastest training", fastest),
        ("What the tutorial says", _verdicts(readers.rows(tables, "findings"))),
    ]


def summary(tables: readers.Tables) -> str:
    """The first screen as plain text, a line per result: what a terminal shows."""
    found = status(tables)
    book = figures.finding("book", tables)
    lines = [(found.word, found.line), *sentences(tables), ("The book's own results", book)]
    return "".join(f"{label}: {line}\n" for label, line in lines)


def _ran(tables: readers.Tables, first: bool) -> str:
    """``100 training runs and 34 timings on a Xeon (2 cores), 2026-11-30``."""
    runs, trials, speed = (readers.rows(tables, name) for name in ("runs", "trials", "speed"))
    trained = pd.concat([readers.here(table) for table in (runs, trials)])
    dead = int((trained.status == DIVERGED).sum()) if len(trained) else 0
    counts = [readers.counted(len(trained), "training run") + (f" ({dead} diverged)" * (dead > 0))]
    counts += [] if first else [readers.counted(len(readers.timed(speed)), "timing")]
    ended = trained["ended"].dropna().astype(str).str[:10] if "ended" in trained else ()
    when = f", {max(ended)}" if len(ended) else ""
    return f"{readers.english(counts)} on {readers.english(_machines(tables))}{when}"


def _machines(tables: readers.Tables) -> list[str]:
    """Machines by their processor and cores, where these are known."""
    facts = readers.rows(tables, "machines")
    known = {(row.machine, row.field): row.value for row in facts.itertuples()}
    names = dict.fromkeys(facts.machine)
    for table in (readers.rows(tables, name) for name in ("runs", "speed")):
        names |= dict.fromkeys(table.machine.dropna())
    told = []
    for name in names:
        cores = known.get((name, "usable_cores"))
        model = known.get((name, "cpu_model"), name)
        told.append(f"{model} ({readers.counted(int(cores), 'core')})" if cores else str(model))
    return told or ["no machine"]


def _failed(tables: readers.Tables) -> Iterator[str]:
    """What cannot be right as it is."""
    gates = readers.rows(tables, "gates")
    if not gates.empty:
        for gate, models in gates[gates.verdict == "failed"].groupby("gate", sort=False):
            yield f"The gate {gate} failed for {readers.counted(len(models), 'model')}"
    for name, noun in (("runs", "run"), ("trials", "run"), ("speed", "timing")):
        reasons = readers.absent(readers.here(readers.rows(tables, name)), noun)
        yield from (f"{many} failed ({reason})" for reason, many in reasons.items())


def _weak(tables: readers.Tables) -> Iterator[str]:
    """What is right, but says less than one may think."""
    runs = readers.ranked(readers.here(readers.rows(tables, "runs")), tables)
    early = int((runs.status == UNCONVERGED).sum())
    if early:
        of = readers.counted(len(runs), "run")
        yield f"{early:,} of {of} did not converge and are not ranked"
    speed = readers.timed(readers.rows(tables, "speed"))
    if speed.empty:
        return
    slowed = speed.typical_tokens_per_second < (1 - TAKEN) * speed.tokens_per_second
    if slowed.any():
        of = readers.counted(len(speed), "timing")
        yield (
            f"{int(slowed.sum()):,} of {of} lost more than {100 * TAKEN:.0f} % of their speed to "
            "other processes"
        )


def _away(tables: readers.Tables, first: bool) -> list[str]:
    """Devices that this machine lacks and gates that no text allows, each with its reason."""
    rows = [readers.rows(tables, name) for name in ("runs", "speed")]
    lacking = pd.concat(
        [table[table.status == NOT_AVAILABLE] for table in rows if len(table)] or rows
    )
    pairs = dict.fromkeys(
        zip(lacking.device, lacking.reason.fillna("no reason recorded"), strict=True)
    )
    told = [f"{device} ({reason})" for device, reason in pairs]
    judged = first or readers.rows(tables, "runs").empty or not readers.rows(tables, "gates").empty
    return told if judged else [*told, "gates (no text whose source is known)"]


def _verdicts(findings: DataFrame) -> str:
    if findings.empty:
        return "No claims were judged."
    return f"{claims.counted(findings)}."
