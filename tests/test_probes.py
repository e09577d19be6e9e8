"""Laws of the probes: all that is asked for is measured, and what fails is a labelled row."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from test_timing import TIMING, VOCAB_SIZE

from rnnbench import probes
from rnnbench.timing import Text

QUICK = dataclasses.replace(TIMING, windows=2, window_seconds=0.002, warmup_seconds=0.0)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory):
    folder: Path = tmp_path_factory.mktemp("probes")
    np.save(folder / "tokens.npy", (np.arange(400) ** 2 % 7 % VOCAB_SIZE).astype(np.uint8))
    broken = dataclasses.replace(QUICK, batch_size=10_000)
    asked = {"inference": [QUICK], "neighbours": [QUICK], "scaling": [QUICK, broken], "limit": []}
    return probes.measure(asked, 2, 1, Text(folder / "tokens.npy", VOCAB_SIZE), folder / "log")


def test_each_round_is_a_process(measured):
    windows, _ = measured
    assert set(windows["inference"].process) == {1, 2}
    assert set(windows["inference"]["mode"]) == {"generation", "throughput"}
    assert (windows["neighbours"].parallel >= 1).all()


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
