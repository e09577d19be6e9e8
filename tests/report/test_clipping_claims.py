"""Verdicts on clipping, each from tables made to give it."""

import math

import numpy as np
import pytest
from pandas import DataFrame

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


@pytest.mark.parametrize(
    ("tight", "verdict"),
    [([9, 9, 9], HOLDS), ([7, 9, 9], NOT_SETTLED), ([7, 7, 7], FAILS), ([], NOT_MEASURED)],
)
def test_clipping_slows_if_the_smallest_threshold_ends_higher(tight, verdict):
    rows = [(0.1, seed, value) for seed, value in enumerate(tight)]
    rows += [(clip_norm, seed, 8.0) for clip_norm in (1.0, INF) for seed in range(3)]
    table = DataFrame(rows, columns=["clip_norm", "seed", "perplexity"])
    if not tight:
        table = table[table.clip_norm > 1]
    same = dict.fromkeys(["machine", "corpus", "sampler", "device", "variant"], "same")
    table = table.assign(**same, status="unconverged", heldout_perplexity=9.0, clipped_share=0.5)
    claim = clipping.slower({"runs": table.assign(leaky=False)})
    assert (claim.verdict, claim.n) == (verdict, len(tight))


def test_where_runs_stop_by_patience_progress_is_the_best_epoch_of_settled_runs():
    rows = [
        (clip, seed, epoch) for seed in range(3) for clip, epoch in ((0.1, 90 + seed), (INF, 60))
    ]
    table = DataFrame(rows, columns=["clip_norm", "seed", "best_epoch"])
    table = table.assign(variant="rnn", perplexity=9.0, heldout_perplexity=9.0, clipped_share=0.5)
    settled = table.assign(status="converged", leaky=False)
    claim = clipping.slower({"runs": settled})
    assert claim.verdict == HOLDS and "best epoch is 1.5" in claim.measured
    claim = clipping.slower({"runs": settled.assign(status="unconverged")})
    assert (claim.verdict, claim.reason) == (NOT_SETTLED, "3 of 3 runs were still improving")
