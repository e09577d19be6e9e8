"""The two sources: a commit's and the working tree's, side by side in a temporary folder."""

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO
from zipfile import ZipFile

from rnnbench.base.errors import StudyError

SOURCE = "src"
NATIVE = "rnnbench/training/native"
BUILD = "from rnnbench.training import native; native.build()"
PASSING = shutil.ignore_patterns("__pycache__", "*.egg-info")


@dataclass(frozen=True)
class Side:
    """One of the two."""

    name: str  # as it is told
    source: Path  # folder of its packages

    @property
    def environment(self) -> dict[str, str]:
        """In which Python imports it."""
        return {**os.environ, "PYTHONPATH": str(self.source)}


@contextmanager
def checked_out(project: Path, base: str, printed: IO[str]) -> Iterator[list[Side]]:
    """Both sides, the base first, with the native training step of each.

    Their folders have names of one length: that of an environment shifts where a stack begins.

    Args:
        project: the working tree, in a checkout of git.
        base: name of a commit.
        printed: where a compiler may say why it fails; an arm that lacks a step says so itself.

    Raises:
        StudyError: there is no git, no such commit, or no source in it.
    """
    sha = commit(project, base)
    told = sha[:7] if sha.startswith(base) else f"{base} {sha[:7]}"
    edited = " with edits" if git(project, "status", "--porcelain", "--", SOURCE).strip() else ""
    head = f"HEAD {commit(project, 'HEAD')[:7]}{edited}"
    with TemporaryDirectory(prefix="rnnbench-ab-") as folder:
        sides = [Side(told, Path(folder, "base", SOURCE))]
        sides.append(Side(head, Path(folder, "head", SOURCE)))
        export(project, sha, sides[0])
        shutil.copytree(project / SOURCE, sides[1].source, ignore=PASSING)
        for side in sides:
            for library in sorted((project / SOURCE / NATIVE).glob("*.so")):
                if (side.source / NATIVE).is_dir():
                    shutil.copy(library, side.source / NATIVE)  # its name says of what it is made
            line = [sys.executable, "-c", BUILD]
            subprocess.run(line, env=side.environment, stdout=printed, stderr=printed, check=False)
        yield sides


def export(project: Path, sha: str, side: Side) -> None:
    """Write the source of a commit, without touching the working tree.

    Raises:
        StudyError: it has none.
    """
    with ZipFile(io.BytesIO(git(project, "archive", "--format=zip", sha, SOURCE))) as files:
        files.extractall(side.source.parent)


def commit(project: Path, name: str) -> str:
    """The full name of a commit.

    Raises:
        StudyError: there is no git, or no such commit.
    """
    if name == "none":
        raise StudyError(
            "base: expected a commit to compare the working tree with, found none. Name one: "
            "snakemake --cores all ab --config base=COMMIT"
        )
    line = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    return git(project, *line).decode().strip()


def git(project: Path, *arguments: str) -> bytes:
    """What a command of git says.

    Raises:
        StudyError: it fails.
    """
    try:
        done = subprocess.run(["git", "-C", str(project), *arguments], capture_output=True)
    except OSError as error:
        raise StudyError(f"base: expected git, found {error}. Install it.") from None
    if done.returncode:
        said = " ".join(done.stderr.decode("utf-8", "replace").split())
        raise StudyError(
            f"base: expected a commit of the project in {project}, found that git "
            f"{' '.join(arguments)} fails{f' ({said})' if said else ''}. `git log` lists commits; "
            "a folder that was not cloned has none."
        )
    return done.stdout
