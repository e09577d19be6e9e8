"""What Snakemake itself wrote down of finished jobs: rule, files, start and end.

Its folder ``.snakemake`` holds one record per output file, of the job that made it last. Nothing
here needs pandas.
"""

import json
from base64 import urlsafe_b64decode
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RECORDS = "metadata"
FIELDS = ("rule", "job_hash", "starttime", "endtime")


@dataclass(frozen=True)
class Done:
    """A finished job."""

    rule: str  # its name
    outputs: frozenset[str]  # the files that it made
    began: float  # when Snakemake started it, Unix seconds
    ended: float  # when it wrote its last file
    inputs: frozenset[str] = frozenset()  # the files that it read

    @property
    def seconds(self) -> float:
        return self.ended - self.began


def finished(folder: Path) -> list[Done]:
    """Return the jobs that are on record in ``.snakemake``, by their start; none without records.

    A file that was made again is on record once, with its last job.
    """
    parts = defaultdict(list)
    for output, record in _records(folder / RECORDS):
        parts[record["rule"], record["job_hash"]].append((output, record))
    jobs = (_job(rule, of_job) for (rule, _), of_job in parts.items())
    return sorted(jobs, key=lambda job: job.began)


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
