"""Laws of optimisers: torch's own updates by every engine, taken up where they stood."""

import dataclasses
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_engine import every_way, finish, needs_library, started
from test_train import GRADIENTS, RUN, TOKENS, VOCAB_SIZE, Fuse, lasting, with_gradients

from rnnbench.base import parameters, presets
from rnnbench.base.parameters import RunConfig
from rnnbench.base.plugins import load, names
from rnnbench.study import schema
from rnnbench.training import loop, update
from rnnbench.training.engines import agreement
from rnnbench.training.progress import split

OPTIMISERS = names("optimisers")
OF_TORCH = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
every_optimiser = pytest.mark.parametrize("optimiser", OPTIMISERS)


def running(**changes) -> RunConfig:
    return dataclasses.replace(RUN, **({"learning_rate": 0.01} | changes))


@every_optimiser
@settings(max_examples=10)
@given(GRADIENTS, st.lists(st.sampled_from([0.0, 0.5, 2.0]), min_size=1, max_size=3))
def test_an_update_is_that_of_torch_at_whatever_rate(optimiser, gradients, rates):
    own, library = with_gradients(gradients), with_gradients(gradients)
    mine, theirs = load("optimisers", optimiser).start(), OF_TORCH[optimiser](library, lr=1.0)
    for rate in rates:
        with torch.no_grad():
            mine.step(update.trained(own), rate)
        theirs.param_groups[0]["lr"] = rate
        theirs.step()
    for weight, expected in zip(own, library, strict=True):
        torch.testing.assert_close(weight, expected, rtol=1e-5, atol=1e-6)


@needs_library
@pytest.mark.parametrize("variant", ["rnn_relu", "gru", "lstm_deep", "gru_scratch"])
def test_the_native_step_leaves_the_very_gradients_that_it_descends_by(variant):
    descended, handed = (started(running(variant=variant, engine="fastest")) for _ in range(2))
    handed.engine.model.optimiser = load("optimisers", "adam").start()
    assert handed.engine.name == "fused"
    before = [weight.detach().clone() for weight in handed.engine.model.parameters()]
    for progress in (descended, handed):
        engine, X = progress.engine, torch.arange(20).view(5, 4) % VOCAB_SIZE
        engine.step(engine.model, X, X.flip(0), None, 0.1, 1.0)
    models = (progress.engine.model for progress in (descended, handed))
    pairs = zip(before, *(model.parameters() for model in models), strict=True)
    for weight, moved, told in pairs:
        if told.requires_grad:
            assert torch.equal(weight - told.grad, moved)


@every_way
@every_optimiser
@pytest.mark.parametrize("variant", ["gru", "lstm_deep", "rnn_scratch"])
def test_every_engine_trains_to_the_losses_of_the_variant_itself(variant, optimiser, way):
    run = running(variant=variant, optimiser=optimiser, num_epochs=20)
    own, other = started(run), started(run, partial(update.by, way, variant))
    for progress in (own, other):
        texts = split(TOKENS, run)
        progress.engine.model.optimiser = load("optimisers", optimiser).start()
        taken = partial(loop.steps, run, texts.train, progress)
        list(loop.epochs(run, texts.validation, progress, taken))
    for name in ("total_nats", "grad_norm", "validation_total_nats"):
        values = ([row[name] for row in p.curve if name in row] for p in (own, other))
        torch.testing.assert_close(*map(torch.tensor, values), rtol=2e-3, atol=0.0)


@every_optimiser
@pytest.mark.parametrize(
    ("variant", "engine"),
    [
        ("lstm_deep", "own"),
        ("gru_scratch", "own"),
        ("gru_scratch", "fastest"),
        ("mingru_deep", "fastest"),
    ],
)
def test_an_interrupted_run_ends_as_an_undisturbed_one(variant, engine, optimiser, tmp_path):
    run = running(variant=variant, engine=engine, optimiser=optimiser)
    undisturbed, interrupted = finish(run, tmp_path / "a"), started(run)
    interrupted.curve = Fuse(2)
    with pytest.raises(KeyboardInterrupt):
        finish(run, tmp_path / "b", progress=interrupted)
    assert lasting(run, finish(run, tmp_path / "b")) == lasting(run, undisturbed)


@needs_library
@pytest.mark.parametrize("variant", [RUN.variant, "mingru_deep", "indrnn"])
def test_adam_keeps_the_native_step_and_its_record_says_both(variant, tmp_path):
    run = running(variant=variant, optimiser="adam", engine="fastest")
    record, _ = lasting(run, finish(run, tmp_path / "saved"))
    assert (record["trained_by"], record["optimiser"]) == ("fused", "adam")
    plain, _ = lasting(RUN, finish(RUN, tmp_path / "plain"))
    assert not parameters.DEFAULTS.keys() & plain.keys()


def test_a_step_that_ignores_the_optimiser_is_refused():
    run = running(optimiser="adam")

    def ignoring(model, X, Y, state, clip_norm, rate):
        model.optimiser = load("optimisers", "sgd").start()
        return update.step(model, X, Y, state, clip_norm, rate)

    def engine(model):
        return update.Engine("ignoring", model, ignoring)

    tokens = split(TOKENS, run).train
    assert "followed" in agreement.refusal(run, tokens, VOCAB_SIZE, engine)
    plain = dataclasses.replace(run, optimiser="sgd")
    assert agreement.refusal(plain, tokens, VOCAB_SIZE, engine) == ""


def test_an_implementation_that_cannot_says_so():
    asked = running(optimiser="adam").demands
    found = presets.refusal("gru_scratch", "graphed", "cuda", "float32", **asked)
    assert found == "graphed can do optimiser sgd, and not adam"


def test_what_a_record_does_not_tell_is_the_default_of_the_configuration():
    row = RUN.as_row()
    assert not parameters.DEFAULTS.keys() & row.keys()
    assert RunConfig.from_strings(row) == RUN
    keys = schema.whole()["properties"]["runs"]["properties"]
    assert {name: keys[name]["default"] for name in parameters.DEFAULTS} == parameters.DEFAULTS
    assert parameters.DEFAULTS.keys() <= {*schema.whole()["optional"]}
