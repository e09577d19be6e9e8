"""Which epoch a run is judged by: the one that the validation part chooses.

The validation part is evaluated every few epochs. A run stops when ``patience`` evaluations in a
row brought no improvement. The held-out text is read twice, when all is done: with the weights of
the best evaluation, which is the number to quote, and with those of the last epoch.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnnbench.base.parameters import CONVERGED, DIVERGED, UNCONVERGED, RunConfig
from rnnbench.training.engines import schedules
from rnnbench.training.progress import Progress, lost
from rnnbench.training.update import evaluate

SETTLED = 10  # evaluations behind the best one, of a run that never loses patience
RECENT_EPOCHS = 20  # single late epochs move as much as another seed does; their median is stable

Curve = Sequence[dict[str, Any]]


def evaluate_epoch(run: RunConfig, validation: Tensor, progress: Progress) -> None:
    """Put the loss over the validation part on the curve, if its last epoch is to have one.

    The weights are kept if there are no better ones. A lost model is not evaluated.
    """
    row = progress.curve[-1]
    if lost(progress.curve) or not run.evaluates(row["epoch"]):
        return
    model = progress.engine.model
    total_nats, num_tokens = evaluate(model, validation, run.batch_size, run.num_steps)
    row.update(validation_total_nats=total_nats, validation_num_tokens=num_tokens)
    if best(progress.curve) is row:
        progress.best = weights(progress)


def best(curve: Curve) -> dict[str, Any] | None:
    """The first row of the lowest loss over the validation part; None if none is finite."""
    read = evaluations(curve)
    rows = [row for row in curve if row["epoch"] in read]
    return min(rows, key=lambda row: read[row["epoch"]], default=None)


def evaluations(curve: Curve) -> dict[int, float]:
    """Epoch -> loss over the validation part, nats, where it is finite."""
    read = {row["epoch"]: row.get("validation_total_nats", math.nan) for row in curve}
    return {epoch: nats for epoch, nats in read.items() if math.isfinite(nats)}


def behind(curve: Curve) -> int:
    """How many evaluations there were after the best one."""
    chosen = best(curve)
    since = chosen["epoch"] if chosen else 0
    return sum("validation_total_nats" in row for row in curve if row["epoch"] > since)


def ended(run: RunConfig, curve: Curve) -> bool:
    """Whether a run has done all its epochs, or its patience is lost."""
    return len(curve) >= run.num_epochs or behind(curve) >= run.patience


@torch.no_grad()
def conclude(run: RunConfig, heldout: Tensor, progress: Progress) -> None:
    """Read the held-out text, ``(N,)``, at the last epoch and at the best; choose the weights.

    Both readings go on the curve. A run that may lose patience ends with its best weights, one
    that may not with its last.
    """
    last = weights(progress)
    read_heldout(run, heldout, progress, progress.curve[-1])
    if chosen := best(progress.curve):
        load(progress, progress.best)
        read_heldout(run, heldout, progress, chosen)
    if math.isinf(run.patience):
        load(progress, last)


def read_heldout(run: RunConfig, heldout: Tensor, progress: Progress, row: dict[str, Any]) -> None:
    """Put the loss over the held-out text, with the weights as they are, on a row of the curve."""
    model = progress.engine.model
    total_nats, num_tokens = evaluate(model, heldout, run.batch_size, run.num_steps)
    row.update(heldout_total_nats=total_nats, heldout_num_tokens=num_tokens)


def weights(progress: Progress) -> dict[str, Tensor]:
    """A copy of the weights as they are."""
    return {name: value.detach().clone() for name, value in progress.model.named_parameters()}


@torch.no_grad()
def load(progress: Progress, chosen: dict[str, Tensor]) -> None:
    """Write weights where the model has its own: an engine may share the memory."""
    for name, parameter in progress.model.named_parameters():
        parameter.copy_(chosen[name])


def status(run: RunConfig, curve: Curve, vocab_size: int) -> str:
    """Judge a run by its curve.

    ``diverged``: loss or gradient norm left the finite numbers, or the median training loss of the
    last 20 epochs is worse than guessing uniformly, ln(vocab_size). ``converged``: as many
    evaluations as it has patience (10 if that is infinite) came after the best one, or it is
    complete by its schedule (:func:`.schedules.run_out`).
    ``unconverged``: it was still improving.
    """
    nats = [row["total_nats"] / row["num_tokens"] for row in curve[-RECENT_EPOCHS:]]
    if lost(list(curve)) or not np.median(nats) <= math.log(vocab_size):
        return DIVERGED
    needed = run.patience if math.isfinite(run.patience) else SETTLED
    if behind(curve) >= needed or schedules.run_out(vars(run), evaluations(curve)):
        return CONVERGED
    return UNCONVERGED
