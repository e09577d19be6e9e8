"""Laws of the intervals of measured rates."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnbench import metrics, stats
from rnnbench.stats import hierarchical_bootstrap

few = settings(max_examples=15)
RATES = st.floats(1, 1e6)


def interval(groups, seed=0):
    samples = {process: np.array(group) for process, group in enumerate(groups)}
    return hierarchical_bootstrap(samples, np.random.default_rng(seed))


def width(groups):
    found = interval(groups)
    return found.high - found.low


@few
@given(
    st.integers(3, 6).flatmap(
        lambda n: st.lists(st.lists(RATES, min_size=n, max_size=n), min_size=3, max_size=5)
    )
)
def test_an_interval_contains_the_median_and_lies_within_the_samples(groups):
    found, pooled = interval(groups), np.concatenate(groups)
    assert found.median == np.median(pooled)
    assert found.low <= found.median <= found.high
    assert pooled.min() <= found.low
    assert found.high <= pooled.max()
    assert (found.n, found.processes) == (pooled.size, len(groups))


@few
@given(RATES, st.integers(1, 5), st.integers(1, 5))
def test_equal_samples_leave_no_doubt(rate, processes, windows):
    found = interval([[rate] * windows] * processes)
    assert (found.low, found.median, found.high) == (rate, rate, rate)


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


def test_the_generator_alone_decides_the_resampling():
    groups = 100 + np.random.default_rng(1).standard_normal((9, 8))
    assert interval(groups) == interval(groups)
    assert interval(groups) != interval(groups, seed=1)


@few
@given(st.lists(st.lists(RATES, min_size=1, max_size=6), min_size=1, max_size=5))
def test_processes_of_any_size_are_resampled_within_themselves(groups):
    found, pooled = interval(groups), np.concatenate(groups)
    assert pooled.min() <= found.low <= found.high <= pooled.max()
    assert found.n == pooled.size


def test_medians_are_distributed_as_those_of_a_plain_loop():
    """Processes drawn with replacement, then windows within each drawn process, one by one."""
    rng = np.random.default_rng(3)
    groups = [100 + k + rng.standard_normal(4 + k) for k in range(4)]
    medians = []
    for _ in range(4000):
        drawn = [groups[k] for k in rng.integers(len(groups), size=len(groups))]
        medians.append(np.median(np.concatenate([rng.choice(g, len(g)) for g in drawn])))
    found = stats.resampled_medians(dict(enumerate(groups)), np.random.default_rng(0))
    quantiles = [0.1, 0.25, 0.5, 0.75, 0.9]
    assert np.quantile(found, quantiles) == pytest.approx(np.quantile(medians, quantiles), abs=0.1)


def test_the_reach_is_that_of_the_farther_end():
    assert stats.Interval(100.0, 97.0, 101.0, 9, 3).reach == pytest.approx(0.03)


def test_a_ratio_of_the_same_thing_is_near_one_and_its_interval_contains_one():
    rng = np.random.default_rng(1)
    arms = [{k: 100 + rng.standard_normal(8) for k in range(6)} for _ in "ab"]
    found = stats.ratio(*arms, np.random.default_rng(0))
    assert found.low < 1 < found.high
    assert found.median == pytest.approx(1, abs=0.02)
    doubled = {k: 2 * rates for k, rates in arms[0].items()}
    assert stats.ratio(doubled, arms[1], np.random.default_rng(0)).low > 1.9
    assert found.n == 96


@given(st.lists(RATES, max_size=8))
def test_a_trend_turns_with_the_order(values):
    assert stats.kendall(values) == -stats.kendall(values[::-1])


def test_a_drift_is_found_by_its_size_and_scatter_is_none():
    rng = np.random.default_rng(1)
    flat = {k: 100 * (1 + k) + rng.standard_normal(8) for k in range(6)}
    rising = {k: rates * np.linspace(1, 1.1, 8) for k, rates in flat.items()}
    assert stats.drift(flat).p > 0.05
    found = stats.drift(rising)
    assert found.p < 0.001
    assert found.share == pytest.approx(0.1, abs=0.02)


def test_processes_that_differ_are_no_drift():
    assert stats.drift({k: np.full(5, 1.0 + k) for k in range(5)}) == stats.Drift(0.0, 1.0)


def test_single_windows_cannot_drift():
    assert stats.drift({1: np.array([1.0]), 2: np.array([2.0])}) == stats.Drift(0.0, 1.0)


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
