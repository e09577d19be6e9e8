"""The audit as one page."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
from pandas import DataFrame

from rnnbench.audit import integrity
from rnnbench.audit.again import classes
from rnnbench.audit.checklist import Answer
from rnnbench.audit.whole import Audit
from rnnbench.report import page

CONTENTS = ["Integrity", "Reproduced", "The book", "Checklist", "How it was audited"]
MEANINGS = {
    classes.BITWISE: "equal in every bit",
    classes.NUMERICAL: "losses agree over the first 40 updates; for statistics, all but the last "
    "digits; for what was trained with other arithmetic, means agree within the margin",
    classes.STATISTICAL: "shown over seeds to be equal within the margin",
    classes.NOT_COMPARABLE: "another text, not available here, or too far apart because of other "
    "arithmetic; no conclusion",
    classes.DIFFERS: "gave a different result",
    classes.FAILED: "could not be run",
}
DERIVING = ("tables", "concluded", "curves", "weights", "tokens", "source")
WORDS = (
    "Integrity means that the files are consistent with each other and with the jobs that made "
    "them. A signature shows who vouches for them, not that they are honest. Only reproducing them "
    "shows that, for as much as was reproduced."
)


def render(audit: Audit) -> str:
    """Fill the page."""
    return page.render(
        Path(__file__).with_name("audit.html.j2"),
        "rnnbench audit",
        CONTENTS,
        line=audit.line,
        passed=audit.passed,
        words=WORDS,
        overview=_overview(audit),
        faults=audit.faults,
        checks=page.table("Integrity checks", _checks(audit)),
        controls=page.table("Negative controls", _controls(audit)),
        items=page.table("Reproduced", _items(audit)),
        meanings=page.table("What the classes mean", _meanings(audit)),
        book=page.table("Trainings of the book's notebooks", audit.book),
        checklist=page.table("Checklist", _checklist(audit)),
        facts=_facts(audit),
    )


def _overview(audit: Audit) -> list[tuple[str, list[str]]]:
    found = sum(control.found for control in audit.controls)
    book = audit.book.verdict.value_counts() if len(audit.book) else {}
    return [
        ("What is claimed?", [_counted(audit.study.get("claims", {})) or "There are no findings."]),
        ("Does it follow from the data?", list(_derived(audit))),
        ("Is it reproducible?", [audit.line[0].upper() + audit.line[1:] + "."]),
        ("How long, and on what?", list(_taken(audit))),
        ("How can more of it be reproduced?", list(_commands(audit))),
        ("Are the files consistent?", [audit.integrity.verdict]),
        ("Who vouches for them?", [f"Signature {audit.integrity.signed}."]),
        (
            "Would a change be found?",
            [f"{found} of {len(audit.controls)} flipped bits were found."],
        ),
        ("Is it the book's?", [_counted(book) or "Not compared."]),
    ]


def _counted(counts: Any) -> str:
    return ", ".join(f"{n} {name}" for name, n in counts.items())


def _derived(audit: Audit) -> Iterator[str]:
    """What each check that derives looked at, and what came out."""
    for name in DERIVING:
        group = audit.integrity.looked_at.get(name, [])
        wrong = sum(bool(checked.fault) for checked in group)
        yield f"{integrity.says(name)} {len(group)} checked, {wrong or 'no'} fault."


def _taken(audit: Audit) -> Iterator[str]:
    """What the study took, and what this audit."""
    study, told = audit.study, audit.settings
    if study.get("jobs"):
        where = ", ".join(study["machines"])
        yield f"{study['jobs']} jobs took {_minutes(study['seconds'])} in all, on {where}."
    if told.get("ended"):
        started, ended = (datetime.fromisoformat(told[end]) for end in ("started", "ended"))
        seconds = (ended - started).total_seconds()
        cores = f"{told.get('cores', 'all')} cores"
        yield f"This audit took {_minutes(seconds)} on {told.get('audited_on')}, with {cores}."


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 90 else f"{seconds:.0f} seconds"


def _commands(audit: Audit) -> Iterator[str]:
    bundle = audit.settings.get("bundle", "none")
    named = "" if bundle == "none" else f"bundle: {bundle}, "
    for sample in ("sample: all", f"seed: {audit.settings.get('seed')}"):
        what = "All of it" if sample.endswith("all") else "The same sample"
        yield f"{what}: snakemake --cores all audit --config 'audit={{{named}{sample}}}'"


def _checks(audit: Audit) -> DataFrame:
    rows = [
        {
            "verdict": _outcome([bool(checked.fault) for checked in group]),
            **{"check": name, "files": len(group)},
            **{"faults": sum(bool(c.fault) for c in group), "what": integrity.says(name)},
        }
        for name, group in audit.integrity.looked_at.items()
    ]
    return DataFrame(rows)


def _outcome(faults: Sequence[bool]) -> str:
    """What is said of a check; one that had nothing to look at says nothing."""
    if not faults:
        return "not checked"
    return "failed" if any(faults) else "passed"


def _controls(audit: Audit) -> DataFrame:
    rows = [
        {"verdict": "passed" if c.found else "failed", "kind": c.kind, "bit flipped in": c.name}
        for c in audit.controls
    ]
    return DataFrame(rows, columns=["verdict", "kind", "bit flipped in"])


def _items(audit: Audit) -> DataFrame:
    names = ["verdict", "kind", "name", "evidence", "sha256", "again_sha256"]
    rows = [{name: getattr(verdict, name) for name in names} for verdict in audit.verdicts]
    return DataFrame(rows, columns=names)


def _meanings(audit: Audit) -> DataFrame:
    rows = [
        {"verdict": name, "items": audit.counts[name], "meaning": MEANINGS[name]}
        for name in classes.CLASSES
    ]
    return DataFrame(rows)


def _checklist(audit: Audit) -> DataFrame:
    rows = [
        {
            "verdict": _answered(answer),
            **{"topic": answer.topic, "question": answer.question, "answer": answer.answer},
            "evidence": " ".join(filter(None, [answer.evidence, answer.fault, answer.unproven])),
        }
        for answer in audit.answers
    ]
    return DataFrame(rows)


def _answered(answer: Answer) -> str:
    if answer.fault:
        return "failed"
    return "not checked" if answer.unproven else "passed"


def _facts(audit: Audit) -> dict[str, Any]:
    found = {"Audited": audit.integrity.title, "Manifest": audit.integrity.manifest or "none"}
    settings = {name.replace("_", " "): value for name, value in audit.settings.items()}
    return found | {name: value for name, value in settings.items() if pd.notna(value)}
