"""The model that others are held against: cells' loops that read another layer's weights.

The parameters of the reference have the order and shapes of the other model's, so gradients can be
compared one by one; only how outputs are computed from them is the cells' loops' own. Each is
loaded when a model of its kind is read: a run of one kind does not hang on the other two.
"""

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from rnnbench.base import plugins
from rnnbench.training.engines import layouts
from rnnbench.training.model import LanguageModel

Parts = tuple[Tensor, ...]  # of a state
Reader = Callable[[list[Tensor], Tensor, Parts | None], tuple[Tensor, Parts]]
ALWAYS_OPEN = 40.0  # sigmoid(40) is 1 in float32 and in float64


def of(model: LanguageModel) -> LanguageModel:
    """Return ``model`` in float64 on the CPU, computed by cells' loops."""
    reference = copy.deepcopy(model).double().cpu()
    layer: Any = reference.layer
    if isinstance(layer, nn.RNNBase):
        reference.layer = Cells(layer)
    elif hasattr(layer, "embedding_size"):
        layer.add_module(layer.cell, Cells(layer.get_submodule(layer.cell)))
    return reference


class Cells(nn.Module):
    """The layers and directions of a torch.nn layer, each read by a loop.

    The state is a tuple of the cells' own states, in order of layers and directions.
    """

    def __init__(self, layer: nn.RNNBase):
        super().__init__()
        self.library = layer
        self.hidden_size, self.num_layers = layer.hidden_size, layer.num_layers
        self.bidirectional = layer.bidirectional

    def forward(self, inputs: Tensor, state: Parts | None) -> tuple[Tensor, Parts]:
        """Map inputs ``(T, B, input_size)`` to outputs as torch.nn does, and to the state."""
        read, per_cell = READERS[self.library.mode]
        ends: list[Tensor] = []
        for depth in range(self.num_layers):
            outputs = []
            for suffix in self._directions():
                names = (f"{kind}_l{depth}{suffix}" for kind in layouts.WEIGHTS)
                weights = [getattr(self.library, name) for name in names]
                start = state and state[len(ends) : len(ends) + per_cell]
                turned = inputs.flip(0) if suffix else inputs
                out, end = read(weights, turned, start)
                outputs.append(out.flip(0) if suffix else out)
                ends.extend(end)
            inputs = torch.cat(outputs, dim=-1)
        return inputs, tuple(ends)

    def _directions(self) -> list[str]:
        return ["", "_reverse"] if self.bidirectional else [""]


def rnn(mode: str, name: str) -> Reader:
    """Read a vanilla layer by the loop of this name."""

    def read(weights: list[Tensor], inputs: Tensor, start: Parts | None) -> tuple[Tensor, Parts]:
        W_ih, W_hh, b_ih, b_hh = weights
        scratch = layouts.of_scratch(mode, W_ih, W_hh, b_ih + b_hh)
        cell = empty(name, scratch, inputs)
        outputs, H = functional_call(cell, scratch, (inputs, start and start[0]))
        return outputs, (H,)

    return read


def lstm(weights: list[Tensor], inputs: Tensor, start: Parts | None) -> tuple[Tensor, Parts]:
    """torch.nn's gate g is the loop's c; only the sum of its biases matters."""
    W_ih, W_hh, b_ih, b_hh = weights
    scratch = layouts.of_scratch("LSTM", W_ih, W_hh, b_ih + b_hh)
    return functional_call(empty("lstm", scratch, inputs), scratch, (inputs, start))


def gru(weights: list[Tensor], inputs: Tensor, start: Parts | None) -> tuple[Tensor, Parts]:
    """torch.nn adds its second candidate bias inside the reset gate; the loop has none.

    One more hidden unit that is 1 for ever stands in for it: its row of W_hn is that bias, and its
    own update gate is always open, so that it keeps its first value.
    """
    W_ih, W_hh, b_ih, b_hh = weights
    *gates, inner = b_hh.chunk(3)
    none = torch.zeros_like(inner)
    scratch = layouts.of_scratch("GRU", W_ih, W_hh, b_ih + torch.cat([*gates, none]))
    for name, weight in scratch.items():
        if name.startswith("W_h"):
            weight = torch.cat([weight, (inner if name == "W_hn" else none)[None]])
        of_unit = ALWAYS_OPEN if name == "b_z" else 0.0
        scratch[name] = nn.functional.pad(weight, (0, 1), value=of_unit)
    zeros = inputs.new_zeros(inputs.shape[1], W_hh.shape[1])
    H = nn.functional.pad(zeros, (0, 1), value=1.0) if start is None else start[0]
    outputs, H = functional_call(empty("gru", scratch, inputs), scratch, (inputs, H))
    return outputs[..., :-1], (H,)


def empty(name: str, weights: dict[str, Tensor], inputs: Tensor) -> Any:
    """A loop without numbers: ``weights`` are to take the place of its parameters."""
    hidden_size = weights[next(n for n in weights if n.startswith("b_"))].shape[0]
    with torch.device("meta"):
        return plugins.load("cells", name).Layer(inputs.shape[-1], hidden_size)


READERS = {  # mode of torch.nn -> how to read its weights, tensors in the state of one cell
    "RNN_TANH": (rnn("RNN_TANH", "rnn"), 1),
    "RNN_RELU": (rnn("RNN_RELU", "rnn_relu"), 1),
    "GRU": (gru, 1),
    "LSTM": (lstm, 2),
}
