"""Corpora: where a text comes from, and how it is cleaned.

A corpus is a module of this package, and its name is the module's; an own text in the configuration
does as well. Each offers

- ``line_join``: what stands between two cleaned lines,
- where they differ from those of an own text by default: ``clean``, ``lower_case``, ``encoding``,
  ``eos``, and ``shares`` to validate and to hold out (:class:`OwnText`),
- ``raw(folders) -> Raw``: where the text is, in words, and how it is opened,
- ``unreachable(folders) -> str | None``, only where it needs the network: why the
  text cannot be had now, in words,
- ``chain() -> WordChain``, only where the text is made by rule: what its words are drawn from.
"""

import hashlib
import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

from rnnbench.base import plugins as modules
from rnnbench.base.errors import CorpusError
from rnnbench.base.files import replacing
from rnnbench.text import tokens
from rnnbench.text.cleanings import clean
from rnnbench.text.encodings import UTF_8, utf8
from rnnbench.text.form import TOKENS, TUTORIAL, Form
from rnnbench.text.letters import Letters
from rnnbench.text.origins.folders import Folders, Raw, require_hash
from rnnbench.text.origins.own_text import OwnText

__all__ = ["BLOCK", "Corpus", "Folders", "Raw", "find", "names", "prepare", "unreachable"]

BLOCK = 1 << 21  # bytes read at a time
KEPT = ("clean", "lower_case", "encoding", "eos")  # what a corpus need not say

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Corpus:
    """What a cleaned text was made from."""

    corpus: str  # its name
    source: str  # where the raw text came from, in words
    raw_sha256: str  # of the raw text, hexadecimal
    raw_bytes: int  # size of the raw text
    # of it in UTF-8, Project Gutenberg's header and footer, which are not read further
    trimmed_bytes: int
    letters: int  # of what is read, of any alphabet
    # of those, the ones that cleaning keeps; in the tutorial, a to z and A to Z
    kept_letter_share: float
    line_join: str  # what stands between two lines
    lines: int  # their number, empty ones included
    # clean, lower_case, eos, splits: as in :class:`Form`
    clean: str = TUTORIAL
    lower_case: bool = False
    encoding: str = UTF_8  # of the raw text
    eos: str = ""
    splits: dict[str, list[int]] = field(default_factory=dict)

    def as_row(self) -> dict[str, Any]:
        """Its record: what is as usual is left out, as it was before it could be otherwise."""
        usual = {field.name: field.default for field in fields(self)} | {"splits": {}}
        return {name: value for name, value in asdict(self).items() if value != usual[name]}


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
    kept: dict[str, Any] = {key: getattr(corpus, key, getattr(Corpus, key)) for key in KEPT}
    letters = Letters(modules.load("cleanings", kept["clean"]).LETTERS)
    reading = _Reading(hashlib.sha256(), letters)
    with replacing(path) as temporary:
        ends = _write(temporary, reading, raw, name, kept)
        if raw.sha256 is not None:
            require_hash(reading.digest.hexdigest(), raw.sha256, raw.source, raw.advice)
        doubt = letters.doubt(name)
        form = Form(corpus.line_join, kept["eos"], kept["clean"])
        splits = _splits(temporary, form, ends, getattr(corpus, "shares", ()))
    if doubt:
        log.warning("%s", doubt)
        print(f"rnnbench: {doubt}", file=sys.stderr)
    return Corpus(
        corpus=name,
        source=raw.source,
        raw_sha256=reading.digest.hexdigest(),
        raw_bytes=reading.raw_bytes,
        trimmed_bytes=reading.utf8_bytes - letters.num_bytes,
        letters=letters.found,
        kept_letter_share=letters.kept_share,
        line_join=corpus.line_join,
        lines=reading.lines,
        splits=splits,
        **kept,
    )


@dataclass
class _Reading:
    """What is counted while a text is read."""

    digest: Any  # of the raw text
    letters: Letters  # of what is read on
    raw_bytes: int = 0  # of the raw text
    utf8_bytes: int = 0  # of it as UTF-8
    lines: int = 0  # of the cleaned text

    def hashed(self, file: BinaryIO) -> Iterator[bytes]:
        """What is hashed is what is read, not what lies there before or after."""
        while block := file.read(BLOCK):
            self.digest.update(block)
            self.raw_bytes += len(block)
            yield block

    def measured(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        for block in blocks:
            self.utf8_bytes += len(block)
            yield block


def _write(
    path: Path, reading: _Reading, raw: Raw, name: str, kept: Mapping[str, Any]
) -> list[int]:
    """Write the parts of a text one after the other, cleaned; return where each ends."""
    ends: list[int] = []
    with path.open("wb") as cleaned:
        for number, opened in enumerate(raw.files, start=1):
            with _open(raw.source, opened) as file:
                text = utf8(reading.hashed(file), kept["encoding"], name)
                text = reading.letters.counted(raw.trim(reading.measured(text)))
                last = b"\n"
                for block in clean(text, name, kept["clean"], kept["lower_case"]):
                    cleaned.write(block)
                    reading.lines += block.count(b"\n")
                    last = block[-1:] or last
            if last != b"\n":
                reading.lines += 1
                cleaned.write(b"\n" if number < len(raw.files) else b"")
            ends.append(cleaned.tell())
    return ends


def _splits(
    path: Path, form: Form, ends: Sequence[int], shares: Sequence[float]
) -> dict[str, list[int]]:
    """Token -> tokens of each part, where the text comes in parts or says their shares."""
    if len(ends) == 1 and not shares:
        return {}
    found = {}
    for token in TOKENS:
        counts = [tokens.count(tokens.read(path, end), token, form) for end in ends]
        parts = [end - start for start, end in pairwise([0, *counts])]
        found[token] = divided(counts[0], shares) if shares else parts
    return found


def divided(num_tokens: int, shares: Sequence[float]) -> list[int]:
    """Tokens of each part of a text that says the shares to validate and to hold out."""
    validation, heldout = (round(share * num_tokens) for share in shares)
    return [num_tokens - validation - heldout, validation, heldout]


def _open(source: str, opened: Callable[[], BinaryIO]) -> BinaryIO:
    try:
        return opened()
    except OSError as error:
        raise CorpusError(
            f"{source}: cannot be read ({error.strerror}). Make it readable."
        ) from None


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
