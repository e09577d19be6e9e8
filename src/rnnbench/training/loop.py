"""Training as the book trains (d2l chapter 8.5), and resume after a kill."""

import logging
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnnbench.base import plugins
from rnnbench.base.files import now
from rnnbench.base.parameters import RunConfig, TimingConfig
from rnnbench.training import checkpoint, initial, selection
from rnnbench.training.engines.dropout import dropping
from rnnbench.training.model import LanguageModel, detach
from rnnbench.training.progress import Progress, Texts, lost
from rnnbench.training.update import evaluate

GRAD_NORM_QUANTILES = {"grad_norm_q05": 0.05, "grad_norm": 0.5, "grad_norm_q95": 0.95}

Share = Callable[[float], float]  # position in a run, epochs -> share of its learning rate
Steps = Iterator[tuple[Tensor, Tensor, int]]  # as the function steps below yields them

log = logging.getLogger(__name__)


def train(
    run: RunConfig,
    texts: Texts,
    progress: Progress,
    saved: Path,
    digest: str,
    checkpoint_seconds: float = 10.0,
) -> Progress:
    """Train as :func:`epochs` does, and choose the weights as :func:`.selection.conclude` does.

    A checkpoint at ``saved`` that was written under the same ``digest`` is taken up; the result is
    the same as without the interruption. A new one is written every ``checkpoint_seconds``, at the
    end of an epoch: within one a sampler is half read and a state alive. A run that is killed in
    its first epoch starts anew.
    """
    progress.engine.model.optimiser = plugins.load("optimisers", run.optimiser).start()

    def taken() -> Steps:
        found = steps(run, texts.train, progress, share_of(run))
        return dropping(run, progress, found) if run.dropout else found

    if checkpoint.restore(saved, digest, progress):
        log.info("taken up after epoch %d of %d", len(progress.curve), run.num_epochs)
    else:
        progress.facts = first_facts(run, texts, progress.model)
    written = time.monotonic()
    for _ in epochs(run, texts.validation, progress, taken):
        log.info(progress_line(run, progress))
        if time.monotonic() - written >= checkpoint_seconds:
            checkpoint.save(saved, digest, progress)
            written = time.monotonic()
    selection.conclude(run, texts.heldout, progress)
    return progress


def first_facts(run: RunConfig, texts: Texts, model: LanguageModel) -> dict[str, Any]:
    """Measure the untrained model; the moment (UTC), and the CPU time this process took so far."""
    start_cpu_seconds = time.process_time()
    total_nats, num_tokens = evaluate(model, texts.train, run.batch_size, run.num_steps)
    return {
        "started": now(),
        "start_cpu_seconds": start_cpu_seconds,
        "initial_total_nats": total_nats,
        "initial_num_tokens": num_tokens,
        "initial_weights_sha256": initial.digest(model),
    }


def epochs(
    run: RunConfig, validation: Tensor, progress: Progress, taken: Callable[[], Steps]
) -> Iterator[dict[str, Any]]:
    """Train until patience is lost, to the last epoch, or to the first whose loss is not finite.

    Every training is this loop, whatever its steps are; the row of each epoch is put on the curve
    and then yielded.

    Args:
        run: says how many epochs there are, and how patient it is.
        validation: the part of the text that is evaluated, ``(N,)``.
        progress: what moves; epochs that its curve holds are done.
        taken: takes the steps of one epoch, as :func:`steps` does.
    """
    while not (lost(progress.curve) or selection.ended(run, progress.curve)):
        progress.curve.append(epoch(run, progress, taken()))
        selection.evaluate_epoch(run, validation, progress)
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


def share_of(run: RunConfig) -> Share:
    """The schedule of a run: position in it, epochs -> share of its learning rate."""
    given = {"epochs": run.schedule_epochs, "factor": run.schedule_factor}
    found = plugins.load("schedules", run.schedule).share
    return partial(found, num_epochs=run.num_epochs, **given)


def whole(position: float) -> float:
    """The whole learning rate, as in timings."""
    return 1.0


def steps(
    run: RunConfig | TimingConfig, tokens: Tensor, progress: Progress, share: Share = whole
) -> Steps:
    """Yield (mean loss in nats, gradient norm before clipping, tokens) of each training step.

    Losses and norms stay on the device: reading them would make the host wait for it. ``share`` is
    asked for the middle of each step.
    """
    sampler: ModuleType = plugins.load("samplers", run.sampler)
    engine, state, position = progress.engine, None, float(len(progress.curve))
    minibatches = sampler.minibatches(tokens, run.batch_size, run.num_steps, progress.generator)
    for X, Y in minibatches:
        state = detach(state) if sampler.carries_state else None
        length = X.numel() / len(tokens)
        rate = run.learning_rate * share(position + length / 2)
        loss, grad_norm, state = engine.step(engine.model, X, Y, state, run.clip_norm, rate)
        position += length
        yield loss, grad_norm, X.numel()


def progress_line(run: RunConfig, progress: Progress) -> str:
    """Say how far a run is, in one line."""
    row = progress.curve[-1]
    with np.errstate(over="ignore"):
        perplexity = np.exp(np.float64(row["total_nats"]) / row["num_tokens"])
    return (
        f"epoch {row['epoch']}/{run.num_epochs} perplexity {perplexity:.2f} "
        f"{progress.train_seconds:.1f} s"
    )
