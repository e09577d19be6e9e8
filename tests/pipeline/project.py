"""The project as a user has it: a copy, and Snakemake in it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from rnnbench.machine import identity

PROJECT = Path(__file__).parents[2]
TOY = PROJECT / "tests/pipeline/toy.yaml"
RUN = (
    "results/runs/machine={machine}/corpus=calibration/variant={variant}/sampler={sampler}"
    "/clip_norm=1/device=cpu/seed={seed}"
)


def folder_of(variant: str, sampler: str = "sequential_partition", seed: int = 1) -> str:
    return RUN.format(machine=identity.name(), variant=variant, sampler=sampler, seed=seed)


def copy_project(folder: Path) -> Path:
    """Copy what a run needs, so that a test may edit it."""
    for name in ("src", "workflow", "config", "profiles"):
        shutil.copytree(PROJECT / name, folder / name)  # with what Python has compiled
    papers = ("README.md", "LICENSE", "CITATION.cff")
    for name in ("Snakefile", "environment.yml", "requirements.lock", *papers):
        shutil.copy(PROJECT / name, folder)
    return folder


def command(*arguments: str, configfile: Path = TOY) -> list[str]:
    here = ["--directory", "."]  # not in a folder called after the configuration
    snakemake = [sys.executable, "-m", "snakemake", "--cores", "2", *here, *arguments]
    return [*snakemake, "--configfile", str(configfile)]


def environment(project: Path) -> dict[str, str]:
    """Import the suite from the copy, in a terminal of Jupyter's, which names a backend."""
    backend = "module://matplotlib_inline.backend_inline"  # cannot be loaded here
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return {**own, "PYTHONPATH": str(project / "src"), "MPLBACKEND": backend}


def bare(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Snakemake as one calls it without a thought for cores."""
    return subprocess.run(
        [sys.executable, "-m", "snakemake", *arguments],
        cwd=project,
        env=environment(project),
        capture_output=True,
        text=True,
    )


def snakemake(project: Path, *arguments: str, **options: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments, **options),
        cwd=project,
        env=environment(project),
        capture_output=True,
        text=True,
    )
