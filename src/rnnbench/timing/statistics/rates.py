"""From the steps of processes to rates: at its best, and typical.

**At its best** is a process's rate by a low quantile of its step times, which neighbours that come
and go hardly change; one who stays is in it. **Typical** is tokens over time, all interruptions
included: what one gets.
"""

from typing import Any

import numpy as np
from pandas import DataFrame, Series

from rnnbench.base.parameters import BATCH
from rnnbench.timing import workload
from rnnbench.timing.statistics import estimates
from rnnbench.timing.statistics.estimates import Estimate

QUANTILE = 0.25  # of step times: chosen by measurement (docs/statistics.md)
BEST, TYPICAL = "best", "typical"
PRESENT = 0.75  # a process that had less of its cores than this share of the others' shared one
SLOWER = 0.9  # and then its best rate is below this share of theirs
HALF = 0.55  # of its cores: two threads on each
SHARED = 0.57  # of its speed is what such a process reaches: measured on two threads
STARTS = ("initialisation_seconds", "first_step_seconds", "load_average")
SIZES = (*workload.MODEL, *BATCH)
STEPS = "sample_microseconds"
ALIKE = ["machine", "device", "implementation", "dtype", "threads", *BATCH, "hidden_size"]


def with_rates(samples: DataFrame, point: list[str]) -> DataFrame:
    """Add what each process tells.

    Returns:
        The same with ``best`` and ``typical``, logs of tokens per second, and the columns of
        :func:`with_modes`.
    """
    if samples.empty or STEPS not in samples:
        nothing = {BEST: np.nan, TYPICAL: np.nan, "shared": False, "counts": False}
        return samples.assign(**nothing)
    steps = [seconds(text) for text in samples[STEPS]]
    best = samples.num_tokens / [np.quantile(own, QUANTILE) for own in steps]
    typical = samples.num_tokens / [own.mean() for own in steps]
    rated = samples.assign(**{BEST: np.log(best), TYPICAL: np.log(typical)})
    return with_modes(rated, point)


def seconds(text: str) -> np.ndarray:
    """Time of each sample of a process, ``(N,)``."""
    return 1e-6 * np.array(str(text).split(), float)


def with_modes(rated: DataFrame, point: list[str]) -> DataFrame:
    """Add ``shared``, whether threads of a process shared a core, and ``counts``.

    At its best counts no process that shared one; of a point all of whose processes did so, all do.
    """
    shared = sharing(rated, point)
    everywhere = shared.groupby([rated[name] for name in point]).transform("all")
    return rated.assign(shared=shared, counts=~shared | everywhere)


def sharing(samples: DataFrame, point: list[str]) -> Series:
    """Whether threads of a process shared a core: less CPU time than others, and slower.

    That is another mode and no scatter: such a process is at its best where it should not be. Where
    all processes of a point shared one, only other points of the kind tell: all of it had no more
    than half its cores, and others had more.
    """
    present = samples.cpu_seconds / samples.seconds
    groups = [samples[name] for name in point]
    most = present.groupby(groups).transform("max")
    fastest = samples[BEST].groupby(groups).transform("max")
    less = (present < PRESENT * most) & (samples[BEST] < fastest + np.log(SLOWER))
    elsewhere = present.groupby([samples[name] for name in ALIKE]).transform("max")
    all_less = (most < PRESENT * elsewhere) & (most < HALF * samples.threads)
    return (less | all_less) & (samples.threads > 1)


def counted(rated: DataFrame, number: str) -> DataFrame:
    """Rows of processes that count for a number."""
    return rated if number == TYPICAL else rated[rated.counts.astype(bool)]


def joules_per_million_tokens(samples: DataFrame) -> float:
    """Median over processes of energy over tokens; NaN where a process's energy is not known."""
    if not len(samples) or samples.energy_joules.isna().any():
        return np.nan
    tokens = samples.num_tokens * [len(str(text).split()) for text in samples[STEPS]]
    return float(1e6 * (samples.energy_joules / tokens).median())


def summary(rated: DataFrame, best: Estimate, typical: Estimate) -> dict[str, Any]:
    """Columns of a measured point."""
    (low, high), (typical_low, typical_high) = best.interval(), typical.interval()
    return {
        "tokens_per_second": best.factor,
        "low": low,
        "high": high,
        "typical_tokens_per_second": typical.factor,
        "typical_low": typical_low,
        "typical_high": typical_high,
        "processes": len(rated),
        "sittings": rated.sitting.nunique(),
        "steps": sum(len(str(text).split()) for text in rated[STEPS]),
        "processes_sharing_a_core": int(rated.shared.sum()),
        "outside_load": rated.outside_load.mean(),
        "unsteady_processes": int((~rated.steady.astype(bool)).sum()),
        **{name: rated[name].median() for name in STARTS},
        "peak_memory_bytes": rated.peak_memory_bytes.max(),
        "joules_per_million_tokens": joules_per_million_tokens(rated),
        "energy_source": rated.energy_source.iloc[0],
        "numerics_id": " and ".join(sorted(rated.numerics_id.unique())),
        **{name: rated[name].iloc[0] for name in SIZES},
    }


def speedup(rated: DataFrame, baseline: DataFrame) -> dict[str, Any] | None:
    """Times the speed of ``baseline`` at its best, compared round by round within a sitting.

    What the conditions of a round do to both is no difference. Rounds are what is independent; of
    fewer than two there is no interval.
    """
    above, below = (_by_round(part) for part in (rated, baseline))
    rounds = (above - below).dropna()
    if rounds.empty:
        return None
    several = len(rounds) > 1
    low, high = estimates.mean(rounds.to_numpy()).interval() if several else (np.nan, np.nan)
    return {
        **{"ratio": float(np.exp(rounds.mean())), "low": low, "high": high, "n": len(rounds)},
        **{"minimum": float(np.exp(rounds.min())), "maximum": float(np.exp(rounds.max()))},
    }


def _by_round(rated: DataFrame) -> Series:
    """Best rate of each round of each sitting, a log."""
    return rated[BEST].groupby([rated.sitting, rated["round"]]).mean()


def noise(rated: DataFrame, variance: estimates.Part) -> dict[str, Any] | None:
    """Arm b over arm a of a point that was timed twice: 1, but for what one process differs by.

    Args:
        rated: processes of the point.
        variance: of one process, with its degrees of freedom; both arms go by it.
    """
    arms = {arm: own[BEST] for arm, own in counted(rated, BEST).groupby("arm")}
    if set(arms) != {"a", "b"}:
        return None
    size = sum(1 / len(own) for own in arms.values())
    part = variance[0] * size, variance[1]
    found = Estimate(float(arms["b"].mean() - arms["a"].mean()), (part,))
    low, high = found.interval()
    return {
        **{"ratio": found.factor, "low": low, "high": high, "holds_1": low <= 1 <= high},
        "processes": sum(map(len, arms.values())),
        "sittings": rated.sitting.nunique(),
    }
