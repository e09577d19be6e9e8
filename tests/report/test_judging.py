"""Laws of the rule that gives every verdict: what is shown is told, and the rest is not settled."""

import numpy as np
import pytest
from pandas import DataFrame, concat
from scipy import stats

from rnnbench.base.parameters import CONVERGED, UNCONVERGED
from rnnbench.report.claims import (
    FAILS,
    HOLDS,
    NOT_MEASURED,
    NOT_SETTLED,
    PARTLY,
    Claim,
    _comparing,
    _judging,
)
from rnnbench.report.claims._comparing import compared
from rnnbench.report.claims._judging import exact, sampled, verdict
from rnnbench.tables import readers

SAID = Claim("It is so.", "d2l")


def seeds(ratio: float, noise: float = 0.02, n: int = 3, variant: str = "gru", draw: int = 0):
    """Runs of n seeds whose values lie about a ratio, with noise on the scale of logarithms."""
    scatter = np.random.default_rng([draw, n]).normal(0, noise, n)
    table = DataFrame({"seed": range(n), "value": ratio * np.exp(scatter), "variant": variant})
    return table.assign(status=CONVERGED, hidden_size=64, num_epochs=60)


def judged(rows: DataFrame, **rule) -> Claim:
    return SAID.compared(compared(rows, **{"above": False} | rule), "It is {}.")


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([True, True], HOLDS),
        ([False, False], FAILS),
        ([True, False], PARTLY),
        ([True, False, None], PARTLY),
        ([True, None], NOT_SETTLED),
        ([False, None], NOT_SETTLED),
        ([None], NOT_SETTLED),
        ([], NOT_SETTLED),
    ],
)
def test_a_claim_holds_partly_only_if_one_part_is_shown_true_and_another_false(parts, expected):
    assert verdict(parts, exact(1, "text"))[0] == expected


@pytest.mark.parametrize(
    ("low", "high", "part"),
    [(1.01, 1.05, True), (1.01, 2.0, True), (0.9, 1.09, False), (0.9, 1.2, None)],
)
def test_an_effect_is_shown_above_the_bound_and_refuted_below_the_least_that_counts(
    low, high, part
):
    assert _judging.exceeds(low, high, 1, 1.1) is part


def test_the_interval_of_a_share_stays_within_0_and_1():
    found = compared(seeds(0.5, noise=1.0), above=True, scale="share")
    assert (found.low, found.high) == (0, 1) and compared(
        seeds(0.5, noise=1.0), above=True
    ).high > 1


@pytest.mark.parametrize("n", [3, 4, 5])
@pytest.mark.parametrize(("ratio", "expected"), [(0.8, HOLDS), (1.25, FAILS)])
def test_a_clear_difference_is_decided_rightly_with_few_seeds(ratio, expected, n):
    found = [judged(seeds(ratio, n=n, draw=draw)).verdict for draw in range(20)]
    assert found == [expected] * 20


@pytest.mark.parametrize("n", [3, 4, 5])
def test_no_difference_is_not_settled_but_for_the_error_of_the_interval(n):
    """Of 100 intervals of 95 % about 5 miss the bound; 14 are four deviations off."""
    found = [judged(seeds(1.0, 0.1, n, draw=draw)).verdict for draw in range(100)]
    assert found.count(NOT_SETTLED) >= 100 - 14


def test_an_interval_holds_the_truth_as_often_as_it_says():
    """However many groups there are, none of their intervals misses in 95 % of the studies."""
    missed = 0
    for draw in range(60):
        parts = [seeds(1.0, 0.1, 4, name, 10 * draw + i) for i, name in enumerate("abcde")]
        groups = compared(concat(parts), above=True).groups
        missed += bool(((groups.low > 1) | (groups.high < 1)).any())
    assert missed <= 3 + 4 * 1.7


def test_groups_that_differ_hold_partly_and_are_named():
    both = concat([seeds(0.8), seeds(1.3, variant="lstm")])
    claim = judged(both)
    assert claim.verdict == PARTLY
    assert "for gru" in claim.measured and "for lstm" in claim.measured


def test_a_group_that_is_undecided_leaves_the_average_to_decide():
    vague = seeds(0.9, variant="lstm").assign(value=[0.7, 0.9, 1.1])
    clear = seeds(0.5, noise=0.001).assign(value=[0.6, 0.5, 0.42])
    claim = judged(concat([clear, vague]))
    assert claim.verdict == HOLDS and claim.n == 3


@pytest.mark.parametrize("n", [1, 2])
def test_groups_of_too_few_seeds_leave_the_others_to_decide(n):
    claim = judged(concat([seeds(0.5, n=3), seeds(2.0, n=n, variant="lstm")]))
    assert (claim.verdict, claim.n, claim.value) == (HOLDS, 3, judged(seeds(0.5)).value)


@pytest.mark.parametrize("n", [1, 2])
def test_fewer_than_three_seeds_settle_nothing_however_clear(n):
    claim = judged(seeds(0.1, noise=1e-6, n=n))
    assert claim.verdict == NOT_SETTLED and claim.n == n
    assert claim.reason == f"{readers.counted(n, 'seed')}; a verdict needs 3"


def test_runs_that_were_still_improving_settle_nothing_about_where_they_end():
    rows = seeds(0.5)
    rows.loc[0, "status"] = UNCONVERGED
    claim = judged(rows)
    assert (claim.verdict, claim.reason) == (NOT_SETTLED, "1 of 3 runs were still improving")
    other = rows.assign(status=CONVERGED, status_other=rows.status)
    assert judged(other).verdict == NOT_SETTLED
    assert SAID.compared(compared(rows, above=False), "It is {}.", ended=False).verdict == HOLDS


def test_repetitions_of_a_seed_are_no_more_seeds_and_make_no_interval_narrower():
    rows = seeds(0.9, noise=0.1)
    often = concat([rows.assign(clip_norm=clip) for clip in (1.0, 10.0, np.inf)])
    once, thrice = judged(rows), judged(often)
    assert thrice.n == once.n == 3
    assert (thrice.low, thrice.high) == pytest.approx((once.low, once.high))


def test_runs_that_ended_at_the_same_weights_are_one_result():
    rows = DataFrame({"weights_sha256": ["a", "a", "b", None, None], "clip_norm": [1, 10, 1, 1, 1]})
    assert list(readers.distinct(rows).index) == [0, 2, 3, 4]


def test_the_scale_of_a_claim_is_that_of_the_rows_it_rests_on():
    assert judged(seeds(0.5)).scale == "64 units, 60 epochs, 3 seeds"
    mixed = concat([seeds(0.5), seeds(0.5).assign(hidden_size=256)])
    assert sampled(mixed).scale == "64 to 256 units, 60 epochs, 3 seeds"


def test_without_a_row_nothing_is_measured():
    assert judged(DataFrame()).verdict == NOT_MEASURED
    assert judged(seeds(0.5).assign(value=np.nan)).verdict == NOT_MEASURED


@pytest.mark.parametrize(
    ("happened", "n", "expected"), [(0, 3, None), (3, 3, None), (6, 6, True), (0, 6, False)]
)
def test_a_share_is_decided_by_its_exact_interval(happened, n, expected):
    _, low, high = _comparing.share(np.arange(n) < happened)
    assert _judging.decided(low, high, 0.5) is expected


@pytest.mark.parametrize(("happened", "n"), [(0, 3), (3, 3), (2, 7), (5, 6)])
def test_intervals_are_those_of_the_literature(happened, n):
    """Clopper and Pearson's and Student's, as scipy.stats computes them."""
    cases = np.arange(n) < happened
    exact = stats.binomtest(happened, n).proportion_ci()
    assert _comparing.share(cases) == pytest.approx((happened / n, exact.low, exact.high))
    x = np.cos(np.arange(n))
    ends = stats.t.interval(0.95, n - 1, x.mean(), stats.sem(x))
    assert _comparing.mean(x) == pytest.approx((x.mean(), *ends))


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.9, 1.1, True), (0.5, 1.1, None), (0.9, 1.4, None), (1.3, 1.4, False), (0.5, 0.6, False)],
)
def test_something_is_inside_a_range_if_its_whole_interval_is(low, high, expected):
    assert _judging.within(low, high, 0.8, 1.2) is expected
