"""Laws of finished jobs: their records are read back, what is no whole record is no job."""

import json
from datetime import UTC, datetime
from pathlib import Path

from rnnbench.provenance import finished_jobs
from rnnbench.provenance.finished_jobs import Done

JOBS = [
    Done("run", frozenset({"results/a/record.json", "results/a/curve.csv"}), 1.25, 3.0),
    Done("page", frozenset({"results/report.html"}), 5.0, 6.0, frozenset({"results/a/curve.csv"})),
]


def write(folder: Path, jobs: list[Done]) -> list[Path]:
    """The files of the records that jobs leave."""
    paths = []
    for job in jobs:
        began, ended = (
            datetime.fromtimestamp(at, UTC).isoformat() for at in (job.began, job.ended)
        )
        record = {"rule": job.rule, "started": began, "ended": ended}
        record |= {"inputs": dict.fromkeys(job.inputs), "outputs": dict.fromkeys(job.outputs)}
        path = folder / f"{min(job.outputs)}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(record))
        paths.append(path)
    return paths


def test_jobs_are_read_back_from_their_records_by_their_start(tmp_path):
    write(tmp_path, JOBS[::-1])
    assert finished_jobs.finished(tmp_path) == JOBS


def test_a_folder_without_records_and_what_is_no_whole_record_give_no_jobs(tmp_path):
    assert finished_jobs.finished(tmp_path / "none") == []
    cut, lacking = write(tmp_path, JOBS)
    cut.write_text(cut.read_text()[:-9])
    for text in ("[]", "{}", json.dumps(json.loads(lacking.read_text()) | {"ended": None})):
        lacking.write_text(text)
        assert finished_jobs.finished(tmp_path) == []
