"""Text from a prefix (d2l chapter 8.5.6)."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from rnnbench.records import write_text
from rnnbench.variants import LanguageModel
from rnnbench.vocab import Vocab


@torch.no_grad()
def greedy(model: LanguageModel, prefix: Sequence[int], num_tokens: int) -> list[int]:
    """Return ``prefix`` and the ``num_tokens`` most probable tokens after it, one at a time.

    The state is warmed up on the prefix and starts from zeros.
    """
    return [*prefix, *itertools.islice(following(model, prefix), num_tokens)]


def following(model: LanguageModel, prefix: Sequence[int]) -> Iterator[int]:
    """Yield the most probable tokens after ``prefix``, one at a time and for ever."""
    device = model.output.weight.device
    state = None
    for token in prefix:
        logits, state = model(torch.tensor([[token]], device=device), state)
    while True:
        token = most_probable(logits[-1, 0])
        yield token
        logits, state = model(torch.tensor([[token]], device=device), state)


def most_probable(logits: Tensor) -> int:
    """Index of the largest logit, ``(vocab_size,)``; the first of equals, 0 if all are NaN."""
    return int(torch.nan_to_num(logits, nan=-torch.inf).argmax())


@dataclass(frozen=True)
class Writing:
    """What a run is to write: ``num_tokens`` words or characters, ``token``, after each prefix."""

    vocab: Vocab
    prefixes: Sequence[str]
    num_tokens: int
    token: str = "char"

    def text(self, model: LanguageModel, prefix: str) -> str:
        """Continue ``prefix``; tokens that the vocabulary lacks are shown as ``<unk>``."""
        ids = self.vocab.encode(self.vocab.split(prefix, self.token)).tolist()
        return self.vocab.show(greedy(model, ids, self.num_tokens), self.token)

    def rows(self, stage: str, model: LanguageModel) -> list[tuple[str, str, str]]:
        """Return (stage, prefix, text) for each prefix."""
        return [(stage, prefix, self.text(model, prefix)) for prefix in self.prefixes]


def write(path: str | Path, rows: Sequence[tuple[str, str, str]]) -> None:
    """Write texts with tabs between the columns, to be read by people and by tables."""
    lines = ["\t".join(row) for row in [("stage", "prefix", "text"), *rows]]
    write_text(path, "\n".join([*lines, ""]))
