"""What a finished run leaves: its record, its curve, its status."""

import hashlib
import platform
from typing import Any

import numpy as np
import torch
from pandas import DataFrame
from torch import Tensor

from rnnbench.base.files import now
from rnnbench.base.parameters import GRID, RunConfig
from rnnbench.machine.identity import name as machine_name
from rnnbench.training import initial, selection
from rnnbench.training.arithmetic import determinism, numerics
from rnnbench.training.model import LanguageModel
from rnnbench.training.progress import Progress, Texts

ADDRESS = GRID


def identity(run: RunConfig, texts: Texts, progress: Progress, source: str) -> str:
    """SHA-256 of all that decides a run: parameters, tokens, engine, source digest, arithmetic."""
    tokens = map(digest_of, (texts.train, texts.validation, texts.heldout))
    parts = (repr(run.as_row()), *tokens, progress.engine.name, source, numerics.identify())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def digest_of(tokens: Tensor) -> str:
    """SHA-256 of tokens, ``(N,)``."""
    return hashlib.sha256(tokens.cpu().numpy().tobytes()).hexdigest()


def curve_table(run: RunConfig, progress: Progress) -> DataFrame:
    """One row per epoch, with the address of the run; parts that were not read are empty."""
    address = {key: getattr(run, key) for key in ADDRESS}
    parts, totals = ("validation", "heldout"), ("total_nats", "num_tokens")
    empty = {f"{part}_{total}": None for part in parts for total in totals}
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
        "status": selection.status(run, progress.curve, progress.model.vocab_size),
        "train_tokens_sha256": digest_of(texts.train),
        "validation_tokens_sha256": digest_of(texts.validation),
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
    """Totals of the last epoch and of the best evaluation."""
    curve, last = progress.curve, progress.curve[-1]
    best = selection.best(curve) or {}
    return {
        "epochs_done": len(curve),
        "total_nats": last["total_nats"],
        "num_tokens": last["num_tokens"],
        "recent_nats_per_token": float(np.median(epoch_nats(curve)[-selection.RECENT_EPOCHS :])),
        "best_epoch": best.get("epoch"),
        "validation_total_nats": best.get("validation_total_nats"),
        "validation_num_tokens": best.get("validation_num_tokens"),
        "heldout_total_nats": best.get("heldout_total_nats"),
        "last_heldout_total_nats": last.get("heldout_total_nats"),
        "heldout_num_tokens": last.get("heldout_num_tokens"),
        "max_grad_norm": float(np.max([row["grad_norm_max"] for row in curve])),
        "clipped_share": float(np.mean([row["clipped_share"] for row in curve])),
    }


def epoch_nats(curve: list[dict[str, Any]]) -> list[float]:
    """Mean training loss per token of each epoch, nats."""
    return [row["total_nats"] / row["num_tokens"] for row in curve]
