"""Where, when and in whose name a study runs changes nothing; where it cannot run, it says so."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import tiny

from rnnbench.base.files import PART
from rnnbench.provenance import launcher

AHEAD = 400 * 86400  # seconds


@pytest.fixture
def undisturbed(study: tiny.Undisturbed) -> dict[str, str]:
    return study.results


def under(**variables: str) -> Callable[[Path], Path]:
    """Run with some environment variables."""

    def run(folder: Path) -> Path:
        tiny.run(folder, env=tiny.environment(**variables))
        return folder

    return run


def no_home(folder: Path) -> Path:
    return under(HOME=str(folder / "no such folder"), XDG_CACHE_HOME=str(folder / "cache"))(folder)


def umask(folder: Path) -> Path:
    before = os.umask(0o077)
    try:
        tiny.run(folder)
    finally:
        os.umask(before)
    return folder


def odd_path(folder: Path) -> Path:
    """Results and project in folders whose names a shell and ASCII would stumble over."""
    place = folder / "résultats 'of' \"a\" ∂ay, $HOME & 100 %"
    project = place / "пример project"
    place.mkdir()
    for name in ("src", "workflow", "config", "profiles", "tests/torture"):
        shutil.copytree(tiny.PROJECT / name, project / name)
    for name in ("Snakefile", "environment.yml", "requirements.lock"):
        shutil.copy(tiny.PROJECT / name, project)
    tiny.run(place, project=project, env=tiny.environment(project))
    return place


def reversed_targets(folder: Path) -> Path:
    tiny.run(folder, *reversed(tiny.TARGETS))
    return folder


def clock_set_back(folder: Path) -> Path:
    """What is there was made in the future: made again or not, it ends, with the same results."""
    tiny.run(folder, *tiny.STAGES["prepare"])
    ahead = time.time() + AHEAD
    for path in (folder / "results").rglob("*"):
        os.utime(path, (ahead, ahead))
    tiny.run(folder)
    tiny.run(folder)
    return folder


def clock_set_forward(folder: Path) -> Path:
    tiny.run(folder, *tiny.STAGES["prepare"])
    for path in (folder / "results").rglob("*"):
        os.utime(path, (0, 0))
    tiny.run(folder)
    return folder


def one_core(folder: Path) -> Path:
    line = ["1" if word == "2" else word for word in tiny.command()]
    subprocess.run(line, cwd=folder, env=tiny.environment(), check=True, capture_output=True)
    return folder


SURROUNDINGS = {
    "time zone": under(TZ="Pacific/Kiritimati"),
    "C locale": under(LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0"),
    "other locale": under(LC_ALL="tr_TR.UTF-8", LANGUAGE="tr"),
    "hash seed 1": under(PYTHONHASHSEED="1"),
    "hash seed 2": under(PYTHONHASHSEED="4294967295"),
    "threads asked for": under(OMP_NUM_THREADS="2", MKL_NUM_THREADS="2"),
    "no home": no_home,
    "umask": umask,
    "odd path": odd_path,
    "reversed targets": reversed_targets,
    "one core": one_core,
    "clock set back": clock_set_back,
    "clock set forward": clock_set_forward,
}


@pytest.mark.campaign
@pytest.mark.parametrize("name", SURROUNDINGS)
def test_surroundings_change_no_bit_of_the_results(
    undisturbed: dict[str, str], tmp_path: Path, name: str
) -> None:
    assert tiny.results(SURROUNDINGS[name](tmp_path)) == undisturbed


def test_files_of_the_future_are_dated_now_and_no_other(tmp_path: Path) -> None:
    times = {"before": 1000, "now": 2000, "ahead": 3000}
    for name, at in times.items():
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (at, at))
    (tmp_path / "link").symlink_to("before")
    os.utime(tmp_path / "link", (3000, 3000), follow_symlinks=False)
    assert launcher.date_back(tmp_path, 2000) == 2
    found = {path.name: path.lstat().st_mtime for path in tmp_path.iterdir()}
    assert found == {"before": 1000, "now": 2000, "ahead": 2000, "link": 2000}
    assert launcher.date_back(tmp_path, 2000) == 0


@pytest.mark.parametrize("dry", [["-n"], ["--dry-run"], []])
def test_a_dry_run_changes_no_date(tmp_path: Path, dry: list[str]) -> None:
    path, ahead = tmp_path / "results/made", time.time() + AHEAD
    path.parent.mkdir()
    path.touch()
    os.utime(path, (ahead, ahead))
    line = [sys.executable, "-m", "rnnbench", "launch", *dry, "--version"]
    subprocess.run(line, cwd=tmp_path, env=tiny.environment(), check=True)
    assert (path.stat().st_mtime == ahead) == bool(dry)


def test_what_a_job_that_was_killed_left_half_made_goes_at_the_next_start(tmp_path: Path) -> None:
    folder = tmp_path / "results/figures"
    folder.mkdir(parents=True)
    for name in ("zipf.svg", f".zipf.svg.1a2b{PART}.svg", f".record.1a2b{PART}"):
        (folder / name).write_text("half")
    line = [sys.executable, "-m", "rnnbench", "launch", "--version"]
    subprocess.run(line, cwd=tmp_path, env=tiny.environment(), check=True)
    assert [path.name for path in folder.iterdir()] == ["zipf.svg"]


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """A small disk of its own, with options; needs the rights of root."""
    place = tmp_path / "disk"
    place.mkdir()

    def mount(*options: str) -> Path:
        line = ["mount", "-t", "tmpfs", "-o", ",".join(options), "none", str(place)]
        done = subprocess.run(line, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"cannot mount a disk here: {done.stderr.strip()}")
        return place

    yield mount
    subprocess.run(["umount", "--lazy", str(place)], check=False, capture_output=True)


def test_a_folder_that_cannot_be_written_is_told_in_one_message(
    mounted: Callable[..., Path],
) -> None:
    folder = mounted("ro")
    done = tiny.attempt(folder)
    assert done.returncode == 2
    assert "expected a folder to write results into, found: Read-only file system" in done.stdout
    assert "Traceback" not in done.stdout


def test_results_that_cannot_be_written_are_told_with_the_file(
    mounted: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "results").symlink_to(mounted("ro"))
    done = tiny.attempt(tmp_path)
    assert done.returncode == 1
    assert "Read-only file system" in done.stdout and "results" in done.stdout
    assert "Traceback" not in done.stdout, done.stdout


@pytest.mark.cases(few=0, whole=10)
def test_a_full_disk_is_told_with_the_file_and_the_study_goes_on_once_there_is_room(
    undisturbed: dict[str, str], mounted: Callable[..., Path], tmp_path: Path, case: int
) -> None:
    kib = int(tiny.chance("F4 disk", case).uniform(20, 900))
    disk = mounted(f"size={kib}k")
    (tmp_path / "results").symlink_to(disk)
    done = tiny.attempt(tmp_path)
    print(f"{kib} KiB", done.stdout)
    assert done.returncode != 0
    assert "No space left on device" in done.stdout
    assert "results/" in done.stdout
    subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
    tiny.run(tmp_path)
    assert tiny.results(tmp_path) == undisturbed
