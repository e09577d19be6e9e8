"""Laws of the tasks: of every sequence, of the base line, and of what counts as solved."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.base.plugins import load, names
from rnnbench.tasks import learning
from rnnbench.tasks.kinds import adding, copying, parity
from rnnbench.tasks.learning import BETTER, CHANCE, SOLVED, TaskConfig

CONFIG = TaskConfig(
    task="adding",
    variant="gru",
    length=3,
    seed=1,
    hidden_size=8,
    batch_size=32,
    learning_rate=0.02,
    clip_norm=1.0,
    max_steps=600,
)
BEST = {  # the answer that heeds no input, as outputs
    "parity": lambda batch: torch.ones(*batch.targets.shape, 1),
    "adding": lambda batch: torch.ones(*batch.targets.shape, 1),
    "copying": lambda batch: torch.stack([heedless(step) for step in batch.targets]),
}
every_kind = pytest.mark.parametrize("kind", names("tasks"))
some_length = st.integers(2, 60)


def seeded(seed=1):
    return np.random.Generator(np.random.PCG64(seed))


def heedless(targets):
    """Logits that are sure of a blank, or give each of the eight symbols the same share."""
    blank = bool((targets == copying.BLANK).all())
    logits = torch.full((len(targets), copying.NUM_OUTPUTS), -math.inf if blank else 0.0)
    logits[:, copying.BLANK] = 0.0 if blank else -math.inf
    return logits


# Sequences


@every_kind
@given(length=some_length, number=st.integers(1, 5))
def test_a_batch_has_the_shapes_that_its_file_says_and_comes_again_with_its_seed(
    kind, length, number
):
    task = load("tasks", kind)
    batch, again = (task.batch(length, number, seeded()) for _ in range(2))
    assert batch.inputs.shape[1:] == (number, task.NUM_INPUTS)
    assert batch.targets.shape[1] == number
    assert 1 <= len(batch.targets) <= len(batch.inputs)
    assert batch.inputs.dtype == torch.float32
    assert all(torch.equal(*pair) for pair in zip(batch, again, strict=True))
    assert not torch.equal(
        task.batch(length, 64, seeded(1))[0], task.batch(length, 64, seeded(2))[0]
    )


@every_kind
@pytest.mark.parametrize("length", [2, 7, 30])
def test_the_best_answer_that_heeds_no_input_has_the_error_of_the_base_line(kind, length):
    task = load("tasks", kind)
    batch = task.batch(length, 20_000, seeded())
    errors = task.error(BEST[kind](batch), batch.targets).double().mean(0)
    wrong = errors.std() / len(errors) ** 0.5
    assert abs(errors.mean() - task.baseline(length)) <= 4 * wrong + 1e-6


@every_kind
@given(length=some_length)
def test_training_is_at_no_length_beyond_that_of_the_test(kind, length):
    shortest, longest = load("tasks", kind).trained(length)
    assert 1 <= shortest <= longest <= length
    load("tasks", kind).batch(shortest, 2, seeded())


@given(length=some_length)
def test_parity_is_odd_after_an_odd_number_of_ones_and_tested_beyond_what_is_trained(length):
    inputs, targets = parity.batch(length, 20, seeded())
    assert torch.equal(inputs.sum(2), torch.ones(length, 20))
    for step, answers in enumerate(targets, start=length - len(targets) + 1):
        assert torch.equal(answers, inputs[:step, :, 0].sum(0) % 2)
        assert step > parity.trained(length)[1]


@given(length=some_length)
def test_one_number_of_each_half_is_marked_and_their_sum_is_the_answer(length):
    inputs, targets = adding.batch(length, 20, seeded())
    values, marks = inputs.unbind(2)
    halves = marks[: length // 2], marks[length // 2 :]
    assert all(torch.equal(half.sum(0), torch.ones(20)) for half in halves)
    assert torch.allclose((values * marks).sum(0), targets[0])


@given(length=some_length)
def test_the_symbols_that_are_shown_first_are_asked_for_after_the_mark(length):
    inputs, targets = copying.batch(length, 20, seeded())
    shown = inputs.argmax(2)
    assert len(shown) == len(targets) == length + 20
    assert torch.equal(shown[:10], targets[-10:]) and shown[:10].max() < copying.BLANK
    (marks,) = {tuple(steps.tolist()) for steps in (shown == copying.MARK).T}
    assert [step for step, mark in enumerate(marks) if mark] == [length + 9]
    assert (targets[:-10] == copying.BLANK).all() and (shown[10:] >= copying.BLANK).all()


# Learning


@pytest.mark.parametrize(
    ("share", "spread", "verdict"),
    [(0.1, 0.0, SOLVED), (0.101, 0.0, BETTER), (0.999, 0.1, CHANCE), (1.2, 0.0, CHANCE)],
)
def test_a_task_is_solved_at_a_tenth_of_the_base_line_and_beaten_beyond_chance(
    share, spread, verdict
):
    errors = 0.5 * (share + spread * np.array([-1, 1] * 50))
    found = learning.judged(errors, 0.5)
    assert (found["verdict"], found["solved"]) == (verdict, verdict == SOLVED)
    assert found["low"] <= found["value"] <= found["high"]


def test_the_figure_draws_the_line_at_which_a_task_is_solved():
    assert load("figures", "tasks").SOLVED == learning.LEFT


def test_a_network_that_has_diverged_solves_nothing():
    assert learning.judged(np.full(10, np.nan), 0.5)["verdict"] == CHANCE


def test_a_task_that_is_solved_ends_before_its_steps_are_spent_and_comes_again_with_its_seed():
    first, again = learning.learn(CONFIG), learning.learn(CONFIG)
    assert first["solved"] and first["steps"] < CONFIG.max_steps
    assert first["steps"] % learning.LOOK_EVERY == 0
    timed = {"train_seconds": 0.0}
    assert first | timed == again | timed


@every_kind
@pytest.mark.parametrize("variant", ["rnn", "mingru", "lstm_bidirectional", "gru_embedding"])
def test_every_variant_learns_every_task_for_as_many_steps_as_it_is_given(kind, variant):
    found = learning.learn(replace(CONFIG, task=kind, variant=variant, max_steps=2))
    assert found["steps"] == 2 and math.isfinite(found["value"])
    assert found["baseline"] == load("tasks", kind).baseline(CONFIG.length)
