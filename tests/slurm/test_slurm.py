"""The workflow on a cluster: what `profiles/slurm` promises, kept by a real Slurm of two nodes."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cluster
import pytest
import yaml

from rnnbench.base import csv_files
from rnnbench.base.files import read_record
from rnnbench.machine import identity

PROJECT = Path(__file__).parents[2]
PROFILE = yaml.safe_load((PROJECT / "profiles/slurm/config.yaml").read_text())
RULES = "\n".join(path.read_text() for path in (PROJECT / "workflow/rules").glob("*.smk"))
NODES, CORES = ("left", "right"), 2
TARGETS = [f"results/tables/{table}.csv" for table in ("runs", "speed", "machines")]
WITHOUT_ACCOUNTING = [  # the private Slurm has no database, and is near
    *("--slurm-status-command", "squeue", "--slurm-init-seconds-before-status-checks", "5"),
    *("--latency-wait", "10"),
]


@dataclass(frozen=True)
class Done:
    """What a call of Snakemake left: its folder, its words, and the jobs as Slurm tells them."""

    folder: Path
    said: str
    jobs: list[dict[str, str]]

    def of(self, rule: str) -> list[dict[str, str]]:
        return [job for job in self.jobs if job["Comment"].startswith(f"rule_{rule}_")]


def rules_with(line: str) -> set[str]:
    """Names of the rules that have a line."""
    blocks = re.split(r"^rule (?=\w+:)", RULES, flags=re.MULTILINE)[1:]
    return {block.partition(":")[0] for block in blocks if line in block}


def test_jobs_that_own_their_machine_have_a_node_to_themselves_and_so_has_its_description() -> None:
    alone = {rule for rule, asked in PROFILE["set-resources"].items() if "slurm_extra" in asked}
    assert alone == rules_with("    threads: ALL_CORES\n") | {"machine"}
    assert all("--exclusive" in PROFILE["set-resources"][rule]["slurm_extra"] for rule in alone)


def test_every_group_is_of_a_rule_that_there_is_and_says_how_many_go_together() -> None:
    groups, sizes = (
        dict(entry.split("=") for entry in PROFILE[key]) for key in ("groups", "group-components")
    )
    assert {*groups} <= rules_with("script:")
    assert {*groups.values()} == {*sizes}


@pytest.fixture(scope="module")
def done() -> Iterator[Done]:
    """A tiny study on two nodes, sent by a process that has one core, for workers that have two."""
    if missing := cluster.missing():
        pytest.skip(f"not installed: {', '.join(missing)} (Debian: slurm-wlm and munge)")
    if identity.usable_cores() < CORES:
        pytest.skip("needs two cores: one to submit from, two to work on")
    folder = Path(tempfile.mkdtemp(prefix="rnnbench-"))  # short, for the sockets
    for name in ("slurm", "study"):
        (folder / name).mkdir()
    with cluster.started(folder / "slurm", NODES, CORES, mb=8000) as slurm:
        called = subprocess.run(
            [*command(folder / "study"), "--config", f"machine={identity.name()}"],
            cwd=PROJECT,
            env=slurm.environment,
            preexec_fn=lambda: os.sched_setaffinity(0, list(os.sched_getaffinity(0))[:1]),
            capture_output=True,
            text=True,
        )
        said = called.stdout + called.stderr
        assert called.returncode == 0, said
        yield Done(folder / "study", said, slurm.jobs())
    shutil.rmtree(folder)


def command(folder: Path) -> list[str]:
    snakemake = [sys.executable, "-m", "snakemake", "--profile", "profiles/slurm"]
    study = ["--configfile", "tests/torture/tiny.yaml", "--directory", str(folder)]
    return [*snakemake, *WITHOUT_ACCOUNTING, *TARGETS, "publish_speed", *study]


def test_every_result_that_was_asked_for_is_there(done: Done) -> None:
    runs, speed = (csv_files.read(done.folder / target) for target in TARGETS[:2])
    assert set(runs.status) <= {"converged", "unconverged", "diverged"} and len(runs) == 2
    assert (speed.tokens_per_second.dropna() > 0).all() and len(speed)
    assert (done.folder / f"results/published/machine={identity.name()}.zip").is_file()
    assert {job["JobState"] for job in done.jobs} == {"COMPLETED"}


def test_the_machine_is_the_one_that_worked_not_the_one_that_asked(done: Done) -> None:
    records = [*done.folder.glob("results/machine/*/record.json")]
    records += [*done.folder.glob("results/speed/*/record.json")]
    assert {read_record(path)["ran_on"] for path in records} == {identity.name()}
    described = read_record(records[0])
    assert described["usable_cores"] == identity.usable_cores() > 1


def test_nobody_worked_on_the_node_of_the_timings_meanwhile(done: Done) -> None:
    (timings,) = done.of("campaign")
    assert (timings["OverSubscribe"], timings["NumCPUs"]) == ("NO", str(CORES))
    beside = [
        job["Comment"]
        for job in done.jobs
        if job is not timings
        and job["NodeList"] == timings["NodeList"]
        and job["StartTime"] < timings["EndTime"]
        and timings["StartTime"] < job["EndTime"]
    ]
    assert beside == []


def test_the_work_is_spread_over_all_nodes(done: Done) -> None:
    assert {job["NodeList"] for job in done.jobs} == {*NODES}


def test_training_has_one_core_and_the_time_that_its_estimate_asks_for(done: Done) -> None:
    runs = done.of("run")
    assert len(runs) == 2
    assert {job["NumCPUs"] for job in runs} == {"1"}
    assert all("00:10:00" < job["TimeLimit"] < "00:30:00" for job in runs)


def test_small_jobs_are_sent_together(done: Done) -> None:
    (tables_sent,) = done.of("table")
    assert tables_sent["JobState"] == "COMPLETED"
