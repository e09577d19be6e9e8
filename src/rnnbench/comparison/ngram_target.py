"""Seconds until training runs passed the best n-gram model, as the studies of bundles tell them.

A ratio is of runs that both machines made, of the same seeds and all else that decides a run. They
trained beside other jobs of their study, so each study counts as one sitting, with the known noise
between sittings in the interval, and there is no verdict: calm timings give those.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from pandas import DataFrame

from rnnbench.base.parameters import GRID, RunConfig
from rnnbench.comparison.published import contract
from rnnbench.comparison.published.machine import Machine
from rnnbench.tables import columns
from rnnbench.tables.targets import PASSED
from rnnbench.timing.statistics import between, intervals, rates, sittings

FILE = "tables/time_to_target.csv"
KEY = ("corpus", "variant", "target", "sampler", "clip_norm", "device")
SAME = (  # beside the key and the seed
    *(f.name for f in fields(RunConfig) if f.name not in ("machine", "trial", "seed", *KEY)),
    *("target_perplexity", "trained_by", "threads", "initial_weights_sha256"),
    *(f"{part}_tokens_sha256" for part in ("train", "validation", "heldout")),
)
COLUMNS = [
    *(*KEY, "machine", "baseline", "seconds", "n", "baseline_seconds", "baseline_n"),
    *("ratio", "low", "high", "reason"),
]
ALONE, LACKING = "only one machine is here", "no such run on the other machine"
NOT_COMPARED = "not compared: "
Run = dict[str, Any]
Runs = dict[str, Run]  # by seed


def table(machines: Sequence[Machine], baseline: Machine) -> DataFrame:
    """One row per machine that is not the baseline and text, model and target of either."""
    below = _runs(baseline)
    others = [machine for machine in machines if machine is not baseline]
    pairs = [(machine, _runs(machine), below) for machine in others] or [(baseline, below, {})]
    rows = [
        dict(zip(KEY, key, strict=True))
        | {"machine": machine.label, "baseline": baseline.label}
        | _told("", above.get(key, {}))
        | _told("baseline_", there.get(key, {}))
        | (_compared(above.get(key, {}), there.get(key, {})) if others else {"reason": ALONE})
        for machine, above, there in pairs
        for key in dict.fromkeys([*above, *there])
    ]
    return DataFrame(rows, columns=COLUMNS)


def _runs(machine: Machine) -> dict[tuple[str, ...], Runs]:
    """Runs by key; ``seconds`` is NaN for one that never passed, or whose time is not known."""
    whole = {_of(run, GRID[1:]): run for run in columns.filled(machine.runs).to_dict("records")}
    asked = [*GRID[1:], "target", "target_perplexity", "epochs", "train_seconds", "status"]
    found: dict[tuple[str, ...], Runs] = {}
    for row in machine.table(FILE, asked).to_dict("records"):
        known = row["status"] == PASSED and row["train_seconds"] > 0
        run = whole.get(_of(row, GRID[1:]), {}) | row
        run["seconds"] = row["train_seconds"] if known else math.nan
        found.setdefault(_of(row, KEY), {})[contract.told(row["seed"])] = run
    return found


def _of(row: Run, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(contract.told(row.get(name)) for name in names)


def _told(side: str, runs: Runs) -> Run:
    """Geometric mean of the seconds, and of how many seeds."""
    logs = [math.log(run["seconds"]) for run in runs.values() if run["seconds"] > 0]
    mean = math.exp(sum(logs) / len(logs)) if logs else None
    return {f"{side}seconds": mean, f"{side}n": len(logs)}


def _compared(above: Runs, below: Runs) -> Run:
    """Times as fast as the baseline, with a 95 % interval and what that says; or why not."""
    pairs = [(above[seed], below[seed]) for seed in sorted(above.keys() & below.keys())]
    whys = list(dict.fromkeys(_hindrances(pairs) if pairs else [LACKING]))
    if whys:
        return {"reason": NOT_COMPARED + "; ".join(whys)}
    logs = np.log([below["seconds"] / above["seconds"] for above, below in pairs])
    first = pairs[0][0]
    kind = (first["device"], contract.told(first["threads"]) != "1", first["trained_by"])
    known = between.known(kind, rates.TYPICAL)
    (level,) = sittings.of_kind(logs[None, None, :], np.zeros(1, bool), kind, known)
    low, high = level.estimate.interval()
    return {"ratio": level.estimate.factor, "low": low, "high": high, "reason": _path(pairs)}


def _hindrances(pairs: Sequence[tuple[Run, Run]]) -> Iterator[str]:
    for pair in pairs:
        above, below = (dict(zip(SAME, _of(run, SAME), strict=True)) for run in pair)
        if why := contract.refusal(above, below, names=SAME):
            yield why
    both = sum(math.isfinite(one["seconds"] * other["seconds"]) for one, other in pairs)
    if both < len(pairs):
        yield f"both passed in a known time with {both} of {len(pairs)} seeds"
    elif both < intervals.FEWEST_PROCESSES:
        yield f"an interval needs {intervals.FEWEST_PROCESSES} seeds of both, found {both}"


def _path(pairs: Sequence[tuple[Run, Run]]) -> str:
    """Whether the machines took the same steps to the target."""
    epochs = [" ".join(f"{run['epochs']:g}" for run in side) for side in zip(*pairs, strict=True)]
    if epochs[0] != epochs[1]:
        return f"the ratio is not of speed alone: {epochs[0]} epochs against {epochs[1]}"
    bits = all(_of(a, ["weights_sha256"]) == _of(b, ["weights_sha256"]) for a, b in pairs)
    how = "the same weights, bit for bit" if bits else "the same number of steps"
    return f"the ratio is that of training speed: {how}"
