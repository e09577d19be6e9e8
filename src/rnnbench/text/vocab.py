"""Tokens and their indices: the vocabulary (d2l chapter 8.2)."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from rnnbench.base.errors import RecordError
from rnnbench.base.files import read_record, write_record

UNKNOWN = "<unk>"


@dataclass(frozen=True)
class Vocab:
    """Tokens by index: ``<unk>`` at 0, then the others by falling count.

    Equal counts are ordered by the token's code points, so that the order depends on the counts
    alone and not on where in the text (or in which shard of it) a token came first.
    """

    tokens: tuple[str, ...]  # index -> token
    # index -> occurrences in the text; at 0, of all tokens that are ``<unk>``
    counts: tuple[int, ...]

    @classmethod
    def build(cls, tokens: Iterable[str] | Mapping[str, int], min_freq: int = 0) -> "Vocab":
        """Order tokens by their counts; those seen less often than ``min_freq`` are ``<unk>``.

        Args:
            tokens: of a text, or token -> count.
            min_freq: 0 or 1 leaves none out.
        """
        seen = Counter(tokens)
        unknown = seen.pop(UNKNOWN, 0) + sum(n for n in seen.values() if n < min_freq)
        ranked = sorted(seen.items(), key=lambda item: (-item[1], item[0]))
        kept = [(token, n) for token, n in ranked if n >= min_freq]
        return cls(
            tokens=(UNKNOWN, *(token for token, _ in kept)),
            counts=(unknown, *(n for _, n in kept)),
        )

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def num_types(self) -> int:
        """Distinct tokens of the text; all that are ``<unk>`` are one."""
        return sum(count > 0 for count in self.counts)

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
        written = text.encode("utf-8", "replace")
        if token == "word":
            return [word.decode() for word in written.split()]
        return list(written.decode("latin-1" if token == "byte" else "utf-8"))

    def show(self, ids: Iterable[int], token: str) -> str:
        """Return the text of an n-gram; words stand apart, characters do not, bytes are decoded."""
        text = (" " if token == "word" else "").join(self.decode(ids))
        return text.encode("latin-1").decode("utf-8", "replace") if token == "byte" else text

    def write(self, path: str | Path) -> None:
        """Write as one JSON record."""
        write_record(path, {"tokens": self.tokens, "counts": self.counts})

    @classmethod
    def read(cls, path: str | Path) -> "Vocab":
        """Read what :meth:`write` wrote.

        Raises:
            RecordError: something else.
        """
        row = read_record(path)
        try:
            return cls(tuple(row["tokens"]), tuple(row["counts"]))
        except (KeyError, TypeError) as error:
            raise RecordError(
                f"{path}: expected a vocabulary, found none of its {error}. Make it again."
            ) from None
