"""Laws of comparisons: ratios, their p-values, and the verdicts over many of them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rnnbench.timing.statistics import ratios
from rnnbench.timing.statistics.ratios import Comparison, compare, holm, judge, noise_floor

few = settings(max_examples=30)
RATES = st.floats(10, 1e5)
ARMS = st.lists(st.lists(RATES, min_size=1, max_size=4), min_size=3, max_size=6)
P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=20)


def samples(groups):
    return {process: np.array(windows) for process, windows in enumerate(groups)}


def arm(seed, processes=8, scale=100.0, noise=0.01):
    rng = np.random.default_rng(seed)
    return samples(scale * np.exp(noise * rng.standard_normal((processes, 4))))


def table(p, ratio=1.1, noise_floor=1.02, status="measured", **columns):
    p = np.atleast_1d(p).astype(float)
    facts = {"ratio": ratio, "low": 1.0, "high": 1.2, "noise_floor": noise_floor, "status": status}
    return pd.DataFrame({"p": p}).assign(**facts, **columns)


@few
@given(ARMS, ARMS)
def test_arms_that_change_places_give_the_inverse(above, below):
    found, turned = (compare(samples(a), samples(b)) for a, b in ((above, below), (below, above)))
    assert turned.ratio == pytest.approx(1 / found.ratio)
    assert (turned.low, turned.high) == pytest.approx((1 / found.high, 1 / found.low))
    assert turned.p == pytest.approx(found.p)


@few
@given(ARMS, ARMS, st.floats(0.1, 10))
@example([[10.0]] * 3, [[10.0]] * 6, 0.5)  # whose means differ by rounding alone
def test_a_unit_of_speed_changes_nothing_and_a_factor_is_found_again(above, below, factor):
    plain = compare(samples(above), samples(below))
    unit = [samples([[factor * x for x in windows] for windows in arm]) for arm in (above, below)]
    assert vars(compare(*unit)) == pytest.approx(vars(plain))
    assert compare(unit[0], samples(below)).ratio == pytest.approx(factor * plain.ratio)


@few
@given(ARMS, ARMS)
def test_p_is_below_0_05_just_where_the_interval_leaves_1_out(above, below):
    found = compare(samples(above), samples(below))
    assert found.low <= found.ratio <= found.high
    if abs(found.p - 0.05) > 1e-6:
        assert (found.p < 0.05) == (not found.low <= 1 <= found.high)


def test_one_window_that_stood_still_moves_nothing():
    above, below = arm(1), arm(2)
    before = compare(above, below).ratio
    above[0][0] /= 50
    assert compare(above, below).ratio == pytest.approx(before, rel=0.01)


def test_processes_are_what_repeats_and_more_windows_of_them_are_no_more_evidence():
    rng = np.random.default_rng(1)
    levels = [100 * np.exp(0.05 * rng.standard_normal(5)) for _ in "ab"]
    one, many = (
        compare(*(samples(np.repeat(level[:, None], n, axis=1)) for level in levels))
        for n in (1, 50)
    )
    assert (one.low, one.high, one.p) == pytest.approx((many.low, many.high, many.p))
    assert (one.n, many.n) == (10, 500)


def test_fewer_than_three_processes_give_a_ratio_and_no_interval():
    found = compare(arm(1, processes=2), arm(2))
    assert found.ratio == pytest.approx(1, abs=0.05)
    assert np.isnan([found.low, found.high, found.p]).all()
    assert np.isnan(compare(arm(1, processes=1), arm(2)).low)
    (verdict,) = judge(table(found.p)).verdict
    assert verdict == "not distinguishable"


def test_equal_rates_without_any_scatter_are_equal_and_others_are_not():
    same, other = samples([[7.0] * 4] * 3), samples([[8.0] * 4] * 3)
    assert (compare(same, same).p, compare(same, same).low) == (1, 1)
    assert compare(other, same).p == 0


@few
@given(P_VALUES)
def test_adjusted_p_values_are_no_smaller_keep_their_order_and_stay_below_one(p):
    plain = pd.Series(p)
    found = holm(plain)
    assert (found >= plain).all()
    assert (found <= 1).all()
    assert found[plain.sort_values().index].is_monotonic_increasing
    assert found.min() == pytest.approx(min(1, len(p) * plain.min()))


def test_p_values_are_adjusted_by_the_number_of_tests_that_are_left():
    assert list(holm(pd.Series([0.01, 0.04, np.nan, 0.03]))) == pytest.approx(
        [0.03, 0.06, np.nan, 0.06], nan_ok=True
    )


def test_verdicts_hold_for_each_pair_of_machines_by_itself():
    machines = {"baseline": "x", "machine": list("yyzz")}
    p = [0.02, 0.02, 0.02, 0.9]
    assert list(judge(table(p, **machines)).p_adjusted) == pytest.approx([0.04, 0.04, 0.04, 0.9])
    assert list(judge(table(p)).p_adjusted) == pytest.approx([0.08, 0.08, 0.08, 0.9])


@pytest.mark.parametrize(
    ("row", "verdict", "said"),
    [
        ({"p": 0.001, "ratio": 1.1}, "faster", None),
        ({"p": 0.001, "ratio": 0.9}, "slower", None),
        ({"p": 0.001, "ratio": 1.01}, "not distinguishable", "noise floor"),
        ({"p": 0.001, "ratio": 0.99}, "not distinguishable", "noise floor"),
        ({"p": 0.2, "ratio": 1.5}, "not distinguishable", "p = 0.2"),
        ({"p": 0.001, "noise_floor": np.nan}, "not distinguishable", "A/A"),
        ({"p": np.nan}, "not distinguishable", "3 processes"),
        ({"p": np.nan, "status": "not comparable", "reason": "dtype"}, "not comparable", "dtype"),
        ({"p": np.nan, "status": "out_of_memory"}, "not measured", "out_of_memory"),
    ],
)
def test_a_verdict_follows_from_p_the_noise_floor_and_the_status(row, verdict, said):
    found = judge(table(**row)).iloc[0]
    assert found.verdict == verdict
    assert found.reason is None if said is None else said in found.reason


def test_what_was_not_measured_is_no_test_and_costs_no_adjustment():
    rows = pd.concat([table(0.03), table(0.5, status="not measured")], ignore_index=True)
    assert list(judge(rows).verdict) == ["faster", "not measured"]


def test_a_table_without_rows_gets_its_columns():
    assert {"p_adjusted", "verdict", "reason"} <= set(judge(table([])))


def test_the_noise_floor_is_the_widest_half_of_an_interval_or_the_farthest_ratio():
    narrow = Comparison(1.0, 1 / 1.02, 1.02, 0.9, 24, 6)
    wide = Comparison(1.01, 1.01 / 1.05, 1.01 * 1.05, 0.7, 24, 6)
    apart = Comparison(0.9, 0.9 / 1.05, 0.9 * 1.05, 0.001, 24, 6)
    unknown = Comparison(1.3, np.nan, np.nan, np.nan, 4, 1)
    assert noise_floor([narrow]) == pytest.approx(1.02)
    assert noise_floor([narrow, wide, unknown]) == pytest.approx(1.05)
    assert noise_floor([narrow, apart]) == pytest.approx(1 / 0.9)
    assert np.isnan(noise_floor([unknown]))
    assert np.isnan(noise_floor([]))


def test_the_statement_names_its_level():
    assert f"{100 * ratios.ALPHA:.0f} %" in ratios.STATEMENT
