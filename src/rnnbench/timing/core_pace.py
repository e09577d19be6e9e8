"""How fast the cores are at this moment, told by a short piece of work that is always the same.

A guest of the same host on the other hardware thread of a core takes up to half of its speed, for
seconds or minutes, and is in no count of the system: no load, no stolen time. It does to a few
steps of a small recurrent layer what it does to the steps that are timed.
"""

import functools
import statistics
import time

import torch
from torch import Tensor

ROWS, UNITS, STEPS = 32, 64, 20
CALLS = 8  # of about 0.2 ms; their median does not feel a single interruption


@torch.no_grad()
def seconds() -> float:
    """Median time of the piece of work on the CPU, with the threads in force."""
    _work()  # what the caches held before is no pace
    found = []
    for _ in range(CALLS):
        began = time.perf_counter()
        _work()
        found.append(time.perf_counter() - began)
    return statistics.median(found)


def _work() -> None:
    hidden, weights, bias = _operands()
    for _ in range(STEPS):
        hidden = torch.tanh(torch.addmm(bias, hidden, weights))


@functools.cache
def _operands() -> tuple[Tensor, Tensor, Tensor]:
    """Hidden state, weights and bias; small enough that no number grows."""
    shapes = (ROWS, UNITS), (UNITS, UNITS), (UNITS,)
    first, second, third = (torch.full(s, 1 / UNITS, dtype=torch.float32) for s in shapes)
    return first, second, third
