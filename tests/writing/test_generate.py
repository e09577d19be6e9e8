"""Laws of the generated text, for every variant."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from rnnbench.__main__ import main
from rnnbench.base import presets
from rnnbench.base.errors import CorpusError, RecordError
from rnnbench.base.parameters import RunConfig
from rnnbench.base.plugins import load, names
from rnnbench.tables import gather
from rnnbench.text.form import Form
from rnnbench.text.vocab import Vocab
from rnnbench.training import checkpoint, initial
from rnnbench.training.model import build
from rnnbench.training.progress import start
from rnnbench.writing import command, decoders
from rnnbench.writing import trained as generate
from rnnbench.writing.decoders import greedy
from rnnbench.writing.trained import Reading, Trained

VARIANTS = list(presets.table())
VOCAB = Vocab.build("the time traveller for so it will be convenient to speak of him")
PREFIX = "time traveller"


@pytest.fixture(params=VARIANTS)
def model(request):
    """Weights larger than a run starts with, so that what is read decides what is written."""
    generator = np.random.Generator(np.random.PCG64(1))
    model = build(request.param, len(VOCAB), 16, generator)
    initial.draw(model, 2, initial.uniform, generator)
    return model


def written(model, prefix=PREFIX, num_tokens=10):
    """The tokens of the prefix and of what comes after it."""
    ids = VOCAB.encode(prefix).tolist()
    (found,) = greedy.decode(Reading.of(model, [ids]), num_tokens)
    return [*ids, *found.tolist()]


@pytest.mark.parametrize("num_tokens", [0, 1, 10])
def test_a_text_begins_with_its_prefix_and_has_the_length_asked_for(model, num_tokens):
    tokens = written(model, num_tokens=num_tokens)
    assert "".join(VOCAB.decode(tokens))[: len(PREFIX)] == PREFIX
    assert len(tokens) == len(PREFIX) + num_tokens
    assert set(tokens) <= set(range(len(VOCAB)))


def test_a_text_is_written_the_same_again(model):
    assert written(model) == written(model)


@torch.no_grad()
def test_the_state_after_a_prefix_holds_its_first_letter(model):
    ids = [VOCAB.encode(text).tolist() for text in ("time", "lime")]
    _, state = model(torch.tensor(ids).T)
    for part in state if isinstance(state, tuple) else (state,):
        assert not torch.equal(part[..., 0, :], part[..., 1, :])


@torch.no_grad()
def test_warming_up_letter_by_letter_is_feeding_the_whole_prefix(model):
    if model.leaky:
        pytest.skip("a leaky model has no state that a later letter could start from")
    tokens, state = VOCAB.encode(PREFIX).tolist(), None
    logits, state = model(torch.tensor(tokens)[:, None])
    for _ in range(10):
        tokens.append(int(logits[-1, 0].argmax()))
        logits, state = model(torch.tensor([[tokens[-1]]]), state)
    assert written(model) == tokens


def test_not_a_number_is_a_text_and_not_a_crash(model):
    with torch.no_grad():
        model.output.weight.fill_(torch.nan)
    assert written(model, num_tokens=3)[-3:] == [0, 0, 0]


@pytest.mark.parametrize(
    ("logits", "expected"),
    [
        ([1.0, 3.0, 2.0], 1),
        ([3.0, 3.0, 2.0], 0),
        ([torch.nan, -5.0, -7.0], 1),
        ([torch.nan, torch.inf, 5.0], 1),
        ([-torch.inf, -1e30, -torch.inf], 1),
        ([torch.nan, torch.nan], 0),
    ],
)
def test_the_most_probable_token_has_the_largest_number(logits, expected):
    model = build("rnn", len(logits), 2, np.random.Generator(np.random.PCG64(1)))
    with torch.no_grad():
        model.output.weight.zero_()
        model.output.bias.copy_(torch.tensor(logits))
    assert greedy.decode(Reading.of(model, [[0]]), 1).tolist() == [[expected]]


def test_characters_that_the_vocabulary_lacks_are_shown_as_unknown(model):
    text = generate.Writing(VOCAB, "char", ["t!me"], 2).text(model, "t!me")
    assert text.startswith("t<unk>me")


def test_rows_name_the_stage_and_the_prefix(model):
    writing = generate.Writing(VOCAB, "char", ["time", "traveller"], 3)
    rows = writing.rows("untrained", model)
    expected = [("untrained", p, writing.text(model, p)) for p in ("time", "traveller")]
    assert [(row["stage"], row["prefix"], row["text"]) for row in rows] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("call me ishmael some years ago", ["call me", "me"]),
        ("time time time", ["time time", "time"]),
        ("ishmael", ["ishmael"]),
        ("acgt" * 50, ["acgt" * 10]),
        ("acgt" * 15 + " " + "tgca" * 15, ["acgt" * 10 + " " + "tgca" * 10, "tgca" * 10]),
    ],
)
@pytest.mark.parametrize("token", ["char", "word"])
def test_a_text_begins_as_the_first_words_of_what_was_read(text, expected, token):
    tokens = Vocab.split(text, token)
    vocab = Vocab.build(tokens)
    assert generate.first_words(vocab.encode(tokens), vocab, token) == expected


def test_a_table_of_no_texts_is_empty():
    assert gather.gather("texts", [], []).empty


@torch.no_grad()
def test_texts_read_side_by_side_are_read_as_alone(model):
    """And rows may be taken in any order, and more than once."""
    ids = [VOCAB.encode(text).tolist() for text in ("time", "lime", "mile")]
    both = Reading.of(model, ids).rows(np.array([2, 0, 0])).then(np.array([1, 2, 3]))
    for at, (row, token) in enumerate([(2, 1), (0, 2), (0, 3)]):
        alone = Reading.of(model, [[*ids[row], token]])
        np.testing.assert_allclose(both.logits[at], alone.logits[0], atol=1e-5)


@torch.no_grad()
def test_nats_of_a_text_are_those_of_one_forward_pass(model):
    if model.leaky:
        pytest.skip("a leaky model reads a text otherwise as a whole")
    prefix, text = VOCAB.encode("time ").tolist(), VOCAB.encode("traveller").tolist()
    logits, _ = model(torch.tensor([*prefix, *text])[:-1, None])
    expected = torch.nn.functional.cross_entropy(
        logits[len(prefix) - 1 :, 0].double(), torch.tensor(text), reduction="sum"
    )
    found = decoders.nats(Reading.of(model, [prefix]), np.array([text]))
    np.testing.assert_allclose(found, [float(expected)], rtol=1e-5)


GREEDY = ("--decoder", "greedy")
RUN = RunConfig(
    **{"machine": "here", "trial": "grid", "corpus": "made_up", "token": "char"},
    **{"variant": "gru", "sampler": "random_sampling", "engine": "own"},
    **{"clip_norm": float("inf"), "device": "cpu", "seed": 3, "batch_size": 2, "num_steps": 5},
    **{"hidden_size": 8, "learning_rate": 1.0, "num_epochs": 1, "train_tokens": float("inf")},
    **{"validation_share": 0.1, "heldout_share": 0.1, "evaluate_every": 1},
    **{"patience": math.inf},
)


@pytest.fixture
def run_folder(tmp_path):
    """What a run leaves for those who write with it; its weights are not those it began with."""
    model = start(RUN, len(VOCAB)).model
    with torch.no_grad():
        model.output.weight.mul_(20)
    facts = RUN.as_row() | {"vocab": VOCAB.tokens}
    checkpoint.write_weights(tmp_path / "weights.safetensors", model, facts)
    return tmp_path


def test_weights_bring_all_that_is_needed_to_write_with_them(run_folder):
    trained = Trained.read(run_folder / "weights.safetensors")
    assert (trained.run, trained.vocab.tokens) == (RUN, VOCAB.tokens)
    before = generate.untrained(RUN, len(VOCAB))
    assert initial.digest(before) == initial.digest(start(RUN, len(VOCAB)).model)
    assert torch.equal(trained.model.output.weight, 20 * before.output.weight)


def test_weights_of_something_else_are_told(tmp_path):
    path = tmp_path / "weights.safetensors"
    checkpoint.write_weights(path, torch.nn.Linear(2, 2), {"digest": "d"})
    with pytest.raises(RecordError, match="expected the weights of a training run"):
        Trained.read(path)
    path.write_bytes(b"no weights")
    with pytest.raises(RecordError, match="expected weights, found"):
        Trained.read(path)


def test_the_command_cleans_its_prefix_and_prints_what_the_suite_writes(run_folder, capsys):
    assert main(["generate", str(run_folder), "Time!", "--num-tokens", "10", *GREEDY]) == 0
    model = Trained.read(run_folder / "weights.safetensors").model
    expected = generate.Writing(VOCAB, "char", [], 10).text(model, "time")
    assert capsys.readouterr() == (f"{expected}\n", "")


def test_the_command_draws_from_its_seed_unless_told_otherwise(run_folder, capsys):
    asked = [str(run_folder), "time", "--seed"]
    said = []
    for seed in ("3", "3", "4"):
        assert main(["generate", *asked, seed]) == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1] != said[2]
    assert len(said[0].replace("<unk>", "?")) == len("time") + 200 + 1


def test_characters_that_the_run_does_not_know_are_told(run_folder, capsys):
    assert main(["generate", str(run_folder), "quiz"]) == 0
    assert "read as <unk>: 'q' 'u' 'z'." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["{}/none", "a"], "expected the folder of a run"),
        (["{}/..", "a"], "expected weights.safetensors"),
        (["{}", ""], "prefix: expected a text, found an empty file"),
        (["{}", "a", "--decoder", "pie"], "there are beam, greedy"),
        (["{}", "4!"], "prefix: expected words of the letters a-z"),
        (["{}", "a", "--decoder", "beam"], "expected width, found no setting"),
        (["{}", "a", "--width", "1"], "expected alpha, found alpha and width"),
        (["{}", "a", "--decoder", "sampling", "--alpha", "nan"], "found nan"),
        (["{}", "a", "--decoder", "beam", "--width", "inf"], "a whole number"),
        (["{}", "a", "--num-tokens", "0"], "expected at least 1"),
        (["{}", "a", "--seed", "-1"], "from 0 to 2^63 - 1, found -1"),
        (["{}", "a", "--seed", str(2**63)], "from 0 to 2^63 - 1, found 9223372036854775808"),
    ],
)
def test_a_mistake_at_the_command_line_is_one_line(run_folder, arguments, said, capsys):
    assert main(["generate", *(part.format(run_folder) for part in arguments)]) == 2
    out, error = capsys.readouterr()
    assert out == "" and error.count("\n") == 1 and said in error


def test_every_setting_of_a_decoder_is_an_option(capsys):
    with pytest.raises(SystemExit):
        main(["generate", "--help"])
    said = capsys.readouterr().out
    for name in names("decoders"):
        assert name in said
        assert all(f"--{key} " in said for key in load("decoders", name).SETTINGS)


def test_a_run_on_words_reads_and_writes_words(tmp_path, capsys):
    vocab = Vocab.build(["time", "traveller", "for", "so", "it"])
    run = dataclasses.replace(RUN, token="word")
    facts = run.as_row() | {"vocab": vocab.tokens}
    model = start(run, len(vocab)).model
    checkpoint.write_weights(tmp_path / "weights.safetensors", model, facts)
    assert main(["generate", str(tmp_path), "time traveller", "--num-tokens", "3", *GREEDY]) == 0
    written = capsys.readouterr().out.split()
    assert written[:2] == ["time", "traveller"] and len(written) == 5
    assert set(written) <= set(vocab.tokens)
    text = generate.Writing(vocab, "word", [], 3).text(model, "time traveller")
    assert text.split() == written


@pytest.mark.parametrize(
    ("form", "read"),
    [
        (Form(), "gr e aus"),
        (Form(clean="letters", lower_case=True), "größe aus"),
        (Form(None, clean="none"), "Größe:\n aus"),
    ],
)
def test_a_prefix_is_cleaned_as_the_text_of_its_run(form, read):
    assert command._cleaned("Größe:\n aus", form) == read
    with pytest.raises(CorpusError, match="prefix: expected a UTF-8 text, found byte 0xff"):
        command._cleaned("\udcff", form)
