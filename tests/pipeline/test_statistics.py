"""The rule that tries the statistics, run as a user runs it."""

import subprocess
import sys
from pathlib import Path

from rnnbench import csv_files

PROJECT = Path(__file__).parents[2]
RESULTS = Path("results/statistics")


def calibrate(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it on the toy study, but with a bound that marks load: it is part of what is tried."""
    marking = folder / "marking.yaml"
    marking.write_text("speed: {outside_load: 0.1}\n")
    toy = str(PROJECT / "tests/pipeline/toy.yaml")
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--directory", str(folder)]
    return subprocess.run(
        [*command, "--configfile", toy, str(marking), *arguments, "--", "calibrate_statistics"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )


def test_the_statistics_are_tried_and_told_in_a_table_and_a_page(tmp_path: Path) -> None:
    done = calibrate(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    found = csv_files.read(tmp_path / RESULTS / "calibration.csv")
    assert set(found.verdict) == {"passed", "no law"}
    page = (tmp_path / RESULTS / "calibration.md").read_text()
    assert all(scenario in page for scenario in found.scenario)


def test_a_table_that_is_none_of_noise_is_refused_in_one_message(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("machine,device\nmine,cpu\n")
    done = calibrate(tmp_path, "--config", "statistics={noise: mine.csv}")
    assert done.returncode != 0
    assert "rnnbench: statistics.noise: wanted reference or" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / RESULTS).exists() or not list((tmp_path / RESULTS).iterdir())
