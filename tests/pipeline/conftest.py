"""What the tests of the whole workflow share."""

import shutil
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from project import command, copy_project, environment


def run_whole(project: Path) -> None:
    """Run all, and keep how many threads Snakemake had at most."""
    copy_project(project)
    with (project / "said.txt").open("w") as said:
        running = subprocess.Popen(
            command(), cwd=project, env=environment(project), stdout=said, stderr=said
        )
        threads = [1]
        while running.poll() is None:
            with suppress(psutil.Error):  # it may end in between
                threads.append(psutil.Process(running.pid).num_threads())
            time.sleep(0.2)
    assert running.returncode == 0, (project / "said.txt").read_text()
    (project / "threads.txt").write_text(str(max(threads)))


@pytest.fixture(scope="session")
def whole(once: Callable[..., Path]) -> Path:
    """The project's copy after one whole run; its name has a space and a letter beyond ASCII."""
    return once("a stüdy", run_whole)


@pytest.fixture(scope="session")
def study(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the whole study for each process that tests, which may change it."""
    return shutil.copytree(whole, tmp_path_factory.mktemp("copy") / whole.name)
