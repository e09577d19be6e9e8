"""Minibatches of whole sentences, padded and masked (d2l 8.3.5): what it wastes, what is learnt.

Cleaning drops the marks that end a sentence, so sentences are found in the raw text: they end at
``.``, ``!`` or ``?`` (those of abbreviations too), wherever the lines end. Lines are units as well.

A unit of n characters is read with a space before it and predicted with a space behind it: n + 1
inputs and labels, so that each character of the text, spaces between units included, is predicted
once. Shorter units are filled up with inputs 0 and labels -100, which the loss leaves out.
"""

import dataclasses
import logging
import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnnbench.base import plugins, presets
from rnnbench.base.errors import StudyError
from rnnbench.base.parameters import RunConfig
from rnnbench.text.clean import clean
from rnnbench.text.origins.folders import Raw
from rnnbench.text.vocab import Vocab
from rnnbench.training import loop, run_record, update
from rnnbench.training.progress import Progress, start

MOST_BYTES = 1 << 24  # of a raw text; the rest of a longer one is left unread
BEYOND_ASCII = bytes(range(0x80, 0x100))
MASKED = -100  # torch's cross_entropy leaves out labels of this value
SAMPLERS = ("random_sampling", "sequential_partition")

log = logging.getLogger(__name__)


def lines(raw: bytes) -> bytes:
    """A unit is a line."""
    return raw


def sentences(raw: bytes) -> bytes:
    """A unit is a sentence: its marks become line ends, and line ends spaces."""
    return re.sub(rb"[.!?]+", b"\n", re.sub(rb"[\r\n]+", b" ", raw))


UNITS = {"line": lines, "sentence": sentences}


def head(raw: Raw) -> bytes:
    """The first 16 MiB of a raw text; where more follows, up to the end of a line or of a word."""
    text = b""
    with raw.open() as file:
        for block in raw.trim(iter(partial(file.read, MOST_BYTES), b"")):
            text += block
            if len(text) > MOST_BYTES:
                return whole(text[:MOST_BYTES])
    return text


def whole(text: bytes) -> bytes:
    """A text that was cut, without the line, word or character that the cut went through."""
    for end in (b"\n", b" "):
        if end in text:
            return text[: text.rfind(end) + 1]
    return text.rstrip(BEYOND_ASCII)


def units(raw: bytes, unit: str, name: str) -> list[str]:
    """Cut a raw text into cleaned units, empty ones left out."""
    text = b"".join(clean([UNITS[unit](raw)], name)).decode("ascii")
    return [line for line in text.split("\n") if line]


def shuffled(lengths: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Units in random order, ``(N,)`` indices."""
    return generator.permutation(len(lengths))


def bucketed(lengths: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Units by length, equally long ones in random order: neighbours need little padding."""
    order = generator.permutation(len(lengths))
    return order[np.argsort(lengths[order], kind="stable")]


ORDERS = {"shuffled": shuffled, "bucketed": bucketed}


def batches(
    lengths: np.ndarray, batch_size: int, order: str, generator: np.random.Generator
) -> Iterator[np.ndarray]:
    """Yield the indices of one epoch's minibatches in random order; the smallest is kept too."""
    arranged = ORDERS[order](lengths, generator)
    parts = [arranged[i : i + batch_size] for i in range(0, len(arranged), batch_size)]
    for number in generator.permutation(len(parts)):
        yield parts[number]


def padded(encoded: Sequence[np.ndarray], space: int) -> tuple[Tensor, Tensor]:
    """Inputs and labels of units side by side, each ``(longest + 1, len(encoded))``."""
    longest = max(map(len, encoded)) + 1
    X = np.zeros((longest, len(encoded)), np.int64)
    Y = np.full_like(X, MASKED)
    for column, ids in enumerate(encoded):
        X[: len(ids) + 1, column] = [space, *ids]
        Y[: len(ids) + 1, column] = [*ids, space]
    return torch.from_numpy(X), torch.from_numpy(Y)


def padding_share(lengths: np.ndarray, groups: Sequence[np.ndarray]) -> float:
    """Share of the places of an epoch's minibatches that are padding; a unit takes length + 1."""
    places = sum((lengths[group].max() + 1) * len(group) for group in groups)
    return 1 - float((lengths + 1).sum() / places)


def padding_rows(
    raw: bytes, corpus: str, batch_sizes: Sequence[int], seeds: Sequence[int]
) -> Iterator[dict[str, Any]]:
    """Yield the waste of one epoch over the whole text by unit, order, batch size and seed.

    A text of one unit has nothing to pad; of it there is one row with the reason.
    """
    for unit in UNITS:
        lengths = np.array([len(text) for text in units(raw, unit, corpus)])
        facts: dict[str, float] = {"units": len(lengths), "longest": int(lengths.max())}
        facts["median_length"] = float(np.median(lengths))
        if len(lengths) < 2:
            yield {"corpus": corpus, "unit": unit, "reason": f"the text is a single {unit}"} | facts
            continue
        for order in ORDERS:
            for batch_size in batch_sizes:
                for seed in seeds:
                    generator = np.random.Generator(np.random.PCG64(seed))
                    groups = list(batches(lengths, batch_size, order, generator))
                    key = {"corpus": corpus, "unit": unit, "order": order, "seed": seed}
                    share = padding_share(lengths, groups)
                    yield key | {"batch_size": batch_size, "padding_share": share} | facts


@dataclasses.dataclass(frozen=True)
class Cut:
    """A text as units: those a run learns from and, as one text each, the other two parts.

    Attributes:
        encoded: the training units, ``(n,)`` indices each.
        validation, heldout: the others, with spaces around each, ``(N,)``.
        space: index of the space.
    """

    encoded: list[np.ndarray]
    validation: Tensor
    heldout: Tensor
    space: int

    @property
    def text(self) -> Tensor:
        """The training units as one text, with spaces around each."""
        return torch.from_numpy(_joined(self.encoded, self.space))

    @property
    def lengths(self) -> np.ndarray:
        return np.array([len(ids) for ids in self.encoded])


def cut(found: Sequence[str], vocab: Vocab, run: RunConfig) -> Cut:
    """Whole units: both shares at the end of the text, the first ``train_tokens`` before them.

    Raises:
        StudyError: no unit ends within the tokens to train on.
    """
    ends = np.cumsum([len(text) + 1 for text in found])
    rest = (1 - run.heldout_share) * ends[-1]
    boundary = rest - run.validation_share * ends[-1]
    trained = min(run.train_tokens, boundary)
    last, middle, first = (
        int(np.searchsorted(ends, end, side="right")) for end in (trained, boundary, rest)
    )
    if last < 1:
        raise StudyError(
            f"no unit ends within the {trained:,.0f} characters to train on: the first has "
            f"{ends[0] - 1:,}"
        )
    encoded = [vocab.encode(text).astype(np.int64) for text in found]
    space = int(vocab.encode(" ")[0])
    parts = (encoded[middle:first], encoded[first:])
    validation, heldout = (torch.from_numpy(_joined(part, space)) for part in parts)
    return Cut(encoded[:last], validation, heldout, space)


def _joined(encoded: Sequence[np.ndarray], space: int) -> np.ndarray:
    return np.concatenate([[space], *(np.append(ids, space) for ids in encoded)])


def masked_steps(
    run: RunConfig, text: Cut, order: str, progress: Progress
) -> Iterator[tuple[Tensor, Tensor, int, int]]:
    """Train for one epoch on whole units; as :func:`rnnbench.training.loop.steps`, and places
    behind.

    A minibatch holds as many units as hold ``batch_size * num_steps`` characters on average; its
    tokens are its labels, its places those and the padding. Losses are float64, so that their
    product with a number of labels is exact.
    """
    size = max(1, round(run.batch_size * run.num_steps / (text.lengths.mean() + 1)))
    for group in batches(text.lengths, size, order, progress.generator):
        X, Y = padded([text.encoded[i] for i in group], text.space)
        loss, norm, _ = update.step(progress.model, X, Y, None, run.clip_norm, run.learning_rate)
        yield loss.double(), norm, int((Y != MASKED).sum()), Y.numel()


def sampled_steps(
    run: RunConfig, text: Cut, sampler: str, progress: Progress
) -> Iterator[tuple[Tensor, Tensor, int, int]]:
    """Train for one epoch on the same text by a sampler; no place is padding."""
    sampled = dataclasses.replace(run, sampler=sampler)
    for loss, norm, num_tokens in loop.steps(sampled, text.text, progress):
        yield loss.double(), norm, num_tokens, num_tokens


def require_plain_step(variant: str) -> None:
    """Raise StudyError where a variant trains by a step of its own, which knows no mask."""
    if plugins.load("implementations", presets.own(variant)).step is not update.step:
        raise StudyError(
            f"sentences.variants: expected a variant without a training step of its own (those do "
            f"not leave out padding), found {variant}. Name {presets.plain(variant)} instead."
        )


def training_row(run: RunConfig, text: Cut, way: str, vocab_size: int) -> dict[str, Any]:
    """Train one model, by a sampler or an order of units, and return its totals."""
    require_plain_step(run.variant)
    steps = masked_steps if way in ORDERS else sampled_steps
    progress, places = start(run, vocab_size), list[int]()

    def taken() -> loop.Steps:
        places.clear()  # the last epoch is told of
        for loss, grad_norm, labels, size in steps(run, text, way, progress):
            places.append(size)
            yield loss, grad_norm, labels

    for _ in loop.epochs(run, text.validation, progress, taken):
        pass
    found = run_record.in_short(run, text.heldout, progress)
    return {
        **{"way": way, "updates": len(places), **found},
        **{"padding_share": 1 - found["num_tokens"] / sum(places)},
        **{"train_seconds": progress.train_seconds},
    }


def training_rows(
    runs: Sequence[RunConfig], raw: bytes, kinds: Sequence[str], vocab: Vocab
) -> Iterator[dict[str, Any]]:
    """Train every run on units of each kind and by each sampler on the same text.

    Rows hold every parameter of their run but its sampler, whose place the way takes. Of a text
    that has no such units there is one row per run with the reason.
    """
    for unit in kinds:
        found = units(raw, unit, runs[0].corpus)
        for run in runs:
            key = run.as_row() | {"unit": unit}
            del key["sampler"]
            try:
                text = cut(found, vocab, run)
            except StudyError as error:
                yield key | {"reason": str(error)}
                continue
            for way in (*ORDERS, *SAMPLERS):
                yield key | training_row(run, text, way, len(vocab))
            log.info("%s, seed %d, done", unit, run.seed)
