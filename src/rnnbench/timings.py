"""Windows of timed work to one row per point: medians with intervals, and shares.

Every function takes the windows of one kind of work, warm-ups among them. Nothing here needs
torch.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from pandas import DataFrame, Series

from rnnbench import stats, work

POINT = ["machine", "variant", "sampler", "clip_norm", "device", "threads", "dtype"]
SETTING = ["machine", "device", "threads", "dtype"]
SHAPE = ["rows", "inner", "columns"]
MODEL = ["gates", "hidden_size", "num_layers", "directions", "vocab_size"]
BATCH = ["batch_size", "num_steps"]
LATENCIES = ["latency_q05", "latency_q50", "latency_q95", "latency_q99"]
ITEMSIZE = {"float64": 8, "float32": 4, "tf32": 4, "bfloat16": 2}
LIMITS = [
    *("flops_per_token", "bytes_per_token", "flops_per_second", "limit_tokens_per_second"),
    *("share_of_limit", "roofline_tokens_per_second", "share_of_roofline"),
]


def limit(windows: DataFrame) -> DataFrame:
    """One row per setting and probe: FLOPs or bytes per second."""
    first = [*SETTING, "probe", *SHAPE, "unit", "per_second", "low", "high", "n", "processes"]
    if windows.empty:
        return DataFrame(columns=first)
    counted = windows[windows.counted]
    size = counted.flops.fillna(counted.bytes)
    counted = counted.assign(
        rate=size / counted.seconds, unit=np.where(counted.flops.isna(), "bytes", "flops")
    )
    found = [
        _key([*SETTING, "probe", *SHAPE, "unit"], key) | _interval(group, "per_second")
        for key, group in _groups(counted, [*SETTING, "probe", *SHAPE, "unit"])
    ]
    return DataFrame(found)[first]


def inference(windows: DataFrame) -> DataFrame:
    """One row per point and mode: tokens per second, and seconds per character when writing.

    The latencies are medians over windows of the quantiles within a window.
    """
    first = [*POINT, "mode", "tokens_per_second", "low", "high", "n", "processes", *LATENCIES]
    if windows.empty:
        return DataFrame(columns=[*first, "status", "reason"])
    counted = windows[windows.counted].assign(rate=lambda w: w.num_tokens / w.seconds)
    found = [
        _key([*POINT, "mode"], key)
        | _interval(group, "tokens_per_second")
        | {name: group[name].median() for name in LATENCIES}
        | {name: group[name].iloc[0] for name in [*MODEL, *BATCH]}
        | {"status": "measured", "reason": None}
        for key, group in _groups(counted, [*POINT, "mode"])
    ]
    return DataFrame(found)[[*first, *MODEL, *BATCH, "status", "reason"]]


def breakdown(windows: DataFrame) -> DataFrame:
    """One row per point and part: its share of the time of a training step.

    The shares of a point sum to 1. Where operators took longer under the profiler than whole steps
    without it, the shares are of the operators' time. ``low`` and ``high`` are the extremes of
    single windows; ``slowdown`` is the time with the profiler over that without.
    """
    first = [*POINT, "part", "share", "low", "high", "n", "seconds_per_token", "slowdown"]
    if windows.empty:
        return DataFrame(columns=[*first, "status", "reason"])
    counted = windows[windows.counted]
    told = counted.groupby([*POINT, "process", "window"], dropna=False).seconds.transform("sum")
    counted = counted.assign(told=told, share=counted.seconds / told)
    found = [
        _key([*POINT, "part"], key)
        | {"share": group.seconds.sum() / group.told.sum()}
        | {"low": group.share.min(), "high": group.share.max(), "n": len(group)}
        | {"seconds_per_token": group.seconds.sum() / group.num_tokens.sum()}
        | {"slowdown": group.profiled_seconds.sum() / group.plain_seconds.sum()}
        | {"status": "measured", "reason": None}
        for key, group in _groups(counted, [*POINT, "part"])
    ]
    return DataFrame(found)[[*first, "status", "reason"]]


def scaling(windows: DataFrame) -> DataFrame:
    """One row per point, its sizes and the number of processes side by side.

    ``tokens_per_second`` is that of one process; all together have ``parallel`` times as much.
    ``model_memory_bytes`` is what the process held at most beyond what it held without a model.
    """
    key = [*POINT, *MODEL, *BATCH, "parallel"]
    last = ["start_seconds", "peak_memory_bytes", "model_memory_bytes"]
    first = [*key, "tokens_per_second", "low", "high", "n", "processes", *last]
    if windows.empty:
        return DataFrame(columns=[*first, "status", "reason"])
    counted = windows[windows.counted].assign(rate=lambda w: w.num_tokens / w.seconds)
    counted["model_memory_bytes"] = counted.peak_memory_bytes - counted.base_memory_bytes
    found = [
        _key(key, values)
        | _interval(group, "tokens_per_second")
        | {name: group[name].median() for name in last}
        | {"status": "measured", "reason": None}
        for values, group in _groups(counted, key)
    ]
    return DataFrame(found)[[*first, "status", "reason"]]


def with_limit(speed: DataFrame, limit: DataFrame) -> DataFrame:
    """Put the work, the limits and the share reached beside each measured speed.

    A row gets a limit only if each product of its training step was timed at its very shape, on
    the same machine and device, with as many threads and the same type of number.

    Args:
        speed: the table ``speed``, with the sizes of the architecture of each row.
        limit: the table ``limit``.
    """
    rates = {key: group for key, group in _groups(limit, SETTING)} if len(limit) else {}
    rows = [_limits(row, rates.get(tuple(row[SETTING]))) for _, row in speed.iterrows()]
    found = DataFrame(rows, index=speed.index, columns=LIMITS).astype(float)
    own = {name: found[name] for name in LIMITS}
    return speed.assign(**own)


def _limits(row: Series, probes: DataFrame | None) -> dict[str, float]:
    """Columns LIMITS of one row of ``speed``; empty where something is not known."""
    if probes is None or any(pd.isna(row.get(name)) for name in [*MODEL, *BATCH]):
        return {}
    model = work.Architecture.from_row(row)
    batch = int(row.batch_size), int(row.num_steps)
    token = work.per_token(model, *batch, ITEMSIZE[row["dtype"]])
    seconds = _product_seconds(work.products(model, *batch), probes) / (batch[0] * batch[1])
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
    }


def _product_seconds(products: Sequence[work.Product], probes: DataFrame) -> float:
    """Seconds of all products of a training step; NaN if one was not timed at its shape."""
    timed = probes[probes.unit == "flops"].groupby(SHAPE).per_second.max()
    rates = {tuple(map(int, shape)): rate for shape, rate in timed.items()}
    return sum(p.calls * p.flops / rates.get(p.shape, np.nan) for p in products)


def _interval(group: DataFrame, name: str) -> dict[str, Any]:
    """Level of the column ``rate`` of windows, with its interval and n."""
    processes = {process: part.to_numpy() for process, part in group.groupby("process").rate}
    found = stats.interval(processes)
    ends = {"low": found.low, "high": found.high, "n": found.n, "processes": found.processes}
    return {name: found.estimate} | ends


def _groups(table: DataFrame, columns: list[str]):
    return table.groupby(columns, sort=False, dropna=False)


def _key(columns: list[str], values: tuple) -> dict[str, Any]:
    return dict(zip(columns, values, strict=True))
