"""One network learns one task from fresh sequences, until it is solved or its steps are spent."""

import logging
import time
import zlib
from dataclasses import asdict, dataclass
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnnbench.base import plugins
from rnnbench.base.parameters import Job
from rnnbench.tasks.kinds import Batch
from rnnbench.training import initial, model
from rnnbench.training.update import clip_gradients, descend

LEFT = 0.1  # a task is solved where no more than this share of the base line's error is left
STOP = LEFT / 2  # training ends here, so that fresh sequences will find it solved
LOOK_EVERY, LOOKED_AT, TESTED = 100, 500, 2000  # steps; sequences
SOLVED, BETTER, CHANCE = "solved", "better than the base line", "no better than the base line"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TaskConfig(Job):
    """Every parameter of what one network learns.

    Attributes:
        task: name of the kind of task.
        variant: name of the network, a preset.
        length: of the sequences that it is tested on, T.
        seed: of its initial weights and all sequences.
        hidden_size: hidden units per layer and direction.
        batch_size: sequences per training step.
        learning_rate: of Adam.
        clip_norm: gradients of a larger norm are scaled to this one.
        max_steps: training steps, at most.
    """

    task: str
    variant: str
    length: int
    seed: int
    hidden_size: int
    batch_size: int
    learning_rate: float
    clip_norm: float
    max_steps: int


class Network(model.LanguageModel):
    """A recurrent layer that reads vectors ``(S, B, I)`` where a language model reads tokens."""

    def read(self, X: Tensor, state: model.State = None) -> tuple[Tensor, model.State]:
        hidden, state = self.layer(X, state)
        return hidden, state

    def answers(self, batch: Batch) -> Tensor:
        """The outputs at the steps that count, ``(C, B, O)``."""
        outputs, _ = self(batch.inputs)
        return outputs[-len(batch.targets) :]


def learn(config: TaskConfig) -> dict[str, Any]:
    """Train and test one network: a row of the table ``tasks``.

    Its randomness is shared with no other.
    """
    task = plugins.load("tasks", config.task)
    mark = zlib.crc32(f"{config.task}/{config.variant}/{config.length}".encode())
    generator = np.random.Generator(np.random.PCG64([config.seed, mark]))
    network = untrained(config, task, generator)
    began = time.perf_counter()
    steps = train(network, config, task, generator)
    seconds = time.perf_counter() - began
    found = errors(network, task, config.length, TESTED, generator)
    numbers = sum(parameter.numel() for parameter in network.parameters())
    trained = {"steps": steps, "train_seconds": seconds, "num_parameters": numbers}
    return (
        asdict(config)
        | {"metric": task.METRIC}
        | judged(found, task.baseline(config.length))
        | trained
    )


def untrained(config: TaskConfig, task: ModuleType, generator: np.random.Generator) -> Network:
    """The network of a variant with weights as torch.nn draws them, to be moved by Adam."""
    layer = model.layer(config.variant, task.NUM_INPUTS, config.hidden_size)
    network = Network(layer, task.NUM_OUTPUTS)
    initial.draw(network, config.hidden_size, initial.uniform, generator)
    network.optimiser = plugins.load("optimisers", "adam").start()
    return network


def train(
    network: Network, config: TaskConfig, task: ModuleType, generator: np.random.Generator
) -> int:
    """Lower the mean loss of one fresh batch after the other; return the number of steps taken."""
    enough = STOP * task.baseline(config.length)
    for step in range(1, config.max_steps + 1):
        shortest, longest = task.trained(config.length)
        length = generator.integers(shortest, longest, endpoint=True)
        batch = task.batch(int(length), config.batch_size, generator)
        network.zero_grad()
        task.loss(network.answers(batch), batch.targets).mean().backward()
        clip_gradients(network, config.clip_norm)
        descend(network, config.learning_rate)
        if step % LOOK_EVERY == 0:
            left = float(errors(network, task, config.length, LOOKED_AT, generator).mean())
            log.info("step %d of %d: %.4g", step, config.max_steps, left)
            if left <= enough:
                break
    return step


@torch.no_grad()
def errors(
    network: Network, task: ModuleType, length: int, number: int, generator: np.random.Generator
) -> np.ndarray:
    """The metric on fresh sequences, its mean over the steps of each, ``(number,)``."""
    batch = task.batch(length, number, generator)
    found: Tensor = task.error(network.answers(batch), batch.targets).double()
    return found.mean(0).numpy()


def judged(errors: np.ndarray, baseline: float) -> dict[str, Any]:
    """The mean over sequences with its 95 % interval, and what it is beside the base line."""
    value = errors.mean()
    half = 1.96 * errors.std(ddof=1) / len(errors) ** 0.5
    solved = bool(value <= LEFT * baseline)
    verdict = SOLVED if solved else BETTER if value + half < baseline else CHANCE
    interval = {"value": float(value), "low": float(value - half), "high": float(value + half)}
    return {**interval, "baseline": baseline, "solved": solved, "verdict": verdict}
