"""Backpropagation through time written out (d2l chapter 9.7).

Against the loop of autograd this saves: the product with one-hot inputs (a row of the weights is
gathered), a product of inputs per step (hoisted out of the loop), new memory (buffers are kept from
step to step) and a weight-gradient product per step (one for all). Nothing waits for the device.

A cell brings a ``Loop``, the recurrence of one layer:

* ``Loop(T, B, weight_hh, bias_hh)`` allocates its buffers: ``pre``, ``(T, B, G H)``, for the
  inputs' share of the gates, and ``carried``, for each part of the state the values
  ``(T + 1, B, H)`` before the first step and after each.
* ``bias(bias_ih, bias_hh)``: what is added to ``pre`` outside the loop.
* ``forward()`` fills ``carried`` from its first values and ``pre``, which it may overwrite.
* ``backward(dH)`` takes the gradients of the outputs, ``(T, B, H)``, adds those that come through
  time, and returns the gradients at the input and at the hidden side of the gates, ``(T, B, G H)``.
"""

from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn
from torch.nn.functional import nll_loss

from rnnbench.training import update
from rnnbench.training.engines.layouts import WEIGHTS
from rnnbench.training.engines.scopes import INPUT, LOSS, MINIBATCH, OUTPUT, RECURRENCE, scope
from rnnbench.training.implementations import _manual_gru, _manual_lstm, _manual_rnn
from rnnbench.training.model import LanguageModel, State

LAYOUT = "torch_nn"
LIMITS = {
    "cell": ["rnn", "gru", "lstm"],
    "directions": [1],
    "embedding_size": [0],
    "dropout": [0],
}
LOOPS: dict[str, Any] = {  # mode of torch.nn -> the recurrence of a layer
    "RNN_TANH": _manual_rnn.Loop,
    "GRU": _manual_gru.Loop,
    "LSTM": _manual_lstm.Loop,
}


class Workspace:
    """Buffers and gradients of a model for minibatches ``(T, B)``, kept between steps."""

    def __init__(self, model: LanguageModel, T: int, B: int):
        layer, like = model.layer, model.output.weight
        self.key = (T, B, like.dtype, like.device)
        self.grads = [torch.empty_like(p) for p in model.parameters()]
        hidden = [self._weights(layer, depth) for depth in range(layer.num_layers)]
        self.loops = [LOOPS[layer.mode](T, B, W_hh, b_hh) for _, W_hh, _, b_hh in hidden]
        self.one_hot = like.new_empty(T * B, model.vocab_size)
        self.logits, self.log_p = like.new_empty(2, T * B, model.vocab_size)
        self.dH = like.new_empty(T, B, layer.hidden_size)

    @staticmethod
    def _weights(layer: nn.Module, depth: int) -> list[Tensor]:
        return [getattr(layer, f"{kind}_l{depth}").detach() for kind in WEIGHTS]

    def start(self, state: State) -> None:
        """Put a state ``(num_layers, B, H)``, or zeros, before the first step."""
        parts = state if isinstance(state, tuple) else (state,) * len(self.loops[0].carried)
        for depth, loop in enumerate(self.loops):
            for values, part in zip(loop.carried, parts, strict=True):
                values[0] = 0 if part is None else part[depth]

    def end(self) -> State:
        """Return the state after the last step in memory of its own."""
        ends = zip(*([values[-1] for values in loop.carried] for loop in self.loops), strict=True)
        parts = tuple(torch.stack(layers) for layers in ends)
        return parts if len(parts) > 1 else parts[0]

    def forward(self, model: LanguageModel, x: Tensor, y: Tensor) -> Tensor:
        """Return the mean loss of tokens ``(T B,)``; log-probabilities are left in ``log_p``."""
        for depth, loop in enumerate(self.loops):
            with scope(INPUT):
                self._project(model, depth, x)
            with scope(RECURRENCE):
                loop.forward()
        with scope(OUTPUT):
            top = self._outputs(-1)
            torch.addmm(model.output.bias, top, model.output.weight.T, out=self.logits)
        with scope(LOSS):
            torch.log_softmax(self.logits, 1, out=self.log_p)
            return nll_loss(self.log_p, y)

    def _project(self, model: LanguageModel, depth: int, x: Tensor) -> None:
        """Put the inputs' share of the gates of a layer in its place."""
        W_ih, _, b_ih, b_hh = self._weights(model.layer, depth)
        loop = self.loops[depth]
        bias, pre = loop.bias(b_ih, b_hh), loop.pre.flatten(0, 1)
        if depth == 0:
            torch.index_select(W_ih.T + bias, 0, x, out=pre)
        else:
            torch.addmm(bias, self._outputs(depth - 1), W_ih.T, out=pre)

    def _outputs(self, depth: int) -> Tensor:
        """Outputs of a layer, ``(T B, H)``."""
        outputs: Tensor = self.loops[depth].carried[0][1:]
        return outputs.flatten(0, 1)

    def backward(self, model: LanguageModel, x: Tensor, y: Tensor) -> None:
        """Leave all gradients in ``grads``, in the order of the model's parameters."""
        *of_layers, dW_out, db_out = self.grads
        with scope(LOSS):
            d_logits = torch.exp(self.log_p, out=self.logits)
            d_logits.scatter_add_(1, y[:, None], d_logits.new_full((1, 1), -1.0).expand(len(y), 1))
            d_logits.div_(len(y))
        with scope(OUTPUT):
            torch.mm(d_logits.T, self._outputs(-1), out=dW_out)
            torch.sum(d_logits, 0, out=db_out)
            torch.mm(d_logits, model.output.weight, out=self.dH.flatten(0, 1))
        for depth in reversed(range(len(self.loops))):
            grads = of_layers[4 * depth : 4 * depth + 4]
            self._backward_layer(model, depth, x, grads)

    def _backward_layer(
        self, model: LanguageModel, depth: int, x: Tensor, grads: list[Tensor]
    ) -> None:
        loop, (dW_ih, dW_hh, db_ih, db_hh) = self.loops[depth], grads
        with scope(RECURRENCE):
            d_inputs, d_hidden = (d.flatten(0, 1) for d in loop.backward(self.dH))
            torch.mm(d_hidden.T, loop.carried[0][:-1].flatten(0, 1), out=dW_hh)
            torch.sum(d_hidden, 0, out=db_hh)
        with scope(INPUT):
            torch.sum(d_inputs, 0, out=db_ih)
            if depth == 0:  # a product of few columns is faster than adding row by row
                self.one_hot.zero_().scatter_(1, x[:, None], 1.0)
                torch.mm(d_inputs.T, self.one_hot, out=dW_ih)
            else:
                torch.mm(d_inputs.T, self._outputs(depth - 1), out=dW_ih)
                W_ih, *_ = self._weights(model.layer, depth)
                torch.mm(d_inputs, W_ih, out=self.dH.flatten(0, 1))


WORKSPACES: WeakKeyDictionary[LanguageModel, Workspace] = WeakKeyDictionary()


def workspace(model: LanguageModel, T: int, B: int) -> Workspace:
    """Return the buffers of ``model``, made anew where the sizes have changed."""
    kept, like = WORKSPACES.get(model), model.output.weight
    if kept is None or kept.key != (T, B, like.dtype, like.device):
        kept = WORKSPACES[model] = Workspace(model, T, B)
    return kept


@torch.no_grad()
def step(
    model: LanguageModel, X: Tensor, Y: Tensor, state: State, clip_norm: float, learning_rate: float
) -> tuple[Tensor, Tensor, State]:
    """Train on one minibatch, as :func:`rnnbench.training.update.step` does."""
    with scope(MINIBATCH):
        kept, x, y = workspace(model, *X.shape), X.flatten(), Y.flatten()
    with scope(RECURRENCE):
        kept.start(state)
    loss = kept.forward(model, x, y)
    kept.backward(model, x, y)
    for parameter, grad in zip(model.parameters(), kept.grads, strict=True):
        parameter.grad = grad if parameter.requires_grad else None
    grad_norm = update.clip_gradients(model, clip_norm)
    update.descend(model, learning_rate)
    with scope(RECURRENCE):
        return loss, grad_norm, kept.end()
