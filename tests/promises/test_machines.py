"""Laws of simulated machines: they are made of what they are said to be."""

from dataclasses import replace

import numpy as np
import pytest
from pandas import DataFrame

from rnnbench.timing.statistics import between, rates, sittings

from . import machines
from .machines import Noise

QUIET = Noise(sharing=0.0)


def drawn(noise, number=400, times=1):
    return machines.draw(noise, number, times, np.random.default_rng(1))


def centres(noise, **options):
    """Log of the speed of each point, ``(machines, points)``."""
    return np.array([[level.centre for level in machine] for machine in drawn(noise, **options)])


def of_kind(key):
    return [k for k, name in enumerate(machines.names()) if name == key]


def test_a_machine_has_the_points_of_the_default_study():
    names = machines.names()
    assert len(names) == 34
    assert len(of_kind(("fused", 1))) == len(of_kind(("torch_nn", 2))) == 7


@pytest.mark.parametrize("times", [1, 2])
def test_levels_scatter_over_machines_by_the_variance_that_they_are_given(times):
    found = drawn(QUIET, times=times)
    given = np.mean([[level.estimate.variance for level in machine] for machine in found])
    scatter = np.array([[level.centre for level in machine] for machine in found])
    assert (scatter**2).mean() == pytest.approx(given, rel=0.1)
    assert abs(scatter.mean()) < 0.002


def test_sittings_move_all_work_of_a_kind_and_others_by_their_correlation():
    one, other = of_kind(("fused", 1)), of_kind(("fused", 2))
    for along, expected in ((0.0, 0.0), (1.0, 1.0)):
        found = centres(replace(QUIET, along=along, times=20.0))
        moved = [found[:, kind].mean(axis=1) for kind in (one, other)]
        assert np.corrcoef(moved)[0, 1] == pytest.approx(expected, abs=0.25)
        assert np.corrcoef(found[:, one[:2]].T)[0, 1] > 0.4


def test_machines_that_have_their_own_noise_are_some_noisier_than_others():
    apart = []
    for spread in (False, True):
        found = drawn(replace(QUIET, spread=spread), number=100, times=30)
        apart.append(np.log([machine[0].common[0] for machine in found]).std())
    assert apart[1] > 1.4 * apart[0]


def test_processes_that_share_a_core_are_left_out_and_a_point_of_nothing_else_is_in_doubt():
    plain = drawn(QUIET)
    calm = np.array([[level.processes[0] for level in machine] for machine in plain])
    found = drawn(Noise(sharing=0.375))
    several = [k for k, (_, threads) in enumerate(machines.names()) if threads == 2]
    doubt = np.array([[level.processes[0] for level in machine] for machine in found])
    doubted = doubt > np.log(rates.SHARED) ** 2
    assert not doubted[:, of_kind(("fused", 1))].any()
    assert doubted[:, several].mean() == pytest.approx(0.375**machines.PROCESSES, abs=0.02)
    slow = np.array([[level.centre for level in machine] for machine in found]) < -0.3
    assert (slow == doubted).mean() > 0.999
    assert calm.max() < 0.05


def test_a_table_of_processes_has_the_levels_of_the_same_numbers_as_arrays():
    kind, rng = ("cpu", False, "fused"), np.random.default_rng(3)
    logs = 12 + 0.02 * rng.standard_normal((4, 3, 5))
    logs[0, 1, 2:], logs[3, 2] = np.nan, np.nan
    rows = [
        {"variant": str(p), "sitting": s + 1, rates.BEST: logs[p, s, k]}
        for p, s, k in np.argwhere(~np.isnan(logs))
    ]
    facts = {"device": "cpu", "threads": 1, "implementation": "fused"}
    rated = DataFrame(rows).assign(**facts, shared=False, counts=True)
    found = sittings.levels(rated.sample(frac=1, random_state=1), ["variant"], rates.BEST)
    known = between.known(kind, rates.BEST)
    expected = sittings.of_kind(logs, np.zeros(4, bool), kind, known)
    for point, level in enumerate(expected):
        assert found[(str(point),)].estimate.interval() == pytest.approx(level.estimate.interval())
