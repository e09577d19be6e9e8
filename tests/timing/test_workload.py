"""Laws of the work per token: what is counted by hand is what torch counts."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from rnnbench.base import presets
from rnnbench.timing import workload
from rnnbench.timing.workload import Architecture, Product
from rnnbench.training import model as models
from rnnbench.training import update

EAGER = ["rnn_scratch", "gru_scratch", "lstm_scratch", "rnn", "rnn_deep"]
RNN, GRU, LSTM = (Architecture(gates, 256, 1, 1, 28, 0) for gates in (1, 3, 4))
architectures = st.builds(
    Architecture,
    gates=st.sampled_from([1, 3, 4]),
    hidden_size=st.integers(1, 40),
    num_layers=st.integers(1, 3),
    directions=st.integers(1, 2),
    vocab_size=st.integers(1, 40),
    embedding_size=st.just(0),
)
sizes = st.integers(1, 20)


def build(variant: str, vocab_size: int = 11, hidden_size: int = 6):
    return models.build(variant, vocab_size, hidden_size, np.random.default_rng(0))


def by_hand(model: Architecture, batch_size: int, num_steps: int) -> int:
    return sum(p.calls * p.flops for p in workload.products(model, batch_size, num_steps))


@pytest.mark.parametrize("variant", EAGER)
@pytest.mark.parametrize(("batch_size", "num_steps"), [(3, 5), (1, 1), (7, 2)])
def test_products_count_as_torch_counts_them_but_for_the_one_hot_ones(
    variant, batch_size, num_steps
):
    model = build(variant)
    X = torch.zeros(num_steps, batch_size, dtype=torch.long)
    with FlopCounterMode(display=False) as counter:
        update.forward_backward(model, X, X, None)
    read = Architecture.of(model)
    one_hot = 2 * 2 * num_steps * batch_size * read.vocab_size * read.recurrent_columns
    assert counter.get_total_flops() - one_hot == by_hand(read, batch_size, num_steps)


@pytest.mark.parametrize(
    ("model", "megaflops"), [(RNN, 0.43), (GRU, 1.2), (LSTM, 1.6)], ids=["rnn", "gru", "lstm"]
)
def test_a_token_costs_what_is_known_of_it_at_256_units(model, megaflops):
    found = workload.per_token(model, 32, 35).product_flops / 1e6
    assert float(f"{found:.2g}") == megaflops


def test_the_smallest_network_is_counted_by_fingers():
    tiny = Architecture(1, 1, 1, 1, 1, 0)
    assert workload.products(tiny, 1, 2) == [
        Product("recurrence forward", 1, 1, 1, 2),
        Product("recurrence backward", 1, 1, 1, 1),
        Product("recurrence weights", 1, 2, 1, 1),
        Product("output forward", 2, 1, 1, 1),
        Product("output backward", 2, 1, 1, 1),
        Product("output weights", 1, 2, 1, 1),
    ]
    assert by_hand(tiny, 1, 2) == 4 + 2 + 4 + 3 * 4
    found = workload.per_token(tiny, 1, 2)
    assert found.elementwise_flops == 7 + 5 + 5 * 3 / 2
    assert found.bytes == 4 * (9 + 5 + 7 * 3 / 2)


@pytest.mark.parametrize("variant", presets.timed())
def test_the_architecture_of_every_variant_is_read_off_its_model(variant):
    model = build(variant)
    read = Architecture.of(model)
    assert read.gates == {"rnn": 1, "rnn_relu": 1, "gru": 3, "lstm": 4}[presets.of(variant).cell]
    assert read.num_weights == sum(p.numel() for p in model.parameters() if p.ndim > 1)
    assert (read.num_layers, read.directions) == (
        model.layer.num_layers,
        1 + model.layer.bidirectional,
    )


def test_weights_of_no_known_cell_are_refused():
    model = build("rnn")
    model.layer.register_parameter("more", torch.nn.Parameter(torch.zeros(1, 1)))
    with pytest.raises(ValueError, match="1, 3, 4 gates, found 103 weights at 6 units, 1 layers"):
        Architecture.of(model)


@given(architectures, sizes, sizes, st.integers(2, 5))
def test_work_per_token_does_not_depend_on_the_batch_but_for_shared_weights(model, B, T, times):
    few, many = (workload.per_token(model, size, T) for size in (B, times * B))
    assert np.isclose(few.product_flops, many.product_flops)
    assert few.elementwise_flops > many.elementwise_flops
    assert few.bytes > many.bytes


@given(architectures, sizes, sizes)
def test_more_of_anything_is_more_work(model, B, T):
    less = workload.per_token(model, B, T)
    for field in ("hidden_size", "num_layers", "vocab_size"):
        larger = dataclasses.replace(model, **{field: getattr(model, field) + 1})
        more = workload.per_token(larger, B, T)
        assert more.product_flops > less.product_flops
        assert more.elementwise_flops > less.elementwise_flops
        assert more.bytes > less.bytes


@given(architectures, sizes, sizes)
def test_every_product_has_work_and_float64_moves_twice_the_bytes(model, B, T):
    assert all(p.calls >= 1 and p.flops >= 2 for p in workload.products(model, B, T + 1))
    assert workload.per_token(model, B, T, 8).bytes == 2 * workload.per_token(model, B, T, 4).bytes
