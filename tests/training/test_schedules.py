"""Laws of schedules: the rate that a step takes, from where it is in its run."""

import dataclasses
import math
from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from test_train import RUN, TOKENS, VOCAB_SIZE, Fuse, finish, lasting
from torch.nn.functional import cross_entropy

from rnnbench.base import presets
from rnnbench.base.parameters import CONVERGED
from rnnbench.base.plugins import load, names
from rnnbench.training import loop, selection, update
from rnnbench.training.engines import schedules
from rnnbench.training.progress import split, start

every_schedule = pytest.mark.parametrize("schedule", names("schedules"))
DECAY = dataclasses.replace(RUN, schedule="decay", schedule_epochs=4.0, num_epochs=8)
COSINE = dataclasses.replace(
    RUN, schedule="cosine", schedule_epochs=1.5, schedule_factor=0.1, optimiser="adam"
)


@every_schedule
@given(st.floats(0, 0.999), st.integers(1, 50), st.floats(0, 60), st.floats(0, 1))
def test_a_share_is_one(schedule, done, num_epochs, epochs, factor):
    share = load("schedules", schedule).share(done * num_epochs, num_epochs, epochs, factor)
    assert 0 <= share <= 1


def test_zaremba_halves_the_rate_from_the_fifth_epoch_on():
    shares = [loop.share_of(DECAY)(epoch + 0.9) for epoch in range(8)]
    assert shares == [1, 1, 1, 1, 0.5, 0.25, 0.125, 0.0625]


def test_the_cosine_rises_to_the_whole_rate_and_falls_to_the_last_share_of_it():
    share = loop.share_of(COSINE)
    assert [share(position) for position in (0, 0.75, 1.5)] == [0, 0.5, 1]
    assert share(COSINE.num_epochs) == pytest.approx(0.1)
    assert share((1.5 + COSINE.num_epochs) / 2) == pytest.approx(0.55)


SETTLED = {epoch: 100 - epoch for epoch in range(1, 19)} | {19: 81.99, 20: 81.98}


@pytest.mark.parametrize(
    ("run", "nats", "expected"),
    [
        (COSINE, SETTLED, True),
        (COSINE, SETTLED | {19: 81, 20: 80}, False),  # still falling
        (COSINE, {20: 80.0}, False),  # nothing to hold the last tenth against
        (COSINE, dict(list(SETTLED.items())[:-1]), False),  # stopped before its end
        (dataclasses.replace(COSINE, schedule_factor=0.2), SETTLED, False),  # the rate is high
        (RUN, SETTLED, False),
        (DECAY, SETTLED, True),
        (dataclasses.replace(DECAY, schedule_epochs=18), SETTLED, False),
    ],
)
def test_a_run_is_complete_when_its_rate_is_down_and_its_last_tenth_gained_little(
    run, nats, expected
):
    run = dataclasses.replace(run, num_epochs=20, patience=math.inf)
    good = {"total_nats": 1.0, "num_tokens": 1, "grad_norm_max": 1.0}
    curve = [good | {"epoch": n} for n in range(1, max(nats) + 1)]
    for epoch, loss in nats.items():
        curve[epoch - 1]["validation_total_nats"] = loss
    assert schedules.run_out(vars(run), nats) == expected
    assert (selection.status(run, curve, VOCAB_SIZE) == CONVERGED) == expected


@pytest.mark.parametrize("run", [RUN, DECAY, COSINE], ids=lambda run: run.schedule)
def test_each_step_takes_the_rate_of_its_own_middle(run):
    progress, rates = start(run, VOCAB_SIZE), []

    def told(model, X, Y, state, clip_norm, rate):
        rates.append(rate)
        return update.step(model, X, Y, state, clip_norm, rate)

    progress.engine = dataclasses.replace(progress.engine, step=told)
    texts = split(TOKENS, run)
    taken = partial(loop.steps, run, texts.train, progress, loop.share_of(run))
    list(loop.epochs(run, texts.validation, progress, taken))
    length, many = run.batch_size * run.num_steps / len(texts.train), len(rates) // run.num_epochs
    expected = [
        run.learning_rate * loop.share_of(run)(epoch + (place + 0.5) * length)
        for epoch in range(run.num_epochs)
        for place in range(many)
    ]
    assert rates == pytest.approx(expected)


@pytest.mark.parametrize("run", [DECAY, COSINE], ids=lambda run: run.schedule)
def test_an_interrupted_run_goes_on_at_the_rate_where_it_stood(run, tmp_path):
    undisturbed, interrupted = finish(run, tmp_path / "a"), start(run, VOCAB_SIZE)
    interrupted.curve = Fuse(2)
    with pytest.raises(KeyboardInterrupt):
        finish(run, tmp_path / "b", progress=interrupted)
    assert lasting(run, finish(run, tmp_path / "b")) == lasting(run, undisturbed)


@pytest.mark.parametrize("clip_norm", [0.5, 5.0])
def test_a_loss_that_is_summed_over_time_is_a_rate_and_a_threshold_of_the_mean(clip_norm):
    T, B = RUN.num_steps, RUN.batch_size
    X = torch.arange(T * B).view(T, B) % VOCAB_SIZE
    ours, theirs = (start(RUN, VOCAB_SIZE).model for _ in range(2))
    norms = update.step(ours, X, X.flip(0), None, clip_norm / T, 0.3 * T)[1]
    logits, _ = theirs(X)
    (cross_entropy(logits.flatten(0, 1), X.flip(0).flatten(), reduction="sum") / B).backward()
    norm = torch.nn.utils.clip_grad_norm_(theirs.parameters(), clip_norm)
    torch.optim.SGD(theirs.parameters(), lr=0.3).step()
    assert float(norm) == pytest.approx(T * float(norms), rel=1e-5)
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


def test_steps_that_are_recorded_at_their_rate_refuse_one_that_always_changes():
    found = presets.refusal("gru_scratch", "graphed", "cuda", "float32", **COSINE.demands)
    assert found == "graphed can do optimiser sgd, and not adam"
    plain = dataclasses.replace(COSINE, optimiser="sgd").demands
    found = presets.refusal("gru_scratch", "graphed", "cuda", "float32", **plain)
    assert found == "graphed can do schedule constant, decay, and not cosine"
