"""What a training run has come to, and the texts it is about."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnnbench.base.errors import StudyError
from rnnbench.base.parameters import RunConfig
from rnnbench.training import samplers
from rnnbench.training.model import LanguageModel, build
from rnnbench.training.update import Engine, own


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
            f"runs.heldout_share: expected at least 2 held-out tokens, found {num_heldout} of "
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
    model = build(run.variant, vocab_size, run.hidden_size, generator)
    model = model.to(run.device)
    return Progress(model, generator, own(run.variant, model))


def lost(curve: list[dict[str, Any]]) -> bool:
    """Whether the last epoch left the finite numbers; no later epoch can come back."""
    return (
        bool(curve) and not np.isfinite([curve[-1]["total_nats"], curve[-1]["grad_norm_max"]]).all()
    )
