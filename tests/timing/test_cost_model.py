"""Laws of the cost model: it finds the costs that made the data; a run is its start and steps."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas import DataFrame
from test_speed import as_run
from timings import TIMING, TOKENS, VOCAB_SIZE

from rnnbench.base import csv_files, parameters
from rnnbench.base.errors import RecordError
from rnnbench.tables import gather
from rnnbench.timing import cost_model, windows, workload
from rnnbench.timing.work import scaling

AXES = {"hidden_size": (64, 128, 256), "batch_size": (8, 32, 64), "num_steps": (10, 35, 70)}
BASE = dataclasses.replace(TIMING, hidden_size=128, batch_size=32, num_steps=35)
sizes = st.integers(1, 64)
cost = st.floats(1e-9, 1e-3)


def measured(true: list[float], noise: float = 0.0) -> DataFrame:
    """The table ``scaling`` of a machine whose costs are known."""
    generator = np.random.default_rng(1)
    rows = []
    for point in dict.fromkeys([*parameters.star(BASE, AXES), *parameters.corners(BASE, AXES)]):
        model = workload.Architecture(4, point.hidden_size, 1, 1, 28, 0)
        seconds = cost_model.features(model, point.batch_size, point.num_steps) @ true
        seconds *= 1 + noise * generator.standard_normal()
        speed = point.batch_size * point.num_steps / seconds
        row = point.as_row() | model.as_row() | {"parallel": 1, "start_seconds": 2.0}
        rows.append(row | {"tokens_per_second": speed})
    return DataFrame(rows)


def test_the_star_changes_one_size_at_a_time_and_holds_the_base_once():
    points = parameters.star(BASE, AXES)
    assert points[0] == BASE and len(set(points)) == len(points) == 1 + 3 * 2
    for point in points:
        assert sum(getattr(point, name) != getattr(BASE, name) for name in AXES) <= 1


def test_the_corners_are_all_extremes_at_once():
    found = {(p.hidden_size, p.batch_size, p.num_steps) for p in parameters.corners(BASE, AXES)}
    assert found == {(h, b, t) for h in (64, 256) for b in (8, 64) for t in (10, 70)}


@given(st.tuples(cost, cost, *[st.floats(1e-12, 1e-9)] * 3))
def test_the_fit_finds_the_costs_that_made_the_data(true):
    (row,) = cost_model.fit(measured(list(true))).to_dict("records")
    assert row["heldout_worst"] < 1e-3
    assert row["points"] == 7 + 8


def test_noise_shows_in_the_errors_and_costs_are_never_negative():
    (row,) = cost_model.fit(measured([1e-4, 1e-6, 1e-10, 1e-11, 0.0], noise=0.1)).to_dict("records")
    assert 0.01 < row["fit_error"] < 0.3 and 0.01 < row["heldout_error"] < 0.3
    assert row["heldout_worst"] >= row["heldout_error"]
    assert min(row[name] for name in cost_model.COSTS) >= 0


def test_processes_side_by_side_do_not_move_the_fit():
    table = measured([1e-4, 1e-6, 1e-10, 1e-11, 1e-10])
    beside = table.iloc[0].to_dict() | {"parallel": 2, "tokens_per_second": 1.0}
    more = DataFrame([*table.to_dict("records"), beside])
    first, second = (cost_model.fit(t)[cost_model.COSTS].to_numpy() for t in (table, more))
    assert np.allclose(first, second)


def test_a_point_that_does_not_follow_the_others_shows_when_it_is_held_out():
    table = measured([1e-4, 1e-6, 1e-10, 1e-11, 1e-10])
    table.loc[3, "tokens_per_second"] /= 10
    ratio = cost_model.held_out(table)
    assert ratio[3] == pytest.approx(0.1, rel=1e-3)
    assert cost_model.fit(table).heldout_worst.iloc[0] >= 0.9 - 1e-6


def test_too_few_points_give_no_model():
    assert cost_model.fit(measured([1e-4, 1e-6, 1e-10, 1e-11, 0.0]).iloc[:5]).empty
    assert list(cost_model.fit(gather.gather("scaling", [], [])).columns)[:2] == [
        "machine",
        "variant",
    ]


ROW = cost_model.fit(measured([1e-4, 1e-6, 1e-10, 1e-11, 1e-10])).iloc[0].to_dict()
RUN = dataclasses.replace(as_run(TIMING), num_epochs=10, train_tokens=1000.0)


def test_a_run_of_no_epoch_is_its_start_and_what_is_read_of_the_text_before_and_after():
    idle = dataclasses.replace(RUN, num_epochs=0)
    free = ROW | dict.fromkeys(cost_model.COSTS, 0.0)
    assert cost_model.predict_seconds(RUN, free, 5000) == 2.0
    step = cost_model.step_seconds(ROW, RUN.hidden_size, RUN.batch_size, RUN.num_steps)
    read = (1000 + 2 * 500) / (RUN.batch_size * RUN.num_steps) * step / 3
    assert cost_model.predict_seconds(idle, ROW, 5000) == pytest.approx(2.0 + read)


@given(st.integers(1, 50), st.integers(1, 50))
def test_epochs_cost_the_same_each_once_the_evaluations_are_paid(epochs, more):
    def seconds(n: int) -> float:
        return cost_model.predict_seconds(dataclasses.replace(RUN, num_epochs=n), ROW, 5000)

    one = seconds(epochs + 1) - seconds(epochs)
    assert seconds(epochs + more) - seconds(epochs) == pytest.approx(more * one)


@given(st.integers(1, 60), st.integers(1, 60))
def test_every_evaluation_is_paid_and_both_readings_of_the_held_out_text(epochs, every):
    run = dataclasses.replace(RUN, num_epochs=epochs, evaluate_every=every)
    evaluated = sum(map(run.evaluates, range(1, epochs + 1)))
    step = cost_model.step_seconds(ROW, run.hidden_size, run.batch_size, run.num_steps)
    tokens = epochs * 1000 + (1000 + evaluated * 500 + 2 * 500) * cost_model.FORWARD
    expected = ROW["start_seconds"] + tokens * step / (run.batch_size * run.num_steps)
    assert cost_model.predict_seconds(run, ROW, 5000) == pytest.approx(expected)


def test_a_run_that_may_lose_patience_is_expected_to_take_a_share_of_its_epochs():
    patient = dataclasses.replace(RUN, num_epochs=100)
    expected = dataclasses.replace(RUN, num_epochs=round(100 * cost_model.EARLY))
    found = (
        cost_model.predict_seconds(run, ROW, 5000)
        for run in (dataclasses.replace(patient, patience=3.0), expected)
    )
    assert len(set(found)) == 1


def test_training_on_all_of_a_text_costs_what_training_on_its_length_does():
    whole = dataclasses.replace(RUN, train_tokens=np.inf)
    same = dataclasses.replace(RUN, train_tokens=4000.0)
    found = (cost_model.predict_seconds(run, ROW, 5000) for run in (whole, same))
    assert len(set(found)) == 1


def test_predicting_needs_no_torch():
    code = "import sys, rnnbench.timing.cost_model; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_the_costs_of_an_earlier_release_are_refused_in_words():
    old = {name: value for name, value in ROW.items() if name != "embedding_size"}
    with pytest.raises(RecordError, match="found none of embedding_size"):
        cost_model.step_seconds(old, 64, 32, 35)


def test_points_are_timed_with_their_start_and_memory(tmp_path):
    rows = scaling.rows(TIMING, TOKENS, VOCAB_SIZE)
    csv_files.write(tmp_path / "samples.csv", DataFrame(rows).assign(disturbed=False))
    (row,) = gather.gather("scaling", [str(tmp_path / "samples.csv")], []).to_dict("records")
    assert row["start_seconds"] > 0 and row["model_memory_bytes"] >= 0
    assert (row["n"], row["parallel"], row["gates"]) == (windows.WINDOWS, 1, 1)
