"""Words of the letters of any script, with their marks, composed (NFC), between single spaces.

Per line, every run of characters whose Unicode category is neither a letter's (L) nor a mark's (M)
becomes one space, the ends are stripped.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache

import numpy as np

from rnnbench.text.cleanings._blocks import apart, squeezed
from rnnbench.text.form import NEWLINE, SPACE

EXPECTED = "letters"
ADVICE = "Everything else is dropped in cleaning: set its key `clean` to none."
LETTERS = None
LINE_JOIN = " "
CODES = "utf-32-le"


def clean(blocks: Iterable[bytes]) -> Iterator[bytes]:
    return squeezed(map(_blanked, apart(blocks)))


def _blanked(block: bytes) -> bytes:
    text = unicodedata.normalize("NFC", block.decode())
    codes = np.frombuffer(text.encode(CODES), "<u4")
    return np.where(_kept()[codes], codes, SPACE).astype("<u4").tobytes().decode(CODES).encode()


@cache
def _kept() -> np.ndarray:
    """Code point -> whether it stays, ``(0x110000,)``."""
    categories = (unicodedata.category(chr(code))[0] for code in range(0x110000))
    kept = np.fromiter((category in "LM" for category in categories), bool)
    kept[NEWLINE] = True
    return kept
