"""Laws of levels over sittings."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnbench.timing.statistics import rates, sittings
from rnnbench.timing.statistics.between import Known, components, known
from rnnbench.timing.statistics.sittings import Level, of_kind, together

few = settings(max_examples=30)
KIND, OTHER = ("cpu", False, "fused"), ("cpu", True, "torch_nn")
BEFORE = Known(1.0, 4.0, 8.0)  # where a process has a variance of 1


def logs(points=5, times=3, processes=4, common=0.0, own=0.0, scatter=0.01, seed=1):
    rng = np.random.default_rng(seed)
    moved = common * rng.standard_normal((1, times, 1))
    moved = moved + own * rng.standard_normal((points, times, 1))
    return 10 + moved + scatter * rng.standard_normal((points, times, processes))


def levels(numbers, before=BEFORE, slowed=None):
    slowed = np.zeros(len(numbers), bool) if slowed is None else slowed
    return of_kind(numbers, slowed, KIND, before)


def level(centre, common, alone, processes=(0.0, 1.0), kind=KIND):
    return Level(centre, processes, alone, common, kind, processes)


@few
@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 100))
def test_a_level_is_the_mean_over_sittings_of_means_over_processes(times, processes, seed):
    numbers = logs(4, times, processes, 0.1, 0.1, seed=seed)
    found = [one.centre for one in levels(numbers)]
    assert found == pytest.approx(numbers.mean(2).mean(1))


@few
@given(st.floats(0.1, 10), st.integers(0, 100))
def test_a_factor_of_all_speeds_moves_the_level_and_nothing_else(factor, seed):
    numbers = logs(seed=seed, common=0.02, own=0.01)
    plain, moved = levels(numbers), levels(numbers + math.log(factor))
    for one, other in zip(plain, moved, strict=True):
        assert other.centre - one.centre == pytest.approx(math.log(factor), abs=1e-9)
        assert other.estimate.error == pytest.approx(one.estimate.error)


def test_of_one_sitting_all_that_is_said_of_sittings_is_what_is_known():
    numbers = logs(points=5, times=1, processes=4)
    numbers[0] += 9 * (numbers[0] - numbers[0].mean())  # one piece of work scatters widely
    found = levels(numbers)
    mean = numbers.var(2, ddof=1).mean()  # moderated variances would tell a smaller one
    expected = BEFORE.scaled((mean, 5 * 3))
    for one in found:
        assert one.common == pytest.approx((expected.common, expected.freedom))
        assert one.alone == pytest.approx((expected.own, expected.freedom))


def test_a_machine_on_which_processes_scatter_twice_as_much_has_twice_the_noise():
    calm, noisy = (levels(logs(times=1, scatter=scatter))[0] for scatter in (0.01, 0.02))
    assert noisy.common[0] == pytest.approx(4 * calm.common[0])
    assert noisy.common[1] == pytest.approx(calm.common[1])


def test_what_is_known_of_sittings_is_known_no_better_than_the_scatter_of_processes():
    assert BEFORE.scaled((1.0, 1e9)).freedom == pytest.approx(BEFORE.freedom)
    assert BEFORE.scaled((1.0, 8.0)).freedom == pytest.approx(4.0)


def test_of_many_sittings_what_was_found_outweighs_what_is_known():
    numbers = logs(40, 400, 4, common=0.05, own=0.03, scatter=0.1)
    common, alone = components(numbers.mean(2), 0.1**2 / 4, BEFORE.scaled((0.01**2, 1e9)))
    assert common[0] == pytest.approx(0.05**2, rel=0.15)
    assert alone[0] == pytest.approx(0.03**2, rel=0.1)
    assert common[1] == pytest.approx(399 + BEFORE.freedom)
    (one, *_) = levels(numbers)
    assert one.common[0] == pytest.approx(common[0] / 400, rel=0.1)


def test_more_points_and_processes_tell_no_more_of_sittings_than_is_known():
    few_points, many = levels(logs(2, 1, 3))[0], levels(logs(30, 1, 100))[0]
    assert few_points.common[1] < many.common[1] <= BEFORE.freedom
    assert few_points.alone[1] < many.alone[1] <= BEFORE.freedom


def test_a_point_that_a_sitting_lacks_is_as_wide_as_those_that_it_has():
    numbers = logs(times=2)
    numbers[0, 1] = np.nan
    lacking, whole = levels(numbers)[:2]
    assert lacking.centre == pytest.approx(numbers[0, 0].mean())
    assert lacking.common[0] == pytest.approx(2 * whole.common[0])


def test_a_point_whose_threads_shared_a_core_is_known_but_to_that_factor():
    slowed = np.array([True, False])
    doubted, sure = levels(logs(2, 1), slowed=slowed)
    low, high = doubted.estimate.interval()
    assert low < doubted.estimate.factor * rates.SHARED
    assert high > doubted.estimate.factor / rates.SHARED
    assert sure.estimate.error < 0.1


def test_an_overall_level_is_no_surer_than_what_all_work_of_a_kind_shares():
    points = [level(1.0, (0.01**2, 8.0), (0.02**2, 8.0)) for _ in range(1000)]
    found = together(points)
    assert found.centre == pytest.approx(1.0)
    assert found.error == pytest.approx(0.01, rel=0.01)
    assert found.freedom == pytest.approx(8)


def test_kinds_of_work_are_taken_to_go_along():
    points = [
        level(1.0, (0.01**2, 8.0), (0.0, 8.0)),
        level(2.0, (0.03**2, 5.0), (0.0, 9.0), kind=OTHER),
    ]
    found = together(points)
    assert found.error == pytest.approx((0.01 + 0.03) / 2)
    assert 5 < found.freedom < 8


def test_one_point_together_is_the_point():
    (one,) = levels(logs(1))
    found, expected = together([one]), one.estimate
    assert (found.centre, found.error) == pytest.approx((expected.centre, expected.error))


def test_every_kind_of_work_has_a_known_noise_and_an_unknown_one_that_of_its_nearest():
    for number in (rates.BEST, rates.TYPICAL):
        plain = known(("cpu", True, "fused"), number)
        assert 0 < plain.common <= known(("cpu", True, "a new one"), number).common
        assert known(("cuda", False, "a new one"), number).common >= known(KIND, number).common
        assert plain.freedom > 2


def test_process_variances_of_a_kind_are_drawn_together():
    numbers = logs(7, 1, 3)
    own = numbers.var(axis=2, ddof=1)[:, 0]
    found = np.array([one.process[0] for one in levels(numbers)])
    assert found.std() < 0.7 * own.std()
    assert sittings.over(found[0], 5, 3) == (found[0] / 3, 5.0)
