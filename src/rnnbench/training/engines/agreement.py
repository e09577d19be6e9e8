"""The gate before every timing: does a step compute what the cells' loops compute?

On real minibatches, with the same weights and a carried state, the loss, the gradients and the
logits are compared with those of the cells' loops in float64; then a training of 20 steps with
clipping and a carried state must meet the same losses. Gradients are read from the training step
itself, as the change of the weights over the learning rate, so that the very code that is timed is
the code that is checked. The two minibatches of the gradients are of the sizes to be timed; the
20 steps take the first 8 tokens of the first 8 subsequences of each, which keeps the gate short.

The norm of the gradients is a sum of as many squares as there are weights, and in float32 any order
of it is right: the reference takes the norm that is found, as far as torch's own sum of its
gradients would be off as well (:meth:`Pair.norm`).
"""

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from rnnbench.base import plugins, presets
from rnnbench.base.parameters import AGREES, NOT_AVAILABLE, RunConfig, TimingConfig
from rnnbench.training import initial, samplers
from rnnbench.training.arithmetic import precision
from rnnbench.training.engines import reference
from rnnbench.training.engines.tolerances import OWN, TOLERANCES
from rnnbench.training.model import LanguageModel, build, detach
from rnnbench.training.update import (
    Engine,
    by,
    clip_gradients,
    descend,
    forward_backward,
    trained,
)

DIFFERS = "differs"
Minibatches = Iterator[tuple[Tensor, Tensor]]  # tokens and labels, (T, B) each
FOLLOWED_STEPS, FOLLOWED_SIZE = 20, 8
FOLLOWED_BY_RUNS = 3
READING_RATE = 2.0**14  # so large that the change is seen beside the weight it is added to


@dataclass(frozen=True)
class Agreement:
    """What the gate found."""

    status: str  # ``agrees``, ``differs`` or ``not available here``
    reason: str  # in words, why not; empty if it agrees
    # loss, gradient, logits, followed: largest relative deviation in the type that is timed; NaN
    # where nothing was compared
    loss: float = float("nan")
    gradient: float = float("nan")
    logits: float = float("nan")
    followed: float = float("nan")


def check(timing: TimingConfig, tokens: np.ndarray, vocab_size: int) -> Agreement:
    """Hold the step that ``timing`` names against the cells' loops on ``tokens``, ``(N,)``.

    float64 is compared too where the implementation has it: it tells a wrong formula from rounding.

    Raises:
        StudyError: the text is shorter than one minibatch.
    """
    what = timing.variant, timing.implementation, timing.device
    why = why_not(*what, timing.dtype)
    if why:
        return Agreement(NOT_AVAILABLE, why)
    text = torch.from_numpy(tokens.astype(np.int64))
    found = {}
    for dtype in sorted({"float64", timing.dtype}):
        if why_not(*what, dtype) is None:
            precision.use(dtype)
            engine = partial(by, timing.implementation, timing.variant)
            pair = Pair(timing, vocab_size, dtype, engine)
            found[dtype] = deviations(pair, lambda: endless(timing, text))
    wrong = faults(found)
    return Agreement(DIFFERS if wrong else AGREES, wrong, **found[timing.dtype])


def refusal(
    run: RunConfig, tokens: Tensor, vocab_size: int, engine: Callable[[LanguageModel], Engine]
) -> str:
    """Say in words why ``engine`` must not train the model of a run; empty if it may.

    It is held against the run's own cell in float64 on the corners of minibatches, for fewer steps
    than a variant that is to be timed: every run pays for it.
    """
    pair = Pair(run, vocab_size, "float32", engine)
    found = deviations(pair, lambda: map(corner, endless(run, tokens.cpu())), FOLLOWED_BY_RUNS)
    return faults({"float32": found})


def faults(found: dict[str, dict[str, float]]) -> str:
    """Name the deviations, by type of number, that are larger than allowed."""
    return "; ".join(
        f"{name} off by {found[dtype][name]:.1e} of its size in {dtype}, allowed {bound:.0e}"
        for dtype in found
        for name, bound in TOLERANCES[dtype].items()
        if not found[dtype][name] <= bound
    )


def why_not(
    variant: str, implementation: str, device: str, dtype: str, **settings: Any
) -> str | None:
    """Say in words why an implementation cannot train a variant here, if so."""
    never = presets.refusal(variant, implementation, device, dtype, **settings)
    if why := precision.unavailable(device, dtype) or never:
        return why
    missing = getattr(plugins.load("implementations", implementation), "missing", lambda: None)
    return presets.lacking(implementation) or cast(str | None, missing())


def deviations(
    pair: "Pair", minibatches: Callable[[], Minibatches], followed: int = FOLLOWED_STEPS
) -> dict[str, float]:
    """Largest relative deviations of loss, gradients, logits and followed losses."""
    found, states = [], (None, None)
    for X, Y in itertools.islice(minibatches(), 2):
        pair.same_weights()
        logits = pair.logits(X)
        loss, gradient, states = pair.read(X, Y, states)
        found.append({"loss": loss, "gradient": gradient, "logits": logits})
    pair.same_weights()
    worst = {name: largest(one[name] for one in found) for name in found[0]}
    steps = itertools.islice(minibatches(), followed)
    return worst | {"followed": pair.follow(map(corner, steps))}


class Pair:
    """A model that an engine trains, and its reference, with the same weights.

    These are uniform in ±1 / sqrt(hidden_size).
    """

    def __init__(
        self,
        job: RunConfig | TimingConfig,
        vocab_size: int,
        dtype: str,
        engine: Callable[[LanguageModel], Engine],
    ):
        self.job = job
        generator = np.random.Generator(np.random.PCG64(1))
        model = build(job.variant, vocab_size, job.hidden_size, generator)
        initial.draw(model, job.hidden_size, initial.uniform, generator)
        self.weights = [p.detach().clone() for p in model.parameters()]
        self.reference = reference.of(model)
        self.model: LanguageModel = model.to(job.device, precision.stored(dtype))
        self.engine = engine(self.model)

    def same_weights(self) -> None:
        """Give both the first weights, which are numbers of float32."""
        for model in (self.model, self.reference):
            with torch.no_grad():
                for parameter, weight in zip(model.parameters(), self.weights, strict=True):
                    parameter.copy_(weight)

    def both(
        self, X: Tensor, Y: Tensor, states: tuple[Any, ...], clip_norm: float, rate: float
    ) -> list[Any]:
        """Train both on one minibatch; return (loss, grad_norm, state) of each."""
        device, engine = self.job.device, self.engine
        mine, others = map(detach, states)
        one = engine.step(engine.model, X.to(device), Y.to(device), mine, clip_norm, rate)
        loss, state = forward_backward(self.reference, X, Y, others)
        exact = clip_gradients(self.reference, float("inf"))
        norm = self.norm(one[1], exact)
        clip_gradients(self.reference, clip_norm * float(exact / norm))
        descend(self.reference, rate)
        return [one, (loss, norm, state)]

    def norm(self, found: Tensor, exact: Tensor) -> Tensor:
        """The norm nearest to ``found`` that a sum of the reference's gradients may come to.

        That is at most OWN times as far from the exact one as torch's, in the type and on the
        device of the model.
        """
        gradients = (cast(Tensor, p.grad) for p in trained(self.reference))
        own = nn.utils.get_total_norm([g.to(self.model.output.weight) for g in gradients])
        room = OWN * (own.double().cpu() - exact).abs()
        return found.double().cpu().clamp(exact - room, exact + room)

    @torch.no_grad()
    def logits(self, X: Tensor) -> float:
        """Deviation of the logits of one minibatch."""
        return deviation(self.engine.model(X.to(self.job.device))[0], self.reference(X)[0])

    def read(
        self, X: Tensor, Y: Tensor, states: tuple[Any, ...]
    ) -> tuple[float, float, tuple[Any, ...]]:
        """Deviations of the loss and of the worst gradient on one minibatch, and both states."""
        one, other = self.both(X, Y, states, float("inf"), READING_RATE)
        pairs = zip(self.gradients(self.model), self.gradients(self.reference), strict=True)
        worst = largest(deviation(mine, expected) for mine, expected in pairs)
        worst = largest([worst, deviation(one[1], other[1])])
        return deviation(one[0], other[0]), worst, (one[2], other[2])

    def gradients(self, model: LanguageModel) -> Iterator[Tensor]:
        """Read the gradients of the step just taken from the first weights."""
        for parameter, weight in zip(model.parameters(), self.weights, strict=True):
            yield (weight.double() - parameter.detach().double().cpu()) / READING_RATE

    def follow(self, minibatches: Minibatches) -> float:
        """Deviation of the losses of training steps, clipped to half of the first norm.

        They are by the optimiser of the job; gradients are read from plain descent.
        """
        states, clip_norm, worst = (None, None), float("inf"), []
        for model in (self.engine.model, self.reference):
            model.optimiser = plugins.load("optimisers", self.job.optimiser).start()
        for X, Y in minibatches:
            rate = self.job.learning_rate
            if clip_norm == float("inf"):
                forward_backward(self.reference, X, Y, None)
                clip_norm = float(clip_gradients(self.reference, clip_norm)) / 2
            one, other = self.both(X, Y, states, clip_norm, rate)
            worst.append(deviation(one[0], other[0]))
            states = one[2], other[2]
        return largest(worst)


def endless(job: RunConfig | TimingConfig, text: Tensor) -> Minibatches:
    """Yield minibatches of the sampler of a job, epoch after epoch.

    Raises:
        StudyError: the text is shorter than one minibatch, so that there would never be one.
    """
    samplers.check_size(len(text), job.batch_size, job.num_steps)
    sampler = plugins.load("samplers", job.sampler)
    generator = np.random.Generator(np.random.PCG64(1))
    while True:
        yield from sampler.minibatches(text, job.batch_size, job.num_steps, generator)


def corner(minibatch: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """The first 8 tokens of the first 8 subsequences of a minibatch."""
    X, Y = (part[:FOLLOWED_SIZE, :FOLLOWED_SIZE] for part in minibatch)
    return X, Y


def deviation(found: Tensor, expected: Tensor) -> float:
    """Largest difference, relative to the largest entry that is expected; NaN stays NaN."""
    found, expected = found.detach().double().cpu(), expected.detach().double().cpu()
    if torch.equal(found, expected):
        return 0.0
    return float((found - expected).abs().max() / expected.abs().max())


def largest(values: Iterable[float]) -> float:
    """Maximum that keeps NaN, which no bound allows."""
    return float(np.max(list(values)))
