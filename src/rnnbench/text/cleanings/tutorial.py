"""As the book does it (d2l chapter 8.2): words of the letters a-z, lower-cased, single spaces.

Per line, every run of characters outside ``[A-Za-z]`` becomes one space, the ends are stripped.
This is done on bytes, where each character that goes consists of bytes that go.
"""

import string
from collections.abc import Iterable, Iterator

from rnnbench.text.cleanings._blocks import squeezed
from rnnbench.text.form import SPACE

EXPECTED = "words of the letters a-z"
ADVICE = (
    "Everything else is dropped in cleaning: give a text in the Latin alphabet, or set its key "
    "`clean` to letters, which keeps those of any script, or to none."
)
LETTERS = string.ascii_letters
LINE_JOIN = " "
_BLANKED = bytes(
    ord(chr(byte).lower()) if chr(byte) in "\n" + LETTERS else SPACE for byte in range(256)
)


def clean(blocks: Iterable[bytes]) -> Iterator[bytes]:
    return squeezed(block.translate(_BLANKED) for block in blocks)
