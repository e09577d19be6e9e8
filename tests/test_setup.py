"""Laws of the set-up by make: whatever became of .venv, the next `make` ends with a sound one.

Real environments without packages: a stand-in for pip installs nothing but the way to the source.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
PYTHON = """#!/bin/sh
# Python; a new environment gets the stand-in for pip in place of pip.
test "$1 $2" = "-m venv" || exec "{python}" "$@"
"{python}" -m venv --without-pip "$3"
test "$DIES_AT" != venv || {{ kill -KILL $PPID; exit 1; }}
for site in "$3"/lib/python*/site-packages; do cp -r "{pip}" "$site"; done
"""
PIP = """
import os, signal, sys
from pathlib import Path
step = {"-e": "project", "-r": "lock"}.get(sys.argv[-2], "torch")
step = "test lock" if sys.argv[-1] == "requirements-test.lock" else step
with open("installed.txt", "a") as file:
    print(step, file=file)
if os.environ.get("DIES_AT") == step:
    os.kill(os.getppid(), signal.SIGKILL)
    sys.exit(1)
if step == "project":
    Path(__file__).parents[1].joinpath("project.pth").write_text(f"{Path.cwd() / 'src'}\\n")
"""
STEPS = ("venv", "lock", "torch", "project")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of which there is nothing but the set-up, in a folder with a space in its name."""
    folder = tmp_path / "the first"
    (folder / "src/rnnbench").mkdir(parents=True)
    shutil.copy(PROJECT / "Makefile", folder)
    locks = ("requirements.lock", "requirements-test.lock")
    for name in (*locks, "pyproject.toml", "src/rnnbench/__init__.py"):
        (folder / name).touch()
    (folder / "src/rnnbench/__main__.py").touch()
    pip = tmp_path / "pip"
    pip.mkdir()
    (pip / "__init__.py").touch()
    (pip / "__main__.py").write_text(PIP)
    python = tmp_path / "python"
    python.write_text(PYTHON.format(python=sys.executable, pip=pip))
    python.chmod(0o755)
    return folder


def make(
    project: Path, target: str = ".venv/ready", **variables: str
) -> subprocess.CompletedProcess[str]:
    line = ["make", f"PYTHON={project.parent / 'python'}", target]
    environment = os.environ | variables
    return subprocess.run(line, cwd=project, env=environment, capture_output=True, text=True)


def steps(project: Path) -> list[str]:
    """What was installed since this was asked last."""
    found = project / "installed.txt"
    words = found.read_text().splitlines() if found.exists() else []
    found.unlink(missing_ok=True)
    return words


def imported(project: Path) -> Path:
    """Where the environment of a project has the package from."""
    line = [project / ".venv/bin/python", "-I", "-c", "import rnnbench; print(rnnbench.__file__)"]
    return Path(subprocess.run(line, capture_output=True, text=True, check=True).stdout.strip())


def holds(project: Path) -> bool:
    return imported(project) == project / "src/rnnbench/__init__.py"


def test_the_set_up_is_made_once(project: Path) -> None:
    done = make(project)
    assert done.returncode == 0, done.stderr
    assert holds(project) and steps(project) == ["lock", "torch", "project"]
    assert "rebuilding" not in done.stdout
    assert make(project).returncode == 0
    assert steps(project) == []


def test_what_tests_need_is_added_once_and_only_for_them(project: Path) -> None:
    assert make(project).returncode == 0
    assert "test lock" not in steps(project)
    for expected in (["test lock"], []):
        done = make(project, ".venv/testable")
        assert done.returncode == 0, done.stderr
        assert steps(project) == expected
    text = (PROJECT / "Makefile").read_text()
    assert {*re.findall(r"^(\w+): \$\(TESTABLE\)", text, re.M)} == {"test", "torture", "site"}


def test_a_new_lock_is_installed_into_the_environment_that_is_there(project: Path) -> None:
    make(project)
    mark = project / ".venv/mark"
    mark.touch()
    os.utime(project / ".venv/ready", (0, 0))
    steps(project)
    assert make(project).returncode == 0
    assert steps(project) == ["lock", "torch", "project"] and mark.exists()


@pytest.mark.parametrize(("first", "second"), [*zip(STEPS, reversed(STEPS), strict=True)])
def test_a_set_up_that_was_interrupted_twice_is_finished_by_the_next(
    project: Path, first: str, second: str
) -> None:
    for step in (first, second):
        assert make(project, DIES_AT=step).returncode != 0
        assert not (project / ".venv/ready").exists()
    done = make(project)
    assert done.returncode == 0, done.stderr
    assert holds(project)


def broken(project: Path) -> None:
    shutil.rmtree(next(project.glob(".venv/lib/python*/site-packages/pip")))


def without_its_python(project: Path) -> None:
    for name in project.glob(".venv/bin/python*"):
        name.unlink()
        name.symlink_to("/nowhere/python")


def no_environment(project: Path) -> None:
    shutil.rmtree(project / ".venv")
    (project / ".venv").touch()


def another_ones(project: Path) -> None:
    """A link to the environment of another project, which must stay as it is."""
    (project / ".venv").rename(project.parent / "another")
    (project / ".venv").symlink_to(project.parent / "another")
    (pth,) = (project.parent / "another").glob("lib/python*/site-packages/project.pth")
    pth.write_text("/nowhere/src\n")


@pytest.mark.parametrize("damage", [broken, without_its_python, no_environment, another_ones])
def test_an_environment_that_broke_is_made_anew(project: Path, damage) -> None:
    make(project)
    damage(project)
    done = make(project)
    assert done.returncode == 0, done.stderr
    assert "rebuilding it" in done.stdout and holds(project)
    assert damage is not another_ones or (project.parent / "another/pyvenv.cfg").exists()


@pytest.mark.parametrize("move", [shutil.copytree, shutil.move], ids=["copied", "moved"])
def test_a_project_that_was_copied_or_moved_gets_an_environment_of_its_own(
    project: Path, move
) -> None:
    make(project)
    second = project.parent / "the second"
    move(project, second, **({"symlinks": True} if move is shutil.copytree else {}))
    done = make(second)
    assert done.returncode == 0, done.stderr
    assert "rebuilding it" in done.stdout and holds(second)
    assert not project.exists() or holds(project)


def test_a_path_to_another_project_does_not_get_in(project: Path) -> None:
    other = project.parent / "other"
    (other / "rnnbench").mkdir(parents=True)
    (other / "rnnbench/__init__.py").write_text("raise SystemExit('the other project')")
    (other / "pip.py").write_text("raise SystemExit('another pip')")
    for _ in range(2):
        done = make(project, PYTHONPATH=str(other))
        assert done.returncode == 0, done.stderr + done.stdout
    assert steps(project) == ["lock", "torch", "project"] and holds(project)


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("all", "report.html"),
        ("publish", "published"),
        ("publish_speed", "published"),
        ("results/tables/runs.csv", ""),
    ],
)
def test_what_make_says_to_open_is_what_it_was_asked_for(project: Path, target, shown) -> None:
    *said, last = told(project, f"TARGET={target}")
    assert last == f"rnnbench: open results/{shown}"
    assert (said[-1] == "Gates: pass") == (target == "all")


def test_make_hardware_makes_the_timings_and_compares_them_and_nothing_else(project: Path) -> None:
    said = told(project, "hardware")
    launched = [line.split()[-1] for line in said if line.startswith("launch ")]
    assert launched == ["publish_speed", "hardware"]
    assert "open results/hardware" not in " ".join(said)  # the rule itself says it


def test_make_sitting_asks_for_one_more_and_goes_on_as_make_hardware(project: Path) -> None:
    said = told(project, "sitting")
    assert said[-1].endswith("until you update it: make")
    asked = [line for line in said if line.startswith(("sitting", "launch "))]
    assert [line.split()[-1] for line in asked] == ["sitting", "publish_speed", "hardware"]


def told(project: Path, *arguments: str) -> list[str]:
    """What make says, of a suite that says what it was asked for."""
    package = project / "src/rnnbench"
    (package / "__main__.py").write_text("import sys\n\nprint(*sys.argv[1:])\n")
    (package / "base").mkdir()
    paths = "from pathlib import Path\n\nfolder = lambda files: Path()\n"
    (package / "base/paths.py").write_text(paths)
    (project / "results").mkdir()
    (project / "results/summary.txt").write_text("Gates: pass\n")
    quiet = "--no-print-directory"  # which a make around the tests would ask for
    line = ["make", quiet, f"PYTHON={project.parent / 'python'}", *arguments]
    done = subprocess.run(line, cwd=project, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
