"""The whole rate for ``epochs`` epochs, then times ``factor`` in each (Zaremba et al., 2014)."""

import math


def share(position: float, num_epochs: int, epochs: float, factor: float) -> float:
    return float(factor ** max(0.0, math.floor(position) + 1 - epochs))
