"""The finished jobs of a study, by the records that they left. Nothing here needs pandas."""

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Done:
    """A finished job."""

    rule: str  # its name
    outputs: frozenset[str]  # the files that it made
    began: float  # Unix seconds
    ended: float
    inputs: frozenset[str] = frozenset()  # the files that it read

    @property
    def seconds(self) -> float:
        return self.ended - self.began


def finished(folder: Path) -> list[Done]:
    """Return the jobs that have a record in ``folder``, by their start; none without records.

    A record that nobody can read, or that lacks a part, is of no finished job.
    """
    jobs = []
    for path in folder.rglob("*.json"):
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            jobs.append(_job(json.loads(path.read_text(encoding="utf-8"))))
    return sorted(jobs, key=lambda job: (job.began, min(job.outputs, default="")))


def _job(record: dict[str, Any]) -> Done:
    began, ended = (datetime.fromisoformat(record[end]).timestamp() for end in ("started", "ended"))
    outputs, inputs = (frozenset(record[part]) for part in ("outputs", "inputs"))
    return Done(record["rule"], outputs, began, ended, inputs)
