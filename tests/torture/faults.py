"""Files as the kernel sees them written: each call of a writer, recorded, failed or died at.

strace does it, on Linux; elsewhere these tests are skipped with the reason.
"""

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import tiny

WRITERS = Path(__file__).with_name("writers.py")
NAMES = "openat,write,pwrite64,writev,ftruncate,fallocate,fsync,fdatasync,chmod,fchmod,fchmodat"
CALLS = f"{NAMES},rename,renameat,renameat2,mkdir,mkdirat,unlink,unlinkat"
KINDS = re.findall(r"^def (\w+)\(folder", WRITERS.read_text(), re.MULTILINE)
LINE = re.compile(r"^(?:\d+ +)?(\w+)\((.*)\) += (-?\d+|\?)(.*)$")
CHANGES = re.compile("O_CREAT|O_TRUNC|O_TMPFILE")
needs_strace = pytest.mark.skipif(not shutil.which("strace"), reason="needs the command strace")


@dataclass(frozen=True)
class Point:
    """The ``number``-th call of ``name`` in a writer's life."""

    name: str
    number: int
    text: str


def write(name: str, folder: Path, version: int, *strace: str) -> subprocess.CompletedProcess[str]:
    """Let a writer write one version of its files into ``folder``, under strace if it is asked."""
    watched = ["strace", "-f", "-qq", *strace, "--"] if strace else []
    line = [*watched, sys.executable, str(WRITERS), name, str(folder), str(version)]
    more = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"}
    env = tiny.environment(**more)
    return subprocess.run(line, env=env, capture_output=True, text=True, timeout=tiny.PATIENCE)


def points(name: str, folder: Path, log: Path) -> list[Point]:
    """Every call by which a writer changes something in ``folder``, over an older version there."""
    done = write(name, folder, 2, "-y", "-e", f"trace={CALLS}", "-o", str(log))
    assert done.returncode == 0, done.stderr
    count: dict[str, int] = {}
    found = []
    for line in log.read_text(errors="replace").splitlines():
        if (match := LINE.match(line)) is None:
            continue
        call, arguments = match[1], match[2]
        count[call] = count.get(call, 0) + 1
        reads = call == "openat" and not CHANGES.search(arguments)
        if str(folder) in arguments and not reads:
            found.append(Point(call, count[call], arguments[:160]))
    return found


def injected(name: str, folder: Path, point: Point, fault: str) -> subprocess.CompletedProcess[str]:
    """Write version 2, with a fault at one call: ``signal=KILL`` or ``error=ENOSPC``."""
    inject = f"inject={point.name}:{fault}:when={point.number}"
    return write(name, folder, 2, "-o", "/dev/null", "-e", f"trace={point.name}", "-e", inject)


def contents(folder: Path) -> dict[str, bytes]:
    """Name -> bytes of every file."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
