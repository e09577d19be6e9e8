"""Laws of the campaign: all points in turn, sitting by sitting, and nothing twice."""

import dataclasses
import itertools
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from timings import TIMING, VOCAB_SIZE

from rnnbench.base import csv_files
from rnnbench.base.errors import StudyError
from rnnbench.base.files import read_record, write_record
from rnnbench.comparison.published import contract
from rnnbench.machine import gpus
from rnnbench.tables import gather
from rnnbench.timing import campaign, processes, sample_files
from rnnbench.timing.campaign import Campaign
from rnnbench.timing.points import Point, Protocol
from rnnbench.timing.processes import Text, WorkError

PROTOCOL = Protocol(processes=3, sittings=1, twins=(), seed=1)
CALM = {"rnn": 100.0, "gru": 50.0, "lstm": 25.0}


class Machine:
    """Stands in for the interpreters and for the clock, which their processes alone move on.

    It remembers what it was asked.
    """

    def __init__(self):
        self.asked, self.refused, self.broken = [], {}, {}
        self.ends_after = None
        self.clock, self.seconds = 0.0, 0.125  # of one process; sums of it are exact
        self.joules: float | None = None
        self.more: dict = {}  # that each process tells

    def __call__(self, *_):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def monotonic(self):
        return self.clock

    def rows(self, work, timing):
        if work == "admission":
            reason = self.refused.get(timing.variant, "")
            return [{"status": "differs" if reason else campaign.AGREES, "reason": reason}]
        if self.ends_after == len(self.asked):
            raise KeyboardInterrupt
        if timing.variant in self.broken:
            raise WorkError(self.broken[timing.variant])
        self.clock += self.seconds
        self.asked.append((timing.variant, timing.process))
        facts = {"initialisation_seconds": 0.1, "first_step_seconds": 0.1, "steady": True}
        facts |= {"gates": 1, "num_layers": 1, "directions": 1, "vocab_size": VOCAB_SIZE}
        facts |= {"embedding_size": 0, "numerics_id": "abc"}
        facts |= {"peak_memory_bytes": 1, "load_average": 0.0, "outside_load": 0.0}
        facts |= {"energy_joules": self.joules, "energy_source": "a counter"}
        facts |= {"num_minibatches": 1, "num_tokens": 50, "seconds": 1.0, "cpu_seconds": 1.0}
        microseconds = 1e6 * 50 / CALM[timing.variant]
        facts |= {"sample_microseconds": " ".join([f"{microseconds:.1f}"] * 2)}
        return [timing.as_row() | facts | self.more]


def of(variant: str, timed_seconds: float) -> dict:
    changes = {"variant": variant, "timed_seconds": timed_seconds, "clip_norm": float("inf")}
    return dataclasses.replace(TIMING, **changes).as_row()


@pytest.fixture
def machine(monkeypatch):
    stand_in = Machine()
    monkeypatch.setattr(campaign, "Interpreter", stand_in)
    monkeypatch.setattr(campaign, "time", stand_in)
    return stand_in


@pytest.fixture
def sitting(tmp_path):
    """Runs a campaign over three variants in one folder and returns it."""
    np.save(tmp_path / "ids.npy", np.arange(300, dtype=np.uint8) % 6)
    text = Text(tmp_path / "ids.npy", VOCAB_SIZE)

    def run(sources=None, variants=tuple(CALM), timed_seconds=0.1, **changes) -> Campaign:
        protocol = dataclasses.replace(PROTOCOL, **changes)
        rows = [of(v, timed_seconds) for v in variants]
        points = [Point.of(row, (sources or {}).get(row["variant"], "0"), protocol) for row in rows]
        done = Campaign(points, protocol, text, tmp_path / "speed", tmp_path / "log")
        done.run()
        return done

    run.root = tmp_path / "speed"
    return run


def speed_table(done: Campaign, folder: Path):
    csv_files.write(folder / "points.csv", done.table())
    csv_files.write(folder / "samples.csv", done.samples())
    paths = [str(folder / name) for name in ("points.csv", "samples.csv")]
    return gather.gather("speed", paths, []).set_index("variant")


def test_a_point_tells_what_a_comparison_of_machines_must_know(machine, sitting):
    for row in sitting().table().to_dict("records"):
        told = contract.work(row, "all")
        assert contract.UNKNOWN not in told.values()
        assert told["tokens_sha256"] != row["source_sha256"]
        assert told["protocol"] == processes.PROTOCOL
        assert not contract.missing(row["torch_version"])


def test_a_text_shorter_than_a_minibatch_ends_a_campaign_before_anything_is_timed(machine, sitting):
    np.save(sitting.root.parent / "ids.npy", np.zeros(9, np.uint8))
    with pytest.raises(StudyError, match=r"speed\.sizes: .*expected at least .*found 9"):
        sitting()
    assert not machine.asked


def test_a_sitting_goes_round_by_round_over_all_points(machine, sitting):
    sitting()
    rounds = [[number for _, number in machine.asked[i : i + 3]] for i in (0, 3, 6)]
    assert rounds == [[1] * 3, [2] * 3, [3] * 3]
    for i in (0, 3, 6):
        assert {variant for variant, _ in machine.asked[i : i + 3]} == set(CALM)


def test_the_order_within_rounds_is_random_and_that_of_the_seed(machine, sitting, tmp_path):
    orders = []
    for seed in (1, 1, 2, 3):
        machine.asked = []
        done = sitting(seed=seed)
        orders.append([variant for variant, _ in machine.asked])
        for number, point in itertools.product((1, 2, 3), done.points):
            sample_files.discard(sample_files.folder(sitting.root, point.at(number), 1))
    assert orders[0] == orders[1]
    assert len(set(map(tuple, orders))) > 1
    assert any(orders[0][:3] != order[3:6] for order in orders)


def test_every_sitting_times_every_point_again(machine, sitting):
    done = sitting(sittings=2)
    assert len(machine.asked) == 2 * 9
    samples = done.samples()
    found = samples.groupby(["variant", "sitting"]).process.apply(list)
    assert list(found) == [[1, 2, 3]] * 6


def test_one_more_sitting_keeps_the_earlier_ones_and_when_they_were(machine, sitting):
    first = sitting()
    machine.asked = []
    samples = sitting(sittings=2).samples()
    assert len(machine.asked) == 9
    kept = samples[samples.sitting == 1].reset_index(drop=True)
    assert kept.sitting_began.equals(first.samples().sitting_began)
    assert samples.groupby("sitting").sitting_began.nunique().eq(1).all()
    assert samples.sitting_began.nunique() == 2


def test_a_campaign_tells_its_sittings_and_what_they_took(machine, sitting):
    sitting()
    record = sitting(sittings=2).record()
    assert record["sittings"] == 2
    assert record["measured_processes"] == 18
    assert record["spent_seconds"] == pytest.approx(18 * machine.seconds, abs=0.1)


def test_a_campaign_that_is_called_again_measures_nothing_and_tells_the_same(machine, sitting):
    first = sitting()
    machine.asked = []
    second = sitting()
    assert machine.asked == []
    assert second.table().equals(first.table())
    told = ["variant", "process", "sitting", "sample_microseconds"]
    pd.testing.assert_frame_equal(second.samples()[told], first.samples()[told], check_dtype=False)


def test_a_killed_campaign_is_taken_up_where_it_stood(machine, sitting):
    machine.ends_after = 4
    with pytest.raises(KeyboardInterrupt):
        sitting()
    before, machine.ends_after = list(machine.asked), None
    sitting()
    assert len(set(machine.asked)) == len(machine.asked) == 9
    assert machine.asked[:4] == before


@pytest.mark.parametrize(("minutes", "torn"), [(10, False), (45, True)])
def test_a_sitting_that_is_taken_up_much_later_is_marked(machine, sitting, minutes, torn):
    machine.ends_after = 4
    with pytest.raises(KeyboardInterrupt):
        sitting(sittings=2)
    began = datetime.now(UTC) - timedelta(minutes=minutes)
    for path in sitting.root.rglob("record.json"):
        write_record(path, read_record(path) | {"began": began.isoformat()})
    machine.ends_after = None
    doubts = sitting(sittings=2).record()["doubts"]
    said = "sitting 1 was measured in 2 parts, which began 0.8 hours apart"
    assert (said in doubts) == torn and "sitting 2" not in doubts
    assert (said in sitting(sittings=3).record()["doubts"]) == torn


def test_an_edited_variant_alone_is_measured_again(machine, sitting):
    sitting()
    machine.asked = []
    samples = sitting(sources={"gru": "1"}).samples()
    assert sorted(machine.asked) == [("gru", 1), ("gru", 2), ("gru", 3)]
    assert len(samples) == 9
    began = samples.groupby("variant").sitting_began.unique()
    assert list(began["rnn"]) == list(began["lstm"]) != list(began["gru"])


def test_other_parameters_or_another_text_make_all_measured_again(machine, sitting):
    sitting()
    machine.asked = []
    sitting(timed_seconds=0.2)
    assert len(machine.asked) == 9


@pytest.mark.parametrize("name", ["samples.csv", "record.json"])
def test_a_changed_byte_is_found_and_the_process_measured_again(name, machine, sitting):
    done = sitting()
    machine.asked = []
    path = sample_files.folder(sitting.root, done.points[0].at(2), 1) / name
    path.write_text(path.read_text().replace("2", "3", 1))
    sitting()
    assert machine.asked == [("rnn", 2)]


def test_what_is_refused_is_labelled_and_never_timed(machine, sitting, tmp_path):
    machine.refused = {"gru": "the gradient differs"}
    table = speed_table(sitting(), tmp_path)
    assert "gru" not in {variant for variant, _ in machine.asked}
    assert (table.status["gru"], table.reason["gru"]) == ("differs", "the gradient differs")
    assert np.isnan(table.tokens_per_second["gru"])
    assert table.tokens_per_second["rnn"] == pytest.approx(100)


def test_what_breaks_is_labelled_and_the_rest_is_timed(machine, sitting, tmp_path):
    machine.broken = {"rnn": "killed by SIGSEGV"}
    table = speed_table(sitting(), tmp_path)
    assert table.status.to_dict() == {"rnn": "failed", "gru": "measured", "lstm": "measured"}
    assert table.reason["rnn"] == "killed by SIGSEGV"


def test_a_study_without_points_has_empty_tables(machine, sitting, tmp_path):
    assert len(speed_table(sitting(variants=()), tmp_path)) == 0


def test_a_twin_is_timed_as_two_arms_in_every_round(machine, sitting, tmp_path):
    done = sitting(twins=("gru",))
    for i in (0, 4, 8):
        assert Counter(v for v, _ in machine.asked[i : i + 4]) == {"rnn": 1, "gru": 2, "lstm": 1}
    samples = done.samples()
    arms = samples[samples.variant == "gru"].groupby("arm").process.unique()
    assert {arm: sorted(found) for arm, found in arms.items()} == {"a": [1, 3, 5], "b": [2, 4, 6]}
    assert set(samples[samples.variant != "gru"].arm) == {"a"}
    assert set(samples[samples["round"] == 2].process) == {2, 3, 4}


def test_a_timing_names_the_arithmetic_it_was_made_by(machine, sitting, tmp_path):
    done = sitting()
    assert set(speed_table(done, tmp_path).numerics_id) == {"abc"}
    timing = done.points[0].at(1)
    record = read_record(sample_files.folder(sitting.root, timing, 1) / "record.json")
    assert record["numerics_id"] == "abc"


@pytest.mark.parametrize(("joules", "per_million"), [(None, np.nan), (0.5, 5000.0)])
def test_energy_is_told_per_million_tokens_and_is_empty_where_no_counter_is(
    joules, per_million, machine, sitting, tmp_path
):
    machine.joules = joules
    table = speed_table(sitting(), tmp_path)
    assert table.joules_per_million_tokens["rnn"] == pytest.approx(per_million, nan_ok=True)
    assert set(table.energy_source) == {"a counter"}


def test_the_campaign_itself_stays_free_of_torch():
    """Its threads would stand beside those that are timed."""
    code = "import sys, rnnbench.timing.campaign; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_each_process_leaves_its_record_beside_its_samples(machine, sitting):
    done = sitting(sources={"rnn": "a" * 64})
    timing = done.points[0].at(1)
    place = sample_files.folder(sitting.root, timing, 1)
    assert place.relative_to(sitting.root).as_posix() == (
        "variant=rnn/implementation=torch_nn/sampler=sequential_partition/clip_norm=inf/device=cpu"
        "/threads=1/dtype=float32/hidden_size=8/batch_size=4/num_steps=5/sitting=1/process=1"
    )
    _, record = sample_files.read(place, done.identity(done.points[0], timing))
    assert record["source_sha256"] == "a" * 64
    assert record.items() >= timing.as_row().items()


def test_samples_of_another_gpu_driver_are_not_taken_up_and_those_of_the_cpu_are(
    machine, sitting, monkeypatch
):
    done = sitting(variants=["rnn"])
    timing, text = done.points[0].at(1), done.text
    drivers = {"cpu": 1, "cuda": 2}  # of two drivers so many are told
    for device, expected in drivers.items():
        told = []
        for driver in ("550.1", "560.2"):
            monkeypatch.setenv(gpus.DRIVER, driver)
            on = dataclasses.replace(timing, device=device)
            told.append(sample_files.identity(on, "a" * 64, text))
        assert len({repr(one) for one in told}) == expected


def test_who_was_on_the_gpu_beside_a_timed_process_is_a_doubt_of_the_campaign(machine, sitting):
    before = sitting(variants=["rnn"]).record()["doubts"]
    machine.more = {"device": "cuda", "gpu_processes": 2, "gpu_throttle_reasons": "idle"}
    doubts = sitting(variants=["gru"]).record()["doubts"]
    assert "others were on the GPU beside 3 of 3 processes timed on it" in doubts
    assert "on the GPU" not in before
