"""Parts of a training step, and how a step shows a profiler which of them it is in.

Where no profiler runs, a scope is a look at a flag: 0.2 µs measured, where ``record_function``
takes 6 µs. A step opens a dozen at most, which is below 1 % of the shortest one.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from torch.autograd import profiler

PREFIX = "rnnbench:"
MINIBATCH, INPUT, RECURRENCE, WHOLE, OUTPUT, LOSS, UPDATE = (
    *("minibatch", "input projection", "recurrence", "layer in one operator"),
    *("output layer", "loss", "update"),
)
UNMARKED = "not told apart"  # operators that ran where no scope says what they are for
GRAPH = "recorded graph"  # kernels that the GPU runs from a record, by no operator of the host
OVERHEAD = "overhead"
PARTS = (MINIBATCH, INPUT, RECURRENCE, WHOLE, OUTPUT, LOSS, UPDATE, UNMARKED, GRAPH, OVERHEAD)

NOTHING = nullcontext()


def scope(part: str) -> AbstractContextManager[Any]:
    """Show a profiler, if one runs, that what follows is of ``part``; the innermost scope counts.

    An operator of the backward pass is of the part of the operator that it differentiates.
    """
    running = profiler._is_profiler_enabled
    return profiler.record_function(PREFIX + part) if running else NOTHING
