"""Two of them in one folder, and locks of the dead: one works, nobody spoils anything."""

import os
import signal
import time
from pathlib import Path

import pytest
import tiny

TARGETS = tiny.STAGES["prepare"]
REFUSED = ("found another one at work in it", "cannot be locked")


@pytest.fixture
def undisturbed(study: tiny.Undisturbed) -> dict[str, str]:
    return tiny.results(study.folders["train"])


@pytest.mark.cases(few=1, whole=20)
def test_of_two_at_once_one_works_and_the_other_is_told_so(
    undisturbed: dict[str, str], tmp_path: Path, case: int
) -> None:
    """Both by `make`, or one of them by Snakemake's own command."""
    random = tiny.chance("F9", case)
    programs = [["rnnbench launch"] * 2, ["snakemake", "rnnbench launch"]][case % 2]
    first = tiny.begin(tmp_path, *TARGETS, program=programs[0])
    time.sleep(random.choice([0, random.uniform(0, 0.5), random.uniform(0, 8)]))
    second = tiny.begin(tmp_path, *TARGETS, program=programs[1])
    said = [process.communicate(timeout=tiny.PATIENCE)[0] for process in (first, second)]
    codes = [first.returncode, second.returncode]
    print(programs, codes, said)
    for code, words in zip(codes, said, strict=True):
        assert code == 0 or any(refused in words for refused in REFUSED), words
    assert 0 in codes or case % 2
    tiny.run(tmp_path, *TARGETS)
    assert tiny.results(tmp_path) == undisturbed


@pytest.mark.cases(few=1, whole=5)
def test_a_lock_of_a_dead_one_is_released_and_one_of_the_living_is_not(
    undisturbed: dict[str, str], tmp_path: Path, case: int
) -> None:
    process = tiny.begin(tmp_path, *TARGETS, program="snakemake")
    locks = tmp_path / ".snakemake/locks"
    while not (locks.exists() and any(locks.iterdir())):
        assert process.poll() is None
        time.sleep(0.01)
    time.sleep(tiny.chance("F9 lock", case).uniform(0, 2))
    os.killpg(process.pid, signal.SIGSTOP)  # alive, and at work for ever
    refused = tiny.attempt(tmp_path, *TARGETS)
    assert (refused.returncode, REFUSED[0] in refused.stdout) == (2, True), refused.stdout
    assert str(process.pid) in refused.stdout
    assert "Traceback" not in refused.stdout
    tiny.kill(process)
    said = tiny.run(tmp_path, *TARGETS)
    assert "releasing the lock of a Snakemake process that died" in said
    assert tiny.results(tmp_path) == undisturbed
