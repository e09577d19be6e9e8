"""Laws of dropout and of the range of initial weights: in training alone, and from the seed."""

import dataclasses

import pytest
import torch
from test_engine import finish, started
from test_train import RUN, VOCAB_SIZE, Fuse, lasting

from rnnbench.training import initial, native
from rnnbench.training.engines.dropout import dropping
from rnnbench.training.progress import start

DROPPING = dataclasses.replace(RUN, variant="lstm_deep", dropout=0.5, engine="fastest")


@pytest.mark.parametrize("variant", ["gru", "gru_deep", "lstm_deep_embedding"])
def test_outputs_are_dropped_in_the_steps_of_an_epoch_and_nowhere_else(variant):
    progress = start(dataclasses.replace(DROPPING, variant=variant), VOCAB_SIZE)
    X = torch.arange(20).view(5, 4) % VOCAB_SIZE

    def read():
        return progress.model(X)[0].detach()

    whole = read()
    first, second = dropping(DROPPING, progress, (read() for _ in range(2)))
    assert not torch.equal(first, whole) and not torch.equal(first, second)
    assert torch.equal(read(), whole)


def test_the_output_layer_reads_what_is_left_of_the_outputs_scaled_up():
    progress = start(dataclasses.replace(DROPPING, variant="gru"), VOCAB_SIZE)
    output, seen = progress.model.output, []
    output.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0].detach()))
    X = torch.arange(20).view(5, 4) % VOCAB_SIZE
    progress.model(X)
    list(dropping(DROPPING, progress, (progress.model(X) for _ in range(1))))
    whole, left = seen
    assert 0.2 < (left == 0).float().mean() < 0.8
    assert torch.equal(left, torch.where(left == 0, 0, 2 * whole))


def test_the_random_numbers_of_others_stay_as_they_are(tmp_path):
    progress = started(DROPPING)
    before = torch.random.get_rng_state()
    finish(DROPPING, tmp_path / "saved", progress)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_an_interrupted_run_drops_what_an_undisturbed_one_drops(tmp_path):
    undisturbed, interrupted = finish(DROPPING, tmp_path / "a"), started(DROPPING)
    interrupted.curve = Fuse(2)
    with pytest.raises(KeyboardInterrupt):
        finish(DROPPING, tmp_path / "b", progress=interrupted)
    expected = lasting(DROPPING, undisturbed)
    assert lasting(DROPPING, finish(DROPPING, tmp_path / "b")) == expected
    whole = dataclasses.replace(DROPPING, dropout=0.0, engine="own")
    assert lasting(whole, finish(whole, tmp_path / "c"))[1] != expected[1]


def test_engines_that_drop_nothing_leave_the_run_to_its_own(caplog, monkeypatch):
    monkeypatch.setattr(native, "missing", lambda: "no compiler found at set-up")
    with caplog.at_level("INFO"):
        assert started(DROPPING).engine.name == "torch_nn"
    assert "not trained by manual: manual can do dropout 0, and not 0.5" in caplog.text


@pytest.mark.skipif(native.missing() is not None, reason=str(native.missing()))
@pytest.mark.parametrize("variant", ["gru", "gru_deep", "lstm_deep", "lstm_deep_embedding"])
def test_the_native_step_drops_what_torch_drops(variant, tmp_path):
    fastest = dataclasses.replace(DROPPING, variant=variant)
    native_run, own = (
        finish(run, tmp_path / run.engine, started(run))
        for run in (fastest, dataclasses.replace(fastest, engine="own"))
    )
    assert (native_run.engine.name, own.engine.name) == ("fused", "torch_nn")
    for one, other in zip(native_run.model.parameters(), own.model.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("variant", ["rnn_scratch", "lstm_deep_embedding"])
def test_a_range_of_its_own_holds_every_weight_and_bias(variant):
    run = dataclasses.replace(RUN, variant=variant, init_range=0.1, hidden_size=40)
    model = start(run, VOCAB_SIZE).model
    for weights in model.parameters():
        assert 0.04 < weights.abs().max() <= 0.1
    assert initial.digest(model) != initial.digest(
        start(dataclasses.replace(run, init_range=0.2), VOCAB_SIZE).model
    )
