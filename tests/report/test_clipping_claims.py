"""Verdicts on clipping, each from tables made to give it."""

import math

import numpy as np
import pytest
from pandas import DataFrame, concat

from rnnbench.report.claims import (
    FAILS,
    HOLDS,
    NOT_MEASURED,
    NOT_SETTLED,
    clipping,
)

INF, NAN = math.inf, math.nan
SETTINGS = [key for key in clipping.PAIR if key not in {"variant", "seed"}]


def runs(**outcomes) -> dict[str, DataFrame]:
    """Runs by variant and threshold, given the epoch at which each seed diverged or NaN.

    ``rnn_1=[NAN]`` is one run of rnn with a threshold of 1, ``rnn_inf=[2]`` one without.
    """
    rows = []
    for name, epochs in outcomes.items():
        variant, _, clip_norm = name.rpartition("_")
        for seed, epoch in enumerate(epochs):
            row = {"variant": variant, "clip_norm": float(clip_norm), "seed": seed}
            row |= {"diverged_epoch": epoch, "lost": not np.isnan(epoch), "max_grad_norm": 3.0}
            rows.append(row)
    same = dict.fromkeys(SETTINGS, 1)
    return {"divergence": DataFrame(rows).assign(**same)}


@pytest.mark.parametrize(
    ("clipped", "never", "verdict"),
    [
        ([NAN] * 6, [1, 2, 5] * 2, HOLDS),
        ([NAN] * 3, [1, 2, 5], NOT_SETTLED),
        ([NAN] * 6, [1, NAN, NAN] * 2, NOT_SETTLED),
        ([NAN] * 6, [NAN] * 6, FAILS),
    ],
)
def test_clipping_is_needed_if_surely_most_runs_diverge_without_it(clipped, never, verdict):
    claim = clipping.needed(runs(rnn_1=clipped, rnn_inf=never))
    assert (claim.verdict, claim.n) == (verdict, len(never))
    assert claim.low <= claim.value <= claim.high


@pytest.mark.parametrize(
    ("clipped", "never", "verdict", "n"),
    [
        ([*[NAN] * 6, 1], [*range(6), NAN], HOLDS, 6),
        ([NAN, 1, NAN], [1, 2, 3], NOT_SETTLED, 3),
        ([1] * 6, [1] * 6, FAILS, 6),
        ([NAN, NAN], [NAN, NAN], NOT_MEASURED, 0),
    ],
)
def test_clipping_saves_if_surely_most_come_through_that_diverged_without(
    clipped, never, verdict, n
):
    claim = clipping.saves(runs(rnn_1=clipped, rnn_inf=never))
    assert (claim.verdict, claim.n) == (verdict, n)


@pytest.mark.parametrize(
    ("relu", "tanh", "verdict"),
    [
        ([1] * 9 + [NAN], [NAN] * 10, HOLDS),
        ([1, 2, NAN], [1, NAN, NAN], NOT_SETTLED),
        ([1] * 3, [NAN] * 3, NOT_SETTLED),
        ([NAN] * 10, [1] * 9 + [NAN], FAILS),
    ],
)
def test_relu_explodes_where_tanh_does_not_if_only_its_losses_are_lost(relu, tanh, verdict):
    assert clipping.rectified(runs(rnn_relu_inf=relu, rnn_inf=tanh)).verdict == verdict


def test_relu_is_compared_with_tanh_of_the_same_settings_only():
    tables = runs(rnn_relu_inf=[1], rnn_inf=[NAN])
    tables["divergence"]["learning_rate"] = [1, 2]
    assert clipping.rectified(tables).verdict == NOT_MEASURED


def progress(tight: list[int], **cells) -> dict[str, DataFrame]:
    """A trial whose runs come to a best epoch at 80, those of the smallest threshold as given."""
    rows = [(0.1, seed, epoch) for seed, epoch in enumerate(tight)]
    rows += [
        (clip_norm, seed, 80)
        for clip_norm in ((1.0, INF) if tight else (INF,))
        for seed in range(3)
    ]
    table = DataFrame(rows, columns=["clip_norm", "seed", "best_epoch"])
    same = dict.fromkeys(["machine", "corpus", "sampler", "device"], "same")
    cells = {"status": "converged", "learning_rate": 1.0, "leaky": False} | cells
    table = table.assign(**same, trial="clipping", variant="rnn", heldout_perplexity=9.0)
    return {"trials": table.assign(clipped_share=0.5, **cells)}


@pytest.mark.parametrize(
    ("tight", "verdict"),
    [([90, 91, 92], HOLDS), ([70, 90, 90], NOT_SETTLED), ([70, 70, 70], FAILS), ([], NOT_MEASURED)],
)
def test_clipping_slows_if_the_smallest_threshold_comes_later_to_its_best_epoch(tight, verdict):
    claim = clipping.slower(progress(tight))
    assert (claim.verdict, claim.n) == (verdict, len(tight))


def test_progress_is_compared_at_the_lowest_learning_rate_alone():
    slow, fast = progress([160] * 3)["trials"], progress([20] * 3, learning_rate=4.0)["trials"]
    claim = clipping.slower({"trials": concat([fast, slow])})
    assert claim.verdict == HOLDS and "best epoch is 2 " in claim.measured


def test_runs_still_improving_settle_nothing_about_progress():
    claim = clipping.slower(progress([90, 91, 92], status="unconverged"))
    assert (claim.verdict, claim.reason) == (NOT_SETTLED, "3 of 3 runs were still improving")
