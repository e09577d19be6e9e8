"""What a finished run leaves: its record, its curve, its status."""

import hashlib
import math
import platform
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from pandas import DataFrame
from torch import Tensor

from rnnbench.base.files import now
from rnnbench.base.parameters import CONVERGED, DIVERGED, GRID, UNCONVERGED, RunConfig
from rnnbench.machine.identity import name as machine_name
from rnnbench.training import initial
from rnnbench.training.arithmetic import determinism, numerics
from rnnbench.training.model import LanguageModel
from rnnbench.training.progress import Progress, Texts, lost
from rnnbench.training.update import evaluate

ADDRESS = GRID
RECENT_EPOCHS = 20  # single late epochs move as much as another seed does; their median is stable


def identity(run: RunConfig, texts: Texts, progress: Progress, source: str) -> str:
    """SHA-256 of all that decides a run: parameters, tokens, engine, source digest, arithmetic."""
    tokens = digest_of(texts.train), digest_of(texts.heldout)
    parts = (repr(run.as_row()), *tokens, progress.engine.name, source, numerics.identify())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def digest_of(tokens: Tensor) -> str:
    """SHA-256 of tokens, ``(N,)``."""
    return hashlib.sha256(tokens.cpu().numpy().tobytes()).hexdigest()


def curve_table(run: RunConfig, progress: Progress) -> DataFrame:
    """One row per epoch, with the address of the run; held-out columns are empty in between."""
    address = {key: getattr(run, key) for key in ADDRESS}
    empty = {"heldout_total_nats": None, "heldout_num_tokens": None}
    return DataFrame([address | empty | row for row in progress.curve])


def record(run: RunConfig, texts: Texts, progress: Progress, source: str) -> dict[str, Any]:
    """Return the record of a finished run: parameters, totals, status and provenance."""
    return {
        **run.as_row(),
        **progress.facts,
        **model_facts(progress.model),
        "trained_by": progress.engine.name,
        "ran_on": machine_name(),
        **totals(progress),
        "status": ended(progress),
        "train_tokens_sha256": digest_of(texts.train),
        "heldout_tokens_sha256": digest_of(texts.heldout),
        "weights_sha256": initial.digest(progress.model),
        "source_sha256": source,
        "threads": torch.get_num_threads(),
        "determinism": determinism.mode(),
        "numerics_id": numerics.identify(),
        "torch_version": torch.__version__,
        "numpy_version": np.__version__,
        "python_version": platform.python_version(),
        "train_seconds": progress.train_seconds,
        "ended": now(),
    }


def model_facts(model: LanguageModel) -> dict[str, Any]:
    """Sizes of a model, and whether it sees what it is to predict."""
    return {
        "vocab_size": model.vocab_size,
        "num_layers": model.layer.num_layers,
        "num_parameters": sum(parameter.numel() for parameter in model.parameters()),
        "leaky": model.leaky,
    }


def totals(progress: Progress) -> dict[str, Any]:
    """Totals of the last epoch and of the last reading of the held-out text."""
    curve, last = progress.curve, progress.curve[-1]
    read = (row for row in reversed(curve) if "heldout_total_nats" in row)
    heldout: dict[str, Any] = next(read, {})
    return {
        "epochs_done": len(curve),
        "total_nats": last["total_nats"],
        "num_tokens": last["num_tokens"],
        "recent_nats_per_token": float(np.median(epoch_nats(curve)[-RECENT_EPOCHS:])),
        "heldout_epoch": heldout.get("epoch"),
        "heldout_total_nats": heldout.get("heldout_total_nats"),
        "heldout_num_tokens": heldout.get("heldout_num_tokens"),
        "max_grad_norm": float(np.max([row["grad_norm_max"] for row in curve])),
        "clipped_share": float(np.mean([row["clipped_share"] for row in curve])),
    }


def in_short(run: RunConfig, heldout: Tensor, progress: Progress) -> dict[str, Any]:
    """What a table keeps of a training beside the grid: how it ended, and its totals.

    Totals are those of the last epoch, and of the held-out text, ``(N,)``, which is read now.
    """
    last = progress.curve[-1]
    total_nats, num_tokens = evaluate(progress.model, heldout, run.batch_size, run.num_steps)
    return {
        **{"epochs_done": len(progress.curve), "status": ended(progress)},
        **{name: last[name] for name in ("total_nats", "num_tokens")},
        **{"heldout_total_nats": total_nats, "heldout_num_tokens": num_tokens},
    }


def ended(progress: Progress) -> str:
    """Judge a run by its curve, as :func:`status`; a loss or norm that is no number diverged."""
    if lost(progress.curve):
        return DIVERGED
    return status(epoch_nats(progress.curve), progress.model.vocab_size)


def epoch_nats(curve: list[dict[str, Any]]) -> list[float]:
    """Mean training loss per token of each epoch, nats."""
    return [row["total_nats"] / row["num_tokens"] for row in curve]


def status(nats: Sequence[float], vocab_size: int) -> str:
    """Judge a run by its mean loss per token in each epoch, ``(num_epochs,)`` in nats.

    ``diverged``: the loss left the finite numbers, or the median of the last 20 epochs is worse
    than guessing uniformly, ln(vocab_size). ``converged``: the medians of the last 20 and of the
    20 epochs before differ by less than 1 % of perplexity. ``unconverged``: neither.
    """
    recent = np.asarray(nats[-RECENT_EPOCHS:], float)
    if not np.isfinite(recent).all() or np.median(recent) > math.log(vocab_size):
        return DIVERGED
    before = np.asarray(nats[-2 * RECENT_EPOCHS : -RECENT_EPOCHS], float)
    if len(before) < RECENT_EPOCHS:
        return UNCONVERGED
    return CONVERGED if abs(np.median(recent) - np.median(before)) < 0.01 else UNCONVERGED
