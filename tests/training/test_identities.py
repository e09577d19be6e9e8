"""Identities that the tutorial states or leans on, held against the suite's own functions."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import cross_entropy, one_hot

from rnnbench.base import presets
from rnnbench.base.plugins import load, names
from rnnbench.text import metrics
from rnnbench.text.closed import ClosedText
from rnnbench.text.ngrams.smoothings import laplace
from rnnbench.training import update
from rnnbench.training.cells import gru, indrnn, lstm, mingru, minlstm, rnn, rnn_relu, transformer
from rnnbench.training.model import build

SIZE, HIDDEN, BATCH, STEPS = 7, 5, 3, 6
seeds = st.integers(0, 2**31)


def drawn(seed, *shape):
    """Standard normal numbers, float64."""
    generator = np.random.Generator(np.random.PCG64(seed))
    return torch.from_numpy(generator.standard_normal(shape))


def layer_of(module, seed, input_size=SIZE, hidden_size=HIDDEN):
    """A scratch layer in float64 with weights far from small."""
    layer = module.Layer(input_size, hidden_size).double()
    with torch.no_grad():
        for i, parameter in enumerate(layer.parameters()):
            parameter.copy_(drawn([seed, i], *parameter.shape))
    return layer


def model_of(variant, seed=1):
    generator = np.random.Generator(np.random.PCG64(seed))
    return build(variant, SIZE, HIDDEN, generator, torch.float64)


def gate_shut_at(layer, gate, value):
    """Fix a gate at sigmoid(value), whatever is read."""
    with torch.no_grad():
        getattr(layer, f"W_x{gate}").zero_()
        getattr(layer, f"W_h{gate}").zero_()
        getattr(layer, f"b_{gate}").fill_(value)


OPEN, SHUT = 1e3, -1e3  # sigmoid is exactly 1 and 0 there


# d2l 8.4.2


@given(seed=seeds)
def test_the_sum_of_two_products_is_one_product_of_what_is_put_side_by_side(seed):
    """X W_xh + H W_hh = [X H] [W_xh; W_hh], which is what a recurrent layer computes of both."""
    layer = layer_of(rnn, seed)
    X, H = drawn([seed, 8], BATCH, SIZE), drawn([seed, 9], BATCH, HIDDEN)
    joint = torch.cat([X, H], 1) @ torch.cat([layer.W_xh, layer.W_hh], 0)
    torch.testing.assert_close(X @ layer.W_xh + H @ layer.W_hh, joint)
    torch.testing.assert_close(layer(X[None], H)[1], torch.tanh(joint + layer.b_h))


@given(tokens=st.lists(st.integers(0, SIZE - 1), min_size=1, max_size=12), seed=seeds)
def test_a_one_hot_vector_times_a_matrix_is_a_row_of_it(tokens, seed):
    W, tokens = drawn(seed, SIZE, HIDDEN), torch.tensor(tokens)
    assert torch.equal(one_hot(tokens, SIZE).double() @ W, W[tokens])


@given(tokens=st.lists(st.integers(0, SIZE - 1), min_size=1, max_size=12), seed=seeds)
def test_the_gradient_of_rows_taken_is_added_up_where_they_were_taken(tokens, seed):
    W, tokens = drawn(seed, SIZE, HIDDEN).requires_grad_(), torch.tensor(tokens)
    above = drawn([seed, 1], len(tokens), HIDDEN)
    (found,) = torch.autograd.grad(one_hot(tokens, SIZE).double() @ W, W, above)
    expected = torch.zeros(SIZE, HIDDEN, dtype=torch.float64).index_add(0, tokens, above)
    torch.testing.assert_close(found, expected)


def test_a_model_reads_a_token_as_a_row_of_its_input_weights():
    model = model_of("rnn_scratch")
    hidden = torch.tanh(model.layer.W_xh[3] + model.layer.b_h)
    logits, _ = model(torch.tensor([[3]]))
    torch.testing.assert_close(logits[0, 0], model.output(hidden))


# d2l 8.3.1, 8.4.4


@given(vocab_size=st.integers(2, 40), seed=st.integers(0, 99))
@settings(max_examples=20)
def test_the_perplexity_of_the_uniform_guess_is_the_size_of_the_vocabulary(vocab_size, seed):
    generator = np.random.Generator(np.random.PCG64(seed))
    model = build("gru", vocab_size, 4, generator)
    with torch.no_grad():
        model.output.weight.zero_()
        model.output.bias.fill_(3.7)
    tokens = torch.from_numpy(generator.integers(vocab_size, size=60))
    found = metrics.perplexity(*update.evaluate(model, tokens, batch_size=2, num_steps=7))
    assert found == pytest.approx(vocab_size, rel=1e-5)


@given(chances=st.lists(st.floats(1e-6, 1), min_size=1, max_size=30))
def test_the_perplexity_is_the_geometric_mean_of_inverse_probabilities(chances):
    total_nats = -np.log(chances).sum()
    expected = np.prod(1 / np.array(chances) ** (1 / len(chances)))
    np.testing.assert_allclose(metrics.perplexity(total_nats, len(chances)), expected, rtol=1e-9)


def test_a_sure_and_right_model_has_perplexity_1_and_a_sure_and_wrong_one_an_infinite_one():
    assert metrics.perplexity(0.0, 10) == 1
    assert metrics.perplexity(-math.log(5e-324) * 1e3, 10) == np.inf


@given(nats=st.lists(st.floats(0, 20), min_size=2, max_size=9))
def test_the_perplexity_of_a_whole_is_no_less_than_the_least_of_its_parts_and_no_more_than_the_most(
    nats,
):
    parts = metrics.perplexity(np.array(nats), 1.0)
    whole = float(metrics.perplexity(sum(nats), len(nats)))
    assert parts.min() <= whole * (1 + 1e-9) and whole <= parts.max() * (1 + 1e-9)


@given(seed=seeds)
@settings(max_examples=20)
def test_cross_entropy_is_the_mean_of_minus_log_softmax_of_the_right_tokens(seed):
    logits = drawn(seed, 9, SIZE)
    right = torch.from_numpy(np.random.Generator(np.random.PCG64(seed)).integers(SIZE, size=9))
    chances = logits.exp() / logits.exp().sum(1, keepdim=True)
    expected = -chances[torch.arange(9), right].log().mean()
    torch.testing.assert_close(cross_entropy(logits, right), expected)


@pytest.mark.parametrize("variant", ["rnn_scratch", "gru", "lstm_deep"])
@torch.no_grad()
def test_the_probabilities_of_all_texts_of_a_length_sum_to_1_by_the_chain_rule(variant):
    """P(x1, ..., xT) is the product of P(xt | x1, ..., xt-1), after a first token that is given."""
    model = model_of(variant)
    texts = torch.tensor(list(itertools.product(range(SIZE), repeat=3))).T  # (T, SIZE ** 3)
    given_first = torch.cat([torch.zeros_like(texts[:1]), texts])
    logits, _ = model(given_first[:-1])
    chances = logits.log_softmax(-1).gather(-1, texts[..., None])[..., 0].sum(0).exp()
    assert float(chances.sum()) == pytest.approx(1)


def closed(ids, share=0.1):
    return ClosedText(np.array(ids), ["a", "b", "c"], share, math.inf, 0)


@pytest.mark.parametrize("smoothing", names("smoothings"))
@given(ids=st.lists(st.integers(0, 2), min_size=30, max_size=60).filter(lambda x: len(set(x)) > 2))
@settings(max_examples=15)
def test_the_probabilities_of_all_texts_sum_to_1_for_ngrams_too(smoothing, ids):
    """A Markov model of order n - 1: each token after its n - 1 predecessors."""
    module, text, order = load("smoothings", smoothing), closed(ids), 3
    expected = {key: [0.5, 0.5, 0.5] for key in module.SETTINGS}
    model = module.models(text, [1, order], **expected)[order]
    size = len(text.vocab)
    total = 0.0
    for ending in itertools.product(range(size), repeat=2):
        tokens = np.array([1, 2, *ending])
        grams = np.lib.stride_tricks.sliding_window_view(tokens, order)
        total += float(np.prod(model.probability(grams)))
    assert total == pytest.approx(1)


@given(ids=st.lists(st.integers(0, 2), min_size=30, max_size=60).filter(lambda x: len(set(x)) > 2))
@settings(max_examples=25)
def test_laplace_smoothing_is_frequency_at_epsilon_0_and_uniform_at_infinity(ids):
    text = closed(ids)
    grams = np.arange(len(text.vocab))[:, None]
    counts = np.bincount(text.ids[text.train], minlength=len(text.vocab))
    for epsilon, expected in ((1e-12, counts / counts.sum()), (1e15, 1 / len(text.vocab))):
        model = laplace.models(text, [1], [epsilon])[1]
        np.testing.assert_allclose(model.probability(grams), expected, atol=1e-9)


# d2l 9.1, 9.2


@given(seed=seeds)
def test_a_gru_whose_update_gate_is_1_keeps_its_state(seed):
    layer = layer_of(gru, seed)
    gate_shut_at(layer, "z", OPEN)
    state = drawn([seed, 9], BATCH, HIDDEN)
    outputs, last = layer(drawn([seed, 8], STEPS, BATCH, SIZE), state)
    assert torch.equal(last, state) and torch.equal(outputs, state.expand_as(outputs))


@given(seed=seeds)
def test_a_gru_whose_reset_gate_is_1_and_whose_update_gate_is_0_is_an_rnn(seed):
    layer, plain = layer_of(gru, seed), layer_of(rnn, seed)
    gate_shut_at(layer, "r", OPEN)
    gate_shut_at(layer, "z", SHUT)
    with torch.no_grad():
        for name in ("W_xh", "W_hh", "b_h"):
            getattr(plain, name).copy_(getattr(layer, f"{name[:3]}n" if "W" in name else "b_n"))
    X, state = drawn([seed, 8], STEPS, BATCH, SIZE), drawn([seed, 9], BATCH, HIDDEN)
    torch.testing.assert_close(layer(X, state), plain(X, state))


@given(seed=seeds)
def test_a_gru_whose_reset_and_update_gates_are_0_sees_its_input_alone(seed):
    layer = layer_of(gru, seed)
    gate_shut_at(layer, "r", SHUT)
    gate_shut_at(layer, "z", SHUT)
    X = drawn([seed, 8], STEPS, BATCH, SIZE)
    outputs, _ = layer(X, drawn([seed, 9], BATCH, HIDDEN))
    torch.testing.assert_close(outputs, torch.tanh(X @ layer.W_xn + layer.b_n))


@given(seed=seeds)
def test_an_lstm_whose_forget_gate_is_1_and_whose_input_gate_is_0_keeps_its_cell(seed):
    layer = layer_of(lstm, seed)
    gate_shut_at(layer, "f", OPEN)
    gate_shut_at(layer, "i", SHUT)
    state = drawn([seed, 9], BATCH, HIDDEN), drawn([seed, 7], BATCH, HIDDEN)
    _, (_, cell) = layer(drawn([seed, 8], STEPS, BATCH, SIZE), state)
    assert torch.equal(cell, state[1])


@given(seed=seeds)
def test_an_lstm_whose_output_gate_is_0_says_nothing_and_may_still_remember(seed):
    layer = layer_of(lstm, seed)
    gate_shut_at(layer, "o", SHUT)
    outputs, (hidden, cell) = layer(drawn([seed, 8], STEPS, BATCH, SIZE), None)
    assert not outputs.any() and not hidden.any() and cell.any()


@given(seed=seeds)
def test_hidden_states_of_an_lstm_and_a_gru_from_zeros_stay_between_minus_1_and_1(seed):
    X = drawn([seed, 8], STEPS, BATCH, SIZE)
    for module in (gru, lstm):
        outputs, _ = layer_of(module, seed)(X, None)
        assert outputs.abs().max() <= 1


# d2l 9.3, 9.4


CELLS = {"rnn_deep": nn.RNN, "gru_deep": nn.GRU, "lstm_deep": nn.LSTM}


@pytest.mark.parametrize("variant", CELLS)
@torch.no_grad()
def test_a_deep_network_is_layers_that_read_each_others_states(variant):
    deep = model_of(variant).layer
    X, weights = drawn(1, STEPS, BATCH, SIZE), dict(deep.named_parameters())
    found = X
    for depth in range(deep.num_layers):
        single = CELLS[variant](found.shape[-1], HIDDEN).double()
        for name, parameter in single.named_parameters():
            parameter.copy_(weights[name.replace("l0", f"l{depth}")])
        found, _ = single(found)
    torch.testing.assert_close(found, deep(X)[0])


@torch.no_grad()
def test_a_bidirectional_layer_is_two_layers_one_of_which_reads_backwards():
    both = model_of("lstm_bidirectional").layer
    X, weights = drawn(1, STEPS, BATCH, SIZE), dict(both.named_parameters())
    found = X
    for depth in range(both.num_layers):
        sides = []
        for end, turned in (("", lambda x: x), ("_reverse", lambda x: x.flip(0))):
            single = nn.LSTM(found.shape[-1], HIDDEN).double()
            for name, parameter in single.named_parameters():
                parameter.copy_(weights[name.replace("l0", f"l{depth}") + end])
            sides.append(turned(single(turned(found))[0]))
        found = torch.cat(sides, -1)
    torch.testing.assert_close(found, both(X)[0])


@pytest.mark.parametrize("variant", list(presets.table()))
@torch.no_grad()
def test_what_a_model_expects_next_depends_on_later_tokens_if_and_only_if_it_is_leaky(variant):
    model = model_of(variant)
    X = torch.tensor([[1], [2], [3], [4]])
    later = X.clone()
    later[-1] = 5
    same = torch.equal(model(X)[0][:-1], model(later)[0][:-1])
    assert same != model.leaky


@given(seed=seeds, norm=st.floats(1e-3, 1e3), threshold=st.floats(1e-3, 1e3))
def test_clipped_gradients_keep_their_direction_and_have_the_smaller_of_both_norms(
    seed, norm, threshold
):
    layer = nn.Linear(3, 2).double()
    gradients = drawn(seed, 8)
    gradients *= norm / gradients.norm()
    layer.weight.grad, layer.bias.grad = gradients[:6].view(2, 3).clone(), gradients[6:].clone()
    assert float(update.clip_gradients(layer, threshold)) == pytest.approx(norm)
    clipped = torch.cat([layer.weight.grad.flatten(), layer.bias.grad])
    torch.testing.assert_close(clipped, gradients * min(1.0, threshold / norm))


# Minimal cells (Feng et al., 2024)


@given(seed=seeds)
def test_a_minimal_gru_is_the_sum_of_its_candidates_each_faded_by_what_came_later(seed):
    layer, X = layer_of(mingru, seed), drawn([seed, 8], STEPS, BATCH, SIZE)
    Z, N = torch.sigmoid(X @ layer.W_xz + layer.b_z), X @ layer.W_xh + layer.b_h
    first = drawn([seed, 9], BATCH, HIDDEN)
    outputs, state = layer(X, first)
    expected = (1 - Z).prod(0) * first + sum(
        (1 - Z[step + 1 :]).prod(0) * Z[step] * N[step] for step in range(STEPS)
    )
    torch.testing.assert_close(outputs[-1], expected)
    assert torch.equal(outputs[-1], state)


@given(seed=seeds)
def test_a_minimal_lstm_keeps_a_share_and_takes_the_rest_of_its_candidate(seed):
    layer, X = layer_of(minlstm, seed), drawn([seed, 8], STEPS, BATCH, SIZE)
    F, A, N = (X @ getattr(layer, f"W_x{gate}") + getattr(layer, f"b_{gate}") for gate in "fih")
    F, A = torch.sigmoid(F), torch.sigmoid(A)
    H = torch.zeros(BATCH, HIDDEN).double()
    outputs, _ = layer(X, None)
    for step in range(STEPS):
        H = H + A[step] / (F[step] + A[step]) * (N[step] - H)
        torch.testing.assert_close(outputs[step], H)


@torch.no_grad()
def test_a_stack_of_loops_is_layers_that_read_each_others_states():
    stack, X = model_of("mingru_deep").layer, drawn(1, STEPS, BATCH, SIZE)
    below, first = stack.layers[0](X, None)
    above, second = stack.layers[1](below, None)
    outputs, state = stack(X, None)
    assert torch.equal(outputs, above)
    assert all(map(torch.equal, state, (first, second)))


# Cells that are others in disguise


@given(seed=seeds)
def test_an_independent_network_is_a_rectified_one_whose_units_read_themselves_alone(seed):
    layer, X = layer_of(indrnn, seed), drawn([seed, 8], STEPS, BATCH, SIZE)
    full = layer_of(rnn_relu, seed)
    with torch.no_grad():
        full.W_xh.copy_(layer.W_xh)
        full.W_hh.copy_(layer.W_hh.diag())
        full.b_h.copy_(layer.b_h)
    first = drawn([seed, 9], BATCH, HIDDEN)
    for own, other in zip(layer(X, first), full(X, first), strict=True):
        torch.testing.assert_close(own, other)


@pytest.mark.parametrize(("hidden_size", "num_heads"), [(64, 2), (5, 1), (100, 2), (200, 5)])
@torch.no_grad()
def test_a_block_of_a_transformer_is_the_encoder_layer_of_torch_that_sees_no_future(
    hidden_size, num_heads
):
    block, X = transformer.Block(hidden_size), drawn(1, STEPS, BATCH, hidden_size).float()
    form = {"activation": "gelu", "norm_first": True, "bias": False, "dropout": 0.0}
    twin = nn.TransformerEncoderLayer(hidden_size, num_heads, 4 * hidden_size, **form)
    attention = twin.self_attn
    weights = attention.in_proj_weight, attention.out_proj.weight
    weights += twin.linear1.weight, twin.linear2.weight
    for parameter, weight in zip(block.parameters(), weights, strict=True):
        weight.copy_(parameter)
    future = nn.Transformer.generate_square_subsequent_mask(STEPS)
    assert block.num_heads == num_heads
    torch.testing.assert_close(block(X), twin(X, future))
