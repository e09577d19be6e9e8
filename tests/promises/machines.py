"""Machines whose true speed is known: how their timings scatter, and the levels they come to.

The log of the rate of a process, of which the truth is 0, is the sum of

* what its sitting does to all work of its kind; between kinds it goes along by a correlation;
* what the sitting does to this point alone;
* what the process has of its own; points differ in how much that is.

On several threads, some processes run as a whole at SHARED of their speed: their threads share a
core, as less CPU time tells. Sizes between sittings are those of ``statistics/noise.csv``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from pandas import DataFrame

from rnnbench.timing.statistics import rates, sittings
from rnnbench.timing.statistics.sittings import Kind, Level

POINTS = {"loop": 3, "torch_nn": 7, "fused": 7}  # of the default study, on one and two threads
THREADS = (1, 2)
PROCESSES = 3
SCATTER = {  # of processes, a share; on one thread and on two
    **{("loop", 1): 0.015, ("torch_nn", 1): 0.02, ("fused", 1): 0.004},
    **{("loop", 2): 0.03, ("torch_nn", 2): 0.03, ("fused", 2): 0.01},
}
UNLIKE = 8  # degrees of freedom by which points differ in it
SHARED = 0.57
ADDRESS = ["machine", "implementation", "threads", "variant"]
KIND = ["implementation", "threads"]
Machine = list[Level]


@dataclass(frozen=True)
class Noise:
    """What sittings and processes do.

    Attributes:
        times: noise between sittings, over that which is known.
        spread: whether each machine has its own noise, about the known as that says of itself.
        along: correlation of what a sitting does to two kinds of work.
        sharing: share of processes on two threads whose threads share a core.
        number: ``best`` or ``typical``.
    """

    times: float = 1.0
    spread: bool = False
    along: float = 1.0
    sharing: float = 0.1
    number: str = rates.BEST


def kinds() -> dict[tuple[str, int], Kind]:
    """Implementation and threads -> kind of work."""
    return {(name, k): ("cpu", k > 1, name) for name in POINTS for k in THREADS}


def names() -> list[tuple[str, int]]:
    """Implementation and threads of each point of a machine."""
    return [key for key in kinds() for _ in range(POINTS[key[0]])]


def draw(noise: Noise, number: int, times: int, rng: np.random.Generator) -> list[Machine]:
    """Levels of machines that are equal in everything, each of so many sittings."""
    known = sittings.known(next(iter(kinds().values())), noise.number)
    size = noise.times * np.sqrt(_about(known.freedom, (number, 1), noise.spread, rng))
    shift = rng.standard_normal((number, times))
    drawn = [_kind(noise, *key, size, shift, rng) for key in kinds()]
    logs = dict(zip(kinds(), drawn, strict=True))
    return [_levels({key: own[k] for key, own in logs.items()}, noise.number) for k in range(number)]


def _kind(
    noise: Noise, implementation: str, threads: int, size: np.ndarray, shift: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Logs of processes that count, ``(machines, points, sittings, processes)``."""
    machines, times = shift.shape
    points = POINTS[implementation]
    known = sittings.known(kinds()[implementation, threads], noise.number)
    common, own = (size * np.sqrt(variance) for variance in (known.common, known.own))
    apart = rng.standard_normal((machines, times))
    moved = common * (np.sqrt(noise.along) * shift + np.sqrt(1 - noise.along) * apart)
    alone = own[..., None] * rng.standard_normal((machines, points, times))
    spread = SCATTER[implementation, threads] * np.sqrt(_about(UNLIKE, (machines, points), True, rng))
    shape = (machines, points, times, 2 * PROCESSES)
    logs = spread[..., None, None] * rng.standard_normal(shape)
    logs += (moved[:, None] + alone)[..., None]
    # one variant by torch.nn is timed twice
    twins = (np.arange(points) == 0) & (implementation == "torch_nn")
    logs[:, ~twins, :, PROCESSES:] = np.nan
    if threads > 1 and noise.number == rates.BEST:
        logs = _without_sharing(logs, noise.sharing, rng)
    return logs


def _about(freedom: float, shape: tuple[int, ...], drawn: bool, rng: np.random.Generator) -> np.ndarray:
    """Factors of a variance, scaled inverse chi-square; or 1."""
    return freedom / rng.chisquare(freedom, shape) if drawn else np.ones(shape)


def _without_sharing(logs: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Slow some processes down, and take away those of which :mod:`rates` sees it."""
    slow = rng.random(logs.shape) < share
    logs = logs + np.log(SHARED) * slow
    machine, point, *_ = (axis.ravel() for axis in np.indices(logs.shape))
    rows = DataFrame({"machine": machine, "point": point, rates.BEST: logs.ravel(), "seconds": 1.0})
    rows = rows.assign(threads=2, cpu_seconds=np.where(slow, 1.0, 1.95).ravel())
    seen = rates.sharing(rows[rows[rates.BEST].notna()], ["machine", "point"])
    return np.where(seen.reindex(rows.index, fill_value=False).to_numpy().reshape(logs.shape), np.nan, logs)


def _levels(logs: Mapping[tuple[str, int], np.ndarray], number: str) -> Machine:
    return [
        level
        for key, kind in kinds().items()
        for level in sittings.of_kind(logs[key], kind, sittings.known(kind, number))
    ]
