"""What keeps the house in order: linters, and lists that must agree."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from rnnbench.base import parameters

PROJECT = Path(__file__).parents[1]
PIN = re.compile(r"^([a-z0-9_.-]+==[^ ]+)( ; [^\\]*[^\\ ])?", re.MULTILINE)


def passes(*arguments: str) -> None:
    command = [sys.executable, "-m", *arguments]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_ruff_finds_nothing() -> None:
    passes("ruff", "check", ".")
    passes("ruff", "format", "--check", ".")


def test_types_hold() -> None:
    passes("mypy")


def test_every_relaxed_type_says_why() -> None:
    """In the code behind the line, in the configuration above it or behind it."""
    ignores = re.compile(r"# type: ignore(?!\[[a-z-]+\]  # \w)")
    sources = (PROJECT / "src").rglob("*.py")
    assert [path.name for path in sources if ignores.search(path.read_text("utf-8"))] == []
    config = (PROJECT / "pyproject.toml").read_text("utf-8")
    for part in config.split("[[tool.mypy.overrides]]\n")[1:]:
        before = config.partition(part)[0].removesuffix("[[tool.mypy.overrides]]\n")
        assert before.splitlines()[-1].startswith("# ") or "= true  # " in part


def test_snakemake_lint_finds_nothing() -> None:
    passes("snakemake", "--lint")


def test_rules_are_formatted() -> None:
    passes("snakefmt", "--check", "Snakefile", "workflow")


def test_no_test_gives_up_before_an_hour() -> None:
    """A machine that is busy with other work takes its time."""
    given = re.compile(r"\b(?:timeout|PATIENCE|UP_SECONDS) ?= ?([\d_.]+)")
    texts = {path: path.read_text("utf-8") for path in (PROJECT / "tests").rglob("*.py")}
    found = [(path.name, float(time)) for path in texts for time in given.findall(texts[path])]
    assert found and [(name, time) for name, time in found if time < 3600] == []


def test_conda_users_get_the_locked_versions() -> None:
    lock = {a + b for a, b in PIN.findall((PROJECT / "requirements.lock").read_text())}
    environment = yaml.safe_load((PROJECT / "environment.yml").read_text())
    (pip,) = (item["pip"] for item in environment["dependencies"] if isinstance(item, dict))
    torch = re.search(r"torch==[\d.]+", (PROJECT / "Makefile").read_text()).group()
    assert lock
    assert set(pip) == lock | {torch}


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-test.lock"])
def test_every_locked_package_has_a_hash_and_no_place_to_get_it_from(name: str) -> None:
    text = (PROJECT / name).read_text()
    blocks = re.split(r"\n(?=[a-z])", text.strip())
    assert len(blocks) > 1
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in text and "index" not in text


def test_the_status_of_a_run_is_written_in_one_file() -> None:
    words = {parameters.NOT_AVAILABLE, parameters.CONVERGED, parameters.UNCONVERGED}
    found = {
        path.name
        for path in (PROJECT / "src").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and node.value in words
    }
    assert found == {Path(parameters.__file__).name}
