"""Laws of what a curve says of a run that went wrong."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas import DataFrame, concat

from rnnbench.base import csv_files
from rnnbench.base.files import write_record
from rnnbench.tables import divergence, gather
from rnnbench.training import run_record

SOUND, BAD, INF, NAN = 2.0, 4.0, math.inf, math.nan  # ln 28 = 3.33


@pytest.mark.parametrize(
    ("nats", "epoch", "spikes", "lost"),
    [
        ([3, 2, 1], NAN, 0, False),
        ([SOUND, BAD, SOUND], NAN, 1, False),
        ([SOUND, BAD, BAD], 2, 2, False),
        ([SOUND, BAD, SOUND, BAD, INF], 4, 3, True),
        ([BAD, BAD], 1, 0, False),
        ([NAN], 1, 0, True),
        ([SOUND, NAN], 2, 1, True),
        ([2, 2.6, 2.7], NAN, 1, False),
    ],
)
def test_a_run_diverged_at_the_first_epoch_after_which_none_is_better_than_guessing(
    nats, epoch, spikes, lost
):
    found = divergence.facts(nats, 28)
    assert found["epochs_done"] == len(nats)
    assert (found["spikes"], found["lost"]) == (spikes, lost)
    assert found["diverged_epoch"] == pytest.approx(epoch, nan_ok=True)


@given(st.lists(st.floats(0, 10) | st.just(NAN), min_size=1, max_size=20))
def test_before_the_epoch_of_divergence_stands_a_sound_one_and_behind_it_none(nats):
    epoch = divergence.facts(nats, 28)["diverged_epoch"]
    sound = [value <= math.log(28) for value in nats]
    if math.isnan(epoch):
        assert sound[-1]
    else:
        assert not any(sound[int(epoch) - 1 :])
        assert epoch == 1 or sound[int(epoch) - 2]


def curve(nats, **settings) -> DataFrame:
    key = dict.fromkeys(divergence.KEYS, 1) | settings
    rows = [
        key | {"epoch": i, "total_nats": 10 * n, "num_tokens": 10, "vocab_size": 28}
        for i, n in enumerate(nats, start=1)
    ]
    return DataFrame(rows).assign(grad_norm_max=[1.0] * (len(nats) - 1) + [9.0], clipped_share=0.5)


def test_a_curve_takes_its_settings_from_the_record_beside_it(tmp_path):
    own = curve([SOUND, BAD], seed=1)
    bare = own.drop(columns=[*{*divergence.KEYS} - {*run_record.ADDRESS}, "vocab_size"])
    csv_files.write(tmp_path / "curve.csv", bare)
    settings = dict.fromkeys(divergence.KEYS, 1) | {"trial": "grid", "learning_rate": 2.0}
    write_record(tmp_path / "record.json", settings | {"vocab_size": 28})
    (row,) = gather.gather("divergence", [str(tmp_path / "curve.csv")], []).itertuples()
    assert (row.learning_rate, row.diverged_epoch, row.max_grad_norm) == (2.0, 2, 9.0)


@pytest.mark.parametrize("field", [key for key in divergence.KEYS if key != "machine"])
def test_runs_that_differ_in_any_parameter_are_told_apart(field):
    both = concat([curve([SOUND, SOUND], **{field: value}) for value in (1, 2)])
    assert list(divergence.table(both).epochs_done) == [2, 2]
