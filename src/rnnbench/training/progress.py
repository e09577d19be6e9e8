"""What a training run has come to, and the texts it is about."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnnbench.base.errors import StudyError
from rnnbench.base.parameters import RunConfig
from rnnbench.training import samplers, update
from rnnbench.training.model import LanguageModel, build
from rnnbench.training.update import Engine, own


@dataclass
class Progress:
    """What a run has come to; all of it but the engine is in a checkpoint."""

    model: LanguageModel  # the weights
    generator: np.random.Generator  # PCG64, the source of the weights and of every sampler offset
    engine: Engine  # what moves the weights
    curve: list[dict[str, Any]] = field(default_factory=list)  # one row per finished epoch
    facts: dict[str, Any] = field(default_factory=dict)  # what was measured before the first epoch
    train_seconds: float = 0.0  # time in training steps so far, over all sittings
    # name -> weights, as they were at the lowest loss over the validation part; empty before the
    # first evaluation
    best: dict[str, Tensor] = field(default_factory=dict)

    def remembered(self) -> dict[str, Tensor]:
        """What the optimiser remembers from step to step, by name."""
        trained = self.engine.model
        return trained.optimiser.tensors(update.trained(trained))

    def recall(self, tensors: dict[str, Tensor]) -> None:
        """Take up what :meth:`remembered` told."""
        trained = self.engine.model
        trained.optimiser.load(update.trained(trained), tensors)


@dataclass(frozen=True)
class Texts:
    """The parts of a text, ``(N,)`` each, on the device of the run."""

    train: Tensor  # what a run learns from
    validation: Tensor  # what its best epoch is chosen by
    heldout: Tensor  # what is read once, at the end


def split(tokens: np.ndarray, run: RunConfig) -> Texts:
    """Take the parts of a text, ``(N,)``: the first ``train_tokens``, and both shares at its end.

    Raises:
        StudyError: too short for one minibatch, or for one prediction of the other parts.
    """
    sizes = {
        name: round(getattr(run, name) * len(tokens))
        for name in ("validation_share", "heldout_share")
    }
    for name, size in sizes.items():
        if size < 2 and (name == "heldout_share" or run.validation_share):
            raise StudyError(
                f"runs.{name}: expected at least 2 tokens, found {size} of {len(tokens)}. Make "
                "the share larger, or use a longer text."
            )
    last = len(tokens) - sizes["heldout_share"]
    first = max(0, last - sizes["validation_share"])
    train = tokens[: int(min(run.train_tokens, first))]
    samplers.check_size(len(train), run.batch_size, run.num_steps)
    heldout = tokens[last:]
    parts = (train, tokens[first:last] if run.validation_share else heldout, heldout)
    on_device = (torch.from_numpy(part.astype(np.int64)) for part in parts)
    return Texts(*(part.to(run.device) for part in on_device))


def start(run: RunConfig, vocab_size: int) -> Progress:
    """Draw the weights of a run from its seed."""
    generator = np.random.Generator(np.random.PCG64(run.seed))
    model = build(run.variant, vocab_size, run.hidden_size, generator, init_range=run.init_range)
    model, model.window = model.to(run.device), run.num_steps
    return Progress(model, generator, own(run.variant, model))


def lost(curve: list[dict[str, Any]]) -> bool:
    """Whether the last epoch left the finite numbers; no later epoch can come back."""
    return (
        bool(curve) and not np.isfinite([curve[-1]["total_nats"], curve[-1]["grad_norm_max"]]).all()
    )
