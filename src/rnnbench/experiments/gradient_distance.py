"""How a gradient changes on its way back through time: the powers of W_hh (d2l 8.7.2).

Networks h_t = phi(W_xh[token_t] + W_hh h_{t-1}) with phi the identity (``linear``) or ``tanh``,
read a text from h_0 = 0. W_hh is Gaussian, scaled to an exact spectral radius; W_xh is N(0, 0.1^2),
about as wide as the default of torch.nn at 64 hidden units. Float64.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnnbench.experiments import through_time

INPUT_SCALE = 0.1
CELLS: dict[str, Callable[[Tensor], Tensor]] = {"linear": lambda a: a, "tanh": torch.tanh}


def recurrence(hidden_size: int, radius: float, generator: np.random.Generator) -> Tensor:
    """Draw W_hh, ``(h, h)``, whose eigenvalue farthest from 0 lies at ``radius``."""
    drawn = generator.standard_normal((hidden_size, hidden_size))
    return torch.from_numpy(radius / np.abs(np.linalg.eigvals(drawn)).max() * drawn)


def norms(
    W_hh: Tensor, inputs: Tensor, direction: Tensor, activation: Callable[[Tensor], Tensor]
) -> Tensor:
    """Norm of d(direction . h_T)/dh_{T-k} for k = 0..T-1, ``(T,)``; inputs are ``(T, h)``."""
    hidden, states = torch.zeros_like(direction), []
    for value in inputs:
        hidden = activation(value + W_hh @ hidden)
        states.append(hidden.requires_grad_())
    gradients = torch.autograd.grad(direction @ hidden, states)
    return torch.stack(gradients).norm(dim=1).flip(0)


def rows(
    tokens: np.ndarray,
    vocab_size: int,
    spectral_radii: Sequence[float],
    hidden_size: int,
    distance: int,
    every: int,
    seeds: Sequence[int],
) -> list[dict[str, Any]]:
    """One row per cell, spectral radius, seed and distance 0, every, ... up to ``distance``.

    Each network reads as many tokens before those that are measured, to forget h_0; the text,
    ``(N,)``, has more than twice ``distance``.
    """
    found = []
    for seed in seeds:
        for radius in spectral_radii:
            generator = np.random.Generator(np.random.PCG64(seed))
            W_hh = recurrence(hidden_size, radius, generator)
            W_xh = INPUT_SCALE * generator.standard_normal((vocab_size, hidden_size))
            start = int(generator.integers(len(tokens) - 2 * distance))
            inputs = torch.from_numpy(W_xh[tokens[start : start + 2 * distance + 1]])
            direction = torch.from_numpy(generator.standard_normal(hidden_size))
            direction /= direction.norm()
            for cell, activation in CELLS.items():
                measured = norms(W_hh, inputs, direction, activation)
                key = {"cell": cell, "spectral_radius": radius, "seed": seed}
                found += [
                    key | {"distance": k, "grad_norm": float(measured[k])}
                    for k in range(0, distance + 1, every)
                ]
    return found


def closed_form(
    hidden_size: int, spectral_radii: Sequence[float], seeds: Sequence[int], num_steps: int = 40
) -> list[dict[str, Any]]:
    """Hold the closed form of a linear network's gradients against automatic differentiation.

    One row per spectral radius and seed: the largest difference of an entry of the three gradients,
    relative to the largest entry of its gradient. The loss is a cross entropy, as everywhere.
    """
    found = []
    for radius in spectral_radii:
        for seed in seeds:
            generator = np.random.Generator(np.random.PCG64(seed))
            W_hh = recurrence(hidden_size, radius, generator)
            W_hx, W_qh, inputs = (
                torch.from_numpy(generator.standard_normal(shape))
                for shape in ((hidden_size, 3), (5, hidden_size), (num_steps, 3))
            )
            labels = torch.from_numpy(generator.integers(5, size=num_steps))
            deviation = deviation_of(W_hx, W_hh, W_qh, inputs, labels)
            found.append({"spectral_radius": radius, "seed": seed, "deviation": deviation})
    return found


def deviation_of(W_hx: Tensor, W_hh: Tensor, W_qh: Tensor, inputs: Tensor, labels: Tensor) -> float:
    """Largest relative difference between closed form and automatic differentiation."""
    weights = [W.clone().requires_grad_() for W in (W_hx, W_hh, W_qh)]
    hidden, each = torch.zeros_like(W_hh[0]), list[Tensor]()
    for value in inputs:
        hidden = weights[0] @ value + weights[1] @ hidden
        each.append(weights[2] @ hidden)
    outputs = torch.stack(each)
    loss = torch.nn.functional.cross_entropy(outputs, labels)
    by_outputs, *automatic = torch.autograd.grad(loss, [outputs, *weights])
    closed = through_time.linear_gradient(W_hx, W_hh, W_qh, inputs, by_outputs)
    return max(
        float((a - b).abs().max() / b.abs().max()) for a, b in zip(closed, automatic, strict=True)
    )
