"""One recurrent layer, two layouts of its weights: the scratch cells' and that of torch.nn.

For each gate a scratch cell has ``W_x`` ``(I, H)``, ``W_h`` ``(H, H)`` and one bias ``b`` ``(H,)``.
torch.nn stacks the transposed matrices of all gates, ``weight_ih`` ``(G H, I)`` and ``weight_hh``
``(G H, H)``, and has two biases ``(G H,)``.
"""

from typing import Any

from torch import Tensor, nn

from rnnbench.base.errors import StudyError
from rnnbench.training.model import LanguageModel

GATES = {"RNN_TANH": "h", "RNN_RELU": "h", "GRU": "rzn", "LSTM": "ifco"}  # in torch.nn's order


def of_scratch(mode: str, weight_ih: Tensor, weight_hh: Tensor, bias: Tensor) -> dict[str, Tensor]:
    """Views of one layer's weights in torch.nn's layout, by the names the scratch cell has."""
    gates, views = GATES[mode], dict[str, Tensor]()
    parts = (stacked.chunk(len(gates)) for stacked in (weight_ih, weight_hh, bias))
    for gate, W, U, b in zip(gates, *parts, strict=True):
        views |= {f"W_x{gate}": W.T, f"W_h{gate}": U.T, f"b_{gate}": b}
    return views


def library(model: LanguageModel) -> LanguageModel:
    """Return ``model`` as torch.nn has it, in the same memory: what trains one trains the other.

    The weights of a scratch cell move into a layer of its ``library``; the parameters of the cell
    become views of them. torch.nn's second bias, which the cell lacks, is zero and needs no
    gradient: were both trained, their sum would move twice as fast, and their gradients would
    count twice in the norm.

    Raises:
        StudyError: no layer of torch.nn with one direction is of this architecture.
    """
    layer: Any = model.layer
    like = model.output.weight
    if isinstance(layer, nn.RNNBase) and not layer.bidirectional:
        return model
    if not hasattr(layer, "library"):
        raise StudyError(f"expected a layer that torch.nn has in one direction, found {layer}")
    stacked = layer.library(model.vocab_size, layer.hidden_size).to(like.device, like.dtype)
    weights = stacked.weight_ih_l0, stacked.weight_hh_l0, stacked.bias_ih_l0
    views = of_scratch(stacked.mode, *(weight.detach() for weight in weights))
    for name, parameter in layer.named_parameters():
        views[name].copy_(parameter.detach())
        parameter.data = views[name]
    nn.init.zeros_(stacked.bias_hh_l0).requires_grad_(False)
    same = LanguageModel(stacked, model.vocab_size)
    same.output = model.output
    return same
