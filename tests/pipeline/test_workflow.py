"""The whole DAG on a toy study, run as a user runs it, in a copy of the project."""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote

import psutil
import pytest
import torch
import yaml
from project import PROJECT, TOY, bare, command, copy_project, environment, snakemake

from rnnbench.audit import trace
from rnnbench.audit.again.classes import TIMES
from rnnbench.audit.trace import told as words
from rnnbench.base import csv_files
from rnnbench.base.files import read_record
from rnnbench.base.plugins import names
from rnnbench.machine import identity
from rnnbench.provenance import bundle, crate
from rnnbench.report.figures import draw, finding, read_tables
from rnnbench.tables import columns

RUN = (
    "results/runs/machine={machine}/corpus=calibration/variant={variant}/sampler={sampler}"
    "/clip_norm=1/device=cpu/seed={seed}"
)
TRIALS = yaml.safe_load(TOY.read_text(encoding="utf-8"))["trials"]
SPEED = f"results/speed/machine={identity.name()}"
EMPTIED = {  # stage -> a list of what it works on, without which it is off
    "ngrams": {"tokens": []},
    "zipf": {"estimators": []},
    "ngram_lm": {"smoothings": []},
    "sine": {"models": []},
    "coverage": {"samplers": []},
    "sentences": {"units": []},
    "detaching": {"runs": {"variant": []}},
    "runs": {"corpora": ["calibration"], "variants": []},
    "trials": {trial: {"seed": []} for trial in TRIALS},
    "lipschitz": {"runs": {"seed": []}},
    "bptt": {"runs": {"seed": []}},
    "gradient_distance": {"seeds": []},
    "speed": {"variants": [], "twins": []},
    "figures": [],
}


def folder_of(variant: str, sampler: str = "sequential_partition", seed: int = 1) -> str:
    return RUN.format(machine=identity.name(), variant=variant, sampler=sampler, seed=seed)


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
    assert re.search(r"\d+ training runs[^.]* and 3 timings on ", page)
    assert "How the timings went" in page
    records = {unquote(link) for link in re.findall(r'href="(runs/[^"]+)"', page)}
    assert len(records) == 6
    assert all((results / record).is_file() for record in records)
    assert {path.stem for path in (results / "tables").iterdir()} == set(columns.COLUMNS)
    for name, stated in columns.COLUMNS.items():
        table = csv_files.read(results / "tables" / f"{name}.csv")
        assert len(table) or name in {"equal_cost", "limit"}, name
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


def test_the_crate_lists_every_file_and_ties_it_to_its_job(study: Path) -> None:
    results = study / "results"
    files = crate.listed(results)
    assert set(files) == set(crate.present(results))
    assert {"crate/Snakefile", "crate/workflow/scripts/training/run.py"} <= set(files)
    for name, sha256 in files.items():
        assert hashlib.sha256((results / name).read_bytes()).hexdigest() == sha256
    graph = json.loads((results / crate.METADATA).read_text())["@graph"]
    jobs = [entity for entity in graph if str(entity["@id"]).startswith("#job/")]
    made = {unquote(ref["@id"]) for job in jobs for ref in listed(job["result"])}
    assert {name for name in files if not name.startswith("crate/")} == made
    assert str(study) not in (results / crate.METADATA).read_text()


def test_every_table_and_figure_is_followed_to_what_no_job_made(study: Path) -> None:
    results = study / "results"
    for path in sorted([*results.glob("tables/*.csv"), *results.glob("figures/*")]):
        found, name = trace.opened(path)
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
            assert words.told(found, name, str(i + 1), table.columns[-1])[-1].endswith("was read")


def test_the_hot_paths_are_timed_at_each_call_and_told_in_a_table(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "a stüdy")
    (project / "tests/bench").mkdir(parents=True)
    for name in ("conftest.py", "instructions.py"):
        shutil.copy(PROJECT / "tests/bench" / name, project / "tests/bench")
    bench = "def test_sum(benchmark):\n    assert benchmark(sum, range(9)) == 36\n"
    (project / "tests/bench/test_sum.py").write_text(bench)
    made = []
    for _ in "ab":
        done = snakemake(project, "microbench")
        assert done.returncode == 0, done.stdout + done.stderr
        made.append(csv_files.read(project / "results/microbench.csv"))
    assert [name.split("::")[1] for name in made[0]["name"]] == ["test_sum"]
    assert not made[0].equals(made[1])
    counted = csv_files.read(project / "results/microbench_instructions.csv")
    assert counted.name.tolist() == ["test_sum.py::test_sum"] or counted.reason.notna().all()


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
    done = snakemake(project, "ab", "--config", "base=nonsense")
    assert done.returncode == 1
    assert "rnnbench: base: expected a commit of the project" in done.stderr
    done = snakemake(project, "ab", "--config", "base=HEAD")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(
        r"^HEAD \w{7} .* HEAD \w{7}.*, over 2 pieces of work, 2 rounds", done.stderr, re.M
    )
    assert csv_files.read(project / "results/ab.csv").rounds.tolist() == [2] * 3


def listed(value: dict | list) -> list:
    return value if isinstance(value, list) else [value]


def test_an_audit_passes_as_it_was_made_and_names_a_flipped_bit(study: Path) -> None:
    before = crate.listed(study / "results")
    sample = ("--config", "audit={sample: 1}")
    done = snakemake(study, "audit", *sample)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    told = json.loads((study / "results/audit.json").read_text())
    assert told["verdict"] in said
    assert told["counts"]["bitwise"] == 3  # a run, a text statistic and a text
    assert told["made_again"]["table"]["equal"] == 1
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
    assert "killed" not in said and "for want of" not in said
    told = json.loads((study / "results/audit.json").read_text())
    assert f"{curve.relative_to(study / 'results')}: changed" in "\n".join(told["faults"])
    assert "Not passed" in (study / "results/audit.html").read_text()
    assert crate.listed(study / "results") == before


@pytest.mark.skipif(
    torch.backends.cpu.get_cpu_capability() == "DEFAULT", reason="no vector instructions to leave"
)
def test_an_audit_by_other_arithmetic_is_numerical_and_says_by_how_much(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without vector instructions sums are taken in another order."""
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", "default")
    done = snakemake(study, "audit", "--config", "audit={sample: 1}")
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads((study / "results/audit.json").read_text())
    (run,) = (item for item in told["items"] if item["kind"] == "run")
    assert run["verdict"] == "numerical"
    assert run["sha256"] != run["again_sha256"]
    assert "conditions that differ: numerics_id" in run["evidence"]
    assert told["counts"]["bitwise"] == 2  # a text statistic and a text: none is torch's


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


def test_nothing_is_done_twice(study: Path) -> None:
    """Nor after the folder was moved, as this one was."""
    done = snakemake(study)
    assert done.returncode == 0
    assert "nothing to be done" in (done.stdout + done.stderr).lower()


def test_an_edited_cell_is_run_again_alone_and_not_once_it_is_restored(study: Path) -> None:
    source = study / "src/rnnbench/training/cells/gru.py"
    before = source.read_bytes()
    source.write_bytes(before + b"# edited\n")
    jobs = [job for job in planned(snakemake(study, "-n")) if job.split()[0] in {"run", "campaign"}]
    source.write_bytes(before)
    assert Counter(job.split()[0] for job in jobs) == {"run": 2, "campaign": 1}  # two samplers
    assert all("gru" in job for job in jobs if job.split()[0] == "run")
    assert planned(snakemake(study, "-n")) == []


def test_of_the_timings_an_edit_makes_those_of_its_implementation_again_and_no_other(
    study: Path, tmp_path: Path
) -> None:
    project = shutil.copytree(study, tmp_path / "copy")
    source = project / "src/rnnbench/training/implementations/manual.py"
    source.write_bytes(source.read_bytes() + b"# edited\n")
    before = began(project)
    done = snakemake(project, f"{SPEED}/points.csv", configfile=without_probes(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    after = began(project)
    again = {path for path in before if after[path] != before[path]}
    assert again == {path for path in before if "/implementation=manual/" in path}
    assert len(again) == 2


def without_probes(folder: Path) -> Path:
    """The toy study, which times the points of its campaign and nothing beside them."""
    config = yaml.safe_load(TOY.read_text(encoding="utf-8"))
    config["probes"] |= {key: [] for key in ("inference", "breakdown", "scaling")}
    (folder / "timed.yaml").write_text(yaml.safe_dump(config))
    return folder / "timed.yaml"


def began(project: Path) -> dict[str, float]:
    """When the samples of each process were written."""
    paths = project.glob(f"{SPEED}/variant=*/**/samples.csv")
    return {str(path.relative_to(project)): path.stat().st_mtime_ns for path in paths}


@pytest.mark.parametrize("rule", ["campaign", "probes"])
def test_nothing_runs_beside_the_timings(rule: str, study: Path) -> None:
    spans = []
    for path in (study / ".snakemake/metadata").rglob("*"):
        if path.is_file():
            record = json.loads(path.read_text())
            spans.append((record["starttime"], record["endtime"], record["rule"]))
    timings = [span for span in spans if span[2] == rule]  # one per output
    start, end = min(s[0] for s in timings), max(s[1] for s in timings)
    assert [s for s in spans if s[2] != rule and s[0] < end and start < s[1]] == []
    assert 0 < len(timings) < len(spans)


def test_killed_timings_keep_every_finished_process(study: Path, tmp_path: Path) -> None:
    project = shutil.copytree(study, tmp_path / "copy")
    shutil.rmtree(project / SPEED)
    target = f"{SPEED}/points.csv"
    config = without_probes(tmp_path)
    kill_once(project, target, config, lambda: len(began(project)) > 4)
    time.sleep(1)  # nothing measures on without its campaign
    before = began(project)
    finished = [path for path in before if (project / path).with_name("record.json").exists()]
    assert len(finished) >= 4
    assert not (project / target).exists()
    assert snakemake(project, "--unlock", configfile=config).returncode == 0
    done = snakemake(project, target, configfile=config)
    assert done.returncode == 0, done.stdout + done.stderr
    after = began(project)
    assert len(after) == 8  # two of each point, and of both arms of the twin
    assert [path for path in finished if after[path] != before[path]] == []


@pytest.fixture(scope="module")
def published(study: Path) -> Path:
    """The zip file of the study's bundle."""
    done = snakemake(study, "publish")
    assert done.returncode == 0, done.stdout + done.stderr
    return study / f"results/published/machine={identity.name()}.zip"


def test_what_was_measured_becomes_a_bundle_whose_bytes_are_equal_each_time(
    study: Path, published: Path
) -> None:
    target, before = published, published.read_bytes()
    target.unlink()
    done = snakemake(study, "publish")
    assert done.returncode == 0, done.stdout + done.stderr
    assert target.read_bytes() == before
    made = bundle.read(target)
    assert made == bundle.read(target.with_suffix(""))
    assert {"calibration", "calibration/char"} == set(made.manifest["inputs"])
    assert made.files["tables/runs.csv"] == (study / "results/tables/runs.csv").read_bytes()
    assert str(study).encode() not in target.read_bytes()


def test_a_published_machine_is_compared_and_nothing_is_measured_for_it(
    study: Path, published: Path
) -> None:
    """With itself under another name, whose bundle is given on the command line as a zip."""
    here, there = identity.name(), "another-machine-2c"
    own = bundle.read(published.with_suffix(""))
    files = {
        name.replace(here, there): content.replace(here.encode(), there.encode())
        for name, content in own.files.items()
    }
    made = bundle.Bundle.make(there, files, own.manifest["source_sha256"], own.manifest["inputs"])
    made.write_zip(study / "other.zip")
    before = began(study)
    asked = ("hardware", "--config", "hardware={bundles: [other.zip]}")
    done = snakemake(study, *asked)
    assert done.returncode == 0, done.stdout + done.stderr
    assert began(study) == before
    found = csv_files.read(study / "results/hardware.csv")
    verdicts = set(found[found.device == "cpu"].verdict)
    assert verdicts <= {"not distinguishable", "equal within ±5 %"}
    assert (found[found.device == "cpu"].ratio == 1).all()
    assert set(found.baseline) == {here} and set(found.machine) == {there}
    assert there in (study / "results/hardware.md").read_text(encoding="utf-8")
    reached = csv_files.read(study / "results/hardware/time_to_target.csv")
    assert {"reached", "never reached"} <= set(reached.status)
    told = snakemake(study, *asked)  # the answer again, and nothing else
    assert "to do: 1 hardware\n" in told.stderr and told.stdout == done.stdout
    content = (study / "other.zip").read_bytes()
    (study / "other.zip").write_bytes(content[:-100])
    done = snakemake(study, *asked)
    assert done.returncode != 0
    assert "other.zip: expected a folder or a zip file" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


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


def test_a_killed_run_goes_on_and_ends_as_if_undisturbed(tmp_path: Path) -> None:
    config = tmp_path / "long.yaml"
    text = (TOY).read_text()
    text = text.replace("num_epochs: 2", "num_epochs: 300")
    config.write_text(text.replace("hidden_size: 8", "hidden_size: 128"))
    killed = keep_often(copy_project(tmp_path / "killed"))
    whole = keep_often(copy_project(tmp_path / "whole"))
    target = f"{folder_of('gru')}/record.json"
    checkpoint = (killed / target).with_name("checkpoint.safetensors")
    kill_once(killed, target, config, checkpoint.exists)
    assert not (killed / target).exists()
    locked = snakemake(killed, target, configfile=config)
    assert "cannot be locked" in locked.stdout + locked.stderr
    assert bare(killed, "--unlock").returncode == 0
    again = snakemake(killed, target, configfile=config)
    assert again.returncode == 0, again.stderr
    log = (killed / target).with_name("run.log").read_text()
    assert "taken up after epoch" in log
    assert snakemake(whole, target, configfile=config).returncode == 0
    resumed, undisturbed = (read_record(folder / target) for folder in (killed, whole))
    timeless = [key for key in undisturbed if not key.endswith(TIMES)]
    assert {key: resumed[key] for key in timeless} == {key: undisturbed[key] for key in timeless}
    assert not (killed / target).with_name("checkpoint.safetensors").exists()


def keep_often(project: Path) -> Path:
    """Let the runs of a copy write a checkpoint soon, not after ten seconds."""
    seconds = "checkpoint_seconds: float = 10.0"
    sources = ((path, path.read_text()) for path in (project / "src").rglob("*.py"))
    ((source, text),) = [(path, text) for path, text in sources if seconds in text]
    source.write_text(text.replace(seconds, seconds.replace("10.0", "0.2")))
    return project


def kill_once(project: Path, target: str, config: Path, reached: Callable[[], bool]) -> None:
    """Kill Snakemake and all its children at once, as a power cut would."""
    process = subprocess.Popen(
        command(target, configfile=config),
        cwd=project,
        env=environment(project),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while not reached():
        assert process.poll() is None, "the job ended before it could be killed"
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.mark.parametrize(
    ("text", "asked", "said"),
    [
        ("runs: {variants: [gruu]}", "all", "unknown name 'gruu' in variants; there are gru,"),
        ("runs: {seeds: [1]", "all", "wrong.yaml, line 1: expected YAML, found: expected ',' or"),
        (None, "all", "wrong.yaml: expected a configuration file, found none."),
        ("own_texts: {mine: {source: mine.txt}}\ncorpora: [mine]", "all", "found no file"),
        ("", "results/tables/run.csv", "Did you mean runs?"),
    ],
)
def test_what_is_wrong_with_a_command_is_told_before_any_job_in_one_line(
    tmp_path: Path, text: str | None, asked: str, said: str
) -> None:
    config = tmp_path / "wrong.yaml"
    if text is not None:
        config.write_text(text or "{}")
    done = snakemake(PROJECT, "-n", asked, "--directory", str(tmp_path), configfile=config)
    routine = ("Using workflow specific profile", "Config file ")
    lines = [row for row in (done.stdout + done.stderr).splitlines() if row.strip()]
    (line,) = [row for row in lines if not row.startswith(routine)]
    assert done.returncode != 0 and line.startswith("rnnbench: ") and said in line
    assert not (tmp_path / "results").exists()


def test_a_copy_that_would_run_the_source_of_another_folder_ends_with_one_message(
    tmp_path: Path,
) -> None:
    """As with the environment of the folder that it was copied from."""
    project = copy_project(tmp_path / "copy")
    line = [sys.executable, "-m", "snakemake", "--dry-run"]
    for source, status in ((PROJECT, 1), (project, 0)):
        done = subprocess.run(
            line, cwd=project, env=environment(source), capture_output=True, text=True
        )
        assert done.returncode == status, done.stderr
        found = [row for row in done.stderr.splitlines() if row.startswith("rnnbench: ")]
        assert len(found) == status and "Traceback" not in done.stderr
        for row in found:
            assert f"expected the package of this project, {project / 'src/rnnbench'}" in row
            assert f"found {PROJECT / 'src/rnnbench'}. Run `make` in {project}" in row


def test_stages_that_are_all_switched_off_leave_a_report_without_their_jobs(tmp_path: Path) -> None:
    """That every page is written from tables without rows, tests/tables/test_columns.py tells."""
    config = tmp_path / "off.yaml"
    config.write_text(yaml.safe_dump({"corpora": ["calibration"], **EMPTIED}))
    done = snakemake(PROJECT, "-n", "--directory", str(tmp_path), configfile=config)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    jobs = {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", said, re.MULTILINE)}
    texts = {"corpus": 1, "truth": 1, "machine": 1, "table": len(columns.COLUMNS)}
    pages = ("gates", "findings", "report", "crate", "all")
    once = dict.fromkeys(pages, 1)
    assert jobs == texts | once | {"total": sum((texts | once).values())}


def test_a_text_of_too_few_words_is_told_before_anything_is_trained(tmp_path: Path) -> None:
    (tmp_path / "short.txt").write_text("many longish words. " * 130)  # 1,300 bytes to a bound
    text = TOY.read_text().replace("[calibration]", "[short]")
    config = tmp_path / "own.yaml"
    config.write_text(text + "own_texts: {short: {source: short.txt}}\n")
    target = "results/tables/trials.csv"
    done = snakemake(PROJECT, target, "--directory", str(tmp_path), configfile=config)
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "trials.words: short: expected at least 1155 words to train on" in said
    assert "found 312" in said and "Traceback" not in said
    assert not (tmp_path / "results").exists()


def test_a_new_demand_on_a_text_makes_no_run_again(study: Path, tmp_path: Path) -> None:
    config = tmp_path / "farther.yaml"
    config.write_text(TOY.read_text().replace("distance: 20", "distance: 21"))
    done = snakemake(study, "-n", configfile=config)
    jobs, said = planned(done), (done.stdout + done.stderr).splitlines()
    assert {"lengths", "gradient_distance"} <= set(said)
    assert jobs and all(job.startswith("table ") for job in jobs)


def test_a_text_that_is_no_text_ends_with_one_message_and_no_file(tmp_path: Path) -> None:
    (tmp_path / "numbers.txt").write_text("1 2 3\n" * 1000)
    text = (TOY).read_text()
    own = "own_texts: {numbers: {source: numbers.txt}}\n"
    config = tmp_path / "own.yaml"
    config.write_text(text.replace("[calibration]", "[numbers]") + own)
    target = "results/corpus/numbers.txt"
    done = snakemake(PROJECT, target, "--directory", str(tmp_path), configfile=config)
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert "numbers: expected words of the letters a-z" in said
    assert "Traceback" not in said
    assert not (tmp_path / target).exists()


def test_an_own_text_may_have_any_name_and_any_date_and_is_made_anew_when_edited(
    tmp_path: Path,
) -> None:
    own, ahead = tmp_path / "My Book (1) [draft] {v2} 100%.txt", 4e9  # the year 2096
    own.write_text("Call me Ishmael.\n" * 1000)
    os.utime(own, (ahead, ahead))
    config = tmp_path / "own.yaml"
    entry = {"own_texts": {"mine": {"source": own.name}}}
    config.write_text(TOY.read_text().replace("[calibration]", "[mine]") + yaml.safe_dump(entry))
    asked = ("results/vocab/corpus=mine/token=word/vocab.csv", "--directory", str(tmp_path))
    done = snakemake(PROJECT, *asked, configfile=config)
    assert done.returncode == 0, done.stdout + done.stderr
    assert own.stat().st_mtime == pytest.approx(ahead)
    again = snakemake(PROJECT, "-n", *asked, configfile=config)
    assert "Nothing to be done" in again.stdout + again.stderr
    own.write_text("Call me Ahab.\n" * 1000)
    edited = snakemake(PROJECT, "-n", *asked, configfile=config)
    assert "corpus mine" in edited.stdout + edited.stderr


def test_a_project_that_is_dated_ahead_of_the_clock_is_made_once_like_any_other(
    study: Path, tmp_path: Path
) -> None:
    project, ahead = shutil.copytree(study, tmp_path / "ahead"), 4e9  # the year 2096
    results = project / "results"
    for path in project.rglob("*"):
        if path.is_file() and not {".snakemake", "results"} & {*path.relative_to(project).parts}:
            os.utime(path, (ahead, ahead))
    (results / crate.METADATA).unlink()
    done = snakemake(project)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "done: 1 job in" in done.stdout + done.stderr  # the crate
    again = snakemake(project, "-n")
    assert "Nothing to be done" in again.stdout + again.stderr
    (project / "LICENSE").write_text("Another one.\n")
    edited = snakemake(project, "-n")
    assert "crate" in edited.stdout + edited.stderr


def test_every_study_but_the_default_one_has_a_folder_that_no_other_one_gets_unsaid(
    tmp_path: Path,
) -> None:
    (tmp_path / "words.txt").write_text("the quick brown fox jumps over the lazy dog\n" * 300)
    own = "own_texts: {words: {source: words.txt}}\n"
    config = tmp_path / "my_words.yaml"
    config.write_text(TOY.read_text().replace("[calibration]", "[words]") + own)
    other = tmp_path / "elsewhere/my_words.yaml"
    other.parent.mkdir()
    other.write_text(config.read_text().replace("replicates: 10", "replicates: 11"))
    target = "results/corpus/words.txt"
    where = ["--snakefile", str(PROJECT / "Snakefile"), "--configfile", str(config)]
    line = [sys.executable, "-m", "rnnbench", "launch", "--cores", "1", target, *where]
    subprocess.run(line, cwd=tmp_path, env=environment(PROJECT), check=True)
    study = tmp_path / "studies/my_words"
    assert (study / target).exists() and (study / ".snakemake/alone.lock").exists()
    assert not (tmp_path / "results").exists()
    recorded = study / "results/provenance/corpus/words.txt.json"
    assert str(tmp_path) not in recorded.read_text()
    tables = study / "results/tables"
    tables.mkdir()
    (tables / "corpora.csv").touch()
    asked = [sys.executable, "-m", "snakemake", "-n", target, *where]
    for change, status, said in (
        (["--config", "vocab={min_freq: 3}"], 0, "(vocab.min_freq: 2 before, 3 now)"),
        (["--configfile", str(other)], 1, f"found those of {config}. Rename the file"),
    ):
        done = subprocess.run(
            [*asked, *change],
            cwd=tmp_path,
            env=environment(PROJECT),
            capture_output=True,
            text=True,
        )
        assert done.returncode == status and said in done.stderr, done.stderr


def test_snakemake_keeps_no_thread_for_a_job_that_has_ended(tmp_path: Path) -> None:
    """Such threads are timers, and take time from the timings that run beside them."""
    project = copy_project(tmp_path)
    targets = ["results/tables/zipf.csv", "results/tables/ngram_lm.csv"]
    running = subprocess.Popen(
        [*command(), "--", *targets],
        cwd=project,
        env=environment(project),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    threads = []
    while running.poll() is None:
        with suppress(psutil.Error):  # it may end in between
            threads.append(psutil.Process(running.pid).num_threads())
        time.sleep(0.1)
    assert running.returncode == 0
    assert max(threads) < 10  # of 16 jobs
