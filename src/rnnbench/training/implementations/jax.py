"""The training step in JAX, which XLA compiles as a whole: what users may pick instead.

The weights stay in JAX from step to step and are copied to where the model has them after each,
which takes 50 µs. JAX gets as many threads as torch: ``NPROC`` sizes XLA's pool when it starts.
"""

import functools
import os
from types import ModuleType
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor

from rnnbench.base.errors import StudyError
from rnnbench.training.model import LanguageModel, State

LAYOUT = "torch_nn"
LIMITS = {
    "cell": ["rnn", "gru", "lstm"],
    "num_layers": [1],
    "directions": [1],
    "embedding_size": [0],
    "device": ["cpu"],
    "dtype": ["float32"],
    "optimiser": ["sgd"],
    "dropout": [0],
}
PACKAGES = ("jax", "jaxlib")


@functools.cache
def jitted(threads: int) -> ModuleType:
    """The step in JAX; the first call starts JAX with so many threads.

    Raises:
        StudyError: it was started with another number.
    """
    if jitted.cache_info().currsize:
        raise StudyError("JAX: expected the threads it started with. Start a process for others.")
    os.environ |= {"NPROC": str(threads), "JAX_PLATFORMS": "cpu"}
    from rnnbench.training.implementations import _jax_step

    return _jax_step


class Weights:
    """The weights of a model as JAX has them, and views of torch's."""

    def __init__(self, model: LanguageModel, key: object):
        self.key, self.views = key, [p.detach().numpy() for p in model.parameters()]
        self.arrays = [view.copy() for view in self.views]

    def take(self, arrays: list[np.ndarray]) -> None:
        """Keep new weights, and copy them to where torch has them."""
        self.arrays = arrays
        for view, array in zip(self.views, arrays, strict=True):
            view[...] = np.asarray(array)


WEIGHTS: WeakKeyDictionary[LanguageModel, Weights] = WeakKeyDictionary()


@torch.no_grad()
def step(
    model: LanguageModel, X: Tensor, Y: Tensor, state: State, clip_norm: float, learning_rate: float
) -> tuple[Tensor, Tensor, State]:
    """Train on one minibatch, as :func:`rnnbench.training.update.step` does."""
    mode, weights = model.layer.mode, list(model.parameters())
    fixed = tuple(k for k, weight in enumerate(weights) if not weight.requires_grad)
    key = [(weight.data_ptr(), weight._version) for weight in weights]
    kept = WEIGHTS.get(model)
    if kept is None or kept.key != key or fixed:  # those of a loop are moved through its own views
        kept = WEIGHTS[model] = Weights(model, key)
    number = 1 + (mode == "LSTM")
    given = state if isinstance(state, tuple) else (state,) * number
    zeros = np.zeros((X.shape[1], model.layer.hidden_size), np.float32)
    parts = tuple(zeros if part is None else part[0].numpy() for part in given)
    work = kept.arrays, X.numpy(), Y.numpy(), parts, clip_norm, learning_rate
    arrays, told, after = jitted(torch.get_num_threads()).step(*work, mode=mode, fixed=fixed)
    kept.take(arrays)
    loss, grad_norm = torch.from_numpy(np.array(told))
    ends = tuple(torch.from_numpy(np.array(part))[None] for part in after)
    return loss, grad_norm, ends if number > 1 else ends[0]
