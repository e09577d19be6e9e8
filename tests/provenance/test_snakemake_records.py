"""Laws of what Snakemake wrote down: finished jobs are read back, unfinished ones are none."""

import json
from base64 import urlsafe_b64encode
from pathlib import Path

from rnnbench.provenance import snakemake_records
from rnnbench.provenance.snakemake_records import Done


def job(rule: str, began: float, ended: float) -> Done:
    return Done(rule, frozenset({f"results/{rule}/{began}"}), began, ended)


def write(folder: Path, jobs: list[Done]) -> Path:
    """A folder of Snakemake's with the records of jobs."""
    for number, done in enumerate(jobs):
        for output in done.outputs:
            code = urlsafe_b64encode(output.encode()).decode()
            path = folder.joinpath("metadata", "@" + code[:10], code[10:])  # a long name is cut
            path.parent.mkdir(parents=True, exist_ok=True)
            record = {"rule": done.rule, "job_hash": number}
            record |= {"starttime": done.began, "endtime": done.ended}
            path.write_text(json.dumps(record))
    return folder


def test_jobs_are_read_back_from_the_records(tmp_path):
    jobs = [job("run", 1.0, 3.0), job("report", 5.0, 6.0)]
    assert snakemake_records.finished(write(tmp_path, jobs)) == jobs


def test_a_job_of_several_files_is_one_job(tmp_path):
    done = Done("run", frozenset({"results/a/record.json", "results/a/curve.csv"}), 1.0, 3.0)
    assert snakemake_records.finished(write(tmp_path, [done])) == [done]


def test_a_folder_without_records_and_a_record_that_is_being_written_give_no_jobs(tmp_path):
    assert snakemake_records.finished(tmp_path / "none") == []
    write(tmp_path, [job("run", 1.0, 2.0), job("run", 3.0, 4.0)])
    files = [p for p in (tmp_path / "metadata").rglob("*") if p.is_file()]
    files[0].write_text('{"rule": "ru')
    files[1].write_text(json.dumps({"rule": "run", "job_hash": 1, "starttime": 3.0}))
    assert snakemake_records.finished(tmp_path) == []
