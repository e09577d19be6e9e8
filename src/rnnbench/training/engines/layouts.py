"""One recurrent layer, two layouts of its weights: that of cells' loops and that of torch.nn.

For each gate a loop has ``W_x`` ``(I, H)``, ``W_h`` ``(H, H)`` and one bias ``b`` ``(H,)``.
torch.nn stacks the transposed matrices of all gates, ``weight_ih`` ``(G H, I)`` and ``weight_hh``
``(G H, H)``, and has two biases ``(G H,)``. Where the gates do not read the state, ``weight_hh`` is
empty; where each unit reads its own state alone, ``W_hh`` and ``weight_hh`` are ``(H,)``.
"""

from typing import Any

import torch
from torch import Tensor, nn

from rnnbench.base.errors import StudyError
from rnnbench.training.model import LanguageModel

# Gates by mode, which is what torch.nn calls a cell, in its order. The native step has cells that
# torch.nn lacks; the place of a mode is that of its row of KINDS in native/cells.h.
GATES = {
    **{"RNN_TANH": "h", "RNN_RELU": "h", "GRU": "rzn", "LSTM": "ifco"},
    **{"MINGRU": "hz", "MINLSTM": "hif", "INDRNN": "h"},
}
WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def of_scratch(mode: str, weight_ih: Tensor, weight_hh: Tensor, bias: Tensor) -> dict[str, Tensor]:
    """Views of one layer's weights in torch.nn's layout, by the names that the loop has."""
    gates, views = GATES[mode], dict[str, Tensor]()
    for kind, weight in (("W_x", weight_ih), ("W_h", weight_hh), ("b_", bias)):
        for gate, part in zip(gates, weight.chunk(len(gates)), strict=True):
            if part.numel():
                views[kind + gate] = part.T if part.ndim == 2 else part
    return views


def stacked(cell: Any) -> list[Tensor]:
    """The weights of a cell's loop as torch.nn has them, in memory of their own.

    Its second bias, which the loop lacks, is zero.
    """
    own = {name: weight.detach() for name, weight in cell.named_parameters()}
    nothing = next(iter(own.values())).new_empty(0)

    def gates(kind: str) -> Tensor:
        parts = [own.get(kind + gate, nothing) for gate in GATES[cell.mode]]
        return torch.cat([part.T if part.ndim == 2 else part for part in parts])

    return [gates("W_x"), gates("W_h"), gates("b_"), torch.zeros_like(gates("b_"))]


class Stacked(nn.Module):
    """Loops of a cell that torch.nn lacks, and their weights in its layout."""

    bidirectional, bias, dropout = False, True, 0.0

    def __init__(self, layer: Any):
        super().__init__()
        self.loops = (layer,)  # in a tuple, for its parameters are views of these
        self.num_layers, self.hidden_size = layer.num_layers, layer.hidden_size
        for depth, cell in enumerate(loops(layer)):
            self.mode = cell.mode
            for kind, weight in zip(WEIGHTS, stacked(cell), strict=True):
                self.register_parameter(f"{kind}_l{depth}", nn.Parameter(weight))

    def forward(self, inputs: Tensor, state: Any) -> Any:
        return self.loops[0](inputs, state)


def loops(layer: Any) -> list[Any]:
    """The cells of layers that are loops, from the lowest on.

    Raises:
        StudyError: neither torch.nn nor the native step has them in one direction.
    """
    cells = list(getattr(layer, "layers", [layer]))
    if isinstance(layer, nn.RNNBase) or not all(hasattr(cell, "mode") for cell in cells):
        raise StudyError(f"expected cells of {', '.join(GATES)} in one direction, found {layer}")
    return cells


def library(model: LanguageModel) -> LanguageModel:
    """Return ``model`` as torch.nn has it, in the same memory: what trains one trains the other.

    The weights of loops move into a layer of their ``library``, or into one that torch.nn might
    have; the parameters of the loops become views of them. torch.nn's second bias, which the cell
    lacks, is zero and needs no gradient: were both trained, their sum would move twice as fast, and
    their gradients would count twice in the norm.

    Raises:
        StudyError: neither torch.nn nor the native step has such layers in one direction.
    """
    layer, like = model.layer, model.output.weight
    if isinstance(layer, nn.RNNBase) and not layer.bidirectional:
        return model
    cells = loops(layer)
    if of_torch := getattr(cells[0], "library", None):
        made = of_torch(model.vocab_size, layer.hidden_size, len(cells)).to(like.device, like.dtype)
    else:
        made = Stacked(layer)
    for depth, cell in enumerate(cells):
        weights = [getattr(made, f"{kind}_l{depth}") for kind in WEIGHTS]
        for weight, value in zip(weights, stacked(cell), strict=True):
            weight.data.copy_(value)
        for name, view in of_scratch(cell.mode, *(w.detach() for w in weights[:3])).items():
            cell.get_parameter(name).data = view
        weights[-1].requires_grad_(False)
    same = LanguageModel(made, model.vocab_size)
    same.output = model.output
    return same
