"""An audit that is killed goes on with what it had made again."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import tiny
import yaml
from snakemake.utils import update_config

from rnnbench.audit.again import remake

WANTED = ["corpus/calibration.json", "vocab/corpus=calibration/token=char/vocab.json"]
PROGRAM = f"""
import sys, yaml
from pathlib import Path
from rnnbench.audit.again.remake import Scratch
config = yaml.safe_load(Path(sys.argv[2]).read_text())
Scratch(Path(sys.argv[1]), Path("{tiny.PROJECT}/Snakefile"), 1).make({WANTED}, config, print)
"""


def at_work_for(folder: Path) -> list[psutil.Process]:
    there = psutil.process_iter(["cmdline"])
    return [process for process in there if str(folder) in (process.info["cmdline"] or [])]


def is_finished(folder: Path, output: str) -> bool:
    """Whether Snakemake has noted that it is."""
    unfinished = {name for name, _ in tiny.records(folder, "incomplete")}
    noted = {name for name, _ in tiny.records(folder, "metadata")}
    return output in noted - unfinished


def within(seconds: float, happens: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not happens() and time.monotonic() < deadline:
        time.sleep(0.02)
    return happens()


def configuration() -> dict:
    """A study of the built-in text alone."""
    paths = (tiny.PROJECT / f"config/{name}.yaml" for name in ("config", "calibration"))
    config: dict = {}
    for path in paths:
        update_config(config, yaml.safe_load(path.read_text()))
    return config


@pytest.mark.cases(few=1, whole=5)
def test_an_audit_that_is_killed_keeps_what_it_made_and_goes_on(tmp_path: Path, case: int) -> None:
    """Its own Snakemake ends with it, so that two never work in one scratch folder."""
    folder, first = tmp_path / "scratch", f"results/{WANTED[0]}"
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(configuration()))
    line = [sys.executable, "-c", PROGRAM, str(folder), str(tmp_path / "config.yaml")]
    process = subprocess.Popen(line, env=tiny.environment(), stdout=subprocess.DEVNULL)
    assert within(tiny.PATIENCE, lambda: is_finished(folder, first))
    time.sleep(tiny.chance("audit", case).uniform(0, 0.5))
    process.kill()
    process.wait()
    assert within(tiny.PATIENCE, lambda: not at_work_for(folder))
    made, said = (folder / first).stat().st_mtime_ns, []
    snakefile = tiny.PROJECT / "Snakefile"
    remake.Scratch(folder, snakefile, 1).make(WANTED, configuration(), said.append)
    assert all((folder / "results" / name).exists() for name in WANTED), said
    assert (folder / first).stat().st_mtime_ns == made, "what was finished was made again"
