"""A rise over ``epochs`` epochs, then half a cosine down to ``factor`` in the last (Loshchilov &
Hutter, 2017)."""

import math


def share(position: float, num_epochs: int, epochs: float, factor: float) -> float:
    if position < epochs:
        return position / epochs
    done = (position - epochs) / (num_epochs - epochs)
    return factor + (1 - factor) * (1 + math.cos(math.pi * done)) / 2
