"""The totals of a run, and how it ended, are those of its curve."""

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

RECENT_EPOCHS = 20  # as rnnbench.training.run_record has it, which would import torch


def check(tree: Tree) -> Iterator[Checked]:
    """Derive what a record says of its epochs once more."""
    for name in tree.run_names:
        curve, record = tree.path(name).with_name("curve.csv"), tree.record(name)
        if record and curve.is_file():
            yield Checked(name, _fault(record, curve))


def _fault(record: dict[str, Any], curve: Any) -> str:
    try:
        table = csv_files.read(curve)
        found = totals(table) | {"status": status(table, record["vocab_size"])}
    except (UserError, TypeError, AttributeError, KeyError, IndexError) as error:
        return f"expected a curve beside it, found {type(error).__name__}"
    wrong = [
        f"{key}: the record says {record.get(key)}, the curve {value}"
        for key, value in found.items()
        if not _same(record.get(key), value)
    ]
    return "; ".join(wrong)


def status(curve: DataFrame, vocab_size: int) -> str:
    """How a run ended, by the rule of rnnbench.training.run_record, which would import torch."""
    nats = (curve.total_nats / curve.num_tokens).to_numpy(float)
    last, recent = curve.iloc[-1], nats[-RECENT_EPOCHS:]
    before = nats[-2 * RECENT_EPOCHS : -RECENT_EPOCHS]
    finite = np.isfinite([last.total_nats, last.grad_norm_max, *recent]).all()
    if not finite or np.median(recent) > math.log(vocab_size):
        return DIVERGED
    settled = abs(np.median(recent) - np.median(before)) < 0.01 if len(before) else False
    return CONVERGED if settled and len(before) == RECENT_EPOCHS else UNCONVERGED


def totals(curve: DataFrame) -> dict[str, Any]:
    """What a record takes from its curve."""
    last, read = curve.iloc[-1], curve[curve.heldout_total_nats.notna()]
    nats = (curve.total_nats / curve.num_tokens).to_numpy()
    heldout = {
        name: read[name].iloc[-1]
        for name in ("heldout_total_nats", "heldout_num_tokens")
        if len(read)
    }
    return heldout | {
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
