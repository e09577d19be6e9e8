"""By how much an update can change the loss: |f(x) - f(x - lr g)| <= L lr |g| (d2l 8.5.5).

A model is trained with and without clipping. Before each of its updates several others are tried on
a copy in float64, x - lr min(1, theta / |g|) g for every threshold theta, and the loss of the same
minibatch is read before and after. The Lipschitz constant L cannot be below any |change| / length
of an update. The training is that of every run, and does not see the copy.
"""

import copy
import dataclasses
import logging
from collections.abc import Sequence
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from rnnbench.base.parameters import RunConfig
from rnnbench.training import loop, update
from rnnbench.training.model import LanguageModel, State
from rnnbench.training.progress import Texts, start

log = logging.getLogger(__name__)


def tried(
    model: LanguageModel,
    X: Tensor,
    Y: Tensor,
    state: State,
    thetas: Sequence[float],
    learning_rate: float,
) -> list[dict[str, float]]:
    """Try an update clipped at each of ``thetas`` on one minibatch; ``model`` stays as it is.

    Returns:
        One row per threshold: ``grad_norm`` before clipping, ``step_norm``: length of the update,
        ``loss`` before it, ``change`` of the loss, and ``first_order``: the change that the
        gradient alone foretells, -lr |g| min(|g|, theta).
    """
    model, state = copy.deepcopy(model).double(), _double(state)
    loss, _ = update.forward_backward(model, X, Y, state)
    before = [parameter.detach().clone() for parameter in model.parameters()]
    gradients = [cast(Tensor, parameter.grad) for parameter in model.parameters()]
    grad_norm = float(nn.utils.get_total_norm(gradients))
    changes, rows = {}, []
    for theta in thetas:
        step_norm = learning_rate * min(grad_norm, theta)
        if step_norm not in changes:  # thresholds above the norm are all the same update
            _move(model, before, gradients, -step_norm / grad_norm if grad_norm else 0.0)
            changes[step_norm] = _loss(model, X, Y, state) - float(loss)
        rows.append(
            {"theta": theta, "grad_norm": grad_norm, "step_norm": step_norm, "loss": float(loss)}
            | {"change": changes[step_norm], "first_order": -grad_norm * step_norm}
        )
    return rows


def followed(
    run: RunConfig, texts: Texts, vocab_size: int, thetas: Sequence[float]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Train one run; return the updates that were tried, and its curve.

    Rows of both hold every parameter of the run.
    """
    progress, rows = start(run, vocab_size), list[dict[str, Any]]()
    own = progress.engine
    key = run.as_row()

    def step(
        model: LanguageModel,
        X: Tensor,
        Y: Tensor,
        state: State,
        clip_norm: float,
        learning_rate: float,
    ) -> tuple[Tensor, Tensor, State]:
        place = key | {"epoch": len(progress.curve) + 1}
        rows.extend(place | row for row in tried(model, X, Y, state, thetas, learning_rate))
        return own.step(model, X, Y, state, clip_norm, learning_rate)

    progress.engine = dataclasses.replace(own, step=step)
    taken = partial(loop.steps, run, texts.train, progress)
    for row in loop.epochs(run, texts.validation, progress, taken):
        log.info("%s, seed %d: epoch %d/%d", run.variant, run.seed, row["epoch"], run.num_epochs)
    return rows, [key | {"vocab_size": vocab_size} | row for row in progress.curve]


@torch.no_grad()
def _move(
    model: LanguageModel, before: Sequence[Tensor], along: Sequence[Tensor], scale: float
) -> None:
    for parameter, value, direction in zip(model.parameters(), before, along, strict=True):
        parameter.copy_(value + scale * direction)


@torch.no_grad()
def _loss(model: LanguageModel, X: Tensor, Y: Tensor, state: State) -> float:
    logits, _ = model(X, state)
    return float(cross_entropy(logits.flatten(0, 1), Y.flatten()))


def _double(state: State) -> State:
    if isinstance(state, tuple):
        return tuple(part.double() for part in state)
    return state if state is None else state.double()
