"""The native training step, in C++.

The model is that of torch.nn or of a cell's loop, with the same weights in the same places; only
the training step is not torch's. See ``native/step.cpp``. It reads in one direction: a model that
reads in two sees what it has to predict, so that studies train few. Biases of the hidden side that
need no gradient are left as they are, and are no part of the gradient norm.
"""

import ctypes
from collections.abc import Iterable
from typing import Any
from weakref import WeakKeyDictionary, finalize

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout

from rnnbench.base.errors import StudyError
from rnnbench.training import native, update
from rnnbench.training.engines.layouts import GATES, Stacked
from rnnbench.training.engines.scopes import MINIBATCH, scope
from rnnbench.training.implementations.torch_nn import Embedded
from rnnbench.training.model import LanguageModel, State
from rnnbench.training.native import NativeError

LAYOUT = "torch_nn"
LIMITS = {
    "work": ["training", "inference"],
    "cell": ["rnn", "rnn_relu", "gru", "lstm", "mingru", "minlstm", "indrnn"],
    "directions": [1],
    "device": ["cpu"],
    "dtype": ["float32"],
}


def missing() -> str | None:
    """Say why there is no native step here, or return None."""
    return native.missing()


class Workspace:
    """Native memory and threads for one model and minibatch shape; both end with this object.

    Raises:
        NativeError: the system has not as much memory, or starts not as many threads.
    """

    def __init__(self, model: LanguageModel, T: int, B: int, threads: int, biases: int):
        self.key = (T, B, threads, biases)
        self.library, layer = native.load(), recurrent(model)
        sizes_of_model = layer.num_layers, model.vocab_size, layer.hidden_size
        embedding_size = getattr(model.layer, "embedding_size", 0)
        of_layers = list(GATES).index(layer.mode), *sizes_of_model
        sizes = (ctypes.c_int32 * 9)(*of_layers, *self.key, embedding_size)
        self.handle = ctypes.c_void_p()
        failed = self.library.rnnbench_open(sizes, ctypes.byref(self.handle))
        if failed:
            expected = (f"memory for {T} x {B} tokens", f"{threads} threads")[failed - 1]
            raise NativeError(
                f"native step: expected {expected}, found that the system gives no more. Ask for "
                "fewer "
                "threads or a smaller batch_size or num_steps, or let the system give more."
            )
        finalize(self, self.library.rnnbench_close, self.handle)

    def step(
        self,
        model: LanguageModel,
        targets: Iterable[Tensor | None],
        X: Tensor,
        Y: Tensor,
        parts: list[Tensor | None],
        *rates: float,
    ) -> tuple[Tensor, list[Tensor]]:
        """Train on ``(T, B)``; return (loss, grad_norm) and the new parts of the state.

        ``targets`` are what is moved by the gradients.
        """
        ends = [X.new_empty(shape_of(model, X), dtype=torch.float32) for _ in parts]
        result, masks = torch.empty(2), drawn_masks(model, X)
        failed = self.library.rnnbench_step(
            self.handle,
            addresses(model.parameters()),
            addresses(targets),
            X.data_ptr(),
            Y.data_ptr(),
            None if masks is None else masks.data_ptr(),
            addresses(parts),
            addresses(ends),
            *rates,
            result.data_ptr(),
        )
        if failed:
            raise StudyError(
                f"tokens: expected 0 to {model.vocab_size - 1}, found "
                f"{min(int(X.min()), int(Y.min()))} to {max(int(X.max()), int(Y.max()))}. "
                "Encode the text with the vocabulary of the model."
            )
        return result, ends


WORKSPACES: WeakKeyDictionary[LanguageModel, Workspace] = WeakKeyDictionary()


@torch.no_grad()
def step(
    model: LanguageModel, X: Tensor, Y: Tensor, state: State, clip_norm: float, learning_rate: float
) -> tuple[Tensor, Tensor, State]:
    """Train on one minibatch, as :func:`rnnbench.training.update.step` does.

    Raises:
        StudyError: a tensor is not of the type, the shape or the place that the native step reads;
            a token is not of the vocabulary.
        NativeError: the native step is not built, or lacks memory or threads.
    """
    with scope(MINIBATCH):
        X, Y = X.contiguous(), Y.contiguous()
    layer = recurrent(model)
    is_lstm = layer.mode == "LSTM"
    parts = list(state) if isinstance(state, tuple) else [state] * (1 + is_lstm)
    parts = [part if part is None else part.contiguous() for part in parts]
    check(model, X, Y, parts)
    key = (*X.shape, torch.get_num_threads(), 1 + layer.bias_hh_l0.requires_grad)
    kept = WORKSPACES.get(model)
    if kept is None or kept.key != key:
        kept = WORKSPACES[model] = Workspace(model, *key)
    if model.optimiser.plain:
        result, ends = kept.step(model, model.parameters(), X, Y, parts, clip_norm, learning_rate)
    else:  # zeros are moved to the clipped gradients, and the weights by the optimiser
        result, ends = kept.step(model, no_gradients(model), X, Y, parts, clip_norm, -1.0)
        update.descend(model, learning_rate)
    return result[0], result[1], tuple(ends) if is_lstm else ends[0]


def recurrent(model: LanguageModel) -> Any:
    """The layers, which may stand over embeddings."""
    embeds = isinstance(model.layer, Embedded)
    return model.layer.get_submodule(model.layer.cell) if embeds else model.layer


def drawn_masks(model: LanguageModel, X: Tensor) -> Tensor | None:
    """What the outputs of layers are multiplied by, ``(num_layers, T, B, hidden_size)``.

    They are drawn as torch.nn draws them; None: nothing is dropped.
    """
    layer = recurrent(model)
    if not layer.dropout:
        return None
    ones = torch.ones(*X.shape, layer.hidden_size)
    return torch.stack([dropout(ones, layer.dropout) for _ in range(layer.num_layers)])


def no_gradients(model: LanguageModel) -> list[Tensor | None]:
    """Zeros as gradients of all that is trained, in memory that they keep."""
    for parameter in update.trained(model):
        kept = torch.empty_like(parameter) if parameter.grad is None else parameter.grad
        parameter.grad = kept.zero_()
    return [parameter.grad for parameter in model.parameters()]


def check(model: LanguageModel, X: Tensor, Y: Tensor, parts: list[Tensor | None]) -> None:
    """Raise StudyError unless the native step may read all of these."""
    layer = recurrent(model)
    known = isinstance(layer, nn.RNNBase | Stacked)
    if not known or layer.bidirectional or not layer.bias:
        raise StudyError(
            "native step: expected a one-directional torch.nn layer with biases, found "
            f"{layer}. Train it by update.step."
        )
    fixed = [name for name, p in model.named_parameters() if not p.requires_grad]
    hidden = [f"bias_hh_l{depth}" for depth in range(layer.num_layers)]
    if fixed and [name.rpartition(".")[2] for name in fixed] != hidden:
        raise StudyError(
            "native step: expected to train all weights, or all but the biases of the hidden side, "
            f"found {', '.join(fixed)} without a gradient. Train it by update.step."
        )
    expect("weights", model.parameters(), torch.float32)
    expect("tokens", [X, Y], torch.int64)
    expect("state", [part for part in parts if part is not None], torch.float32)
    shapes = [tuple(part.shape) for part in parts if part is not None]
    expected = shape_of(model, X)
    if X.ndim != 2 or X.shape != Y.shape or any(shape != expected for shape in shapes):
        raise StudyError(
            "native step: expected tokens and labels (T, B) and states (num_layers, B, "
            "hidden_size), "
            f"found {tuple(X.shape)}, {tuple(Y.shape)} and {shapes}. Check the sampler."
        )


def expect(what: str, tensors: Iterable[Tensor], dtype: torch.dtype) -> None:
    """Raise StudyError unless all tensors are of ``dtype``, on the CPU and contiguous."""
    for tensor in tensors:
        if tensor.dtype != dtype or tensor.device.type != "cpu" or not tensor.is_contiguous():
            layout = "contiguous" if tensor.is_contiguous() else "strided"
            raise StudyError(
                f"native step: expected {what} of {dtype}, on the cpu, contiguous, found "
                f"{tensor.dtype}, on the {tensor.device.type}, {layout}. Train it by update.step."
            )


def shape_of(model: LanguageModel, X: Tensor) -> tuple[int, int, int]:
    """Shape of one part of the state, (num_layers, B, hidden_size)."""
    return model.layer.num_layers, X.shape[-1], model.layer.hidden_size


def addresses(tensors: Iterable[Tensor | None]) -> ctypes.Array[ctypes.c_void_p]:
    """Pointers to the values of tensors; None is the null pointer."""
    found = [None if tensor is None else tensor.data_ptr() for tensor in tensors]
    return (ctypes.c_void_p * len(found))(*found)
