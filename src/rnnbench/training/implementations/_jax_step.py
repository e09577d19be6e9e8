"""A training step as users of JAX write it: one jitted function, from the weights to the weights.

Rows of the weights are gathered in place of products with one-hot inputs, and the inputs' share of
the gates is added up outside the scan: the fastest on a CPU of what was tried.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

Array = Any  # jax.Array, which has no type where JAX is not installed
Parts = tuple[Array, ...]  # of the state, (B, H) each


def rnn(parts: Parts, pre: Array, W: Array, b: Array) -> Parts:
    return (jnp.tanh(pre + parts[0] @ W.T),)


def gru(parts: Parts, pre: Array, W: Array, b: Array) -> Parts:
    (H,) = parts
    (r, z, n), (R, Z, N) = (jnp.split(gates, 3, axis=1) for gates in (pre, H @ W.T + b))
    new = jnp.tanh(n + jax.nn.sigmoid(r + R) * N)
    Z = jax.nn.sigmoid(z + Z)
    return ((1 - Z) * new + Z * H,)


def lstm(parts: Parts, pre: Array, W: Array, b: Array) -> Parts:
    H, C = parts
    I, F, G, O = jnp.split(pre + H @ W.T, 4, axis=1)  # noqa: E741
    C = jax.nn.sigmoid(F) * C + jax.nn.sigmoid(I) * jnp.tanh(G)
    return jax.nn.sigmoid(O) * jnp.tanh(C), C


CELLS = {"RNN_TANH": rnn, "GRU": gru, "LSTM": lstm}  # mode of torch.nn -> one step of time


def loss(
    weights: list[Array], X: Array, Y: Array, parts: Parts, cell: Callable[..., Parts]
) -> tuple[Array, Parts]:
    """Return the mean loss of a minibatch ``(T, B)``, nats, and the state after it."""
    W_ih, W_hh, b_ih, b_hh, W_out, b_out = weights
    bias = b_ih if cell is gru else b_ih + b_hh

    def advance(parts: Parts, pre: Array) -> tuple[Parts, Array]:
        parts = cell(parts, pre, W_hh, b_hh)
        return parts, parts[0]

    parts, H = jax.lax.scan(advance, parts, W_ih.T[X] + bias)
    log_p = jax.nn.log_softmax(H @ W_out.T + b_out)
    return -jnp.take_along_axis(log_p, Y[..., None], axis=2).mean(), parts


@partial(jax.jit, static_argnames=("mode", "fixed"), donate_argnums=0)
def step(
    weights: list[Array],
    X: Array,
    Y: Array,
    parts: Parts,
    clip_norm: float,
    rate: float,
    mode: str,
    fixed: tuple[int, ...],
) -> tuple[list[Array], Array, Parts]:
    """Return the new weights, (loss, gradient norm) and the new state; ``fixed`` weights stay."""
    of_loss = jax.value_and_grad(loss, has_aux=True)
    (mean, parts), gradients = of_loss(weights, X, Y, parts, CELLS[mode])
    gradients = [jnp.zeros_like(g) if k in fixed else g for k, g in enumerate(gradients)]
    norm = jnp.sqrt(sum(jnp.vdot(g, g) for g in gradients))
    rate = rate * jnp.where(norm > clip_norm, clip_norm / norm, 1.0)
    moved = [weight - rate * g for weight, g in zip(weights, gradients, strict=True)]
    return moved, jnp.stack([mean, norm]), parts
