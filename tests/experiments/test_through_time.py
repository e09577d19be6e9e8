"""Laws of the way back through time: what a factor on it does, and what chance does not."""

import itertools
import math
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy

from rnnbench.base.parameters import RunConfig
from rnnbench.experiments import gradient_distance, through_time, truncation
from rnnbench.experiments.truncation import Truncation
from rnnbench.training import loop, update
from rnnbench.training.model import build, detach
from rnnbench.training.progress import split, start

VOCAB_SIZE, BATCH_SIZE, HIDDEN_SIZE = 5, 2, 4
TOKENS = torch.from_numpy(np.arange(600) ** 2 % 7 % VOCAB_SIZE)
LAYERS = ("rnn", "rnn_relu", "gru", "lstm", "rnn_scratch", "lstm_deep")
SEEDS = st.integers(0, 10**6)
every_layer = pytest.mark.parametrize("variant", LAYERS)
XI = st.sampled_from([0.0, 1.0, 1.0, 2.5])


def generator(seed: int = 1) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def model_of(variant: str):
    return build(variant, VOCAB_SIZE, HIDDEN_SIZE, generator(), torch.float64)


def minibatch(steps: int, seed: int = 0):
    drawn = generator(seed).integers(VOCAB_SIZE, size=(steps + 1, BATCH_SIZE))
    return torch.from_numpy(drawn[:-1]), torch.from_numpy(drawn[1:])


def gradient(model, X, Y, xi) -> torch.Tensor:
    """Of the layer's weights, ``(P,)``, by the factors on the way back."""
    logits, _ = through_time.forward(model, X, None, torch.as_tensor(xi))
    loss = cross_entropy(logits.flatten(0, 1), Y.flatten())
    gradients = torch.autograd.grad(loss, list(model.layer.parameters()))
    return torch.cat([part.flatten() for part in gradients])


def close(one, other) -> None:
    torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-13)


@every_layer
def test_with_factors_of_one_the_gradient_is_the_full_one(variant):
    model, (X, Y) = model_of(variant), minibatch(7)
    update.forward_backward(model, X, Y, None)
    full = torch.cat([parameter.grad.flatten() for parameter in model.layer.parameters()])
    close(gradient(model, X, Y, torch.ones(7)), full)


@every_layer
def test_factors_change_nothing_forwards(variant):
    model, (X, _) = model_of(variant), minibatch(6)
    logits, state = through_time.forward(model, X, None, torch.tensor([1, 0, 3.5, 1, 0.2, 0]))
    expected, wanted_state = model(X)
    torch.testing.assert_close(logits, expected)
    torch.testing.assert_close(state, wanted_state)


@every_layer
def test_factors_of_zero_cut_as_a_detached_state_does(variant):
    model, (X, Y) = model_of(variant), minibatch(6)
    first, state = model(X[:4])
    second, _ = model(X[4:], detach(state))
    loss = cross_entropy(torch.cat([first, second]).flatten(0, 1), Y.flatten())
    parts = torch.autograd.grad(loss, list(model.layer.parameters()))
    expected = torch.cat([part.flatten() for part in parts])
    close(gradient(model, X, Y, torch.tensor([1.0, 1, 1, 1, 0, 1])), expected)


@settings(max_examples=15)
@given(variant=st.sampled_from(LAYERS), xi=st.lists(XI, min_size=1, max_size=7), seed=SEEDS)
def test_the_gradient_is_the_sum_of_contributions_weighed_by_the_products_of_factors(
    variant, xi, seed
):
    model, (X, Y) = model_of(variant), minibatch(len(xi), seed)
    parts = through_time.contributions(model, X, Y)
    factors = torch.tensor(xi, dtype=torch.float64)
    weighed = torch.einsum("ti,tip->p", through_time.weights_of(factors), parts)
    close(weighed, gradient(model, X, Y, factors))


@settings(max_examples=25)
@given(xi=st.lists(st.floats(-3, 3), min_size=1, max_size=8))
def test_weights_are_the_products_of_the_factors_between(xi):
    weights = through_time.weights_of(torch.tensor(xi, dtype=torch.float64))
    for t, i in itertools.product(range(len(xi)), repeat=2):
        expected = math.prod(xi[i + 1 : t + 1]) if i <= t else 0.0
        assert float(weights[t, i]) == pytest.approx(expected, rel=1e-12)


@every_layer
@pytest.mark.parametrize("pi", [0.3, 0.8])
def test_over_all_patterns_the_randomized_gradient_is_the_full_one_and_its_variance_as_said(
    variant, pi
):
    model, (X, Y) = model_of(variant), minibatch(6)
    parts = through_time.contributions(model, X, Y)
    patterns = torch.tensor(list(itertools.product([0.0, 1.0], repeat=6)), dtype=torch.float64)
    chance = (pi * patterns + (1 - pi) * (1 - patterns)).prod(1)
    assert float(chance.sum()) == pytest.approx(1)
    found = torch.stack([gradient(model, X, Y, xi) for xi in patterns / pi])
    full = parts.sum((0, 1))
    torch.testing.assert_close(chance @ found, full, rtol=1e-10, atol=1e-10)
    variance = float(chance @ (found - full).square().sum(1))
    assert truncation.variance(parts, pi) == pytest.approx(variance, rel=1e-9)


def test_the_mean_of_drawn_gradients_is_as_near_the_full_one_as_chance_puts_it():
    model, (X, Y) = model_of("rnn"), minibatch(12)
    parts = through_time.contributions(model, X, Y)
    found = truncation.moments(Truncation("randomized", 4, 0.6), parts, 4000, generator())
    assert 0.1 < found["mean_error"] < 2


def test_a_factor_whose_mean_is_not_one_is_found_out():
    parts = through_time.contributions(model_of("rnn"), *minibatch(12))
    weights = through_time.weights_of(
        Truncation("randomized", 4, 0.6).patterns(12, 4000, generator()) * 0.9
    )
    found, full = weights.flatten(1) @ parts.flatten(0, 1), parts.sum((0, 1))
    off = float((found.mean(0) - full).norm()) / math.sqrt(truncation.variance(parts, 0.6) / 4000)
    assert off > 2


@given(tau=st.integers(1, 12), steps=st.integers(1, 12))
def test_regular_cuts_come_in_every_phase_once_and_are_tau_steps_apart(tau, steps):
    patterns = Truncation("regular", tau).patterns(steps, 1, generator())
    assert len(patterns) == tau
    assert ((patterns == 0).sum(0) == 1).all()
    for pattern in patterns:
        (cuts,) = (pattern == 0).nonzero(as_tuple=True)
        assert (cuts.diff() == tau).all()


def test_full_and_regular_gradients_have_the_moments_that_can_be_seen():
    parts = through_time.contributions(model_of("rnn"), *minibatch(6))
    full = truncation.moments(Truncation("full"), parts, 1, generator())
    assert full["rmse"] < 1e-12 and full["cosine"] == pytest.approx(1)
    assert (full["reach"], full["longest"], full["patterns"]) == (3.5, 6, 1)
    every = truncation.moments(Truncation("regular", 1), parts, 1, generator())
    assert (every["reach"], every["longest"], every["std"]) == (1, 1, 0)
    alone = torch.diagonal(parts).sum(-1)
    whole = parts.sum((0, 1))
    assert every["bias"] == pytest.approx(float((alone - whole).norm() / whole.norm()))


@settings(max_examples=20)
@given(tau=st.integers(2, 20), steps=st.integers(2, 20))
def test_regular_and_random_cuts_of_one_tau_reach_back_equally_far(tau, steps):
    full, regular, randomized = truncation.ways([tau], steps)
    counted = np.arange(steps)
    reach = [truncation.mean_reach(way.uncut(counted)) for way in (regular, randomized)]
    assert reach[0] == pytest.approx(reach[1])
    assert reach[0] < truncation.mean_reach(full.uncut(counted)) == (steps + 1) / 2


@pytest.mark.parametrize("way", truncation.ways([1, 3, 8], 12), ids=str)
def test_the_mean_reach_is_what_the_patterns_show(way):
    weights = through_time.weights_of(way.patterns(12, 20000, generator()))
    seen = float((weights != 0).sum(-1).double().mean())
    assert seen == pytest.approx(truncation.mean_reach(way.uncut(np.arange(12))), rel=0.02)


def run(**changes) -> RunConfig:
    sizes = {"batch_size": 3, "num_steps": 8, "hidden_size": 4, "num_epochs": 2}
    rest = {"machine": "m", "trial": "t", "corpus": "c", "token": "char", "variant": "rnn"}
    rest |= {"sampler": "sequential_partition", "clip_norm": 1.0, "device": "cpu", "seed": 1}
    rest |= {"learning_rate": 1.0, "train_tokens": 400.0, "heldout_share": 0.2, "engine": "own"}
    rest |= {"validation_share": 0.1}
    return RunConfig(**{**rest, **sizes, "evaluate_every": 1, "patience": math.inf, **changes})


@every_layer
def test_training_with_the_full_way_back_is_the_training_of_every_run(variant):
    settings = run(variant=variant)
    texts = split(TOKENS.numpy(), settings)
    model, totals = truncation.trained(settings, texts, VOCAB_SIZE, Truncation("full"))
    progress = start(settings, VOCAB_SIZE)
    taken = partial(loop.steps, settings, texts.train, progress)
    for _ in loop.epochs(settings, texts.validation, progress, taken):
        pass
    assert totals["total_nats"] == pytest.approx(progress.curve[-1]["total_nats"], rel=1e-6)
    for one, other in zip(model.parameters(), progress.model.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_the_study_has_a_row_for_every_way_seed_stage_and_distance():
    runs = [run(seed=seed) for seed in (1, 2)]
    text = TOKENS.numpy()
    found = truncation.study(runs, text, VOCAB_SIZE, truncation.Settings([1, 3], 20, 2))
    ways = [("full", math.inf), ("regular", 1), ("regular", 3), ("randomized", 3)]
    assert [(row["method"], row["tau"]) for row in found["training"]] == 2 * ways
    assert len(found["gradients"]) == 2 * 2 * 2 * len(ways)
    assert len(found["reach"]) == 2 * 2 * 2 * 8
    again = truncation.study(runs, text, VOCAB_SIZE, truncation.Settings([1, 3], 20, 2))
    assert repr(again) == repr(found)


def test_every_run_reads_its_own_part_of_the_text_and_is_named_in_full():
    runs = [run(train_tokens=n, hidden_size=h) for n, h in ((100.0, 4), (400.0, 3))]
    settings = truncation.Settings([2], 4, 1)
    together = truncation.study(runs, TOKENS.numpy(), VOCAB_SIZE, settings)
    alone = [truncation.study([one], TOKENS.numpy(), VOCAB_SIZE, settings) for one in runs]
    for table, rows in together.items():
        assert repr(rows) == repr([row for study in alone for row in study[table]])
        assert {RunConfig.from_strings(row) for row in rows} == set(runs)
    assert len({row["num_tokens"] for row in together["training"]}) == 2


def test_a_single_step_has_no_way_back_to_cut_and_a_gradient_of_zero_no_shares():
    assert [way.method for way in truncation.ways([1, 4], 1)] == ["full", "regular", "regular"]
    one = run(num_steps=1, batch_size=3)
    found = truncation.study([one], TOKENS.numpy(), VOCAB_SIZE, truncation.Settings([4], 5, 1))
    assert {row["rmse"] for row in found["gradients"]} == {0.0}
    assert {round(row["cosine"], 9) for row in found["gradients"]} == {1.0}
    for way in truncation.ways([2], 4):
        nothing = truncation.moments(way, torch.zeros(4, 4, 3, dtype=torch.float64), 5, generator())
        assert math.isnan(nothing["rmse"]) and math.isnan(nothing["cosine"])


# A linear network, and the powers of its weights


@settings(max_examples=20)
@given(h=st.integers(1, 6), d=st.integers(1, 4), q=st.integers(2, 4), T=st.integers(1, 9), s=SEEDS)
def test_the_closed_form_of_a_linear_network_is_what_automatic_differentiation_finds(h, d, q, T, s):
    drawn = (generator(s).standard_normal(shape) for shape in ((h, d), (h, h), (q, h), (T, d)))
    labels = torch.from_numpy(generator(s).integers(q, size=T))
    assert gradient_distance.deviation_of(*map(torch.from_numpy, drawn), labels) < 1e-10


@given(radius=st.floats(0.1, 2), seed=SEEDS)
def test_the_recurrence_has_the_spectral_radius_that_was_asked_for(radius, seed):
    drawn = gradient_distance.recurrence(6, radius, generator(seed))
    assert float(torch.linalg.eigvals(drawn).abs().max()) == pytest.approx(radius)


@pytest.mark.parametrize("radius", [0.9, 1.0, 1.1])
def test_of_an_orthogonal_linear_network_the_norm_is_a_power_of_the_radius(radius):
    turn = np.linalg.qr(generator().standard_normal((6, 6)))[0]
    inputs, direction = torch.ones(31, 6, dtype=torch.float64), torch.eye(6).double()[0]
    norms = gradient_distance.norms(torch.from_numpy(radius * turn), inputs, direction, lambda a: a)
    torch.testing.assert_close(norms, radius ** torch.arange(31.0).double())


def test_a_tanh_network_hands_back_no_more_than_its_weights_alone():
    W_hh = gradient_distance.recurrence(6, 1.1, generator())
    inputs = torch.from_numpy(generator(2).standard_normal((31, 6)))
    direction = torch.eye(6).double()[0]
    norms = gradient_distance.norms(W_hh, inputs, direction, torch.tanh)
    assert norms[0] == 1
    assert (norms <= torch.linalg.matrix_norm(W_hh, 2) ** torch.arange(31.0) + 1e-12).all()


def test_distances_have_a_row_per_cell_radius_and_seed():
    rows = gradient_distance.rows(TOKENS.numpy(), VOCAB_SIZE, [0.9, 1.1], 6, 20, 10, [1, 2])
    keys = {(row["cell"], row["spectral_radius"], row["seed"], row["distance"]) for row in rows}
    assert len(keys) == len(rows) == 2 * 2 * 2 * 3
    assert all(row["grad_norm"] == pytest.approx(1) for row in rows if row["distance"] == 0)
