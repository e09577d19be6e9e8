"""Windows of timed work to one row per point: medians with intervals, and shares.

Every function takes the windows of one kind of work, warm-ups among them. Nothing here needs
torch.
"""

from typing import Any

import numpy as np
import pandas as pd
from pandas import DataFrame, Series

from rnnbench.base.parameters import MEASURED, SIZES, TIMED
from rnnbench.timing import workload
from rnnbench.timing.statistics import intervals, rates

POINT = list(TIMED)
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


def limit(windows: DataFrame) -> DataFrame:
    """One row per setting and probe: FLOPs or bytes per second.

    What the machine can do is what it did at its best: ``per_second`` is that of the fastest window
    that nothing disturbed. ``low`` and ``high`` are the extremes of the windows that were used. If
    all had to be (``windows_used``), the machine can do at least as much.
    """
    key = [*SETTING, "probe", *SHAPE, "unit"]
    first = [*key, "per_second", "low", "high", "n", "processes", "windows_used"]
    if windows.empty:
        return DataFrame(columns=first)
    size = windows.flops.fillna(windows.bytes)
    unit = np.where(windows.flops.isna(), "bytes", "flops")
    chosen = calm(windows.assign(rate=size / windows.seconds, unit=unit), key)
    return DataFrame([_key(key, of) | _best(group) for of, group in _groups(chosen, key)])[first]


def _best(chosen: DataFrame) -> dict[str, Any]:
    return {
        **{"per_second": chosen.rate.max(), "low": chosen.rate.min(), "high": chosen.rate.max()},
        **{"n": len(chosen), "processes": chosen.process.nunique()},
        "windows_used": chosen.windows_used.iloc[0],
    }


def inference(windows: DataFrame) -> DataFrame:
    """One row per point and mode: tokens per second, and seconds per character when writing.

    The latencies are medians over windows of the quantiles within a window.
    """
    first = [*POINT, "mode", "tokens_per_second", "low", "high", "n", "processes", *LATENCIES]
    if windows.empty:
        return DataFrame(columns=[*first, "status", "reason"])
    counted = calm(windows, [*POINT, "mode"]).assign(rate=lambda w: w.num_tokens / w.seconds)
    found = [
        _key([*POINT, "mode"], key)
        | _interval(group, "tokens_per_second")
        | {name: group[name].median() for name in LATENCIES}
        | {name: group[name].iloc[0] for name in [*rates.SIZES, "windows_used"]}
        | {"status": MEASURED, "reason": None}
        for key, group in _groups(counted, [*POINT, "mode"])
    ]
    return DataFrame(found)[[*first, *rates.SIZES, "windows_used", "status", "reason"]]


def breakdown(windows: DataFrame) -> DataFrame:
    """One row per point and part: its share of the time of a training step.

    The shares of a point sum to 1. Where operators took longer under the profiler than whole steps
    without it, the shares are of the operators' time. ``low`` and ``high`` are the extremes of
    single windows; ``slowdown`` is the time with the profiler over that without.
    """
    key = [*POINT, *SIZES, "part"]
    first = [*key, "share", "low", "high", "n", "seconds_per_token", "slowdown", "windows_used"]
    if windows.empty:
        return DataFrame(columns=[*first, "status", "reason"])
    counted = calm(windows, key)
    window = [*POINT, *SIZES, "process", "window"]
    told = counted.groupby(window, dropna=False).seconds.transform("sum")
    counted = counted.assign(told=told, share=counted.seconds / told)
    found = [
        _key(key, values)
        | {"share": group.seconds.sum() / group.told.sum()}
        | {"low": group.share.min(), "high": group.share.max(), "n": len(group)}
        | {"seconds_per_token": group.seconds.sum() / group.num_tokens.sum()}
        | {"slowdown": group.profiled_seconds.sum() / group.plain_seconds.sum()}
        | {"windows_used": group.windows_used.iloc[0]}
        | {"status": MEASURED, "reason": None}
        for values, group in _groups(counted, key)
    ]
    return DataFrame(found)[[*first, "status", "reason"]]


def launches(windows: DataFrame) -> DataFrame:
    """One row per point: what a training step hands to the device, and what bounds the step.

    ``device_busy_share`` is the device's time over the step's: on CUDA without the profiler, which
    slows the host and not the GPU; on the CPU, which it slows as a whole, with it. A step in which
    the device is busy for less than half of the time is ``launch-bound``, another
    ``compute-bound``. All is of the windows of :func:`breakdown`.
    """
    key = [*POINT, *SIZES]
    numbers = ["launches_per_step", "seconds_per_launch", "step_seconds", "device_seconds"]
    last = ["device_busy_share", "bound", "n", "windows_used", "status", "reason"]
    if windows.empty:
        return DataFrame(columns=[*key, *numbers, *last])
    counted = calm(windows.drop_duplicates([*key, "process", "window"]), key)
    rows = [_key(key, of) | _launches(group) for of, group in _groups(counted, key)]
    return DataFrame(rows)[[*key, *numbers, *last]]


def _launches(windows: DataFrame) -> dict[str, Any]:
    total = windows[["launches", "launch_seconds", "device_seconds", "num_minibatches"]].sum()
    steps, step = total.num_minibatches, windows.plain_seconds.sum() / total.num_minibatches
    profiled = windows.profiled_seconds.sum() / steps
    busy = total.device_seconds / steps / (step if windows.device.iloc[0] == "cuda" else profiled)
    return {
        "launches_per_step": total.launches / steps,
        "seconds_per_launch": total.launch_seconds / total.launches if total.launches else np.nan,
        "step_seconds": step,
        "device_seconds": total.device_seconds / steps,
        "device_busy_share": busy,
        "bound": "launch-bound" if busy < LAUNCH_BOUND else "compute-bound",
        "n": len(windows),
        "windows_used": windows.windows_used.iloc[0],
        "status": MEASURED,
        "reason": None,
    }


def scaling(windows: DataFrame) -> DataFrame:
    """One row per point, its sizes and the number of processes side by side.

    ``tokens_per_second`` is that of one process; all together have ``parallel`` times as much.
    ``model_memory_bytes`` is what the process held at most beyond what it held without a model.
    """
    key = [*POINT, *rates.SIZES, "parallel"]
    last = ["start_seconds", "peak_memory_bytes", "model_memory_bytes"]
    first = [*key, "tokens_per_second", "low", "high", "n", "processes", *last, "windows_used"]
    if windows.empty:
        return DataFrame(columns=[*first, "status", "reason"])
    counted = calm(windows, key).assign(rate=lambda w: w.num_tokens / w.seconds)
    counted["model_memory_bytes"] = counted.peak_memory_bytes - counted.base_memory_bytes
    found = [
        _key(key, values)
        | _interval(group, "tokens_per_second")
        | {name: group[name].median() for name in last}
        | {"windows_used": group.windows_used.iloc[0]}
        | {"status": MEASURED, "reason": None}
        for values, group in _groups(counted, key)
    ]
    return DataFrame(found)[[*first, "status", "reason"]]


def with_limit(speed: DataFrame, limit: DataFrame) -> DataFrame:
    """Put the work, the limits and the share reached beside each measured speed.

    A row gets a limit only if each product of its training step was timed at its very shape, on
    the same machine and device, with the same type of number. Of the numbers of threads that were
    tried, up to that of the row, the fastest counts for each product: who may use two threads can
    leave one idle.

    Args:
        speed: the table ``speed``, with the sizes of the architecture of each row.
        limit: the table ``limit``.
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


def _interval(group: DataFrame, name: str) -> dict[str, Any]:
    """Level of the column ``rate`` of windows, with its interval and n."""
    processes = {process: part.to_numpy() for process, part in group.groupby("process").rate}
    found = intervals.interval(processes)
    ends = {"low": found.low, "high": found.high, "n": found.n, "processes": found.processes}
    return {name: found.estimate} | ends


def _groups(table: DataFrame, columns: list[str]) -> Any:
    return table.groupby(columns, sort=False, dropna=False)


def _key(columns: list[str], values: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip(columns, values, strict=True))
