"""Cleaned text to integers, block by block: tokenizers (d2l chapter 8.2).

A coder numbers tokens as they come up, in no order that matters. It reads what
:mod:`rnnbench.text.cleanings` write, cut into blocks anywhere, and keeps the distinct tokens alone.
"""

import codecs
import math
import tempfile
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
import pandas as pd

from rnnbench.base import arrays
from rnnbench.base.files import READ, naming, replacing
from rnnbench.text.form import NEWLINE, SPACE, Form
from rnnbench.text.vocab import Vocab

BLOCK = 1 << 21  # bytes, or tokens, held at a time
WIDTH = 8  # bytes that are looked up as one integer
UNSEEN = 0xFFFFFFFF  # the number of a code point that has none
_MASKS = np.array([(1 << 8 * letters) - 1 for letters in range(WIDTH + 1)], np.uint64)


class Coder(Protocol):
    """Gives each distinct token a number, from 0."""

    @property
    @abstractmethod
    def spelled(self) -> list[str]:
        """Number -> token."""

    @abstractmethod
    def encode(self, blocks: Iterable[bytes]) -> Iterator[np.ndarray]:
        """Yield the numbers of the tokens, ``(N,)`` unsigned a block."""


class Words(Coder):
    """Words between white space; a line end always ends a word, whatever ``line_join`` is.

    Where the form has an ``eos``, that word stands at the end of every line.
    """

    def __init__(self, form: Form):
        self._end = f" {form.eos}\n".encode() if form.eos else b"\n"
        self._numbers: dict[bytes, int] = {}
        self._distinct = 1 << 10  # words seen at a time: what a hash table should have room for

    @property
    def spelled(self) -> list[str]:
        return [word.decode() for word in self._numbers]

    def encode(self, blocks: Iterable[bytes]) -> Iterator[np.ndarray]:
        for block in _whole_words(_ended(blocks)):
            yield self._encode(block.replace(b"\n", self._end))

    def _encode(self, block: bytes) -> np.ndarray:
        padded = b"\n" + block + b"\n" * 2 * WIDTH  # each word has an end, each start 16 bytes
        inside = np.frombuffer(padded, np.uint8) > SPACE
        edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1
        starts, ends = edges[::2], edges[1::2]
        integers = (ends - starts - 1) // WIDTH  # beyond the first, that a word fills
        numbers = np.empty(len(starts), np.uint32)
        for rows, number in (
            (np.flatnonzero(integers == 0), self._short),
            (np.flatnonzero(integers == 1), self._long),
            (np.flatnonzero(integers > 1), self._longer),
        ):
            numbers[rows] = number(padded, starts[rows], ends[rows])
        return numbers

    def _short(self, padded: bytes, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Number words of at most 8 letters, each read as one integer."""
        codes, words = self._factorize(padded, starts, ends)
        return self._numbered(words)[codes]

    def _long(self, padded: bytes, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Number words of 9 to 16 letters, each read as two integers."""
        heads, first = self._factorize(padded, starts, starts + WIDTH)
        tails, second = self._factorize(padded, starts + WIDTH, ends)
        codes, pairs = pd.factorize(heads * len(second) + tails)
        pairs = (divmod(pair, len(second)) for pair in pairs.tolist())
        return self._numbered([first[head] + second[tail] for head, tail in pairs])[codes]

    def _longer(self, padded: bytes, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Number words of any length, one by one."""
        spans = zip(starts.tolist(), ends.tolist(), strict=True)
        return self._numbered([padded[start:end] for start, end in spans])

    def _factorize(
        self, padded: bytes, starts: np.ndarray, ends: np.ndarray
    ) -> tuple[np.ndarray, list[bytes]]:
        """A code for each span of 1 to 8 letters, and code -> letters."""
        eights = np.ndarray(len(padded) - WIDTH + 1, "<u8", padded, strides=(1,))
        integers = eights[starts] & _MASKS[ends - starts]
        codes, distinct = pd.factorize(integers, size_hint=self._distinct)
        self._distinct = max(len(distinct), 1 << 10)
        return codes, distinct.astype("<u8").view(f"S{WIDTH}").tolist()

    def _numbered(self, words: list[bytes]) -> np.ndarray:
        known = self._numbers
        numbers = (known.setdefault(word, len(known)) for word in words)
        return np.fromiter(numbers, np.uint32, len(words))


class Chars(Coder):
    """Characters of all non-empty lines, put together with ``line_join`` between them.

    The book joins with nothing, which glues the last word of a line to the first of the next.
    Where ``line_join`` is None, they are the characters of the text as it is.
    """

    codes = 0x110000  # that there are

    def __init__(self, form: Form):
        self._join = None if form.line_join is None else form.line_join.encode("ascii")
        self._numbers = np.full(self.codes, UNSEEN, np.uint32)
        self._seen: list[int] = []

    @property
    def spelled(self) -> list[str]:
        return [chr(code) for code in self._seen]

    def encode(self, blocks: Iterable[bytes]) -> Iterator[np.ndarray]:
        for codes in self._codes(blocks if self._join is None else self._joined(blocks)):
            fresh = np.unique(codes[self._numbers[codes] == UNSEEN])
            self._numbers[fresh] = np.arange(len(fresh)) + len(self._seen)
            self._seen += fresh.tolist()
            yield self._numbers[codes]

    def _codes(self, blocks: Iterable[bytes]) -> Iterator[np.ndarray]:
        decoder = codecs.getincrementaldecoder("utf-8")()
        for block in blocks:
            yield np.frombuffer(decoder.decode(block).encode("utf-32-le"), "<u4")

    def _joined(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """Put ``line_join`` between two lines, however many empty ones are between them."""
        begun, held = False, b""  # a line end waits to see whether a line comes after it
        for block in blocks:
            text = (held + block) if begun else block.lstrip(b"\n")
            while b"\n\n" in text:
                text = text.replace(b"\n\n", b"\n")
            held = b"\n" if text.endswith(b"\n") else b""
            text = text.removesuffix(held)
            begun = begun or bool(text)
            yield text.replace(b"\n", self._join or b"")


class Bytes(Chars):
    """Bytes of the characters, each spelled as the character whose code point it is."""

    codes = 0x100

    def _codes(self, blocks: Iterable[bytes]) -> Iterator[np.ndarray]:
        return (np.frombuffer(block, np.uint8) for block in blocks)


CODERS: dict[str, Callable[[Form], Coder]] = {"word": Words, "char": Chars, "byte": Bytes}


def read(path: str | Path, end: float = math.inf) -> Iterator[bytes]:
    """Yield the first ``end`` bytes of a file in blocks."""
    with naming(path, READ), Path(path).open("rb") as file:
        while block := file.read(int(min(BLOCK, end - file.tell()))):
            yield block


def count(blocks: Iterable[bytes], token: str, form: Form) -> int:
    """Number of the tokens of a text."""
    return sum(map(len, CODERS[token](form).encode(blocks)))


def tokenize(blocks: Iterable[bytes], token: str, form: Form) -> tuple[np.ndarray, list[str]]:
    """All of a text at once: the number of each token, ``(N,)`` unsigned, and number -> token."""
    coder = CODERS[token](form)
    parts = list(coder.encode(blocks))
    return np.concatenate([np.empty(0, np.uint8), *parts]), coder.spelled


def line_ends(blocks: Iterable[bytes]) -> np.ndarray:
    """Whether each word of a text is the last of its line, ``(N,)``."""
    text = np.frombuffer(b"".join([b"\n", *blocks, b"\n"]), np.uint8)
    inside = text > SPACE
    starts = np.flatnonzero(inside[1:] & ~inside[:-1]) + 1
    lines = np.cumsum(text == NEWLINE)[starts]  # that begin before each word
    return np.append(lines[1:] > lines[:-1], np.ones(min(len(lines), 1), bool))


def write(
    path: str | Path,
    blocks: Iterable[bytes],
    token: str,
    form: Form,
    vocab_of: Callable[[dict[str, int]], Vocab],
) -> Vocab:
    """Write the vocabulary's index of each token to ``path``, a NumPy array ``(N,)``.

    The text is read once: the coder's numbers wait in a file beside ``path`` until all tokens are
    counted and ``vocab_of`` has ordered them. Memory holds the distinct tokens and one block.

    Args:
        path: in a folder that is there.
        blocks: the cleaned text.
        token: what is numbered, one of CODERS.
        form: of the text.
        vocab_of: token -> occurrences, to a vocabulary.
    """
    coder, counts = CODERS[token](form), np.zeros(0, np.int64)
    with naming(path), tempfile.TemporaryFile(dir=Path(path).parent) as waiting:
        for numbers in coder.encode(blocks):
            waiting.write(numbers.astype(np.uint32).data)
            more = np.bincount(numbers, minlength=len(counts))
            more[: len(counts)] += counts
            counts = more
        spelled = coder.spelled
        vocab = vocab_of(dict(zip(spelled, counts.tolist(), strict=True)))
        _renumber(waiting, vocab.encode(spelled), int(counts.sum()), path)
    return vocab


def _renumber(waiting: BinaryIO, indices: np.ndarray, num_tokens: int, path: str | Path) -> None:
    """Read uint32 numbers back and write the index of each, ``indices[number]``."""
    waiting.seek(0)
    with replacing(path) as temporary, temporary.open("wb") as written:
        arrays.write_header(written, indices.dtype, (num_tokens,))
        while len(numbers := np.fromfile(waiting, np.uint32, BLOCK // 4)):
            written.write(indices[numbers].tobytes())


def _ended(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """End the last line, if it is not."""
    last = b"\n"
    for block in blocks:
        last = block[-1:] or last
        yield block
    yield b"" if last == b"\n" else b"\n"


def _whole_words(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Cut the blocks anew, at white space."""
    rest = b""
    for block in blocks:
        cut = max(block.rfind(b" "), block.rfind(b"\n")) + 1
        if cut:
            yield rest + block[:cut]
            rest = block[cut:]
        else:
            rest += block
    yield rest
