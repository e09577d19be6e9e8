"""What Linux lets this process use of its machine: CPU time and memory of its control group.

A group and all those above it bind. Files of both versions of the kernel's interface are read; in
a container its own group is the root of what it sees.
"""

import math
from collections.abc import Iterator
from pathlib import Path

from rnnbench.machine.processor import UNKNOWN, read

MOUNTS = "/sys/fs/cgroup"
OWN = "/proc/self/cgroup"
NO_LIMIT = 2**60  # bytes; version 1 writes the most that its counter holds


def cpu_cores() -> float | None:
    """Cores' worth of CPU time, inf: all there is; None: no control group to be seen."""
    return min(filter(None, map(_cores, _groups("cpu"))), default=None)


def memory_bytes() -> float | None:
    """Bytes of memory, inf: all there is; None: no control group to be seen."""
    return min(filter(None, map(_bytes, _groups("memory"))), default=None)


def free_bytes() -> float:
    """Bytes that this process may still take; inf: no group to be seen that limits them."""
    found = (_free(group) for group in _groups("memory"))
    return min((free for free in found if free is not None), default=math.inf)


def _groups(controller: str) -> Iterator[Path]:
    """Folders of the groups that bind this process, as far as they are to be seen."""
    found = {"": "/", controller: "/"}
    rows = (line.split(":", 2) for line in read(OWN).splitlines() if line.count(":") > 1)
    for _, controllers, path in rows:
        found |= {name: path for name in found if name in controllers.split(",")}
    for name, path in found.items():
        for mount in (Path(MOUNTS, name), Path(MOUNTS, name or "unified")):
            own = mount / path.strip("/")
            yield from (own, *(group for group in own.parents if group.is_relative_to(mount)))


def _cores(group: Path) -> float | None:
    quota, _, period = read(group / "cpu.max").partition(" ")
    if not period:
        quota, period = (read(group / f"cpu.cfs_{name}_us") for name in ("quota", "period"))
    if quota in ("max", "-1"):
        return math.inf
    return int(quota) / int(period) if quota.isdigit() and period.isdigit() else None


def _bytes(group: Path) -> float | None:
    limit = read(group / "memory.max")
    limit = read(group / "memory.limit_in_bytes") if limit == UNKNOWN else limit
    if limit == "max" or (limit.isdigit() and int(limit) >= NO_LIMIT):
        return math.inf
    return int(limit) if limit.isdigit() else None


def _free(group: Path) -> float | None:
    """What a group leaves; files that the system keeps in memory are given back when expected."""
    limit, used = _bytes(group), read(group / "memory.current")
    used = read(group / "memory.usage_in_bytes") if used == UNKNOWN else used
    if limit is None or not used.isdigit():
        return None
    lines = (line.split() for line in read(group / "memory.stat").splitlines())
    kept = {line[0]: int(line[1]) for line in lines if len(line) == 2 and line[1].isdigit()}
    given_back = kept.get("total_inactive_file", kept.get("inactive_file", 0))
    return max(0, limit - int(used) + given_back)
