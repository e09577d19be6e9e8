"""Project Gutenberg's header and footer, taken off a text while it is read, block by block.

A header goes from the start of the file, or from the end of the book before, to the line that says
that the book starts; a footer from the line that says that it ends to the end of the file, or to
the start of the next book. What is longer than any header or footer is taken for text.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import chain

from rnnbench.base.errors import CorpusError

LONGEST = 1 << 16  # bytes of a header and a footer; the licence has 19,000
SPAN = 1 << 11  # bytes, longer than any mark
WORDS = (b"PROJECT GUTENBERG", b"THE SMALL PRINT!")  # one of which is in every mark
START, END, TEXT = "start", "end", None
MARK = re.compile(
    rb"(?<=[\r\n])(?:\xef\xbb\xbf)?[ \t]*(?:"
    rb"(?P<start>\*\*\* ?START OF TH(?:E|IS) PROJECT GUTENBERG E(?:BOOK|TEXT).{0,500}?\*\*\*"
    rb"|\*END\*? ?THE SMALL PRINT!.{0,200}?\*END\*)"  # of the 1990s, before the book
    rb"|(?P<end>(?:\*\*\* ?)?END OF (?:TH(?:E|IS) )?PROJECT GUTENBERG)"
    rb")",
    re.IGNORECASE | re.DOTALL,
)


def trimmed(blocks: Iterable[bytes], name: str) -> Iterator[bytes]:
    """Yield what stands between headers and footers; a text without marks as it is.

    Raises:
        CorpusError: nothing stands there; ``name`` is in the message.
    """
    doubtful: bytes | None = b""  # what may be a header or footer; None: in the book
    header, seen, found = True, False, False
    for kind, part in _parts(blocks):
        seen, text = seen or bool(part), b""
        if kind == START:
            text, doubtful = (part if doubtful is None else b""), None
        elif kind == END and (header or doubtful is None):
            text, doubtful, header = doubtful or b"", part, False
        else:
            text, doubtful = _sorted_out(doubtful, part)
        found = found or bool(text.strip())
        yield text
    if header and doubtful:
        found = True
        yield doubtful
    if seen and not found:
        raise CorpusError(
            f"{name}: expected a book between Project Gutenberg's header and footer, found none. "
            f"Give the whole file, or set own_texts.{name}.trim_gutenberg to false."
        )


def _sorted_out(doubtful: bytes | None, part: bytes) -> tuple[bytes, bytes | None]:
    """What is text for certain, and what is still in doubt."""
    if doubtful is None:
        return part, None
    doubtful += part
    return (doubtful, None) if len(doubtful) > LONGEST else (b"", doubtful)


def _parts(blocks: Iterable[bytes]) -> Iterator[tuple[str | None, bytes]]:
    """Cut the blocks anew, at the marks."""
    held, done = b"\n", 1  # so that the first line begins as all others do
    for block in chain(blocks, [None]):
        held += block or b""
        for mark in MARK.finditer(held) if any(word in held.upper() for word in WORDS) else ():
            yield TEXT, held[done : mark.start()]
            yield mark.lastgroup, mark.group()
            done = mark.end()
        cut = len(held) if block is None else max(done, len(held) - SPAN)
        yield TEXT, held[done:cut]
        held, done = held[cut:], 0
