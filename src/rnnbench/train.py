"""Training as the book trains (d2l chapter 8.5), with held-out text, and resume after a kill."""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from rnnbench import checkpoint, initial, names, provenance, samplers, variants
from rnnbench.errors import StudyError
from rnnbench.jobs import RunConfig, TimingConfig
from rnnbench.scopes import LOSS, UPDATE, scope
from rnnbench.variants import LanguageModel, State

GRAD_NORM_QUANTILES = {"grad_norm_q05": 0.05, "grad_norm": 0.5, "grad_norm_q95": 0.95}

Step = Callable[..., tuple[Tensor, Tensor, State]]  # as the function step below
Steps = Iterator[tuple[Tensor, Tensor, int]]  # as the function steps below yields them

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Engine:
    """What moves the weights of a run.

    Attributes:
        name: the variant whose training step it is.
        model: the model of the run, or one in the same memory that the step can train.
        step: as :func:`step`.
    """

    name: str
    model: LanguageModel
    step: Step


def own(variant: str, model: LanguageModel) -> Engine:
    """The step of ``variant``: its own if its file has one, else :func:`step`."""
    return Engine(variant, model, getattr(names.load("variants", variant), "step", step))


@dataclass
class Progress:
    """What a run has come to; all of it but the engine is in a checkpoint.

    Attributes:
        model: the weights.
        generator: PCG64, the source of the weights and of every sampler offset.
        engine: what moves the weights.
        curve: one row per finished epoch.
        facts: what was measured before the first epoch.
        train_seconds: time in training steps so far, over all sittings.
    """

    model: LanguageModel
    generator: np.random.Generator
    engine: Engine
    curve: list[dict[str, Any]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    train_seconds: float = 0.0


@dataclass(frozen=True)
class Texts:
    """The tokens a run learns from and those it never sees, ``(N,)`` each, on its device."""

    train: Tensor
    heldout: Tensor


def split(tokens: np.ndarray, run: RunConfig) -> Texts:
    """Take the last ``heldout_share`` as held-out text and the first ``train_tokens`` before it.

    Raises:
        StudyError: too short for one minibatch, or for one held-out prediction.
    """
    num_heldout = round(run.heldout_share * len(tokens))
    if num_heldout < 2:
        raise StudyError(
            f"runs.heldout_share: wanted at least 2 held-out tokens, found {num_heldout} of "
            f"{len(tokens)}. Make the share larger, or use a longer text."
        )
    boundary = len(tokens) - num_heldout
    train = tokens[: int(min(run.train_tokens, boundary))]
    samplers.check_size(len(train), run.batch_size, run.num_steps)
    on_device = (torch.from_numpy(part.astype(np.int64)) for part in (train, tokens[boundary:]))
    return Texts(*(part.to(run.device) for part in on_device))


def start(run: RunConfig, vocab_size: int) -> Progress:
    """Draw the weights of a run from its seed."""
    generator = np.random.Generator(np.random.PCG64(run.seed))
    model = variants.build(run.variant, vocab_size, run.hidden_size, generator)
    model = model.to(run.device)
    return Progress(model, generator, own(run.variant, model))


def train(
    run: RunConfig,
    texts: Texts,
    progress: Progress,
    saved: Path,
    digest: str,
    checkpoint_seconds: float = 10.0,
) -> Progress:
    """Train to the last epoch, or to the first whose loss is no longer finite.

    A checkpoint at ``saved`` that was written under the same ``digest`` is taken up; the result is
    the same as without the interruption. A new one is written every ``checkpoint_seconds``, at the
    end of an epoch: within one a sampler is half read and a state alive. A run that is killed in
    its first epoch starts anew.
    """
    if checkpoint.restore(saved, digest, progress):
        log.info("taken up after epoch %d of %d", len(progress.curve), run.num_epochs)
    else:
        progress.facts = first_facts(run, texts, progress.model)
    written = time.monotonic()
    for row in epochs(run, progress, partial(steps, run, texts.train, progress)):
        row.update(heldout_totals(run, texts, progress))
        log.info(progress_line(run, progress))
        if time.monotonic() - written >= checkpoint_seconds:
            checkpoint.save(saved, digest, progress)
            written = time.monotonic()
    return progress


def first_facts(run: RunConfig, texts: Texts, model: LanguageModel) -> dict[str, Any]:
    """Measure the untrained model; the moment (UTC), and the CPU time this process took so far."""
    start_cpu_seconds = time.process_time()
    total_nats, num_tokens = evaluate(model, texts.train, run.batch_size, run.num_steps)
    return {
        "started": provenance.now(),
        "start_cpu_seconds": start_cpu_seconds,
        "initial_total_nats": total_nats,
        "initial_num_tokens": num_tokens,
        "initial_weights_sha256": initial.digest(model),
    }


def epochs(
    run: RunConfig, progress: Progress, taken: Callable[[], Steps]
) -> Iterator[dict[str, Any]]:
    """Train to the last epoch, or to the first whose loss is no longer finite.

    Every training is this loop, whatever its steps are; the row of each epoch is put on the curve
    and then yielded.

    Args:
        run: says how many epochs there are.
        progress: what moves; epochs that its curve holds are done.
        taken: takes the steps of one epoch, as :func:`steps` does.
    """
    while len(progress.curve) < run.num_epochs and not lost(progress.curve):
        progress.curve.append(epoch(run, progress, taken()))
        yield progress.curve[-1]


def epoch(run: RunConfig, progress: Progress, taken: Steps) -> dict[str, Any]:
    """Take the steps of one pass over a text and return its row of the curve.

    As in the book, the loss is summed while the weights move, so the training perplexity is that
    of the weights each minibatch met, not of those at the end.
    """
    began = time.perf_counter()
    losses, grad_norms, num_tokens = [], [], 0
    for loss, grad_norm, minibatch_tokens in taken:
        losses.append(loss * minibatch_tokens)
        grad_norms.append(grad_norm)
        num_tokens += minibatch_tokens
    total_nats = float(torch.stack(losses).double().sum())
    norms = torch.stack(grad_norms).double().cpu().numpy()
    progress.train_seconds += time.perf_counter() - began
    return {
        "epoch": len(progress.curve) + 1,
        "total_nats": total_nats,
        "num_tokens": num_tokens,
        **{name: float(np.quantile(norms, q)) for name, q in GRAD_NORM_QUANTILES.items()},
        "grad_norm_max": float(norms.max()),
        "clipped_share": float((norms > run.clip_norm).mean()),
    }


def steps(run: RunConfig | TimingConfig, tokens: Tensor, progress: Progress) -> Steps:
    """Yield (mean loss in nats, gradient norm before clipping, tokens) of each training step.

    Losses and norms stay on the device: reading them would make the host wait for it.
    """
    sampler: ModuleType = names.load("samplers", run.sampler)
    engine, state = progress.engine, None
    minibatches = sampler.minibatches(tokens, run.batch_size, run.num_steps, progress.generator)
    for X, Y in minibatches:
        state = variants.detach(state) if sampler.carries_state else None
        loss, grad_norm, state = engine.step(
            engine.model, X, Y, state, run.clip_norm, run.learning_rate
        )
        yield loss, grad_norm, X.numel()


def step(
    model: LanguageModel, X: Tensor, Y: Tensor, state: State, clip_norm: float, learning_rate: float
) -> tuple[Tensor, Tensor, State]:
    """Train on one minibatch ``(T, B)`` of tokens and the tokens that follow them.

    Returns the mean loss in nats, the gradient norm before clipping and the state after the last
    step. ``state`` is detached; ``None`` starts afresh.
    """
    loss, state = forward_backward(model, X, Y, state)
    grad_norm = clip_gradients(model, clip_norm)
    descend(model, learning_rate)
    return loss, grad_norm, state


def forward_backward(
    model: LanguageModel, X: Tensor, Y: Tensor, state: State
) -> tuple[Tensor, State]:
    """Leave the gradients of the mean loss of a minibatch ``(T, B)`` in the parameters."""
    model.zero_grad()
    logits, state = model(X, state)
    with scope(LOSS):
        loss = cross_entropy(logits.flatten(0, 1), Y.flatten())
        loss.backward()
        return loss.detach(), state


@torch.no_grad()
def descend(model: nn.Module, learning_rate: float) -> None:
    """Plain stochastic gradient descent (d2l 3.2.6).

    Written out because making a ``torch.optim`` optimiser imports the compiler, two seconds that
    every training process would pay.
    """
    with scope(UPDATE):
        for parameter in trained(model):
            parameter.sub_(cast(Tensor, parameter.grad), alpha=learning_rate)


def clip_gradients(model: nn.Module, clip_norm: float) -> Tensor:
    """Scale all gradients by min(1, clip_norm / norm); return the norm before (d2l 8.5.5).

    ``clip_norm = inf`` never clips and still measures.
    """
    gradients = [cast(Tensor, parameter.grad) for parameter in trained(model)]
    with scope(UPDATE):
        grad_norm = nn.utils.get_total_norm(gradients)
        scale = torch.where(grad_norm > clip_norm, clip_norm / grad_norm, 1.0)
        for gradient in gradients:
            gradient.mul_(scale)
    return grad_norm


def trained(model: nn.Module) -> list[nn.Parameter]:
    """Parameters that need a gradient; the others stay as they are and are no part of the norm."""
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def heldout_totals(run: RunConfig, texts: Texts, progress: Progress) -> dict[str, float]:
    """Read the held-out text after some epochs; the others have no such columns."""
    if not run.reads_heldout(len(progress.curve)):
        return {}
    model = progress.engine.model
    total_nats, num_tokens = evaluate(model, texts.heldout, run.batch_size, run.num_steps)
    return {"heldout_total_nats": total_nats, "heldout_num_tokens": num_tokens}


@torch.no_grad()
def evaluate(
    model: LanguageModel, tokens: Tensor, batch_size: int, num_steps: int
) -> tuple[float, int]:
    """Return the total loss in nats over ``tokens``, ``(N,)``, and how many were predicted.

    The text is cut into ``batch_size`` parts that are read side by side, each from a zero state
    carried from window to window; every token but the first of a part is predicted once, up to
    ``batch_size`` tokens that are left over.
    """
    columns = min(batch_size, len(tokens) - 1)
    rows = (len(tokens) - 1) // columns
    inputs = tokens[: rows * columns].view(columns, rows).T
    labels = tokens[1 : rows * columns + 1].view(columns, rows).T
    state, total = None, torch.zeros((), dtype=torch.float64, device=tokens.device)
    for X, Y in zip(inputs.split(num_steps), labels.split(num_steps), strict=True):
        logits, state = model(X, state)
        total += cross_entropy(logits.flatten(0, 1), Y.flatten(), reduction="sum")
    return float(total), rows * columns


def lost(curve: list[dict[str, Any]]) -> bool:
    """Whether the last epoch left the finite numbers; no later epoch can come back."""
    return (
        bool(curve) and not np.isfinite([curve[-1]["total_nats"], curve[-1]["grad_norm_max"]]).all()
    )


def progress_line(run: RunConfig, progress: Progress) -> str:
    """Say how far a run is, in one line."""
    row = progress.curve[-1]
    with np.errstate(over="ignore"):
        perplexity = np.exp(np.float64(row["total_nats"]) / row["num_tokens"])
    return (
        f"epoch {row['epoch']}/{run.num_epochs} perplexity {perplexity:.2f} "
        f"{progress.train_seconds:.1f} s"
    )
