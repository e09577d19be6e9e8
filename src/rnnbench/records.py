"""Files on disk: written whole or not at all, validated when read back."""

import json
import math
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rnnbench.errors import RecordError

SCHEMA_VERSION = 1


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; on success it takes that name.

    In this order: the block writes the temporary file, its bytes reach the disk (fsync), it is
    renamed over ``path``, the folder entry reaches the disk. A block that fails, or a process
    that dies at any point, leaves ``path`` as it was.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        _sync(temporary)
        temporary.replace(path)
        _sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


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
        RecordError: not JSON, not a row, or of another schema version.
    """
    try:
        row = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecordError(f"{path}: wanted a JSON record, found {error}. Make it again.") from None
    found = row.get("schema_version") if isinstance(row, dict) else None
    if found != SCHEMA_VERSION:
        raise RecordError(
            f"{path}: wanted a record of schema_version {SCHEMA_VERSION}, found {found}. "
            "Make it again, or read it with the release that wrote it."
        )
    return {key: _number(value) for key, value in row.items()}


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


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
