"""Laws of the models, for every preset and cell; tensors are time first."""

import math
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from test_train import RUN
from torch import nn
from torch.nn.functional import cross_entropy, one_hot
from torch.utils._python_dispatch import TorchDispatchMode

from rnnbench.base import presets
from rnnbench.base.errors import StudyError
from rnnbench.base.plugins import load, names, place
from rnnbench.tables import readers
from rnnbench.text import metrics
from rnnbench.training import cells, initial, update
from rnnbench.training import model as models
from rnnbench.training.model import detach

VARIANTS = list(presets.table())
every_variant = pytest.mark.parametrize("variant", VARIANTS)
VOCAB_SIZE, HIDDEN_SIZE, NUM_STEPS, BATCH_SIZE = 7, 6, 8, 3


def generator(seed=1):
    return np.random.Generator(np.random.PCG64(seed))


def build(variant, seed=1, dtype=torch.float64, hidden_size=HIDDEN_SIZE):
    return models.build(variant, VOCAB_SIZE, hidden_size, generator(seed), dtype)


def awake(variant, hidden_size=HIDDEN_SIZE):
    """A model whose weights are large enough that every input can be seen in every output."""
    model = build(variant, hidden_size=hidden_size)
    initial.draw(model, 4, initial.uniform, generator(2))
    return model


def tokens(seed=1, num_steps=NUM_STEPS):
    return torch.from_numpy(generator(seed).integers(VOCAB_SIZE, size=(num_steps, BATCH_SIZE)))


def parts(state):
    return state if isinstance(state, tuple) else (state,)


def like(state, make):
    return tuple(map(make, state)) if isinstance(state, tuple) else make(state)


REMEMBERING = [variant for variant in VARIANTS if build(variant).remembers]
every_remembering = pytest.mark.parametrize("variant", REMEMBERING)


@every_variant
def test_logits_have_one_number_per_token_of_the_vocabulary(variant):
    logits, state = build(variant)(tokens())
    assert logits.shape == (NUM_STEPS, BATCH_SIZE, VOCAB_SIZE)
    size = HIDDEN_SIZE if variant in REMEMBERING else 1  # a token
    assert {part.shape[-1] for part in parts(state)} == {size}
    assert {part.shape[-2] for part in parts(state)} == {BATCH_SIZE}


@every_variant
def test_a_layer_is_what_the_contract_says(variant):
    layer = models.layer(variant, VOCAB_SIZE, HIDDEN_SIZE)
    inputs = torch.zeros(NUM_STEPS, BATCH_SIZE, VOCAB_SIZE)
    outputs, _ = layer(inputs, None)
    assert outputs.shape == (NUM_STEPS, BATCH_SIZE, (1 + layer.bidirectional) * HIDDEN_SIZE)
    assert layer.hidden_size == HIDDEN_SIZE
    assert layer.num_layers >= 1


@pytest.mark.parametrize("cell", names("cells"))
def test_a_cell_is_what_the_contract_says(cell):
    layer = load("cells", cell).Layer(VOCAB_SIZE, HIDDEN_SIZE)
    outputs, state = layer(torch.zeros(NUM_STEPS, BATCH_SIZE, VOCAB_SIZE), None)
    assert outputs.shape == (NUM_STEPS, BATCH_SIZE, HIDDEN_SIZE)
    assert (state is None) is (layer.parts == 0)
    assert (layer.num_layers, layer.bidirectional, layer.hidden_size) == (1, False, HIDDEN_SIZE)
    found = [] if state is None else [part.shape for part in parts(state)]
    assert found == [(BATCH_SIZE, HIDDEN_SIZE)] * layer.parts
    assert load("cells", cell).__doc__


@pytest.mark.parametrize("name", names("implementations"))
def test_an_implementation_is_what_the_contract_says(name):
    module = load("implementations", name)
    limits = getattr(module, "LIMITS", {})
    work = limits.get("work", ["training"])
    assert module.LAYOUT in ("loop", "torch_nn") and module.__doc__
    assert callable(module.step if "training" in work else module.reader)
    known = {"cell", "num_layers", "directions", "embedding_size", "device", "dtype", "work"}
    assert {*limits} <= known | RUN.demands.keys()
    assert {"cell": names("cells")} | getattr(module, "LIMITS", {}) != {}


@every_remembering
def test_no_state_is_a_state_of_zeros(variant):
    model = awake(variant)
    logits, state = model(tokens())
    from_zeros, state_from_zeros = model(tokens(), like(state, torch.zeros_like))
    assert torch.equal(logits, from_zeros)
    assert all(map(torch.equal, parts(state), parts(state_from_zeros)))


@every_variant
def test_two_halves_with_the_state_carried_are_one_pass_unless_the_model_reads_backwards(variant):
    model, X = awake(variant), tokens()
    logits, state = model(X)
    first, carried = model(X[:3])
    second, last = model(X[3:], carried)
    agree = torch.allclose(torch.cat([first, second]), logits, rtol=0, atol=1e-12)
    assert agree is not model.leaky
    if not model.leaky:
        for one, other in zip(parts(state), parts(last), strict=True):
            torch.testing.assert_close(one, other, rtol=0, atol=1e-12)


@every_variant
def test_the_rows_of_a_minibatch_do_not_see_each_other(variant):
    model, X = awake(variant), tokens()
    alone = torch.cat([model(row)[0] for row in X.split(1, dim=1)], dim=1)
    torch.testing.assert_close(model(X)[0], alone, rtol=0, atol=1e-12)


@every_variant
def test_a_later_token_changes_no_earlier_logit_unless_the_model_is_leaky(variant):
    model, X = awake(variant), tokens()
    later = X.clone()
    later[5] = (later[5] + 1) % VOCAB_SIZE
    before, after = model(X)[0], model(later)[0]
    assert torch.equal(before[:5], after[:5]) is not model.leaky
    assert not torch.equal(before[5:], after[5:])


def test_the_bidirectional_variant_is_the_leaky_one():
    assert [variant for variant in VARIANTS if build(variant).leaky] == ["lstm_bidirectional"]


@every_variant
def test_a_seed_gives_the_same_weights_and_another_seed_does_not(variant):
    first, again, other = (initial.digest(build(variant, seed)) for seed in (1, 1, 2))
    assert first == again != other


@every_variant
def test_weights_are_drawn_once_and_rounded_to_the_type_of_the_model(variant):
    double, single = build(variant), build(variant, dtype=torch.float32)
    for wide, narrow in zip(double.parameters(), single.parameters(), strict=True):
        assert torch.equal(wide.float(), narrow)


@every_variant
def test_weights_do_not_depend_on_the_state_of_torch(variant):
    torch.manual_seed(1)
    first = initial.digest(build(variant))
    torch.manual_seed(2)
    assert initial.digest(build(variant)) == first


@every_variant
def test_first_weights_are_in_the_range_of_their_scheme(variant):
    model, scheme = (
        build(variant, hidden_size=64),
        getattr(initial, presets.of(variant).initialisation),
    )
    for part, fan_in in ((model.layer, 64), (model.output, model.output.in_features)):
        for parameter in part.parameters():
            RANGES[scheme](parameter.detach(), fan_in)


def is_normal(parameter, fan_in):
    """N(0, 0.01^2), to six standard errors; biases 0."""
    if parameter.ndim == 1:
        assert not parameter.any()
        return
    assert abs(float(parameter.mean())) < 6 * 0.01 / math.sqrt(parameter.numel())
    assert abs(float(parameter.std()) / 0.01 - 1) < 6 / math.sqrt(2 * parameter.numel())


def is_uniform(parameter, fan_in):
    """Uniform in ±1 / sqrt(fan_in): all inside, and both ends nearly reached."""
    scaled = parameter * math.sqrt(fan_in)
    assert float(scaled.abs().max()) <= 1 + 1e-12
    assert float(scaled.std()) == pytest.approx(1 / math.sqrt(3), rel=0.5)
    assert len(parameter.unique()) == parameter.numel()


RANGES = {initial.normal: is_normal, initial.uniform: is_uniform}


@every_variant
def test_gradients_reach_every_parameter(variant):
    model = awake(variant)
    logits, _ = model(tokens())
    cross_entropy(logits.flatten(0, 1), tokens(2).flatten()).backward()
    idle = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert idle == []


@every_remembering
def test_a_detached_state_has_the_same_values_and_no_past(variant):
    _, state = awake(variant)(tokens())
    cut = detach(state)
    assert type(cut) is type(state)
    assert all(map(torch.equal, parts(cut), parts(state)))
    assert [part.requires_grad for part in parts(state)] == [True] * len(parts(state))
    assert [part.requires_grad for part in parts(cut)] == [False] * len(parts(state))


def test_no_state_detached_is_no_state():
    assert detach(None) is None


@pytest.mark.parametrize("variant", sorted({*VARIANTS} - {*REMEMBERING}))
def test_a_model_without_a_state_sees_no_farther_than_its_window(variant):
    model, X = awake(variant), tokens()
    model.window = 4
    logits, _ = model(X)
    torch.testing.assert_close(logits[4:], model(X[4:])[0], rtol=0, atol=1e-12)
    for step in range(4, NUM_STEPS):  # token by token, as it writes
        after, _ = model(X[step][None], model(X[:step])[1])
        window, _ = model(X[step - 3 : step + 1])
        torch.testing.assert_close(after[-1], window[-1], rtol=0, atol=1e-12)


@every_variant
def test_a_text_is_evaluated_window_by_window_or_half_a_window_at_a_time_without_a_state(variant):
    model, text = awake(variant), tokens()[:, 0]
    model.window = 4
    nats, num_tokens = update.evaluate(model, text, 1, 4)
    ends = {4: 4, 7: 3} if variant in REMEMBERING else {2: 2, 4: 2, 6: 2, 7: 1}  # -> new tokens
    logits, state = [], None
    for end, new in ends.items():
        if variant in REMEMBERING:
            found, state = model(text[end - new : end, None], state)
        else:
            found, _ = model(text[max(0, end - 4) : end, None])
        logits.append(found[-new:])
    expected = cross_entropy(torch.cat(logits)[:, 0], text[1:], reduction="sum")
    assert num_tokens == 7 and nats == pytest.approx(float(expected.detach()), abs=1e-9)


# Scratch cells against torch.nn

GATES = {"rnn_scratch": ["h"], "gru_scratch": ["r", "z", "n"], "lstm_scratch": ["i", "f", "c", "o"]}
LIBRARY = {"rnn_scratch": nn.RNN, "gru_scratch": nn.GRU, "lstm_scratch": nn.LSTM}


def scratch_weights(cell, gates):
    """Parameters of a scratch layer in the order of torch.nn: input, hidden, bias, per gate."""
    names = [f"W_x{gate}" for gate in gates], [f"W_h{gate}" for gate in gates]
    biases = [f"b_{gate}" for gate in gates]
    own = dict(cell.named_parameters())
    return [[own[name] for name in kind] for kind in (*names, biases)]


def library_twin(cell, variant):
    """torch.nn's layer with the weights of a scratch layer; its second bias stays 0."""
    twin = LIBRARY[variant](VOCAB_SIZE, HIDDEN_SIZE).double()
    inputs, hidden, biases = scratch_weights(cell, GATES[variant])
    with torch.no_grad():
        twin.weight_ih_l0.copy_(torch.cat([W.T for W in inputs]))
        twin.weight_hh_l0.copy_(torch.cat([W.T for W in hidden]))
        twin.bias_ih_l0.copy_(torch.cat(biases))
        twin.bias_hh_l0.zero_()
    return twin


@pytest.fixture(params=GATES)
def twins(request):
    cell = models.layer(request.param, VOCAB_SIZE, HIDDEN_SIZE).double()
    initial.draw(cell, 4, initial.uniform, generator())
    return cell, library_twin(cell, request.param), GATES[request.param]


def run(layer):
    """Outputs and state over a sequence, from a state of its own; gradients are left behind."""
    inputs = torch.from_numpy(generator(3).standard_normal((12, BATCH_SIZE, VOCAB_SIZE)))
    _, state = layer(inputs[:2], None)
    outputs, state = layer(inputs[2:], state)
    weights = torch.from_numpy(generator(4).standard_normal(outputs.shape))
    (outputs * weights).sum().backward()
    return outputs, [part.reshape(BATCH_SIZE, -1) for part in parts(state)]


def test_a_scratch_cell_gives_the_outputs_of_the_library_cell(twins):
    cell, twin, _ = twins
    (outputs, state), (library_outputs, library_state) = run(cell), run(twin)
    torch.testing.assert_close(outputs, library_outputs, rtol=0, atol=1e-12)
    for own, library in zip(state, library_state, strict=True):
        torch.testing.assert_close(own, library, rtol=0, atol=1e-12)


def test_a_scratch_cell_gives_the_gradients_of_the_library_cell(twins):
    cell, twin, gates = twins
    run(cell), run(twin)
    inputs, hidden, biases = scratch_weights(cell, gates)
    pairs = [
        (torch.cat([W.grad.T for W in inputs]), twin.weight_ih_l0.grad),
        (torch.cat([W.grad.T for W in hidden]), twin.weight_hh_l0.grad),
        (torch.cat([b.grad for b in biases]), twin.bias_ih_l0.grad),
    ]
    for own, library in pairs:
        assert float(library.abs().max()) > 0.1
        torch.testing.assert_close(own, library, rtol=0, atol=1e-11)


# Identities


class Largest(TorchDispatchMode):
    """Keeps the size of the largest tensor of whole numbers that is made."""

    size = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        found = function(*args, **(kwargs or {}))
        if isinstance(found, torch.Tensor) and not found.is_floating_point():
            self.size = max(self.size, found.numel())
        return found


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_one_hot_inputs_are_made_in_the_type_of_the_weights_and_in_no_other(dtype):
    model, X = build("rnn", dtype=dtype), tokens()
    with Largest() as largest:
        found = model.one_hot(X.to(torch.uint8))
    assert torch.equal(found, one_hot(X, VOCAB_SIZE).to(dtype)) and found.dtype == dtype
    assert largest.size == X.numel()


def test_a_one_hot_product_is_a_row_gather():
    W, X = torch.from_numpy(generator().standard_normal((VOCAB_SIZE, 5))), tokens()
    assert torch.equal(one_hot(X, VOCAB_SIZE).double() @ W, W[X])


def test_one_product_of_inputs_beside_states_is_the_sum_of_two_products():
    draw = generator().standard_normal
    X, H, W_xh, W_hh = (torch.from_numpy(draw(s)) for s in ((3, 4), (3, 5), (4, 5), (5, 5)))
    beside = torch.cat([X, H], dim=1) @ torch.cat([W_xh, W_hh])
    torch.testing.assert_close(beside, X @ W_xh + H @ W_hh, rtol=0, atol=1e-14)


@pytest.mark.parametrize("vocab_size", [1, 2, 28])
def test_perplexity_of_a_uniform_guess_is_the_vocabulary_size(vocab_size):
    labels = torch.arange(50) % vocab_size
    nats = cross_entropy(torch.zeros(50, vocab_size).double(), labels, reduction="sum")
    assert metrics.perplexity(float(nats), 50) == pytest.approx(vocab_size, rel=1e-12)
    assert metrics.bits_per_char(float(nats), 50) == pytest.approx(math.log2(vocab_size), abs=1e-12)


# Names


@pytest.mark.parametrize(
    "kind", ["cells", "implementations", "samplers", "optimisers", "schedules"]
)
def test_an_unknown_name_is_answered_with_those_there_are_and_the_file_to_write(kind):
    with pytest.raises(StudyError) as caught:
        load(kind, "elman")
    message = str(caught.value)
    assert f"unknown name 'elman' in {kind}" in message
    assert f"there are {', '.join(names(kind))}" in message
    assert f"write {place(kind)}/elman.py" in message


@pytest.mark.parametrize("name", ["", "../study", "cells.rnn", "__init__", "RNN"])
def test_only_a_file_of_the_package_is_a_name(name):
    with pytest.raises(StudyError, match="unknown name"):
        load("cells", name)


@pytest.fixture
def mgu(tmp_path, monkeypatch):
    """A cell of one's own, as docs/own_variant.md adds it: its file and a line of the presets."""
    source = Path(cells.__file__).with_name("_template.py").read_text()
    (tmp_path / "mgu.py").write_text(source)
    (tmp_path / "_draft.py").write_text(source)
    table = tmp_path / "presets.csv"
    table.write_text(presets.TABLE.read_text() + "mgu,mgu,1,no,0,uniform,loop\n")
    monkeypatch.setattr(presets, "TABLE", table)
    cells.__path__.append(str(tmp_path))
    yield "mgu"
    cells.__path__.remove(str(tmp_path))
    sys.modules.pop("rnnbench.training.cells.mgu", None)


def test_a_cell_of_ones_own_is_a_file_and_a_line_and_trains_at_once(mgu):
    assert "mgu" in names("cells") and "_draft" not in names("cells")
    model = build(mgu, dtype=torch.float32)
    assert model(tokens())[0].shape == (NUM_STEPS, BATCH_SIZE, VOCAB_SIZE)
    engine, before = update.own(mgu, model), initial.digest(model)
    loss, _, _ = engine.step(engine.model, tokens(), tokens(2), None, 1.0, 0.5)
    assert math.isfinite(loss) and initial.digest(model) != before
    can = [w for w in names("implementations") if not presets.refusal(mgu, w, "cpu", "float32")]
    assert (engine.name, can) == ("loop", ["compiled", "loop"])
    assert readers.family(mgu) == "other"


def test_a_former_name_is_answered_with_the_two_that_it_is_now():
    with pytest.raises(StudyError, match="the variant gru by the implementation fused"):
        presets.check("gru_fused")


def test_an_unknown_variant_is_answered_with_those_there_are():
    with pytest.raises(StudyError, match=r"there are gru, gru_deep.*presets\.csv"):
        presets.check("elman")


TAKEN_APART = re.compile(
    r"(?:variants?|baseline|engine)(?:\.str)?\.(?:r?split|r?partition|startswith|endswith|replace|"
    r"removeprefix|removesuffix|contains)\(\s*f?[\"'](?:_|rnn|gru|lstm|scratch|fused|deep|relu)"
)


def test_no_code_takes_the_name_of_a_variant_apart():
    for wrong in ('variant.split("_")', 'runs.variant.str.endswith("_deep")'):
        assert TAKEN_APART.search(wrong)
    root = Path(presets.__file__).parents[3]
    files = [*root.glob("src/**/*.py"), *root.glob("workflow/**/*.py"), *root.glob("tests/**/*.py")]
    files += [*root.glob("workflow/**/*.smk"), root / "Snakefile"]
    found = {f"{f.name}: {hit}" for f in files for hit in TAKEN_APART.findall(f.read_text())}
    assert {hit for hit in found if not hit.startswith("test_presets")} == set()


# Embeddings

EMBEDDED = [variant for variant in VARIANTS if hasattr(build(variant).layer, "embedding_size")]


@pytest.mark.parametrize("variant", EMBEDDED)
def test_a_gathered_row_is_the_product_with_a_one_hot_vector(variant):
    layer = awake(variant).layer
    gathered, _ = layer(tokens(), None)
    multiplied, _ = layer(one_hot(tokens(), VOCAB_SIZE).double(), None)
    torch.testing.assert_close(gathered, multiplied, rtol=0, atol=1e-12)


@pytest.mark.parametrize("variant", ["rnn", "gru", "lstm"])
def test_a_one_hot_layer_reads_embeddings_as_wide_as_its_gates(variant):
    layer = awake(variant).layer
    embedding = layer.weight_ih_l0.T  # (vocab_size, gates x hidden_size)
    multiplied = one_hot(tokens(), VOCAB_SIZE).double() @ embedding
    assert torch.equal(embedding[tokens()], multiplied)


@pytest.mark.parametrize("variant", EMBEDDED)
def test_only_the_rows_of_tokens_that_are_read_get_a_gradient(variant):
    model = awake(variant)
    logits, _ = model(torch.tensor([[1], [4], [1]]))
    logits.square().sum().backward()
    touched = model.layer.table.grad.abs().sum(1) > 0
    assert touched.nonzero().flatten().tolist() == [1, 4]
