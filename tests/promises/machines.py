"""Machines whose true speed is known: how their timings scatter, and the levels they come to.

The log of the rate of a process, of which the truth is 0, is the sum of

* what its sitting does to all work of its kind; between kinds it goes along by a correlation;
* what the sitting does to this point alone;
* what the process has of its own; points differ in how much that is.

On several threads, some processes run as a whole at .57 of their speed: their threads share a
core, as less CPU time tells. Sizes between sittings are those of ``statistics/noise.csv``, times
the scatter of processes.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from pandas import DataFrame

from rnnbench.timing.statistics import between, rates, sittings
from rnnbench.timing.statistics.between import Kind
from rnnbench.timing.statistics.estimates import Part
from rnnbench.timing.statistics.sittings import Level

POINTS = {"loop": 3, "torch_nn": 7, "fused": 7}  # of the default study, on one and two threads
THREADS = (1, 2)
PROCESSES = 3
SCATTER = {  # of processes, a share, on a calm machine; on one thread and on two
    **{("loop", 1): 0.015, ("torch_nn", 1): 0.02, ("fused", 1): 0.004},
    **{("loop", 2): 0.03, ("torch_nn", 2): 0.03, ("fused", 2): 0.01},
}
UNLIKE = 8  # degrees of freedom by which points differ in it
Machine = list[Level]


@dataclass(frozen=True)
class Noise:
    """What sittings and processes do.

    Attributes:
        times: noise between sittings, over that which is known.
        spread: whether each machine has its own noise, about the known as that says of itself.
        along: correlation of what a sitting does to two kinds of work.
        sharing: share of processes on two threads whose threads share a core.
    """

    times: float = 1.0
    spread: bool = False
    along: float = 1.0
    sharing: float = 0.1


def kinds() -> dict[tuple[str, int], Kind]:
    """Implementation and threads -> kind of work."""
    return {(name, k): ("cpu", k > 1, name) for name in POINTS for k in THREADS}


def names() -> list[tuple[str, int]]:
    """Implementation and threads of each point of a machine."""
    return [key for key in kinds() for _ in range(POINTS[key[0]])]


def draw(noise: Noise, number: int, times: int, rng: np.random.Generator) -> list[Machine]:
    """Levels of machines that are equal in everything, each of so many sittings."""
    known = between.known(next(iter(kinds().values())), rates.BEST)
    size = noise.times * np.sqrt(_about(known.freedom, (number, 1), noise.spread, rng))
    shift = rng.standard_normal((number, times))
    machines: list[Machine] = [[] for _ in range(number)]
    for key, kind in kinds().items():
        before = between.known(kind, rates.BEST)
        logs, slowed = _counted(_processes(noise, key, size, shift, rng), noise, key, rng)
        for k, machine in enumerate(machines):
            machine += sittings.of_kind(logs[k], slowed[k], kind, before)
    return machines


def twins(number: int, times: int, rng: np.random.Generator) -> Iterator[tuple[DataFrame, Part]]:
    """Of machines, the processes of the point that is timed twice, and the variance of one."""
    key = "torch_nn", 1
    kind, calm = kinds()[key], np.zeros(POINTS[key[0]], bool)
    shift = rng.standard_normal((number, times))
    for logs in _processes(Noise(), key, np.ones((number, 1)), shift, rng):
        variance = sittings.of_kind(logs, calm, kind, between.known(kind, rates.BEST))[0].process
        sitting, process = np.indices(logs[0].shape)
        rows = {"sitting": sitting.ravel(), rates.BEST: logs[0].ravel(), "counts": True}
        yield DataFrame({**rows, "arm": np.array(["a", "b"])[process.ravel() % 2]}), variance


def _processes(
    noise: Noise,
    key: tuple[str, int],
    size: np.ndarray,
    shift: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Logs of their rates, ``(machines, points, sittings, processes)``; NaN where there is none."""
    (machines, times), points = shift.shape, POINTS[key[0]]
    known = between.known(kinds()[key], rates.BEST)
    scatter = SCATTER[key]
    common, own = (size * scatter * np.sqrt(part) for part in (known.common, known.own))
    apart = rng.standard_normal((machines, times))
    moved = common * (np.sqrt(noise.along) * shift + np.sqrt(1 - noise.along) * apart)
    alone = own[..., None] * rng.standard_normal((machines, points, times))
    unlike = _about(UNLIKE, (machines, points), True, rng) * (1 - 2 / UNLIKE)  # of mean 1
    spread = scatter * np.sqrt(unlike)
    logs = rng.standard_normal((machines, points, times, 2 * PROCESSES))
    logs = (moved[:, None] + alone)[..., None] + spread[..., None, None] * logs
    twins = (np.arange(points) == 0) & (key[0] == "torch_nn")
    logs[:, ~twins, :, PROCESSES:] = np.nan
    return logs


def _about(
    freedom: float, shape: tuple[int, ...], spread: bool, rng: np.random.Generator
) -> np.ndarray:
    """Factors of a variance, scaled inverse chi-square; or 1."""
    return freedom / rng.chisquare(freedom, shape) if spread else np.ones(shape)


def _counted(
    logs: np.ndarray, noise: Noise, key: tuple[str, int], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Slow some processes down, and take away what :mod:`rates` sees of that.

    Returns:
        The logs that are left, and whether all processes of a point were slow, ``(machines,
        points)``.
    """
    if key[1] == 1:
        return logs, np.zeros(logs.shape[:2], bool)
    slow = rng.random(logs.shape) < noise.sharing
    logs = logs + np.log(rates.SHARED) * slow
    machine, point, *_ = (axis.ravel() for axis in np.indices(logs.shape))
    rows = DataFrame({"machine": machine, "point": point, rates.BEST: logs.ravel(), "seconds": 1.0})
    rows = rows.assign(threads=2, cpu_seconds=np.where(slow, 1.0, 1.9).ravel())
    rows = rows.assign(**dict.fromkeys([*{*rates.ALIKE} - {*rows}], 1)).dropna()
    rows = rates.with_modes(rows, ["machine", "point"])
    left = rows[rates.BEST].where(rows.counts).reindex(range(logs.size))
    slowed = rows.shared.groupby([rows.machine, rows.point]).all()
    return left.to_numpy().reshape(logs.shape), slowed.to_numpy().reshape(logs.shape[:2])
