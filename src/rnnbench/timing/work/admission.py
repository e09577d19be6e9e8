"""What is timed at all: what can train here and computes what the cells' loops compute.

The function ``rows`` is called as those of the timed kinds of work are, in a process of its own,
once for each variant, implementation, device, type of number and sizes.
"""

from dataclasses import asdict
from typing import Any

import numpy as np

from rnnbench.base.parameters import TimingConfig


def rows(timing: TimingConfig, tokens: np.ndarray, vocab_size: int) -> list[dict[str, Any]]:
    """Return one row: ``status``, and in words the ``reason`` of one that is not timed."""
    from rnnbench.training.engines import agreement  # loads torch, which a campaign itself must not

    return [asdict(agreement.check(timing, tokens, vocab_size))]
