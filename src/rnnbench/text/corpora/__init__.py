"""Corpora: where a text comes from, and how it is cleaned.

A corpus is a module of this package, and its name is the module's; an own text in the configuration
does as well. Each offers

- ``line_join``: what stands between two cleaned lines,
- ``raw(folders) -> Raw``: where the text is, in words, and how it is opened,
- ``unreachable(folders) -> str | None``, only where it needs the network: why the
  text cannot be had now, in words,
- ``chain() -> WordChain``, only where the text is made by rule: what its words are drawn from.
"""

import hashlib
import logging
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from rnnbench.base import plugins as modules
from rnnbench.base.errors import CorpusError
from rnnbench.base.files import replacing
from rnnbench.text.clean import clean
from rnnbench.text.letters import Letters
from rnnbench.text.origins.folders import Folders, Raw, require_hash
from rnnbench.text.origins.own_text import OwnText

__all__ = ["BLOCK", "Corpus", "Folders", "Raw", "find", "names", "prepare", "unreachable"]

BLOCK = 1 << 21  # bytes read at a time

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Corpus:
    """What a cleaned text was made from.

    Attributes:
        corpus: its name.
        source: where the raw text came from, in words.
        raw_sha256: of the raw text, hexadecimal.
        raw_bytes: size of the raw text.
        trimmed_bytes: of it, Project Gutenberg's header and footer, which are not read further.
        letters: of what is read, of any alphabet.
        kept_letter_share: of those, a to z and A to Z, which cleaning keeps.
        line_join: what stands between two lines.
        lines: their number, empty ones included.
    """

    corpus: str
    source: str
    raw_sha256: str
    raw_bytes: int
    trimmed_bytes: int
    letters: int
    kept_letter_share: float
    line_join: str
    lines: int


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
        f"write src/rnnbench/text/corpora/{name}.py or add own_texts.{name} to the configuration."
    )


def prepare(
    name: str, own_texts: Mapping[str, Mapping[str, Any]], folders: Folders, path: str | Path
) -> Corpus:
    """Get the raw text of a corpus and write it to ``path``, cleaned: whole, or not at all.

    Raises:
        CorpusError: unknown name, text not to be had, not a text, or another one than it should be;
            or it loses more letters than it keeps.
    """
    corpus = find(name, own_texts)
    raw = corpus.raw(folders)
    digest, letters, lines = hashlib.sha256(), Letters(), 0
    with _open(raw) as file, replacing(path) as temporary, temporary.open("wb") as cleaned:
        text = letters.counted(raw.trim(_hashed(file, digest)))
        for block in clean(text, name):
            cleaned.write(block)
            lines += block.count(b"\n")
        if raw.sha256 is not None:
            require_hash(digest.hexdigest(), raw.sha256, raw.source, raw.advice)
        size, doubt = file.tell(), letters.doubt(name)
    if doubt:
        log.warning("%s", doubt)
        print(f"rnnbench: {doubt}", file=sys.stderr)
    return Corpus(
        corpus=name,
        source=raw.source,
        raw_sha256=digest.hexdigest(),
        raw_bytes=size,
        trimmed_bytes=size - letters.num_bytes,
        letters=letters.found,
        kept_letter_share=letters.kept_share,
        line_join=corpus.line_join,
        lines=lines,
    )


def _open(raw: Raw) -> BinaryIO:
    try:
        return raw.open()
    except OSError as error:
        raise CorpusError(
            f"{raw.source}: cannot be read ({error.strerror}). Make it readable."
        ) from None


def _hashed(file: BinaryIO, digest: Any) -> Iterator[bytes]:
    """What is hashed is what is read, not what lies there before or after."""
    while block := file.read(BLOCK):
        digest.update(block)
        yield block


def unreachable(
    name: str,
    own_texts: Mapping[str, Mapping[str, Any]],
    folders: Folders,
) -> str | None:
    """None where the text is on disk, needs no network, or a source answers; otherwise why not.

    Raises:
        CorpusError: unknown name, or a mistake that no network would mend.
    """
    corpus = find(name, own_texts)
    if not hasattr(corpus, "unreachable"):
        return None
    return corpus.unreachable(folders)
