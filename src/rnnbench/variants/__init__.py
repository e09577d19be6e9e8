"""Variants: the recurrent layers under test. One file each.

The contract of a file:

* ``initial``: how weights are drawn, one of :mod:`rnnbench.initial`.
* ``build(input_size, hidden_size)``: a module with the attributes ``hidden_size``, ``num_layers``
  and ``bidirectional`` that maps inputs ``(T, B, input_size)`` and a state to outputs
  ``(T, B, hidden_size)`` (twice that if bidirectional) and the state after the last step. A state
  is a tensor or a tuple of tensors, opaque to its users; ``None`` stands for zeros. A layer with
  the attribute ``embedding_size`` also maps tokens ``(T, B)``, which are then not made one-hot.
* ``step(model, X, Y, state, clip_norm, learning_rate)``, only where a file trains in a way of its
  own: what :func:`rnnbench.train.step` does, to the same weights in the same places. A module whose
  name starts with an underscore is what several such files share. Parameters that need no gradient
  stay as they are, and their gradients are no part of the norm. Where its time goes is told by the
  scopes it opens (see :mod:`rnnbench.scopes`).
* ``unavailable(device, dtype)``, only where a file needs what a machine may lack: in words, why it
  cannot train here, or None.

The first word of a name is its cell: ``gru_fused`` may train the runs of ``gru``, ``gru_deep`` and
``gru_scratch`` (see :mod:`rnnbench.engine`). A layer that keeps its weights in another layout than
torch.nn has a ``library``, the class of the same layer there (see :mod:`rnnbench.layouts`).
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from rnnbench import initial, names

State = Tensor | tuple[Tensor, ...] | None


class LanguageModel(nn.Module):
    """A recurrent layer over one-hot tokens and a linear output layer (d2l chapter 8.5-8.6)."""

    def __init__(self, layer: Any, vocab_size: int):
        super().__init__()
        self.layer: Any = layer  # a module with the attributes of the contract
        self.vocab_size = vocab_size
        directions = 2 if layer.bidirectional else 1
        self.output = nn.Linear(directions * layer.hidden_size, vocab_size)

    def forward(self, X: Tensor, state: State = None) -> tuple[Tensor, State]:
        """Map tokens ``(T, B)`` to the next token's logits ``(T, B, vocab_size)`` and the state."""
        hidden, state = self.read(X, state)
        return self.output(hidden), state

    def read(self, X: Tensor, state: State = None) -> tuple[Tensor, State]:
        """Map tokens ``(T, B)`` to what the output layer reads, ``(T, B, H)``, and the state."""
        embedded = hasattr(self.layer, "embedding_size")
        hidden, state = self.layer(X if embedded else self.one_hot(X), state)
        return hidden, state

    def one_hot(self, X: Tensor) -> Tensor:
        """Vectors of tokens, ``(..., vocab_size)`` in the type of the weights and in no other."""
        zeros = self.output.weight.new_zeros(*X.shape, self.vocab_size)
        return zeros.scatter_(-1, X.long()[..., None], 1)

    @property
    def leaky(self) -> bool:
        """Whether predictions see the token to predict: a backward direction does."""
        return self.layer.bidirectional


def build(
    variant: str,
    vocab_size: int,
    hidden_size: int,
    generator: np.random.Generator,
    dtype: torch.dtype = torch.float32,
) -> LanguageModel:
    """Build the language model of ``variant`` with weights drawn from ``generator``.

    Raises:
        StudyError: there is no such variant.
    """
    module = names.load("variants", variant)
    model = LanguageModel(module.build(vocab_size, hidden_size), vocab_size).to(dtype)
    initial.draw(model.layer, hidden_size, module.initial, generator)
    initial.draw(model.output, model.output.in_features, module.initial, generator)
    return model


def detach(state: State) -> State:
    """Cut the graph behind ``state``, so that gradients stop at the start of the minibatch."""
    if isinstance(state, tuple):
        return tuple(part.detach() for part in state)
    return state if state is None else state.detach()
