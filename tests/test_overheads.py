"""Laws of the overheads: what is on record is told, what is not is said to be unknown."""

import json
import time
from base64 import urlsafe_b64encode
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas import DataFrame

from rnnbench import ledger, overheads
from rnnbench.ledger import Done

RUNS = DataFrame({"start_cpu_seconds": [1.0, 2.0, 9.0, None]})
MIDNIGHT = datetime(2030, 1, 1).timestamp()


def job(rule: str, began: float, ended: float) -> Done:
    return Done(rule, frozenset({f"results/{rule}/{began}"}), began, ended)


def write(folder: Path, jobs: list[Done], calls: list[float] = ()) -> Path:
    """A folder of Snakemake's with the records of jobs, and a log per call."""
    for number, done in enumerate(jobs):
        for output in done.outputs:
            code = urlsafe_b64encode(output.encode()).decode()
            path = folder.joinpath("metadata", "@" + code[:10], code[10:])  # a long name is cut
            path.parent.mkdir(parents=True, exist_ok=True)
            record = {"rule": done.rule, "job_hash": number}
            record |= {"starttime": done.began, "endtime": done.ended}
            path.write_text(json.dumps(record))
    (folder / "log").mkdir(parents=True, exist_ok=True)
    for began in calls:
        name = datetime.fromtimestamp(began).isoformat().replace(":", "")
        (folder / "log" / f"{name}.snakemake.log").touch()
    return folder


def test_jobs_are_read_back_from_the_records(tmp_path):
    jobs = [job("run", 1.0, 3.0), job("report", 5.0, 6.0)]
    assert ledger.finished(write(tmp_path, jobs)) == jobs


def test_a_job_of_several_files_is_one_job(tmp_path):
    done = Done("run", frozenset({"results/a/record.json", "results/a/curve.csv"}), 1.0, 3.0)
    assert ledger.finished(write(tmp_path, [done])) == [done]


def test_a_folder_without_records_and_a_record_that_is_being_written_give_no_jobs(tmp_path):
    assert ledger.finished(tmp_path / "none") == []
    write(tmp_path, [job("run", 1.0, 2.0), job("run", 3.0, 4.0)])
    files = [p for p in (tmp_path / "metadata").rglob("*") if p.is_file()]
    files[0].write_text('{"rule": "ru')
    files[1].write_text(json.dumps({"rule": "run", "job_hash": 1, "starttime": 3.0}))
    assert ledger.finished(tmp_path) == []


SPANS = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)).map(sorted))


@given(SPANS, st.integers(0, 25), st.integers(25, 50))
def test_covered_time_is_that_of_the_seconds_in_which_a_job_ran(spans, began, ended):
    jobs = [job("run", *span) for span in spans]
    seconds = sum(any(b <= s and s + 1 <= e for b, e in spans) for s in range(began, ended))
    assert ledger.covered(jobs, began, ended) == seconds


def test_the_call_that_made_the_report_is_judged_and_no_earlier_or_later_one(tmp_path):
    at = MIDNIGHT
    earlier, later = job("zipf", at + 1, at + 2), job("figure", at + 2000, at + 2001)
    own = [job("run", at + 1010, at + 1090), job("report", at + 1092, at + 1100)]
    folder = write(tmp_path, [earlier, *own, later], [at, at + 1000, at + 1999])
    row = overheads.table(RUNS, [], folder).set_index("unit").loc["%"]
    assert (row.value, row.n, row.verdict) == (pytest.approx(12.0), 2, overheads.EXCEEDED)


def test_each_overhead_is_told_with_its_bound(tmp_path):
    script = tmp_path / "count.py"
    script.write_text("import json\n")
    at = MIDNIGHT
    jobs = [job("run", at + 1, at + 79), job("report", at + 80, at + 100)]
    table = overheads.table(RUNS, [script], write(tmp_path, jobs, [at]))
    assert list(table.value) == [2.0, 0.0, pytest.approx(2.0), 20.0]
    assert set(table.verdict) == {overheads.KEPT}
    assert "largest 9.00 s" in overheads.words(table)


def test_what_exceeds_its_bound_is_said_to(tmp_path):
    script = tmp_path / "count.py"
    script.write_text("import torch\n")
    slow = DataFrame({"start_cpu_seconds": [3.1]})
    jobs = [job("report", MIDNIGHT + 20, MIDNIGHT + 41)]
    table = overheads.table(slow, [script], write(tmp_path, jobs, [MIDNIGHT]))
    assert set(table.verdict) == {overheads.EXCEEDED}
    assert table.note[1] == "count"


def test_what_is_not_on_record_is_a_row_that_says_so(tmp_path):
    table = overheads.table(DataFrame(), [], tmp_path)
    unknown = table[table.value.isna()]
    assert set(unknown.verdict) == {overheads.UNKNOWN} and len(unknown) == 3
    assert all(unknown.note) and not unknown.n.any()


def test_while_the_report_is_made_its_own_row_alone_is_unknown(tmp_path):
    now = time.time()
    folder = write(tmp_path, [job("run", now - 9, now - 1)], [now - 10])
    table = overheads.table_so_far(RUNS, [], folder, now)
    assert list(table.verdict) == [*[overheads.KEPT] * 2, overheads.EXCEEDED, overheads.UNKNOWN]
    assert table.value[2] == pytest.approx(20.0)
