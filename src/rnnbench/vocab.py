"""Tokens and their indices: the vocabulary (d2l chapter 8.2)."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from rnnbench.errors import RecordError
from rnnbench.records import read_record, write_record

UNKNOWN = "<unk>"


@dataclass(frozen=True)
class Vocab:
    """Tokens by index: ``<unk>`` at 0, then reserved tokens, then the rest by falling count.

    Equal counts are ordered by the token's code points, so that the order depends on the counts
    alone and not on where in the text (or in which shard of it) a token came first.

    Attributes:
        tokens: index -> token.
        counts: index -> occurrences in the text; 0 for reserved tokens that do not occur. The
            count at 0 is that of all tokens below ``min_freq``.
        min_freq: tokens seen less often than this are ``<unk>``.
    """

    tokens: tuple[str, ...]
    counts: tuple[int, ...]
    min_freq: int = 0

    @classmethod
    def build(
        cls,
        tokens: Iterable[str] | Mapping[str, int],
        min_freq: int = 0,
        reserved_tokens: Sequence[str] = (),
    ) -> "Vocab":
        """Order ``tokens`` by their counts: those of a text, or those given as token -> count."""
        seen = Counter(tokens)
        first = list(dict.fromkeys([UNKNOWN, *reserved_tokens]))
        ranked = sorted(seen.items(), key=lambda item: (-item[1], item[0]))
        kept = [(token, n) for token, n in ranked if n >= min_freq and token not in first]
        rare = sum(n for token, n in ranked if n < min_freq and token not in first)
        counts = [seen[UNKNOWN] + rare, *(seen[token] for token in first[1:])]
        return cls(
            tokens=(*first, *(token for token, _ in kept)),
            counts=(*counts, *(n for _, n in kept)),
            min_freq=min_freq,
        )

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def num_types(self) -> int:
        """Distinct tokens of the text that have an index of their own."""
        return sum(count > 0 for count in self.counts[1:])

    @cached_property
    def index(self) -> dict[str, int]:
        """Token -> index."""
        return {token: i for i, token in enumerate(self.tokens)}

    def encode(self, tokens: Sequence[str]) -> np.ndarray:
        """Return the index of each token, ``(N,)`` in the smallest unsigned type that holds all."""
        lookup = self.index.get
        dtype = np.min_scalar_type(len(self) - 1)
        return np.fromiter((lookup(token, 0) for token in tokens), dtype, count=len(tokens))

    def decode(self, ids: Iterable[int]) -> list[str]:
        """Return the token of each index."""
        return [self.tokens[i] for i in ids]

    @staticmethod
    def split(text: str, token: str) -> list[str]:
        """Return the tokens of a short text."""
        return text.split() if token == "word" else list(text)

    def show(self, ids: Iterable[int], token: str) -> str:
        """Return the text of an n-gram; words stand apart, characters do not."""
        return (" " if token == "word" else "").join(self.decode(ids))

    def write(self, path: str | Path) -> None:
        """Write as one JSON record."""
        write_record(
            path, {"tokens": self.tokens, "counts": self.counts, "min_freq": self.min_freq}
        )

    @classmethod
    def read(cls, path: str | Path) -> "Vocab":
        """Read what :meth:`write` wrote.

        Raises:
            RecordError: something else.
        """
        row = read_record(path)
        try:
            return cls(tuple(row["tokens"]), tuple(row["counts"]), row["min_freq"])
        except (KeyError, TypeError) as error:
            raise RecordError(
                f"{path}: wanted a vocabulary, found none of its {error}. Make it again."
            ) from None
