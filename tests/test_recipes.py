"""What is said to others in files that no test here can run: containers, the workflow catalog."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).parents[1]
NEEDED = {
    *("Makefile", "pyproject.toml", "requirements.lock", "README.md", "LICENSE", "CITATION.cff"),
    *("environment.yml", "Snakefile", "src", "workflow", "profiles", "config"),
}


def copied_by_docker() -> list[str]:
    text = (PROJECT / "Dockerfile").read_text()
    return [name for line in re.findall(r"^COPY (.+) \S+$", text, re.M) for name in line.split()]


def copied_by_apptainer() -> list[str]:
    text = (PROJECT / "apptainer.def").read_text()
    block = text.partition("%files\n")[2].partition("\n\n")[0]
    return [line.split()[0] for line in block.splitlines()]


@pytest.mark.parametrize("copied", [copied_by_docker, copied_by_apptainer])
def test_a_container_holds_all_that_the_workflow_needs_and_nothing_that_is_not_there(copied):
    assert sorted(copied()) == sorted(NEEDED)
    assert all((PROJECT / name).exists() for name in copied())


def test_both_containers_are_set_up_by_the_rule_of_make_from_the_same_python():
    recipes = [(PROJECT / name).read_text() for name in ("Dockerfile", "apptainer.def")]
    bases = {re.search(r"^F(?:ROM|rom:) (.+)$", text, re.M).group(1) for text in recipes}
    assert len(bases) == 1
    assert all("make .venv/ready" in text for text in recipes)
    assert "READY := .venv/ready" in (PROJECT / "Makefile").read_text()
    minimum = re.search(r'requires-python = ">=([\d.]+)"', (PROJECT / "pyproject.toml").read_text())
    assert bases.pop().startswith(f"python:{minimum.group(1)}-")


def test_results_and_environments_stay_out_of_the_image():
    ignored = (PROJECT / ".dockerignore").read_text().split()
    assert {".git", ".venv", ".snakemake", "results"} <= {*ignored}
    assert NEEDED.isdisjoint(ignored)


def as_user_12345(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Make a text as ``docker run --user 12345`` does: by a user in no list, without a home."""
    if not shutil.which("unshare"):
        pytest.skip("needs unshare, of util-linux")
    user = ["unshare", "--user", "--map-user=12345", "--map-group=12345"]
    if subprocess.run([*user, "true"], capture_output=True).returncode:
        pytest.skip("this system lets nobody be another user")
    line = [*user, sys.executable, "-m", "snakemake", "--snakefile", str(PROJECT / "Snakefile")]
    bare = {"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT / "src"), "HOME": "/proc"}
    return subprocess.run(
        [*line, "--cores", "1", "results/corpus/calibration.txt"],
        **{"cwd": folder, "env": bare | environment, "capture_output": True, "text": True},
    )


def test_a_container_works_for_a_user_who_is_in_no_list(tmp_path):
    """Without what the recipe says of him it does not."""
    said = re.findall(r"(HOME|LOGNAME)=(\S+)", (PROJECT / "Dockerfile").read_text())
    assert as_user_12345(tmp_path).returncode != 0
    done = as_user_12345(tmp_path, **dict(said))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "results/corpus/calibration.txt").stat().st_size


def test_the_catalog_finds_what_it_reads():
    usage = yaml.safe_load((PROJECT / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert {"mandatory-flags", "software-stack-deployment", "report"} <= {*usage}
    assert (PROJECT / "config/README.md").is_file()
    assert list((PROJECT / "workflow/rules").glob("*.smk"))
    assert (PROJECT / "README.md").read_text().startswith("# rnnbench")
