"""The whole DAG on a toy study, run as a user runs it, in a copy of the project."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from urllib.parse import unquote

import pytest
import torch
import yaml
from project import PROJECT, TOY, copy_project, environment, folder_of, snakemake

from rnnbench.audit import trace
from rnnbench.audit.again.judging import Judge
from rnnbench.audit.again.remake import Scratch
from rnnbench.audit.again.sample import candidates
from rnnbench.audit.derived import plan
from rnnbench.audit.trace import told as words
from rnnbench.audit.tree import Tree
from rnnbench.base import csv_files
from rnnbench.base.files import read_record
from rnnbench.base.plugins import names
from rnnbench.machine import identity
from rnnbench.provenance import crate
from rnnbench.provenance.crate import codecheck
from rnnbench.report.figures import draw, finding, read_tables
from rnnbench.tables import columns

TRIALS = yaml.safe_load(TOY.read_text(encoding="utf-8"))["trials"]
LANGUAGE_MODEL = "results/ngram_lm/corpus=calibration/token=char/smoothing=kneser_ney/ngram_lm.csv"
EMPTIED = {  # stage -> a list of what it works on, without which it is off
    "ngrams": {"tokens": []},
    "zipf": {"estimators": []},
    "ngram_lm": {"smoothings": []},
    "sine": {"models": []},
    "runs": {"corpora": ["calibration"], "variants": []},
    "trials": {trial: {"seed": []} for trial in TRIALS},
    "speed": {"variants": [], "twins": []},
    "figures": [],
}


def planned(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The jobs that a dry run lists, as it words them."""
    assert done.returncode == 0, done.stdout + done.stderr
    lines = (done.stdout + done.stderr).splitlines()
    return [
        line for line in lines if re.match(r"(run|vocab|ngrams|zipf|table) [a-z]|campaign$", line)
    ]


def test_one_command_makes_the_report_every_table_and_every_figure(study: Path) -> None:
    results = study / "results"
    page = (results / "report.html").read_text()
    assert re.search(r"\d+ training runs[^.]* and 2 timings on ", page)
    assert "Conditions of the timings" in page
    records = {unquote(link) for link in re.findall(r'href="(runs/[^"]+)"', page)}
    assert len(records) == 4
    assert all((results / record).is_file() for record in records)
    assert {path.stem for path in (results / "tables").iterdir()} == set(columns.COLUMNS)
    for name, stated in columns.COLUMNS.items():
        table = csv_files.read(results / "tables" / f"{name}.csv")
        empty = {"equal_cost", "limit", "literature", "time_to_target"}
        assert len(table) or name in empty, name
        assert table.columns.tolist() == stated, name
    drawn = {path.name for path in (results / "figures").iterdir()}
    kinds = ("svg", "png", "txt")
    asked = yaml.safe_load(TOY.read_text(encoding="utf-8"))["figures"]
    assert drawn == {f"{name}.{kind}" for name in asked for kind in kinds}


def test_every_figure_can_be_drawn_from_the_tables_of_a_study(whole: Path) -> None:
    """As the rule `figure` draws it, of which the toy study does few."""
    found = read_tables(whole / "results/tables")
    for name in names("figures"):
        draw(name, found).draw_without_rendering()
        assert finding(name, found).endswith("."), name


def test_the_crate_is_made_on_request_and_ties_every_file_to_its_job(study: Path) -> None:
    results = study / "results"
    done = snakemake(study, "crate")
    assert done.returncode == 0, done.stdout + done.stderr
    files = crate.listed(results)
    assert set(files) == set(crate.present(results))
    assert {"crate/Snakefile", "crate/workflow/scripts/training/run.py"} <= set(files)
    for name, sha256 in files.items():
        assert hashlib.sha256((results / name).read_bytes()).hexdigest() == sha256
    graph = json.loads((results / crate.METADATA).read_text())["@graph"]
    jobs = [entity for entity in graph if str(entity["@id"]).startswith("#job/")]
    made = {unquote(ref["@id"]) for job in jobs for ref in listed(job["result"])}
    own = {name for name in files if name.startswith("crate/")} | {"README.md", codecheck.NAME}
    assert {*files} - own == made
    assert str(study) not in (results / crate.METADATA).read_text()
    listing = yaml.safe_load((results / codecheck.NAME).read_text(encoding="utf-8"))["manifest"]
    shown = {item["file"] for item in listing}
    assert shown == {name for name in files if name.startswith(("tables/", "figures/"))} - {
        name for name in files if name.endswith(".txt")
    }


def test_every_table_and_figure_is_followed_to_what_no_job_made(study: Path) -> None:
    results = study / "results"
    found, _ = trace.opened(results / "tables/runs.csv")  # of all: each file is looked at once
    for path in sorted([*results.glob("tables/*.csv"), *results.glob("figures/*")]):
        name = f"results/{path.relative_to(results).as_posix()}"
        behind = found.all_behind(name)
        assert behind.keys() <= found.made.keys(), name  # the built-in text is made by its job
        assert found.changed(name) == []
        table = found.rows(name)
        for i in sorted({0, len(table) // 2, len(table) - 1}) if len(table) else ():
            row = table.iloc[i].to_dict()
            parts = found.parts(name, row)
            assert parts or trace.known(row.get("reason")), f"{name} {row}"
            assert not (parts and row.get("status") == "not available here")
            assert {*parts} <= {*found.inputs(name)}
            assert words.told(found, name, str(i + 1), table.columns[-1])[-1].endswith(
                "all as they were read"
            )


def test_the_hot_paths_are_timed_at_each_call_and_told_in_a_table(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "a stüdy")
    (project / "tests/bench").mkdir(parents=True)
    for name in ("conftest.py", "instructions.py"):
        shutil.copy(PROJECT / "tests/bench" / name, project / "tests/bench")
    bench = "def test_sum(benchmark):\n    assert benchmark(sum, range(9)) == 36\n"
    (project / "tests/bench/test_text.py").write_text(bench)
    done = snakemake(project, "microbench")
    assert done.returncode == 0, done.stdout + done.stderr
    timed = csv_files.read(project / "results/microbench.csv")
    assert [name.split("::")[1] for name in timed["name"]] == ["test_sum"]
    assert "microbench" in snakemake(project, "-n", "microbench").stdout.splitlines()
    counted = csv_files.read(project / "results/microbench_instructions.csv")
    assert counted.name.tolist() == ["test_text.py::test_sum"] or counted.reason.notna().all()


def test_a_tree_is_timed_against_a_commit_and_the_answer_is_said(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "a stüdy")
    constants = {"rounds": "ROUNDS = 2\nTURN = 1e-4", "answer": "FEWEST = 2"}
    for file, lines in constants.items():
        path = project / f"src/rnnbench/timing/ab/{file}.py"
        text = path.read_text("utf-8")
        for line in lines.splitlines():
            text = re.sub(rf"^{line.split(' = ')[0]} = \S+", line, text, flags=re.M)
        path.write_text(text, "utf-8")
    me = ["-c", "user.name=me", "-c", "user.email=me@here", "-c", "commit.gpgsign=false"]
    for line in (["init", "-q"], ["add", "src"], [*me, "commit", "-q", "-m", "as it is"]):
        subprocess.run(["git", *line], cwd=project, check=True)
    done = snakemake(project, "ab", "--config", "base=HEAD")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(
        r"^HEAD \w{7} .* HEAD \w{7}.*, over 2 pieces of work, 2 rounds", done.stderr, re.M
    )
    assert csv_files.read(project / "results/ab.csv").rounds.tolist() == [2] * 3


def listed(value: dict | list) -> list:
    return value if isinstance(value, list) else [value]


def hashes(results: Path) -> dict[str, str | None]:
    """SHA-256 of all that is audited, by name."""
    tree = Tree.of_results(results)
    return {name: tree.sha256(name) for name in tree.names}


def test_an_audit_passes_as_it_was_made_and_names_a_flipped_bit(study: Path) -> None:
    before = hashes(study / "results")
    sample = ("--config", "audit={sample: 1}")
    done = snakemake(study, "audit", *sample)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    told = json.loads((study / "results/audit.json").read_text())
    assert told["verdict"] in said
    again = told["made_again"]
    assert all(kind["equal"] == kind["asked"] == 1 for kind in again.values()), again
    assert told["counts"]["bitwise"] == len(again.keys() - {"table", "figure"}) == 7
    assert all(control["found"] for control in told["controls"])
    assert [path.name for path in (study / "results/audit").iterdir() if path.is_dir()] == []
    record = study / "results" / next(i["name"] for i in told["items"] if i["kind"] == "run")
    curve = record.with_name("curve.csv")
    content = curve.read_bytes()
    curve.write_bytes(content.replace(b"1", b"2", 1))
    done = snakemake(study, "audit", "--config", "audit={sample: 0}")  # the files alone
    curve.write_bytes(content)
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "results/logs/audit.log: audit: not passed" in said
    assert "killed" not in said and "for lack of" not in said
    told = json.loads((study / "results/audit.json").read_text())
    assert f"{curve.relative_to(study / 'results')}: changed" in "\n".join(told["faults"])
    assert "Not passed" in (study / "results/audit.html").read_text()
    assert hashes(study / "results") == before


@pytest.mark.skipif(
    torch.backends.cpu.get_cpu_capability() == "DEFAULT", reason="no vector instructions to leave"
)
def test_a_run_by_other_arithmetic_is_numerical_and_says_by_how_much(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without vector instructions sums are taken in another order; what is not torch's stays."""
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", "default")
    tree = Tree.of_results(study / "results")
    names = (f"{folder_of('gru')}/record.json", "results/corpus/calibration.json", LANGUAGE_MODEL)
    found = {f"results/{item.name}": item for item in candidates(tree)}
    scratch = Scratch(tmp_path, PROJECT / "Snakefile", 2)
    scratch.make([found[name].name for name in names], plan.configuration(tree), print)
    judge = Judge(tree, scratch, identity.name(), 0.05, {})
    run, text, statistic = judge.judge([found[name] for name in names])
    assert run.verdict == "numerical"
    assert run.sha256 != run.again_sha256
    assert "relative loss within" in run.evidence
    assert "conditions that differ: numerics_id" in run.evidence
    assert (text.verdict, statistic.verdict) == ("bitwise", "bitwise")


def test_shards_give_the_tables_of_one_piece_to_the_byte(study: Path, tmp_path: Path) -> None:
    text = (TOY).read_text()
    assert "shards: 2" in text
    config = tmp_path / "whole.yaml"
    config.write_text(text.replace("shards: 2", "shards: 1"))
    folder = "results/ngrams/corpus=calibration/token=word/order=2"
    names = ("ngrams.csv", "top_ngrams.csv", "rank_frequency.csv")
    targets = [f"{folder}/{name}" for name in names]
    done = snakemake(PROJECT, *targets, "--directory", str(tmp_path), configfile=config)
    assert done.returncode == 0, done.stdout + done.stderr
    for target in targets:
        assert (tmp_path / target).read_bytes() == (study / target).read_bytes()
    assert not (study / folder / "shards").exists() or not any(
        (study / folder / "shards").iterdir()
    )


def test_a_device_that_is_not_there_is_a_labelled_row(study: Path) -> None:
    reasons = identity.unavailable()
    for name in ("runs", "speed"):
        table = csv_files.read(study / "results/tables" / f"{name}.csv")
        rows = table[table.device == "cuda"]
        assert len(rows)
        if reasons:
            assert set(rows.status) == {"not available here"}
            assert set(rows.reason) == {reasons["cuda"]}


def test_an_edited_cell_is_run_again_alone_and_nothing_is_done_twice_once_it_is_restored(
    study: Path,
) -> None:
    """Nor after the folder was moved, as this one was."""
    source = study / "src/rnnbench/training/cells/gru.py"
    before = source.read_bytes()
    source.write_bytes(before + b"# edited\n")
    jobs = [job for job in planned(snakemake(study, "-n")) if job.split()[0] in {"run", "campaign"}]
    source.write_bytes(before)
    assert Counter(job.split()[0] for job in jobs) == {"run": 2, "campaign": 1}  # two samplers
    assert all("gru" in job for job in jobs if job.split()[0] == "run")
    done = snakemake(study)
    assert done.returncode == 0
    assert "nothing to be done" in (done.stdout + done.stderr).lower()


def test_a_run_of_the_study_writes_at_the_command_line(study: Path) -> None:
    command = [sys.executable, "-m", "rnnbench", "generate", folder_of("gru"), "ab", "--num-tokens"]
    done = subprocess.run(
        [*command, "9"], cwd=study, env=environment(study), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("ab") and done.stdout.endswith("\n")


def test_a_point_outside_the_grid_is_run_by_its_path(study: Path) -> None:
    target = f"{folder_of('gru', seed=7)}/record.json"
    done = snakemake(study, target)
    assert done.returncode == 0, done.stderr
    record = read_record(study / target)
    assert (record["variant"], record["seed"], record["hidden_size"]) == ("gru", 7, 8)


def test_the_workflow_reports_itself_with_captions(study: Path) -> None:
    done = snakemake(study, "--report", "snakemake-report.html")
    assert done.returncode == 0, done.stdout + done.stderr
    page = (study / "snakemake-report.html").read_text(encoding="utf-8")
    assert "Figures" in page
    assert "drawn from the tables" in page


def test_stages_that_are_all_switched_off_leave_a_report_without_their_jobs(tmp_path: Path) -> None:
    """That every page is written from tables without rows, tests/tables/test_columns.py tells."""
    config = tmp_path / "off.yaml"
    config.write_text(yaml.safe_dump({"corpora": ["calibration"], **EMPTIED}))
    done = snakemake(PROJECT, "-n", "--directory", str(tmp_path), configfile=config)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    jobs = {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", said, re.MULTILINE)}
    texts = {"corpus": 1, "truth": 1, "machine": 1, "table": len(columns.COLUMNS)}
    pages = ("gates", "findings", "report", "all")  # a crate is made on request
    once = dict.fromkeys(pages, 1)
    assert jobs == texts | once | {"total": sum((texts | once).values())}


def test_a_new_demand_on_a_text_makes_no_run_again(study: Path, tmp_path: Path) -> None:
    config = tmp_path / "farther.yaml"
    config.write_text(TOY.read_text().replace("contexts: [1, 2, 4]", "contexts: [1, 2, 5]"))
    done = snakemake(study, "-n", configfile=config)
    jobs, said = planned(done), (done.stdout + done.stderr).splitlines()
    assert "lengths" in said
    assert jobs and all(job.startswith(("memory ", "table ")) for job in jobs)


def test_a_project_that_is_dated_ahead_of_the_clock_is_made_once_like_any_other(
    study: Path, tmp_path: Path
) -> None:
    project, ahead = shutil.copytree(study, tmp_path / "ahead"), 4e9  # the year 2096
    results = project / "results"
    for path in project.rglob("*"):
        if path.is_file() and not {".snakemake", "results"} & {*path.relative_to(project).parts}:
            os.utime(path, (ahead, ahead))
    (results / crate.METADATA).unlink(missing_ok=True)
    done = snakemake(project, "crate")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "done: 1 job in" in done.stdout + done.stderr
    again = snakemake(project, "-n")
    assert "Nothing to be done" in again.stdout + again.stderr
    (project / "LICENSE").write_text("Another one.\n")
    edited = snakemake(project, "-n")
    assert "crate" in edited.stdout + edited.stderr  # asked for once, it is kept in step


def test_snakemake_keeps_no_thread_for_a_job_that_has_ended(whole: Path) -> None:
    """Such threads are timers, and take time from the timings that run beside them."""
    assert 1 <= int((whole / "threads.txt").read_text()) < 10  # of 100 jobs
