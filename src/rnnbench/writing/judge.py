"""Who judges a generated text: an n-gram model that never saw what the writer learned from.

The judge is an interpolated Kneser-Ney model of characters. It learns the text between the
writer's training part and the held-out part, so that neither a copy of what the writer learned nor
real held-out text is known to it. Where that leaves less than half of the text, it learns all that
is before the held-out part, and says so.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from rnnbench.base import plugins
from rnnbench.base.parameters import RunConfig
from rnnbench.text.closed import ClosedText
from rnnbench.text.ngrams.models import Model
from rnnbench.text.vocab import Vocab
from rnnbench.writing import repetition

ORDERS = (1, 2, 3)  # of distinct n-grams
COPIED = 20  # characters in a row, four words, that make a copy
UNKNOWN = "\ufffd"  # <unk> as one character


@dataclass(frozen=True)
class Judge:
    """What texts are held against."""

    model: Model  # character n-gram model of ``order``; ``vocab`` its characters
    order: int
    vocab: Vocab
    heldout: str  # real text that neither judge nor writer has seen
    words: Sequence[str]  # of the corpus, sorted
    # all stretches of ``COPIED`` characters that the writer was trained on
    learned: set[str] = field(repr=False)
    independent: bool  # whether the model has seen none of these

    @classmethod
    def of(cls, ids: np.ndarray, vocab: Vocab, words: Vocab, run: RunConfig, order: int) -> Self:
        """Train the judge of what ``run`` writes; ``ids``: the characters of its text, ``(N,)``."""
        text = plain(vocab.decode(ids))
        num_heldout = round(run.heldout_share * len(ids))
        boundary = len(ids) - num_heldout
        learned = int(min(run.train_tokens, boundary - round(run.validation_share * len(ids))))
        start = learned if learned <= boundary / 2 else 0
        share = num_heldout / (len(ids) - start)
        closed = ClosedText(ids[start:], vocab.tokens, share, np.inf, 0)
        return cls(
            model=plugins.load("smoothings", "kneser_ney").models(closed, [order])[order],
            order=order,
            vocab=closed.vocab,
            heldout=text[boundary:],
            words=sorted(words.tokens[1:]),
            learned=repetition.pieces(text[:learned], COPIED),
            independent=start == learned,
        )

    def nats(self, before: str, text: str) -> float:
        """Minus the log-probability of ``text`` after ``before``."""
        context = UNKNOWN * (self.order - 1) + before  # before the first character nothing is known
        ids = self.vocab.encode(context[len(context) - self.order + 1 :] + text).astype(np.int64)
        grams = np.lib.stride_tricks.sliding_window_view(ids, self.order)
        return float(-np.log(self.model.probability(grams)).sum())

    def scores(self, before: str, text: str) -> dict[str, Any]:
        """Totals of ``text``, which stands after ``before``; ``<unk>`` is one character there."""
        words = completed(before, text)
        return {
            "num_chars": len(text),
            "judge_nats": self.nats(before, text),
            "judge_independent": self.independent,
            "num_words": len(words),
            "known_words": sum(map(self.knows, words[:-1]))
            + sum(self.knows(word, open_end=not text.endswith(" ")) for word in words[-1:]),
            **{f"distinct_chars_{n}": repetition.distinct(text, n) for n in ORDERS},
            **{f"distinct_words_{n}": repetition.distinct(words, n) for n in ORDERS},
            "loop_chars": repetition.loop_chars(text),
            "copied_chars": repetition.copied_chars(text, self.learned, COPIED),
        }

    def knows(self, word: str, open_end: bool = False) -> bool:
        """Whether the corpus has the word, or with an open end one that begins so."""
        at = bisect_left(self.words, word)
        found = self.words[at] if at < len(self.words) else ""
        return found.startswith(word) if open_end else found == word


def completed(before: str, text: str) -> list[str]:
    """The words of ``text``; the first includes what ``before`` ends with, if it goes on there."""
    return (before.rpartition(" ")[2] * (not text.startswith(" ")) + text).split()


def plain(tokens: Sequence[str]) -> str:
    """Put characters together; ``<unk>`` becomes one."""
    return "".join(token if len(token) == 1 else UNKNOWN for token in tokens)
