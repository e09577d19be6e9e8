"""What a reader does besides reading, as Python's own audit events tell it."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = ("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.chmod", "os.link", "os.symlink")
DEEDS = (  # of no reader
    *("os.system", "os.exec", "os.posix_spawn", "os.fork", "subprocess.Popen"),
    *("socket.connect", "socket.getaddrinfo", "pickle.find_class"),
)
SECONDS = 60  # after which a reader hangs

_watched: list[Path] = []  # the one folder in which files may change, while somebody watches
_seen: list[str] = []


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watched:
        return
    if event in DEEDS:
        _seen.append(f"{event} {arguments[:2]!r:.200}")
    writes = event == "open" and bool((arguments[2] or 0) & WRITING)
    if writes or event in CHANGES:
        paths = arguments[: 2 if event in {"os.rename", "os.link", "os.symlink"} else 1]
        _seen.extend(f"{event} {path}" for path in paths if _is_outside(path))


def _is_outside(path: object) -> bool:
    """Relative names are those of folders inside that are open, or of the current one."""
    if not isinstance(path, str | bytes | os.PathLike) or not Path(os.fsdecode(path)).is_absolute():
        return False
    real = Path(os.path.realpath(os.fsdecode(path)))
    return real != Path(os.devnull) and not real.is_relative_to(_watched[0])


sys.addaudithook(_hook)


@contextmanager
def harmless(folder: Path) -> Iterator[None]:
    """Fail if the block writes outside ``folder``, starts, calls or unpickles anything, or hangs.

    The current folder must lie in it.

    Raises:
        AssertionError: it does.
    """
    _seen.clear()
    before = signal.signal(signal.SIGALRM, _hangs)
    signal.alarm(SECONDS)
    _watched.append(folder.resolve())
    try:
        yield
    finally:
        _watched.clear()
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    assert not _seen, _seen


def _hangs(*_: object) -> None:
    raise AssertionError(f"it hangs: no answer within {SECONDS} seconds")
