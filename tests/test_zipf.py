"""Laws of the Zipf exponents: what is put in comes out, with an interval around it."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student_t

from rnnbench import ngrams, zipf
from rnnbench.vocab import Vocab, word

RANKS = np.arange(1, 2_001)
both_estimators = pytest.mark.parametrize("name", zipf.ESTIMATORS)


def power_law(alpha: float) -> np.ndarray:
    return np.rint(1e12 * RANKS**-alpha)


@both_estimators
@given(alpha=st.floats(0.3, 2.5))
def test_an_exact_power_law_gives_its_exponent_back(name, alpha):
    assert zipf.ESTIMATORS[name](power_law(alpha)) == pytest.approx(alpha, abs=2e-4)


@both_estimators
def test_equal_counts_have_exponent_zero(name):
    assert zipf.ESTIMATORS[name](np.full(100, 7)) == pytest.approx(0, abs=1e-4)


@both_estimators
@given(scale=st.integers(1, 1000))
def test_a_text_repeated_has_the_same_exponent(name, scale):
    counts = np.rint(1000 / RANKS) + 1
    estimator = zipf.ESTIMATORS[name]
    assert estimator(scale * counts) == pytest.approx(estimator(counts), abs=1e-5)


@both_estimators
@pytest.mark.parametrize("n_types", [0, 1, zipf.MIN_TYPES - 1])
def test_too_few_types_have_no_exponent_and_say_why(name, n_types):
    found = zipf.estimate(name, np.arange(n_types, 0, -1), [])
    assert all(map(math.isnan, (found.exponent, found.low, found.high)))
    assert (found.estimator, found.n_types) == (name, n_types)
    assert found.status == f"no exponent: fewer than {zipf.MIN_TYPES} types"


def test_the_jackknife_is_the_formula_on_a_case_done_by_hand():
    quantile = 0.95 * math.sqrt(2 / (4 * 0.975 * 0.025))  # Student's t, two degrees of freedom
    half = quantile * math.sqrt(2 / 3 * (1 + 0 + 1))
    assert zipf.jackknife_half_width(np.array([1.0, 2.0, 3.0])) == pytest.approx(half, rel=1e-12)


@given(st.lists(st.floats(-10, 10), min_size=3, max_size=30))
def test_the_jackknife_of_a_mean_is_the_classical_interval_of_a_mean(values):
    values = np.array(values)
    n = len(values)
    replicates = (values.sum() - values) / (n - 1)
    wanted = student_t.ppf(0.975, n - 1) * values.std(ddof=1) / math.sqrt(n)
    assert zipf.jackknife_half_width(replicates) == pytest.approx(wanted, abs=1e-9)


@both_estimators
@pytest.mark.parametrize("seed", range(3))
def test_the_interval_contains_the_estimate_and_the_blocks_decide_its_width(name, seed):
    ids = np.random.default_rng(seed).zipf(1.8, 5_000) % 500
    counts = ngrams.count(ids, 1, 500).counts
    blocks = list(ngrams.leave_one_block_out(ids, 1, 500, 10))
    found = zipf.estimate(name, counts, blocks)
    assert found.low < found.exponent < found.high
    assert found.status == "estimated"
    alike = zipf.estimate(name, counts, [counts] * 10)
    assert alike.high - alike.low < 1e-9


def test_the_words_of_the_time_machine_have_the_exponent_1_035(time_machine):
    tokens = word(time_machine.lines, "")
    vocab = Vocab.build(tokens)
    counts = ngrams.count(vocab.encode(tokens), 1, len(vocab)).counts
    assert zipf.ols(counts) == pytest.approx(1.035, abs=5e-4)
