"""Laws of ``snakemake hardware`` as it is called: how it ends, and what is left if it fails."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from machines import bundle_of

PROJECT = Path(__file__).parents[2]
PAGES = [Path(f"results/hardware.{form}") for form in ("csv", "html", "md", "txt")]


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A folder where two machines are published, and nothing else."""
    for seed, name in enumerate(("near-2c-8g-aaaaaa", "far-2c-8g-bbbbbb")):
        made = bundle_of(name, factor=1 + seed, seed=seed)
        made.write_folder(tmp_path / f"results/published/machine={name}")
    return tmp_path


def hardware(study: Path) -> subprocess.CompletedProcess[str]:
    snakemake = [sys.executable, "-m", "snakemake", "--cores", "1", "hardware"]
    config = ["--config", "machine=near-2c-8g-aaaaaa", "--directory", str(study)]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT / "src")}
    return subprocess.run(
        [*snakemake, *config], cwd=PROJECT, env=environment, capture_output=True, text=True
    )


def made(study: Path) -> set[Path]:
    """What there is of a comparison."""
    pages = (study / "results").glob("hardware.*")
    return {*pages, *(path for path in (study / "results/hardware").rglob("*") if path.is_file())}


def test_it_ends_in_its_answer_and_all_of_it_goes_and_comes_together(study: Path) -> None:
    done = hardware(study)
    assert done.returncode == 0, done.stdout + done.stderr
    answer = (study / "results/hardware.txt").read_text(encoding="utf-8")
    assert answer.startswith("far-2c-8g-bbbbbb is ")
    assert " times as fast as near-2c-8g-aaaaaa (95 % interval" in answer.splitlines()[0]
    assert done.stdout == f"{answer}rnnbench: open results/hardware.html\n"
    assert {study / page for page in PAGES} < made(study)

    table = study / "results/published/machine=far-2c-8g-bbbbbb/tables/speed.csv"
    table.write_bytes(b"another")
    failed = hardware(study)
    assert failed.returncode != 0 and "fast" not in failed.stdout
    assert "machine=far-2c-8g-bbbbbb: expected tables/speed.csv of SHA-256" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert made(study) == set()
