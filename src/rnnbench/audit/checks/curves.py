"""The totals of a run are those of its curve."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from pandas import DataFrame

from rnnbench.audit.checks import Checked
from rnnbench.audit.tree import Tree
from rnnbench.base import csv_files
from rnnbench.base.errors import UserError

RECENT_EPOCHS = 20  # as rnnbench.training.run_record has it, which would import torch


def check(tree: Tree) -> Iterator[Checked]:
    """Derive what a record says of its epochs once more."""
    for name in tree.run_names:
        curve, record = tree.path(name).with_name("curve.csv"), tree.record(name)
        if record and curve.is_file():
            yield Checked(name, _fault(record, curve))


def _fault(record: dict[str, Any], curve: Any) -> str:
    try:
        found = totals(csv_files.read(curve))
    except (UserError, TypeError, AttributeError, KeyError, IndexError) as error:
        return f"expected a curve beside it, found {type(error).__name__}"
    wrong = [
        f"{key}: the record says {record.get(key)}, the curve {value}"
        for key, value in found.items()
        if not _same(record.get(key), value)
    ]
    return "; ".join(wrong)


def totals(curve: DataFrame) -> dict[str, float]:
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


def _same(recorded: Any, found: float) -> bool:
    return isinstance(recorded, int | float) and bool(
        np.isclose(recorded, found, rtol=1e-12, atol=0, equal_nan=True)
    )
