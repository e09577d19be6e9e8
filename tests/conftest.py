"""What several test files share."""

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import settings

from rnnbench.machine.identity import usable_cores
from rnnbench.provenance import script
from rnnbench.text import corpora, tokens
from rnnbench.text.corpora import Corpus, Folders
from rnnbench.text.corpora.time_machine import FILE_NAME, SHA256
from rnnbench.text.form import Form
from rnnbench.text.origins.folders import find_file

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is loaded: tiny tensors, sums in one order
os.environ["TORCH_COMPILE_DISABLE"] = "1"  # a minute per variant; one test turns it on again
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # or each of hundreds of jobs compiles all anew
sys.dont_write_bytecode = False
# A job in the background of a shell is deaf to Ctrl-C, and so would be all that tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)
script.plain_matplotlib()
settings.register_profile("ordinary", deadline=None, max_examples=25)
settings.register_profile("thorough", deadline=None, max_examples=1000)  # --hypothesis-profile
settings.load_profile("ordinary")


# Files and folders of them that take longest: begun first, all processes end together. Those that
# wait for one study are not all among the first, and Slurm waits more than it works.
LONGEST = (
    *("pipeline/test_workflow", "torture/test_kills", "slurm", "pipeline/test_examples"),
    *("pipeline/test_documents", "pipeline/test_timings", "pipeline", "test_style", "torture"),
    *("test_figures", "test_browser", "test_agreement", "test_native", "audit", "comparison"),
    *("test_laws", "test_site", "test_setup", "test_recipes"),
)


@pytest.hookimpl(optionalhook=True)  # micro-benchmarks go without xdist
def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores: some wait for jobs that work, on Slurm, for a kill."""
    return usable_cores() + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first; within a file all stays as it is written."""
    here = Path(__file__).parent

    def place(item: pytest.Item) -> int:
        name = item.path.relative_to(here).as_posix()
        return next((i for i, long in enumerate(LONGEST) if long in name), len(LONGEST))

    items.sort(key=place)


@dataclass(frozen=True)
class Cleaned:
    """A cleaned text on disk and what it was made from."""

    facts: Corpus
    path: Path

    @property
    def lines(self) -> list[str]:
        return self.path.read_text(encoding="ascii").removesuffix("\n").split("\n")

    def tokens(self, token: str, line_join: str | None = None) -> list[str]:
        join = self.facts.line_join if line_join is None else line_join
        numbers, spelled = tokens.tokenize(tokens.read(self.path), token, Form(join))
        return [spelled[number] for number in numbers.tolist()]


@pytest.fixture(scope="session")
def prepare(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Cleaned]:
    """Prepare a corpus in a folder of its own."""

    def prepared(name: str, own_texts: dict, folders: Folders) -> Cleaned:
        path = tmp_path_factory.mktemp("corpus") / f"{name}.txt"
        return Cleaned(corpora.prepare(name, own_texts, folders, path), path)

    return prepared


@pytest.fixture(scope="session")
def time_machine(prepare: Callable[..., Cleaned]) -> Cleaned:
    """The Time Machine, cleaned, where it is on disk; the network is not asked."""
    folders = Folders.from_environment()
    if find_file(SHA256, FILE_NAME, folders) is None:
        pytest.skip("The Time Machine is not on disk; set RNNBENCH_CORPORA to its folder")
    return prepare("time_machine", {}, folders)


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Callable[..., Path]:
    """Fill a folder once for all processes that the tests are spread over, who only read it."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent

    def filled(name: str, fill: Callable[[Path], object]) -> Path:
        folder = shared / name
        with FileLock(shared / f"{name}.lock"):
            if not folder.exists():
                begun = tmp_path_factory.mktemp(f"{name} begun")
                fill(begun)
                begun.rename(folder)
        return folder

    return filled


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small folder of results that pass every check: copied by whoever changes it."""
    import audited

    return audited.make(tmp_path_factory.mktemp("made") / "results")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """What needs a GPU is skipped where there is none."""
    if item.get_closest_marker("cuda"):
        import torch

        if not torch.cuda.is_available():
            pytest.skip("torch finds no GPU here")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Hours of faults, see tests/torture."""
    often = "tests/torture: try every fault as often as docs/promises.md says"
    parser.addoption("--campaign", action="store_true", help=often)
    kept = "tests/torture: keep in this JSON file how often each fault was tried"
    parser.addoption("--counts", metavar="FILE", help=kept)
