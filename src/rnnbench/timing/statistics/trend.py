"""Whether a series goes one way."""

import numpy as np
from numpy.typing import ArrayLike


def kendall(values: ArrayLike) -> int:
    """Pairs in which the later value is the larger one, less those in which it is the smaller."""
    inner = np.asarray(values, float)
    return int(np.triu(np.sign(inner[None, :] - inner[:, None]), 1).sum())
