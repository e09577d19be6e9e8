"""Power lost at any moment, on a disk that keeps only what was synced: old files or new ones."""

from pathlib import Path

import disk
import faults
import pytest
import tiny

from rnnbench.base.files import PART

KINDS = ("record", "table", "counts", "tokens", "samples", "figure", "bundle_zip", "checkpoint")
pytestmark = faults.needs_strace


def recorded(kind: str, root: Path) -> tuple[disk.Disk, dict[str, bytes]]:
    """What writing version 2 over version 1 does to a disk, and the files of version 2."""
    folder = root / "files"
    folder.mkdir(parents=True)
    assert faults.write(kind, folder, 1).returncode == 0
    modelled = disk.Disk(folder, faults.contents(folder))
    log = root / "strace.log"
    done = faults.write(kind, folder, 2, *disk.OPTIONS, "-o", str(log))
    assert done.returncode == 0, done.stderr
    modelled.play(log.read_text())
    return modelled, faults.contents(folder)


@pytest.fixture(scope="module")
def disks(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> dict:
    campaign = request.config.getoption("--campaign")
    kinds = KINDS if campaign else KINDS[:1]
    root = tmp_path_factory.mktemp("power")
    return {kind: recorded(kind, root / kind) for kind in kinds}


def torn(modelled: disk.Disk, new: dict[str, bytes], case: int) -> list[str]:
    """Names of files that are neither old nor new after power was lost at a moment of chance."""
    random = tiny.chance("F5", case)
    crash = random.randint(modelled.began, modelled.operations)
    there = modelled.after(crash, random)
    print(f"power lost behind operation {crash} of {modelled.operations}")
    lost = [name for name in modelled.before if name not in there]
    versions = (modelled.before, new)
    return lost + [
        name
        for name, content in there.items()
        if PART not in name and content not in [files.get(name) for files in versions]
    ]


@pytest.mark.cases(few=20, whole=200)
def test_after_a_loss_of_power_every_file_is_the_old_or_the_new_one(disks: dict, case: int) -> None:
    modelled, new = disks[list(disks)[case % len(disks)]]
    assert modelled.after(modelled.operations, tiny.chance("", 0)).items() >= new.items()
    assert torn(modelled, new, case) == []


def test_the_model_finds_files_torn_that_are_written_in_place(tmp_path: Path) -> None:
    modelled, new = recorded("in_place", tmp_path)
    assert sum(bool(torn(modelled, new, case)) for case in range(200)) > 5


def test_the_model_finds_files_torn_that_are_renamed_before_they_are_synced(tmp_path: Path) -> None:
    modelled, new = recorded("unsynced", tmp_path)
    assert sum(bool(torn(modelled, new, case)) for case in range(200)) > 5
