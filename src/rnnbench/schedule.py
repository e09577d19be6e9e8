"""When a cluster is done with jobs whose seconds are known: list scheduling (Graham, 1969).

Whenever a node has cores to spare, the longest job that fits goes there. A job that owns its
machine takes a node on which nothing runs. For independent jobs of one core the end is at most
4/3 of the best possible one (Graham, 1969): what is told is no promise of Slurm's, but near.
"""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Task:
    """A job to be placed.

    Attributes:
        name: of the job.
        seconds: that it takes, its start included.
        alone: whether it owns its node; else it takes one core.
    """

    name: str
    seconds: float
    alone: bool = False


@dataclass(frozen=True)
class Placed:
    """A task on a node, from ``start`` to ``end`` in seconds since the first."""

    task: Task
    node: int
    start: float
    end: float


def place(tasks: Iterable[Task], nodes: int, cores: int) -> list[Placed]:
    """Place tasks on ``nodes`` of ``cores`` each, in order of their starts."""
    free, now = [cores] * nodes, 0.0
    waiting = sorted(tasks, key=lambda task: -task.seconds)
    running: list[tuple[float, int, int]] = []  # end, node, cores given back
    placed: list[Placed] = []
    while waiting:
        left = []
        for task in waiting:
            wanted = cores if task.alone else 1
            node = max(range(nodes), key=free.__getitem__) if any(free) else 0
            if free[node] < wanted:
                left.append(task)
                continue
            free[node] -= wanted
            placed.append(Placed(task, node, now, now + task.seconds))
            heapq.heappush(running, (now + task.seconds, node, wanted))
        waiting = left
        now, node, given = heapq.heappop(running)
        free[node] += given
    return placed


def seconds(placed: Sequence[Placed]) -> float:
    """From the first start to the last end."""
    return max((one.end for one in placed), default=0.0)
