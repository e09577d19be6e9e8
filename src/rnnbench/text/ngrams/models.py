"""n-gram language models: what an RNN must beat (d2l chapter 8.3).

Every token of a part is scored after the ``order - 1`` tokens before it, over line ends and, at the
start of the held-out part, from the text before it; only the first ``order - 1`` tokens of the text
have too few and are not scored.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from rnnbench.base import plugins
from rnnbench.text.closed import ClosedText
from rnnbench.text.spelling import Spelling

AT_ONCE = 1 << 17  # n-grams that are looked up side by side: each takes some 20 numbers


class Model(Protocol):
    """A trained n-gram language model."""

    @property
    def parameters(self) -> str:
        """Its numbers as text."""

    def probability(self, grams: np.ndarray) -> np.ndarray:
        """Of the last token of each n-gram ``(M, order)`` after the others, ``(M,)``."""


def rows(
    text: ClosedText, spelling: Spelling, smoothing: str, orders: Sequence[int], **settings: Any
) -> Iterator[dict[str, Any]]:
    """Train a model of each order and yield its totals on the training and the held-out part."""
    module = plugins.load("smoothings", smoothing)
    expected = {key: settings[key] for key in module.SETTINGS}
    for order, model in module.models(text, orders, **expected).items():
        for split in ("train", "heldout"):
            facts = {"train_tokens": text.train.stop, "parameters": model.parameters}
            scores = totals(model, order, text, spelling, split)
            yield {"order": order, "split": split, **scores, **facts}


def totals(
    model: Model, order: int, text: ClosedText, spelling: Spelling, split: str
) -> dict[str, Any]:
    """Score one part of a text.

    ``total_nats`` counts an unknown token as ``<unk>``; ``spelling_nats`` is what it takes on top
    to write the characters out.
    """
    begin, end, _ = getattr(text, split).indices(len(text.numbers))
    scored = slice(min(max(begin, order - 1), end), end)
    known = text.ids[scored.start - order + 1 : end] if scored.start < end else text.ids[:0]
    unknown = text.ids[scored] == 0
    return {
        "vocab_size": len(text.vocab),
        "scored_tokens": len(unknown),
        "oov_tokens": int(unknown.sum()),
        "total_nats": _nats(model, known, order),
        **spelling.totals(scored, unknown),
    }


def _nats(model: Model, ids: np.ndarray, order: int) -> float:
    """Total of the tokens that have a whole context; 0 where none has."""
    if len(ids) < order:
        return 0.0
    grams = np.lib.stride_tricks.sliding_window_view(ids, order)
    parts = (grams[at : at + AT_ONCE] for at in range(0, len(grams), AT_ONCE))
    return float(-np.log(np.concatenate([model.probability(part) for part in parts])).sum())
