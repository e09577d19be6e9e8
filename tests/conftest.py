"""What several test files share."""

import os

import pytest
from hypothesis import settings

from rnnbench import corpora
from rnnbench.corpora import Corpus, Folders
from rnnbench.corpora.time_machine import FILE_NAME, SHA256
from rnnbench.folders import find_file

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is loaded: tiny tensors, sums in one order
os.environ["TORCH_COMPILE_DISABLE"] = "1"  # a minute per variant; one test turns it on again
settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")


@pytest.fixture(scope="session")
def time_machine() -> Corpus:
    """The Time Machine, cleaned, where it is on disk; the network is not asked."""
    folders = Folders.from_environment()
    if find_file(SHA256, FILE_NAME, folders) is None:
        pytest.skip("The Time Machine is not on disk; set RNNBENCH_CORPORA to its folder")
    return corpora.prepare("time_machine", {}, folders)
