"""What training will cost: a model of its time, fitted to points and judged on others.

A training step on a minibatch ``(T, B)`` takes

    seconds_per_minibatch + cells T seconds_per_time_step + weights T seconds_per_weight
    + FLOPs seconds_per_flop + units B T seconds_per_unit

with ``cells`` layers times directions, ``units`` hidden units in all of them and all ``weights``
touched at each time step: what a minibatch and a time step cost whatever their size (calls,
Python), the traffic of the weights, the matrix products at an effective rate, and the element-wise
part. A run takes its start, its steps, and its evaluations, which only go forward.

The points to measure are a star around a middle, one size changed at a time, and corners, all
sizes extreme at once. The model is fitted to all of them, and judged on each by a fit to the rest.
Nothing here needs torch, and a prediction not even pandas: a study asks for some as it is read.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnbench.base import parameters
from rnnbench.base.parameters import RunConfig
from rnnbench.timing import workload

if TYPE_CHECKING:
    from pandas import DataFrame, Series

SIZES = list(parameters.SIZES)
MODEL = [name for name in workload.MODEL if name not in SIZES]
SERIES = ["machine", "variant", "implementation", "device", "threads", "dtype"]
COSTS = [
    *("seconds_per_minibatch", "seconds_per_time_step", "seconds_per_weight"),
    *("seconds_per_flop", "seconds_per_unit"),
]
EARLY = 0.4  # of the most epochs, where a run may lose patience: measured at the default sizes
FORWARD = 1 / 3  # an evaluation makes the forward one of the three products of each weight
LEAST_POINTS = len(COSTS) + 1


def features(model: workload.Architecture, batch_size: int, num_steps: int) -> np.ndarray:
    """Return what the costs of one training step are multiplied with, ``(5,)``."""
    cells = model.num_layers * model.directions
    flops = workload.per_token(model, batch_size, num_steps).product_flops * batch_size * num_steps
    units = cells * model.hidden_size * batch_size * num_steps
    return np.array([1, cells * num_steps, model.num_weights * num_steps, flops, units], float)


def fit(scaling: DataFrame) -> DataFrame:
    """One row per series of the table ``scaling``: costs, start, and errors of prediction.

    Costs are not negative and minimise relative errors. ``heldout_error`` is the median relative
    error over points, each predicted by a fit to the others, ``heldout_worst`` the largest; series
    with too few points for a fit are left out.
    """
    from pandas import DataFrame

    first = [*SERIES, *MODEL, *COSTS, "start_seconds"]
    errors = ["points", "fit_error", "heldout_error", "heldout_worst"]
    alone = scaling[scaling.parallel == 1]
    rows = [
        dict(zip(SERIES, key, strict=True)) | _row(group)
        for key, group in alone.groupby(SERIES, sort=False, dropna=False)
        if len(group) >= LEAST_POINTS
    ]
    return DataFrame(rows, columns=[*first, *errors])


def held_out(points: DataFrame) -> np.ndarray:
    """Return predicted over measured seconds of each point, by a fit to the others, ``(N,)``."""
    X = _relative_features(points)
    return np.array([X[i] @ _costs(np.delete(X, i, axis=0)) for i in range(len(X))])


def base(points: DataFrame) -> Series:
    """Sizes of the point from which most others differ in at most one: the middle of the star."""
    sizes = points[SIZES].to_numpy()
    near = (sizes[:, None] != sizes[None]).sum(axis=2) <= 1
    return points[SIZES].iloc[near.sum(axis=1).argmax()]


def _row(group: DataFrame) -> dict[str, Any]:
    X = _relative_features(group)
    costs, rest = _costs(X), np.abs(held_out(group) - 1)
    return {
        **{name: group[name].iloc[0] for name in MODEL},
        **dict(zip(COSTS, costs, strict=True)),
        "start_seconds": group.start_seconds.median(),
        "points": len(group),
        "fit_error": float(np.median(np.abs(X @ costs - 1))),
        "heldout_error": float(np.median(rest)),
        "heldout_worst": float(rest.max()),
    }


def _relative_features(group: DataFrame) -> np.ndarray:
    """Features of each point over its measured seconds, ``(N, 5)``; times the costs they are 1."""
    points = (
        (workload.Architecture.from_row(row), row["batch_size"], row["num_steps"])
        for row in group.to_dict("records")
    )
    seconds = (group.batch_size * group.num_steps / group.tokens_per_second).to_numpy()
    return np.array([features(*point) for point in points]) / seconds[:, None]


def _costs(X: np.ndarray) -> np.ndarray:
    from scipy.optimize import nnls  # here: every job that reads a table would pay for it

    scale = X.max(axis=0)
    return nnls(X / scale, np.ones(len(X)))[0] / scale


def step_seconds(
    cost: Mapping[str, Any], hidden_size: int, batch_size: int, num_steps: int
) -> float:
    """Predict the seconds of one training step from a row of the table ``costs``."""
    model = workload.Architecture.from_row({**cost, "hidden_size": hidden_size})
    return float(features(model, batch_size, num_steps) @ [cost[name] for name in COSTS])


def predict_seconds(run: RunConfig, cost: Mapping[str, Any], text_tokens: int) -> float:
    """Predict how long a training run takes on the machine whose ``cost`` it is.

    Args:
        cost: the row of the table ``costs`` for the run's variant, device and threads.
        text_tokens: length of the whole text.
    """
    heldout, validation = (
        round(share * text_tokens) for share in (run.heldout_share, run.validation_share)
    )
    trained = min(run.train_tokens, text_tokens - heldout - validation)
    epochs = math.ceil(run.num_epochs * (1.0 if math.isinf(run.patience) else EARLY))
    evaluations = math.ceil(epochs / run.evaluate_every)
    evaluated = (
        trained + evaluations * (validation if run.validation_share else heldout) + 2 * heldout
    )
    tokens = epochs * trained + FORWARD * evaluated
    step = step_seconds(cost, run.hidden_size, run.batch_size, run.num_steps)
    return float(cost["start_seconds"] + tokens * step / (run.batch_size * run.num_steps))
