"""One update of the weights, as the book makes it (d2l chapter 8.5), and the loss over a text."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from rnnbench.base import plugins, presets
from rnnbench.training.engines import layouts
from rnnbench.training.engines.scopes import LOSS, UPDATE, scope
from rnnbench.training.model import LanguageModel, State

Step = Callable[..., tuple[Tensor, Tensor, State]]  # as the function step below


@dataclass(frozen=True)
class Engine:
    """What moves the weights of a run."""

    name: str  # the implementation whose training step it is
    model: LanguageModel  # the model of the run, or one in the same memory that the step can train
    step: Step  # as :func:`step`


def own(variant: str, model: LanguageModel) -> Engine:
    """The step of the implementation that trains ``variant`` by itself."""
    return by(presets.own(variant), variant, model)


def by(implementation: str, variant: str, model: LanguageModel) -> Engine:
    """The step of an implementation for the model of ``variant``, in the layout that it trains.

    Raises:
        StudyError: it trains torch.nn's layers, which have none like this model's.
    """
    there, trained = (
        plugins.load("implementations", n) for n in (presets.own(variant), implementation)
    )
    same = there.LAYOUT == trained.LAYOUT
    return Engine(implementation, model if same else layouts.library(model), trained.step)


def step(
    model: LanguageModel, X: Tensor, Y: Tensor, state: State, clip_norm: float, learning_rate: float
) -> tuple[Tensor, Tensor, State]:
    """Train on one minibatch ``(T, B)`` of tokens and the tokens that follow them.

    Returns the mean loss in nats, the gradient norm before clipping and the state after the last
    step. ``state`` is detached; ``None`` starts afresh.
    """
    loss, state = forward_backward(model, X, Y, state)
    grad_norm = clip_gradients(model, clip_norm)
    descend(model, learning_rate)
    return loss, grad_norm, state


def forward_backward(
    model: LanguageModel, X: Tensor, Y: Tensor, state: State
) -> tuple[Tensor, State]:
    """Leave the gradients of the mean loss of a minibatch ``(T, B)`` in the parameters."""
    model.zero_grad()
    logits, state = model(X, state)
    with scope(LOSS):
        loss = cross_entropy(logits.flatten(0, 1), Y.flatten())
        loss.backward()
        return loss.detach(), state


@torch.no_grad()
def descend(model: LanguageModel, learning_rate: float) -> None:
    """Move the weights by their gradients, as the model's optimiser does."""
    with scope(UPDATE):
        model.optimiser.step(trained(model), learning_rate)


def clip_gradients(model: nn.Module, clip_norm: float) -> Tensor:
    """Scale all gradients by min(1, clip_norm / norm); return the norm before (d2l 8.5.5).

    ``clip_norm = inf`` never clips and still measures.
    """
    gradients = [cast(Tensor, parameter.grad) for parameter in trained(model)]
    with scope(UPDATE):
        grad_norm = nn.utils.get_total_norm(gradients)
        scale = torch.where(grad_norm > clip_norm, clip_norm / grad_norm, 1.0)
        for gradient in gradients:
            gradient.mul_(scale)
    return grad_norm


def trained(model: nn.Module) -> list[nn.Parameter]:
    """Parameters that need a gradient; the others stay as they are and are no part of the norm."""
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


@torch.no_grad()
def evaluate(
    model: LanguageModel, tokens: Tensor, batch_size: int, num_steps: int
) -> tuple[float, int]:
    """Return the total loss in nats over ``tokens``, ``(N,)``, and how many were predicted.

    The text is cut into ``batch_size`` parts that are read side by side, each from a zero state
    carried from window to window; every token but the first of a part is predicted once, up to
    ``batch_size`` tokens that are left over. A model without a state is read half a window further
    at a time, so that every token but those of the first half sees at least half a window.
    """
    columns = min(batch_size, len(tokens) - 1)
    rows = (len(tokens) - 1) // columns
    inputs = tokens[: rows * columns].view(columns, rows).T
    labels = tokens[1 : rows * columns + 1].view(columns, rows).T
    at_once = num_steps if model.remembers else max(1, num_steps // 2)
    state, total = None, torch.zeros((), dtype=torch.float64, device=tokens.device)
    for X, Y in zip(inputs.split(at_once), labels.split(at_once), strict=True):
        logits, state = model(X, state)
        total += cross_entropy(logits.flatten(0, 1), Y.flatten(), reduction="sum")
    return float(total), rows * columns
