"""Laws of the check of a GPU: it is silent without one, and with one no part stops the next."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from snakemake.utils import update_config

from rnnbench.machine import identity
from rnnbench.study.estimate import Estimate
from rnnbench.study.study import Study

PROJECT = Path(__file__).parents[2]
SCRIPT, GRID = Path("tests/cuda/run.sh"), PROJECT / "tests/cuda/grid.yaml"
WITH_GPU = "intel-xeon-8c-64g-nvidia-h100-80gb-hbm3-abcdef"
PARTS = ["gpu", "tests", "grid", "points", "bundle", "verify"]
STAND_IN = """#!/bin/sh
# Python with a GPU: fails in the parts named by FAILS, and publishes what is no bundle.
for argument in "$@"; do
    test "$before" != --directory || mkdir -p "$argument/results/published"
    case "$argument" in
        --directory | pytest | verify) before=$argument ;;
        *) test "$before" != --directory || folder=$argument; before= ;;
    esac
done
case "$*" in
    *missing.py*) echo $LACKS; exit 0 ;;
    *publish_speed*) part=bundle; touch "$folder/results/published/machine=box.zip" ;;
    *" launch speed"*) part=grid ;;
    *pytest*) part=tests ;;
    *points.py*) part=points ;;
    *verify*) part=verify ;;
    *gpus.identity*) part=gpu ;;
esac
case " $FAILS " in *" $part "*) echo "$part is wrong"; exit 1 ;; esac
echo "$part is right"
"""


def run(
    project: Path, out: Path, path: Path | None = None, **changed: str
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OUT": str(out), **changed}
    environment["PATH"] = f"{path or project}{os.pathsep}{os.environ['PATH']}"
    line = ["bash", str(project / SCRIPT)]
    return subprocess.run(line, env=environment, capture_output=True, text=True)


@pytest.fixture
def with_gpu(tmp_path: Path) -> Path:
    """A project of the check alone, on a machine that shows a GPU."""
    project = tmp_path / "a project"
    (project / ".venv/bin").mkdir(parents=True)
    (project / SCRIPT).parent.mkdir(parents=True)
    shutil.copy(PROJECT / SCRIPT, project / SCRIPT)
    (project / "tests/cuda/test_one.py").write_text("mark.cuda\n")
    programs = {".venv/bin/python": STAND_IN, "nvidia-smi": "#!/bin/sh\necho 'GPU 0: a stand-in'\n"}
    for name, text in programs.items():
        (project / name).write_text(text)
        (project / name).chmod(0o755)
    return project


def test_the_script_is_one_of_bash_that_can_be_called() -> None:
    assert os.access(PROJECT / SCRIPT, os.X_OK)
    done = subprocess.run(["bash", "-n", str(PROJECT / SCRIPT)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_without_a_gpu_one_line_says_so_and_nothing_is_done(tmp_path: Path) -> None:
    done = run(PROJECT, tmp_path / "out", CUDA_VISIBLE_DEVICES="")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "rnnbench: no NVIDIA GPU here, nothing to check\n"
    assert not (tmp_path / "out").exists()


def test_where_no_python_has_all_one_line_says_what_is_missing_and_nothing_is_loaded(
    with_gpu: Path, tmp_path: Path
) -> None:
    shutil.copy(with_gpu / ".venv/bin/python", with_gpu / "python3")
    for lacking in ("pooch snakemake", ""):
        done = run(with_gpu, tmp_path / "out", CUDA_VISIBLE_DEVICES="0", FAILS="", LACKS=lacking)
        assert done.returncode == (2 if lacking else 0)
        said = re.findall("python lacks (.*); python3 lacks (.*)[.] Run 'make", done.stderr)
        assert said == [(lacking, lacking)] * bool(lacking), done.stderr
        assert done.stderr.count("\n") == len(said)
    assert not re.search("\\bpip\\b|^ *make ", (PROJECT / SCRIPT).read_text(), re.M)


def test_what_is_missing_is_named_down_to_what_packages_need(tmp_path: Path) -> None:
    told = tmp_path / "pytest-9.dist-info/METADATA"
    told.parent.mkdir()
    told.write_text("Name: pytest\nVersion: 9\nRequires-Dist: deep>=1\n")
    own = {"env": {"PYTHONPATH": str(tmp_path)}, "capture_output": True, "text": True}
    line = [sys.executable, str(PROJECT / "tests/cuda/missing.py")]
    assert subprocess.run(line, **own).stdout == "deep\n"
    bare = subprocess.run([line[0], "-S", line[1]], **own).stdout.split()
    assert {"deep", "torch", "hypothesis"} <= {*bare} and "pytest" not in bare


@pytest.mark.parametrize("fails", ["", "gpu", "tests", "grid bundle", " ".join(PARTS)])
def test_a_part_that_fails_is_told_and_stops_none_of_the_others(
    with_gpu: Path, tmp_path: Path, fails: str
) -> None:
    out = tmp_path / "out"
    done = run(with_gpu, out, CUDA_VISIBLE_DEVICES="0", FAILS=fails)
    assert done.stderr == "" and done.returncode == int(bool(fails)), done.stderr
    told = (out / "summary.txt").read_text()
    states = re.findall(r"^(\S+) +(passed|failed) +\d+ s  (\S+) is (right|wrong)$", told, re.M)
    assert [name for name, *_ in states] == [said for *_, said, _ in states] == PARTS
    assert {name for name, state, *_ in states if state == "failed"} == set(fails.split())
    assert re.findall(r"^--- (\S+): its last lines\n\1 is wrong$", told, re.M) == fails.split()
    assert f"failed: {fails or 'none'};" in told and told in done.stdout
    assert f"the bundle is {out}/box.zip" in told and (out / "box.zip").exists()
    assert {path.name for path in out.iterdir()} == {"box.zip", "log.txt", "summary.txt"}
    assert all(f"{part} is" in (out / "log.txt").read_text() for part in PARTS)


@pytest.mark.parametrize(
    ("device", "status", "code"),
    [
        ("cuda", "measured", 0),
        ("cuda", "differs", 1),
        ("cuda", "failed", 1),
        ("cuda", "not available here", 1),
        ("cpu", "measured", 1),
    ],
)
def test_a_grid_is_right_if_cuda_was_timed_and_nothing_went_wrong(
    device: str, status: str, code: int, tmp_path: Path
) -> None:
    row = {
        "variant": "gru",
        "implementation": "torch_nn",
        "device": device,
        "dtype": "tf32",
        "status": status,
        "reason": "why",
    }
    row["tokens_per_second"] = "1234567.8" if status == "measured" else ""
    (tmp_path / "speed.csv").write_text(f"{','.join(row)}\n{','.join(row.values())}\n")
    line = [sys.executable, str(PROJECT / "tests/cuda/points.py"), str(tmp_path / "speed.csv")]
    done = subprocess.run(line, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (code, "")
    assert ("1,234,568" if status == "measured" else f"{status}: why") in done.stdout


def test_what_a_part_may_take_is_not_more_than_8_minutes_together() -> None:
    text = (PROJECT / SCRIPT).read_text()
    limit = int(re.search(r"^LIMIT=(\d+)", text, re.M)[1])
    granted = map(int, re.findall(r"^ *part [a-z-]+ (\d+) ", text, re.M))
    assert limit < 480 and all(seconds < limit for seconds in granted)


def test_every_test_that_asks_for_a_gpu_bears_the_mark_of_the_check() -> None:
    """No file has a way of its own to skip: what it does would not be among those that are run."""
    others = [p for p in (PROJECT / "tests").rglob("test_*.py") if p.name != Path(__file__).name]
    own = re.compile(r"skip(if)?\(.*(cuda|gpu|GPU)|needs_cuda|no_gpu")
    assert [path.name for path in others if own.search(path.read_text(encoding="utf-8"))] == []
    marked = [path for path in others if "mark.cuda" in path.read_text(encoding="utf-8")]
    assert {"test_graphed.py", "test_devices.py", "test_train.py"} <= {path.name for path in marked}


def grid() -> Mapping[str, object]:
    config = yaml.safe_load((PROJECT / "config/config.yaml").read_text())
    update_config(config, yaml.safe_load(GRID.read_text()))
    return config


def test_the_grid_is_a_study_of_both_devices_that_needs_no_network(tmp_path: Path) -> None:
    study = Study(grid(), *identity.asked(WITH_GPU))
    for name, expected in {
        "variant": {"gru", "gru_scratch"},
        "implementation": {"torch_nn", "compiled", "graphed"},
        "device": {"cpu", "cuda"},
        "dtype": {"float32", "tf32", "bfloat16"},
    }.items():
        assert {point[name] for point in study.timings} == expected
    assert study.timing_corpus == "calibration"
    assert Estimate(study, tmp_path / "none").speed() < 100  # beside what CUDA takes to start


def test_the_bundle_of_the_grid_can_be_planned_for_a_machine_with_a_gpu(tmp_path: Path) -> None:
    line = [sys.executable, "-m", "snakemake", "publish_speed", "--dry-run", "--cores", "1"]
    line += ["--snakefile", str(PROJECT / "Snakefile"), "--configfile", str(GRID)]
    line += ["--directory", str(tmp_path), "--config", f"machine={WITH_GPU}"]
    done = subprocess.run(line, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    planned = dict(re.findall(r"^(\w+) +(\d+)$", done.stdout, re.M))
    assert planned["campaign"] == planned["publish_speed"] == "1"
    assert "run" not in planned
