"""What training will cost: a model of its time, fitted to points and judged on others.

A training step on a minibatch ``(T, B)`` takes

    cells T seconds_per_time_step + FLOPs seconds_per_flop + units B T seconds_per_unit

with ``cells`` layers times directions and ``units`` hidden units in all of them: what each time
step costs whatever its size (calls, Python), its matrix products at an effective rate, and its
element-wise part. A run takes its start, its steps, and its evaluations, which only go forward.

The points to measure are a star around a middle, one size changed at a time, to fit the model, and
corners, all sizes extreme at once, to judge it. Nothing here needs torch.
"""

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pandas import DataFrame, Series

from rnnbench import work
from rnnbench.jobs import RunConfig, TimingConfig

SIZES = ["hidden_size", "batch_size", "num_steps"]
MODEL = ["gates", "hidden_size", "num_layers", "directions", "vocab_size"]
SERIES = ["machine", "variant", "device", "threads", "dtype"]
COSTS = ["seconds_per_time_step", "seconds_per_flop", "seconds_per_unit"]
FORWARD = 1 / 3  # an evaluation makes the forward one of the three products of each weight
LEAST_POINTS = len(COSTS) + 1


def star(middle: TimingConfig, axes: Mapping[str, Sequence[int]]) -> list[TimingConfig]:
    """Return the middle, and every value of every axis with all else as in the middle."""
    changed = [
        dataclasses.replace(middle, **{name: value}) for name in axes for value in axes[name]
    ]
    return list(dict.fromkeys([middle, *changed]))


def corners(middle: TimingConfig, axes: Mapping[str, Sequence[int]]) -> list[TimingConfig]:
    """Return every combination of the smallest and the largest value of each axis."""
    ends = [(min(values), max(values)) for values in axes.values()]
    return [
        dataclasses.replace(middle, **dict(zip(axes, values, strict=True)))
        for values in itertools.product(*ends)
    ]


def features(model: work.Architecture, batch_size: int, num_steps: int) -> np.ndarray:
    """Return what the costs of one training step are multiplied with, ``(3,)``."""
    cells = model.num_layers * model.directions
    flops = work.per_token(model, batch_size, num_steps).product_flops * batch_size * num_steps
    return np.array([cells * num_steps, flops, cells * model.hidden_size * batch_size * num_steps])


def fit(scaling: DataFrame) -> DataFrame:
    """One row per series of the table ``scaling``: costs, start, and errors of prediction.

    Costs are not negative and minimise relative errors over the star. ``heldout_error`` is the
    median relative error at points off the star, ``heldout_worst`` the largest; series with too
    few points for a fit are left out.
    """
    first = [*SERIES, *MODEL[:1], *MODEL[2:], *COSTS, "start_seconds"]
    errors = ["points", "fit_error", "heldout_points", "heldout_error", "heldout_worst"]
    rows = []
    alone = scaling[scaling.parallel == 1]
    for key, group in alone.groupby(SERIES, sort=False, dropna=False):
        fitted = ((group[SIZES] != base(group)).sum(axis=1) <= 1).to_numpy()
        if fitted.sum() >= LEAST_POINTS:
            rows.append(dict(zip(SERIES, key, strict=True)) | _row(group, fitted))
    return DataFrame(rows, columns=[*first, *errors])


def base(points: DataFrame) -> Series:
    """Sizes of the point from which most others differ in at most one: the middle of the star."""
    sizes = points[SIZES].to_numpy()
    near = (sizes[:, None] != sizes[None]).sum(axis=2) <= 1
    return points[SIZES].iloc[near.sum(axis=1).argmax()]


def _row(group: DataFrame, fitted: np.ndarray) -> dict[str, Any]:
    from scipy.optimize import nnls  # here: every job that reads a table would pay for it

    seconds = (group.batch_size * group.num_steps / group.tokens_per_second).to_numpy()
    X = np.array(
        [features(_model(row), row.batch_size, row.num_steps) for row in group.itertuples()]
    )
    relative = X / seconds[:, None]
    scale = relative.max(axis=0)
    costs = nnls(relative[fitted] / scale, np.ones(fitted.sum()))[0] / scale
    error = np.abs(relative @ costs - 1)
    rest = error[~fitted]
    return {
        **{name: group[name].iloc[0] for name in MODEL if name != "hidden_size"},
        **dict(zip(COSTS, costs, strict=True)),
        "start_seconds": group.start_seconds.median(),
        "points": int(fitted.sum()),
        "fit_error": float(np.median(error[fitted])),
        "heldout_points": len(rest),
        "heldout_error": float(np.median(rest)) if len(rest) else np.nan,
        "heldout_worst": float(rest.max()) if len(rest) else np.nan,
    }


def _model(row) -> work.Architecture:
    return work.Architecture(**{name: int(getattr(row, name)) for name in MODEL})


def step_seconds(
    cost: Mapping[str, Any], hidden_size: int, batch_size: int, num_steps: int
) -> float:
    """Predict the seconds of one training step from a row of the table ``costs``."""
    sizes = {name: int(cost[name]) for name in MODEL if name != "hidden_size"}
    model = work.Architecture(hidden_size=hidden_size, **sizes)
    return float(features(model, batch_size, num_steps) @ [cost[name] for name in COSTS])


def predict_seconds(run: RunConfig, cost: Mapping[str, Any], text_tokens: int) -> float:
    """Predict how long a training run takes on the machine whose ``cost`` it is.

    Args:
        run: what to train.
        cost: the row of the table ``costs`` for the run's variant, device and threads.
        text_tokens: length of the whole text.
    """
    heldout = round(run.heldout_share * text_tokens)
    trained = min(run.train_tokens, text_tokens - heldout)
    evaluated = trained + min(run.heldout_evaluations, run.num_epochs) * heldout
    tokens = run.num_epochs * trained + FORWARD * evaluated
    step = step_seconds(cost, run.hidden_size, run.batch_size, run.num_steps)
    return float(cost["start_seconds"] + tokens * step / (run.batch_size * run.num_steps))
