"""Laws of simulated timings: they are made of what they are said to be, and it is found again."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnbench.base.errors import UserError
from rnnbench.timing.points import ADDRESS

from . import noise_model
from .noise_model import GAUSSIAN, Burst, Components, disturb, draw

few = settings(max_examples=15)
NOISE = Components(0.02, 0.006, 0.5, 4.0, 0.03)


def samples_of(noise: Components, arms: int = 12, rounds: int = 25, windows: int = 24):
    """A campaign's samples of one kind of points."""
    rates = draw(noise, (1, arms, rounds, windows), np.random.default_rng(1))[0]
    arm, process, window = (axis.ravel() for axis in np.indices(rates.shape))
    rows = pd.DataFrame({"process": process + 1, "round": process + 1, "window": window + 1})
    facts = dict.fromkeys(ADDRESS, 1) | {"counted": True, "disturbed": False, "arm": "a"}
    facts |= {"initialisation_seconds": 0.1, "first_step_seconds": 0.2, "outside_load": 0.05}
    levels = 1e5 * (1 + arm)  # points differ by much, which is no noise
    return rows.assign(
        **facts | {"variant": arm, "seconds": 1.0, "num_tokens": levels * rates.ravel()}
    )


def logs(noise, shape, seed=1):
    return np.log(draw(noise, shape, np.random.default_rng(seed)))


def test_what_samples_were_made_of_is_estimated_again():
    found = noise_model.estimate(samples_of(NOISE)).iloc[0]
    assert found.process == pytest.approx(0.02, rel=0.15)
    assert found.window == pytest.approx(0.006, rel=0.1)
    assert found.autocorrelation == pytest.approx(0.5, abs=0.07)
    assert found.tail_freedom == pytest.approx(4, rel=0.25)
    assert found.drift == pytest.approx(0.03, rel=0.35)
    assert found.start_seconds == pytest.approx(0.3)
    assert (found.arms, found.processes, found.windows) == (12, 300, 7200)


def test_of_windows_alone_no_scatter_of_processes_is_made():
    found = noise_model.estimate(samples_of(Components(0.0, 0.02))).iloc[0]
    assert found.process < 0.003
    assert found.tail_freedom > 20


def test_a_single_arm_can_be_estimated_too():
    found = noise_model.estimate(samples_of(Components(0.02, 0.005), arms=1, rounds=200)).iloc[0]
    assert found.process == pytest.approx(0.02, rel=0.15)


@pytest.mark.parametrize(("rounds", "windows"), [(2, 16), (5, 4)])
def test_too_few_windows_or_rounds_are_refused_in_words(rounds, windows):
    with pytest.raises(UserError, match=f"found {windows} and {rounds}. .*config/noise.yaml"):
        noise_model.estimate(samples_of(NOISE, 3, rounds, windows))


@few
@given(st.floats(0, 0.1), st.floats(0.001, 0.05), st.floats(0, 0.9), st.integers(0, 2**32 - 1))
def test_speeds_are_positive_around_one_and_those_of_their_seed(process, window, alike, seed):
    noise = Components(process, window, alike)
    found = logs(noise, (20, 3, 5, 4), seed)
    assert np.isfinite(found).all()
    assert abs(np.median(found)) < 6 * (process + window / np.sqrt(1 - alike**2))
    assert np.array_equal(found, logs(noise, (20, 3, 5, 4), seed))


def test_the_parts_add_up_to_the_variance_that_they_should():
    noise = Components(0.02, 0.01, 0.6, GAUSSIAN)
    found = logs(noise, (4000, 1, 5, 6))
    assert found.var() == pytest.approx(0.02**2 + 0.01**2 / (1 - 0.6**2), rel=0.04)
    within = found - found.mean(-1, keepdims=True)
    shared = (found[..., 0] * found[..., -1]).mean()
    assert shared == pytest.approx(0.02**2 + 0.01**2 * 0.6**5 / (1 - 0.6**2), rel=0.06)
    assert within.var() < found.var()


def test_a_drift_is_common_to_all_points_of_a_sitting_and_of_either_sign():
    found = logs(Components(0.0, drift=0.1), (50, 4, 11, 1))[..., 0]
    change = found[..., -1] - found[..., 0]
    assert np.allclose(np.abs(change), 0.1)
    assert (change == change[:, :1]).all()
    assert len(np.unique(np.sign(change))) == 2
    assert np.allclose(found.mean(-1), 0)


def test_a_burst_slows_whole_rounds_in_a_row_and_is_marked_where_it_is_seen():
    calm = draw(NOISE, (200, 2, 10, 4), np.random.default_rng(1))
    for seen, marked in ((0.5, True), (0.0, False)):
        found = disturb(calm, Burst(0.3, 0.2, seen), 0.1, np.random.default_rng(2))
        slowed = found.rates / calm
        hit = np.isclose(slowed, 0.8)
        assert (hit | np.isclose(slowed, 1)).all()
        assert (hit.all((1, 3)).sum(-1) == 3).all()
        assert (found.disturbed == (hit if marked else False)).all()
        rounds = [np.flatnonzero(row) for row in hit.all((1, 3))]
        assert all(row[-1] - row[0] == 2 for row in rounds)
        assert len({row[0] for row in rounds}) == 8


def test_the_reference_is_there():
    found = noise_model.named(noise_model.reference())
    assert {"measured on cpu, threads 1"} <= set(found)
    assert all(noise.process > 0 for noise in found.values())
