"""Cleaning as the book does it (d2l chapter 8.2), block by block: memory does not grow with a text.

Per line, every run of characters outside ``[A-Za-z]`` becomes one space, the ends are stripped,
letters are lower-cased. Lines end with ``\\n``, ``\\r\\n`` or ``\\r``. This is done on bytes, where
each character that goes consists of bytes that go.
"""

import codecs
import string
from collections.abc import Iterable, Iterator

import numpy as np

from rnnbench.base.errors import CorpusError

NEWLINE, SPACE = ord("\n"), ord(" ")  # both below every letter
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BLANKED = bytes(
    ord(chr(byte).lower()) if chr(byte) in "\n" + string.ascii_letters else SPACE
    for byte in range(256)
)


def clean(blocks: Iterable[bytes], name: str) -> Iterator[bytes]:
    r"""Yield the cleaned text of ``blocks``, cut anywhere: words between single spaces.

    Every line ends with ``\n``, the last one too; empty lines stay.

    Raises:
        CorpusError: empty, binary, not UTF-8, or without a letter a-z; ``name`` is in the message.
    """
    last, letters = NEWLINE, False
    for block in _squeezed(_unix_line_ends(_checked(blocks, name))):
        if block:
            last, letters = block[-1], letters or block.strip() != b""
            yield block
    if not letters:
        raise CorpusError(
            f"{name}: expected words of the letters a-z, found none. Everything else is dropped in "
            "cleaning: give a text in the Latin alphabet."
        )
    if last != NEWLINE:
        yield b"\n"


def _checked(blocks: Iterable[bytes], name: str) -> Iterator[bytes]:
    """Let text pass, and nothing else."""
    decoder, size, head = codecs.getincrementaldecoder("utf-8")(), 0, b""
    for block in blocks:
        head = (head + block)[: len(BYTE_ORDER_MARK) + 1]
        nul = block.find(b"\0")
        if nul >= 0:
            raise CorpusError(
                f"{name}: expected a UTF-8 text, found a NUL byte at byte {size + nul:,}: a binary "
                "file, or a text in UTF-16. Give a plain text file, saved as UTF-8."
            )
        _decode(decoder, block, size, name)
        size += len(block)
        yield block
    if head in (b"", BYTE_ORDER_MARK):
        raise CorpusError(f"{name}: expected a text, found an empty file. Give a file with words.")
    _decode(decoder, None, size, name)


def _decode(decoder: codecs.IncrementalDecoder, block: bytes | None, size: int, name: str) -> None:
    """Decode the block after ``size`` bytes, None at the end, where no character may be open."""
    held = decoder.getstate()[0]
    try:
        decoder.decode(block or b"", final=block is None)
    except UnicodeDecodeError as error:
        raise CorpusError(
            f"{name}: expected a UTF-8 text, found byte 0x{error.object[error.start]:02x} at byte "
            f"{size - len(held) + error.start:,} ({error.reason}). Save the text as UTF-8, for "
            "example: iconv -f LATIN1 -t UTF-8 OLD > NEW"
        ) from None


def _unix_line_ends(blocks: Iterable[bytes]) -> Iterator[bytes]:
    held = b""  # a carriage return waits to see what comes after it
    for block in blocks:
        block = held + block
        held = block[-1:] if block.endswith(b"\r") else b""
        yield block.removesuffix(held).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    yield b"\n" if held else b""


def _squeezed(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Lower the letters, keep line ends, and of all else one space, between two words of a line."""
    before, held = NEWLINE, b""  # a space waits to see whether a word comes after it
    for block in blocks:
        text = np.frombuffer(held + block.translate(_BLANKED), np.uint8)
        previous = np.concatenate([[np.uint8(before)], text[:-1]])
        text = text[(text != SPACE) | (previous > SPACE)]
        at_line_end = np.append(text[1:] == NEWLINE, False)
        clean = text[(text != SPACE) | ~at_line_end].tobytes()
        held = b" " if clean.endswith(b" ") else b""
        clean = clean.removesuffix(held)
        before = clean[-1] if clean else before
        yield clean
