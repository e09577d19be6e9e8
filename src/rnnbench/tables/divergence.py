"""When a training run went wrong: read from its curve, one row per run."""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from pandas import DataFrame

from rnnbench.base.parameters import DEFAULTS
from rnnbench.tables import columns
from rnnbench.text import metrics

KEYS = columns.RUN_PARAMETERS  # else two runs would be one
SPIKE = math.log(2)  # nats: the perplexity is twice the lowest before it


def facts(nats: ArrayLike, vocab_size: int) -> dict[str, Any]:
    """What the mean losses of the epochs say, ``(num_epochs,)`` in nats.

    Returns:
        ``epochs_done``; ``lost``: whether the last epoch left the finite numbers;
        ``diverged_epoch``: the first epoch, from 1, from which on every loss is worse than guessing
        uniformly, ln(vocab_size), or not finite; NaN where the run ends below; ``spikes``: epochs
        that are at twice the lowest perplexity before them, or worse.
    """
    losses = np.where(np.isfinite(nats), nats, np.inf).astype(float)
    sound = np.flatnonzero(losses <= math.log(vocab_size))
    first = 1 + (int(sound[-1]) + 1 if len(sound) else 0)
    lowest = np.minimum.accumulate(losses)[:-1]
    return {
        "epochs_done": len(losses),
        "lost": bool(np.isinf(losses[-1])),
        "diverged_epoch": float(first) if first <= len(losses) else math.nan,
        "spikes": int((losses[1:] > lowest + SPIKE).sum()),
    }


def table(curves: DataFrame) -> DataFrame:
    """One row per run out of curves that hold :data:`KEYS` and ``vocab_size`` beside each epoch.

    ``max_grad_norm`` is the largest before clipping, inf where it is not a number;
    ``clipped_share`` the mean over epochs, ``perplexity`` that of the last epoch.
    """
    rows = []
    keys = [*KEYS, *(name for name in DEFAULTS if name in curves)]
    for key, curve in curves.groupby(keys, sort=False, dropna=False):
        curve = curve.sort_values("epoch")
        norms = curve.grad_norm_max.to_numpy(float)
        rows.append(
            dict(zip(keys, key, strict=True))
            | facts(curve.total_nats / curve.num_tokens, int(curve.vocab_size.iloc[0]))
            | {"max_grad_norm": np.where(np.isnan(norms), np.inf, norms).max()}
            | {"clipped_share": curve.clipped_share.mean()}
            | {"perplexity": metrics.perplexity(*curve.iloc[-1][["total_nats", "num_tokens"]])}
        )
    return columns.table("divergence", rows)
