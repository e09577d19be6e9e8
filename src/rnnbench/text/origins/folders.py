"""Texts on this machine's disk: where they lie, looked up and verified."""

import logging
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

from rnnbench.base.errors import CorpusError
from rnnbench.base.files import digest_of

log = logging.getLogger(__name__)

CHANGED = "It changed while it was read: try again."


@dataclass(frozen=True)
class Folders:
    """Where texts lie on this machine."""

    corpora: Path | None  # the user's own folder, read first and never written to
    cache: Path  # verified downloads

    @classmethod
    def from_environment(cls) -> Self:
        """``RNNBENCH_CORPORA``, where set, and the user's cache folder."""
        import pooch

        corpora = os.environ.get("RNNBENCH_CORPORA")
        return cls(
            Path(corpora).expanduser() if corpora else None, Path(pooch.os_cache("rnnbench"))
        )


@dataclass(frozen=True)
class Raw:
    """A text as it is found, to be read from its start."""

    source: str  # where it came from, in words
    # open it; one, or the parts to train on, to validate and to hold out
    files: Sequence[Callable[[], BinaryIO]]
    # that its bytes must have, of all parts in this order, hexadecimal; None: any will do
    sha256: str | None = None
    advice: str = ""  # what to do where they have another
    # what takes off, block by block, what is no part of the text
    trim: Callable[[Iterable[bytes]], Iterable[bytes]] = iter


def find_file(sha256: str, file_name: str, folders: Folders) -> tuple[Path, str] | None:
    """Path of the file with the hash ``sha256``, and where it lies in words; None if nowhere.

    Raises:
        CorpusError: the folder of ``RNNBENCH_CORPORA`` has a file of this name, with another hash.
    """
    if folders.corpora is not None:
        path = folders.corpora / file_name
        if path.is_file():
            advice = "Replace or remove this file, or unset RNNBENCH_CORPORA."
            require_hash(digest_of(path), sha256, str(path), advice)
            return path, f"{file_name} in the folder of RNNBENCH_CORPORA"
        if not folders.corpora.is_dir():
            log.warning("RNNBENCH_CORPORA: there is no folder %s", folders.corpora)
    path = folders.cache / file_name
    if path.is_file():
        found = digest_of(path)
        if found == sha256:
            return path, f"{file_name} in the cache of earlier downloads"
        log.warning("%s is not used: expected SHA-256 %s, found %s", path, sha256, found)
    return None


def require_hash(found: str, expected: str, what: str, advice: str) -> None:
    """Compare two SHA-256 in hexadecimal digits.

    Raises:
        CorpusError: they differ; the message gives both.
    """
    if found != expected:
        raise CorpusError(f"{what}: expected SHA-256 {expected}, found {found}. {advice}")
