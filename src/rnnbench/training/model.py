"""A language model: a recurrent layer, and the output layer over it."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from rnnbench.base import plugins, presets
from rnnbench.base.parameters import OPTIMISER
from rnnbench.training import initial

State = Tensor | tuple[Tensor, ...] | None


class LanguageModel(nn.Module):
    """Layers over one-hot tokens and a linear output layer (d2l chapter 8.5-8.6).

    ``optimiser`` moves the weights in training: plain descent, until another is chosen.

    A layer without a state reads up to ``window`` tokens at once. Of tokens that follow others it
    sees as many of those as fit before them: the last tokens read, ``(N, B, 1)``, are the state.
    """

    def __init__(self, layer: Any, vocab_size: int):
        super().__init__()
        self.layer: Any = layer  # a module with the attributes of the contract
        self.vocab_size = vocab_size
        self.window = 1 << 40
        self.optimiser: Any = plugins.load("optimisers", OPTIMISER).start()
        directions = 2 if layer.bidirectional else 1
        self.output = nn.Linear(directions * layer.hidden_size, vocab_size)

    def forward(self, X: Tensor, state: State = None) -> tuple[Tensor, State]:
        """Map tokens ``(T, B)`` to the next token's logits ``(T, B, vocab_size)`` and the state."""
        hidden, state = self.read(X, state)
        return self.output(hidden), state

    def last(self, X: Tensor, state: State = None) -> tuple[Tensor, State]:
        """Map tokens ``(T, B)`` to the logits after the last alone, ``(B, vocab_size)``."""
        hidden, state = self.read(X, state)
        return self.output(hidden[-1]), state

    def read(self, X: Tensor, state: State = None) -> tuple[Tensor, State]:
        """Map tokens ``(T, B)`` to what the output layer reads, ``(T, B, H)``, and the state."""
        if not self.remembers:
            return self.read_again(X, state)
        embedded = hasattr(self.layer, "embedding_size")
        hidden, state = self.layer(X if embedded else self.one_hot(X), state)
        return hidden, state

    def read_again(self, X: Tensor, state: Any) -> tuple[Tensor, State]:
        """As :meth:`read`, of a layer without a state."""
        hidden = []
        for part in X[..., None].split(self.window):
            state = (part if state is None else torch.cat([state, part]))[-self.window :]
            hidden.append(self.layer(self.one_hot(state[..., 0]), None)[0][-len(part) :])
        return torch.cat(hidden), state

    def one_hot(self, X: Tensor) -> Tensor:
        """Vectors of tokens, ``(..., vocab_size)`` in the type of the weights and in no other."""
        zeros = self.output.weight.new_zeros(*X.shape, self.vocab_size)
        return zeros.scatter_(-1, X.long()[..., None], 1)

    @property
    def remembers(self) -> bool:
        """Whether the layer has a state; torch.nn's have."""
        return getattr(self.layer, "parts", 1) > 0

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
    init_range: float = 0.0,
) -> LanguageModel:
    """Build the language model of ``variant`` with weights drawn from ``generator``.

    They are uniform in ±``init_range``; at 0 they are as the preset says.

    Raises:
        StudyError: there is no such variant.
    """
    model = LanguageModel(layer(variant, vocab_size, hidden_size), vocab_size).to(dtype)
    own = getattr(initial, presets.of(variant).initialisation)
    scheme = initial.within(init_range) if init_range else own
    initial.draw(model.layer, hidden_size, scheme, generator)
    initial.draw(model.output, model.output.in_features, scheme, generator)
    return model


def layer(variant: str, input_size: int, hidden_size: int) -> nn.Module:
    """The recurrent layers of ``variant`` as its own implementation trains them, not yet drawn."""
    model = presets.of(variant)
    layout = plugins.load("implementations", model.implementation).LAYOUT
    made: nn.Module = plugins.load("implementations", layout).build(model, input_size, hidden_size)
    return made


def detach(state: State) -> State:
    """Cut the graph behind ``state``, so that gradients stop at the start of the minibatch."""
    if isinstance(state, tuple):
        return tuple(part.detach() for part in state)
    return state if state is None else state.detach()
