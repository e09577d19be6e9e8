"""The characters that the tokens of a text stand for, and what it takes to write them out.

A model gives each token a probability, and that leaves two things open: the letters of an unknown
word, and where lines end, which words do not tell unless lines are joined by the space that parts
words anyway. Both are paid for in nats that ask for no knowledge of the text. With them every model
of a text describes the same characters, and bits per character compare between words and characters
and between vocabularies.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from rnnbench.text import tokens

NATS_PER_LETTER = math.log(27)  # to spell among a-z and white space without any knowledge


@dataclass(frozen=True)
class Spelling:
    """How a text is written.

    Attributes:
        num_chars: characters of each token, ``(N,)``; of a word also what stands behind it: a
            space, or at the end of a line ``line_join``.
        line_ends: whether a line ends behind each word, ``(N,)``; None where the tokens tell.
    """

    num_chars: np.ndarray
    line_ends: np.ndarray | None

    @classmethod
    def of(
        cls,
        numbers: np.ndarray,
        spelled: Sequence[str],
        token: str,
        line_join: str,
        blocks: Iterable[bytes],
    ) -> Self:
        """Spell a text out.

        Args:
            numbers: of its tokens, ``(N,)``.
            spelled: number -> token.
            token: what they are, ``word`` or ``char``.
            line_join: what stands between two lines.
            blocks: the cleaned text, read only where it is needed to see where lines end.
        """
        if token == "char":
            return cls(np.ones(len(numbers), np.int64), None)
        letters = np.fromiter(map(len, spelled), np.int64, count=len(spelled))[numbers]
        if line_join == " ":
            return cls(letters + 1, None)
        ends = tokens.line_ends(blocks)
        return cls(letters + np.where(ends, len(line_join), 1), ends)

    def totals(self, part: slice, unknown: np.ndarray, share: float = 1.0) -> dict[str, Any]:
        """``num_chars`` of a share of a part, and ``spelling_nats`` to write out what is open.

        Args:
            part: positions.
            unknown: whether each token there is ``<unk>``, ``(n,)``.
            share: of the tokens there; they count at their mean.
        """
        num_chars = self.num_chars[part]
        spelling = share * NATS_PER_LETTER * int(num_chars[unknown].sum())
        if self.line_ends is not None:
            spelling += share * places(len(num_chars), int(self.line_ends[part].sum()))
        return {
            "num_chars": round(share * int(num_chars.sum())),
            "spelling_nats": spelling,
        }


def places(number: int, chosen: int) -> float:
    """Nats to tell which of ``number`` places are chosen, and how many, all else being equal.

    ln((number + 1) · (number choose chosen)): what Laplace's rule gives, place by place.
    """
    return math.lgamma(number + 2) - math.lgamma(chosen + 1) - math.lgamma(number - chosen + 1)
