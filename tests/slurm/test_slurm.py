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
from types import SimpleNamespace

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


WITH_GPU = "standin-2c-8g-nvidia-h100-abcdef"  # a machine that has a GPU by its name
ASKED_OF_GPU = [
    *("--keep-going", *TARGETS, "audit", "--config", f"machine={WITH_GPU}"),
    *("runs={devices: [cuda], variants: [rnn]}", "audit={bundle: none.zip}"),
]


@dataclass(frozen=True)
class Done:
    """What two calls of Snakemake left, the second for a machine with a GPU, which there is not.

    Attributes:
        folder: of the study.
        jobs: of the first call, as Slurm tells them.
        refused: of the second.
    """

    folder: Path
    jobs: list[dict[str, str]]
    refused: list[dict[str, str]]

    def of(self, rule: str) -> list[dict[str, str]]:
        return of(self.jobs, rule)


def of(jobs: list[dict[str, str]], rule: str) -> list[dict[str, str]]:
    return [job for job in jobs if f"{job['Comment']}_".startswith(f"rule_{rule}_")]


def asked(job: dict[str, str]) -> tuple[float, int, int]:
    """Minutes, MB and GPUs that a job asked for."""
    days, _, clock = job["TimeLimit"].rpartition("-")
    hours, minutes, seconds = map(int, clock.split(":"))
    wanted = dict(part.rpartition("=")[::2] for part in job["TRES"].split(","))
    size, unit = re.fullmatch(r"([\d.]+)([MG])", wanted["mem"]).groups()
    mb = round(float(size) * {"M": 1, "G": 1024}[unit])
    gpus = int(job.get("TresPerJob", "0").rpartition(":")[2])
    return 1440 * int(days or 0) + 60 * hours + minutes + seconds / 60, mb, gpus


def rules_with(line: str) -> set[str]:
    """Names of the rules that have a line."""
    blocks = re.split(r"^rule (?=\w+:)", RULES, flags=re.MULTILINE)[1:]
    return {block.partition(":")[0] for block in blocks if line in block}


def test_jobs_that_own_their_machine_have_a_node_to_themselves_and_so_has_its_description() -> None:
    alone = {rule for rule, given in PROFILE["set-resources"].items() if "slurm_extra" in given}
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
    own = [*TARGETS, "publish_speed", "--config", f"machine={identity.name()}"]
    with cluster.started(folder / "slurm", NODES, CORES, mb=8000) as slurm:
        called = call(slurm, folder / "study", own)
        assert called.returncode == 0, called.stdout + called.stderr
        jobs = slurm.jobs()
        call(slurm, folder / "study", ASKED_OF_GPU)
        refused = [job for job in slurm.jobs() if job not in jobs]
        yield Done(folder / "study", jobs, refused)
    shutil.rmtree(folder)


def call(
    slurm: cluster.Cluster, folder: Path, arguments: list[str]
) -> subprocess.CompletedProcess[str]:
    snakemake = [sys.executable, "-m", "snakemake", "--profile", "profiles/slurm"]
    study = ["--configfile", "tests/torture/tiny.yaml", "--directory", str(folder)]
    return subprocess.run(
        [*snakemake, *WITHOUT_ACCOUNTING, *study, *arguments],
        cwd=PROJECT,
        env=slurm.environment,
        preexec_fn=lambda: os.sched_setaffinity(0, list(os.sched_getaffinity(0))[:1]),
        capture_output=True,
        text=True,
    )


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
    assert all(10 < asked(job)[0] < 30 for job in runs)


def test_small_jobs_are_sent_together_and_their_minutes_stay_few(done: Done) -> None:
    (tables_sent,) = done.of("table")
    assert tables_sent["JobState"] == "COMPLETED"
    tables = [*(done.folder / "results/tables").iterdir()]
    assert asked(tables_sent) == (2 * len(tables), 4000, 0)


def test_glue_is_not_sent(done: Done) -> None:
    assert not done.of("lengths") + done.of("publish_speed")


def test_who_must_see_the_machine_has_its_gpu_all_its_memory_needs_and_time_enough(
    done: Done,
) -> None:
    (described,), (timings,), (probes,), (audit,) = (
        of(done.refused, rule) for rule in ("machine", "campaign", "probes", "audit")
    )
    assert asked(described) == (60, 4000, 1)
    assert asked(timings)[1:] == (4000, 1) and 10 < asked(timings)[0] < 60
    assert asked(probes)[1:] == (4000 + 1000 * CORES, 1) and asked(probes)[0] >= 10
    assert asked(audit)[1:] == (4000 + 1000 * CORES, 1) and 60 < asked(audit)[0] < 120
    assert {asked(job)[2] for job in done.jobs} == {0}


def test_what_failed_is_sent_again_with_twice_of_all_unless_it_would_fail_again(done: Done) -> None:
    first, second = map(asked, of(done.refused, "run"))
    assert second == (2 * first[0], 2 * first[1], 1) and first[2] == 1
    sent = [job["Comment"].split("_")[1] for job in done.refused]
    assert {sent.count(rule) for rule in ("machine", "campaign", "probes", "audit")} == {1}


def test_rules_that_judge_or_need_their_own_machine_are_not_repeated() -> None:
    once = rules_with("    retries: 0")
    assert once == {
        *("gates", "lengths", "machine", "campaign", "probes", "audit"),
        *("publish", "publish_speed"),
    }
    scripts = (PROJECT / "workflow/scripts").rglob("*.py")
    assert {path.stem for path in scripts if "identity.require(" in path.read_text()} <= once


def test_no_group_asks_for_a_day_however_often_it_is_sent() -> None:
    rules, sizes = (
        dict(entry.split("=") for entry in PROFILE[key]) for key in ("groups", "group-components")
    )
    for rule, group in rules.items():
        told = PROFILE["set-resources"][rule]["runtime"]
        twice = eval(told, {"attempt": 2, "input": SimpleNamespace(size_mb=1)})
        assert int(sizes[group]) * twice < 6 * 60
