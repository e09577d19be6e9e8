"""What a model reads: the tokens of a text as it numbers them.

Characters and bytes are numbered by the vocabulary of the whole text, as in the book. Words are
numbered by what the training part shows alone, by the rule of :mod:`rnnbench.text.closed`: else the
list of words would tell a model of words that it is yet to meet.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnnbench.base.parameters import RunConfig
from rnnbench.text.closed import ClosedText
from rnnbench.text.spelling import Spelling
from rnnbench.text.vocab import Vocab


@dataclass(frozen=True)
class RunText:
    """A text as a run reads it."""

    ids: np.ndarray  # index of each token, ``(N,)``
    vocab: Vocab  # index -> token
    unknown: np.ndarray  # whether the vocabulary lacks each token, ``(N,)``
    train: slice  # positions that are trained on
    validation: slice  # positions that choose the epoch
    heldout: slice  # positions that are held out

    def totals(self, record: dict[str, Any], spelling: Spelling) -> dict[str, Any]:
        """Characters that the tokens of a record stand for, and nats to write them out.

        Tokens of a part of the text are counted at their mean over that part: an epoch skips a few
        at its ends, others each time. Without the spelling, ``<unk>`` would be a cheap way to
        say any word.
        """
        parts = {"": (self.train, "num_tokens"), "heldout_": (self.heldout, "heldout_num_tokens")}
        return {
            prefix + name: value
            for prefix, (part, number) in parts.items()
            for name, value in self._described(part, record[number], spelling).items()
        }

    def _described(self, part: slice, num_tokens: int | None, spelling: Spelling) -> dict[str, Any]:
        unknown = self.unknown[part]
        found = spelling.totals(part, unknown, (num_tokens or 0) / len(unknown))
        found["num_chars"] = found["num_chars"] if num_tokens else None
        return {**found, "oov_share": float(unknown.mean())}


def read(run: RunConfig, ids: np.ndarray, vocab: Vocab, min_freq: int) -> RunText:
    """Number the tokens of a text for a run.

    Args:
        run: what is trained on, and what its tokens are.
        ids: index of each token of the whole text, ``(N,)``.
        vocab: of the whole text.
        min_freq: words that its training part has less often are ``<unk>``; 2 shows a model how
            often to expect one.
    """
    split = run.heldout_share, run.train_tokens, min_freq, run.validation_share
    text = ClosedText(ids, vocab.tokens, *split)
    return READERS[run.token](text, vocab)


def chars(text: ClosedText, vocab: Vocab) -> RunText:
    """Characters or bytes, all of which are known."""
    known = np.zeros(len(text.numbers), bool)
    return RunText(text.numbers, vocab, known, text.train, text.validation, text.heldout)


def words(text: ClosedText, vocab: Vocab) -> RunText:
    """Words, some of which are ``<unk>``."""
    return RunText(text.ids, text.vocab, text.unknown, text.train, text.validation, text.heldout)


READERS: dict[str, Callable[[ClosedText, Vocab], RunText]] = {
    **{"char": chars, "byte": chars},
    "word": words,
}
