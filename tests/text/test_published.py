"""Texts as they are published: their tokens, their own parts, and models as in the literature."""

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from languages import c_source, chinese, german, russian
from test_train import RUN

from rnnbench.base.errors import CorpusError
from rnnbench.text import corpora, tokens
from rnnbench.text.closed import ClosedText
from rnnbench.text.corpora import Folders, ptb, tinyshakespeare
from rnnbench.text.form import TOKENS, Form
from rnnbench.text.ngrams import counts, models
from rnnbench.text.origins.folders import find_file
from rnnbench.text.spelling import Spelling
from rnnbench.text.vocab import Vocab
from rnnbench.training import loop, reading
from rnnbench.training.progress import split, start
from rnnbench.writing.trained import Writing, first_words

WORDS = st.lists(st.sampled_from(["der", "Bär", "мост", "橋", "<unk>"]), min_size=1, max_size=4)
PARTS = st.lists(st.lists(WORDS, min_size=1, max_size=4), min_size=3, max_size=3)
NONE = Folders(None, Path("nowhere"))
every_token = pytest.mark.parametrize("token", TOKENS)


def on_disk(name: str, sha256: str, file_name: str, prepare: Callable) -> Any:
    folders = Folders.from_environment()
    if find_file(sha256, file_name, folders) is None:
        pytest.skip(f"{file_name} is not on disk; set RNNBENCH_CORPORA to its folder")
    return prepare(name, {}, folders)


@pytest.fixture(scope="session")
def penn(prepare: Callable) -> Any:
    return on_disk("ptb", ptb.ZIP_SHA256, ptb.FILE_NAME, prepare)


@pytest.fixture(scope="session")
def shakespeare(prepare: Callable) -> Any:
    return on_disk("tinyshakespeare", tinyshakespeare.SHA256, tinyshakespeare.FILE_NAME, prepare)


def kneser_ney(text: Any, token: str, orders: list[int], **parts: float) -> dict[int, float]:
    """Order -> nats per held-out token of a model of all the training part."""
    form = Form.of(text.facts.as_row())
    numbered = tokens.tokenize(tokens.read(text.path), token, form)
    closed = ClosedText(
        *numbered, train_tokens=math.inf, min_freq=1, **(parts or form.shares(token))
    )
    spelling = Spelling.of(*numbered, token, form, [])
    rows = models.rows(closed, spelling, "kneser_ney", orders, {closed.train.stop: True})
    return {
        row["order"]: row["total_nats"] / row["scored_tokens"]
        for row in rows
        if row["split"] == "heldout"
    }


# As published


def test_the_penn_treebank_has_its_published_parts_and_words(penn: Any) -> None:
    assert penn.facts.splits["word"] == [929_589, 73_760, 82_430]
    read = tokens.tokenize(tokens.read(penn.path), "word", Form.of(penn.facts.as_row()))
    vocab = Vocab.build(read[1][number] for number in read[0])
    assert (len(vocab), vocab.num_types) == (10_000, 10_000)


def test_kneser_ney_on_the_penn_treebank_has_the_perplexities_of_the_literature(
    penn: Any,
) -> None:
    nats = kneser_ney(penn, "word", [3, 5])
    assert [round(math.exp(nats[order]), 2) for order in (3, 5)] == [148.38, 141.06]


def test_tiny_shakespeare_is_read_as_published(shakespeare: Any) -> None:
    read = tokens.tokenize(tokens.read(shakespeare.path), "char", Form(None))
    assert (len(read[0]), len(read[1])) == (1_115_394, 65)
    assert shakespeare.facts.splits["char"] == [1_003_854, 0, 111_540]


def test_kneser_ney_on_tiny_shakespeare_has_its_known_nats_per_character(
    shakespeare: Any,
) -> None:
    nats = kneser_ney(shakespeare, "char", [7])
    assert nats[7] == pytest.approx(1.5165, abs=5e-5)


# The record


def test_the_record_of_a_text_of_the_tutorial_has_the_keys_it_always_had(
    prepare: Callable,
) -> None:
    row = prepare("calibration", {}, Folders.from_environment()).facts.as_row()
    assert list(row) == [
        *("corpus", "source", "raw_sha256", "raw_bytes", "trimmed_bytes", "letters"),
        *("kept_letter_share", "line_join", "lines"),
    ]
    assert Form.of(row) == Form()


def test_a_record_tells_the_form_of_its_text(tmp_path: Path, prepare: Callable) -> None:
    (tmp_path / "my.txt").write_bytes("Öl\nund Tür\n".encode("latin-1"))
    entry = {"source": str(tmp_path / "my.txt"), "clean": "letters", "encoding": "latin-1"}
    entry |= {"lower_case": True, "eos": "</s>", "valid": 0.25, "test": 0.25}
    text = prepare("mine", {"mine": entry}, NONE)
    row = text.facts.as_row()
    assert text.path.read_text(encoding="utf-8") == "öl\nund tür\n"
    assert (row["encoding"], row["trimmed_bytes"], row["kept_letter_share"]) == ("latin-1", 0, 1)
    splits = {"word": [3, 1, 1], "char": [6, 2, 2], "byte": [6, 3, 3]}
    assert Form.of(row) == Form(" ", "</s>", "letters", True, splits)
    assert Form.of(row).cleaning == {"clean": "letters", "lower_case": True, "line_join": " "}


# Own parts


@every_token
@given(
    parts=PARTS,
    kind=st.sampled_from(["none", "letters"]),
    eos=st.sampled_from(["", "<eos>"]),
    last=st.sampled_from(["", "\n"]),
)
def test_parts_of_ones_own_are_trained_on_validated_and_held_out(
    tmp_path_factory, kind, token, parts, eos, last
):
    folder = tmp_path_factory.mktemp("parts")
    entry = {"clean": kind, "eos": eos, "line_join": "\n"}
    for key, lines in zip(("source", "valid", "test"), parts, strict=True):
        entry[key] = str(folder / f"{key}.txt")
        text = "\n".join(" ".join(line) for line in lines) + last
        Path(entry[key]).write_text(text, encoding="utf-8")
    path = folder / "mine.txt"
    form = Form.of(corpora.prepare("mine", {"mine": entry}, NONE, path).as_row())
    numbers, spelled = tokens.tokenize(tokens.read(path), token, form)
    text = ClosedText(numbers, spelled, train_tokens=math.inf, min_freq=0, **form.shares(token))
    found = [numbers[part].tolist() for part in (text.train, text.validation, text.heldout)]
    assert [len(part) for part in found] == form.splits[token]
    assert sum(map(len, found)) == len(numbers)
    if token == "word":
        marks = "" if kind == "none" else "<>"
        ends = [eos] if eos else []
        assert [[spelled[number] for number in part] for part in found] == [
            [word for line in lines for word in [*(word.strip(marks) for word in line), *ends]]
            for lines in parts
        ]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"clean": "book"}, "one of letters, none, tutorial as clean, not 'book'"),
        ({"lower_case": True}, "lower_case with a clean other than tutorial"),
        ({"encoding": "klingon"}, "an encoding that Python knows, such as latin-1, not 'klingon'"),
        ({"encoding": "hex"}, "an encoding that Python knows"),
        ({"encoding": 8}, "an encoding that Python knows"),
        ({"eos": "the end"}, "one word as eos, not 'the end'"),
        ({"valid": "v.txt"}, "two paths beside a path, or two shares .*, not 'v.txt' and None"),
        ({"valid": 0.5, "test": 0.5}, "two shares above 0 whose sum is below 1"),
        ({"valid": 0.1, "test": "t.txt"}, "as valid and test two paths"),
        ({"valid": 0.0, "test": 0.1}, "two shares above 0"),
    ],
)
def test_a_form_that_cannot_be_is_an_error_in_words(entry: dict, words: str) -> None:
    with pytest.raises(CorpusError, match=f"own_texts.mine: expected .*{words}"):
        corpora.find("mine", {"mine": {"source": "my.txt"} | entry})


def test_a_part_that_is_missing_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a text")
    entry = {"source": str(tmp_path / "a.txt"), "valid": "no/v.txt", "test": "no/t.txt"}
    with pytest.raises(CorpusError, match=r"found no file .*/no/v\.txt"):
        corpora.find("mine", {"mine": entry}).check()


# Words, characters, bytes


@given(PARTS, st.sampled_from(["", " ", "\n"]))
def test_words_characters_and_bytes_stand_for_the_same_characters_with_line_ends_too(parts, join):
    lines = [" ".join(line) for lines in parts for line in lines]
    form = Form(join, eos="</s>", clean="none")
    total = {}
    for token in TOKENS:
        written = ["\n".join(["", *lines, "", ""]).encode()]
        spelling = Spelling.of(*tokens.tokenize(written, token, form), token, form, written)
        assert spelling.line_ends is None
        total[token] = int(spelling.num_chars.sum())
    assert total["char"] == total["byte"] == len(join.join(lines))
    assert total["word"] == total["char"] + len(join)  # what joins the last line to nothing


def test_an_unknown_word_is_spelled_among_the_characters_of_its_text():
    written = ["Я мир\n".encode()]
    for form, symbols in ((Form(), 27), (Form(clean="letters"), 5)):
        spelling = Spelling.of(*tokens.tokenize(written, "word", form), "word", form, written)
        total = spelling.totals(slice(None), np.array([True, False]))
        assert total["spelling_nats"] == pytest.approx(2 * math.log(symbols))


def test_the_unk_of_a_text_is_a_word_that_is_known():
    numbers, spelled = np.array([0, 1, 0, 2]), ["<unk>", "of", "late"]
    text = ClosedText(numbers, spelled, 0.25, math.inf, 0)
    assert text.ids.tolist() == [0, 1, 0, 0]
    assert text.unknown.tolist() == [False, False, False, True]


@given(st.text(min_size=1))
def test_bytes_are_shown_as_the_characters_they_make(text):
    text = text.replace("\0", "")
    numbers, spelled = tokens.tokenize([text.encode()], "byte", Form(None))
    vocab = Vocab.build(spelled[number] for number in numbers)
    ids = vocab.encode(vocab.split(text, "byte"))
    assert bytes(ord(spelled[number]) for number in numbers) == text.encode()
    assert vocab.show(ids, "byte") == text


# Other languages


LANGUAGES = {
    "german": (german(200), "letters", "latin-1"),
    "russian": (russian(200), "letters", "koi8-r"),
    "chinese": (chinese(600), "none", "utf-16"),
    "c_source": (c_source(70), "none", "utf-8-sig"),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_of_any_script_is_counted_modelled_learned_and_written(
    language: str, tmp_path: Path, prepare: Callable
) -> None:
    raw, kind, encoding = LANGUAGES[language]
    (tmp_path / "my.txt").write_bytes(raw.encode(encoding))
    entry = {"source": str(tmp_path / "my.txt"), "clean": kind, "encoding": encoding}
    text = prepare("mine", {"mine": entry}, NONE)
    written, form = text.path.read_text(encoding="utf-8"), Form.of(text.facts.as_row())
    assert set(written) == (set(raw) if kind == "none" else {*filter(str.isalpha, raw), " ", "\n"})
    ids, vocab = numbered(text, form)
    kept = written if kind == "none" else written.strip().replace("\n", " ")
    assert (len(ids), set(vocab.tokens[1:])) == (len(kept), set(kept))
    pairs = counts.count(ids, 2, len(vocab))
    assert len(pairs.counts) == len({kept[at : at + 2] for at in range(len(kept) - 1)})
    nats = kneser_ney(text, "char", [1, 5], heldout_share=0.1)
    assert nats[5] < nats[1] / 2
    said = learned(ids, vocab, tmp_path / "checkpoint")
    pieces = [said[at : at + 5] for at in range(len(said) - 4)]
    assert np.mean([piece in kept for piece in pieces]) > 0.9


def numbered(text: Any, form: Form) -> tuple[np.ndarray, Vocab]:
    numbers, spelled = tokens.tokenize(tokens.read(text.path), "char", form)
    vocab = Vocab.build(spelled[number] for number in numbers)
    return vocab.encode(spelled)[numbers], vocab


def learned(ids: np.ndarray, vocab: Vocab, saved: Path) -> str:
    """What a model writes that was trained for a moment."""
    sizes = {"hidden_size": 64, "batch_size": 16, "num_steps": 20, "num_epochs": 20}
    shares = {"heldout_share": 0.1, "validation_share": 0.1, "train_tokens": math.inf}
    run = dataclasses.replace(RUN, variant="gru", sampler="sequential_partition", **sizes, **shares)
    read = reading.read(run, ids, vocab, 0)
    texts, progress = split(read.ids, run), start(run, len(vocab))
    torch.set_num_threads(1)
    loop.train(run, texts, progress, saved, "")
    (prefix, *_) = first_words(ids, vocab, "char")
    return Writing(vocab, "char", [prefix], 60).text(progress.model, prefix)
