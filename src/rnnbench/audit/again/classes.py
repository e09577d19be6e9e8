"""What may be said of a run that was made again: bitwise, numerical, statistical, or less.

Bits are promised within one arithmetic: equal numerics ids, or, where a record tells none, equal
versions of torch and NumPy on one machine. There, and with the same source, other bits are a
failure. Elsewhere a last bit grows, within tens of epochs, to a difference as large as that of
another seed; what is held is the loss of the first updates, then, over seeds, the perplexity.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from pandas import DataFrame

from rnnbench.base.parameters import RunConfig
from rnnbench.text.metrics import relative_difference

BITWISE, NUMERICAL, STATISTICAL = "bitwise", "numerical", "statistical"
NOT_COMPARABLE, DIFFERS, FAILED = "not comparable", "differs", "failed"
CLASSES = (BITWISE, NUMERICAL, STATISTICAL, NOT_COMPARABLE, DIFFERS, FAILED)
BAD = (DIFFERS, FAILED)
GOOD = (BITWISE, NUMERICAL, STATISTICAL)
MADE = (*GOOD, DIFFERS)  # of these something came out
WORK = (  # what must be equal for two runs to be the same work
    *(field.name for field in fields(RunConfig) if field.name != "machine"),
    *(
        "vocab_size",
        "num_parameters",
        "train_tokens_sha256",
        "validation_tokens_sha256",
        "heldout_tokens_sha256",
    ),
)
CONDITIONS = (  # what may differ, and is told
    *("machine", "numerics_id", "source_sha256", "lock_sha256", "threads", "trained_by"),
    *("determinism", "torch_version", "numpy_version", "python_version"),
)
TIMES = ("_seconds", "started", "ended")  # ends of names of fields that no two runs agree in
UPDATES, TOLERANCE = 40, 1e-5  # of the relative loss, over the first updates
UNDECIDED = ""  # bits and first losses say neither yes nor no: seeds are to be compared


@dataclass(frozen=True)
class Run:
    """One side of a comparison."""

    record: Mapping[str, Any]  # of the run
    curve: DataFrame  # one row per epoch
    text: str  # what the model wrote; empty where it is not there
    machine: str  # that it was made on
    weights: str = ""  # digest of the tensors in their file; empty where that is not there

    @property
    def parts(self) -> str:
        """What of it can be compared, in words."""
        held = ["record", "curve", *["weights"] * bool(self.weights), *["text"] * bool(self.text)]
        return f"{', '.join(held[:-1])} and {held[-1]}"


@dataclass(frozen=True)
class Judged:
    """A class, and what it rests on."""

    verdict: str
    evidence: str


def judge(there: Run, again: Run) -> Judged:
    """Hold a run that was made again against the one that is there.

    The verdict is :data:`UNDECIDED` where only seeds can tell.
    """
    work = _unlike(there.record, again.record, WORK)
    if work:
        return Judged(DIFFERS, f"not the work that the configuration asks for: {work}")
    bits, told = unequal_bits(there, again), conditions(there, again)
    if not bits:
        return Judged(BITWISE, f"{there.parts} are equal{_though(told)}")
    parting = first_parting(there.curve, again.curve, 0.0)
    if same_arithmetic(there, again):
        return Judged(DIFFERS, f"the same arithmetic gave different bits: {bits}; {parting}")
    first = early(there, again)
    if first <= TOLERANCE:
        apart = first_parting(there.curve, again.curve, TOLERANCE)
        evidence = f"relative loss within {first:.1e} over the first {UPDATES} updates; {apart}"
        return Judged(NUMERICAL, evidence + _though(told))
    late = first_parting(there.curve, again.curve, TOLERANCE)
    return Judged(
        UNDECIDED, f"relative loss differs by {first:.1e} early on; {late}{_though(told)}"
    )


def unequal_bits(there: Run, again: Run) -> str:
    """Name what is unequal; times, versions and places may be."""
    names = (there.record.keys() | again.record.keys()) - {*CONDITIONS}
    kept = sorted(name for name in names if not name.endswith(TIMES))
    unlike = [name for name in kept if not _equal(there.record.get(name), again.record.get(name))]
    if not there.curve.equals(again.curve):
        unlike.append("curve.csv")
    for name, left, right in (
        ("text.csv", there.text, again.text),
        ("weights.safetensors", there.weights, again.weights),
    ):
        if left and right and left != right:
            unlike.append(name)
    return ", ".join(unlike)


def same_arithmetic(there: Run, again: Run) -> bool:
    """Whether the bits were promised to be equal."""
    same = ["source_sha256", "trained_by", "threads"]
    known = there.record.get("numerics_id"), again.record.get("numerics_id")
    place = there.machine == again.machine
    if all(known):
        same, place = [*same, "numerics_id"], True
    else:
        same += ["torch_version", "numpy_version"]
    return place and all(there.record.get(name) == again.record.get(name) for name in same)


def conditions(there: Run, again: Run) -> str:
    """Name the conditions that differ."""
    told = _unlike(there.record, again.record, CONDITIONS)
    places = f"machine {there.machine}, here {again.machine}"
    return "; ".join(filter(None, [told, places if there.machine != again.machine else ""]))


def early(there: Run, again: Run) -> float:
    """Largest relative difference of the loss over the first updates; inf from other weights.

    A curve has whole epochs: those that end within the first updates count, and the first always.
    """
    record, apart = there.record, relative(there.curve, again.curve)
    if record.get("initial_weights_sha256") != again.record.get("initial_weights_sha256"):
        return math.inf
    per_epoch = there.curve.num_tokens.iloc[0] / (record["batch_size"] * record["num_steps"])
    return float(np.max(apart[: max(1, int(UPDATES // per_epoch))]))


def relative(there: DataFrame, again: DataFrame) -> np.ndarray:
    """Relative difference of the mean loss, ``(epochs,)``; of two lost epochs 0, of one inf."""
    size = min(len(there), len(again))
    losses = (curve.total_nats / curve.num_tokens for curve in (there, again))
    return relative_difference(*(loss.to_numpy(float)[:size] for loss in losses))


def first_parting(there: DataFrame, again: DataFrame, tolerance: float) -> str:
    """Name the first epoch in which the losses are further apart than ``tolerance``."""
    apart = relative(there, again)
    places = np.flatnonzero(apart > tolerance)
    if len(places):
        epoch = places[0] + 1
        return f"first differs by more than {tolerance:g} in epoch {epoch} ({apart[places[0]]:.1e})"
    if len(there) != len(again):
        return f"{len(there)} epochs there, {len(again)} here"
    return f"no difference above {tolerance:g} in {len(apart)} epochs"


def _unlike(there: Mapping[str, Any], again: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return ", ".join(
        f"{name} {_short(there.get(name))}, here {_short(again.get(name))}"
        for name in names
        if not _equal(there.get(name), again.get(name))
    )


def _equal(left: Any, right: Any) -> bool:
    return left == right or (left != left and right != right)


def _short(value: Any) -> str:
    text = str(value)
    return text[:12] if len(text) == 64 else text[:60]


def _though(conditions: str) -> str:
    return f"; conditions that differ: {conditions}" if conditions else ""
