"""What a network costs beside others of as many hidden units, and of as many parameters.

Runs of several hidden sizes are read at one size: time, loss and hidden size lie on a line between
the two nearest runs, in the logarithms of parameters, seconds and hidden size, and in nats. FLOPs
are those of :mod:`rnnbench.timing.workload`. Times are of runs that shared the machine.
"""

from typing import Any

import numpy as np
from pandas import DataFrame

from rnnbench.base.parameters import CONVERGED, UNCONVERGED
from rnnbench.tables import columns
from rnnbench.text import metrics
from rnnbench.timing import workload

GATES = {"rnn": 1, "gru": 3, "lstm": 4}
SETTING = ["machine", "trial", "corpus", "device"]


def table(runs: DataFrame) -> DataFrame:
    """One row per variant and basis: ``hidden_size``, the largest that all have; ``parameters``.

    The parameters are the most that all variants reach; a trial whose variants have no such number
    in common, or one hidden size alone, has no rows for it.
    """
    rows = []
    for key, group in known(runs).groupby(SETTING, sort=False):
        setting = dict(zip(SETTING, key, strict=True))
        curves = {v: curve(group[group.variant == v]) for v in GATES if v in set(group.variant)}
        if min(map(len, curves.values())) > 1:
            rows += [setting | row for row in compared(curves, group.iloc[0])]
    return columns.table("equal_cost", rows)


def known(runs: DataFrame) -> DataFrame:
    """Runs that came to an end and whose work is known; claims tell those still improving."""
    if runs.empty or "num_parameters" not in runs:
        return DataFrame(columns=[*SETTING, "variant"])
    ended = runs.status.isin([CONVERGED, UNCONVERGED]) & (runs.train_seconds > 0)
    return runs[ended & runs.variant.isin(GATES) & runs.heldout_total_nats.notna()]


def curve(runs: DataFrame) -> DataFrame:
    """One row per hidden size: means over seeds of seconds, and of nats per token."""
    return DataFrame(
        {
            "hidden_size": hidden_size,
            "num_parameters": same.num_parameters.iloc[0],
            "seconds_per_epoch": (same.train_seconds / same.epochs_done).mean(),
            "nats": (same.total_nats / same.num_tokens).mean(),
            "heldout_nats": (same.heldout_total_nats / same.heldout_num_tokens).mean(),
            "seeds": same.seed.nunique(),
        }
        for hidden_size, same in runs.groupby("hidden_size")
    )


def compared(curves: dict[str, DataFrame], run: Any) -> list[dict[str, Any]]:
    """Rows of all variants at both bases; ``run`` says how it was trained."""
    ends = {
        axis: min(sizes[axis].max() for sizes in curves.values())
        for axis in ("hidden_size", "num_parameters")
    }
    bases = {"hidden_size": "hidden_size", "parameters": "num_parameters"}
    return [
        {"basis": basis, "variant": variant} | at(sizes, axis, ends[axis], GATES[variant], run)
        for basis, axis in bases.items()
        for variant, sizes in curves.items()
        if sizes[axis].min() <= ends[axis]
    ]


def at(sizes: DataFrame, axis: str, value: float, gates: int, run: Any) -> dict[str, Any]:
    """Read a curve where ``axis`` has ``value``."""
    place = np.log(value), np.log(sizes[axis].to_numpy(float))

    def between(name: str) -> float:
        return float(np.interp(*place, sizes[name].to_numpy(float)))

    def between_logs(name: str) -> float:
        return float(np.exp(np.interp(*place, np.log(sizes[name].to_numpy(float)))))

    hidden_size = round(between_logs("hidden_size"))
    model = workload.Architecture(gates, hidden_size, 1, 1, int(run.vocab_size), 0)
    flops = workload.per_token(model, int(run.batch_size), int(run.num_steps)).product_flops
    return {
        "hidden_size": hidden_size,
        "num_parameters": round(between_logs("num_parameters")),
        "product_flops_per_token": flops,
        "seconds_per_epoch": between_logs("seconds_per_epoch"),
        "perplexity": float(metrics.perplexity(between("nats"), 1.0)),
        "heldout_perplexity": float(metrics.perplexity(between("heldout_nats"), 1.0)),
        "seeds": int(sizes.seeds.min()),
    }
