"""Laws of comparisons: ratios and the verdicts over many of them."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnbench.timing.statistics import ratios
from rnnbench.timing.statistics.estimates import Estimate
from rnnbench.timing.statistics.ratios import holm, is_equal, judge, measurement

few = settings(max_examples=30)
SHARE = 0.05
P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=20)
CENTRES = st.lists(st.floats(-0.2, 0.2), min_size=1, max_size=8)


def difference(centre, error=0.01, freedom=20.0):
    return Estimate(centre, ((error**2, freedom),))


def table(centres, error=0.01, sittings=2, **columns):
    told = {"sittings": sittings, "baseline_sittings": sittings}
    found = [difference(centre, error) for centre in centres]
    rows = [measurement(one, one, SHARE) | told for one in found]
    return pd.DataFrame(rows).assign(**columns)


def without(status, **columns):
    """A row of what was not measured."""
    return table([0.0]).assign(status=status, p=np.nan, p_unequal=np.nan, found=None, **columns)


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
    rows = table([0.03] * 4)
    alone = judge(rows.assign(baseline="x", machine=list("yyzz")), SHARE)
    assert list(alone.p_adjusted) == pytest.approx(2 * rows.p)
    assert list(judge(rows, SHARE).p_adjusted) == pytest.approx(4 * rows.p)


@few
@given(CENTRES)
def test_machines_that_change_places_get_the_opposite_verdicts(centres):
    turned = {ratios.FASTER: ratios.SLOWER, ratios.SLOWER: ratios.FASTER}
    one, other = (judge(table([sign * c for c in centres]), SHARE) for sign in (1, -1))
    assert list(other.verdict) == [turned.get(verdict, verdict) for verdict in one.verdict]
    assert list(other.ratio) == pytest.approx(1 / one.ratio)
    assert list(other.smallest_difference) == pytest.approx(one.smallest_difference)


@few
@given(CENTRES)
def test_a_verdict_is_significant_after_adjustment_or_shows_equality_or_says_what_it_lacks(centres):
    found = judge(table(centres), SHARE)
    told = found.verdict.isin([ratios.FASTER, ratios.SLOWER])
    assert (told == (found.p_adjusted < ratios.ALPHA)).all()
    assert (found[told].ratio > 1).tolist() == (found[told].verdict == ratios.FASTER).tolist()
    assert (found.verdict[~told].map(is_equal) == (found.p_unequal[~told] < ratios.ALPHA)).all()
    lacking = found[found.verdict == ratios.ALIKE]
    assert (lacking.smallest_difference > 0).all() and (lacking.sittings_needed >= 1).all()


@pytest.mark.parametrize(
    ("centre", "error", "verdict", "said"),
    [
        (0.1, 0.01, "faster", "after adjustment"),
        (-0.1, 0.01, "slower", "after adjustment"),
        (0.0, 0.01, "equal within ±5 %", "for a difference of 5 %"),
        (0.0, 0.1, "not distinguishable", "p = 1 after adjustment"),
        (0.03, 0.001, "faster", "after adjustment"),  # though it is equal within 5 % as well
    ],
)
def test_a_verdict_follows_from_how_far_and_how_sure(centre, error, verdict, said):
    found = judge(table([centre], error), SHARE).iloc[0]
    assert found.verdict == verdict
    assert said in found.reason


@pytest.mark.parametrize(
    ("row", "verdict", "said"),
    [
        ({"status": "not comparable", "reason": "dtype"}, "not comparable", "dtype"),
        ({"status": "out_of_memory"}, "not measured", "out_of_memory"),
    ],
)
def test_what_was_not_measured_says_why_and_costs_no_adjustment(row, verdict, said):
    rows = pd.concat([table([0.025]), without(**row)], ignore_index=True)
    found = judge(rows, SHARE)
    assert list(found.verdict) == ["faster", verdict]
    assert found.reason[1] == said
    assert np.isnan(found.smallest_difference[1]) and np.isnan(found.sittings_needed[1])


def test_sittings_that_are_needed_go_by_the_square_of_what_is_found():
    rows = judge(table([0.0], 0.01), SHARE)
    noisier = judge(table([0.0], 0.03), SHARE)
    ratio = math.log1p(rows.smallest_difference[0]) / math.log1p(ratios.ASKED)
    assert rows.sittings_needed[0] == math.ceil(2 * ratio**2)
    assert noisier.sittings_needed[0] == pytest.approx(9 * 2 * ratio**2, abs=1)
    assert judge(table([0.0], 1e-4), SHARE).sittings_needed[0] == 1


def test_a_table_without_rows_gets_its_columns():
    assert {*ratios.JUDGED} <= set(judge(table([0.0]).iloc[:0], SHARE))


def test_the_statement_names_its_level():
    assert f"{100 * ratios.ALPHA:.0f} %" in ratios.STATEMENT
