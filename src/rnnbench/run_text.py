"""What a model reads: the tokens of a text as it numbers them, and the characters they stand for.

Characters are numbered by the vocabulary of the whole text, as in the book. Words are numbered by
what the training part shows alone, by the rule of :mod:`rnnbench.closed_text`: else the list of
words would tell a model of words that it is yet to meet.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnnbench.closed_text import NATS_PER_LETTER, ClosedText
from rnnbench.jobs import RunConfig
from rnnbench.vocab import Vocab

MIN_FREQ = 2  # words seen once in training are <unk>, and show how often to expect one


@dataclass(frozen=True)
class RunText:
    """A text as a run reads it.

    Attributes:
        ids: index of each token, ``(N,)``.
        vocab: index -> token.
        num_chars: characters of each token, ``(N,)``; of a word also the white space behind it.
        train: positions that are trained on.
        heldout: positions that are held out.
    """

    ids: np.ndarray
    vocab: Vocab
    num_chars: np.ndarray
    train: slice
    heldout: slice

    def totals(self, record: dict[str, Any]) -> dict[str, Any]:
        """Characters that the tokens of a record stand for, and nats to spell the unknown ones.

        Tokens of a part of the text are counted at their mean over that part: an epoch skips a few
        at its ends, others each time. Without the spelling, ``<unk>`` would be a cheap way to
        say any word; with it, bits per character compare between words and characters.
        """
        return {
            **self._described(self.train, record["num_tokens"], ""),
            **self._described(self.heldout, record["heldout_num_tokens"], "heldout_"),
        }

    def _described(self, part: slice, num_tokens: int | None, prefix: str) -> dict[str, Any]:
        ids, num_chars = self.ids[part], self.num_chars[part]
        share = (num_tokens or 0) / len(ids)
        return {
            f"{prefix}num_chars": round(share * int(num_chars.sum())) if num_tokens else None,
            f"{prefix}spelling_nats": share * NATS_PER_LETTER * int(num_chars[ids == 0].sum()),
            f"{prefix}oov_share": float((ids == 0).mean()),
        }


def read(run: RunConfig, ids: np.ndarray, vocab: Vocab) -> RunText:
    """Number the tokens of a text for a run.

    Args:
        run: what is trained on, and what its tokens are.
        ids: index of each token of the whole text, ``(N,)``.
        vocab: of the whole text.
    """
    text = ClosedText(ids, vocab.tokens, run.token, run.heldout_share, run.train_tokens, MIN_FREQ)
    return READERS[run.token](text, vocab)


def chars(text: ClosedText, vocab: Vocab) -> RunText:
    """Characters, all of which are known."""
    return RunText(text.numbers, vocab, text.num_chars, text.train, text.heldout)


def words(text: ClosedText, vocab: Vocab) -> RunText:
    """Words, some of which are ``<unk>``."""
    return RunText(text.ids, text.vocab, text.num_chars, text.train, text.heldout)


READERS: dict[str, Callable[[ClosedText, Vocab], RunText]] = {"char": chars, "word": words}
