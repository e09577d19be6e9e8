"""Laws of the tokenizers: what a token is, wherever a text is cut, and what lands on disk."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rnnbench.base.errors import StorageError
from rnnbench.text import tokens
from rnnbench.text.form import Form
from rnnbench.text.vocab import Vocab

BROKEN = Path("/proc/self/mem")  # its first bytes belong to nobody: an error of input

WORDS = st.one_of(
    st.text("ab", min_size=1, max_size=3),
    st.text("abcxyz", min_size=7, max_size=9),
    st.text("az", min_size=15, max_size=40),
)
LINES = st.lists(st.lists(WORDS, max_size=4).map(" ".join), max_size=12)
JOINS = st.sampled_from(["", " ", "b", "\n"])
SIZES = st.integers(1, 30)
every_token = pytest.mark.parametrize("token", tokens.CODERS)


def blocks(lines: list[str], size: int) -> list[bytes]:
    text = "".join(f"{line}\n" for line in lines).encode()
    return [text[start : start + size] for start in range(0, len(text), size)]


def tokenized(lines: list[str], token: str, line_join: str, size: int) -> list[str]:
    numbers, spelled = tokens.tokenize(blocks(lines, size), token, Form(line_join))
    assert len(set(spelled)) == len(spelled) == len(set(numbers.tolist()))
    return [spelled[number] for number in numbers.tolist()]


@given(LINES, JOINS, SIZES)
def test_a_line_end_ends_a_word_whatever_joins_the_lines(lines, line_join, size):
    expected = [word for line in lines for word in line.split()]
    assert tokenized(lines, "word", line_join, size) == expected


@given(LINES, SIZES)
def test_the_last_word_of_each_line_with_words_is_known(lines, size):
    expected = [at == 1 for line in lines for at in range(len(line.split()), 0, -1)]
    assert tokens.line_ends(blocks(lines, size)).tolist() == expected


@given(LINES, JOINS, SIZES)
def test_characters_are_those_of_the_lines_that_are_not_empty_and_of_their_joints(
    lines, line_join, size
):
    expected = list(line_join.join(line for line in lines if line))
    assert tokenized(lines, "char", line_join, size) == expected


@every_token
@given(lines=LINES, size=SIZES, min_freq=st.integers(0, 3))
def test_what_is_written_is_what_the_vocabulary_says(
    tmp_path_factory, token, lines, size, min_freq
):
    path = tmp_path_factory.mktemp("ids") / "tokens.npy"
    build = partial(Vocab.build, min_freq=min_freq)
    plain = tokenized(lines, token, " ", size)
    assume(plain)  # a corpus has a word at least
    vocab = tokens.write(path, blocks(lines, size), token, Form(), build)
    assert vocab == build(plain)
    ids = np.load(path, allow_pickle=False)
    assert ids.tolist() == vocab.encode(plain).tolist()
    assert ids.dtype == vocab.encode(plain).dtype
    assert list(path.parent.iterdir()) == [path]


def test_a_word_longer_than_a_block_is_one_word(tmp_path: Path):
    path = tmp_path / "long.txt"
    path.write_bytes(b"a" * (2 * tokens.BLOCK + 1) + b" b\n")
    numbers, spelled = tokens.tokenize(tokens.read(path), "word", Form())
    assert [len(spelled[number]) for number in numbers] == [2 * tokens.BLOCK + 1, 1]


@pytest.mark.skipif(not BROKEN.exists(), reason="needs a file that cannot be read: Linux's memory")
def test_a_text_that_cannot_be_read_is_told_as_such_and_not_as_what_is_written(tmp_path: Path):
    with pytest.raises(StorageError, match=f"{BROKEN}: expected to read .*error"):
        tokens.write(tmp_path / "tokens.npy", tokens.read(BROKEN), "word", Form(), Vocab.build)
    assert list(tmp_path.iterdir()) == []
