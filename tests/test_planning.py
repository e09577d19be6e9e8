"""Laws of planning: what a dry run is measured by, and what more nodes can do."""

from pathlib import Path

import pytest
from test_study import read, shipped

from rnnbench import planning
from rnnbench.estimate import Estimate

STUDY = read(shipped())
ESTIMATE = Estimate(STUDY, Path("none"))


def test_a_dry_run_has_a_job_for_each_run_and_its_costs_are_read_off_the_process():
    few, more = planning.dry_run(2), planning.dry_run(40)
    assert more["jobs"] - few["jobs"] == 38
    assert few["cpu_seconds"] > 0.1 and 5e7 < few["peak_memory_bytes"] < 5e9


def test_more_nodes_are_never_later_and_the_work_is_the_same():
    rows = [planning.cluster(STUDY, ESTIMATE, nodes, cores=4) for nodes in (1, 2, 10, 100)]
    hours = [row["hours"] for row in rows]
    assert hours == sorted(hours, reverse=True)
    assert len({row["core_hours"] for row in rows}) == 1
    assert all(max(row["runs_hours"], row["timings_hours"]) <= row["hours"] for row in rows)
    assert {row["timings_hours"] for row in rows} == {rows[-1]["hours"]}  # what is left of it all
    assert {row["runs"] for row in rows} == {len(STUDY.runs) + len(STUDY.trials)}


def test_the_rows_are_printed_as_csv(capsys):
    assert planning.main(["cluster", "--nodes", "1", "3", "--cores", "2"]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.startswith("runs,nodes,cores,hours") and len(rows) == 2


def test_a_file_that_is_not_there_is_one_line(capsys):
    assert planning.main(["cluster", "nowhere.yaml"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("rnnbench: nowhere.yaml: wanted a YAML file")


@pytest.mark.parametrize("number", ["0", "-1", "many"])
def test_a_number_that_is_none_is_answered_with_what_was_wanted(number, capsys):
    with pytest.raises(SystemExit):
        planning.main(["dry-run", "--", number])
    assert "wanted a whole number above 0" in capsys.readouterr().err
