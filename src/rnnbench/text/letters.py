"""How many letters of a text its cleaning keeps: the tutorial's drops those of other alphabets."""

import codecs
import string
from collections.abc import Iterable, Iterator
from functools import cache

import numpy as np

from rnnbench.base.errors import CorpusError

DOUBTFUL, TOO_FEW = 0.9, 0.5  # shares below which what is left may be, and is, no text of its own


class Letters:
    """Counted while a text is read.

    Attributes:
        found: letters of any alphabet.
        kept: those of them that are kept.
        num_bytes: of the text.

    Args:
        kept: letters of ASCII that cleaning keeps; None: it keeps all of any alphabet.
    """

    def __init__(self, kept: str | None = string.ascii_letters) -> None:
        self.found = self.kept = self.num_bytes = 0
        self._keeps_all = kept is None
        self._dropped = bytes(set(range(256)) - set((kept or string.ascii_letters).encode()))

    def counted(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """Let the blocks of a UTF-8 text pass, cut anywhere; other bytes count for nothing."""
        decoder = codecs.getincrementaldecoder("utf-8")("ignore")
        for block in blocks:
            kept = len(block.translate(None, self._dropped))
            ascii_alone = block.isascii() and not decoder.getstate()[0]
            found = kept if ascii_alone else _letters(decoder.decode(block))
            self.found += found
            self.kept += found if self._keeps_all else kept
            self.num_bytes += len(block)
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
                f"it drops all but a to z. Set own_texts.{name}.clean to letters, which keeps all "
                "alphabets, or give a text in the Latin alphabet."
            )
        if self.kept_share < DOUBTFUL:
            return (
                f"{name}: cleaning keeps {said} and drops the others, which are not a to z; all "
                f"results are of what is left. To keep them: own_texts.{name}.clean: letters"
            )
        return None


def _letters(text: str) -> int:
    codes = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    return int(_is_letter()[codes].sum())


@cache
def _is_letter() -> np.ndarray:
    """Code point -> whether it is a letter, ``(0x110000,)``."""
    return np.fromiter((chr(code).isalpha() for code in range(0x110000)), bool)
