"""Verdicts on clipping and on backpropagation through time, each from tables made to give it."""

import itertools
import math

import numpy as np
import pytest
from pandas import DataFrame, concat

from rnnbench.report.claims import (
    FAILS,
    HOLDS,
    NOT_MEASURED,
    NOT_SETTLED,
    PARTLY,
    bptt,
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


# Backpropagation through time


@pytest.mark.parametrize(("deviation", "verdict"), [(1e-14, HOLDS), (1e-6, FAILS)])
def test_the_closed_form_holds_if_it_is_exact(deviation, verdict):
    table = DataFrame({"deviation": [1e-16, deviation]})
    assert bptt.closed_form({"linear_gradient": table}).verdict == verdict


@pytest.mark.parametrize(
    ("below", "above", "verdict"),
    [([0.1] * 9, [9.0] * 9, HOLDS), ([0.1] * 9, [0.5] * 9, PARTLY), ([2.0] * 9, [0.5] * 9, FAILS)],
)
@pytest.mark.parametrize(("cell", "judge"), [("linear", bptt.powers), ("tanh", bptt.squashed)])
def test_gradients_vanish_and_explode_if_they_do_for_all_seeds(cell, judge, below, above, verdict):
    rows = [
        {"cell": cell, "spectral_radius": radius, "seed": seed, "grad_norm": norm, "distance": 50}
        for radius, norms in ((0.9, below), (1.1, above))
        for seed, norm in enumerate(norms)
    ]
    claim = judge({"gradient_distance": DataFrame(rows)})
    assert (claim.verdict, claim.n) == (verdict, 9)


def training(regular, randomized=()) -> dict[str, DataFrame]:
    """Perplexities by tau 2, 4, ... of three seeds, over a full gradient's 10."""
    rows = [("full", INF, seed, 10.0) for seed in range(3)]
    for method, columns in (("regular", regular), ("randomized", randomized)):
        for exponent, values in enumerate(columns, start=1):
            rows += [(method, 2**exponent, seed, value) for seed, value in enumerate(values)]
    table = DataFrame(rows, columns=["method", "tau", "seed", "perplexity"])
    table = table.assign(variant="rnn", heldout_perplexity=table.perplexity, status="converged")
    return {"bptt_training": table}


@pytest.mark.parametrize(
    ("judge", "tables"),
    [
        (bptt.sufficient, training([[11, 11, 11], [10, 10, 10]])),
        (bptt.useless, training([[10, 10, 10]], [[11, 12, 13]])),
        (bptt.regularising, training([[9, 9, 9]])),
    ],
)
def test_runs_of_another_setting_are_no_seeds_of_the_first(judge, tables):
    """Seeds that are the same in two settings would each be paired with both."""
    first = tables["bptt_training"].assign(hidden_size=32)
    other = first.assign(hidden_size=64, perplexity=first.perplexity**2, heldout_perplexity=1.0)
    alone, both = judge({"bptt_training": first}), judge({"bptt_training": concat([first, other])})
    assert (both.verdict, both.value, both.n) == (alone.verdict, alone.value, alone.n)
    assert both.measured.replace(", shown at hidden_size 32 of 32 and 64", "") == alone.measured
    assert both.measured != alone.measured


@pytest.mark.parametrize(
    ("regular", "verdict", "value"),
    [
        ([[11, 11, 11], [10, 10.01, 10]], HOLDS, 1.0),
        ([[11, 11, 11.1], [10, 12, 10.1]], NOT_SETTLED, 1.1),
        ([[12, 12, 12], [11, 11, 11]], FAILS, 1.1),
    ],
)
def test_a_cut_suffices_if_the_perplexity_is_within_two_per_cent(regular, verdict, value):
    claim = bptt.sufficient(training(regular))
    assert (claim.verdict, claim.n) == (verdict, 3)
    assert claim.value == pytest.approx(value, rel=0.01)


@pytest.mark.parametrize(
    ("randomized", "verdict"),
    [
        ([[11, 11.5, 12]], HOLDS),
        ([[9, 9, 12]], NOT_SETTLED),
        ([[8, 8.5, 8]], FAILS),
        ([[8, 9]], NOT_SETTLED),
        ([], NOT_MEASURED),
    ],
)
def test_random_cuts_are_no_better_if_they_do_not_train_to_less(randomized, verdict):
    assert bptt.useless(training([[10, 10, 10]], randomized)).verdict == verdict


@pytest.mark.parametrize(
    ("regular", "verdict"),
    [
        ([[9, 9, 9.3]], HOLDS),
        ([[9, 9, 11]], NOT_SETTLED),
        ([[10.5, 10.6, 10.5], [11, 11, 11]], FAILS),
    ],
)
def test_a_cut_regularises_if_unseen_text_is_foretold_better(regular, verdict):
    assert bptt.regularising(training(regular)).verdict == verdict


def gradients(mean_error=(1.0,), regular=1.0, randomized=(2.0,)) -> dict[str, DataFrame]:
    rows = []
    for seed, (error, rmse) in enumerate(zip(mean_error, itertools.cycle(randomized))):
        key = {"variant": "rnn", "seed": seed, "minibatch": 0, "tau": 4, "stage": "trained"}
        rows.append(key | {"method": "regular", "rmse": regular, "mean_error": NAN})
        rows.append(key | {"method": "randomized", "rmse": rmse, "mean_error": error})
    return {"bptt": DataFrame(rows).assign(patterns=100)}


@pytest.mark.parametrize(
    ("errors", "verdict"),
    [([1.0, 0.9, 1.1], HOLDS), ([1.0, 1.0, 9.0], NOT_SETTLED), ([8.0, 9.0, 9.0], FAILS)],
)
def test_random_cuts_are_unbiased_if_chance_explains_where_their_means_lie(errors, verdict):
    claim = bptt.unbiased(gradients(errors))
    assert (claim.verdict, claim.n) == (verdict, 3)


@pytest.mark.parametrize(
    ("randomized", "verdict"), [((2.0,), HOLDS), ((0.5, 2.0, 2.0), NOT_SETTLED), ((0.5,), FAILS)]
)
def test_the_variance_undoes_the_gain_if_random_cuts_miss_by_more(randomized, verdict):
    assert bptt.noisy(gradients([1.0] * 9, 1.0, randomized)).verdict == verdict


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
