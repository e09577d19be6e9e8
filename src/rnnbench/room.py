"""Main memory that a job may still take, and what asks for more is refused in words."""

from pathlib import Path

import psutil

from rnnbench import machine
from rnnbench.errors import StudyError
from rnnbench.processor import read

LIMITS = {  # in the folder of control groups: what may be used, what is, and its statistics
    "memory.max": ("memory.current", "memory.stat"),
    "memory/memory.limit_in_bytes": ("memory/memory.usage_in_bytes", "memory/memory.stat"),
}


def available_bytes() -> int:
    """Bytes that are free here, within the limit of the control group (version 1 or 2)."""
    free = psutil.virtual_memory().available
    for limit, (used, stat) in LIMITS.items():
        most, now = (read(f"{machine.CONTROL_GROUP}/{name}") for name in (limit, used))
        if most.isdigit() and now.isdigit():
            free = min(free, int(most) - int(now) + _given_back(stat))
    return max(0, free)


def require(needed: float, what: str, advice: str) -> None:
    """Refuse what does not fit.

    Args:
        needed: bytes.
        what: takes them, in words.
        advice: what to do instead.

    Raises:
        StudyError: more is needed than there is.
    """
    there = available_bytes()
    if needed > there:
        raise StudyError(
            f"{what}: wanted about {needed / 2**30:.1f} GiB of memory, found "
            f"{there / 2**30:.1f} GiB free. {advice}"
        )


def _given_back(stat: str) -> int:
    """Bytes of files that the system keeps in memory until somebody wants it."""
    lines = (line.split() for line in read(str(Path(machine.CONTROL_GROUP) / stat)).splitlines())
    found = {line[0]: int(line[1]) for line in lines if len(line) == 2 and line[1].isdigit()}
    return found.get("total_inactive_file", found.get("inactive_file", 0))
