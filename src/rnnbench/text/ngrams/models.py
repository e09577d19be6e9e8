"""n-gram language models: what an RNN must beat (d2l chapter 8.3).

Every token of a part is scored after the ``order - 1`` tokens before it, over line ends and, at the
start of the held-out part, from the text before it; only the first ``order - 1`` tokens of the text
have too few and are not scored.
"""

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from rnnbench.base import plugins
from rnnbench.text import tokens
from rnnbench.text.closed import ClosedText
from rnnbench.text.form import Form
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
    text: ClosedText,
    spelling: Spelling,
    smoothing: str,
    orders: Sequence[int],
    sizes: Mapping[int, bool],
    **settings: Any,
) -> Iterator[dict[str, Any]]:
    """Train a model of each order and size; yield its totals on the training and held-out part.

    Args:
        text: what is split.
        spelling: of all its tokens.
        smoothing: name of the smoothing.
        orders: lengths of n-grams.
        sizes: numbers of training tokens, as :func:`sizes` gives them.
        settings: those of the section ``ngram_lm``, for the smoothing to choose from.
    """
    module = plugins.load("smoothings", smoothing)
    expected = {key: settings[key] for key in module.SETTINGS}
    for size, same_text in sizes.items():
        part = dataclasses.replace(text, train_tokens=size)
        for order, model in module.models(part, orders, **expected).items():
            facts = {"train_tokens": part.train.stop, "same_text": same_text}
            for split in ("train", "heldout"):
                scores = totals(model, order, part, spelling, split)
                yield {"order": order, "split": split, **scores, **facts} | {
                    "parameters": model.parameters
                }


def sizes(
    text: ClosedText, spelling: Spelling, asked: Sequence[float | str], run_chars: float
) -> dict[int, bool]:
    """Number of training tokens -> whether they are the text that the training runs learn from.

    Args:
        text: whose training part, with all its tokens, is the most there is.
        spelling: of all its tokens.
        asked: numbers of tokens, or ``runs``.
        run_chars: characters that the runs learn from.
    """
    ends = np.cumsum(spelling.num_chars[text.train])
    same = max(1, int(np.searchsorted(ends, run_chars, side="right")))
    numbers = [same if size == "runs" else min(float(size), len(ends)) for size in asked]
    return {int(number): int(number) == same for number in numbers}


def chars_read(train_tokens: float, token: str, written: Path, form: Form) -> float:
    """Characters that the first ``train_tokens`` tokens of a text stand for."""
    if token == "char" or math.isinf(train_tokens):
        return train_tokens
    numbered = tokens.tokenize(tokens.read(written), token, form)
    spelling = Spelling.of(*numbered, token, form, tokens.read(written))
    return int(spelling.num_chars[: int(train_tokens)].sum())


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
    unknown = text.unknown[scored]
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
