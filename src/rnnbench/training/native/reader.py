"""Reading and writing with a trained model in C++, where that computes what the model does.

A reader holds the weights as they were when it was made. Its choice of tokens and its random
numbers are those of :mod:`rnnbench.writing.decoders`; its logits are the model's up to the rounding
of float32. See ``infer.cpp``.
"""

import ctypes
import logging
from typing import Any
from weakref import finalize

import numpy as np
import torch
from torch import Tensor, nn

from rnnbench.base.errors import StudyError, UserError
from rnnbench.training import native
from rnnbench.training.engines import agreement, layouts, reference
from rnnbench.training.engines.tolerances import OWN, TOLERANCES
from rnnbench.training.model import LanguageModel
from rnnbench.training.native import NativeError

HELD_AGAINST = 8, 3  # steps and texts that a reader is held against the cells' loops on
USED: dict[str, None] = {}  # who has read in this process, in words

log = logging.getLogger(__name__)


class Reader:
    """Reads tokens as ``model`` does, whose call it has; a state is one tensor.

    Raises:
        StudyError: a layer that it cannot read.
        NativeError: the native library is not built, or the system has not as much memory.
    """

    def __init__(self, model: LanguageModel):
        self.vocab_size, self.output = model.vocab_size, model.output
        mode, embedding_size, weights = weights_of(model)
        layers, hidden_size = model.layer.num_layers, model.layer.hidden_size
        self.shape = 1 + (mode == "LSTM"), layers, hidden_size
        cell = list(layouts.GATES).index(mode)
        sizes = cell, layers, self.vocab_size, hidden_size, embedding_size
        self.library, self.handle = native.load(), ctypes.c_void_p()
        packed = (ctypes.c_int32 * len(sizes))(*sizes)
        kept = [weight.detach().contiguous() for weight in weights]
        pointer = ctypes.byref(self.handle)
        places = (ctypes.c_void_p * len(kept))(*(weight.data_ptr() for weight in kept))
        told(self.library.rnnbench_open_reader(packed, places, pointer))
        finalize(self, self.library.rnnbench_close_reader, self.handle)

    def __call__(self, X: Tensor, state: Any = None) -> tuple[Tensor, Tensor]:
        """Map tokens ``(T, B)`` to logits ``(T, B, vocab_size)`` and the state."""
        return self._read(X, state, len(X))

    def last(self, X: Tensor, state: Any = None) -> tuple[Tensor, Tensor]:
        """As :meth:`rnnbench.training.model.LanguageModel.last`."""
        logits, state = self._read(X, state, 1)
        return logits[0], state

    def _read(self, X: Tensor, state: Any, count: int) -> tuple[Tensor, Tensor]:
        (T, B), (parts, layers, hidden_size) = X.shape, self.shape
        X = X.long().contiguous()
        logits = torch.empty(count, B, self.vocab_size)
        end = torch.empty(parts, layers, B, hidden_size)
        before = None if state is None else state.data_ptr()
        places = end.data_ptr(), count, logits.data_ptr()
        told(self.library.rnnbench_read(self.handle, T, B, X.data_ptr(), before, *places), X)
        return logits, end

    def write(
        self, logits: np.ndarray, state: Tensor, alpha: float, k: int, uniforms: np.ndarray
    ) -> np.ndarray:
        """Choose tokens after ``logits`` ``(B, V)``, one for each of ``uniforms`` ``(N, B)``."""
        written, logits = np.empty(uniforms.shape, np.int64), np.ascontiguousarray(logits)
        before = *uniforms.shape, logits.ctypes.data, state.data_ptr(), alpha, k
        numbers = uniforms.ctypes.data, written.ctypes.data
        told(self.library.rnnbench_write(self.handle, *before, *numbers))
        return written


def told(failed: int, X: Tensor | None = None) -> None:
    """Say in words what a function of the native library found amiss, if it did."""
    if failed == 2 and X is not None:
        raise StudyError(
            f"tokens: expected those of the vocabulary, found {int(X.min())} to {int(X.max())}. "
            "Encode the text with the vocabulary of the model."
        )
    if failed:
        raise NativeError("native reader: expected memory for it, found that there is no more.")


def weights_of(model: LanguageModel) -> tuple[str, int, list[Tensor]]:
    """The mode of the layers, the size of embeddings, and the weights in the reader's order."""
    layer, weights = model.layer, list[Tensor]()
    embedding_size = getattr(layer, "embedding_size", 0)
    if embedding_size:
        weights.append(layer.table)
        layer = layer.get_submodule(layer.cell)
    if isinstance(layer, nn.RNNBase) and layer.bias:
        mode = layer.mode
        weights += layer.parameters()
    else:
        cells = layouts.loops(layer)
        mode = cells[0].mode
        weights += [weight for cell in cells for weight in layouts.stacked(cell)]
    return mode, embedding_size, [*weights, model.output.weight, model.output.bias]


def fastest(model: LanguageModel) -> LanguageModel | Reader:
    """A native reader of a model, or the model itself where there is none or it differs."""
    found: LanguageModel | Reader = model
    try:
        found, who = checked(model), "model read natively"
    except UserError as error:
        who = f"model read by torch: {error}"
    log.info(who)
    USED[who] = None
    return found


@torch.no_grad()
def checked(model: LanguageModel) -> Reader:
    """A native reader of a model, whose logits are those of the cells' loops.

    Raises:
        UserError: why there is none, or must be none.
    """
    weight = model.output.weight
    if model.leaky or (weight.device.type, weight.dtype) != ("cpu", torch.float32):
        raise StudyError("native reader: expected one direction, on the cpu, in float32")
    made = Reader(model)
    X = torch.arange(HELD_AGAINST[0] * HELD_AGAINST[1]).view(HELD_AGAINST) % model.vocab_size
    expected = reference.of(model)(X)[0]
    found, own = (agreement.deviation(one(X)[0], expected) for one in (made, model))
    if not found <= (bound := max(TOLERANCES["float32"]["logits"], OWN * own)):
        raise StudyError(f"native reader: logits off by {found:.1e}, allowed {bound:.0e}")
    return made
