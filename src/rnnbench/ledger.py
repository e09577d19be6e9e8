"""What Snakemake itself wrote down of finished jobs: rule, files, start and end.

Its folder ``.snakemake`` holds one record per output file, of the job that made it last, and one
log per call, named by the local time of its beginning. Nothing here needs pandas.
"""

import json
from base64 import urlsafe_b64decode
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

RECORDS, LOGS, LOG_END = "metadata", "log", ".snakemake.log"
FIELDS = ("rule", "job_hash", "starttime", "endtime")


@dataclass(frozen=True)
class Done:
    """A finished job.

    Attributes:
        rule: its name.
        outputs: the files that it made.
        began: when Snakemake started it, Unix seconds.
        ended: when it wrote its last file.
        inputs: the files that it read.
    """

    rule: str
    outputs: frozenset[str]
    began: float
    ended: float
    inputs: frozenset[str] = frozenset()

    @property
    def seconds(self) -> float:
        return self.ended - self.began


@dataclass(frozen=True)
class Sitting:
    """One call of Snakemake up to some moment, Unix seconds, and the jobs it finished until then.

    What Snakemake needs before it opens its log, about a second, is outside.
    """

    began: float
    ended: float
    jobs: Sequence[Done]

    @property
    def seconds(self) -> float:
        return self.ended - self.began

    @property
    def idle_seconds(self) -> float:
        """Time in which no job ran."""
        return self.seconds - covered(self.jobs, self.began, self.ended)


def finished(folder: Path) -> list[Done]:
    """Return the jobs that are on record in ``.snakemake``, by their start; none without records.

    A file that was made again is on record once, with its last job.
    """
    parts = defaultdict(list)
    for output, record in _records(folder / RECORDS):
        parts[record["rule"], record["job_hash"]].append((output, record))
    jobs = (_job(rule, of_job) for (rule, _), of_job in parts.items())
    return sorted(jobs, key=lambda job: job.began)


def sitting(folder: Path, jobs: Iterable[Done], until: float) -> Sitting | None:
    """Return the call of Snakemake that was under way at ``until``; None if it left no log."""
    began = max((start for start in _log_starts(folder / LOGS) if start <= until), default=None)
    if began is None:
        return None
    return Sitting(began, until, [job for job in jobs if began <= job.began < until])


def covered(jobs: Iterable[Done], began: float, ended: float) -> float:
    """Seconds between two moments in which at least one job ran."""
    total, reached = 0.0, began
    for job in sorted(jobs, key=lambda job: job.began):
        total += max(0.0, min(job.ended, ended) - max(job.began, reached))
        reached = max(reached, min(job.ended, ended))
    return total


def _job(rule: str, parts: list[tuple[str, dict[str, Any]]]) -> Done:
    return Done(
        rule,
        frozenset(output for output, _ in parts),
        min(record["starttime"] for _, record in parts),
        max(record["endtime"] for _, record in parts),
        frozenset(name for _, record in parts for name in record.get("input") or ()),
    )


def _records(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Output file and record of each; one that is being written, or of no finished job, is none."""
    for path in folder.rglob("*"):
        with suppress(OSError, ValueError):
            record = json.loads(path.read_text())
            if all(record.get(field) is not None for field in FIELDS):
                yield _output(path.relative_to(folder)), record


def _output(name: Path) -> str:
    """The name of an output file, of which the record's own is a code cut into folders."""
    code = "".join(part.removeprefix("@") for part in name.parts)
    return urlsafe_b64decode(code).decode()


def _log_starts(folder: Path) -> Iterator[float]:
    for path in folder.glob("*" + LOG_END):
        with suppress(ValueError):
            yield datetime.fromisoformat(path.name.removesuffix(LOG_END)).timestamp()
