"""Cleanings: what of a text is kept. One file each.

The contract of a file:

* ``EXPECTED``: what a text must have, in words, and ``ADVICE``, what to do where it has none.
* ``LETTERS``: those that it keeps; None: all.
* ``LINE_JOIN``: what stands between two lines where a corpus does not say; None: lines stay.
* ``clean(blocks)``: the cleaned text of UTF-8 blocks, cut anywhere, whose lines end with a line
  feed. Memory does not grow with a text.
"""

from collections.abc import Iterable, Iterator

from rnnbench.base import plugins
from rnnbench.base.errors import CorpusError
from rnnbench.text.cleanings._blocks import apart
from rnnbench.text.encodings import unix_line_ends, without_mark
from rnnbench.text.form import TUTORIAL


def clean(
    blocks: Iterable[bytes], name: str, kind: str = TUTORIAL, lower_case: bool = False
) -> Iterator[bytes]:
    """Yield the cleaned text of UTF-8 blocks, cut anywhere.

    Args:
        blocks: of a file, from its beginning.
        name: of the text, for messages.
        kind: name of the cleaning.
        lower_case: whether letters are lower-cased before.

    Raises:
        CorpusError: nothing is left.
    """
    module, found = plugins.load("cleanings", kind), False
    text = unix_line_ends(without_mark(blocks))
    for block in module.clean(lowered(text) if lower_case else text):
        found = found or bool(block.strip())
        yield block
    if not found:
        raise CorpusError(f"{name}: expected {module.EXPECTED}, found none. {module.ADVICE}")


def lowered(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Lower-case letters of any script."""
    for block in apart(blocks):
        yield block.decode().lower().encode()
