"""Laws of the probes: all that is asked for is measured, and what fails is a labelled row."""

import dataclasses
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from pandas import DataFrame, concat
from timings import TIMING, VOCAB_SIZE

from rnnbench.base.errors import StudyError
from rnnbench.machine import identity
from rnnbench.tables import timed
from rnnbench.timing import probes
from rnnbench.timing.disturbance import disturbed
from rnnbench.timing.processes import Text
from rnnbench.timing.windows import WINDOWS
from rnnbench.timing.work import scaling


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory):
    folder: Path = tmp_path_factory.mktemp("probes")
    np.save(folder / "tokens.npy", (np.arange(400) ** 2 % 7 % VOCAB_SIZE).astype(np.uint8))
    broken = dataclasses.replace(TIMING, batch_size=10_000)
    asked = {"inference": [TIMING], "neighbours": [TIMING], "limit": []}
    asked |= {"scaling": [TIMING, broken]}
    text = Text(folder / "tokens.npy", VOCAB_SIZE)
    return probes.measure(asked, 2, 1, text, folder / "log")


def test_each_round_is_a_process(measured):
    windows, _ = measured
    assert set(windows["inference"].process) == {1, 2}
    assert set(windows["inference"]["mode"]) == {"generation", "throughput"}


def test_processes_side_by_side_each_bring_their_windows(measured):
    windows, _ = measured
    rows, cores = windows["neighbours"], identity.usable_cores()
    found = [*zip(rows.process, rows.window, strict=True)]
    assert found == [*product(range(1, 2 * cores + 1), range(1, WINDOWS + 1))]
    assert (rows.parallel == cores).all() and (rows.seconds > 0).all()
    table = timed.scaling(concat([windows["scaling"], rows]))
    assert {*table.parallel} == {1, cores}


def test_a_text_shorter_than_what_is_asked_for_is_told_before_anything_is_measured(tmp_path):
    np.save(tmp_path / "tokens.npy", np.zeros(400, np.uint8))
    text = Text(tmp_path / "tokens.npy", VOCAB_SIZE)
    probes.check({"inference": [TIMING], "limit": []}, text)
    asked = {"inference": [TIMING], "scaling": [dataclasses.replace(TIMING, batch_size=10_000)]}
    with pytest.raises(StudyError, match=r"probes\.scaling: .*expected at least .*found 400"):
        probes.check(asked, text)
    with pytest.raises(StudyError, match="expected at least"):
        scaling.parallel_rows(asked["scaling"][0], np.zeros(400, np.uint8), VOCAB_SIZE, 2)


def test_what_fails_is_a_labelled_row_and_the_rest_is_measured(measured):
    windows, states = measured
    failed = states[states.status == probes.FAILED]
    assert failed.work.tolist() == ["scaling"]
    assert "StudyError" in failed.reason.item()
    assert len(states) == 4
    assert len(windows["scaling"])


def test_what_is_not_asked_for_is_an_empty_table(measured):
    windows, _ = measured
    assert windows["limit"].empty
    assert "variant" in windows["limit"]


def test_every_window_says_whether_it_was_disturbed(measured):
    windows, _ = measured
    for work in ("inference", "neighbours", "scaling"):
        assert windows[work].disturbed.isin([True, False]).all()


def marked(seconds: list[float], disturbed: list[bool]) -> DataFrame:
    """Windows of one product of 100 FLOPs, in one process; the first is a warm-up."""
    return DataFrame(
        dict.fromkeys(timed.SETTING, 1)
        | {"probe": "square", "process": 1, "counted": i > 0, "flops": 100.0, "bytes": np.nan}
        | dict.fromkeys(timed.SHAPE, 4)
        | {"seconds": second, "disturbed": mark}
        for i, (second, mark) in enumerate(zip(seconds, disturbed, strict=True))
    )


def test_a_limit_is_the_fastest_window_that_nothing_disturbed():
    windows = marked([0.1, 1.0, 2.0, 4.0, 0.5], [False, True, False, False, True])
    (row,) = timed.limit(windows).itertuples()
    assert (row.per_second, row.low, row.high) == (50, 25, 50)
    assert (row.n, row.windows_used) == (2, "undisturbed")


def test_where_all_was_disturbed_the_fastest_window_is_told_and_labelled():
    (row,) = timed.limit(marked([0.1, 1.0, 2.0], [True] * 3)).itertuples()
    assert (row.per_second, row.n, row.windows_used) == (100, 2, "all")


def test_processes_side_by_side_do_not_disturb_each_other():
    windows = DataFrame(
        {"outside_load": [1.0, 1.4], "core_slowdown": np.nan, "seconds": 1.0, "parallel": 2}
    )
    assert disturbed(windows).tolist() == [False, True]
    assert disturbed(windows.drop(columns="parallel")).tolist() == [True, True]
