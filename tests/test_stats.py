"""Laws of the intervals of measured rates."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnbench import metrics
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
