"""What takes long, in a copy of the toy study: timings, their bundles, a run that is killed."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from project import TOY, bare, command, copy_project, environment, folder_of, snakemake

from rnnbench.base import csv_files
from rnnbench.base.files import read_record
from rnnbench.machine import identity
from rnnbench.provenance import bundle

SPEED = f"results/speed/machine={identity.name()}"


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
    kill_once(project, target, config, lambda: len(began(project)) > 3)
    time.sleep(1)  # nothing measures on without its campaign
    before = began(project)
    finished = [path for path in before if (project / path).with_name("record.json").exists()]
    assert len(finished) >= 3
    assert not (project / target).exists()
    assert snakemake(project, "--unlock", configfile=config).returncode == 0
    done = snakemake(project, target, configfile=config)
    assert done.returncode == 0, done.stdout + done.stderr
    after = began(project)
    assert len(after) == 6  # two of each point, and of both arms of the twin
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
    dates = {path: path.stat().st_mtime_ns for path in (study / "results").glob("hardware.*")}
    told = snakemake(study, *asked)  # the answer again, and nothing else
    assert "to do: 1 hardware\n" in told.stderr and told.stdout == done.stdout
    assert dates == {path: path.stat().st_mtime_ns for path in dates}
    content = (study / "other.zip").read_bytes()
    (study / "other.zip").write_bytes(content[:-100])
    with pytest.raises(bundle.BundleError, match=r"other\.zip: expected a folder or a zip file"):
        bundle.read(study / "other.zip")


def test_a_killed_run_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    """That it ends with the weights of an undisturbed one, tests/torture/test_resume.py tells."""
    config = tmp_path / "long.yaml"
    text = TOY.read_text().replace("num_epochs: 2", "num_epochs: 60")
    config.write_text(text.replace("hidden_size: 8", "hidden_size: 128"))
    killed = keep_often(copy_project(tmp_path / "killed"))
    target = f"{folder_of('gru')}/record.json"
    checkpoint = (killed / target).with_name("checkpoint.safetensors")
    kill_once(killed, target, config, checkpoint.exists)
    assert not (killed / target).exists()
    locked = snakemake(killed, target, configfile=config)
    assert "cannot be locked" in locked.stdout + locked.stderr
    assert bare(killed, "--unlock").returncode == 0
    again = snakemake(killed, target, configfile=config)
    assert again.returncode == 0, again.stderr
    assert "taken up after epoch" in (killed / target).with_name("run.log").read_text()
    assert read_record(killed / target)["epochs_done"] == 60
    assert not checkpoint.exists()


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
