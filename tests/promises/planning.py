"""How many processes a difference needs to be found.

A difference of one piece of work among many equal ones is told, in the worst case, if its p-value
times their number is below ALPHA (Holm), and if it is outside the noise floor of both machines. How
often both are so is counted over simulated machines; no formula knows Welch's degrees of freedom,
the tails and the floor at once.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from rnnbench.timing.statistics import intervals
from rnnbench.timing.statistics.ratios import ALPHA

from . import noise_model, sittings
from .noise_model import Components
from .verdicts import Machine

DIFFERENCE = 0.03
POWER = 0.9
PLANNED = 0.92  # so that chance in the count is no reason to fall short
SITTINGS, SEED = 2000, 1
MOST_PROCESSES = 128
LONGER = 1.25  # windows are made a quarter longer than they must be


def power(
    noise: Components, processes: int, items: int, windows: int, difference: float = DIFFERENCE
) -> float:
    """How often a difference is told.

    Args:
        noise: of both machines.
        processes: per machine.
        items: pieces of work on which the two machines are compared.
        windows: per process.
        difference: of one of them, as a share.
    """
    rng, shape = np.random.default_rng(SEED), (SITTINGS, 3, processes, windows)
    above, below = (Machine.undisturbed(noise_model.draw(noise, shape, rng)) for _ in "ab")
    ratio, _, _, p = sittings.contrast(above.once + np.log1p(difference), below.once)[..., 0]
    floor = np.maximum(above.floors, below.floors)
    return float(np.mean((p * items < ALPHA) & (ratio > floor)))


def processes(
    noise: Components, items: int, windows: int, difference: float = DIFFERENCE
) -> int | None:
    """Fewest processes per machine that find a difference as often as PLANNED.

    None if MOST_PROCESSES do not: such a machine is to be made calmer, not timed for longer.
    """
    low, high = intervals.FEWEST_PROCESSES - 1, MOST_PROCESSES
    if power(noise, high, items, windows, difference) < PLANNED:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        enough = power(noise, middle, items, windows, difference) >= PLANNED
        low, high = (low, middle) if enough else (middle, high)
    return high


def affordable(speed: Mapping[str, Any], arms: int, start_seconds: float) -> int:
    """Processes per machine that a campaign has time for, if no point ends before it.

    Args:
        speed: the section of a study.
        arms: processes of one round.
        start_seconds: what a process takes before it warms up.
    """
    windows = speed["windows"] * LONGER * speed["window_seconds"]
    rounds = speed["most_seconds"] / (arms * (start_seconds + speed["warmup_seconds"] + windows))
    return max(speed["processes_min"], int(rounds))
