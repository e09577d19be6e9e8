"""What is timed at all: a variant that can train here.

The function ``rows`` is called as those of the timed kinds of work are, in a process of its own,
once for each variant, device, type of number and sizes.
"""

from typing import Any

import numpy as np

from rnnbench import names
from rnnbench.jobs import TimingConfig
from rnnbench.study import NOT_AVAILABLE

ADMITTED = "available"


def rows(timing: TimingConfig, tokens: np.ndarray, vocab_size: int) -> list[dict[str, Any]]:
    """Return one row: ``status``, and in words the ``reason`` of one that is not timed."""
    variant = names.load("variants", timing.variant)
    ask = getattr(variant, "unavailable", lambda device, dtype: None)
    reason = ask(timing.device, timing.dtype)
    return [{"status": NOT_AVAILABLE if reason else ADMITTED, "reason": reason or ""}]
