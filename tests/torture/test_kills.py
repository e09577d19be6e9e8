"""Whatever is killed, whenever: one more command gives the results of an undisturbed study.

A case starts from a study that is finished up to a stage, and is killed within the next one.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import psutil
import pytest
import tiny
from tiny import Undisturbed

from rnnbench.base.files import PART

BEGINNING = 3.0  # seconds of a start: imports, the lock, the graph of jobs


def copied(study: Undisturbed, stage: str, folder: Path) -> Path:
    return shutil.copytree(study.folders[stage], folder / "killed")


def ends_undisturbed(folder: Path, study: Undisturbed, case: int) -> None:
    """One command ends the study: nothing finished is made again, nothing half-made is left."""
    finished = tiny.finished(folder, study.jobs)
    said = tiny.run(folder)
    assert tiny.results(folder) == study.results, said
    after = {path: (folder / path).stat().st_mtime_ns for path in finished}
    assert after == finished, "what was finished was made again"
    assert list((folder / "results").rglob(f".*{PART}*")) == []
    if case % 10 == 1:
        assert "nothing to be done" in tiny.run(folder).lower()


def moment(random: Random, stage: str, study: Undisturbed) -> float:
    """Seconds after the start: while Snakemake starts, or while the jobs of the stage run."""
    if stage == "start":
        return random.uniform(0, BEGINNING)
    return random.uniform(BEGINNING, max(BEGINNING, study.seconds[stage]))


@pytest.mark.cases(few=1, whole=100)
def test_a_study_that_is_killed_whole_goes_on(
    study: Undisturbed, tmp_path: Path, case: int
) -> None:
    random = tiny.chance("F1", case)
    stage = ["train", "start", "prepare", "report"][case % 4]
    first = random.choice([*tiny.STAGES]) if stage == "start" else stage
    folder, seconds = copied(study, first, tmp_path), moment(random, stage, study)
    print(f"{stage}, killed {seconds:.2f} s after the start")
    process = tiny.begin(folder)
    time.sleep(seconds)
    print("still at work" if process.poll() is None else "had ended")
    tiny.kill(process)
    ends_undisturbed(folder, study, case)


def whole(way: Callable) -> object:
    """A way to stop that is tried in the whole campaign alone."""
    return pytest.param(way, marks=pytest.mark.campaign)


def a_job_of(process: subprocess.Popen[str], folder: Path) -> psutil.Process | None:
    """A script that Snakemake runs now, once there is one; None if it has ended before."""
    while process.poll() is None:
        try:
            for child in psutil.Process(process.pid).children():
                if ".snakemake/scripts" in " ".join(child.cmdline()):
                    return child
        except psutil.NoSuchProcess:
            pass
        time.sleep(0.01)
    return None


def snakemake(process: subprocess.Popen[str], folder: Path) -> None:
    """Snakemake alone: its jobs are orphans, and must not live to write."""
    process.kill()
    assert tiny.nobody_works_in(folder)
    process.communicate()


def job(process: subprocess.Popen[str], folder: Path) -> None:
    """One job alone, as the kernel does when memory runs out: the others go on to their end."""
    victim = a_job_of(process, folder)
    if victim is not None:
        victim.kill()
    said, _ = process.communicate(timeout=tiny.PATIENCE)
    assert victim is None or process.returncode != 0, said


def terminated(process: subprocess.Popen[str], folder: Path) -> None:
    """SIGTERM to Snakemake, which lets its jobs end."""
    process.terminate()
    process.communicate(timeout=tiny.PATIENCE)


def interrupted(process: subprocess.Popen[str], folder: Path) -> None:
    """SIGINT to all, as Ctrl-C does."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=tiny.PATIENCE)


@pytest.mark.cases(few=1, whole=20)
@pytest.mark.parametrize("way", [snakemake, *map(whole, [job, terminated, interrupted])])
def test_a_part_of_a_study_that_is_stopped_leaves_nothing_that_writes_on(
    study: Undisturbed, tmp_path: Path, case: int, way
) -> None:
    random = tiny.chance(f"F2 {way.__name__}", case)
    stage = ["report", "train", "prepare"][case % 3]
    folder, seconds = copied(study, stage, tmp_path), moment(random, stage, study)
    print(f"{stage}, {way.__name__} {seconds:.2f} s after the start")
    process = tiny.begin(folder)
    time.sleep(seconds)
    way(process, folder)
    assert tiny.nobody_works_in(folder)
    ends_undisturbed(folder, study, case)
