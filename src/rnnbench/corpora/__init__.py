"""Corpora: where a text comes from, and how it is cleaned.

A corpus is a module of this package, and its name is the module's; an own text in the configuration
does as well. Each offers

- ``line_join``: what stands between two cleaned lines,
- ``raw(folders) -> Raw``: the bytes, where they came from in words, their SHA-256,
- ``unreachable(folders, timeout_seconds) -> str | None``, only where it needs the network: why the
  text cannot be had now, in words,
- ``chain() -> WordChain``, only where the text is made by rule: what its words are drawn from.
"""

import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rnnbench import names as modules
from rnnbench.errors import CorpusError
from rnnbench.folders import Folders, Raw
from rnnbench.own_text import OwnText

__all__ = ["Corpus", "Folders", "Raw", "clean", "find", "names", "prepare", "unreachable"]

_KEPT = b"\n" + string.ascii_letters.encode()
_BLANKED = bytes(byte if byte in _KEPT else ord(" ") for byte in range(256))


@dataclass(frozen=True)
class Corpus:
    """A cleaned text and what it was made from."""

    name: str
    lines: list[str]  # one item a line, empty ones included; only a-z and single spaces
    line_join: str  # what stands between two lines
    source: str  # where the raw text came from, in words
    raw_sha256: str  # of the raw text, hexadecimal
    raw_bytes: int  # size of the raw text, bytes


def names() -> list[str]:
    """The corpora of this package, in alphabetical order."""
    return modules.names("corpora")


def find(name: str, own_texts: Mapping[str, Mapping[str, Any]]) -> Any:
    """The corpus called ``name``: a module of this package or an own text.

    Raises:
        CorpusError: there is none, there are two, or the own text's entry is wrong.
    """
    built_in = names()
    if name in built_in and name in own_texts:
        raise CorpusError(
            f"own_texts.{name}: {name!r} is the name of a built-in corpus. Choose another name."
        )
    if name in own_texts:
        return OwnText.from_config(name, own_texts[name])
    if name in built_in:
        return modules.load("corpora", name)
    raise CorpusError(
        f"unknown corpus {name!r}; there are {', '.join([*built_in, *own_texts])}. To add it, "
        f"write src/rnnbench/corpora/{name}.py or add own_texts.{name} to the configuration."
    )


def prepare(name: str, own_texts: Mapping[str, Mapping[str, Any]], folders: Folders) -> Corpus:
    """Get the raw text of a corpus and clean it.

    Raises:
        CorpusError: unknown name, text not to be had, or not a text.
    """
    corpus = find(name, own_texts)
    raw = corpus.raw(folders)
    lines = clean(raw.data, name)
    return Corpus(name, lines, corpus.line_join, raw.source, raw.sha256, len(raw.data))


def clean(raw: bytes, name: str) -> list[str]:
    r"""Lines of lower-case words between single spaces, empty lines included.

    Per line, every run of characters outside ``[A-Za-z]`` becomes one space, the ends are stripped,
    letters are lower-cased. Lines end with ``\n``, ``\r\n`` or ``\r``. This is done on bytes, where
    each character that goes consists of bytes that go: a line of 100 MB needs no list of its words.

    Raises:
        CorpusError: empty, binary, not UTF-8, or without a letter a-z; ``name`` is in the message.
    """
    _require_text(raw, name)
    text = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").translate(_BLANKED)
    while b"  " in text:  # each pass halves the longest run
        text = text.replace(b"  ", b" ")
    lines = text.decode("ascii").lower().removesuffix("\n").split("\n")
    lines = [line.strip(" ") for line in lines]
    if not any(lines):
        raise CorpusError(
            f"{name}: wanted words of the letters a-z, found none in {len(raw):,} bytes. "
            "Everything else is dropped in cleaning: give a text in the Latin alphabet."
        )
    return lines


def unreachable(
    name: str,
    own_texts: Mapping[str, Mapping[str, Any]],
    folders: Folders,
    timeout_seconds: float = 5,
) -> str | None:
    """None where the text is on disk, needs no network, or a source answers; otherwise why not.

    Raises:
        CorpusError: unknown name, or a mistake that no network would mend.
    """
    corpus = find(name, own_texts)
    if not hasattr(corpus, "unreachable"):
        return None
    return corpus.unreachable(folders, timeout_seconds)


def _require_text(raw: bytes, name: str) -> None:
    if not raw.removeprefix(b"\xef\xbb\xbf"):
        raise CorpusError(f"{name}: wanted a text, found an empty file. Give a file with words.")
    nul = raw.find(b"\0")
    if nul >= 0:
        raise CorpusError(
            f"{name}: wanted a UTF-8 text, found a NUL byte at byte {nul:,}: a binary file, or a "
            "text in UTF-16. Give a plain text file, saved as UTF-8."
        )
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CorpusError(
            f"{name}: wanted a UTF-8 text, found byte 0x{raw[error.start]:02x} at byte "
            f"{error.start:,} ({error.reason}). Save the text as UTF-8, for example: "
            "iconv -f LATIN1 -t UTF-8 OLD > NEW"
        ) from None
