"""A state that is carried from minibatch to minibatch, detached or not (d2l chapter 8.5.5).

Without detaching, the graph of an epoch grows with every minibatch, and each backward pass walks
all of it. Torch refuses that twice: the first backward pass frees the graph, and the update changes
weights that the graph still needs. :class:`Attached` keeps the graph and updates behind torch's
back; the gradient then mixes the states of older weights with the weights of now.

``python -m rnnbench.experiments.detaching`` does one task in a process of its own, since the peak
of a process's memory never falls: a line of JSON and the tokens on the input, JSON rows on the
output.
"""

import dataclasses
import json
import logging
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from rnnbench.base.parameters import RunConfig
from rnnbench.machine import identity
from rnnbench.training import loop, run_record, update
from rnnbench.training.model import LanguageModel, State
from rnnbench.training.progress import Progress, split, start

LIMIT_REACHED = "memory limit reached"

log = logging.getLogger(__name__)

Rows = list[dict[str, Any]]


class Attached:
    """A training step through the graph of all minibatches before, back to the start of the epoch.

    It is called as :func:`rnnbench.training.update.step` is. The state that it is given has been
    cut off; it goes on from the one that it returned, which has not. ``None`` starts an epoch.
    """

    def __init__(self) -> None:
        self.state: State = None

    def __call__(
        self,
        model: LanguageModel,
        X: Tensor,
        Y: Tensor,
        state: State,
        clip_norm: float,
        learning_rate: float,
    ) -> tuple[Tensor, Tensor, State]:
        self.state = None if state is None else self.state
        model.zero_grad()
        logits, self.state = model(X, self.state)
        loss = cross_entropy(logits.flatten(0, 1), Y.flatten())
        loss.backward(retain_graph=True)
        grad_norm = update.clip_gradients(model, clip_norm)
        for parameter in model.parameters():
            parameter.data.sub_(cast(Tensor, parameter.grad), alpha=learning_rate)
        return loss.detach(), grad_norm, self.state


def detached() -> update.Step:
    """The training step of the suite, from a state that is cut off."""
    return update.step


ARMS: dict[str, Callable[[], update.Step]] = {"detached": detached, "attached": Attached}


@dataclass(frozen=True)
class Text:
    """The tokens of a text, ``(N,)``, and the size of its vocabulary."""

    ids: np.ndarray
    vocab_size: int


@dataclass(frozen=True)
class Task:
    """What one process does: a run in one arm.

    Attributes:
        work: cost or training, one of :data:`WORK`.
        run: its parameters.
        arm: one of :data:`ARMS`.
        vocab_size: of the text.
        memory_limit: bytes that memory may grow by.
    """

    work: str
    run: dict[str, Any]
    arm: str
    vocab_size: int
    memory_limit: float


def cost_rows(
    runs: Iterable[RunConfig], text: Text, num_tokens: int, memory_limit: float
) -> Iterator[dict[str, Any]]:
    """Measure one epoch over the first tokens: every setting, of whatever seed, in both ways.

    One row per minibatch: its seconds, and by how much memory has grown since the epoch began. An
    epoch whose graph takes more than ``memory_limit`` bytes ends there, and its last row says so.
    """
    settings = {dataclasses.replace(run, seed=0): run for run in runs}
    first = Text(text.ids[:num_tokens], text.vocab_size)
    yield from _rows("cost", settings.values(), first, memory_limit)


def training_rows(
    runs: Sequence[RunConfig], text: Text, memory_limit: float
) -> Iterator[dict[str, Any]]:
    """Train every run both ways; past ``memory_limit`` bytes a run ends with its epoch."""
    yield from _rows("training", runs, text, memory_limit)


def _rows(
    work: str, runs: Iterable[RunConfig], text: Text, memory_limit: float
) -> Iterator[dict[str, Any]]:
    """Do the work in both arms, each in a fresh process; rows hold every parameter of the run."""
    for run in runs:
        for arm in ARMS:
            task = Task(work, run.as_row(), arm, text.vocab_size, memory_limit)
            line = json.dumps(dataclasses.asdict(task)).encode()
            done = subprocess.run(
                [sys.executable, "-m", "rnnbench.experiments.detaching"],
                input=line + b"\n" + text.ids.astype(np.int64).tobytes(),
                stdout=subprocess.PIPE,
                check=True,
            )
            yield from json.loads(done.stdout)
            log.info("%s of %s, seed %d, %s, done", work, run.variant, run.seed, arm)


def cost(run: RunConfig, task: Task, tokens: np.ndarray) -> Iterator[dict[str, Any]]:
    """Yield one row per minibatch of an epoch; the last says where the limit ended it.

    ``peak_memory_bytes`` counts from the start of the epoch, after one minibatch of warm-up.
    """
    progress, text = started(run, task), torch.from_numpy(tokens)
    next(loop.steps(run, text, progress))
    before, began = identity.peak_memory_bytes(), time.perf_counter()
    for number, _ in enumerate(loop.steps(run, text, progress), start=1):
        seconds = time.perf_counter() - began
        grown = identity.peak_memory_bytes() - before
        ended = LIMIT_REACHED if grown > task.memory_limit else "measured"
        yield {
            **{"minibatch": number, "seconds": seconds, "peak_memory_bytes": grown},
            **{"status": ended},
        }
        if ended == LIMIT_REACHED:
            return
        began = time.perf_counter()


def training(run: RunConfig, task: Task, tokens: np.ndarray) -> Iterator[dict[str, Any]]:
    """Train, up to the end of the epoch that passes the limit; yield the one row of totals."""
    progress, texts = started(run, task), split(tokens, run)
    before, status = identity.peak_memory_bytes(), {}
    taken = partial(loop.steps, run, texts.train, progress)
    for row in loop.epochs(run, texts.validation, progress, taken):
        if identity.peak_memory_bytes() - before > task.memory_limit:
            status = {"status": LIMIT_REACHED} if row["epoch"] < run.num_epochs else {}
            break
    seconds = {"train_seconds": progress.train_seconds}
    yield run_record.in_short(run, texts.heldout, progress) | status | seconds


WORK = {"cost": cost, "training": training}


def started(run: RunConfig, task: Task) -> Progress:
    """Draw the weights of a run and give it the step of the task's arm."""
    progress = start(run, task.vocab_size)
    progress.engine = dataclasses.replace(progress.engine, step=ARMS[task.arm]())
    return progress


def done(task: Task, tokens: np.ndarray) -> Rows:
    """Do a task here; rows hold every parameter of its run, and the arm."""
    run = RunConfig.from_strings(task.run)
    key = run.as_row() | {"arm": task.arm}
    return [key | row for row in WORK[task.work](run, task, tokens)]


def main() -> None:
    """Do the task on the input and print its rows."""
    torch.set_num_threads(1)
    task = Task(**json.loads(sys.stdin.buffer.readline()))
    tokens = np.frombuffer(sys.stdin.buffer.read(), np.int64).copy()
    print(json.dumps(done(task, tokens)))


if __name__ == "__main__":
    main()
