"""What the tests of the whole workflow share."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from project import copy_project, snakemake


def run_whole(project: Path) -> None:
    done = snakemake(copy_project(project))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def whole(once: Callable[..., Path]) -> Path:
    """The project's copy after one whole run; its name has a space and a letter beyond ASCII."""
    return once("a stüdy", run_whole)


@pytest.fixture(scope="session")
def study(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the whole study for each process that tests, which may change it."""
    return shutil.copytree(whole, tmp_path_factory.mktemp("copy") / whole.name)
