"""Whole training steps of the cell's loop as CUDA graphs: one launch replays them.

A step of the loop is some hundreds of short kernels, which the host launches more slowly
than the GPU runs them. Forward pass, backward pass, clipping and update are recorded once per
minibatch shape, on memory that stays where it is; a step copies its minibatch and state there and
replays the record.
"""

from collections.abc import Callable
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from rnnbench.training import update
from rnnbench.training.engines.scopes import GRAPH, MINIBATCH, RECURRENCE, scope
from rnnbench.training.model import LanguageModel, State

LAYOUT = "loop"
LIMITS = {
    "num_layers": [1],
    "directions": [1],
    "embedding_size": [0],
    "device": ["cuda"],
    "optimiser": ["sgd"],  # others count their steps on the host
    "schedule": ["constant", "decay"],  # each rate is recorded anew
}
WARM_UP_STEPS = 3  # libraries choose kernels and allocate; that must not happen while recording


def record(work: Callable[[], None]) -> Callable[[], None]:
    """Run ``work`` some times beside the current stream, record it, return what replays it."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(WARM_UP_STEPS):
            work()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        work()
    return graph.replay


class Recording:
    """A recorded step of one model for minibatches of one shape, and the memory it works on.

    Args:
        model: whose weights the step changes in place; they come out as they went in.
        X, Y: of the shape to record.
        parts: tensors in a state of the layer.
        rates: clipping threshold and learning rate, which the record keeps.
    """

    def __init__(
        self, model: LanguageModel, X: Tensor, Y: Tensor, parts: int, rates: tuple[float, float]
    ):
        like = model.output.weight
        self.X, self.Y = X.clone(), Y.clone()
        sizes = (X.shape[1], model.layer.hidden_size)
        self.state = [like.new_zeros(sizes) for _ in range(parts)]
        before = [parameter.detach().clone() for parameter in model.parameters()]
        self.replay = record(lambda: self._work(model, rates))
        with torch.no_grad():
            for parameter, weight in zip(model.parameters(), before, strict=True):
                parameter.copy_(weight)

    def _work(self, model: LanguageModel, rates: tuple[float, float]) -> None:
        """A plain training step from and to the memory of this object."""
        state: State = tuple(self.state) if len(self.state) > 1 else self.state[0]
        loss, grad_norm, state = update.step(model, self.X, self.Y, state, *rates)
        assert state is not None  # it comes out of a step
        ends = state if isinstance(state, tuple) else (state,)
        self.results = [loss, grad_norm, *(end.detach() for end in ends)]

    def step(self, X: Tensor, Y: Tensor, state: State) -> list[Tensor]:
        """Replay on one minibatch; return loss, norm and parts of the state, in own memory."""
        with scope(MINIBATCH):
            self.X.copy_(X)
            self.Y.copy_(Y)
        given = state if isinstance(state, tuple) else (state,) * len(self.state)
        with scope(RECURRENCE):
            for place, part in zip(self.state, given, strict=True):
                place.zero_() if part is None else place.copy_(part)
        with scope(GRAPH):
            self.replay()
            return [result.clone() for result in self.results]


RECORDINGS: WeakKeyDictionary[LanguageModel, tuple[tuple[float, ...], Recording]] = (
    WeakKeyDictionary()
)


def step(
    model: LanguageModel, X: Tensor, Y: Tensor, state: State, clip_norm: float, learning_rate: float
) -> tuple[Tensor, Tensor, State]:
    """As :func:`rnnbench.training.update.step` does."""
    parts = model.layer.parts
    key = (*X.shape, clip_norm, learning_rate, model.output.weight.data_ptr())
    kept = RECORDINGS.get(model)
    if kept is None or kept[0] != key:
        recording = Recording(model, X, Y, parts, (clip_norm, learning_rate))
        kept = RECORDINGS[model] = (key, recording)
    loss, grad_norm, *ends = kept[1].step(X, Y, state)
    return loss, grad_norm, tuple(ends) if parts > 1 else ends[0]
