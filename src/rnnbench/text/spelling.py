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
from rnnbench.text.form import TUTORIAL, Form

NATS_PER_LETTER = math.log(27)  # to spell among a-z and white space without any knowledge
CONTINUES = range(0x80, 0xC0)  # bytes that begin no character


@dataclass(frozen=True)
class Spelling:
    """How a text is written."""

    # characters of each token, ``(N,)``; of a word also what stands behind it: a space, or at the
    # end of a line ``line_join``, which an ``eos`` there stands for; of the bytes of a character
    # the first stands for it
    num_chars: np.ndarray
    # whether a line ends behind each word, ``(N,)``; None where the tokens tell
    line_ends: np.ndarray | None
    # to spell among the characters there are, and white space: a-z in a text cleaned as in the
    # tutorial, else those of the text
    nats_per_char: float = NATS_PER_LETTER

    @classmethod
    def of(
        cls,
        numbers: np.ndarray,
        spelled: Sequence[str],
        token: str,
        form: Form,
        blocks: Iterable[bytes],
    ) -> Self:
        """Spell a text out.

        Args:
            numbers: of its tokens, ``(N,)``.
            spelled: number -> token.
            token: what they are, ``word``, ``char`` or ``byte``.
            form: of the text.
            blocks: the cleaned text, read only where it is needed to see where lines end.
        """
        nats = _nats_per_char(numbers, spelled, token, form)
        if token != "word":
            stands = [token == "char" or ord(one[0]) not in CONTINUES for one in spelled]
            return cls(np.array(stands, np.int64)[numbers], None, nats)
        letters = np.fromiter(map(len, spelled), np.int64, count=len(spelled))[numbers]
        join = "\n" if form.line_join is None else form.line_join
        if form.eos:
            is_end = np.array([one == form.eos for one in spelled], bool)[numbers]
            before_end = np.append(is_end[1:], False)
            of_words = np.where(is_end, 0, letters + ~before_end)
            after_words = is_end & ~np.append(True, is_end[:-1])[: len(is_end)]
            return cls(of_words + len(join) * after_words, None, nats)
        if join == " ":
            return cls(letters + 1, None, nats)
        ends = tokens.line_ends(blocks)
        return cls(letters + np.where(ends, len(join), 1), ends, nats)

    def totals(self, part: slice, unknown: np.ndarray, share: float = 1.0) -> dict[str, Any]:
        """``num_chars`` of a share of a part, and ``spelling_nats`` to write out what is open.

        Args:
            part: positions.
            unknown: whether each token there is ``<unk>``, ``(n,)``.
            share: of the tokens there; they count at their mean.
        """
        num_chars = self.num_chars[part]
        spelling = share * self.nats_per_char * int(num_chars[unknown].sum())
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


def _nats_per_char(numbers: np.ndarray, spelled: Sequence[str], token: str, form: Form) -> float:
    if form.clean == TUTORIAL:
        return NATS_PER_LETTER
    seen = {spelled[number] for number in np.unique(numbers).tolist()} - {form.eos}
    return math.log(len({*"".join(seen), " "}) if token == "word" else max(len(seen), 1))
