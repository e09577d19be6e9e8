"""Laws of training: the book's arithmetic, and a run that a kill does not change."""

import dataclasses
import math
import signal
import subprocess
import sys
import time
from itertools import cycle, pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import nn
from torch.nn.functional import cross_entropy

from rnnbench.audit.again.classes import TIMES
from rnnbench.base import presets
from rnnbench.base.errors import StudyError
from rnnbench.base.files import write_record
from rnnbench.base.parameters import RunConfig
from rnnbench.base.plugins import load, names
from rnnbench.tables import gather
from rnnbench.text.form import Form
from rnnbench.text.spelling import Spelling
from rnnbench.text.vocab import Vocab
from rnnbench.training import checkpoint, loop, reading, run_record, selection, update
from rnnbench.training.engines import choice
from rnnbench.training.model import LanguageModel
from rnnbench.training.progress import Progress, lost, split, start

SAMPLERS = names("samplers")


every_variant = pytest.mark.parametrize("variant", list(presets.table()))
every_sampler = pytest.mark.parametrize("sampler", SAMPLERS)
VOCAB_SIZE = 6
TOKENS = (np.arange(300) ** 2 % 7 % VOCAB_SIZE).astype(np.uint8)
RUN = RunConfig(
    machine="any",
    trial="grid",
    corpus="squares",
    token="char",
    variant="rnn",
    sampler="random_sampling",
    clip_norm=1.0,
    device="cpu",
    seed=1,
    batch_size=4,
    num_steps=5,
    hidden_size=8,
    learning_rate=1.0,
    num_epochs=4,
    train_tokens=200,
    validation_share=0.1,
    heldout_share=0.2,
    evaluate_every=2,
    patience=math.inf,
    engine="own",
)
LONG_RUN = dataclasses.replace(RUN, num_epochs=120)


def finish(run: RunConfig, saved: Path, digest: str = "d", progress=None, tokens=TOKENS):
    """Train as a job does, with a checkpoint after every epoch."""
    progress, texts = progress or start(run, VOCAB_SIZE), split(tokens, run)
    choice.choose(run, texts, progress)
    return loop.train(run, texts, progress, saved, digest, 0)


def lasting(run: RunConfig, progress: Progress) -> tuple[dict, list]:
    """All that is kept of a run, but for the time it took."""
    record = run_record.record(run, split(TOKENS, run), progress, "source")
    kept = {key: value for key, value in record.items() if not key.endswith(TIMES)}
    return kept, progress.curve


class Fuse(list):
    """A curve that interrupts the run when it would hold one more epoch."""

    def __init__(self, length: int):
        super().__init__()
        self.length = length

    def append(self, row: dict) -> None:
        if len(self) == self.length:
            raise KeyboardInterrupt
        super().append(row)


# Clipping

GRADIENTS = st.lists(
    st.lists(st.floats(-1e10, 1e10, width=32), min_size=1, max_size=5), min_size=1, max_size=3
)
THRESHOLDS = st.sampled_from([0.1, 1.0, 10.0, 1e12])


def with_gradients(gradients, dtype=torch.float32) -> nn.ParameterList:
    parameters = nn.ParameterList(torch.zeros(len(gradient)) for gradient in gradients).to(dtype)
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = torch.tensor(gradient, dtype=dtype)
    return parameters


def flat(parameters) -> torch.Tensor:
    return torch.cat([parameter.grad for parameter in parameters])


@given(GRADIENTS, THRESHOLDS)
def test_a_clipped_gradient_is_as_long_as_allowed_and_keeps_its_direction(gradients, clip_norm):
    parameters = with_gradients(gradients, torch.float64)
    before = flat(parameters)
    norm = float(update.clip_gradients(parameters, clip_norm))
    assert norm == pytest.approx(float(before.norm()), rel=1e-12)
    scale = min(1.0, clip_norm / norm) if norm else 1.0
    torch.testing.assert_close(flat(parameters), scale * before, rtol=1e-12, atol=1e-300)
    assert float(flat(parameters).norm()) <= clip_norm * (1 + 1e-12)


@given(GRADIENTS, THRESHOLDS)
def test_clipping_is_that_of_torch(gradients, clip_norm):
    own, library = (
        with_gradients(gradients, torch.float64),
        with_gradients(gradients, torch.float64),
    )
    norm = update.clip_gradients(own, clip_norm)
    library_norm = nn.utils.clip_grad_norm_(library.parameters(), clip_norm)
    torch.testing.assert_close(norm, library_norm)
    # torch divides by the norm + 1e-6
    torch.testing.assert_close(flat(own), flat(library), rtol=1e-4, atol=1e-6)


@given(GRADIENTS)
@pytest.mark.parametrize("scale", [1.0, 1e25])
def test_an_infinite_threshold_never_clips_and_still_measures(scale, gradients):
    parameters = with_gradients([[scale * value for value in part] for part in gradients])
    before = flat(parameters)
    norm = update.clip_gradients(parameters, math.inf)
    assert torch.equal(flat(parameters), before)
    assert float(norm) == pytest.approx(float(before.double().norm()), rel=1e-5) or norm.isinf()


# An epoch


def epoch_of_the_book(run, model, tokens, generator):
    """d2l 8.5.6 in plain torch; returns the summed loss and the gradient norms."""
    layer, output = model.layer, model.output
    sampler, total, norms = load("samplers", run.sampler), 0.0, []
    parameters, state = list(model.parameters()), None
    updater = torch.optim.SGD(parameters, lr=run.learning_rate)
    for X, Y in sampler.minibatches(tokens, run.batch_size, run.num_steps, generator):
        if run.sampler not in ("sequential_partition", "sequential_fixed"):
            state = None
        elif state is not None:
            state = (
                tuple(s.detach_() for s in state) if isinstance(state, tuple) else state.detach_()
            )
        hidden, state = layer(torch.eye(VOCAB_SIZE)[X], state)
        loss = cross_entropy(output(hidden.reshape(-1, hidden.shape[-1])), Y.reshape(-1))
        updater.zero_grad()
        loss.backward()
        norm = torch.sqrt(sum(torch.sum(p.grad**2) for p in parameters))
        for p in parameters:
            p.grad[:] *= run.clip_norm / norm if norm > run.clip_norm else 1
        updater.step()
        total, norms = total + float(loss.detach()) * Y.numel(), [*norms, float(norm)]
    return total, norms


@every_variant
@every_sampler
@pytest.mark.parametrize("clip_norm", [0.1, math.inf])
def test_an_epoch_is_the_loop_of_the_book(variant, sampler, clip_norm):
    run = dataclasses.replace(RUN, variant=variant, sampler=sampler, clip_norm=clip_norm)
    progress, by_hand = start(run, VOCAB_SIZE), start(run, VOCAB_SIZE)
    tokens = split(TOKENS, run).train
    row = loop.epoch(run, progress, loop.steps(run, tokens, progress))
    total, norms = epoch_of_the_book(run, by_hand.model, tokens, by_hand.generator)
    assert row["total_nats"] == pytest.approx(total, rel=1e-5)
    assert row["grad_norm_max"] == pytest.approx(max(norms), rel=1e-4)
    assert row["grad_norm"] == pytest.approx(np.median(norms), rel=1e-4)
    assert row["clipped_share"] == pytest.approx(np.mean(np.array(norms) > clip_norm))
    assert row["num_tokens"] == len(norms) * run.batch_size * run.num_steps
    for own, other in zip(progress.model.parameters(), by_hand.model.parameters(), strict=True):
        torch.testing.assert_close(own, other, rtol=1e-4, atol=1e-5)


@every_variant
def test_a_text_with_a_rule_is_learned(variant, tmp_path):
    run = dataclasses.replace(RUN, variant=variant, num_epochs=20)
    progress = finish(run, tmp_path / "checkpoint")
    nats = run_record.epoch_nats(progress.curve)
    assert min(nats[-5:]) < nats[0] - 0.05


# Held-out text


class Memoryless(nn.Module):
    """A layer without a state: the logits of a token depend on it alone."""

    num_layers, bidirectional, hidden_size = 1, False, VOCAB_SIZE

    def forward(self, inputs, state):
        return inputs, None


def text(num_tokens: int) -> torch.Tensor:
    return torch.from_numpy(np.resize(TOKENS, num_tokens).astype(np.int64))


@given(
    batch_size=st.sampled_from([1, 2, 3, 4, 6, 8, 12, 24]),
    num_steps=st.integers(1, 30),
)
def test_without_a_state_it_does_not_matter_how_a_text_is_cut(batch_size, num_steps):
    torch.manual_seed(1)
    model, tokens = LanguageModel(Memoryless(), VOCAB_SIZE).double(), text(24 + 1)
    with torch.no_grad():
        whole = cross_entropy(model(tokens[:-1, None])[0][:, 0], tokens[1:], reduction="sum")
    total, num_tokens = update.evaluate(model, tokens, batch_size, num_steps)
    assert (total, num_tokens) == (pytest.approx(float(whole), rel=1e-12), 24)


@every_variant
def test_the_state_is_carried_over_the_windows_of_a_part(variant):
    run = dataclasses.replace(RUN, variant=variant)
    model = start(run, VOCAB_SIZE).model.double()
    if model.leaky:
        pytest.skip("a leaky model reads to the end of its window, wherever that is")
    if not model.remembers:
        pytest.skip("a model without a state sees its window and nothing before")
    whole = update.evaluate(model, text(101), 4, 25)
    assert update.evaluate(model, text(101), 4, 7) == pytest.approx(whole, rel=1e-12)


@settings(max_examples=40)
@given(st.integers(2, 60), st.integers(1, 70), st.integers(1, 9))
def test_a_uniform_guess_costs_ln_v_a_token_and_nearly_all_tokens_count(
    num_tokens, batch_size, num_steps
):
    model = LanguageModel(Memoryless(), VOCAB_SIZE).double()
    for parameter in model.parameters():
        nn.init.zeros_(parameter)
    total, counted = update.evaluate(model, text(num_tokens), batch_size, num_steps)
    assert total == pytest.approx(counted * math.log(VOCAB_SIZE), rel=1e-12)
    assert num_tokens - 1 - batch_size < counted <= num_tokens - 1


@given(
    validation=st.floats(0.01, 0.4),
    heldout=st.floats(0.01, 0.4),
    train_tokens=st.one_of(st.just(math.inf), st.integers(25, 400)),
)
def test_a_text_is_training_then_validation_then_held_out_text(validation, heldout, train_tokens):
    shares = {"validation_share": validation, "heldout_share": heldout}
    texts = split(np.arange(300), dataclasses.replace(RUN, train_tokens=train_tokens, **shares))
    last = 300 - round(heldout * 300)
    first = last - round(validation * 300)
    assert texts.heldout.tolist() == list(range(last, 300))
    assert texts.validation.tolist() == list(range(first, last))
    assert texts.train.tolist() == list(range(min(train_tokens, first)))


def test_without_a_validation_part_the_heldout_part_validates_and_all_before_it_is_trained_on():
    texts = split(TOKENS, dataclasses.replace(RUN, validation_share=0.0, train_tokens=math.inf))
    assert texts.validation.tolist() == texts.heldout.tolist()
    assert texts.train.tolist() + texts.heldout.tolist() == TOKENS.tolist()


def test_an_infinite_number_of_train_tokens_is_all_before_the_validation_part():
    run = dataclasses.replace(RUN, train_tokens=math.inf)
    assert len(split(TOKENS, run).train) == 210


@pytest.mark.parametrize(
    "changes", [{"train_tokens": 24}, {"heldout_share": 0.95}, {"validation_share": 0.75}]
)
def test_a_text_shorter_than_a_minibatch_is_a_mistake_of_the_study(changes):
    with pytest.raises(StudyError, match="expected at least 25 tokens"):
        split(TOKENS, dataclasses.replace(RUN, **changes))


@pytest.mark.parametrize("share", [1e-4, 1 / 300])
@pytest.mark.parametrize("part", ["validation_share", "heldout_share"])
def test_a_part_without_a_token_to_predict_is_a_mistake_of_the_study(part, share):
    with pytest.raises(StudyError, match=part):
        split(TOKENS, dataclasses.replace(RUN, **{part: share}))


@given(num_epochs=st.integers(1, 40), every=st.integers(1, 50))
@settings(max_examples=30)
def test_evaluations_are_evenly_spaced_and_the_last_epoch_has_one(num_epochs, every):
    run = dataclasses.replace(RUN, num_epochs=num_epochs, evaluate_every=every)
    read = [epoch for epoch in range(1, num_epochs + 1) if run.evaluates(epoch)]
    assert read[-1] == num_epochs
    assert {later - earlier for earlier, later in pairwise([0, *read[:-1]])} <= {every}


# The best epoch

IMPATIENT = dataclasses.replace(RUN, num_epochs=60, evaluate_every=1, patience=3.0)
NOISE = np.random.default_rng(1).integers(0, VOCAB_SIZE, 300)  # what is learned of it is wrong


def scored(progress: Progress, run: RunConfig, part: str) -> float:
    """Total loss of the weights as they are over a part of the text."""
    tokens = getattr(split(NOISE, run), part)
    return update.evaluate(progress.model, tokens, run.batch_size, run.num_steps)[0]


@pytest.mark.parametrize("engine", ["own", "fastest"])
@pytest.mark.parametrize("variant", ["rnn", "lstm_deep"])
def test_a_run_that_loses_patience_has_the_weights_of_its_best_evaluation(
    variant, engine, tmp_path
):
    run = dataclasses.replace(IMPATIENT, variant=variant, engine=engine)
    progress = finish(run, tmp_path / "checkpoint", tokens=NOISE)
    best = selection.best(progress.curve)
    losses = [row["validation_total_nats"] for row in progress.curve]
    assert best["validation_total_nats"] == min(losses)
    assert scored(progress, run, "validation") == pytest.approx(min(losses), rel=1e-6)
    assert scored(progress, run, "heldout") == best["heldout_total_nats"]
    assert len(losses) == best["epoch"] + run.patience < run.num_epochs


def test_a_patient_run_trains_every_epoch_and_has_its_last_weights(tmp_path):
    run = dataclasses.replace(IMPATIENT, patience=math.inf)
    progress = finish(run, tmp_path / "checkpoint", tokens=NOISE)
    best = selection.best(progress.curve)
    assert len(progress.curve) == run.num_epochs > best["epoch"]
    assert scored(progress, run, "heldout") == progress.curve[-1]["heldout_total_nats"]
    impatient = dataclasses.replace(run, num_epochs=best["epoch"])
    there = finish(impatient, tmp_path / "other", tokens=NOISE)
    assert there.curve[-1]["heldout_total_nats"] == best["heldout_total_nats"]


def rows(*validation: float) -> list[dict]:
    good = {"total_nats": 1.0, "num_tokens": 1, "grad_norm_max": 1.0}
    read = [{} if math.isnan(v) else {"validation_total_nats": v} for v in validation]
    return [good | {"epoch": n} | row for n, row in enumerate(read, start=1)]


@given(st.lists(st.floats(1, 9), min_size=1, max_size=20), st.integers(1, 5))
def test_a_run_converged_if_its_patience_passed_behind_its_best_evaluation(losses, patience):
    run = dataclasses.replace(RUN, num_epochs=99, patience=float(patience))
    expected = len(losses) - 1 - losses.index(min(losses)) >= patience
    assert (selection.status(run, rows(*losses), VOCAB_SIZE) == "converged") == expected
    assert selection.ended(run, rows(*losses)) == expected


def test_a_patient_run_converged_if_its_best_evaluation_lies_far_enough_behind():
    run = dataclasses.replace(RUN, patience=math.inf)
    after = [2.0] * selection.SETTLED
    assert selection.status(run, rows(1.0, *after), VOCAB_SIZE) == "converged"
    assert selection.status(run, rows(1.0, *after[1:]), VOCAB_SIZE) == "unconverged"
    assert selection.status(run, rows(*[math.nan] * 30), VOCAB_SIZE) == "unconverged"


def test_a_run_that_is_resumed_after_its_best_epoch_still_ends_with_its_weights(tmp_path):
    run = dataclasses.replace(IMPATIENT, num_epochs=200)
    undisturbed = finish(run, tmp_path / "undisturbed", tokens=NOISE)
    best = selection.best(undisturbed.curve)["epoch"]
    interrupted = start(run, VOCAB_SIZE)
    interrupted.curve = Fuse(best + 1)
    with pytest.raises(KeyboardInterrupt):
        finish(run, tmp_path / "checkpoint", progress=interrupted, tokens=NOISE)
    resumed = finish(run, tmp_path / "checkpoint", tokens=NOISE)
    assert lasting(run, resumed) == lasting(run, undisturbed)


# Interruption


EACH = [*zip(presets.table(), cycle(SAMPLERS), strict=False)]  # variant and sampler, in turn


@pytest.mark.parametrize(("variant", "sampler"), EACH)
def test_an_interrupted_run_ends_as_an_undisturbed_one(variant, sampler, tmp_path):
    run = dataclasses.replace(RUN, variant=variant, sampler=sampler)
    undisturbed = finish(run, tmp_path / "undisturbed")
    interrupted = start(run, VOCAB_SIZE)
    interrupted.curve = Fuse(2)
    with pytest.raises(KeyboardInterrupt):
        finish(run, tmp_path / "checkpoint", progress=interrupted)
    resumed = start(run, VOCAB_SIZE)
    assert checkpoint.restore(tmp_path / "checkpoint", "d", resumed)
    assert len(resumed.curve) == 2
    assert resumed.train_seconds > 0
    resumed = finish(run, tmp_path / "checkpoint")
    assert lasting(run, resumed) == lasting(run, undisturbed)


def test_a_run_that_is_stopped_in_its_first_epoch_starts_anew_and_ends_the_same(tmp_path):
    run, stopped = dataclasses.replace(RUN, num_epochs=1), start(RUN, VOCAB_SIZE)
    stopped.curve = Fuse(0)
    with pytest.raises(KeyboardInterrupt):
        finish(run, tmp_path / "checkpoint", progress=stopped)
    assert not (tmp_path / "checkpoint").exists()
    resumed, undisturbed = (finish(run, tmp_path / name) for name in ("checkpoint", "other"))
    assert lasting(run, resumed) == lasting(run, undisturbed)


@pytest.fixture
def killed(tmp_path):
    """The checkpoint of a run whose process was killed in the middle of its work."""
    saved = tmp_path / "checkpoint"
    code = "import sys, test_train as t; t.finish(t.LONG_RUN, t.Path(sys.argv[1]))"
    with subprocess.Popen(
        [sys.executable, "-c", code, saved], cwd=Path(__file__).parent
    ) as process:
        while not saved.exists() and process.poll() is None:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    return saved


def test_a_killed_run_ends_as_an_undisturbed_one(killed, tmp_path):
    interrupted = start(LONG_RUN, VOCAB_SIZE)
    assert checkpoint.restore(killed, "d", interrupted)
    assert 0 < len(interrupted.curve) < LONG_RUN.num_epochs
    resumed, undisturbed = finish(LONG_RUN, killed), finish(LONG_RUN, tmp_path / "undisturbed")
    assert lasting(LONG_RUN, resumed) == lasting(LONG_RUN, undisturbed)


def test_a_finished_run_is_taken_up_as_it_is(tmp_path):
    first = finish(RUN, tmp_path / "checkpoint")
    again = finish(RUN, tmp_path / "checkpoint")
    assert lasting(RUN, again) == lasting(RUN, first)
    assert again.train_seconds == first.train_seconds


def test_a_checkpoint_of_another_digest_is_left_behind(tmp_path):
    other = dataclasses.replace(RUN, seed=2, num_epochs=2)
    finish(other, tmp_path / "checkpoint", "another")
    found, expected = finish(RUN, tmp_path / "checkpoint"), finish(RUN, tmp_path / "fresh")
    assert lasting(RUN, found) == lasting(RUN, expected)


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def truncated_early(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def scrambled(path: Path) -> None:
    path.write_bytes(bytes(255 - byte for byte in path.read_bytes()))


def without_facts(path: Path) -> None:
    save_file({"weight": torch.zeros(3)}, path)


@pytest.mark.parametrize(
    "spoil", [truncated, truncated_early, empty, scrambled, without_facts], ids=lambda f: f.__name__
)
def test_a_checkpoint_that_cannot_be_read_is_left_behind(spoil, tmp_path):
    finish(dataclasses.replace(RUN, num_epochs=2), tmp_path / "checkpoint")
    spoil(tmp_path / "checkpoint")
    found, expected = finish(RUN, tmp_path / "checkpoint"), finish(RUN, tmp_path / "fresh")
    assert lasting(RUN, found) == lasting(RUN, expected)


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 2},
        {"clip_norm": 2.0},
        {"num_epochs": 5},
        {"heldout_share": 0.3},
        {"validation_share": 0.2},
        {"patience": 3.0},
        {"variant": "gru"},
        {"engine": "fastest"},
        {"optimiser": "adam"},
    ],
)
def test_whatever_decides_a_run_decides_its_identity(changes):
    other = dataclasses.replace(RUN, **changes)
    progress = start(RUN, VOCAB_SIZE)
    by_another = dataclasses.replace(progress, engine=update.by("manual", "rnn", progress.model))

    def identity(run=RUN, tokens=TOKENS, progress=progress, source="source") -> str:
        return run_record.identity(run, split(tokens, run), progress, source)

    assert identity(tokens=TOKENS.copy()) == identity()
    assert identity(run=other) != identity()
    assert identity(source="edited") != identity()
    assert identity(progress=by_another) != identity()
    assert identity(tokens=TOKENS[::-1].copy()) != identity()


@every_variant
def test_stored_weights_are_read_back_bit_by_bit(variant, tmp_path):
    run = dataclasses.replace(RUN, variant=variant)
    model, other = (start(dataclasses.replace(run, seed=s), VOCAB_SIZE).model for s in (1, 2))
    checkpoint.write_weights(tmp_path / "weights.safetensors", model, run.as_row())
    assert checkpoint.read_weights(tmp_path / "weights.safetensors", other) == run.as_row()
    assert all(map(torch.equal, model.parameters(), other.parameters()))


def test_equal_weights_give_equal_bytes(tmp_path):
    for name in ("one", "other"):
        checkpoint.write_weights(tmp_path / name, start(RUN, VOCAB_SIZE).model, RUN.as_row())
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


# Status

LOW, HIGH = 1.0, math.log(VOCAB_SIZE) + 0.01
LOST = {
    "not a number": ([LOW] * 40 + [math.nan], True),
    "infinite": ([LOW] * 3 + [math.inf], True),
    "worse than a uniform guess": ([LOW] * 20 + [HIGH] * 20, True),
    "a uniform guess": ([math.log(VOCAB_SIZE)] * 40, False),
    "bad at first": ([HIGH] * 20 + [LOW] * 40, False),
    "single late jumps": ([LOW] * 30 + [9.0, LOW] * 5, False),
}


@pytest.mark.parametrize("case", LOST)
def test_a_run_diverged_by_its_training_loss_however_well_it_did_before(case):
    nats, lost = LOST[case]
    curve = [
        {"epoch": n, "total_nats": loss, "num_tokens": 1, "grad_norm_max": 1.0}
        for n, loss in enumerate(nats, start=1)
    ]
    curve[0]["validation_total_nats"] = LOW
    assert (selection.status(RUN, curve, VOCAB_SIZE) == "diverged") == lost


@every_variant
def test_a_diverging_run_is_a_row_and_not_an_error(variant, tmp_path):
    run = dataclasses.replace(
        RUN, variant=variant, learning_rate=1e30, clip_norm=math.inf, num_epochs=4
    )
    progress = finish(run, tmp_path / "checkpoint")
    record = run_record.record(run, split(TOKENS, run), progress, "source")
    text = reading.read(run, TOKENS, Vocab(tuple("abcdef"), (1,) * VOCAB_SIZE), 0)
    spelling = Spelling.of(TOKENS, text.vocab.tokens, run.token, Form(""), [])
    write_record(tmp_path / "record.json", record | text.totals(record, spelling))
    table = gather.gather("runs", [str(tmp_path / "record.json")], [])
    assert table.status.tolist() == ["diverged"]
    assert run_record.curve_table(run, progress).epoch.tolist()[-1] == record["epochs_done"]


def test_a_run_that_stops_for_an_infinite_gradient_has_diverged():
    progress = start(RUN, VOCAB_SIZE)
    row = {"epoch": 1, "total_nats": 100.0, "num_tokens": 100, "clipped_share": 0.0}
    progress.curve = [row | {"grad_norm_max": math.inf}]
    assert lost(progress.curve)
    record = run_record.record(RUN, split(TOKENS, RUN), progress, "source")
    assert record["status"] == "diverged"


def test_a_record_holds_totals_of_the_last_epoch_and_of_the_best_evaluation(tmp_path):
    progress = finish(RUN, tmp_path / "checkpoint")
    record = run_record.record(RUN, split(TOKENS, RUN), progress, "source")
    assert record["total_nats"] == progress.curve[-1]["total_nats"]
    best = selection.best(progress.curve)
    assert record["best_epoch"] == best["epoch"]
    for part in ("validation", "heldout"):
        assert record[f"{part}_total_nats"] == best[f"{part}_total_nats"]
    assert record["last_heldout_total_nats"] == progress.curve[-1]["heldout_total_nats"]
    assert record["num_parameters"] == sum(p.numel() for p in progress.model.parameters())
    assert record["initial_total_nats"] / record["initial_num_tokens"] == pytest.approx(
        math.log(VOCAB_SIZE), rel=0.1
    )


@pytest.mark.cuda
@every_variant
def test_a_gpu_learns_what_the_cpu_learns(variant, tmp_path):
    runs = [dataclasses.replace(RUN, variant=variant, device=d) for d in ("cpu", "cuda")]
    curves = [finish(run, tmp_path / run.device).curve for run in runs]
    for on_cpu, on_gpu in zip(*curves, strict=True):
        assert on_gpu["total_nats"] == pytest.approx(on_cpu["total_nats"], rel=1e-2)
