"""The model that others are held against: scratch cells that read another layer's weights.

The parameters of the reference have the order and shapes of the other model's, so gradients can be
compared one by one; only how outputs are computed from them is the scratch cells' own.
"""

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.func import functional_call

from rnnbench.variants import LanguageModel, gru_scratch, lstm_scratch, rnn_scratch

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

    def forward(self, inputs: Tensor, state: tuple | None) -> tuple[Tensor, tuple]:
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


def rnn(cell: type) -> Callable:
    """Read a vanilla layer by ``cell``."""

    def read(weights: list[Tensor], inputs: Tensor, start: tuple | None) -> tuple[Tensor, tuple]:
        W_ih, W_hh, b_ih, b_hh = weights
        scratch = {"W_xh": W_ih.T, "W_hh": W_hh.T, "b_h": b_ih + b_hh}
        outputs, H = run(cell, scratch, inputs, start and start[0])
        return outputs, (H,)

    return read


def lstm(weights: list[Tensor], inputs: Tensor, start: tuple | None) -> tuple[Tensor, tuple]:
    """torch.nn stacks the gates in the order i, f, g, o; its g is the scratch cell's c."""
    W_ih, W_hh, b_ih, b_hh = weights
    scratch = {}
    for gate, W, U, b in zip("ifco", *(w.chunk(4) for w in (W_ih, W_hh, b_ih + b_hh)), strict=True):
        scratch |= {f"W_x{gate}": W.T, f"W_h{gate}": U.T, f"b_{gate}": b}
    return run(lstm_scratch.Layer, scratch, inputs, start)


def gru(weights: list[Tensor], inputs: Tensor, start: tuple | None) -> tuple[Tensor, tuple]:
    """torch.nn adds its second candidate bias inside the reset gate; the scratch cell has none.

    One more hidden unit that is 1 for ever stands in for it: its row of W_hn is that bias, and its
    own update gate is always open, so that it keeps its first value.
    """
    W_ih, W_hh, b_ih, b_hh = (w.chunk(3) for w in weights)
    scratch = {}
    for k, gate in enumerate("rzn"):
        inner = b_hh[k] if gate == "n" else torch.zeros_like(b_hh[k])
        outer = b_ih[k] if gate == "n" else b_ih[k] + b_hh[k]
        of_unit = outer.new_full((1,), ALWAYS_OPEN if gate == "z" else 0.0)
        scratch[f"W_x{gate}"] = nn.functional.pad(W_ih[k].T, (0, 1))
        scratch[f"W_h{gate}"] = nn.functional.pad(torch.cat([W_hh[k].T, inner[None]]), (0, 1))
        scratch[f"b_{gate}"] = torch.cat([outer, of_unit])
    zeros = inputs.new_zeros(inputs.shape[1], W_hh[0].shape[1])
    H = nn.functional.pad(zeros, (0, 1), value=1.0) if start is None else start[0]
    outputs, H = run(gru_scratch.Layer, scratch, inputs, H)
    return outputs[..., :-1], (H,)


def run(cell: type, weights: dict[str, Tensor], inputs: Tensor, state: Tensor | tuple | None):
    """Run a scratch cell with ``weights`` in the place of its parameters."""
    hidden_size = weights[next(name for name in weights if name.startswith("b_"))].shape[0]
    with torch.device("meta"):
        empty = cell(inputs.shape[-1], hidden_size)
    return functional_call(empty, weights, (inputs, state))


class Relu(rnn_scratch.Layer):
    """The scratch cell with rectified units."""

    activation = staticmethod(torch.relu)


WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
READERS = {  # mode of torch.nn -> how to read its weights, tensors in the state of one cell
    "RNN_TANH": (rnn(rnn_scratch.Layer), 1),
    "RNN_RELU": (rnn(Relu), 1),
    "GRU": (gru, 1),
    "LSTM": (lstm, 2),
}
