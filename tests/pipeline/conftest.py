"""What the tests of the whole workflow share."""

import shutil
from pathlib import Path

import pytest
from filelock import FileLock
from project import copy_project, snakemake


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The project's copy after one whole run; its name has a space and a letter beyond ASCII.

    The study is run once for all processes that the tests are spread over; each has its own copy.
    """
    alone = worker_id == "master"
    shared = tmp_path_factory.getbasetemp() if alone else tmp_path_factory.getbasetemp().parent
    made = shared / "a stüdy"
    with FileLock(shared / "study.lock"):
        if not made.exists():
            project = copy_project(tmp_path_factory.mktemp("first a stüdy"))
            done = snakemake(project)
            assert done.returncode == 0, done.stdout + done.stderr
            project.rename(made)
    return shutil.copytree(made, tmp_path_factory.mktemp("a stüdy") / made.name)
