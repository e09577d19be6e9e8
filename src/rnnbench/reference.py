"""The model that others are held against: scratch cells that read another layer's weights.

The parameters of the reference have the order and shapes of the other model's, so gradients can be
compared one by one; only how outputs are computed from them is the scratch cells' own.
"""

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from rnnbench import layouts
from rnnbench.variants import LanguageModel, gru_scratch, lstm_scratch, rnn_scratch

Parts = tuple[Tensor, ...]  # of a state
Reader = Callable[[list[Tensor], Tensor, Parts | None], tuple[Tensor, Parts]]
ALWAYS_OPEN = 40.0  # sigmoid(40) is 1 in float32 and in float64


def of(model: LanguageModel) -> LanguageModel:
    """Return ``model`` in float64 on the CPU, computed by scratch cells."""
    reference = copy.deepcopy(model).double().cpu()
    if isinstance(reference.layer, nn.RNNBase):
        reference.layer = Cells(reference.layer)
    return reference


class Cells(nn.Module):
    """The layers and directions of a torch.nn layer, each read by a scratch cell.

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
                weights = [getattr(self.library, f"{k}_l{depth}{suffix}") for k in WEIGHTS]
                start = state and state[len(ends) : len(ends) + per_cell]
                turned = inputs.flip(0) if suffix else inputs
                out, end = read(weights, turned, start)
                outputs.append(out.flip(0) if suffix else out)
                ends.extend(end)
            inputs = torch.cat(outputs, dim=-1)
        return inputs, tuple(ends)

    def _directions(self) -> list[str]:
        return ["", "_reverse"] if self.bidirectional else [""]


def rnn(cell: type[nn.Module], mode: str) -> Reader:
    """Read a vanilla layer by ``cell``."""

    def read(weights: list[Tensor], inputs: Tensor, start: Parts | None) -> tuple[Tensor, Parts]:
        W_ih, W_hh, b_ih, b_hh = weights
        scratch = layouts.of_scratch(mode, W_ih, W_hh, b_ih + b_hh)
        outputs, H = run(cell, scratch, inputs, start and start[0])
        return outputs, (H,)

    return read


def lstm(weights: list[Tensor], inputs: Tensor, start: Parts | None) -> tuple[Tensor, Parts]:
    """torch.nn's gate g is the scratch cell's c; only the sum of its biases matters."""
    W_ih, W_hh, b_ih, b_hh = weights
    scratch = layouts.of_scratch("LSTM", W_ih, W_hh, b_ih + b_hh)
    return run(lstm_scratch.Layer, scratch, inputs, start)


def gru(weights: list[Tensor], inputs: Tensor, start: Parts | None) -> tuple[Tensor, Parts]:
    """torch.nn adds its second candidate bias inside the reset gate; the scratch cell has none.

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
    outputs, H = run(gru_scratch.Layer, scratch, inputs, H)
    return outputs[..., :-1], (H,)


def run(
    cell: type[nn.Module], weights: dict[str, Tensor], inputs: Tensor, state: Tensor | Parts | None
) -> tuple[Tensor, Any]:
    """Run a scratch cell with ``weights`` in the place of its parameters."""
    hidden_size = weights[next(name for name in weights if name.startswith("b_"))].shape[0]
    with torch.device("meta"):
        empty = cell(inputs.shape[-1], hidden_size)
    return functional_call(empty, weights, (inputs, state))


class Relu(rnn_scratch.Layer):
    """The scratch cell with rectified units."""

    activation: Any = staticmethod(torch.relu)


WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
READERS = {  # mode of torch.nn -> how to read its weights, tensors in the state of one cell
    "RNN_TANH": (rnn(rnn_scratch.Layer, "RNN_TANH"), 1),
    "RNN_RELU": (rnn(Relu, "RNN_RELU"), 1),
    "GRU": (gru, 1),
    "LSTM": (lstm, 2),
}
