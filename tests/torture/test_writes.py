"""Every call by which a file is written, died at or failed: the old file or the new one, whole."""

import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import faults
import pytest

from rnnbench.base.errors import UserError
from rnnbench.base.files import PART, sweep
from rnnbench.provenance import bundle
from rnnbench.timing import sample_files

# kind -> every how many-th call in the ordinary tests
CHEAP = {"record": 4, "counts": 4, "bundle_zip": 9}
HARMLESS = {"mkdir", "unlink", "openat"}  # what is there, what is not, what opens in another way
pytestmark = faults.needs_strace


@pytest.fixture(params=faults.KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """All kinds of files in the campaign, few in the ordinary tests."""
    if request.param not in CHEAP and not request.config.getoption("--campaign"):
        pytest.skip("one of the whole campaign: --campaign")
    return request.param


class Writer:
    """One kind of file in an old and a new version, and every call of the writing of the new."""

    def __init__(self, kind: str, root: Path, every: int):
        self.kind, self.root = kind, root
        self.old, self.new = (self.made(version) for version in (1, 2))
        whole = shutil.copytree(self.old, root / "traced" / "files")
        self.points = faults.points(kind, whole, root / "strace.log")[::every]
        assert faults.contents(whole) == faults.contents(self.new) != faults.contents(self.old)

    def made(self, version: int) -> Path:
        folder = self.root / f"version {version}" / "files"
        folder.mkdir(parents=True)
        if version == 2 and self.kind == "bundle_folder":
            folder.rmdir()
            shutil.copytree(self.root / "version 1" / "files", folder)
        done = faults.write(self.kind, folder, version)
        assert done.returncode == 0, done.stderr
        return folder

    def tried(self, judge: Callable, fault: str, record_property: Callable) -> None:
        """Let ``fault`` happen at each call and judge what is there then."""
        for number, point in enumerate(self.points):
            print(f"{self.kind}, {fault} at {point.name} number {point.number}: {point.text}")
            folder = shutil.copytree(self.old, self.root / fault / str(number) / "files")
            done = faults.injected(self.kind, folder, point, fault)
            judge(self, point, folder, done)
            self.goes_on(folder)
        record_property("tried", len(self.points))

    def is_whole(self, folder: Path) -> None:
        """Every file is the old one or the new one; what is read as one is consistent."""
        there, old, new = map(faults.contents, (folder, self.old, self.new))
        for name, content in there.items():
            if PART not in name:
                assert content in (old.get(name), new.get(name)), f"{name} is torn"
        if self.kind == "samples":
            found = sample_files.read(folder / "process=1", {})
            assert found is None or len(set(found[0].version) | {found[1]["version"]}) == 1
        if self.kind == "bundle_folder":
            self.is_refused_or_whole(folder / "bundle")
        elif self.kind != "samples":
            missing = {name for name in old if name not in there}
            assert missing == set(), "a file that was there is lost"

    def is_refused_or_whole(self, folder: Path) -> None:
        """A folder of many files cannot change at once: its manifest tells that it is between."""
        versions = [bundle.read(made / "bundle") for made in (self.old, self.new)]
        try:
            assert bundle.read(folder) in versions
        except UserError as error:
            assert "Nothing of it was used" in str(error)

    def goes_on(self, folder: Path) -> None:
        """Written once more, all is as if nothing had happened."""
        sweep(folder)
        done = faults.write(self.kind, folder, 2)
        assert done.returncode == 0, done.stderr
        assert faults.contents(folder) == faults.contents(self.new)


@pytest.fixture
def writer(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Writer:
    campaign = request.config.getoption("--campaign")
    return Writer(kind, tmp_path, 1 if campaign else CHEAP[kind])


def died(writer: Writer, point: faults.Point, folder: Path, done) -> None:
    assert done.returncode == -signal.SIGKILL, done.stderr
    writer.is_whole(folder)


def failed(writer: Writer, point: faults.Point, folder: Path, done) -> None:
    """A job that could not write says so, with the name of the file, and leaves nothing half."""
    writer.is_whole(folder)
    if point.name in HARMLESS and faults.contents(folder) == faults.contents(writer.new):
        return
    assert done.returncode == 1, f"went on as if nothing had happened: {done.stderr}"
    assert str(folder) in done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    assert [name for name in faults.contents(folder) if PART in name] == []


def test_a_writer_that_dies_at_any_call_leaves_old_or_new_files(
    writer: Writer, record_property
) -> None:
    writer.tried(died, "signal=KILL", record_property)


@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
def test_a_writer_whose_disk_fails_at_any_call_names_the_file(
    writer: Writer, error: str, record_property
) -> None:
    writer.tried(failed, f"error={error}", record_property)
