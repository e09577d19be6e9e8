"""Laws of the estimate that a dry run tells."""

import csv
import dataclasses
import json
import math
from collections import Counter
from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pandas
import pytest
from test_study import changed, read, shipped

from rnnbench.base import presets
from rnnbench.study import estimate
from rnnbench.study.estimate import Estimate
from rnnbench.timing import cost_model
from snakemake_logger_plugin_rnnbench import plan
from snakemake_logger_plugin_rnnbench.plan import Expected, Experience

STUDY = read(changed("runs.engine", "own"))
COSTS = {estimate.work(row): row for row in estimate.read(estimate.TYPICAL_COSTS)}
TYPICAL = {variant: row for (variant, way), row in COSTS.items() if way == presets.own(variant)}


def address(variant: str) -> dict[str, str]:
    return next(run for run in STUDY.runs if run["variant"] == variant)


def fitted(folder, **slower: float):
    """An estimate on a machine whose fitted variants are slower than the other machine's."""
    rows = [
        TYPICAL[variant]
        | {name: TYPICAL[variant][name] * times for name in cost_model.COSTS}
        | {"machine": STUDY.machine, "heldout_error": 0.07}
        for variant, times in slower.items()
    ]
    path = folder / "costs.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, TYPICAL["gru"])
        writer.writeheader()
        writer.writerows(rows)
    return Estimate(STUDY, path)


@pytest.fixture
def counted(tmp_path):
    np.save(tmp_path / "tokens.npy", np.zeros(20_000, np.uint8))
    return SimpleNamespace(tokens=str(tmp_path / "tokens.npy"))


def test_every_variant_that_is_trained_by_default_has_typical_costs():
    assert set(STUDY["runs"]["variants"]) <= set(TYPICAL)
    assert all(estimate.one_thread(row) for row in TYPICAL.values())


def test_a_cluster_is_asked_for_more_time_than_told_and_for_more_at_each_attempt(counted, tmp_path):
    there = Estimate(STUDY, tmp_path / "none")
    told = there.run(address("gru"), counted) / 60
    first, second = (there.run_minutes(address("gru"), counted, n) for n in (1, 2))
    assert first > estimate.SLOWER * told + 9 and second == 2 * first


def test_a_run_of_a_variant_fitted_here_takes_what_the_model_says_and_the_import(tmp_path, counted):
    here = fitted(tmp_path, gru=1.0)
    run = STUDY.run(address("gru"))
    trained = cost_model.predict_seconds(run, here.own["gru", "torch_nn", "cpu"], 20_000)
    seconds = here.run(address("gru"), counted)
    assert 0 <= seconds - (estimate.STOPPED * trained + estimate.IMPORT_SECONDS) <= 1
    assert math.isfinite(run.patience)
    assert here.trained(run, counted.tokens) == pytest.approx(trained)
    assert here.run_by(address("gru")) == estimate.OWN.format(7)


def test_other_variants_take_as_many_times_longer_as_those_that_were_fitted(tmp_path, counted):
    slow = fitted(tmp_path, gru=30.0, lstm=30.0)
    fast = Estimate(STUDY, tmp_path / "none.csv")
    one, other = (
        e.run(address("gru_deep"), counted) - estimate.IMPORT_SECONDS for e in (slow, fast)
    )
    assert one == pytest.approx(30 * other, rel=0.25)  # whole seconds
    machine = TYPICAL["gru_deep"]["machine"]
    assert slow.run_by(address("gru_deep")) == estimate.SCALED.format(machine)
    assert fast.run_by(address("gru_deep")) == estimate.ROUGH.format(machine)


def test_a_variant_that_nobody_fitted_takes_what_its_plain_one_does_and_this_is_said(monkeypatch):
    rough = Estimate(STUDY, estimate.TYPICAL_COSTS.with_name("none"))
    run = STUDY.run(address("lstm"))
    new = dataclasses.replace(run, variant="lstm_new")
    line = dataclasses.replace(presets.of("lstm"), embedding_size=8)
    known = presets.table() | {"lstm_new": line}
    monkeypatch.setattr(presets, "table", lambda: known)
    assert rough.cost(new)[0] == {**rough.cost(run)[0], "embedding_size": 8}
    assert rough.cost(new)[2].endswith(estimate.RELATED)


def test_a_run_by_the_fastest_step_costs_what_that_step_does_over_its_own_layers(monkeypatch):
    rough = Estimate(STUDY, estimate.TYPICAL_COSTS.with_name("none"))
    deep = dataclasses.replace(STUDY.run(address("gru_deep")), engine="fastest")
    both = dataclasses.replace(deep, variant="lstm_bidirectional")
    for missing, trainer in ((None, "fused"), ("not built", "manual")):
        monkeypatch.setattr(estimate.native, "missing", lambda why=missing: why)
        cost, _, _ = rough.cost(deep)
        assert rough.trainer(deep) == estimate.work(cost) == ("gru", trainer)
        assert cost["num_layers"] == 2
        assert rough.trainer(both) == ("lstm_bidirectional", "torch_nn")
    assert rough.trainer(dataclasses.replace(deep, engine="own")) == ("gru_deep", "torch_nn")


def test_costs_of_another_machine_or_setting_are_not_those_of_this_one(tmp_path):
    rows = estimate.read(estimate.TYPICAL_COSTS)
    assert not Estimate(STUDY, estimate.TYPICAL_COSTS).own or rows[0]["machine"] == STUDY.machine
    assert not estimate.one_thread(rows[0] | {"threads": 2.0})
    assert not estimate.one_thread(rows[0] | {"dtype": "float64"})


def test_costs_that_an_earlier_release_fitted_are_not_those_of_this_model(tmp_path, counted):
    slow = fitted(tmp_path, gru=30.0)
    assert slow.own
    path = tmp_path / "costs.csv"
    for column in ("embedding_size", "implementation"):
        fitted(tmp_path, gru=30.0)
        pandas.read_csv(path).drop(columns=column).to_csv(path, index=False)
        assert not Estimate(STUDY, path).own


def test_a_text_that_is_not_counted_yet_has_a_typical_length(tmp_path, counted):
    assert estimate.text_tokens(tmp_path / "none.npy") == estimate.TYPICAL_TOKENS
    assert estimate.text_tokens(tmp_path / "tokens.npy") == 20_000


def test_a_run_of_words_is_told_what_its_output_layer_takes(tmp_path):
    np.save(tmp_path / "tokens.npy", np.zeros(1_000_000, np.uint8))
    there = Estimate(STUDY, tmp_path / "none")
    chars = dataclasses.replace(STUDY.run(address("lstm")), train_tokens=math.inf)
    words = dataclasses.replace(chars, token="word")
    times = [there.trained(run, tmp_path / "tokens.npy") for run in (chars, words)]
    assert times[1] > 10 * times[0]


def test_an_audit_is_asked_time_for_by_its_sample():
    def of(sample):
        study = read(shipped() | {"audit": shipped()["audit"] | {"sample": sample}})
        return Estimate(study, estimate.TYPICAL_COSTS).audit_minutes({})

    assert estimate.AUDIT_MINUTES < of(0) < of(1) < of(5) < of("all")


def test_timings_take_as_many_processes_as_their_sittings_have():
    one, two = (read(shipped() | {"speed": shipped()["speed"] | {"sittings": s}}) for s in (1, 2))
    estimates = [Estimate(study, estimate.TYPICAL_COSTS).speed() for study in (one, two)]
    assert 1.8 < estimates[1] / estimates[0] <= 2
    assert 120 < estimates[0] < 600


def record(rule: str, *output: str, **resources: object) -> SimpleNamespace:
    return SimpleNamespace(rule_name=rule, output=list(output), resources=resources)


def on_record(folder, **seconds: float) -> Experience:
    """What is known after jobs of a rule named zipf that took ``seconds`` to make their file."""
    for output, time in seconds.items():
        began, ended = (datetime.fromtimestamp(100.0 + t, UTC).isoformat() for t in (0.0, time))
        record = {"rule": "zipf", "started": began, "ended": ended}
        record |= {"inputs": {}, "outputs": {output: {}}}
        (folder / f"{output}.json").write_text(json.dumps(record))
    return Experience(folder)


def test_a_job_takes_what_its_rule_states_else_what_it_took_else_what_its_like_took(tmp_path):
    known = on_record(tmp_path, a=4.0, b=8.0)
    assert known.expected(record("run", "c", seconds=9, seconds_by="me")) == Expected(
        "run", 9, "me"
    )
    assert known.expected(record("zipf", "a")) == Expected("zipf", 4.0, plan.BY_LAST)
    assert known.expected(record("zipf", "c")) == Expected("zipf", 6.0, plan.BY_LAST)
    assert known.expected(record("figure", "d")).by == plan.BY_OTHERS
    assert known.expected(record("unheard_of", "d")).seconds == plan.SHORT


def test_three_lines_tell_what_will_be_made_its_time_on_all_cores_and_on_one_and_whence():
    jobs = [Expected("run", 60.0, "the model")] * 4 + [Expected("campaign", 120.0, "the protocol")]
    jobs += [Expected("zipf", 2.0, "habit"), Expected("vocab", 1.0, "habit"), Expected("a", 1, "b")]
    assert plan.lines(jobs, 2).splitlines() == [
        "to do: 8 jobs: 4 training runs 4 min, 1 timing job 2 min, 1 zipf 2 s, 2 others 2 s",
        "time: about 4 min on 2 cores, 6.1 min on one",
        "estimated from: the model (4 jobs), the protocol (1 job), habit (2 jobs), b (1 job)",
    ]


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0.4 s"), (99.0, "99 s"), (150.0, "2.5 min"), (7200.0, "2 h")]
)
def test_times_have_two_figures(seconds, words):
    assert plan.spelled(seconds) == words


def test_what_jobs_took_elsewhere_is_known_of_every_rule_that_takes_long():
    assert Counter(Experience(estimate.TYPICAL_COSTS).elsewhere).keys() >= {"zipf", "campaign"}
