"""Text from a prefix (d2l chapter 8.5.6)."""

from collections.abc import Sequence

import torch
from torch import Tensor

from rnnbench.variants import LanguageModel
from rnnbench.vocab import Vocab


@torch.no_grad()
def greedy(model: LanguageModel, prefix: Sequence[int], num_tokens: int) -> list[int]:
    """Return ``prefix`` and the ``num_tokens`` most probable tokens after it, one at a time.

    The state is warmed up on the prefix and starts from zeros.
    """
    device = model.output.weight.device
    state, tokens = None, list(prefix)
    for position in range(len(prefix) + num_tokens - 1):
        X = torch.tensor([[tokens[position]]], device=device)
        logits, state = model(X, state)
        if position + 1 == len(tokens):
            tokens.append(most_probable(logits[-1, 0]))
    return tokens


def most_probable(logits: Tensor) -> int:
    """Index of the largest logit, ``(vocab_size,)``; the first of equals, 0 if all are NaN."""
    return int(torch.nan_to_num(logits, nan=-torch.inf).argmax())


def text(model: LanguageModel, vocab: Vocab, prefix: str, num_tokens: int) -> str:
    """Continue ``prefix`` by ``num_tokens`` characters; unknown ones are shown as ``<unk>``."""
    return "".join(vocab.decode(greedy(model, vocab.encode(prefix).tolist(), num_tokens)))
