"""Seconds of training until a validation perplexity: epochs from curves, time from speed.

A run's curve tells after which epoch the validation part was at the target or below; the tokens
up to there, over the tokens per second that the campaign measured at the same sizes, are the
seconds. The interval is that of the speed. The validation part is read every few epochs, so the
target may have been reached any time after the epoch ``epochs_above``, the last that was above it.
Whatever computes a step, the curve is that of the model's run.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from pandas import DataFrame

from rnnbench.base.parameters import GRID, MEASURED, OPTIMISER, SIZES
from rnnbench.comparison.published.contract import missing
from rnnbench.comparison.published.machine import Machine
from rnnbench.tables import columns
from rnnbench.tables.targets import crossing

REACHED, NEVER, NO_RUN, NO_SPEED = "reached", "never reached", "no run", "no speed"
RUN_KEYS = list(GRID[1:])
SETTING = ("sampler", "clip_norm", "device", *SIZES)
SAME = (*SETTING, "corpus", "learning_rate")
SPEED = ["tokens_per_second", "seconds", "low", "high"]
POINT = (
    *("variant", "implementation", "device", "threads", "dtype", "sampler", "clip_norm"),
    *("hidden_size", "batch_size", "num_steps", "corpus"),
)
COLUMNS = [
    *("machine", *POINT, "seed", "target_perplexity", "epochs"),
    *("epochs_above", "tokens", *SPEED, "status", "run_status", "reason"),
]


def table(machines: Sequence[Machine], targets: Sequence[float]) -> DataFrame:
    """One row per machine, point, run of its model, and target."""
    rows = [
        row
        for machine in machines
        for point in machine.points.to_dict("records")
        for row in _rows(machine, point, targets)
    ]
    return DataFrame(rows, columns=COLUMNS)


def _rows(
    machine: Machine, point: dict[str, Any], targets: Sequence[float]
) -> Iterator[dict[str, Any]]:
    row = {name: point.get(name) for name in POINT} | {"machine": machine.label}
    if point["status"] != MEASURED:
        for target in targets:
            told = {"status": NO_SPEED, "reason": point["reason"]}
            yield row | told | {"target_perplexity": target}
        return
    variant = point["variant"]
    runs = _runs(machine, point, variant)
    for target in targets:
        asked = row | {"target_perplexity": target}
        if runs.empty:
            yield asked | {"status": NO_RUN, "reason": f"no run of {variant} at this setting"}
        for run in runs.to_dict("records"):
            yield asked | _reached(machine, point, run, target)


def _runs(machine: Machine, point: dict[str, Any], variant: str) -> DataFrame:
    """Runs of a variant at the setting of a point; of what the point does not tell, none is."""
    runs = columns.filled(machine.runs[machine.runs.variant == variant])
    runs = runs[(runs.optimiser == OPTIMISER) & (runs.dropout == 0)]  # other steps are not timed
    for name in SAME:
        known = name in runs and not missing(point.get(name))
        runs = runs[runs[name] == point[name]] if known else runs.iloc[:0]
    return runs


def _reached(
    machine: Machine, point: dict[str, Any], run: dict[str, Any], target: float
) -> dict[str, Any]:
    curves, named = machine.curves, {"seed": run["seed"], "run_status": run["status"]}
    if "validation_total_nats" not in curves:
        return named | {"status": NO_RUN, "reason": "its curve has no validation part"}
    own = curves[RUN_KEYS] == [run[key] for key in RUN_KEYS]
    found = crossing(curves[own.all(axis="columns")], target)
    told = found | named
    if "epochs" not in found:
        reason = f"above it after {found['epochs_above']:.0f} epochs; the run is {run['status']}"
        return told | {"status": NEVER, "reason": reason}
    seconds = {
        name: found["tokens"] / point[of]
        for name, of in (("seconds", "tokens_per_second"), ("low", "high"), ("high", "low"))
    }
    return told | seconds | {"status": REACHED, "tokens_per_second": point["tokens_per_second"]}
