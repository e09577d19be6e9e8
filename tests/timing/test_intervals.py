"""Laws of levels and their intervals, on the scale of logs."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rnnbench.text import metrics
from rnnbench.timing.statistics import intervals
from rnnbench.timing.statistics.estimates import Estimate, in_one
from rnnbench.timing.statistics.trend import kendall

few = settings(max_examples=30)
RATES = st.floats(1, 1e6)
GROUPS = st.lists(st.lists(RATES, min_size=1, max_size=6), min_size=3, max_size=5)
PARTS = st.tuples(st.floats(1e-6, 0.1), st.floats(1, 100))
ESTIMATES = st.builds(
    Estimate, st.floats(-0.5, 0.5), st.lists(PARTS, min_size=1, max_size=4).map(tuple), PARTS
)


def interval(groups):
    return intervals.interval({process: np.array(group) for process, group in enumerate(groups)})


@few
@given(ESTIMATES, st.floats(0.5, 0.999))
def test_an_interval_is_symmetric_on_logs_and_wider_at_a_higher_level(found, level):
    low, high = found.interval(level)
    assert low <= found.factor <= high
    assert math.sqrt(low * high) == pytest.approx(found.factor)
    wider = found.interval((1 + level) / 2)
    assert wider[0] < low and high < wider[1]


@few
@given(ESTIMATES)
def test_p_is_below_0_05_just_where_the_interval_leaves_1_out(found):
    assume(abs(found.p() - 0.05) > 1e-6)
    low, high = found.interval()
    assert (found.p() < 0.05) == (not low <= 1 <= high)


@few
@given(ESTIMATES, st.floats(0.01, 0.5))
def test_equality_is_shown_just_where_the_90_percent_interval_lies_within_the_share(found, share):
    assume(abs(found.p_unequal(share) - 0.05) > 1e-6)
    low, high = found.interval(0.9)
    assert (found.p_unequal(share) < 0.05) == (1 / (1 + share) < low and high < 1 + share)


@few
@given(ESTIMATES, ESTIMATES)
def test_sides_that_change_places_give_the_inverse(above, below):
    found, turned = above - below, below - above
    assert turned.factor == pytest.approx(1 / found.factor)
    assert turned.interval() == pytest.approx([1 / end for end in found.interval()[::-1]])
    assert turned.p() == pytest.approx(found.p())
    assert found.variance == pytest.approx(above.variance + below.variance)


@pytest.mark.parametrize(
    ("parts", "freedom"),
    [
        ([(0.01, 7)], 7),  # Student
        ([(0.01, 4), (0.01, 4)], 8),  # Welch, of equal variances
        ([(0.04, 3), (0.0, 1)], 3),
        ([(1 / 5, 4), (4 / 10, 9)], (0.2 + 0.4) ** 2 / (0.2**2 / 4 + 0.4**2 / 9)),
        ([(0.01, 5), (0.01, math.inf)], 20),
        ([], math.inf),
    ],
)
def test_degrees_of_freedom_are_those_of_satterthwaite(parts, freedom):
    assert Estimate(0.0, tuple(parts)).freedom == pytest.approx(freedom)


@few
@given(ESTIMATES, ESTIMATES)
def test_what_goes_by_one_knowledge_has_no_more_freedom_than_the_least(above, below):
    parts = above.sittings, below.sittings
    both = Estimate(0.0, (), above.sittings) - Estimate(0.0, (), below.sittings)
    assert both.freedom == pytest.approx(min(part[1] for part in parts))
    assert both.variance == pytest.approx(in_one(*parts)[0])
    assert both.freedom <= Estimate(0.0, parts).freedom + 1e-9


def test_a_ratio_is_tested_as_by_welch():
    from scipy.stats import ttest_ind

    rng = np.random.default_rng(1)
    arms = rng.normal(0.1, 0.2, 5), rng.normal(0.0, 0.1, 8)
    one, other = (
        Estimate(arm.mean(), ((arm.var(ddof=1) / len(arm), len(arm) - 1),)) for arm in arms
    )
    expected = ttest_ind(*arms, equal_var=False)
    assert (one - other).p() == pytest.approx(expected.pvalue)
    ends = np.exp(expected.confidence_interval(0.95))
    assert (one - other).interval() == pytest.approx(ends)


def test_without_any_variance_equals_are_equal_and_others_are_not():
    same, other = Estimate(0.0, ()), Estimate(0.1, ())
    assert (same.p(), same.interval(), same.p_unequal(0.05)) == (1, (1, 1), 0)
    assert (other.p(), other.p_unequal(0.05), other.smallest(0.05)) == (0, 1, 0)


@few
@given(ESTIMATES, st.floats(0.001, 0.2))
def test_the_smallest_difference_is_larger_at_a_stricter_level_and_with_more_noise(found, alpha):
    noisier = Estimate(found.centre, ((2 * found.variance, found.freedom),))
    calm = Estimate(found.centre, ((found.variance, found.freedom),))
    assert calm.smallest(alpha) == pytest.approx(found.smallest(alpha))
    assert found.smallest(alpha / 2) >= found.smallest(alpha) > 0
    assert noisier.smallest(alpha) >= found.smallest(alpha)


@few
@given(GROUPS)
def test_an_interval_of_groups_is_that_of_the_logs_of_their_medians(groups):
    found = interval(groups)
    logs = np.log([np.median(group) for group in groups])
    assert found.estimate == pytest.approx(np.exp(logs.mean()))
    assert found.low * (1 - 1e-9) <= found.estimate <= found.high * (1 + 1e-9)
    assert (found.n, found.processes) == (sum(map(len, groups)), len(groups))
    if logs.std() > 1e-9:
        from scipy.stats import t

        reach = t.ppf(0.975, len(logs) - 1) * logs.std(ddof=1) / math.sqrt(len(logs))
        assert np.log(found.high) - logs.mean() == pytest.approx(reach, rel=1e-6)


def test_fewer_than_three_processes_have_a_level_and_no_interval():
    for processes in (1, 2):
        found = interval([[7.0, 8.0, 9.0]] * processes)
        assert found.estimate == pytest.approx(8)
        assert np.isnan([found.low, found.high]).all()


def test_a_process_that_stood_still_for_one_window_moves_nothing():
    groups = 100 + np.random.default_rng(1).standard_normal((5, 5))
    before = interval(groups)
    groups[0][np.argmin(groups[0])] /= 100
    assert interval(groups) == before


@given(st.lists(RATES, max_size=8))
def test_a_trend_turns_with_the_order(values):
    assert kendall(values) == -kendall(values[::-1])


@given(st.lists(st.tuples(st.floats(0, 500), st.integers(1, 100)), min_size=2, max_size=5))
def test_perplexities_are_pooled_by_their_totals_and_never_by_their_mean(parts):
    nats, tokens = map(np.array, zip(*parts, strict=True))
    pooled = metrics.perplexity(nats.sum(), tokens.sum())
    weights = tokens / tokens.sum()
    mean_of_logs = (weights * np.log(metrics.perplexity(nats, tokens))).sum()
    assert np.log(pooled) == pytest.approx(mean_of_logs, rel=1e-9, abs=1e-12)


def test_a_perplexity_too_large_for_a_number_is_infinite():
    assert metrics.perplexity(1e6, 1) == np.inf
    assert np.isnan(metrics.perplexity(np.nan, 1))


def test_one_bit_a_token_is_perplexity_two():
    assert metrics.perplexity(7 * np.log(2), 7) == pytest.approx(2)
    assert metrics.bits_per_char(7 * np.log(2), 7) == pytest.approx(1)
