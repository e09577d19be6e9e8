"""Kinds of tasks, one file each, whose base line is known exactly.

The contract of a file:

* ``NUM_INPUTS``, ``NUM_OUTPUTS``: numbers that a network reads and gives at each step,
* ``METRIC``: what is measured, in words; the lower, the better,
* ``baseline(length)``: what the metric of the best answer that heeds no input is expected to be,
* ``batch(length, batch_size, generator) -> Batch``: so many sequences of ``length``, drawn anew,
* ``loss(outputs, targets)``: what training lowers, and ``error(outputs, targets)``, the metric:
  of outputs ``(C, B, NUM_OUTPUTS)`` and targets ``(C, B)``, for each of them, ``(C, B)``,
* ``trained(length)``: the shortest and the longest of the lengths at which it is trained, each as
  often. What short sequences teach, long ones need: with them a network takes far fewer steps.
"""

from typing import NamedTuple

from torch import Tensor


class Batch(NamedTuple):
    """Sequences of S steps, and what is to be answered at the last C of them, which count."""

    inputs: Tensor  # (S, B, NUM_INPUTS)
    targets: Tensor  # (C, B)
