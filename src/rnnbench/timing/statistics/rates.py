"""Windows to rates: which windows count, and what they say of a point."""

from typing import Any

import numpy as np
from pandas import DataFrame, Series

from rnnbench.base.parameters import BATCH
from rnnbench.timing import workload
from rnnbench.timing.statistics import intervals, ratios

FEWEST_WINDOWS = 6  # of fewer, minimum, median and maximum are told and no interval
TYPICAL = ("initialisation_seconds", "first_step_seconds", "load_average")
SIZES = (*workload.MODEL, *BATCH)


def used(
    windows: DataFrame, fewest: int = FEWEST_WINDOWS, processes: int = intervals.FEWEST_PROCESSES
) -> DataFrame:
    """Return the counted windows of a point that others left alone.

    Where fewer than six, or those of fewer than three processes, would be left, all counted windows
    are used: an estimate from what happened to be calm would hide how it was come by. Probes, which
    have few windows, name smaller numbers.
    """
    counted = windows[windows.counted]
    calm = counted[~counted.disturbed]
    enough = len(calm) >= fewest and calm.process.nunique() >= processes
    return calm if enough else counted


def which(chosen: DataFrame) -> str:
    """Say in a word which windows those of :func:`used` are."""
    return "all" if chosen.disturbed.any() else "undisturbed"


def joules_per_million_tokens(windows: DataFrame) -> float:
    """Median over processes of energy over tokens; NaN where a window's energy is not known.

    A counter that moves seldom is read too early or too late in each window, and over a process
    these errors cancel.
    """
    totals = windows.groupby("process")[["energy_joules", "num_tokens"]].sum(min_count=1)
    known = bool(len(windows)) and windows.energy_joules.notna().all()
    return float(1e6 * (totals.energy_joules / totals.num_tokens).median()) if known else np.nan


def by_process(windows: DataFrame) -> dict[int, np.ndarray]:
    """Tokens per second of each window, by process."""
    rates = windows.num_tokens / windows.seconds
    return {number: group.to_numpy() for number, group in rates.groupby(windows.process)}


def estimate(windows: DataFrame) -> intervals.Interval:
    """Level and interval of a point."""
    return intervals.interval(by_process(used(windows)))


def summary(windows: DataFrame) -> dict[str, Any]:
    """Columns of a measured point."""
    counted, chosen = windows[windows.counted], used(windows)
    found, trend = estimate(windows), intervals.drift(by_process(chosen))
    rates = chosen.num_tokens / chosen.seconds
    return {
        "tokens_per_second": found.estimate,
        "low": found.low,
        "high": found.high,
        "n": found.n,
        "processes": found.processes,
        "sittings": windows.sitting.nunique(),
        "minimum": rates.min(),
        "maximum": rates.max(),
        "disturbed_share": counted.disturbed.mean(),
        "windows_used": which(chosen),
        "outside_load": counted.outside_load.mean(),
        "core_slowdown": counted.core_slowdown.mean(),
        "drift": trend.share,
        "drift_p": trend.p,
        "unsteady_processes": int((~counted.groupby("process").steady.first()).sum()),
        **{name: counted.groupby("process")[name].first().median() for name in TYPICAL},
        "peak_memory_bytes": counted.peak_memory_bytes.max(),
        "joules_per_million_tokens": joules_per_million_tokens(chosen),
        "energy_source": counted.energy_source.iloc[0],
        "numerics_id": " and ".join(sorted(counted.numerics_id.unique())),
        **{name: counted[name].iloc[0] for name in SIZES},
    }


def speedup(windows: DataFrame, baseline: DataFrame) -> dict[str, Any] | None:
    """Times the speed of ``baseline``, compared round by round, within one sitting.

    What the conditions of a round do to both is no difference. The interval is over rounds; of
    fewer than three there is none.
    """
    above, below = (_by_round(used(part)) for part in (windows, baseline))
    rounds = (above / below).dropna()
    if rounds.empty:
        return None
    single = {number: np.array([ratio]) for number, ratio in rounds.items()}
    found = intervals.interval(single)
    return {
        "ratio": found.estimate,
        "low": found.low,
        "high": found.high,
        "n": found.n,
        "minimum": rounds.min(),
        "maximum": rounds.max(),
    }


def _by_round(windows: DataFrame) -> Series:
    """Median tokens per second of each round of each sitting."""
    rates = windows.num_tokens / windows.seconds
    return rates.groupby([windows.sitting, windows["round"]]).median()


def noise(windows: DataFrame) -> dict[str, Any] | None:
    """Arm b over arm a of a point that was timed twice: 1, but for the noise of the machine."""
    arms = {arm: by_process(used(group)) for arm, group in windows.groupby("arm")}
    if set(arms) != {"a", "b"}:
        return None
    return vars(ratios.compare(arms["b"], arms["a"]))
