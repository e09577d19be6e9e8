"""Training steps in as many one-thread processes as there are cores, side by side."""

from typing import Any

import numpy as np

from rnnbench.base.parameters import TimingConfig
from rnnbench.machine import identity
from rnnbench.timing.work import scaling


def rows(timing: TimingConfig, tokens: np.ndarray, vocab_size: int) -> list[dict[str, Any]]:
    """Return the counted windows of all of them; see
    :func:`rnnbench.timing.work.scaling.parallel_rows`.

    ``process`` counts them on over all rounds, of which ``timing.process`` is the number.
    """
    cores = identity.usable_cores()
    found = scaling.parallel_rows(timing, tokens, vocab_size, cores)
    return [row | {"process": row["process"] + cores * (timing.process - 1)} for row in found]
