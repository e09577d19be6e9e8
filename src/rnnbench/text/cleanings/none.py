"""As it is published: every character stays, and so does every line, whatever it ends with."""

from collections.abc import Iterable, Iterator

EXPECTED = "a text"
ADVICE = "It is white space alone: give a file with words."
LETTERS = None
LINE_JOIN = None


def clean(blocks: Iterable[bytes]) -> Iterator[bytes]:
    yield from blocks
