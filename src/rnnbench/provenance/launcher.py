"""Run Snakemake for a study, and nobody else at the same time: ``python -m rnnbench launch ...``

Snakemake locks a folder by files that stay when it is killed, and cannot tell those of the living
from those of the dead. Here the kernel holds the lock: it goes with the process, however that ends.
So a lock of Snakemake's that is found under ours is a dead one's, and is released.
"""

import argparse
import contextlib
import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from rnnbench.base.errors import UserError
from rnnbench.base.files import sweep
from rnnbench.base.paths import folder

STATE, RESULTS = Path(".snakemake"), Path("results")  # the first is Snakemake's own
DRY = {"-n", "--dry-run", "--dryrun"}  # nothing is made, and no date changed
SNAKEMAKE = [sys.executable, "-m", "snakemake"]


def main(arguments: Sequence[str]) -> NoReturn:
    """Become Snakemake, which is given the arguments as they are.

    Raises:
        UserError: another Snakemake works here, or nothing can be written here.
    """
    study = studied(arguments)
    hold(study / STATE / "alone.lock")
    if others := working_in(study.absolute()):
        raise taken(study, others[0])
    if any((study / STATE / "locks").glob("*")):
        print("rnnbench: releasing the lock of a Snakemake process that died", flush=True)
        subprocess.run([*SNAKEMAKE, "--unlock", "--quiet", "all", *arguments], check=False)
    sweep(study / RESULTS)  # a job that was killed alone leaves no lock
    if DRY.isdisjoint(arguments) and (ahead := date_back(study / RESULTS, time.time())):
        print(
            f"rnnbench: {ahead} results were dated in the future, perhaps because the clock was "
            "set back; they now have the current time",
            flush=True,
        )
    os.execv(SNAKEMAKE[0], [*SNAKEMAKE, *arguments])


def studied(arguments: Sequence[str]) -> Path:
    """The folder that a Snakemake with these arguments works in."""
    known = asked(arguments)
    return known.directory or folder(known.configfile)


def asked(arguments: Sequence[str]) -> argparse.Namespace:
    """The ``configfile``s and the ``directory`` that arguments of Snakemake's name."""
    parser = argparse.ArgumentParser(
        prog="python -m rnnbench launch",
        usage="%(prog)s ARGUMENTS OF SNAKEMAKE ...",
        description="Run Snakemake for a study, with exclusive use of its folder.",
        epilog="All arguments are passed on; snakemake --help explains them.",
        allow_abbrev=False,
    )
    parser.add_argument("--configfile", "--configfiles", nargs="+", default=[], help="its folder")
    parser.add_argument("--directory", "-d", type=Path, help="another folder")
    return parser.parse_known_args(arguments)[0]


def hold(path: Path) -> int:
    """Lock ``path`` until this process ends, as whatever program; return the open file.

    Raises:
        UserError: another process holds it, or it cannot be written. A file system without such
            locks is told, and used.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise UserError(
            f"{place(path)}: expected a folder to write results into, found: {error.strerror}. "
            "Make it writable, or copy the project to a place where you can write."
        ) from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise taken(place(path), int(os.pread(handle, 20, 0) or 0)) from None
    except OSError as error:
        print(
            f"rnnbench: {place(path)}: no file locks here ({error.strerror}), so a Snakemake on "
            "another machine would not be noticed; do not start one in this folder meanwhile",
            flush=True,
        )
    os.set_inheritable(handle, True)  # kept by exec; Snakemake's jobs do not get it
    os.ftruncate(handle, 0)
    os.pwrite(handle, str(os.getpid()).encode(), 0)
    return handle


def date_back(folder: Path, now: float) -> int:
    """Date files of the future ``now``, seconds since 1970; return how many there were.

    Snakemake takes whatever is made from them for older than they are, and refuses it.
    """
    found = 0
    for path in folder.rglob("*"):
        if not path.is_dir() and path.lstat().st_mtime > now:
            with contextlib.suppress(OSError):  # another's, or read-only: Snakemake names it
                os.utime(path, (now, now), follow_symlinks=False)
                found += 1
    return found


def working_in(folder: Path) -> list[int]:
    """Numbers of the processes of this machine that are a Snakemake in ``folder``, but for us."""
    import psutil

    ours = {os.getpid(), *(process.pid for process in psutil.Process().parents())}
    return [
        process.pid
        for process in psutil.process_iter(["cmdline", "cwd"])
        if process.pid not in ours
        and process.info["cwd"] == str(folder)
        and _is_snakemake(process.info["cmdline"] or [])
    ]


def place(path: Path) -> Path:
    """The folder whose ``.snakemake`` holds ``path``."""
    return path.absolute().parents[1]


def taken(study: Path, process: int) -> UserError:
    return UserError(
        f"{study.absolute()}: expected this folder for one Snakemake only, found another one at "
        f"work in it (process {process}). Wait for it or stop it; finished work is kept either way."
    )


def _is_snakemake(command: Sequence[str]) -> bool:
    """Whether a command line is ``snakemake ...`` or ``python -m snakemake ...``."""
    head = [Path(word).name for word in command[:3]]
    return "snakemake" in head
