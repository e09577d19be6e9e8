"""Laws of memory: models whose memory is known, and intervals of what is read off them."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pandas import DataFrame, concat
from test_train import RUN, TOKENS, VOCAB_SIZE, finish
from torch import nn
from torch.nn.functional import one_hot

from rnnbench.base.errors import StudyError
from rnnbench.report.claims import FAILS, HOLDS, NOT_SETTLED, PARTLY
from rnnbench.report.claims import memory as claims
from rnnbench.tables import columns, half_life
from rnnbench.text.vocab import Vocab
from rnnbench.training import checkpoint
from rnnbench.training.model import LanguageModel
from rnnbench.training.progress import Texts, split, start
from rnnbench.writing import memory

CONTEXTS = list(range(1, 9))
TEXT = np.random.default_rng(7).integers(VOCAB_SIZE, size=300)
ADDRESS = {"machine": "box", "corpus": "squares", "sampler": "s", "clip_norm": 1, "device": "cpu"}


class Register(nn.Module):
    """A linear network that shifts its state: it holds the last ``length`` tokens, and no more."""

    num_layers, bidirectional = 1, False

    def __init__(self, length: int):
        super().__init__()
        self.length, self.hidden_size = length, length * VOCAB_SIZE

    def forward(self, inputs, state):
        held = inputs.new_zeros(inputs.shape[1], self.hidden_size) if state is None else state
        outputs = []
        for X in inputs:
            held = torch.cat([X, held[:, :-VOCAB_SIZE]], dim=1)
            outputs.append(held)
        return torch.stack(outputs), held


class Leak(nn.Module):
    """A linear network that forgets: a token k back counts ``keep ** (k - 1)``."""

    num_layers, bidirectional, hidden_size = 1, False, VOCAB_SIZE

    def __init__(self, keep: float):
        super().__init__()
        self.keep = keep

    def forward(self, inputs, state):
        held = torch.zeros_like(inputs[0]) if state is None else state
        outputs = []
        for X in inputs:
            held = self.keep * held + X
            outputs.append(held)
        return torch.stack(outputs), held


def language_model(layer: nn.Module, weight: torch.Tensor) -> LanguageModel:
    model = LanguageModel(layer, VOCAB_SIZE).double()
    with torch.no_grad():
        model.output.bias.zero_()
        model.output.weight.copy_(weight)
    return model


def random_weight(layer: nn.Module) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(VOCAB_SIZE, layer.hidden_size, generator=generator, dtype=torch.float64)


def read(model, contexts, text=TEXT):
    tokens = torch.from_numpy(text)
    histories, labels = memory.spread(tokens, contexts[-1], 150)
    return memory.losses(model, histories, labels, contexts)


def losses(model, contexts=CONTEXTS, text=TEXT) -> DataFrame:
    """As the job writes them, for one seed of a variant that is called rnn."""
    tokens = torch.from_numpy(text)
    rows = memory.rows(model, Texts(tokens, tokens, tokens.flip(0)), contexts, 100, 4)
    address = ADDRESS | {"variant": "rnn", "seed": 1}
    return DataFrame([address | row for row in rows], columns=memory.COLUMNS)


# Models whose memory is known


@given(length=st.integers(1, 8))
def test_a_model_that_holds_m_tokens_gains_nothing_from_more_and_forgets_what_is_older(length):
    layer = Register(length)
    nats, influences = read(language_model(layer, random_weight(layer)), CONTEXTS)
    assert (nats[length:] == nats[length - 1]).all()
    assert (influences[length:] == 0).all()
    assert (influences[:length].sum(1) > 0.01).all()
    gains = np.abs(np.diff(nats[:length], axis=0)).sum(1)
    assert (gains > 0.01).all()


@given(length=st.integers(2, 8))
def test_the_half_life_of_a_model_that_reads_the_token_m_back_is_m(length):
    text = np.resize(np.random.default_rng(1).integers(VOCAB_SIZE, size=length), 300)
    only = torch.zeros(VOCAB_SIZE, length, VOCAB_SIZE)
    only[:, -1] = 50 * torch.eye(VOCAB_SIZE)
    found = losses(language_model(Register(length), only.flatten(1)), text=text)
    table = half_life.half_life(found[found.split == "train"]).set_index("measure")
    assert length - 1 < table.tokens["half_life"] < table.tokens["reach"] <= length
    contexts = half_life.memory(found[found.split == "train"]).set_index("context")
    assert contexts.perplexity[length - 1] == pytest.approx(VOCAB_SIZE)
    assert contexts.perplexity[length] == pytest.approx(1)


@pytest.mark.parametrize("keep", [0.4, 0.5, 0.6])
def test_the_trace_of_a_model_that_forgets_at_a_known_rate_is_known(keep):
    small = 1e-4 * torch.eye(VOCAB_SIZE)  # divergence goes with the square of a small change
    found = half_life.half_life(losses(language_model(Leak(keep), small), list(range(1, 16))))
    trace = found[(found.measure == "trace") & (found.split == "train")].iloc[0]
    expected = 1 + math.log(100) / (2 * -math.log(keep))
    assert trace.tokens == pytest.approx(expected, rel=0.05)
    assert trace.low <= trace.tokens <= trace.high


@pytest.mark.parametrize("variant", ["rnn", "gru", "lstm_deep"])
def test_influence_is_that_of_reading_the_changed_history_from_its_start(variant):
    model = start(dataclasses.replace(RUN, variant=variant), VOCAB_SIZE).model.double()
    tokens = torch.from_numpy(TEXT)
    histories, labels = memory.spread(tokens, 12, 30)
    _, found = memory.losses(model, histories, labels, [1, 3, 12])
    with torch.no_grad():
        before = memory.predict(model, histories, None)
        for row, context in enumerate([1, 3, 12]):
            changed = histories.clone()
            changed[-context] = histories[-context].roll(15)
            after = memory.predict(model, changed, None)
            by_hand = (before.exp() * (before - after)).sum(1)
            np.testing.assert_allclose(found[row], by_hand, atol=1e-12)


def test_what_is_read_does_not_depend_on_how_many_are_read_at_once(monkeypatch):
    layer = Register(3)
    model = language_model(layer, random_weight(layer))
    whole = read(model, [1, 2, 4])
    for bound, value in (("AT_ONCE", 7), ("MOST_INPUTS", 4 * 7 * VOCAB_SIZE)):
        with monkeypatch.context() as patch:
            patch.setattr(memory, bound, value)
            for once, parts in zip(whole, read(model, [1, 2, 4]), strict=True):
                np.testing.assert_allclose(once, parts)


@pytest.mark.parametrize("most", [1, 5 * 12 * VOCAB_SIZE, 1 << 26])
def test_no_more_is_held_than_the_last_predictions_and_inputs_up_to_a_bound(most, monkeypatch):
    """Logits of every step, or of all histories at once, fill a machine where words are many."""
    model, predicted, held = start(RUN, VOCAB_SIZE).model, [], []
    model.output.register_forward_hook(lambda _, given, logits: predicted.append(logits.shape))
    model.layer.register_forward_hook(lambda _, given, found: held.append(given[0].numel()))
    monkeypatch.setattr(memory, "MOST_INPUTS", most)
    histories, labels = memory.spread(torch.from_numpy(TEXT), 12, 30)
    memory.losses(model, histories, labels, [1, 3, 12])
    assert {len(shape) for shape in predicted} == {2}
    assert max(held) <= max(most, 12 * VOCAB_SIZE)


@given(st.integers(1, 20), st.integers(1, 60))
def test_every_token_to_predict_has_its_own_history(longest, positions):
    tokens = torch.arange(100)
    histories, labels = memory.spread(tokens, longest, positions)
    assert len(labels) == min(positions, 100 - longest) and labels[0] == longest
    assert labels.unique().numel() == len(labels)
    expected = labels - torch.arange(longest, 0, -1)[:, None]
    assert torch.equal(histories, expected)


def test_a_context_longer_than_the_text_is_a_mistake_of_the_study():
    with pytest.raises(StudyError, match=r"expected fewer tokens .* found 300 of 300"):
        memory.spread(torch.arange(300), 300, 10)


def test_a_leaky_model_and_a_diverged_one_are_rows_with_a_reason():
    leaky = start(dataclasses.replace(RUN, variant="lstm_bidirectional"), VOCAB_SIZE).model
    lost = start(RUN, VOCAB_SIZE).model
    nn.init.constant_(lost.output.bias, math.nan)
    found = concat([losses(leaky), losses(lost)])
    for table in (half_life.memory(found), half_life.half_life(found)):
        assert list(table.reason) == [memory.LEAKY, memory.LOST]


def test_runs_are_measured_from_their_weights(tmp_path):
    run = dataclasses.replace(RUN, variant="gru")
    model = finish(run, tmp_path / "checkpoint").model
    vocab = Vocab(tuple("abcdef"), (1,) * VOCAB_SIZE)
    facts = run.as_row() | {"vocab": vocab.tokens}
    checkpoint.write_weights(tmp_path / "weights", model, facts)
    table = memory.table([tmp_path / "weights"], TOKENS, vocab, [4, 1, 2], 30, 3)
    assert list(table.context.unique()) == [1, 2, 4] and len(table) == 2 * 3 * 3
    assert set(table.variant) == {"gru"} and table.num_tokens.sum() == 2 * 3 * 30
    direct = memory.rows(model, split(TOKENS, run), [1, 2, 4], 30, 3)
    assert table.total_nats.tolist() == [row["total_nats"] for row in direct]


def test_a_run_that_was_trained_on_a_gpu_is_measured_where_there_is_none(tmp_path):
    model, vocab = finish(RUN, tmp_path / "checkpoint").model, Vocab(tuple("abcdef"), (1,) * 6)
    tables = {}
    for device in ("cpu", "cuda"):
        facts = dataclasses.replace(RUN, device=device).as_row() | {"vocab": vocab.tokens}
        checkpoint.write_weights(tmp_path / device, model, facts)
        tables[device] = memory.table([tmp_path / device], TOKENS, vocab, [1, 4], 30, 3)
        assert set(tables[device].pop("device")) == {device}
    assert tables["cpu"].equals(tables["cuda"])


# Intervals


def constructed(share: dict[int, float], variant="rnn", noise=0.0, seeds=1) -> DataFrame:
    """Losses that fall from 3 nats by the given shares of 1 nat, in 20 blocks of 10 tokens."""
    generator = np.random.default_rng(1)
    return DataFrame(
        ADDRESS
        | {"variant": variant, "seed": seed, "split": "heldout", "block": block, "context": c}
        | {"num_tokens": 10, "total_nats": 10 * (3 - part + noise * generator.normal())}
        | {"influence_nats": 10.0**-c, "reason": None}
        for seed in range(seeds)
        for block in range(20)
        for c, part in share.items()
    )


def measure(losses: DataFrame, name="half_life", variant="rnn"):
    table = half_life.half_life(losses)
    return table[(table.measure == name) & (table.variant == variant)].iloc[0]


def test_between_two_contexts_the_gain_is_linear_in_their_logarithm():
    losses = constructed({1: 0, 4: 0.25, 16: 0.75, 64: 1})
    assert measure(losses).tokens == pytest.approx(8)
    assert measure(losses, "reach").tokens == pytest.approx(2 ** (4 + 2 * 0.8))


def test_where_more_context_gains_nothing_the_last_token_is_enough():
    assert measure(constructed({1: 0, 2: -0.1, 4: 0})).tokens == 1


def test_a_trace_beyond_the_longest_context_is_infinite():
    losses = constructed({1: 0, 2: 0.5, 4: 1}).assign(influence_nats=1.0)
    assert measure(losses, "trace").tokens == math.inf


@pytest.mark.parametrize("seeds", [1, 3])
def test_an_interval_holds_what_was_measured_and_counts_seeds_and_positions(seeds):
    row = measure(constructed({1: 0, 2: 0.3, 4: 0.8, 8: 1}, noise=0.1, seeds=seeds))
    assert row.low < row.tokens < row.high
    assert (row.n, row.seeds) == (200, seeds)


def test_a_variant_equal_to_the_rnn_has_a_ratio_of_exactly_1_for_blocks_are_paired():
    losses = constructed({1: 0, 2: 0.3, 4: 0.8, 8: 1}, noise=0.1)
    both = concat([losses, losses.assign(variant="gru")])
    row = measure(both, variant="gru")
    assert (row.baseline, row.ratio, row.ratio_low, row.ratio_high) == ("rnn", 1, 1, 1)


def test_without_any_run_the_tables_are_empty_and_have_their_columns():
    empty = DataFrame(columns=memory.COLUMNS)
    assert list(half_life.memory(empty).columns) == columns.COLUMNS["memory"]
    assert list(half_life.half_life(empty).columns) == columns.COLUMNS["half_life"]


def test_every_draw_counts_as_many_cells_as_there_are():
    weights = half_life.drawn(3, 20)
    assert (weights[0] == 1).all() and (weights.sum((1, 2)) == 60).all()


# The claims

NEAR, MIDDLE, FAR = {1: 0, 4: 0.9, 16: 1}, {1: 0, 4: 0.5, 16: 1}, {1: 0, 4: 0.2, 16: 1}


@pytest.mark.parametrize(
    ("gru", "lstm", "verdict"),
    [(FAR, FAR, HOLDS), (FAR, NEAR, PARTLY), (NEAR, NEAR, FAILS)],
)
def test_gates_see_farther_if_both_gated_networks_do(gru, lstm, verdict):
    parts = {"rnn": MIDDLE, "gru": gru, "lstm": lstm}
    losses = concat([constructed(part, name, seeds=3) for name, part in parts.items()])
    tables = {"half_life": half_life.half_life(losses), "memory": half_life.memory(losses)}
    claim = claims.claims(tables)[1]
    assert claim.verdict == verdict and claim.low <= claim.value <= claim.high


@pytest.mark.parametrize("seeds", [1, 2])
def test_positions_of_one_seed_or_two_settle_nothing_however_many(seeds):
    parts = {"rnn": MIDDLE, "gru": FAR, "lstm": FAR}
    losses = concat([constructed(part, name, seeds=seeds) for name, part in parts.items()])
    claim = claims.claims({"half_life": half_life.half_life(losses)})[1]
    assert (claim.verdict, claim.n) == (NOT_SETTLED, seeds)


def test_an_interval_of_few_seeds_is_wider_than_the_bootstraps():
    widths = [np.subtract(*claims._over_seeds(1.5, 1.4, 1.6, k)[::-1]) for k in (3, 5, 1000)]
    assert widths[0] > widths[1] > widths[2] > 0.2
    assert widths[2] == pytest.approx(0.2, rel=0.01)
    assert np.isnan(claims._over_seeds(1.5, 1.4, 1.6, 1)).all()


@pytest.mark.parametrize(
    ("share", "verdict"),
    [({1: 0, 16: 0.5, 32: 1}, HOLDS), ({1: 0, 16: 1, 32: 1.005}, FAILS)],
)
def test_dependencies_are_long_if_a_context_of_more_than_16_still_helps(share, verdict):
    claim = claims.distance({"memory": half_life.memory(constructed(share, seeds=3))})
    assert claim.verdict == verdict


def test_one_hot_register_holds_the_tokens_it_was_given():
    inputs = one_hot(torch.tensor([[1], [2], [3]]), VOCAB_SIZE).float()
    held, _ = Register(2)(inputs, None)
    assert held[-1, 0].view(2, VOCAB_SIZE).argmax(1).tolist() == [3, 2]
