"""Backpropagation through time: the way back from state to state, full, cut or scaled (d2l 8.7).

The derivative of a state by the weights is a sum over the steps before it,

    dh_t/dw = sum over i <= t of (product over j = i+1..t of xi_j dh_j/dh_{j-1}) df(h_{i-1}, w)/dw,

with xi_j = 1 for the full sum. A xi_j of 0 ends it at step j; a random xi_j with mean 1 leaves its
mean as it is. Tokens are ``(T, B)``, states as in :mod:`rnnbench.training.cells`, xi ``(T,)``:
xi[t] stands between the states of steps t - 1 and t, and xi[0] between minibatches, where nothing
passes.
"""

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call
from torch.nn.functional import cross_entropy

from rnnbench.training.model import LanguageModel, State


class Carry(torch.autograd.Function):
    """The identity forwards; backwards the gradient times xi."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, xi: float) -> Tensor:
        ctx.xi = xi
        return hidden.view_as(hidden)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return ctx.xi * gradient, None


def carry(state: State, xi: float) -> State:
    """Hand a state on to the next step; its gradient comes back times ``xi``."""
    if isinstance(state, tuple):
        return tuple(_carried(part, xi) for part in state)
    return state if state is None else _carried(state, xi)


def _carried(part: Tensor, xi: float) -> Tensor:
    return Carry.apply(part, xi)  # type: ignore[no-untyped-call]  # torch has no type for it


def forward(model: LanguageModel, X: Tensor, state: State, xi: Tensor) -> tuple[Tensor, State]:
    """What the model itself returns, logits ``(T, B, V)`` and state, with ``xi`` on the way back.

    Steps between which xi is 1 go through the layer together.
    """
    inputs = model.one_hot(X)
    factors, outputs = xi.tolist(), list[Tensor]()
    cuts = [t for t in range(1, len(X)) if factors[t] != 1]
    for start, end in pairwise([0, *cuts, len(X)]):
        state = carry(state, factors[start]) if start else state
        hidden, state = model.layer(inputs[start:end], state)
        outputs.append(hidden)
    return model.output(torch.cat(outputs)), state


def contributions(model: LanguageModel, X: Tensor, Y: Tensor) -> Tensor:
    """Gradient of the loss of step t by the weights as step i used them, ``(T, T, P)``.

    Every step has its own copy of the layer's P weights; entry (t, i) is 0 for i > t. The loss is
    the mean over steps and subsequences, so that the sum over t and i is the full gradient.
    """
    copies = [_copy(model.layer) for _ in X]
    inputs = model.one_hot(X)
    state, losses = None, []
    for weights, step, labels in zip(copies, inputs.split(1), Y, strict=True):
        hidden, state = functional_call(model.layer, weights, (step, state))
        losses.append(cross_entropy(model.output(hidden[0]), labels) / len(X))
    size = sum(weight.numel() for weight in copies[0].values())
    found = torch.zeros(len(X), len(X), size, dtype=losses[0].dtype)
    for t, loss in enumerate(losses):
        used = [weight for weights in copies[: t + 1] for weight in weights.values()]
        gradients = torch.autograd.grad(loss, used, retain_graph=True)
        found[t, : t + 1] = torch.cat([g.flatten() for g in gradients]).view(t + 1, size)
    return found


def weights_of(xi: Tensor) -> Tensor:
    """Products of xi from step i + 1 to step t, ``(..., T)`` -> ``(..., T, T)``; 0 for i > t."""
    steps = xi.shape[-1]
    later = torch.ones(steps, steps, dtype=torch.bool).tril(-1)
    factors = torch.where(later, xi[..., :, None], 1.0)  # row j, column i: xi_j for j > i
    return factors.cumprod(-2).tril()


def linear_gradient(
    W_hx: Tensor, W_hh: Tensor, W_qh: Tensor, inputs: Tensor, by_outputs: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of a linear recurrent network in closed form (d2l 8.7.12 to 8.7.17).

    h_t = W_hx x_t + W_hh h_{t-1}, o_t = W_qh h_t, no biases, h_0 = 0.

    Args:
        W_hx, W_hh, W_qh: weights, ``(h, d)``, ``(h, h)``, ``(q, h)``.
        inputs: x_1..x_T, ``(T, d)``.
        by_outputs: dL/do_1..dL/do_T, ``(T, q)``.

    Returns:
        dL/dW_hx, dL/dW_hh, dL/dW_qh.
    """
    powers = [torch.eye(len(W_hh), dtype=W_hh.dtype)]
    for _ in inputs[1:]:
        powers.append(powers[-1] @ W_hh)
    hidden = torch.stack(_sums(powers, inputs @ W_hx.T))
    transposed = [power.T for power in powers]
    by_hidden = torch.stack(_sums(transposed, (by_outputs @ W_qh).flip(0))).flip(0)
    before = torch.cat([torch.zeros_like(hidden[:1]), hidden[:-1]])
    return by_hidden.T @ inputs, by_hidden.T @ before, by_outputs.T @ hidden


def _sums(powers: list[Tensor], terms: Tensor) -> list[Tensor]:
    """For each t, the sum over i <= t of powers[t - i] terms[i]."""
    nothing = torch.zeros_like(terms[0])
    return [
        sum((powers[t - i] @ terms[i] for i in range(t + 1)), nothing) for t in range(len(terms))
    ]


def _copy(layer: torch.nn.Module) -> dict[str, Tensor]:
    return {n: p.detach().clone().requires_grad_() for n, p in layer.named_parameters()}
