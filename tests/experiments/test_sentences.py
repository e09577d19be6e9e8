"""Laws of whole-sentence minibatches: every character once, and nothing learnt from padding."""

import dataclasses
import io
import math
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pandas import DataFrame
from torch.nn.functional import cross_entropy

from rnnbench.base import csv_files, presets
from rnnbench.base.errors import StudyError
from rnnbench.base.parameters import RunConfig
from rnnbench.experiments import sentences
from rnnbench.report import figures
from rnnbench.report.claims import NOT_MEASURED, samplers
from rnnbench.tables import gather
from rnnbench.text.origins.folders import Raw
from rnnbench.text.vocab import Vocab
from rnnbench.training import update
from rnnbench.training.model import build

RAW = b"Who goes there?  It is\nI, said he.\n\nGood! And now -- to\r\nwork.\n"
VOCAB = Vocab.build("abcdefghijklmnopqrstuvwxyz ")
SPACE = int(VOCAB.encode(" ")[0])
lengths_of = st.lists(st.integers(1, 40), min_size=1, max_size=30).map(np.array)
every_order = pytest.mark.parametrize("order", sentences.ORDERS)


def generator(seed=1):
    return np.random.Generator(np.random.PCG64(seed))


def run(**changes):
    fields = {"machine": "box", "trial": "sentences", "corpus": "text", "token": "char"}
    fields |= {"variant": "rnn", "clip_norm": 1.0, "seed": 1}
    fields |= {"sampler": "sequential_partition", "device": "cpu", "batch_size": 2, "num_steps": 5}
    fields |= {"hidden_size": 4, "learning_rate": 1.0, "num_epochs": 1, "train_tokens": 40}
    fields |= {"validation_share": 0.1, "heldout_share": 0.3, "evaluate_every": 1}
    fields |= {"patience": math.inf, "engine": "own"}
    return RunConfig(**(fields | changes))


def test_sentences_end_at_their_marks_and_lines_at_their_ends():
    expected = ["who goes there", "it is i said he", "good", "and now to work"]
    assert sentences.units(RAW, "sentence", "text") == expected
    lines = ["who goes there it is", "i said he", "good and now to", "work"]
    assert sentences.units(RAW, "line", "text") == lines


@every_order
@given(lengths=lengths_of, batch_size=st.integers(1, 9), seed=st.integers(0, 99))
def test_an_epoch_holds_every_unit_once(order, lengths, batch_size, seed):
    groups = list(sentences.batches(lengths, batch_size, order, generator(seed)))
    assert sorted(np.concatenate(groups)) == list(range(len(lengths)))
    assert sorted(map(len, groups))[1:] == [batch_size] * (len(groups) - 1)


def test_each_character_is_predicted_once_from_the_ones_before_it():
    encoded = [VOCAB.encode(text).astype(int) for text in ("abc", "e")]
    X, Y = sentences.padded(encoded, SPACE)
    (a, b, c), (e,) = encoded
    assert X.T.tolist() == [[SPACE, a, b, c], [SPACE, e, 0, 0]]
    assert Y.T.tolist() == [[a, b, c, SPACE], [e, SPACE, -100, -100]]


@pytest.mark.parametrize("variant", ["rnn", "lstm_scratch"])
def test_padding_changes_neither_loss_nor_gradient(variant):
    """The loss of a padded minibatch is that of its units one by one, by their labels."""
    encoded = [VOCAB.encode(text).astype(int) for text in ("abcdefg", "hi", "j")]
    model = build(variant, len(VOCAB), 6, generator(), torch.float64)
    loss, _ = update.forward_backward(model, *sentences.padded(encoded, SPACE), None)
    together = [parameter.grad.clone() for parameter in model.parameters()]
    model.zero_grad()
    total, labels = 0, 0
    for ids in encoded:
        X, Y = sentences.padded([ids], SPACE)
        logits, _ = model(X)
        total = total + cross_entropy(logits.flatten(0, 1), Y.flatten(), reduction="sum")
        labels += Y.numel()
    (total / labels).backward()
    torch.testing.assert_close(loss, total.detach() / labels)
    for found, parameter in zip(together, model.parameters(), strict=True):
        torch.testing.assert_close(found, parameter.grad)


def test_the_share_of_padding_is_that_of_places_without_a_character():
    lengths = np.array([1, 3, 7, 7])
    pairs = [np.array([0, 2]), np.array([1, 3])]
    assert sentences.padding_share(lengths, pairs) == pytest.approx(1 - 22 / 32)
    assert sentences.padding_share(lengths, [np.array([2, 3])] * 2) == pytest.approx(1 - 22 / 32)
    alone = [np.array([i]) for i in range(4)]
    assert sentences.padding_share(lengths, alone) == 0


@given(lengths=lengths_of, seed=st.integers(0, 99))
def test_padding_is_what_the_labels_leave_out(lengths, seed):
    groups = list(sentences.batches(lengths, 4, "shuffled", generator(seed)))
    labels = [sentences.padded([np.ones(lengths[i], int) for i in g], SPACE)[1] for g in groups]
    masked = sum(int((Y == sentences.MASKED).sum()) for Y in labels)
    share = masked / sum(Y.numel() for Y in labels)
    assert sentences.padding_share(lengths, groups) == pytest.approx(share)


def test_units_by_length_waste_less():
    lengths = generator().integers(1, 200, size=400)
    waste = {
        order: sentences.padding_share(
            lengths, list(sentences.batches(lengths, 16, order, generator(2)))
        )
        for order in sentences.ORDERS
    }
    assert waste["bucketed"] < 0.2 * waste["shuffled"]


def test_the_text_is_cut_between_units_and_nothing_held_out_is_trained_on():
    found = ["abc", "de", "fghi", "jk", "lmno"]
    text = sentences.cut(found, VOCAB, run(train_tokens=8))
    assert "".join(VOCAB.decode(text.text)) == " abc de "
    assert "".join(VOCAB.decode(text.heldout)) == " jk lmno "  # 70 % of the text end within jk
    text = sentences.cut(found, VOCAB, run(train_tokens=1000))
    assert "".join(VOCAB.decode(text.text)) == " abc de fghi "


@given(
    lengths=st.lists(st.integers(1, 9), min_size=3, max_size=20),
    share=st.sampled_from([0.25, 0.5, 0.7]),
)
def test_every_unit_is_in_one_part_of_the_text_and_none_in_two(lengths, share):
    """One that ends where the held-out text begins is trained on."""
    found = [letter * n for letter, n in zip("abcdefghijklmnopqrst", lengths, strict=False)]
    whole = sum(lengths) + len(lengths)
    if lengths[0] + 1 > (0.9 - share) * whole:
        return
    text = sentences.cut(found, VOCAB, run(train_tokens=math.inf, heldout_share=share))
    texts = (text.text, text.validation, text.heldout)
    first, middle, last = ("".join(VOCAB.decode(part)).split() for part in texts)
    assert first + middle + last == found
    assert len("".join(first)) + len(first) <= (1 - share - 0.1) * whole
    assert len("".join(first + middle)) + len(first + middle) <= (1 - share) * whole


def test_a_text_whose_first_unit_is_too_long_cannot_be_cut():
    with pytest.raises(StudyError, match=r"no unit ends within the 3 characters .* first has 6"):
        sentences.cut(["abcdef", "g"] * 9, VOCAB, run(train_tokens=3))


ODD = {  # texts that lack a kind of unit
    "no full stops": (b"one line here\nand one there\n" * 9, "sentence"),
    "one line": (b"one line. and. no. other. " * 9, "line"),
    "neither": (b"acgt" * 99, "line"),
    "one word": (b"a", "sentence"),
}


@pytest.mark.parametrize(("raw", "unit"), ODD.values(), ids=ODD)
def test_what_a_text_lacks_is_a_row_with_its_reason(raw, unit, tmp_path):
    padding = list(sentences.padding_rows(raw, "text", [2], [1]))
    (row,) = [row for row in padding if row["unit"] == unit]
    assert row["reason"] == f"the text is a single {unit}" and row["units"] == 1
    runs = list(sentences.training_rows([run()], raw, [unit], VOCAB))
    assert [row["reason"].split(" the ")[0] for row in runs] == ["no unit ends within"]
    csv_files.write(tmp_path / "padding.csv", DataFrame(padding))
    csv_files.write(tmp_path / "sentences.csv", DataFrame(runs))
    parts = {name: [str(tmp_path / f"{name}.csv")] for name in ("padding", "sentences")}
    built = {
        name: stored(gather.gather(name, paths, []), tmp_path) for name, paths in parts.items()
    }
    assert figures.finding("sentences", built).startswith("No ")
    figures.draw("sentences", built)
    told = samplers.whole_sentences(built)
    assert told.verdict == NOT_MEASURED and "no unit ends within" in told.measured


def stored(table, folder):
    """A table after a trip through its file."""
    csv_files.write(folder / "table.csv", table)
    return csv_files.read(folder / "table.csv")


def test_every_way_is_trained_on_the_same_text():
    raw = b"Abc def gh. " * 20
    rows = list(sentences.training_rows([run(train_tokens=100)], raw, ["sentence"], VOCAB))
    assert [row["way"] for row in rows] == [*sentences.ORDERS, *sentences.SAMPLERS]
    whole, sampled = rows[:2], rows[2:]
    assert {row["num_tokens"] for row in whole} == {9 * 11}
    assert all(row["num_tokens"] <= 9 * 11 and row["padding_share"] == 0 for row in sampled)
    assert len({row["heldout_num_tokens"] for row in rows}) == 1


def test_a_row_on_sentences_names_every_parameter_of_its_run():
    runs = [run(train_tokens=100, hidden_size=size) for size in (3, 4)]
    rows = list(sentences.training_rows(runs, b"Abc def gh. " * 20, ["sentence"], VOCAB))
    sampler = runs[0].sampler  # the way stands in its place
    assert {RunConfig.from_strings(row | {"sampler": sampler}) for row in rows} == set(runs)


def test_a_training_on_sentences_ends_where_its_loss_is_lost_as_every_training_does():
    lost = run(learning_rate=3e38, clip_norm=math.inf, num_epochs=9, train_tokens=100)
    lost = dataclasses.replace(lost, variant="rnn_relu")
    for row in sentences.training_rows([lost], b"Abc def gh. " * 20, ["sentence"], VOCAB):
        assert row["status"] == "diverged" and row["epochs_done"] < 9


def test_a_training_step_that_knows_no_mask_is_refused(monkeypatch):
    by_hand = dataclasses.replace(presets.of("rnn"), implementation="manual")
    known = presets.table() | {"rnn_by_hand": by_hand}
    monkeypatch.setattr(presets, "table", lambda: known)
    with pytest.raises(StudyError, match=r"found rnn_by_hand\. Name rnn instead"):
        list(sentences.training_rows([run(variant="rnn_by_hand")], RAW, ["sentence"], VOCAB))


def test_a_long_text_is_read_up_to_a_line_end(tmp_path, monkeypatch):
    monkeypatch.setattr(sentences, "MOST_BYTES", 10)
    for text, beginning in (
        (b"ab cd\nef ghijk\n", b"ab cd\n"),
        (b"ab cd\nef", b"ab cd\nef"),
        (b"ab cd\nef g", b"ab cd\nef g"),
        (b"ab cd ef ghijk\n", b"ab cd ef "),
    ):
        assert sentences.head(Raw("", partial(io.BytesIO, text))) == beginning


def test_what_is_trimmed_off_a_text_is_no_part_of_its_sentences():
    def trim(blocks):
        return (block.strip(b"*") for block in blocks)

    assert sentences.head(Raw("", partial(io.BytesIO, b"*ab*cd"), trim=trim)) == b"ab*cd"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (b"ab cd ef ghijk", b"ab cd ef "),
        (b"abcdefghijk", b"abcdefghij"),
        ("abcdefghé".encode() * 2, b"abcdefgh"),
    ],
    ids=["words", "one word", "a letter of two bytes"],
)
def test_a_long_text_without_line_ends_is_cut_where_no_word_or_letter_is(text, kept, monkeypatch):
    monkeypatch.setattr(sentences, "MOST_BYTES", 9 if "é".encode() in text else 10)
    assert sentences.head(Raw("", partial(io.BytesIO, text))) == kept
