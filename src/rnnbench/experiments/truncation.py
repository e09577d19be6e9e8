"""Ways to shorten backpropagation through time, and what each does to the gradient.

``full`` keeps every step. ``regular`` cuts every tau steps, from a random first cut on, as a
sampler does to a text. ``randomized`` ends the way back at each step with probability 1 - pi and
weighs what goes on by 1 / pi (Tallec & Ollivier, 2017; d2l 8.7.1.3). Cuts change the gradient and
nothing else: tokens, states and the number of updates stay the same.
"""

import dataclasses
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from scipy.optimize import brentq
from torch import Tensor
from torch.nn.functional import cosine_similarity, cross_entropy

from rnnbench.base import plugins
from rnnbench.base.parameters import RunConfig
from rnnbench.experiments import through_time
from rnnbench.training import loop, run_record, update
from rnnbench.training.model import LanguageModel, State
from rnnbench.training.progress import Texts, split, start

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Truncation:
    """A way to shorten the way back.

    Attributes:
        method: full, regular or randomized.
        tau: steps between two cuts; inf without any.
        pi: the way back goes on with this probability; 1 where nothing is random.
    """

    method: str
    tau: float = math.inf
    pi: float = 1.0

    def patterns(self, num_steps: int, draws: int, generator: np.random.Generator) -> Tensor:
        """Values of xi, ``(N, num_steps)``: all there are, equally likely; drawn if randomized."""
        if self.pi < 1:
            goes_on = generator.random((draws, num_steps)) < self.pi
            return torch.from_numpy(goes_on / self.pi)
        if math.isinf(self.tau):
            return torch.ones(1, num_steps, dtype=torch.float64)
        steps, phases = np.arange(num_steps), np.arange(int(self.tau))[:, None]
        return torch.from_numpy(np.where((steps - phases) % self.tau == 0, 0.0, 1.0))

    def uncut(self, steps: np.ndarray) -> np.ndarray:
        """Probability that the way back goes on for so many ``steps``."""
        return self.pi**steps if self.pi < 1 else np.clip(1 - steps / self.tau, 0, None)

    def draw(self, num_steps: int, generator: np.random.Generator) -> Tensor:
        """One of the patterns, ``(num_steps,)``."""
        patterns = self.patterns(num_steps, 1, generator)
        return patterns[int(generator.integers(len(patterns)))]


@dataclass(frozen=True)
class Settings:
    """What is measured of each model.

    Attributes:
        taus: steps between two cuts.
        draws: random patterns per minibatch and pi.
        minibatches: on so many the gradients are compared.
    """

    taus: list[int]
    draws: int
    minibatches: int


def ways(taus: list[int], num_steps: int) -> list[Truncation]:
    """The full way, and for each tau the regular cut and the random one of the same mean reach.

    With tau = 1 both cut everywhere, and no pi has mean 1: that one is left out. So are all of
    them where there is a single step, whose loss has nothing to reach back to.
    """
    regular = [Truncation("regular", tau) for tau in taus]
    steps = np.arange(num_steps)
    random = [
        Truncation(
            "randomized",
            way.tau,
            brentq(lambda pi, way=way: mean_reach(pi**steps) - mean_reach(way.uncut(steps)), 0, 1),
        )
        for way in regular
        if way.tau > 1 and num_steps > 1
    ]
    return [Truncation("full"), *regular, *random]


def mean_reach(uncut: np.ndarray) -> float:
    """Steps that a loss reaches back, itself included, on average over the steps of a minibatch.

    ``uncut[k]`` is the probability that there is no cut in k steps, ``(num_steps,)``.
    """
    return float(np.arange(len(uncut), 0, -1) @ uncut) / len(uncut)


def moments(
    truncation: Truncation, parts: Tensor, draws: int, generator: np.random.Generator
) -> dict[str, float]:
    """Hold the truncated gradient against the full one; lengths are shares of its norm.

    Args:
        truncation: how to cut.
        parts: gradient of the loss of step t through step i, ``(T, T, P)``, from
            :func:`rnnbench.experiments.through_time.contributions`.
        draws: patterns to draw where there are too many to go through.
        generator: of those.

    Returns:
        ``reach``: steps that a loss reaches back, itself included, mean, exact; ``longest``:
        the longest reach, mean over patterns; ``bias``: distance of the mean gradient, exact;
        ``std``: root of the total variance, exact; ``rmse``: of both; ``cosine``: with the full
        gradient, mean over patterns; ``patterns``: their number; ``mean_error``: distance of the
        mean over patterns, in units of what chance alone makes of it. Of a gradient of zero there
        are no shares and no cosine: NaN.
    """
    steps, full = len(parts), parts.sum((0, 1))
    norm = float(full.norm()) or math.nan
    weights = through_time.weights_of(truncation.patterns(steps, draws, generator))
    found = weights.flatten(1) @ parts.flatten(0, 1)
    off = float((found.mean(0) - full).norm()) / norm
    if truncation.pi < 1:
        bias, std = 0.0, math.sqrt(variance(parts, truncation.pi)) / norm
        by_chance = (std or math.nan) / math.sqrt(len(found))
    else:
        by_chance = math.nan
        bias, std = off, float((found - found.mean(0)).square().sum(1).mean().sqrt()) / norm
    return {
        "reach": mean_reach(truncation.uncut(np.arange(steps))),
        "longest": float((weights != 0).sum(-1).amax(-1).double().mean()),
        "bias": bias,
        "std": std,
        "rmse": math.hypot(bias, std),
        "cosine": float(cosine_similarity(found, full[None]).mean()) if norm > 0 else math.nan,
        "patterns": len(found),
        "mean_error": off / by_chance,
    }


def variance(parts: Tensor, pi: float) -> float:
    """Total variance of the randomized gradient, exactly.

    The ways (t, i) and (t', i') share max(0, min(t, t') - max(i, i')) random steps, and the
    second moment of each is 1 / pi.
    """
    t, i = torch.tril_indices(len(parts), len(parts))
    chosen = parts[t, i]
    shared = torch.minimum(t[:, None], t) - torch.maximum(i[:, None], i)
    factor = (1 / pi) ** shared.clamp(min=0).double() - 1
    return float((chosen @ chosen.T * factor).sum())


def gradient_rows(
    model: LanguageModel, texts: Texts, run: RunConfig, settings: Settings
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Moments of every truncation on some minibatches, and the reach of the full gradient.

    A row of the reach is the norm of what comes from ``distance`` steps back, over all losses, as
    a share of the norm of the full gradient.
    """
    generator = np.random.Generator(np.random.PCG64(run.seed))
    sampler = plugins.load("samplers", "random_sampling")
    batches = sampler.minibatches(texts.train, run.batch_size, run.num_steps, generator)
    found, reach = [], []
    for number, (X, Y) in zip(range(settings.minibatches), batches, strict=False):
        parts = through_time.contributions(model, X, Y)
        for truncation in ways(settings.taus, run.num_steps):
            row = moments(truncation, parts, settings.draws, generator)
            found.append({"minibatch": number, **vars(truncation), **row})
        norms = [float(torch.diagonal(parts, -k).sum(-1).norm()) for k in range(run.num_steps)]
        whole = float(parts.sum((0, 1)).norm()) or math.nan
        reach += [
            {"minibatch": number, "distance": k, "share": norm / whole}
            for k, norm in enumerate(norms)
        ]
    return found, reach


def step_of(truncation: Truncation, generator: np.random.Generator) -> update.Step:
    """As :func:`rnnbench.training.update.step`, with new cuts in every minibatch."""

    def step(
        model: LanguageModel,
        X: Tensor,
        Y: Tensor,
        state: State,
        clip_norm: float,
        learning_rate: float,
    ) -> tuple[Tensor, Tensor, State]:
        model.zero_grad()
        logits, state = through_time.forward(model, X, state, truncation.draw(len(X), generator))
        loss = cross_entropy(logits.flatten(0, 1), Y.flatten())
        loss.backward()
        grad_norm = update.clip_gradients(model, clip_norm)
        update.descend(model, learning_rate)
        return loss.detach(), grad_norm, state

    return step


def trained(
    run: RunConfig, texts: Texts, vocab_size: int, truncation: Truncation
) -> tuple[LanguageModel, dict[str, Any]]:
    """Train to the last epoch; return the model and the totals of training and held-out text.

    Weights and offsets come from the seed as in every run, cuts from a source of their own.
    """
    progress = start(run, vocab_size)
    step = step_of(truncation, np.random.Generator(np.random.PCG64([run.seed, 1])))
    progress.engine = dataclasses.replace(progress.engine, step=step)
    taken = partial(loop.steps, run, texts.train, progress)
    for _ in loop.epochs(run, texts.validation, progress, taken):
        pass
    return progress.model, run_record.in_short(run, texts.heldout, progress)


def study(
    runs: Sequence[RunConfig], tokens: np.ndarray, vocab_size: int, settings: Settings
) -> dict[str, list[dict[str, Any]]]:
    """Train each run in every way; compare gradients before and after the full training.

    Returns:
        The rows of three tables, ``training``, ``gradients`` and ``reach``, each with every
        parameter of its run.

    Raises:
        StudyError: the text, ``(N,)``, is too short for a run.
    """
    found: dict[str, list[dict[str, Any]]] = {"training": [], "gradients": [], "reach": []}
    for run in runs:
        key, texts = run.as_row(), split(tokens, run)
        models = {"initial": start(run, vocab_size).model}
        for truncation in ways(settings.taus, run.num_steps):
            model, totals = trained(run, texts, vocab_size, truncation)
            models.setdefault("trained", model)  # the first way is the full one
            found["training"].append(key | vars(truncation) | totals)
            log.info("%s, seed %d: trained, %s", run.variant, run.seed, truncation)
        for stage, model in models.items():
            rows, reach = gradient_rows(model.double(), texts, run, settings)
            found["gradients"] += [key | {"stage": stage} | row for row in rows]
            found["reach"] += [key | {"stage": stage} | row for row in reach]
    return found
