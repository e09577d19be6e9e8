"""When a training run went wrong: read from its curve, one row per run."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from pandas import DataFrame

SPIKE = math.log(2)  # nats: the perplexity is twice the lowest before it


def facts(nats: Sequence[float], vocab_size: int) -> dict[str, Any]:
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


def table(curves: DataFrame, keys: Sequence[str]) -> DataFrame:
    """One row per run out of the curves of runs that ``keys`` tell apart.

    ``max_grad_norm`` is the largest before clipping, ``clipped_share`` the mean over epochs.
    """
    rows = []
    for key, curve in curves.groupby(list(keys), sort=False, dropna=False):
        curve = curve.sort_values("epoch")
        norms = curve.grad_norm_max.to_numpy(float)
        rows.append(
            dict(zip(keys, key, strict=True))
            | facts(curve.total_nats / curve.num_tokens, int(curve.vocab_size.iloc[0]))
            | {"max_grad_norm": np.where(np.isnan(norms), np.inf, norms).max()}
            | {"clipped_share": curve.clipped_share.mean()}
            | {"perplexity": math.exp(min(700, _last(curve)))}
        )
    return DataFrame(rows)
