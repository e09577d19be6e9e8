"""Laws of the intervals of measured rates."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnbench.text import metrics
from rnnbench.timing.statistics import intervals
from rnnbench.timing.statistics.trend import kendall

few = settings(max_examples=15)
RATES = st.floats(1, 1e6)
GROUPS = st.lists(st.lists(RATES, min_size=1, max_size=6), min_size=3, max_size=5)


def interval(groups):
    return intervals.interval({process: np.array(group) for process, group in enumerate(groups)})


def width(groups):
    found = interval(groups)
    return found.high - found.low


@few
@given(GROUPS)
def test_an_interval_contains_the_level_and_the_level_lies_within_the_medians(groups):
    found, medians = interval(groups), [np.median(group) for group in groups]
    assert found.low <= found.estimate <= found.high
    assert min(medians) <= found.estimate * (1 + 1e-9)
    assert found.estimate <= max(medians) * (1 + 1e-9)
    assert (found.n, found.processes) == (sum(map(len, groups)), len(groups))


@few
@given(RATES, st.integers(3, 5), st.integers(1, 5))
def test_equal_samples_leave_no_doubt(rate, processes, windows):
    found = interval([[rate] * windows] * processes)
    assert (found.low, found.estimate, found.high) == pytest.approx((rate, rate, rate))


def test_the_interval_is_wider_when_processes_differ_than_when_only_windows_do():
    rates = 100 + np.random.default_rng(1).standard_normal((5, 8))
    alike, apart = (
        np.sort(rates, axis=None).reshape(8, 5).T,
        np.sort(rates, axis=None).reshape(5, 8),
    )
    assert np.array_equal(np.sort(alike, axis=None), np.sort(apart, axis=None))
    assert width(apart) > 1.5 * width(alike)


def test_more_processes_make_the_interval_narrower():
    rates = 100 + np.random.default_rng(1).standard_normal((40, 1)) * np.ones(8)
    assert width(rates) < width(rates[:5])


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


def test_the_variance_is_that_of_drawn_processes_but_for_their_number():
    """The bootstrap, one by one: processes with replacement, each with all its windows."""
    rng = np.random.default_rng(3)
    groups = [np.exp(0.1 * rng.standard_normal(4 + k)) for k in range(5)]
    logs = intervals.log_medians(dict(enumerate(groups)))
    drawn = rng.integers(5, size=(40_000, 5))
    bootstrap = np.var(logs[drawn].mean(1))
    assert intervals.level(logs).variance * 4 / 5 == pytest.approx(bootstrap, rel=0.03)


def test_many_arms_at_once_are_as_one_by_one():
    logs = np.random.default_rng(1).standard_normal((7, 4))
    found = intervals.level(logs)
    assert found.centre == pytest.approx([intervals.level(row).centre for row in logs])
    assert found.variance == pytest.approx([intervals.level(row).variance for row in logs])


@few
@given(GROUPS, st.floats(0, 1))
def test_the_reach_is_that_of_the_farther_end_and_no_less_than_usual(groups, usual):
    found, of = interval(groups), intervals.level(np.log([np.median(group) for group in groups]))
    assert intervals.reach(of, 0.0) == pytest.approx(
        found.high / found.estimate - 1, rel=1e-6, abs=1e-9
    )
    assert intervals.reach(of, usual) >= intervals.reach(of, 0.0)
    assert intervals.reach(of, float(of.scatter)) == pytest.approx(float(intervals.reach(of, 0.0)))


@given(st.lists(RATES, max_size=8))
def test_a_trend_turns_with_the_order(values):
    assert kendall(values) == -kendall(values[::-1])


def test_a_drift_is_found_by_its_size_and_scatter_is_none():
    rng = np.random.default_rng(1)
    flat = {k: 100 * (1 + k) + rng.standard_normal(8) for k in range(6)}
    rising = {k: rates * np.linspace(1, 1.1, 8) for k, rates in flat.items()}
    assert intervals.drift(flat).p > 0.05
    found = intervals.drift(rising)
    assert found.p < 0.001
    assert found.share == pytest.approx(0.1, abs=0.02)


def test_processes_that_differ_are_no_drift():
    assert intervals.drift({k: np.full(5, 1.0 + k) for k in range(5)}) == intervals.Drift(0.0, 1.0)


def test_single_windows_cannot_drift():
    assert intervals.drift({1: np.array([1.0]), 2: np.array([2.0])}) == intervals.Drift(0.0, 1.0)


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
