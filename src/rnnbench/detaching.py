"""A state that is carried from minibatch to minibatch, detached or not (d2l chapter 8.5.5).

Without detaching, the graph of an epoch grows with every minibatch, and each backward pass walks
all of it. Torch refuses that twice: the first backward pass frees the graph, and the update changes
weights that the graph still needs. :func:`attached_step` keeps the graph and updates behind torch's
back; the gradient then mixes the states of older weights with the weights of now.

``python -m rnnbench.detaching`` measures one epoch in a process of its own: a JSON task on the
input, JSON rows on the output.
"""

import json
import logging
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from rnnbench import machine, names, train, variants
from rnnbench.jobs import RunConfig
from rnnbench.outcome import status
from rnnbench.variants import LanguageModel, State

SAMPLER = "sequential_partition"
LIMIT_REACHED = "memory limit reached"

log = logging.getLogger(__name__)

Step = Callable[[LanguageModel, Tensor, Tensor, State, RunConfig], tuple[Tensor, State]]


def detached_step(
    model: LanguageModel, X: Tensor, Y: Tensor, state: State, run: RunConfig
) -> tuple[Tensor, State]:
    """The training step of the suite, from a state that is cut off."""
    loss, _, state = train.step(
        model, X, Y, variants.detach(state), run.clip_norm, run.learning_rate
    )
    return loss, state


def attached_step(
    model: LanguageModel, X: Tensor, Y: Tensor, state: State, run: RunConfig
) -> tuple[Tensor, State]:
    """The same through the graph of all minibatches before, back to the start of the epoch."""
    model.zero_grad()
    logits, state = model(X, state)
    loss = cross_entropy(logits.flatten(0, 1), Y.flatten())
    loss.backward(retain_graph=True)
    train.clip_gradients(model, run.clip_norm)
    for parameter in model.parameters():
        parameter.data.sub_(cast(Tensor, parameter.grad), alpha=run.learning_rate)
    return loss.detach(), state


STEPS: dict[str, Step] = {"detached": detached_step, "attached": attached_step}


def minibatches(
    tokens: Tensor, run: RunConfig, generator: np.random.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """One epoch of a sampler whose state is carried."""
    sampler = names.load("samplers", SAMPLER)
    return sampler.minibatches(tokens, run.batch_size, run.num_steps, generator)


@dataclass(frozen=True)
class Text:
    """The tokens of a text, ``(N,)``, and the size of its vocabulary."""

    ids: np.ndarray
    vocab_size: int


def cost_rows(
    runs: Sequence[RunConfig], text: Text, num_tokens: int, memory_limit: float
) -> Iterator[dict[str, Any]]:
    """Measure one epoch over the first tokens, each variant and way in a fresh process.

    One row per minibatch: its seconds, and by how much memory has grown since the epoch began. An
    epoch whose graph takes more than ``memory_limit`` bytes ends there, and its last row says so.
    """
    tokens = text.ids[:num_tokens].tolist()
    for run in {run.variant: run for run in runs}.values():
        for arm in STEPS:
            task = {"arm": arm, "run": run.as_row(), "vocab_size": text.vocab_size}
            task |= {"tokens": tokens, "memory_limit": memory_limit}
            command = [sys.executable, "-m", "rnnbench.detaching"]
            done = subprocess.run(
                command, input=json.dumps(task), stdout=subprocess.PIPE, text=True, check=True
            )
            yield from json.loads(done.stdout)
            log.info("cost of %s, %s, done", run.variant, arm)


def measure(task: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield one row per minibatch of an epoch; the last says where the limit ended it.

    ``peak_memory_bytes`` counts from the start of the epoch, after one minibatch of warm-up.
    """
    run, arm = RunConfig(**task["run"]), task["arm"]
    torch.set_num_threads(1)
    progress, tokens = train.start(run, task["vocab_size"]), torch.tensor(task["tokens"])
    for X, Y in minibatches(tokens, run, progress.generator):
        STEPS[arm](progress.model, X, Y, None, run)
        break
    key = {"variant": run.variant, "arm": arm}
    state, before = None, machine.peak_memory_bytes()
    for number, (X, Y) in enumerate(minibatches(tokens, run, progress.generator), start=1):
        began = time.perf_counter()
        _, state = STEPS[arm](progress.model, X, Y, state, run)
        seconds = time.perf_counter() - began
        grown = machine.peak_memory_bytes() - before
        ended = LIMIT_REACHED if grown > task["memory_limit"] else "measured"
        row = {"minibatch": number, "seconds": seconds, "peak_memory_bytes": grown}
        yield key | row | {"status": ended}
        if ended == LIMIT_REACHED:
            return


def epoch(
    model: LanguageModel, tokens: Tensor, run: RunConfig, arm: str, generator: np.random.Generator
) -> tuple[float, int]:
    """Train for one epoch; return the total loss in nats and the number of tokens."""
    state, losses, num_tokens = None, [], 0
    for X, Y in minibatches(tokens, run, generator):
        loss, state = STEPS[arm](model, X, Y, state, run)
        losses.append(loss * X.numel())
        num_tokens += X.numel()
    return float(torch.stack(losses).double().sum()), num_tokens


def training_rows(
    runs: Sequence[RunConfig], text: Text, memory_limit: float
) -> Iterator[dict[str, Any]]:
    """Train every run both ways; past ``memory_limit`` bytes a run ends with its epoch."""
    for run in runs:
        texts = train.split(text.ids, run)
        for arm in STEPS:
            yield training_row(run, arm, texts, text.vocab_size, memory_limit)
        log.info("training of %s, seed %d, done", run.variant, run.seed)


def training_row(
    run: RunConfig, arm: str, texts: train.Texts, vocab_size: int, memory_limit: float
) -> dict[str, Any]:
    """Train one way and return totals of the last epoch and of the held-out text."""
    progress, nats, began = train.start(run, vocab_size), list[float](), time.perf_counter()
    before = machine.peak_memory_bytes()
    while len(nats) < run.num_epochs and machine.peak_memory_bytes() - before <= memory_limit:
        total, num_tokens = epoch(progress.model, texts.train, run, arm, progress.generator)
        nats.append(total / num_tokens)
    seconds, done = time.perf_counter() - began, len(nats) == run.num_epochs
    heldout = train.evaluate(progress.model, texts.heldout, run.batch_size, run.num_steps)
    return {
        **{"variant": run.variant, "arm": arm, "seed": run.seed, "num_epochs": len(nats)},
        **{"status": status(nats, vocab_size) if done else LIMIT_REACHED},
        **{"train_seconds": seconds, "total_nats": total, "num_tokens": num_tokens},
        **{"heldout_total_nats": heldout[0], "heldout_num_tokens": heldout[1]},
    }


def main() -> None:
    """Measure one task and print its rows."""
    print(json.dumps(list(measure(json.load(sys.stdin)))))


if __name__ == "__main__":
    main()
