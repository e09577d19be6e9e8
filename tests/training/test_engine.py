"""Laws of engines: another step, the same training, in the same weights."""

import dataclasses
import math
from functools import partial

import numpy as np
import pytest
import torch
from scipy import stats
from test_train import RUN, TOKENS, VOCAB_SIZE, Fuse, lasting

from rnnbench.base import presets
from rnnbench.base.errors import StudyError
from rnnbench.training import checkpoint, initial, loop, native, run_record, update
from rnnbench.training.engines import agreement, choice, layouts
from rnnbench.training.progress import Progress, split, start
from rnnbench.writing.decoders import greedy
from rnnbench.writing.trained import Reading

needs_library = pytest.mark.skipif(native.missing() is not None, reason=str(native.missing()))
ONE_LAYER = ["rnn", "gru", "lstm", "rnn_scratch", "gru_scratch", "lstm_scratch"]
COVERED = [*ONE_LAYER, "rnn_deep", "gru_deep", "lstm_deep"]
WAYS = [pytest.param("fused", marks=needs_library), "manual"]
every_covered = pytest.mark.parametrize("variant", COVERED)
every_way = pytest.mark.parametrize("way", WAYS)
FASTEST = dataclasses.replace(RUN, engine="fastest")


def started(run, engine_of=None) -> Progress:
    """A run before its first epoch, its engine chosen as jobs do, or the one that is given."""
    progress = start(run, VOCAB_SIZE)
    if engine_of is None:
        choice.choose(run, split(TOKENS, run), progress)
    else:
        progress.engine = engine_of(progress.model)
    return progress


def finish(run, saved, progress=None) -> Progress:
    progress = progress or started(run)
    return loop.train(run, split(TOKENS, run), progress, saved, "d", 0)


def curve(run, progress, tokens=TOKENS) -> list[dict]:
    texts = split(tokens, run)
    taken = partial(loop.steps, run, texts.train, progress)
    return list(loop.epochs(run, texts.validation, progress, taken))


# The choice


@needs_library
@pytest.mark.parametrize("variant", presets.table())
def test_the_fastest_is_the_native_step_but_in_two_directions_and_without_a_state(variant):
    progress = started(dataclasses.replace(FASTEST, variant=variant))
    recurrent = progress.model.remembers and not progress.model.leaky
    assert progress.engine.name == ("fused" if recurrent else presets.own(variant))


@every_covered
def test_without_a_native_step_backpropagation_written_out_trains(variant, monkeypatch, caplog):
    monkeypatch.setattr(native, "missing", lambda: "no compiler found at set-up")
    with caplog.at_level("INFO"):
        chosen = started(dataclasses.replace(FASTEST, variant=variant)).engine
    assert chosen.name == "manual"
    assert "not trained by fused: no compiler found" in caplog.text


@pytest.mark.parametrize("variant", ["rnn_relu", "lstm_bidirectional"])
def test_a_variant_that_no_engine_can_train_trains_itself(variant, monkeypatch, caplog):
    monkeypatch.setattr(native, "missing", lambda: "no compiler found at set-up")
    with caplog.at_level("INFO"):
        progress = started(dataclasses.replace(FASTEST, variant=variant))
    assert progress.engine == update.own(variant, progress.model)
    assert "not trained by manual" in caplog.text


def test_where_there_is_a_gpu_the_library_of_torch_trains():
    assert presets.FASTEST["cuda"] == ("torch_nn",)


@every_covered
def test_a_run_that_asks_for_its_own_step_has_it(variant):
    progress = started(dataclasses.replace(RUN, variant=variant))
    assert progress.engine == update.own(variant, progress.model)


def both_biases(name, variant, model):
    """A wrong engine: it trains torch.nn's second bias too."""
    wrong = update.by(name, variant, model)
    for parameter in wrong.model.parameters():
        parameter.requires_grad_(True)
    return wrong


@every_way
@pytest.mark.parametrize("variant", ["rnn_scratch", "gru_scratch", "lstm_scratch"])
def test_an_engine_with_a_bias_too_many_is_refused(variant, way):
    tokens = split(TOKENS, RUN).train
    run = dataclasses.replace(RUN, variant=variant)
    right, wrong = (partial(of, way, variant) for of in (update.by, both_biases))
    assert agreement.refusal(run, tokens, VOCAB_SIZE, right) == ""
    assert "gradient off by" in agreement.refusal(run, tokens, VOCAB_SIZE, wrong)


# What it trains


@pytest.mark.parametrize("variant", ONE_LAYER)
def test_choosing_an_engine_moves_no_weight_and_training_moves_those_of_the_model(variant):
    progress = start(dataclasses.replace(FASTEST, variant=variant), VOCAB_SIZE)
    drawn = initial.digest(progress.model)
    chosen = update.by("manual", variant, progress.model)
    assert initial.digest(progress.model) == drawn
    X = torch.from_numpy(TOKENS[:10].astype(np.int64)).view(5, 2)
    chosen.step(chosen.model, X, X, None, 1.0, 1.0)
    assert initial.digest(progress.model) != drawn
    torch.testing.assert_close(progress.model(X)[0], chosen.model(X)[0], rtol=1e-5, atol=1e-6)
    readings = (Reading.of(model, [[1, 2]]) for model in (progress.model, chosen.model))
    one, other = (greedy.decode(reading, 9) for reading in readings)
    assert one.tolist() == other.tolist()


@pytest.mark.parametrize("variant", ["rnn_scratch", "gru_scratch", "lstm_scratch"])
def test_the_bias_that_a_scratch_cell_lacks_stays_zero(variant):
    run = dataclasses.replace(FASTEST, variant=variant)
    progress = started(run)
    curve(run, progress)
    assert progress.engine.model.layer.bias_hh_l0.count_nonzero() == 0
    assert progress.engine.model.layer.bias_ih_l0.count_nonzero() > 0


def test_a_layer_that_torch_does_not_have_is_refused_with_words():
    model = start(dataclasses.replace(RUN, variant="lstm_bidirectional"), VOCAB_SIZE).model
    with pytest.raises(StudyError, match="one direction, found LSTM"):
        layouts.library(model)


@every_way
@every_covered
@pytest.mark.parametrize("clip_norm", [0.05, math.inf])
def test_ten_epochs_have_the_losses_and_norms_of_the_variant_itself(variant, way, clip_norm):
    run = dataclasses.replace(
        RUN, variant=variant, clip_norm=clip_norm, num_epochs=10, learning_rate=0.5
    )
    found = curve(run, started(run, partial(update.by, way, variant)))
    for mine, expected in zip(found, curve(run, started(run)), strict=True):
        assert mine["total_nats"] == pytest.approx(expected["total_nats"], rel=1e-5)
        assert mine["grad_norm_max"] == pytest.approx(expected["grad_norm_max"], rel=1e-3)
        assert mine["clipped_share"] == expected["clipped_share"]


@pytest.mark.parametrize("variant", ["gru", "lstm_scratch"])
def test_an_interrupted_run_ends_as_an_undisturbed_one(variant, tmp_path):
    run = dataclasses.replace(FASTEST, variant=variant)
    undisturbed, interrupted = finish(run, tmp_path / "undisturbed"), started(run)
    interrupted.curve = Fuse(2)
    with pytest.raises(KeyboardInterrupt):
        finish(run, tmp_path / "checkpoint", interrupted)
    assert checkpoint.restore(tmp_path / "checkpoint", "d", started(run))
    resumed = finish(run, tmp_path / "checkpoint")
    assert lasting(run, resumed) == lasting(run, undisturbed)


@every_covered
def test_the_record_names_what_trained_and_the_same_initial_weights(variant, tmp_path):
    runs = [dataclasses.replace(run, variant=variant) for run in (RUN, FASTEST)]
    texts = split(TOKENS, RUN)
    own, fastest = (
        run_record.record(run, texts, finish(run, tmp_path / run.engine), "source") for run in runs
    )
    assert (own["engine"], own["trained_by"]) == ("own", presets.own(variant))
    assert fastest["engine"] == "fastest"
    assert fastest["trained_by"] in presets.FASTEST["cpu"][:2]
    same = ("initial_weights_sha256", "initial_total_nats", "num_parameters", "num_layers")
    assert [own[key] for key in same] == [fastest[key] for key in same]


@every_covered
def test_stored_weights_of_an_engine_are_those_of_the_variant(variant, tmp_path):
    run = dataclasses.replace(FASTEST, variant=variant)
    progress, other = finish(run, tmp_path / "checkpoint"), start(run, VOCAB_SIZE).model
    checkpoint.write_weights(tmp_path / "weights", progress.model, run.as_row())
    assert checkpoint.read_weights(tmp_path / "weights", other) == run.as_row()
    assert initial.digest(other) == initial.digest(progress.model)


# The distribution of final perplexities

MARGIN = math.log(1.02)  # perplexities within 2 % count as the same
SEEDS = range(1, 7)
LETTERS = 20
# Rates at which rounding has begun to drive runs of the vanilla network apart when they end.
RATES = {"rnn": 1.2, "gru": 3.0, "lstm": 2.0}


def wordy(num_tokens: int) -> np.ndarray:
    """A text of forty words that come at random."""
    draw = np.random.Generator(np.random.PCG64(1)).integers
    words = [draw(LETTERS, size=draw(2, 7)) for _ in range(40)]
    return np.concatenate([words[draw(40)] for _ in range(num_tokens)])[:num_tokens]


def late_nats(run, engine_of) -> float:
    """Median of the late losses of a run that starts anew."""
    progress = start(run, LETTERS)
    progress.engine = engine_of(progress.model)
    return np.median(run_record.epoch_nats(curve(run, progress, wordy(600)))[-20:])


def differences(variant, engine_of, **changes) -> np.ndarray:
    """Of each seed, how much the log of the median late perplexity differs from the variant's."""
    sizes = {"hidden_size": 24, "num_steps": 20, "train_tokens": 450, "num_epochs": 50}
    found = []
    for seed in SEEDS:
        run = dataclasses.replace(
            RUN, variant=variant, learning_rate=RATES[variant], seed=seed, **sizes
        )
        other = dataclasses.replace(run, **changes)
        found.append(late_nats(other, engine_of) - late_nats(run, partial(update.own, variant)))
    return np.array(found)


def equivalent(found: np.ndarray) -> bool:
    """Two one-sided tests at 5 %: the mean of paired differences lies within the margin."""
    half = stats.t.ppf(0.95, len(found) - 1) * found.std(ddof=1) / math.sqrt(len(found))
    return abs(found.mean()) + half < MARGIN


@needs_library
@pytest.mark.parametrize("variant", RATES)
def test_the_fastest_engine_does_not_move_the_final_perplexities(variant):
    found = differences(variant, partial(update.by, "fused", variant))
    assert equivalent(found), found


@needs_library
def test_an_engine_that_trains_otherwise_does_move_them():
    found = differences("rnn", partial(update.by, "fused", "rnn"), learning_rate=0.6)
    assert not equivalent(found)
