"""Main memory that a job may still take, and what asks for more is refused in words."""

import psutil

from rnnbench.base.errors import StudyError
from rnnbench.machine import control_group


def available_bytes() -> float:
    """Bytes that are free here, within the limits of the control group."""
    return min(psutil.virtual_memory().available, control_group.free_bytes())


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
            f"{what}: expected about {needed / 2**30:.1f} GiB of memory, found "
            f"{there / 2**30:.1f} GiB free. {advice}"
        )
