"""The bytes of a file to UTF-8, block by block; what is no text is refused."""

import codecs
from collections.abc import Iterable, Iterator

from rnnbench.base.errors import CorpusError

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
UTF_8 = "utf-8"


def utf8(blocks: Iterable[bytes], encoding: str, name: str) -> Iterator[bytes]:
    """Yield the text of ``blocks``, cut anywhere, as UTF-8; a UTF-8 text as it is.

    Raises:
        CorpusError: empty, binary, or not in ``encoding``; ``name`` is in the message.
    """
    decoder, size, head = codecs.getincrementaldecoder(encoding)(), 0, b""
    for block in blocks:
        _no_nul(block, size, encoding, name)
        text = _decoded(decoder, block, size, encoding, name)
        size += len(block)
        head = (head + text)[: len(BYTE_ORDER_MARK) + 1]
        yield block if encoding == UTF_8 else text
    text = _decoded(decoder, None, size, encoding, name)
    if head + text in (b"", BYTE_ORDER_MARK):
        raise CorpusError(f"{name}: expected a text, found an empty file. Give a file with words.")
    yield b"" if encoding == UTF_8 else text


def without_mark(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Take a byte order mark off the beginning."""
    head: bytes | None = b""  # waits to see whether it is one
    for block in blocks:
        if head is None:
            yield block
        elif len(head := head + block) >= len(BYTE_ORDER_MARK):
            yield head.removeprefix(BYTE_ORDER_MARK)
            head = None
    yield head or b""


def unix_line_ends(blocks: Iterable[bytes]) -> Iterator[bytes]:
    r"""End lines with ``\n`` that ended with ``\r\n`` or ``\r``."""
    held = b""  # a carriage return waits to see what comes after it
    for block in blocks:
        block = held + block
        held = block[-1:] if block.endswith(b"\r") else b""
        yield block.removesuffix(held).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    yield b"\n" if held else b""


def _no_nul(block: bytes, size: int, encoding: str, name: str) -> None:
    """Refuse a NUL in what has none as a text."""
    wide = codecs.lookup(encoding).name.startswith(("utf-16", "utf-32"))
    nul = -1 if wide else block.find(b"\0")
    if nul >= 0:
        raise CorpusError(
            f"{name}: expected a text in {encoding}, found a NUL byte at byte {size + nul:,}: a "
            "binary file, or a text in UTF-16. Give a plain text file, saved as UTF-8, or name its "
            f"encoding (own_texts.{name}.encoding)."
        )


def _decoded(
    decoder: codecs.IncrementalDecoder, block: bytes | None, size: int, encoding: str, name: str
) -> bytes:
    """The block after ``size`` bytes as UTF-8, None at the end, where no character may be open."""
    held = decoder.getstate()[0]
    try:
        text = decoder.decode(block or b"", final=block is None).encode()
    except UnicodeDecodeError as error:
        found = f"byte 0x{error.object[error.start]:02x} at byte {size - len(held) + error.start:,}"
        raise _unfit(name, encoding, f"{found} ({error.reason})") from None
    except UnicodeError as error:
        raise _unfit(name, encoding, f"{error}") from None
    if b"\0" in text:
        raise _unfit(name, encoding, "a NUL")
    return text


def _unfit(name: str, encoding: str, found: str) -> CorpusError:
    expected = "a UTF-8 text" if encoding == UTF_8 else f"a text in {encoding}"
    return CorpusError(
        f"{name}: expected {expected}, found {found}. Name its encoding, for example "
        f"own_texts.{name}.encoding: latin-1, or save the text as UTF-8: "
        "iconv -f LATIN1 -t UTF-8 OLD > NEW"
    )
