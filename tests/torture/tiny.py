"""A study so small that it can be disturbed a hundred times, and what counts as its results."""

import base64
import csv
import hashlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import psutil

PROJECT = Path(__file__).parents[2]
CONFIG = PROJECT / "tests/torture/tiny.yaml"
STAGES = {  # stage -> what it makes; each needs the one before
    "prepare": ["results/tables/ngrams.csv", "results/tables/zipf.csv"],
    "train": ["results/tables/runs.csv"],
    "report": ["results/tables/texts.csv", "results/figures/learning_curves.svg"],
}
TARGETS = [target for targets in STAGES.values() for target in targets]
TIMES = re.compile("_seconds$|^started$|^ended$")  # keys and columns that tell the time
PATIENCE = 3600  # seconds after which a command hangs, however busy the machine


@dataclass(frozen=True)
class Undisturbed:
    """A finished study, what it was before each stage, and how long each stage took."""

    folders: dict[str, Path]
    seconds: dict[str, float]
    results: dict[str, str]
    jobs: dict[str, set[str]]


def command(*targets: str, program: str = "rnnbench launch", project: Path = PROJECT) -> list[str]:
    """The command line that `make` and `make resume` end in, for some targets."""
    where = ["--snakefile", str(project / "Snakefile"), "--configfile", str(CONFIG)]
    where += ["--directory", "."]
    return [sys.executable, "-m", *program.split(), "--cores", "2", *(targets or TARGETS), *where]


def environment(project: Path = PROJECT, **more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(project / "src"), "OMP_NUM_THREADS": "1", **more}


def begin(folder: Path, *targets: str, **options: str) -> subprocess.Popen[str]:
    """Start the study in ``folder``, as the head of a group of processes."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    line = command(*targets, **options)
    return subprocess.Popen(line, cwd=folder, env=environment(), start_new_session=True, **pipes)


def run(folder: Path, *targets: str, **options: object) -> str:
    """Run the study to its end and return what it said.

    Raises:
        AssertionError: it did not end well.
    """
    done = attempt(folder, *targets, **options)
    assert done.returncode == 0, done.stdout
    return done.stdout


def attempt(
    folder: Path, *targets: str, env: dict[str, str] | None = None, **options: str
) -> subprocess.CompletedProcess[str]:
    """Run the study to its end, whichever."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    line = command(*targets, **options)
    return subprocess.run(line, cwd=folder, env=env or environment(), timeout=PATIENCE, **pipes)


def results(folder: Path) -> dict[str, str]:
    """Path below results -> SHA-256 of all in it that two undisturbed studies agree on."""
    root = folder / "results"
    files = (path for path in root.rglob("*") if path.is_file() and path.suffix != ".log")
    return {path.relative_to(root).as_posix(): timeless(path) for path in sorted(files)}


def timeless(path: Path) -> str:
    """SHA-256 of a file without the seconds in it, nor hashes of files that have them."""
    content = path.read_bytes()
    if path.suffix == ".json":
        row = {k: v for k, v in json.loads(content).items() if not TIMES.search(k)}
        row |= {k: list(row[k]) for k in ("inputs", "outputs") if "provenance" in path.parts}
        content = json.dumps(row).encode()
    if path.suffix == ".csv":
        rows = csv.DictReader(io.StringIO(content.decode(), newline=""))
        kept = [{k: v for k, v in row.items() if not TIMES.search(k)} for row in rows]
        content = json.dumps(kept).encode()
    return hashlib.sha256(content).hexdigest()


def finished(folder: Path, jobs: dict[str, set[str]]) -> dict[str, int]:
    """Output -> time of its last change, for all jobs that Snakemake knows to be finished.

    It has records of those, too, that failed and whose outputs it removed.
    """
    known = {output for output in metadata(folder) if (folder / output).exists()}
    known -= {output for output, _ in records(folder, "incomplete")}
    done = [outputs for outputs in jobs.values() if outputs <= known]
    paths = (folder / output for outputs in done for output in outputs)
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in paths}


def jobs(folder: Path) -> dict[str, set[str]]:
    """Log of each job of a finished study -> its outputs that are kept."""
    found: dict[str, set[str]] = {}
    for output, record in metadata(folder).items():
        if (folder / output).exists():
            found.setdefault(str(record["log"]), set()).add(output)
    return found


def metadata(folder: Path) -> dict[str, dict]:
    """Output -> what Snakemake wrote down of its making."""
    return {output: json.loads(path.read_text()) for output, path in records(folder, "metadata")}


def records(folder: Path, kind: str) -> Iterator[tuple[str, Path]]:
    """Output and file of each note of one kind; Snakemake's names are base64, long ones cut."""
    root = folder / ".snakemake" / kind
    for path in root.rglob("*"):
        if path.is_file():
            name = "".join(part.removeprefix("@") for part in path.relative_to(root).parts)
            yield base64.urlsafe_b64decode(name).decode(), path


def kill(process: subprocess.Popen[str]) -> None:
    """Kill a group of processes at once, as a power cut would."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def working_in(folder: Path) -> list[psutil.Process]:
    """Processes whose working folder this is."""
    there = psutil.process_iter(["cwd"])
    return [process for process in there if process.info["cwd"] == str(folder)]


def nobody_works_in(folder: Path, seconds: float = PATIENCE) -> bool:
    """Whether all processes of ``folder`` end in time; a job loads its libraries first."""
    deadline = time.monotonic() + seconds
    while working_in(folder) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not working_in(folder)


def chance(family: str, case: int) -> Random:
    """The randomness of one case, the same each time it is tried."""
    return Random(f"{family} {case}")
