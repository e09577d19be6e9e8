"""Files on disk: written whole or not at all, validated when read back."""

import errno
import hashlib
import json
import logging
import math
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from rnnbench.base.errors import CorpusError, RecordError, StorageError

SCHEMA_VERSION = 1
PART = ".part"  # in the name of what is not yet whole
OF_THE_DISK = {  # faults of the place of a file, which its user can mend
    *(errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EACCES, errno.EPERM),
    *(errno.EFBIG, errno.ENAMETOOLONG, errno.ENOTDIR, errno.EEXIST, errno.ELOOP),
}
UNKNOWN_TO_SOME = {errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EPERM}  # as CIFS and FUSE say
WRITE, READ = "write", "read"
MEND = {
    WRITE: "Make room or give the right to write, and repeat the command; what was there before is "
    "whole.",
    READ: "Give the right to read, or remove it to have it made again on a sound disk, and repeat "
    "the command.",
}

log = logging.getLogger(__name__)


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; on success it takes that name.

    In this order: the block writes the temporary file, its bytes reach the disk (fsync), it is
    renamed over ``path``, the folder entry reaches the disk. A block that fails, or a process
    that dies at any point, leaves ``path`` as it was.

    Raises:
        StorageError: the disk is full, broken or not ours to write to; the message names ``path``.
    """
    path = Path(path)
    with naming(path):
        temporary = _beside(path)
        try:
            yield temporary
            with _where_known():
                temporary.chmod(0o666 & ~_umask())
            _sync(temporary)
            temporary.replace(path)
            with _where_known():
                _sync(path.parent)
        finally:
            with suppress(OSError):  # what cannot be removed must not hide why
                temporary.unlink(missing_ok=True)


@contextmanager
def naming(path: str | Path, expected: str = WRITE) -> Iterator[None]:
    """Give a fault of the disk the name of the file that was to be written, or read.

    Args:
        expected: WRITE or READ.

    Raises:
        StorageError: the disk is full, broken or not ours to use.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in OF_THE_DISK:
            raise
        raise StorageError(
            f"{path}: expected to {expected} this file, found: {error.strerror}. {MEND[expected]}"
        ) from error


def sweep(folder: str | Path) -> None:
    """Remove what killed processes left half-made below ``folder``; none may be at work there."""
    for left in [*Path(folder).rglob(f".*{PART}"), *Path(folder).rglob(f".*{PART}.*")]:
        log.info("half-made, removed: %s", left)
        shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink(
            missing_ok=True
        )


def write_text(path: str | Path, text: str) -> None:
    """Write ``text`` as UTF-8 with Unix line ends."""
    with replacing(path) as temporary:
        temporary.write_bytes(text.encode("utf-8"))


def write_record(path: str | Path, record: dict[str, Any]) -> None:
    """Write one flat JSON row stamped with the schema version; infinities become ``"inf"``."""
    row = {"schema_version": SCHEMA_VERSION} | {key: _plain(value) for key, value in record.items()}
    write_text(path, json.dumps(row, indent=1, allow_nan=False) + "\n")


def read_record(path: str | Path) -> dict[str, Any]:
    """Read a row written by :func:`write_record`.

    Raises:
        RecordError: not a file, not JSON, not a row, or of another schema version.
    """
    path = Path(path)
    try:
        if path.exists() and not path.is_file():
            raise ValueError("no plain file")  # a pipe would be waited for, a device never ends
        row = read_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecordError(
            f"{path}: expected a JSON record, found {error}. Make it again."
        ) from None
    found = row.get("schema_version") if isinstance(row, dict) else None
    if found != SCHEMA_VERSION:
        raise RecordError(
            f"{path}: expected a record of schema_version {SCHEMA_VERSION}, found {found}. "
            "Make it again, or read it with the release that wrote it."
        )
    return {key: _number(value) for key, value in row.items()}


def read_json(text: str) -> Any:
    """Read JSON as the standard has it: each key once, finite numbers, no endless nesting.

    Raises:
        ValueError: something else.
    """
    try:
        return json.loads(
            text, parse_constant=_refused, parse_float=_finite, object_pairs_hook=_once
        )
    except RecursionError:
        raise ValueError("brackets in brackets without end") from None


def _refused(constant: str) -> NoReturn:
    raise ValueError(f"{constant}, which JSON does not know")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        _refused(digits[:20])
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        raise ValueError("a key twice")
    return row


def _beside(path: Path) -> Path:
    """Make an empty file with a name of its own in the folder of ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    prefix, suffix = f".{path.name}.", f"{PART}{path.suffix}"
    handle, name = tempfile.mkstemp(suffix, prefix, path.parent)
    os.close(handle)
    return Path(name)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@contextmanager
def _where_known() -> Iterator[None]:
    """Go without what some file systems do not know: modes, and folders that can be synced."""
    try:
        yield
    except OSError as error:
        if error.errno not in UNKNOWN_TO_SOME:
            raise


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _plain(value: Any) -> Any:
    """JSON has no infinity and no NaN; both are legitimate results of a diverged run."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, str) and value in {"inf", "-inf", "nan"} else value


def digest_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits.

    Raises:
        CorpusError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise CorpusError(f"{path}: cannot be read ({error.strerror}). Make it readable.") from None


def now() -> str:
    """This moment, UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
