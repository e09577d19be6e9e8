"""Laws of variances that are drawn together (Smyth, 2004)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import polygamma

from rnnbench.timing.statistics.moderated import LARGEST, inverse_trigamma, moderated, prior

few = settings(max_examples=50)
VARIANCES = st.lists(st.floats(1e-6, 1.0), min_size=2, max_size=20)
FREEDOM = st.integers(1, 10)


def found(number, freedom, usual, before, seed=1):
    """Variances found of true ones that scatter about the usual one."""
    rng = np.random.default_rng(seed)
    true = usual * before / rng.chisquare(before, number) if before < LARGEST else usual
    return true * rng.chisquare(freedom, number) / freedom


@few
@given(VARIANCES, FREEDOM)
def test_each_comes_to_lie_between_its_own_and_the_usual_and_their_order_is_kept(values, freedom):
    own, degrees = np.array(values), np.full(len(values), float(freedom))
    usual, _ = prior(own, degrees)
    together, more = moderated(own, degrees)
    low, high = np.minimum(own, usual), np.maximum(own, usual)
    assert (low * (1 - 1e-9) <= together).all() and (together <= high * (1 + 1e-9)).all()
    assert (np.diff(together[np.argsort(own)]) >= -1e-12).all()
    assert (freedom <= more).all() and (more <= degrees.sum()).all()


@few
@given(VARIANCES, FREEDOM, st.floats(1e-3, 1e3))
def test_a_unit_changes_nothing(values, freedom, unit):
    own, degrees = np.array(values), np.full(len(values), float(freedom))
    one, other = moderated(own, degrees), moderated(unit * own, degrees)
    assert other[0] == pytest.approx(unit * one[0], rel=1e-6)
    assert other[1] == pytest.approx(one[1], rel=1e-6)


@pytest.mark.parametrize(("usual", "before"), [(0.01, 4.0), (3.0, 10.0)])
def test_of_many_the_usual_variance_and_its_freedom_are_found_again(usual, before):
    values = found(20_000, 4, usual, before)
    assert prior(values, np.full(20_000, 4.0)) == pytest.approx((usual, before), rel=0.1)


def test_moderated_variances_are_nearer_to_the_true_ones():
    rng = np.random.default_rng(2)
    true = 0.01 * 8 / rng.chisquare(8, 500)
    own = true * rng.chisquare(2, 500) / 2
    together, _ = moderated(own, np.full(500, 2.0))
    assert np.abs(np.log(together / true)).mean() < 0.6 * np.abs(np.log(own / true)).mean()


def test_those_that_scatter_as_chance_has_it_are_all_one():
    """Smyth's limit: infinitely many degrees before, and no more than there are together."""
    own = np.array([0.9, 1.0, 1.1, 1.0])
    together, freedom = moderated(own, np.full(4, 3.0))
    assert together == pytest.approx(np.full(4, own.mean()))
    assert list(freedom) == [12] * 4


def test_those_that_are_worlds_apart_stay_as_they_are():
    """The other limit: no degrees before."""
    own = 10.0 ** np.arange(-12, 12, 4)
    together, freedom = moderated(own, np.full(6, 50.0))
    assert together[2:] == pytest.approx(own[2:], rel=0.05)
    assert freedom == pytest.approx(np.full(6, 50.0), abs=1)


def test_one_alone_keeps_its_own_and_one_without_any_takes_that_of_the_others():
    assert np.allclose(moderated(np.array([0.3]), np.array([2.0])), ([0.3], [2.0]))
    together, freedom = moderated(np.array([0.0, 1.0, 1.0, 1.0]), np.array([0.0, 4.0, 4.0, 4.0]))
    assert together == pytest.approx(np.ones(4))
    assert (freedom > 0).all()
    nothing, none = moderated(np.zeros(2), np.zeros(2))
    assert np.isnan(nothing).all()
    assert (none == 0).all()


@pytest.mark.parametrize("values", [[0.0, 0.0, 0.0], [0.0, 1.0, 2.0]])
def test_a_variance_of_0_is_no_certainty_among_others(values):
    together, _ = moderated(np.array(values), np.full(3, 2.0))
    assert np.isfinite(together).all()
    assert (together > 0).all() or not any(values)


@few
@given(st.floats(1e-3, 1e3))
def test_the_inverse_of_the_trigamma_function_inverts_it(x):
    assert inverse_trigamma(float(polygamma(1, x))) == pytest.approx(x, rel=1e-5)
