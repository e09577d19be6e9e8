"""Windows of timed work to one row per point: medians with intervals, and shares.

Every function takes the windows of one kind of work, warm-ups among them. Nothing here needs
torch.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from pandas import DataFrame, Series

from rnnbench.base.parameters import MEASURED
from rnnbench.tables import columns
from rnnbench.timing import workload
from rnnbench.timing.statistics import intervals, rates

PLACE = ["machine", "device", "dtype"]
SETTING = ["machine", "device", "threads", "dtype"]
SHAPE = ["rows", "inner", "columns"]
LATENCIES = ["latency_q05", "latency_q50", "latency_q95", "latency_q99"]
LAUNCH_BOUND = 0.5  # the device is busy for less than this share of a step
ITEMSIZE = {"float64": 8, "float32": 4, "tf32": 4, "bfloat16": 2}
LIMITED = "limit_windows_used"
LIMITS = [
    *("flops_per_token", "bytes_per_token", "flops_per_second", "limit_tokens_per_second"),
    *("share_of_limit", "roofline_tokens_per_second", "share_of_roofline"),
]
Told = Callable[[DataFrame], dict[str, Any]]  # windows of a point -> columns of its row


def calm(windows: DataFrame, key: list[str]) -> DataFrame:
    """Windows of each point that count, and in ``windows_used`` which these are.

    Those that others left alone, where there are two at least; else all: an estimate from what
    happened to be calm would hide how it was come by.
    """
    return pd.concat(_calm(part[part.counted]) for _, part in _groups(windows, key))


def _calm(counted: DataFrame) -> DataFrame:
    alone = counted[~counted.disturbed]
    chosen = alone if len(alone) >= 2 else counted
    return chosen.assign(windows_used="all" if chosen.disturbed.any() else "undisturbed")


def _table(name: str, windows: DataFrame, key: list[str], told: Told) -> DataFrame:
    """The table ``name``: a row per point, by its windows that count."""
    if windows.empty:
        return columns.table(name)
    rows = [
        dict(zip(key, values, strict=True))
        | told(group)
        | {"windows_used": group.windows_used.iloc[0], "status": MEASURED, "reason": None}
        for values, group in _groups(calm(windows, key), key)
    ]
    return columns.table(name, rows)[columns.COLUMNS[name]]


def limit(windows: DataFrame) -> DataFrame:
    """One row per setting and probe: FLOPs or bytes per second.

    What the machine can do is what it did at its best: ``per_second`` is that of the fastest window
    that nothing disturbed. ``low`` and ``high`` are the extremes of the windows that were used. If
    all had to be (``windows_used``), the machine can do at least as much.
    """
    if len(windows):
        unit = np.where(windows.flops.isna(), "bytes", "flops")
        work = windows.flops.fillna(windows.bytes)
        windows = windows.assign(rate=work / windows.seconds, unit=unit)
    key = [*SETTING, "probe", *SHAPE, "unit"]
    return _table("limit", windows, key, _limit)


def _limit(chosen: DataFrame) -> dict[str, Any]:
    return {
        **{"per_second": chosen.rate.max(), "low": chosen.rate.min(), "high": chosen.rate.max()},
        **{"n": len(chosen), "processes": chosen.process.nunique()},
    }


def inference(windows: DataFrame) -> DataFrame:
    """One row per point and mode: tokens per second, and seconds per character when writing.

    The latencies are medians over windows of the quantiles within a window.
    """
    return _table("inference", windows, [*columns.TIMING, "mode"], _inference)


def _inference(windows: DataFrame) -> dict[str, Any]:
    latencies = {name: windows[name].median() for name in LATENCIES}
    return _interval(windows) | latencies | windows.iloc[0][[*rates.SIZES]].to_dict()


def breakdown(windows: DataFrame) -> DataFrame:
    """One row per point and part: its share of the time of a training step.

    The shares of a point sum to 1. Where operators took longer under the profiler than whole steps
    without it, the shares are of the operators' time. ``low`` and ``high`` are the extremes of
    single windows; ``slowdown`` is the time with the profiler over that without.
    """
    if len(windows):
        window = windows.groupby([*columns.TIMING, "process", "window"], dropna=False)
        windows = windows.assign(told=window.seconds.transform("sum"))
    return _table("breakdown", windows, [*columns.TIMING, "part"], _breakdown)


def _breakdown(windows: DataFrame) -> dict[str, Any]:
    shares, total = windows.seconds / windows.told, windows.sum(numeric_only=True)
    return {
        **{"share": total.seconds / total.told, "low": shares.min(), "high": shares.max()},
        **{"n": len(windows), "seconds_per_token": total.seconds / total.num_tokens},
        "slowdown": total.profiled_seconds / total.plain_seconds,
    }


def launches(windows: DataFrame) -> DataFrame:
    """One row per point: what a training step hands to the device, and what bounds the step.

    ``device_busy_share`` is the device's time over the step's: on CUDA without the profiler, which
    slows the host and not the GPU; on the CPU, which it slows as a whole, with it. A step in which
    the device is busy for less than half of the time is ``launch-bound``, another
    ``compute-bound``. All is of the windows of :func:`breakdown`.
    """
    if len(windows):
        windows = windows.drop_duplicates([*columns.TIMING, "process", "window"])
    return _table("launches", windows, columns.TIMING, _launches)


def _launches(windows: DataFrame) -> dict[str, Any]:
    total = windows.sum(numeric_only=True)
    steps, step = total.num_minibatches, total.plain_seconds / total.num_minibatches
    profiled = total.profiled_seconds / steps
    busy = total.device_seconds / steps / (step if windows.device.iloc[0] == "cuda" else profiled)
    return {
        "launches_per_step": total.launches / steps,
        "seconds_per_launch": total.launch_seconds / total.launches if total.launches else np.nan,
        "step_seconds": step,
        "device_seconds": total.device_seconds / steps,
        "device_busy_share": busy,
        "bound": "launch-bound" if busy < LAUNCH_BOUND else "compute-bound",
        "n": len(windows),
    }


def scaling(windows: DataFrame) -> DataFrame:
    """One row per point, its sizes and the number of processes side by side.

    ``tokens_per_second`` is that of one process; all together have ``parallel`` times as much.
    ``model_memory_bytes`` is what the process held at most beyond what it held without a model.
    """
    return _table("scaling", windows, [*columns.POINT, *rates.SIZES, "parallel"], _scaling)


def _scaling(windows: DataFrame) -> dict[str, Any]:
    model = windows.peak_memory_bytes - windows.base_memory_bytes
    medians = windows[["start_seconds", "peak_memory_bytes"]].median()
    return _interval(windows) | medians.to_dict() | {"model_memory_bytes": model.median()}


def with_limit(speed: DataFrame, limit: DataFrame) -> DataFrame:
    """Put the work, the limits and the share reached beside each measured speed.

    A row gets a limit only if each product of its training step was timed at its very shape, on
    the same machine and device, with the same type of number. Of the numbers of threads that were
    tried, up to that of the row, the fastest counts for each product: who may use two threads can
    leave one idle.
    """
    probed = {key: group for key, group in _groups(limit, PLACE)} if len(limit) else {}
    rows = [_limits(row, probed.get(tuple(row[PLACE]))) for _, row in speed.iterrows()]
    found = DataFrame(rows, index=speed.index, columns=[*LIMITS, LIMITED])
    own = {name: found[name].astype(float) for name in LIMITS}
    return speed.assign(**own, **{LIMITED: found[LIMITED]})


def _limits(row: Series, probes: DataFrame | None) -> dict[str, Any]:
    """Columns LIMITS of one row of ``speed``; empty where something is not known."""
    if probes is None or any(pd.isna(row.get(name)) for name in rates.SIZES):
        return {}
    probes = probes[probes.threads <= row.threads]
    model = workload.Architecture.from_row(row)
    batch = int(row.batch_size), int(row.num_steps)
    token = workload.per_token(model, *batch, ITEMSIZE[row["dtype"]])
    timed = _fastest(probes[probes.unit == "flops"], SHAPE)
    products = list(workload.products(model, *batch))
    if any(p.shape not in timed for p in products):
        return {}
    of_a_step = sum(p.calls * p.flops / timed[p.shape].per_second for p in products)
    seconds = of_a_step / (batch[0] * batch[1])
    squares = probes.per_second[probes.probe == "square"].max()
    memory = probes.per_second[probes.unit == "bytes"].max()
    roofline = min(squares / token.product_flops, memory / token.bytes)
    return {
        "flops_per_token": token.product_flops,
        "bytes_per_token": token.bytes,
        "flops_per_second": row.tokens_per_second * token.product_flops,
        "limit_tokens_per_second": 1 / seconds,
        "share_of_limit": row.tokens_per_second * seconds,
        "roofline_tokens_per_second": roofline,
        "share_of_roofline": row.tokens_per_second / roofline,
        LIMITED: min((timed[p.shape].windows_used for p in products), key="all".__ne__),
    }


def _fastest(probes: DataFrame, columns: list[str]) -> dict[tuple[int, ...], Series]:
    """Row of the highest rate for each shape."""
    best = probes.loc[probes.groupby(columns).per_second.idxmax()]
    return {tuple(int(row[name]) for name in columns): row for _, row in best.iterrows()}


def _interval(windows: DataFrame) -> dict[str, Any]:
    """Tokens per second, with its interval and n."""
    rate = windows.num_tokens / windows.seconds
    processes = {process: part.to_numpy() for process, part in rate.groupby(windows.process)}
    found = intervals.interval(processes)
    ends = {"low": found.low, "high": found.high, "n": found.n, "processes": found.processes}
    return {"tokens_per_second": found.estimate} | ends


def _groups(table: DataFrame, columns: list[str]) -> Any:
    return table.groupby(columns, sort=False, dropna=False)
