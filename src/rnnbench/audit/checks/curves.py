"""The totals of a run and its status agree with its curve.

Of a run of a release that knew no patience its totals alone: it ended, and read the held-out text,
by another rule.
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from pandas import DataFrame

from rnnbench.audit.checks import Checked
from rnnbench.audit.tree import Tree
from rnnbench.base import csv_files
from rnnbench.base.errors import UserError
from rnnbench.base.parameters import CONVERGED, DIVERGED, UNCONVERGED
from rnnbench.training.engines import schedules

RECENT_EPOCHS, SETTLED = 20, 10  # as rnnbench.training.selection has them, which imports torch


def check(tree: Tree) -> Iterator[Checked]:
    """Derive what a record says of its epochs once more."""
    for name in tree.run_names:
        curve, record = tree.path(name).with_name("curve.csv"), tree.record(name)
        if record and curve.is_file():
            yield Checked(name, _fault(record, curve))


def _fault(record: dict[str, Any], curve: Any) -> str:
    try:
        table = csv_files.read(curve)
        found = totals(table)
        if "patience" in record:
            found |= readings(table)
            found["status"] = status(table, record)
    except (UserError, TypeError, AttributeError, KeyError, IndexError) as error:
        return f"expected a curve beside it, found {type(error).__name__}"
    wrong = [
        f"{key}: the record says {record.get(key)}, the curve {value}"
        for key, value in found.items()
        if not _same(record.get(key), value)
    ]
    return "; ".join(wrong)


def status(curve: DataFrame, record: dict[str, Any]) -> str:
    """How a run ended, by the rule of rnnbench.training.selection, which would import torch."""
    nats = (curve.total_nats / curve.num_tokens).to_numpy(float)
    last, recent = curve.iloc[-1], nats[-RECENT_EPOCHS:]
    lost = not np.isfinite([last.total_nats, last.grad_norm_max]).all()
    if lost or not np.median(recent) <= math.log(record["vocab_size"]):
        return DIVERGED
    read, best = curve[curve.validation_total_nats.notna()], chosen(curve)
    behind = int((read.epoch > best["best_epoch"]).sum()) if best else len(read)
    needed = record["patience"] if math.isfinite(record["patience"]) else SETTLED
    finite = read[np.isfinite(read.validation_total_nats.astype(float))]
    losses = dict(zip(finite.epoch, finite.validation_total_nats, strict=True))
    complete = behind >= needed or schedules.run_out(record, losses)
    return CONVERGED if complete else UNCONVERGED


def chosen(curve: DataFrame) -> dict[str, Any]:
    """The best evaluation of the validation part; nothing where none is finite."""
    read = curve[np.isfinite(curve.validation_total_nats.astype(float))]
    if read.empty:
        return {}
    row = read.loc[read.validation_total_nats.idxmin()]
    names = ("validation_total_nats", "validation_num_tokens", "heldout_total_nats")
    totals = {name: row[name] for name in names}
    return {"best_epoch": row.epoch, **totals}


def readings(curve: DataFrame) -> dict[str, Any]:
    """What a record takes from the readings of the validation part and of the held-out text."""
    last = curve.iloc[-1]
    return chosen(curve) | {
        "last_heldout_total_nats": last.heldout_total_nats,
        "heldout_num_tokens": last.heldout_num_tokens,
    }


def totals(curve: DataFrame) -> dict[str, Any]:
    """What a record takes from the training on its curve."""
    last = curve.iloc[-1]
    nats = (curve.total_nats / curve.num_tokens).to_numpy()
    return {
        "epochs_done": len(curve),
        "total_nats": last.total_nats,
        "num_tokens": last.num_tokens,
        "recent_nats_per_token": np.median(nats[-RECENT_EPOCHS:]),
        "max_grad_norm": curve.grad_norm_max.max(skipna=False),
        "clipped_share": curve.clipped_share.mean(),
    }


def _same(recorded: Any, found: Any) -> bool:
    if isinstance(found, str):
        return bool(recorded == found)
    return isinstance(recorded, int | float) and bool(
        np.isclose(recorded, found, rtol=1e-12, atol=0, equal_nan=True)
    )
