"""A text in three parts, over a vocabulary that the training part alone decides.

The rule for unknown tokens: a token seen less often than ``min_freq`` in the training part is
``<unk>``, wherever it stands. With ``min_freq`` 2 the rare words of the training part show a model
how often to expect an unknown one, and the vocabulary is closed: every token has a number.
"""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from rnnbench.text.vocab import Vocab


@dataclass(frozen=True)
class ClosedText:
    """A text by the numbers of its tokens, and how it is split."""

    numbers: np.ndarray  # of the tokens of the whole text, ``(N,)``
    spelled: Sequence[str]  # number -> token
    heldout_share: float  # this last share is held out
    train_tokens: float  # the first this many are for training; inf: all before the validation part
    min_freq: int  # tokens seen less often in training are ``<unk>``
    # this share, before the held-out part, is neither trained on nor held out; 0: the held-out part
    # validates as well
    validation_share: float = 0.0

    @property
    def heldout(self) -> slice:
        """Positions of the held-out part, the same as those of the training runs."""
        return slice(len(self.numbers) - round(self.heldout_share * len(self.numbers)), None)

    @property
    def validation(self) -> slice:
        """Positions of the validation part, the same as those of the training runs."""
        end = self.heldout.start
        if not self.validation_share:
            return self.heldout
        return slice(max(0, end - round(self.validation_share * len(self.numbers))), end)

    @property
    def train(self) -> slice:
        """Positions of the training part."""
        return slice(0, int(min(self.train_tokens, self.validation.start)))

    @cached_property
    def vocab(self) -> Vocab:
        """Tokens of the training part; ``<unk>`` has index 0 and always belongs to it."""
        counts = np.bincount(self.numbers[self.train], minlength=len(self.spelled)).tolist()
        seen = {token: n for token, n in zip(self.spelled, counts, strict=True) if n}
        return Vocab.build(seen, self.min_freq)

    @cached_property
    def ids(self) -> np.ndarray:
        """Index of each token, ``(N,)`` int64."""
        return self.vocab.encode(self.spelled).astype(np.int64)[self.numbers]

    @cached_property
    def unknown(self) -> np.ndarray:
        """Whether the vocabulary lacks each token, ``(N,)``; it has an ``<unk>`` of the text."""
        lacking = [token not in self.vocab.index for token in self.spelled]
        return np.array(lacking, bool)[self.numbers]

    def inner(self) -> Self:
        """The training part split once more: where parameters are fitted, nothing else is seen."""
        numbers = self.numbers[self.train]
        return dataclasses.replace(
            self, numbers=numbers, train_tokens=math.inf, validation_share=0.0
        )
