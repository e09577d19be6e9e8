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
    bases = {re.search(r"^(?:ARG BASE=|From: )(.+)$", text, re.M).group(1) for text in recipes}
    assert len(bases) == 1
    assert all("PIP_NO_CACHE_DIR=1 make .venv/ready" in text for text in recipes)
    assert all(".venv/bin/python -m compileall -q src" in text for text in recipes)
    assert "READY := .venv/ready" in (PROJECT / "Makefile").read_text()
    assert re.fullmatch(r"python@sha256:[0-9a-f]{64}", bases.pop())  # no tag, which moves
    minimum = re.search(r'requires-python = ">=([\d.]+)"', (PROJECT / "pyproject.toml").read_text())
    assert all(f" is python:{minimum.group(1)}." in text for text in recipes)


def test_results_and_environments_stay_out_of_the_image():
    ignored = (PROJECT / ".dockerignore").read_text().split()
    assert {".git", ".venv", ".snakemake", "results"} <= {*ignored}
    assert NEEDED.isdisjoint(ignored)


def as_user_12345(folder: Path, *line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python as ``docker run --user 12345`` does: by a user in no list, without a home."""
    if not shutil.which("unshare"):
        pytest.skip("needs unshare, of util-linux")
    user = ["unshare", "--user", "--map-user=12345", "--map-group=12345"]
    if subprocess.run([*user, "true"], capture_output=True).returncode:
        pytest.skip("this system lets nobody be another user")
    bare = {"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT / "src"), "HOME": "/proc"}
    return subprocess.run(
        [*user, sys.executable, *line],
        **{"cwd": folder, "env": bare | environment, "capture_output": True, "text": True},
    )


def test_a_container_works_for_a_user_who_is_in_no_list(tmp_path):
    """Without the home that the recipe gives him it does not."""
    (home,) = re.findall(r"HOME=(\S+)", (PROJECT / "Dockerfile").read_text())
    line = ["-m", "snakemake", "--snakefile", str(PROJECT / "Snakefile"), "--cores", "1"]
    line += ["results/corpus/calibration.txt"]
    assert as_user_12345(tmp_path, *line).returncode != 0
    done = as_user_12345(tmp_path, *line, HOME=home)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "results/corpus/calibration.txt").stat().st_size


def test_who_is_in_no_list_may_publish_and_audit(tmp_path):
    code = (
        "from pathlib import Path\n"
        "from rnnbench.audit.again import remake\n"
        "from rnnbench.provenance import bundle, script\n"
        "script.named_user()\n"
        "print(bundle.publishable({'a': b''}), remake.scratch(b'', Path(), 1).folder.parent.name)"
    )
    done = as_user_12345(tmp_path, "-c", code, TMPDIR=str(tmp_path))
    assert done.stdout == "{'a': b''} rnnbench-audit-12345\n", done.stderr


def test_whoever_runs_a_container_without_a_word_is_not_root():
    told = re.search(r"^USER (\d+):(\d+)$", (PROJECT / "Dockerfile").read_text(), re.M)
    assert "0" not in told.groups()


def test_environments_of_snakemake_s_own_are_refused_in_words(tmp_path):
    line = [sys.executable, "-m", "snakemake", "--snakefile", str(PROJECT / "Snakefile")]
    line += ["--dry-run", "--cores", "1", "--directory", str(tmp_path), "--sdm", "conda"]
    done = subprocess.run(line, capture_output=True, text=True)
    assert done.returncode == 1 and "found --sdm conda" in done.stderr
    assert "Traceback" not in done.stderr and not (tmp_path / ".snakemake/conda").exists()


def test_the_catalog_finds_what_it_reads():
    usage = yaml.safe_load((PROJECT / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert {"mandatory-flags", "software-stack-deployment", "report"} <= {*usage}
    assert (PROJECT / "config/README.md").is_file()
    assert list((PROJECT / "workflow/rules").glob("*.smk"))
    assert (PROJECT / "README.md").read_text().startswith("# rnnbench")
