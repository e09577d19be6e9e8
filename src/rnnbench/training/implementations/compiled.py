"""The cell's loop under torch.compile, forward and backward pass.

The loop over time is unrolled into one graph, which takes from 20 seconds to a minute to compile in
the first step of each minibatch shape; a graph of a single step compiles in half that, and trains
slower than no compilation at all. Clipping and descent are update.step's.
"""

import functools
import os
import shutil
import sysconfig
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from rnnbench.training import update
from rnnbench.training.engines.scopes import MINIBATCH, scope
from rnnbench.training.model import LanguageModel, State

LAYOUT = "loop"
LIMITS = {
    "num_layers": [1],
    "directions": [1],
    "embedding_size": [0],
    "dtype": ["float32"],  # a type takes up to a minute more
}


def missing() -> str | None:
    """Say why torch.compile cannot work here, or return None."""
    compiler = os.environ.get("CXX", "g++").split()[0]
    if shutil.which(compiler) is None:
        return f"no C++ compiler {compiler} for torch.compile: install it, or set CXX to another"
    if not (Path(sysconfig.get_paths()["include"]) / "Python.h").is_file():
        return "no Python.h for torch.compile: install Python's headers"
    return None


def forward(model: LanguageModel, X: Tensor, Y: Tensor, state: State) -> tuple[Tensor, State]:
    """Return the mean loss of a minibatch ``(T, B)``, nats, and the state after it."""
    logits, state = model(X, state)
    return cross_entropy(logits.flatten(0, 1), Y.flatten()), state


@functools.cache
def compiled() -> Callable[..., tuple[Tensor, State]]:
    """The compiled :func:`forward`, made when it is first called."""
    return torch.compile(forward, dynamic=False)


def step(
    model: LanguageModel, X: Tensor, Y: Tensor, state: State, clip_norm: float, learning_rate: float
) -> tuple[Tensor, Tensor, State]:
    """Train on one minibatch, as :func:`rnnbench.training.update.step` does.

    Zeros stand in for no state, so that there is one graph and not two.
    """
    if state is None:
        like, parts = model.output.weight, model.layer.parts
        zeros = [like.new_zeros(X.shape[1], model.layer.hidden_size) for _ in range(parts)]
        state = tuple(zeros) if parts > 1 else zeros[0]
    with scope(MINIBATCH):
        X, Y = X.contiguous(), Y.contiguous()
    model.zero_grad()
    loss, state = compiled()(model, X, Y, state)
    loss.backward()
    grad_norm = update.clip_gradients(model, clip_norm)
    update.descend(model, learning_rate)
    return loss.detach(), grad_norm, state
