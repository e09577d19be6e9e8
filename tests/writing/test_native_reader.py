"""Laws of the native reader: what the cells' loops compute, and the very tokens of the decoders."""

import logging

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from rnnbench.base import presets
from rnnbench.base.errors import StudyError
from rnnbench.base.plugins import load, names
from rnnbench.training import initial, native
from rnnbench.training.engines import agreement, reference
from rnnbench.training.model import LanguageModel
from rnnbench.training.native import reader as native_reader
from rnnbench.writing import memory
from rnnbench.writing.decoders import ALL, Choice
from rnnbench.writing.reading import NativeReading, reading

pytestmark = pytest.mark.skipif(native.missing() is not None, reason=str(native.missing()))
ISAS = ["portable"] if native.missing() else list(native.supported())
VOCAB_SIZE = 11
CELLS = load("implementations", "fused").LIMITS["cell"]
READ = [
    name
    for name, model in presets.table().items()
    if model.cell in CELLS and not model.bidirectional
]
WITH = {"greedy": {}, "sampling": {"alpha": 1.5}, "top_k": {"k": 4}, "beam": {"width": 3}}


def model_of(cell, layout, num_layers=1, embedding_size=0, hidden_size=16, vocab_size=VOCAB_SIZE):
    preset = presets.Model(cell, num_layers, False, embedding_size, "uniform", layout)
    layer = load("implementations", layout).build(preset, vocab_size, hidden_size)
    model = LanguageModel(layer, vocab_size)
    generator = np.random.Generator(np.random.PCG64(hidden_size))
    initial.draw(model, hidden_size, initial.uniform, generator)
    return model.requires_grad_(False)


def preset_of(variant):
    preset = presets.of(variant)
    layout = presets.layout(preset.implementation)
    model = model_of(preset.cell, layout, preset.num_layers, preset.embedding_size)
    model.output.weight.mul_(8)  # what is read decides what is written
    return model


def texts(num_steps, batch_size, vocab_size=VOCAB_SIZE):
    return torch.from_numpy(
        np.random.default_rng(1).integers(vocab_size, size=(num_steps, batch_size))
    )


KINDS = [(cell, "torch_nn") for cell in presets.COUNTED]
KINDS += [(cell, "loop") for cell in CELLS]


@pytest.mark.parametrize("isa", ISAS)
@given(
    kind=st.sampled_from(KINDS),
    num_layers=st.integers(1, 3),
    embedding_size=st.integers(0, 40),
    hidden_size=st.integers(1, 70),
    vocab_size=st.integers(1, 40),
    batch_size=st.integers(1, 9),
)
@settings(max_examples=80)
def test_logits_of_any_model_are_those_of_the_loops(
    isa, kind, num_layers, embedding_size, hidden_size, vocab_size, batch_size
):
    embedding_size *= kind[1] == "torch_nn"
    model = model_of(*kind, num_layers, embedding_size, hidden_size, vocab_size)
    X = texts(6, batch_size, vocab_size)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RNNBENCH_ISA", isa)
        reader = native_reader.checked(model)
    expected, _ = reference.of(model)(X)
    whole, _ = reader(X)
    assert agreement.deviation(whole, expected) < 5e-6
    _, state = reader(X[:2])
    last, _ = reader.last(X[2:], state)
    assert torch.equal(last, whole[-1])


@pytest.mark.parametrize("decoder", names("decoders"))
@pytest.mark.parametrize("variant", READ)
def test_every_decoder_writes_natively_what_it_writes_by_torch(variant, decoder):
    model = preset_of(variant)
    count = 3 if load("decoders", decoder).DRAWS else 1
    found = []
    for who in (model, native_reader.checked(model)):
        place = reading(who, [[1, 2, 3]]).rows(np.zeros(count, int))
        generator = np.random.Generator(np.random.PCG64(3))
        decode = load("decoders", decoder).decode
        found.append(decode(place, 300, generator, **WITH[decoder]))
    assert isinstance(place, NativeReading)
    assert np.array_equal(*found) and found[0].shape == (count, 300)


@given(
    logits=st.lists(st.sampled_from([-1e300, -3.0, 0.0, 0.5, 0.5, 2.0]), min_size=1, max_size=9),
    alpha=st.sampled_from([0.0, 0.5, 1.0, 3.0, np.inf]),
    k=st.sampled_from([1, 2, 3, 8, ALL]),
    seed=st.integers(0, 99),
)
def test_a_choice_is_the_same_natively_equals_included(logits, alpha, k, seed):
    """One token is chosen of each row, and none is read."""
    model = model_of("rnn", "torch_nn", hidden_size=1, vocab_size=len(logits))
    rows = np.tile(logits, (50, 1))
    uniforms = np.random.default_rng(seed).random((1, 50))
    found = native_reader.checked(model).write(rows, torch.zeros(1, 1, 50, 1), alpha, k, uniforms)
    assert np.array_equal(found[0], Choice(alpha, k)(rows, uniforms[0]))


def test_memory_is_measured_natively_as_by_torch():
    model, histories, contexts = preset_of("lstm_deep"), texts(8, 600), [1, 3, 8]
    labels = texts(1, 600)[0]
    native = native_reader.checked(model)
    found = [memory.losses(one, histories, labels, contexts) for one in (model, native)]
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def leaky():
    return LanguageModel(nn.LSTM(VOCAB_SIZE, 5, bidirectional=True), VOCAB_SIZE)


class Odd(nn.Module):
    bidirectional, hidden_size, num_layers = False, 3, 1


REFUSED = {
    "expected one direction": leaky,
    "in float32": lambda: preset_of("gru").double(),
    "expected cells of": lambda: LanguageModel(Odd(), VOCAB_SIZE),
    "logits off by nan": lambda: model_of("gru", "loop").apply(spoiled),
}


def spoiled(module):
    if isinstance(module, nn.Linear):
        module.weight[0, 0] = torch.nan


@pytest.mark.parametrize("said", REFUSED)
def test_what_cannot_be_read_natively_is_read_by_torch_which_is_told(said, caplog):
    model = REFUSED[said]()
    with caplog.at_level(logging.INFO):
        assert native_reader.fastest(model) is model
    assert said in caplog.text and "model read by torch" in caplog.text
    assert caplog.messages[-1] in native_reader.USED


def test_without_a_library_torch_reads(monkeypatch):
    monkeypatch.setenv("RNNBENCH_ISA", "neon9000")
    model = preset_of("gru")
    assert native_reader.fastest(model) is model


def test_weights_are_those_of_when_a_reader_was_made():
    model = preset_of("gru")
    reader, X = native_reader.checked(model), texts(3, 2)
    before, _ = reader(X)
    model.output.weight.zero_()
    assert torch.equal(reader(X)[0], before)


def test_tokens_outside_the_vocabulary_are_told():
    reader = native_reader.checked(preset_of("gru"))
    with pytest.raises(StudyError, match=f"found 0 to {VOCAB_SIZE}"):
        reader(torch.tensor([[0], [VOCAB_SIZE]]))
