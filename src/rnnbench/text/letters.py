"""How many letters of a text cleaning keeps: those of other alphabets are dropped."""

import codecs
import string
from collections.abc import Iterable, Iterator
from functools import cache

import numpy as np

from rnnbench.base.errors import CorpusError

DOUBTFUL, TOO_FEW = 0.9, 0.5  # shares below which what is left may be, and is, no text of its own
_DROPPED = bytes(set(range(256)) - set(string.ascii_letters.encode()))


class Letters:
    """Counted while a text is read.

    Attributes:
        found: letters of any alphabet.
        kept: those of them that are a to z or A to Z.
        num_bytes: of the text.
    """

    def __init__(self) -> None:
        self.found = self.kept = self.num_bytes = 0

    def counted(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """Let the blocks of a UTF-8 text pass, cut anywhere; other bytes count for nothing."""
        decoder = codecs.getincrementaldecoder("utf-8")("ignore")
        for block in blocks:
            kept = len(block.translate(None, _DROPPED))
            self.kept += kept
            self.num_bytes += len(block)
            if block.isascii() and not decoder.getstate()[0]:
                self.found += kept
            else:
                self.found += _letters(decoder.decode(block))
            yield block

    @property
    def kept_share(self) -> float:
        """Of all letters; 1 of a text without any."""
        return self.kept / self.found if self.found else 1.0

    def doubt(self, name: str) -> str | None:
        """What a reader should know of a text that loses many letters; None if it does not.

        Raises:
            CorpusError: it loses more than it keeps; ``name`` is in the message.
        """
        said = f"{100 * self.kept_share:.3g} % of its {self.found:,} letters"
        if self.kept_share < TOO_FEW:
            raise CorpusError(
                f"{name}: expected a text that cleaning keeps, found one of which it keeps {said}: "
                "it drops all but a to z. Give a text in the Latin alphabet, or write this one in "
                "it, for example: uconv -x 'Any-Latin; Latin-ASCII' OLD > NEW"
            )
        if self.kept_share < DOUBTFUL:
            return (
                f"{name}: cleaning keeps {said} and drops the others, which are not a to z; all "
                "results are of what is left. To keep them as letters without accents: uconv -x "
                "'Any-Latin; Latin-ASCII' OLD > NEW"
            )
        return None


def _letters(text: str) -> int:
    codes = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    return int(_is_letter()[codes].sum())


@cache
def _is_letter() -> np.ndarray:
    """Code point -> whether it is a letter, ``(0x110000,)``."""
    return np.fromiter((chr(code).isalpha() for code in range(0x110000)), bool)
