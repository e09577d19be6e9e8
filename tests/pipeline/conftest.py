"""What the tests of the whole workflow share."""

from pathlib import Path

import pytest
from project import copy_project, snakemake


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's copy after one whole run; its name has a space and a letter beyond ASCII."""
    project = copy_project(tmp_path_factory.mktemp("a stüdy"))
    done = snakemake(project)
    assert done.returncode == 0, done.stdout + done.stderr
    return project
