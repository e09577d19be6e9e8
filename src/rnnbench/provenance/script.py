"""How a workflow script runs: its words go to its log, a user's mistake to the terminal.

A script imports this module first: from then on a fault goes to its log too, as of an import.
"""

import getpass
import logging
import os
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from rnnbench.base import digests
from rnnbench.base.errors import UserError
from rnnbench.base.files import now
from rnnbench.base.parent import die_with_parent
from rnnbench.provenance import job_record
from rnnbench.training.arithmetic import determinism

BEGAN = now()  # before a script loads its libraries, most of the time of a small job
PARENT = "RNNBENCH_SNAKEMAKE"  # environment: the process whose jobs these are


def tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Say what ends this process; a job whose log is not begun yet says it there, too."""
    snakemake = getattr(sys.modules["__main__"], "snakemake", None)
    if snakemake is not None and not logging.root.handlers and issubclass(kind, Exception):
        with suppress(OSError), Path(snakemake.log[0]).open("a", encoding="utf-8") as log:
            traceback.print_exception(kind, error, trace, file=log)
    sys.__excepthook__(kind, error, trace)


sys.excepthook = tell


def plain_matplotlib() -> None:
    """Let no setting of the user's into matplotlib, which this process and its jobs will load.

    A backend that a notebook names cannot even be loaded elsewhere; no figure needs one.
    """
    os.environ.pop("MPLBACKEND", None)
    os.environ["MATPLOTLIBRC"] = os.devnull


def named_user() -> None:
    """Give a user who is in no list, as in a container, what Snakemake asks for: a name, a home."""
    try:
        getpass.getuser()
    except (KeyError, OSError):
        os.environ["LOGNAME"] = str(os.getuid())
        os.environ.setdefault("HOME", tempfile.gettempdir())


@contextmanager
def recorded(snakemake: Any, by_others: bool = False) -> Iterator[job_record.Job]:
    """Do the block as a job of the workflow: with its log, its determinism and its record.

    The script has imported what it works with; that must be the source that the job was given.

    Args:
        snakemake: what Snakemake gives a script; a parameter ``determinism`` is the mode to work
            in, ``fast`` where there is none.
        by_others: whether the work is done by processes that import its source in their turn; it
            must still be the same when they have ended.

    Raises:
        SourceError: the source is not what the job was given.
    """
    with logged(snakemake.log[0]):
        source = snakemake.params.get("source")
        digests.require(source)
        determinism.begin(snakemake.params.get("determinism", "fast"))
        with job_record.kept(snakemake, BEGAN) as job:
            yield job
            if by_others:
                digests.require(source)


@contextmanager
def logged(path: str) -> Iterator[None]:
    """Write all log messages of the block to the file at ``path``.

    A :class:`UserError` ends the process with its message alone; other faults keep their traceback.
    """
    end_with_snakemake()
    logging.basicConfig(
        filename=path, level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S"
    )
    logging.captureWarnings(True)
    try:
        yield
    except UserError as error:
        logging.error("%s", error)
        sys.exit(f"rnnbench: {error}")
    except Exception:
        logging.exception("failed")
        raise


def end_with_snakemake() -> None:
    """End this job when its Snakemake is gone: nobody writes into a folder that others took over.

    One that is gone already, while this job was loading its libraries, is seen by its number.
    """
    if PARENT in os.environ:
        die_with_parent()
        if int(os.environ[PARENT]) not in _ancestors():
            sys.exit("rnnbench: the Snakemake that started this job is gone. Nothing was written.")


def _ancestors() -> list[int]:
    import psutil

    return [process.pid for process in psutil.Process().parents()]
