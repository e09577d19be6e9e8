"""Laws of the carried state: what a graph that is not cut learns, and what it costs."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from rnnbench.base.parameters import RunConfig
from rnnbench.base.plugins import load
from rnnbench.experiments import detaching
from rnnbench.experiments.detaching import ARMS, LIMIT_REACHED, Text
from rnnbench.training import loop, update
from rnnbench.training.model import build, detach
from rnnbench.training.progress import start

RUN = RunConfig(
    **{"machine": "box", "trial": "detaching", "corpus": "text", "token": "char"},
    **{"variant": "rnn", "sampler": "sequential_partition"},
    **{"clip_norm": np.inf, "device": "cpu", "seed": 1, "batch_size": 2, "num_steps": 5},
    **{"hidden_size": 4, "learning_rate": 0.0, "num_epochs": 2, "train_tokens": 100},
    **{"validation_share": 0.1, "heldout_share": 0.2, "evaluate_every": 1},
    **{"patience": math.inf, "engine": "own"},
)
TOKENS = np.random.Generator(np.random.PCG64(1)).integers(0, 6, size=300)
every_variant = pytest.mark.parametrize("variant", ["rnn", "lstm", "gru_scratch"])


def model_of(variant):
    generator = np.random.Generator(np.random.PCG64(1))
    return build(variant, 6, 4, generator, torch.float64)


def two_minibatches():
    generator = np.random.Generator(np.random.PCG64(1))
    sampler, text = load("samplers", RUN.sampler), torch.tensor(TOKENS)
    return list(sampler.minibatches(text, RUN.batch_size, RUN.num_steps, generator))[:2]


def trained_on(step, model, minibatches, run=RUN):
    """Train as the loop does: the state is cut off between two minibatches."""
    state = None
    for X, Y in minibatches:
        state = detach(state)
        _, _, state = step(model, X, Y, state, run.clip_norm, run.learning_rate)


def gradients(model):
    return [parameter.grad.clone() for parameter in model.parameters()]


@every_variant
def test_undetached_the_gradient_is_that_of_the_whole_epoch_so_far(variant):
    """With weights that stand still: of the second loss, through the steps of both minibatches."""
    model, ((X, Y), (more_X, more_Y)) = model_of(variant), two_minibatches()
    trained_on(detaching.Attached(), model, [(X, Y), (more_X, more_Y)])
    found = gradients(model)
    model.zero_grad()
    logits, _ = model(torch.cat([X, more_X]))
    cross_entropy(logits[len(X) :].flatten(0, 1), more_Y.flatten()).backward()
    for ours, expected in zip(found, gradients(model), strict=True):
        torch.testing.assert_close(ours, expected)


@every_variant
def test_an_epoch_starts_afresh_undetached_too(variant):
    model, other, (first, second) = model_of(variant), model_of(variant), two_minibatches()
    step = detaching.Attached()
    trained_on(step, model, [first, second])
    trained_on(step, model, [second])
    trained_on(update.step, other, [second])
    for ours, expected in zip(gradients(model), gradients(other), strict=True):
        torch.testing.assert_close(ours, expected)


@every_variant
def test_detached_the_gradient_ends_at_the_start_of_the_minibatch(variant):
    found = {}
    for arm, step in ARMS.items():
        model = model_of(variant)
        trained_on(step(), model, two_minibatches())
        found[arm] = gradients(model)
    same = (torch.allclose(*pair) for pair in zip(*found.values(), strict=True))
    assert not all(same)


@every_variant
def test_the_first_minibatch_is_trained_on_alike(variant):
    run = dataclasses.replace(RUN, learning_rate=0.5, clip_norm=0.01)
    weights = {}
    for arm, step in ARMS.items():
        model = model_of(variant)
        trained_on(step(), model, two_minibatches()[:1], run)
        weights[arm] = torch.nn.utils.parameters_to_vector(model.parameters())
    torch.testing.assert_close(*weights.values())


def test_torch_refuses_a_graph_that_is_freed_and_weights_that_have_changed():
    """What the book's loop meets without detaching, and then with the graph kept."""
    model, ((X, Y), (more_X, more_Y)) = model_of("rnn"), two_minibatches()
    _, _, state = update.step(model, X, Y, None, 1.0, 0.1)
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        update.step(model, more_X, more_Y, state, 1.0, 0.1)
    logits, state = model(X)
    cross_entropy(logits.flatten(0, 1), Y.flatten()).backward(retain_graph=True)
    update.descend(model, 0.1)
    logits, _ = model(more_X, state)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        cross_entropy(logits.flatten(0, 1), more_Y.flatten()).backward()


def costs(arm, memory_limit=1e12):
    task = detaching.Task("cost", RUN.as_row(), arm, 6, memory_limit)
    return detaching.done(task, TOKENS)


@pytest.mark.parametrize("arm", ARMS)
def test_there_is_one_cost_per_minibatch(arm):
    rows = costs(arm)
    assert [row["minibatch"] for row in rows] == list(range(1, len(rows) + 1))
    progress = start(RUN, 6)
    next(loop.steps(RUN, torch.tensor(TOKENS), progress))  # warm-up
    assert len(rows) == sum(1 for _ in loop.steps(RUN, torch.tensor(TOKENS), progress))
    assert all(row["seconds"] > 0 and row["status"] == "measured" for row in rows)


def test_an_epoch_ends_at_the_memory_limit_and_says_so():
    assert [row["status"] for row in costs("attached", -1)] == [LIMIT_REACHED]


def test_costs_are_measured_of_every_setting_in_a_process_of_their_own():
    """Seeds cost the same, and one of them is measured; no setting is taken for another."""
    runs = [dataclasses.replace(RUN, seed=s, hidden_size=h) for h in (4, 5) for s in (1, 2)]
    rows = list(detaching.cost_rows(runs, Text(TOKENS, 6), 60, -1))
    found = [(row["hidden_size"], row["arm"]) for row in rows]
    assert found == [(size, arm) for size in (4, 5) for arm in ARMS]
    assert {row["status"] for row in rows} == {LIMIT_REACHED}
    assert all(row["peak_memory_bytes"] < 100e6 for row in rows)  # growth, not the libraries


def test_both_ways_are_trained_on_the_same_text_from_the_same_weights():
    run = dataclasses.replace(RUN, learning_rate=0.5)
    rows = list(detaching.training_rows([run], Text(TOKENS, 6), 1e12))
    assert [row["arm"] for row in rows] == list(ARMS)
    assert len({row["num_tokens"] for row in rows}) == 1
    assert {RunConfig.from_strings(row) for row in rows} == {run}
    assert rows[0]["total_nats"] != rows[1]["total_nats"]
    still = list(detaching.training_rows([RUN], Text(TOKENS, 6), 1e12))
    assert still[0]["total_nats"] == pytest.approx(still[1]["total_nats"])


def test_the_memory_limit_ends_a_run_whatever_ran_before_it():
    """The peak of a process never falls: in one for all, the second run would seem to need none."""
    tokens = np.random.Generator(np.random.PCG64(1)).integers(0, 6, size=20_000)
    sizes = {"batch_size": 32, "num_steps": 50, "hidden_size": 64, "train_tokens": 16_000.0}
    run = dataclasses.replace(RUN, **sizes)
    rows = list(detaching.training_rows([run, run], Text(tokens, 6), 5e6))
    attached = [row for row in rows if row["arm"] == "attached"]
    assert [(row["status"], row["epochs_done"]) for row in attached] == [(LIMIT_REACHED, 1)] * 2
