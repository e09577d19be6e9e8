"""By how much an update can change the loss: |f(x) - f(x - lr g)| <= L lr |g| (d2l 8.5.5).

A model is trained with and without clipping. Before each epoch the loss of one minibatch is read,
its gradient g is taken, and the loss is read again after each of several updates that are tried and
taken back: x - lr min(1, theta / |g|) g for every threshold theta. Every |change| / length of the
update is a value that the Lipschitz constant L cannot be below. The readings are made in float64 on
a copy, from a fresh state; the training is that of every run.
"""

import copy
import logging
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from rnnbench import names, outcome, train
from rnnbench.jobs import RunConfig
from rnnbench.variants import LanguageModel

log = logging.getLogger(__name__)


def tried(
    model: LanguageModel, X: Tensor, Y: Tensor, thetas: Sequence[float], learning_rate: float
) -> list[dict[str, Any]]:
    """Try an update clipped at each of ``thetas``; ``model`` stays as it is.

    Returns:
        One row per threshold: ``grad_norm`` before clipping, ``step_norm``: length of the update,
        ``loss`` before it, ``change`` of the loss, and ``first_order``: the change that the
        gradient alone foretells, -lr |g| min(|g|, theta).
    """
    model = copy.deepcopy(model).double()
    loss, _ = train.forward_backward(model, X, Y, None)
    before = [parameter.detach().clone() for parameter in model.parameters()]
    gradients = [parameter.grad.clone() for parameter in model.parameters()]
    rows = []
    for theta in thetas:
        _restore(model, before, gradients)
        grad_norm = float(train.clip_gradients(model, theta))
        train.descend(model, learning_rate)
        step_norm = learning_rate * min(grad_norm, theta)
        rows.append(
            {"theta": theta, "grad_norm": grad_norm, "step_norm": step_norm, "loss": float(loss)}
            | {"change": _loss(model, X, Y) - float(loss), "first_order": -grad_norm * step_norm}
        )
    return rows


def followed(
    run: RunConfig, texts: train.Texts, vocab_size: int, thetas: Sequence[float]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Train one run; return the updates that were tried, and its curve.

    It ends where a loss, a gradient or a weight leaves the finite numbers.
    """
    progress = train.start(run, vocab_size)
    batches = _minibatches(run, texts)
    key = {name: getattr(run, name) for name in (*outcome.ADDRESS, "learning_rate")}
    rows = []
    while len(progress.curve) < run.num_epochs and not train.lost(progress.curve):
        X, Y = next(batches)
        updates = tried(progress.model, X, Y, thetas, run.learning_rate)
        rows += [key | {"epoch": len(progress.curve) + 1} | update for update in updates]
        progress.curve.append(train.epoch(run, texts.train, progress))
    log.info("%s: %d of %d epochs", key, len(progress.curve), run.num_epochs)
    size = {"vocab_size": vocab_size}
    return rows, [key | size | row for row in progress.curve]


def _minibatches(run: RunConfig, texts: train.Texts) -> Iterator[tuple[Tensor, Tensor]]:
    """Minibatches without end, drawn apart from those of the training."""
    generator = np.random.Generator(np.random.PCG64([run.seed, 1]))
    sampler = names.load("samplers", "random_sampling")
    while True:
        yield from sampler.minibatches(texts.train, run.batch_size, run.num_steps, generator)


@torch.no_grad()
def _restore(model: LanguageModel, before: list[Tensor], gradients: list[Tensor]) -> None:
    for parameter, value, gradient in zip(model.parameters(), before, gradients, strict=True):
        parameter.copy_(value)
        parameter.grad.copy_(gradient)


@torch.no_grad()
def _loss(model: LanguageModel, X: Tensor, Y: Tensor) -> float:
    logits, _ = model(X)
    return float(cross_entropy(logits.flatten(0, 1), Y.flatten()))
