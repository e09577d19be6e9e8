"""Laws of what a curve says of a run that went wrong, and of the updates that are tried."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pandas import DataFrame, concat
from test_through_time import TOKENS, VOCAB_SIZE, minibatch, model_of, run

from rnnbench.base import csv_files
from rnnbench.base.files import write_record
from rnnbench.experiments import lipschitz
from rnnbench.tables import divergence, gather
from rnnbench.training import loop, run_record, update
from rnnbench.training.progress import split, start

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


def test_curves_of_a_grid_take_their_settings_from_the_record_and_others_hold_them(tmp_path):
    (tmp_path / "a").mkdir()
    own = curve([SOUND, BAD], seed=1)
    bare = own.drop(columns=[*{*divergence.KEYS} - {*run_record.ADDRESS}, "vocab_size"])
    csv_files.write(tmp_path / "a/curve.csv", bare)
    settings = dict.fromkeys(divergence.KEYS, 1) | {"trial": "grid", "learning_rate": 2.0}
    write_record(tmp_path / "a/record.json", settings | {"vocab_size": 28})
    csv_files.write(tmp_path / "curves.csv", curve([SOUND], seed=2))
    paths = [str(tmp_path / "a/curve.csv"), str(tmp_path / "curves.csv")]
    table = gather.gather("divergence", paths, [])
    assert list(table.learning_rate) == [2.0, 1]
    assert list(table.diverged_epoch.isna()) == [False, True]
    assert list(table.max_grad_norm) == [9.0, 9.0]


@pytest.mark.parametrize("field", [key for key in divergence.KEYS if key != "machine"])
def test_runs_that_differ_in_any_parameter_are_told_apart(field):
    both = concat([curve([SOUND, SOUND], **{field: value}) for value in (1, 2)])
    assert list(divergence.table(both).epochs_done) == [2, 2]


# Updates that are tried


@pytest.mark.parametrize("variant", ["rnn", "lstm"])
def test_an_update_that_is_tried_is_the_clipped_step_of_training_and_is_taken_back(variant):
    X, Y = minibatch(7)
    for theta in (0.01, math.inf):
        model = model_of(variant)
        before = [parameter.detach().clone() for parameter in model.parameters()]
        (row,) = lipschitz.tried(model, X, Y, None, [theta], 0.5)
        assert all(map(torch.equal, model.parameters(), before))
        loss, grad_norm, _ = update.step(model, X, Y, None, theta, 0.5)
        after, _ = update.forward_backward(model, X, Y, None)
        assert row["loss"] == pytest.approx(float(loss), rel=1e-12)
        assert row["grad_norm"] == pytest.approx(float(grad_norm), rel=1e-12)
        assert row["change"] == pytest.approx(float(after - loss), rel=1e-9)
        moved = [p.detach() - b for p, b in zip(model.parameters(), before, strict=True)]
        length = float(torch.cat([part.flatten() for part in moved]).norm())
        assert row["step_norm"] == pytest.approx(length, rel=1e-9)


@given(st.sampled_from([0.01, 0.1, 1.0, math.inf]), st.floats(1e-6, 1e-4))
def test_the_change_of_a_short_update_is_that_of_first_order_and_within_the_bound(theta, rate):
    X, Y = minibatch(7)
    (row,) = lipschitz.tried(model_of("gru"), X, Y, None, [theta], rate)
    assert row["change"] == pytest.approx(row["first_order"], rel=1e-2)
    assert row["step_norm"] <= rate * theta * (1 + 1e-12)
    assert abs(row["change"]) <= 1.01 * row["grad_norm"] * row["step_norm"]


def test_trying_updates_leaves_the_training_as_it_is():
    settings = run(variant="rnn_relu", num_epochs=3)
    texts = split(TOKENS.numpy(), settings)
    thetas = [0.1, math.inf]
    rows, curve = lipschitz.followed(settings, texts, VOCAB_SIZE, thetas)
    progress = start(settings, VOCAB_SIZE)
    taken = partial(loop.steps, settings, texts.train, progress)
    epochs = loop.epochs(settings, texts.validation, progress, taken)
    expected = [row["total_nats"] for row in epochs]
    assert [row["total_nats"] for row in curve] == expected
    assert {row["epoch"] for row in rows} == {1}.union({row["epoch"] for row in curve})
    assert len(rows) == 2 * sum(row["num_tokens"] for row in curve) // (3 * 8)


def test_a_run_that_explodes_is_followed_to_its_end_and_no_further():
    settings = run(variant="rnn_relu", clip_norm=math.inf, learning_rate=3e38, num_epochs=20)
    texts = split(TOKENS.numpy(), settings)
    rows, curve = lipschitz.followed(settings, texts, VOCAB_SIZE, [1.0])
    found, *_ = divergence.table(DataFrame(curve)).to_dict("records")
    assert found["lost"] and found["epochs_done"] < 20
    assert found["diverged_epoch"] <= found["epochs_done"]
    assert len(rows) >= 1 and np.isfinite(rows[0]["loss"])


def test_a_seed_gives_the_same_updates():
    settings = run()
    texts = split(TOKENS.numpy(), settings)
    once, again = (lipschitz.followed(settings, texts, VOCAB_SIZE, [1.0]) for _ in range(2))
    assert once == again
