"""How far back a trained model sees: what it loses when its history is cut, and what it forgets.

* ``total_nats``: a token is predicted from the ``context`` tokens before it, read from a zero
  state. The predicted tokens are the same for all contexts, so that contexts compare in pairs.
* ``influence_nats``: the token ``context`` places back is replaced by another of the text, all else
  stays; the divergence of the two predictions, KL(before || after). A model that has forgotten the
  token predicts the same.

A short history also starts from a state that sequential training hardly ever shows; the influence
of a token is free of that.
"""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pandas import DataFrame
from torch import Tensor
from torch.nn.functional import kl_div, log_softmax

from rnnbench.base.errors import StudyError
from rnnbench.text.vocab import Vocab
from rnnbench.training import run_record
from rnnbench.training.model import LanguageModel, State
from rnnbench.training.native.reader import fastest
from rnnbench.training.progress import Texts
from rnnbench.writing.reading import Model
from rnnbench.writing.trained import Trained

SPLITS = ("train", "heldout")
COLUMNS = [*run_record.ADDRESS, "split", "block", "context", "num_tokens", "total_nats"]
COLUMNS += ["influence_nats", "reason"]
AT_ONCE = 512  # histories read side by side
MOST_INPUTS = 1 << 26  # numbers among their inputs, steps x histories x vocabulary: 256 MiB
LEAKY = "reads the tokens that it is to predict, so there is no history to cut"
LOST = "diverged: its predictions are no numbers"

log = logging.getLogger(__name__)


def table(
    weights: Sequence[str | Path],
    ids: np.ndarray,
    vocab: Vocab,
    contexts: Sequence[int],
    positions: int,
    blocks: int,
) -> DataFrame:
    """Measure every run whose ``weights`` are given; see :func:`rows` for the rest."""
    found: list[dict[str, Any]] = []
    for number, path in enumerate(weights, start=1):
        trained = Trained.read(path)
        run, texts = trained.run, trained.texts(ids, vocab)
        log.info("run %d/%d %s seed %d", number, len(weights), run.variant, run.seed)
        address = {key: getattr(run, key) for key in run_record.ADDRESS}
        read = rows(trained.model, texts, sorted(contexts), positions, blocks)
        found += [address | row for row in read]
    return DataFrame(found, columns=COLUMNS)


def rows(
    model: LanguageModel, texts: Texts, contexts: Sequence[int], positions: int, blocks: int
) -> Iterator[dict[str, Any]]:
    """Yield totals per part of the text, context and block; one row with a reason if there is none.

    Args:
        texts: what it was trained on, and what it never saw.
        contexts: numbers of tokens, rising.
        positions: tokens to predict in each part; fewer if it is shorter.
        blocks: neighbouring positions are added up into as many blocks.

    Raises:
        StudyError: a part of the text is no longer than the longest context.
    """
    if model.leaky:
        yield {"reason": LEAKY}
        return
    if not all(torch.isfinite(parameter).all() for parameter in model.parameters()):
        yield {"reason": LOST}
        return
    reader = fastest(model)
    for split in SPLITS:
        histories, labels = spread(getattr(texts, split), contexts[-1], positions)
        nats, influences = losses(reader, histories, labels, contexts)
        for block, here in enumerate(np.array_split(np.arange(len(labels)), blocks), start=1):
            for at, context in enumerate(contexts):
                yield {
                    "split": split,
                    "block": block,
                    "context": context,
                    "num_tokens": len(here),
                    "total_nats": float(nats[at, here].sum()),
                    "influence_nats": float(influences[at, here].sum()),
                }


def spread(tokens: Tensor, longest: int, positions: int) -> tuple[Tensor, Tensor]:
    """Histories ``(longest, P)`` and the tokens after them ``(P,)``, evenly spread over a text."""
    if len(tokens) <= longest:
        raise StudyError(
            f"memory.contexts: expected fewer tokens of context than either part of the text has, "
            f"found {longest} of {len(tokens)}. Use shorter contexts, or a longer text."
        )
    number = min(positions, len(tokens) - longest)
    places = torch.linspace(longest, len(tokens) - 1, number, dtype=torch.float64).long()
    return tokens[places - torch.arange(longest, 0, -1)[:, None]], tokens[places]


@torch.no_grad()
def losses(
    model: Model, histories: Tensor, labels: Tensor, contexts: Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Loss after each cut history, and influence of each token back: nats, ``(contexts, P)``."""
    others = histories.roll(histories.shape[1] // 2, dims=1)  # a token of elsewhere in the text
    size = min(AT_ONCE, max(1, MOST_INPUTS // (len(histories) * model.vocab_size)))
    parts = zip(
        *(tensor.split(size, dim=-1) for tensor in (histories, others, labels)), strict=True
    )
    found = [
        (cut_losses(model, history, label, contexts), influences(model, history, other, contexts))
        for history, other, label in parts
    ]
    lost, moved = (torch.cat(parts, dim=1).double().numpy() for parts in zip(*found, strict=True))
    return lost, moved


def cut_losses(model: Model, histories: Tensor, labels: Tensor, contexts: Sequence[int]) -> Tensor:
    """Nats of each label after its last ``context`` tokens, ``(contexts, P)``."""
    log_p = (predict(model, histories[-context:], None) for context in contexts)
    return torch.stack([-after.gather(1, labels[:, None])[:, 0] for after in log_p])


def influences(model: Model, histories: Tensor, others: Tensor, contexts: Sequence[int]) -> Tensor:
    """Divergence of predictions, nats, if the token ``context`` back is another: ``(contexts, P)``.

    What stands before the token is read once for all contexts, the farthest first.
    """
    before = predict(model, histories, None)
    state, read, found = None, len(histories), []
    for context in reversed(contexts):
        if read > context:
            _, state = model.last(histories[-read:][: read - context], state)
            read = context
        changed = torch.cat([others[-context][None], histories[len(histories) - context + 1 :]])
        after = predict(model, changed, state)
        found.append(kl_div(after, before, reduction="none", log_target=True).sum(1))
    return torch.stack(found[::-1])


def predict(model: Model, tokens: Tensor, state: State) -> Tensor:
    """Log-probabilities of the token after ``(T, P)`` tokens, ``(P, vocab_size)``."""
    return log_softmax(model.last(tokens, state)[0], dim=1)
