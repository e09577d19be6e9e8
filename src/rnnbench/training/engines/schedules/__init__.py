"""Schedules: what share of the learning rate a step takes, one file each.

The contract of a file is ``share(position, num_epochs, epochs, factor)``: a share of the rate, at
least 0. ``position`` is where in its run a step is, in epochs (0.5: halfway through the first),
``num_epochs`` how many the run has at most; ``epochs`` and ``factor`` are the settings
``schedule_epochs`` and ``schedule_factor``, to which each file gives its own meaning.
"""

import math
from collections.abc import Mapping
from typing import Any

from rnnbench.base import plugins
from rnnbench.base.parameters import DEFAULTS

LOW, GAIN = 0.1, 0.001


def run_out(run: Mapping[str, Any], nats: Mapping[int, float]) -> bool:
    """Whether a run is complete by its schedule.

    It has done all its epochs, the rate came down to a tenth or less of its whole, and the last
    tenth of the epochs, at least one, lowered the lowest loss by less than 0.1 %. Whether a longer
    schedule would have found a lower one is not asked.

    Args:
        run: parameters by name.
        nats: epoch -> loss over the validation part, finite.
    """
    run = {**DEFAULTS, **run}
    end = int(run["num_epochs"])
    share = plugins.load("schedules", run["schedule"]).share
    given = end, run["schedule_epochs"], run["schedule_factor"]
    if end not in nats or share(math.nextafter(end, 0), *given) > LOW:
        return False
    before = [loss for epoch, loss in nats.items() if epoch <= end - max(1, end // 10)]
    return bool(before) and min(nats.values()) > (1 - GAIN) * min(before)
