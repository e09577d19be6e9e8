"""Laws of the statistics, at a small size, and what must be caught where they are broken."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from machines import changed, machine_of

from rnnbench.comparison import pairs
from rnnbench.timing.statistics import intervals, rates, ratios

from . import laws, noise_model, planning, sittings, verdicts, words
from .laws import AT_MOST, FAILED, HOLDS, NORMAL, PASSED
from .noise_model import Components, Windows

few = settings(max_examples=25)
NOISES = {"measured on cpu, threads 1": Components(0.008, 0.004, 0.2, 4.0)}
TRIAL = laws.Trial(intervals=1000, comparisons=100, seed=1, outside_load=0.1, noises=NOISES)
ITEMS = 12
WHAT = ["variant", "implementation"]


@pytest.fixture(scope="module")
def table():
    return laws.table(TRIAL, ITEMS, budget=3)


def test_every_promise_is_kept(table):
    assert list(table[table.verdict == FAILED].scenario) == []
    assert (table.verdict == PASSED).sum() > 25
    laws.require(table)


def test_every_scenario_is_told_once_with_the_interval_of_its_share(table):
    assert table.scenario.groupby([table.quantity, table.scenario]).size().max() == 1
    assert ((table.low <= table.found) & (table.found <= table.high)).all()
    text = words.put(f"before\n{words.BEGIN}\nold\n{words.END}\nafter\n", table)
    assert all(f"| {scenario} |" in text for scenario in table.scenario)
    assert "0 do not" in text
    assert "\nold\n" not in text
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert words.put(text, table) == text


def test_what_is_not_promised_fails_where_it_is_said_to(table):
    alone = table[table.scenario.str.startswith("a single point stopped")].iloc[0]
    unseen = table[table.scenario.str.contains("does not see")].iloc[0]
    assert alone.high < HOLDS[0]
    assert unseen.low > AT_MOST[1]


def test_the_same_seed_tells_the_same():
    scenario = ("normal", (NORMAL, NORMAL), (3, 5))
    assert laws.covered(TRIAL, *scenario) == laws.covered(TRIAL, *scenario)
    assert laws.covered(TRIAL, *scenario) != laws.covered(replace(TRIAL, seed=2), *scenario)


def test_a_broken_law_ends_in_words(table):
    broken = table.assign(verdict=[FAILED, *table.verdict[1:]])
    with pytest.raises(laws.LawError, match=r"normal, 3 processes: .* expected 93% to 97%, found"):
        laws.require(broken)


def _uncorrected(centre, variance, freedom):
    """The plain bootstrap's: its variance, and the normal quantile."""
    half = 1.96 * np.sqrt(variance * np.maximum(freedom, 1) / (np.maximum(freedom, 1) + 2))
    return np.array([centre - half, centre + half])


def test_intervals_of_the_uncorrected_bootstrap_are_caught(monkeypatch):
    monkeypatch.setattr(intervals, "bounds", _uncorrected)
    rows = pd.DataFrame(list(laws.coverage(replace(TRIAL, intervals=1000))))
    small = rows[rows.scenario.isin(["normal, 3 processes", "heavy tails, 3 processes"])]
    assert set(small.verdict) == {FAILED}
    assert (small.high < 0.93).all()


def test_who_stops_at_a_narrow_interval_by_itself_is_caught(monkeypatch):
    plain = intervals.reach
    monkeypatch.setattr(intervals, "reach", lambda found, usual: plain(found, 0.0))
    row = laws.stopped(TRIAL, "stopped", Components(0.03), laws.POINTS, HOLDS)
    assert row["verdict"] == FAILED
    assert row["high"] < 0.93


def test_verdicts_without_holm_are_caught(monkeypatch):
    monkeypatch.setattr(ratios, "holm", lambda p: p)
    monkeypatch.setattr(ratios, "noise_floor", lambda found: 1.0)
    row = laws.equals(TRIAL, "no Holm", NORMAL, 5, ITEMS)
    assert row["verdict"] == FAILED
    assert row["low"] > 0.05


def test_holm_alone_keeps_the_level_where_the_noise_floor_is_none(monkeypatch):
    monkeypatch.setattr(ratios, "noise_floor", lambda found: 1.0)
    assert laws.equals(TRIAL, "Holm alone", NORMAL, 5, ITEMS)["verdict"] == PASSED


def test_a_load_that_is_judged_in_place_of_the_machine_is_caught(monkeypatch):
    calm = verdicts.Machine.of
    blind = classmethod(lambda cls, windows: replace(calm(windows), disturbed=np.array(False)))
    monkeypatch.setattr(verdicts.Machine, "of", blind)
    row = laws.equals(TRIAL, "load all the time", NORMAL, 10, ITEMS, laws.WHOLE)
    assert row["low"] > 0.5


SPEEDS = st.floats(0.5, 2)
SHAPE = st.tuples(st.integers(1, 5), st.integers(1, 4))


@few
@given(SHAPE, st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_many_points_at_once_count_the_windows_that_one_by_one_do(shape, share, seed):
    rng = np.random.default_rng(seed)
    speeds, disturbed = rng.uniform(0.5, 2, (3, *shape)), rng.random((3, *shape)) < share
    found, forced = sittings.marked_levels(Windows(speeds, disturbed))
    for k in range(3):
        process = np.indices(shape)[0].ravel()
        rows = pd.DataFrame({"process": process, "num_tokens": speeds[k].ravel(), "seconds": 1.0})
        used = rates.used(rows.assign(counted=True, disturbed=disturbed[k].ravel()))
        logs = intervals.log_medians(rates.by_process(used))
        assert found[k][~np.isnan(found[k])] == pytest.approx(logs)
        assert forced[k] == used.disturbed.any()


@few
@given(st.integers(3, 6), st.integers(3, 6), st.integers(0, 2**32 - 1))
def test_arms_whose_processes_are_lacking_are_compared_by_those_there_are(i, j, seed):
    above, below = np.random.default_rng(seed).standard_normal((2, 4, 6))
    lacking = [np.where(np.arange(6) < n, arm, np.nan) for n, arm in ((i, above), (j, below))]
    found = sittings.contrast(*(arm[:, ::-1] for arm in lacking))
    assert np.allclose(found, ratios.contrast(above[:, :i], below[:, :j]))


def test_a_campaign_stops_where_simulated_ones_do(tmp_path, monkeypatch):
    """The real one, whose processes take their speeds from the simulation."""
    from test_campaign import PROTOCOL, TIMING, VOCAB_SIZE, Machine

    from rnnbench.timing import campaign
    from rnnbench.timing.points import Point
    from rnnbench.timing.processes import Text

    class Drawn(Machine):
        def rows(self, work, timing):
            found = super().rows(work, timing)
            if work == "speed":
                level = float(np.exp(logs[names.index(timing.variant), timing.process - 1]))
                found = [row | {"num_tokens": level} for row in found]
            return found

    names, rng = ["rnn", "gru", "lstm"], np.random.default_rng(3)
    logs = np.array([[0.01], [0.02], [0.03]]) * rng.standard_normal((3, 60))
    expected = (~np.isnan(sittings.stop(logs, 3, 0.02))).sum(-1)
    assert len({*expected}) > 1
    assert expected.max() < 60
    monkeypatch.setattr(campaign, "Interpreter", Drawn())
    np.save(tmp_path / "ids.npy", np.arange(300, dtype=np.uint8) % 6)
    protocol = replace(PROTOCOL, most_seconds=1e6)
    points = [Point.of(replace(TIMING, variant=v).as_row(), "0", protocol) for v in names]
    text = Text(tmp_path / "ids.npy", VOCAB_SIZE)
    done = campaign.Campaign(points, protocol, text, tmp_path / "speed", tmp_path / "log")
    done.run()
    assert [point.rounds for point in done.points] == list(expected)


@pytest.mark.parametrize("factor", [1.0, 1.04])
def test_a_comparison_of_bundles_says_what_the_simulation_says(factor):
    """The same windows, once as samples of two bundles and once as arrays."""
    one, other = machine_of("one", cores=1), machine_of("other", factor=factor, seed=1, cores=1)
    found = pairs.table([one, other], one)
    found = _in_order(found[found.device == "cpu"]).reset_index(drop=True)
    judged = verdicts.table(*(_simulated(machine) for machine in (other, one)))
    numbers = ["ratio", "low", "high", "p", "p_adjusted", "noise_floor"]
    assert judged[numbers].to_numpy() == pytest.approx(found[numbers].to_numpy(dtype=float))
    assert list(judged.verdict) == list(found.verdict)
    assert {*found.verdict} == {ratios.ALIKE if factor == 1 else ratios.FASTER}


def _simulated(machine):
    """The windows of a bundle as arrays: both arms of gru, then one arm of each other work."""
    counted = machine.samples[machine.samples.counted]
    counted = counted.assign(rate=counted.num_tokens / counted.seconds)
    arms = [
        np.stack([group.rate.to_numpy() for _, group in part.groupby("process")])
        for _, part in _in_order(counted, "arm").groupby([*WHAT, "arm"], sort=False)
    ]
    return verdicts.Machine.undisturbed(np.stack(arms)[None])


def _in_order(table, *more):
    """The variants by name, each as torch.nn computes it first."""
    ascending = [True, False, *[True] * len(more)]
    return table.sort_values([*WHAT, *more], ascending=ascending, kind="stable")


def test_windows_that_had_to_be_used_although_disturbed_judge_no_machine():
    loaded = machine_of("other", factor=0.5, seed=1)
    loaded = changed(loaded, samples=loaded.samples.assign(disturbed=True))
    found = pairs.table([machine_of("one"), loaded], machine_of("one"))
    measured = found[found.ratio.notna()]
    assert len(measured)
    assert set(measured.verdict) == {ratios.ALIKE}
    assert set(measured.reason) == {ratios.DISTURBED}
    assert measured.disturbed.all()


@few
@given(st.integers(0, 300), st.integers(1, 300))
def test_the_interval_of_a_share_is_the_exact_one(k, n):
    from scipy.stats import binomtest

    k = min(k, n)
    exact = binomtest(k, n).proportion_ci(0.95, method="exact")
    assert laws.clopper_pearson(k, n) == pytest.approx((exact.low, exact.high))


NOISY = st.builds(Components, st.floats(0.002, 0.02), st.floats(0, 0.01))


@settings(max_examples=3)
@given(NOISY, st.integers(1, 50), st.floats(0.03, 0.1))
def test_more_noise_or_more_work_needs_more_processes(noise, items, size):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planning, "SITTINGS", 500)
        found = planning.processes(noise, items, 4, size)
        assert planning.power(noise, found, items, 4, size) >= planning.PLANNED
        if found > intervals.FEWEST_PROCESSES:
            assert planning.power(noise, found - 1, items, 4, size) < planning.PLANNED
        assert planning.processes(noise.times(1.5), items, 4, size) >= found
        assert planning.processes(noise, items + 5, 4, size) >= found


def test_a_machine_too_noisy_for_any_number_of_processes_is_said_to_be(monkeypatch):
    noise = Components(0.3)
    monkeypatch.setattr(laws, "CALM", {})
    monkeypatch.setattr(planning, "SITTINGS", 500)
    assert planning.processes(noise, 34, 4) is None
    trial = replace(TRIAL, comparisons=100, noises={"a wild one": noise})
    (row,) = [r for r in laws.power(trial, 2, 3) if "a wild one, 128" in r["scenario"]]
    assert (row["verdict"], row["found"] < 0.5) == (laws.NO_LAW, True)


def test_the_power_of_one_comparison_is_that_of_a_t_test(monkeypatch):
    """Of as many processes that Welch's degrees of freedom hardly matter (Cohen, 1988, 2.2)."""
    from scipy.special import nctdtr, stdtrit

    monkeypatch.setattr(ratios, "noise_floor", lambda found: 1.0)
    away = np.log(1.02) / (0.03 * np.sqrt(2 / 40))
    expected = 1 - nctdtr(78, away, stdtrit(78, 0.975))
    found = planning.power(Components(0.03), 40, 1, 1, 0.02)
    assert found == pytest.approx(expected, abs=0.03)


@pytest.mark.parametrize(
    ("study", "noises"),
    [
        ("hardware.yaml", [Components(0.015, window=0.005)]),
        ("hardware_long.yaml", noise_model.named(noise_model.reference()).values()),
    ],
)
def test_the_budget_of_a_hardware_study_finds_what_it_says(study, noises):
    folder = Path(__file__).parents[2] / "config"
    speed = {}
    for name in ("config.yaml", study):
        speed |= yaml.safe_load((folder / name).read_text())["speed"]
    items = len(speed["variants"]) * len(speed["threads"])
    for noise in noises:
        assert planning.processes(noise, items, speed["windows"]) <= speed["processes_min"]


def test_a_budget_is_the_pilot_or_the_rounds_that_time_allows():
    speed = {"windows": 4, "window_seconds": 0.1, "warmup_seconds": 0.25, "processes_min": 3}
    assert planning.affordable(speed | {"most_seconds": 1}, 36, 0.25) == 3
    assert planning.affordable(speed | {"most_seconds": 361}, 36, 0.25) == 10
